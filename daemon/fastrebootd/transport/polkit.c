// SPDX-License-Identifier: GPL-2.0-or-later
#include "transport/polkit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "transport/message.h"

#define SERVICE "org.freedesktop.PolicyKit1"
#define OBJECT "/org/freedesktop/PolicyKit1/Authority"
#define AUTHORITY "org.freedesktop.PolicyKit1.Authority"

/* The caller may have to look for the password. */
#define WAIT_USEC (5 * 60 * UINT64_C(1000000))

#define ALLOW_INTERACTION 1U

#define _cleanup_message_ _cleanup_(sd_bus_message_unrefp)
#define _cleanup_creds_ _cleanup_(sd_bus_creds_unrefp)

/**
 * struct question - a call that polkit has to decide
 */
struct question {
	sd_bus_message *message;
	const char *action;
	polkit_handler handler;
	void *userdata;
};

static void question_free(void *userdata)
{
	struct question *question = userdata;

	sd_bus_message_unref(question->message);
	free(question);
}

bool polkit_is_root(sd_bus_message *message)
{
	_cleanup_creds_ sd_bus_creds *creds = NULL;
	uid_t uid;

	/* The private socket has let in root alone. */
	if (!sd_bus_message_get_sender(message))
		return true;
	return sd_bus_query_sender_creds(message, SD_BUS_CREDS_EUID, &creds) >=
		       0 &&
	       sd_bus_creds_get_euid(creds, &uid) >= 0 && uid == 0;
}

static int refuse(sd_bus_message *message, const char *action, const char *why)
{
	struct fr_error error;

	fr_fail(&error, FR_NOT_PERMITTED, -EPERM,
		"not permitted: it needs root, or polkit's leave for %s%s%s",
		action, *why ? "; " : "", why);
	return message_fail(message, &error);
}

int polkit_read_answer(sd_bus_message *reply, const char **ret_why)
{
	int permitted = 0, challenge = 0;

	*ret_why = "polkit does not answer";
	if (sd_bus_message_get_error(reply))
		return -EPERM;
	*ret_why = "polkit's answer is not understood";
	if (sd_bus_message_enter_container(reply, 'r', "bba{ss}") < 0 ||
	    sd_bus_message_read(reply, "bb", &permitted, &challenge) < 0)
		return -EPERM;
	*ret_why = challenge ? "the caller has to authenticate" : "";
	return permitted ? 0 : -EPERM;
}

static int decide(struct question *question, sd_bus_message *reply)
{
	const char *why;

	if (polkit_read_answer(reply, &why))
		return refuse(question->message, question->action, why);
	return question->handler(question->userdata, question->message);
}

static int on_decision(sd_bus_message *reply, void *userdata,
		       sd_bus_error *unused)
{
	struct question *question = userdata;

	/* Also what goes wrong in here has to be answered. */
	if (decide(question, reply) < 0)
		sd_bus_reply_method_errno(question->message, EIO, NULL);
	return 0;
}

static int make_query(sd_bus_message *message, const char *action,
		      sd_bus_message **ret_query)
{
	_cleanup_message_ sd_bus_message *query = NULL;
	int interactive =
		sd_bus_message_get_allow_interactive_authorization(message);
	int err;

	err = sd_bus_message_new_method_call(sd_bus_message_get_bus(message),
					     &query, SERVICE, OBJECT, AUTHORITY,
					     "CheckAuthorization");
	if (err >= 0)
		err = sd_bus_message_append(query, "(sa{sv})s",
					    "system-bus-name", 1, "name", "s",
					    sd_bus_message_get_sender(message),
					    action);
	if (err >= 0)
		err = sd_bus_message_append(
			query, "a{ss}us", 0,
			interactive > 0 ? ALLOW_INTERACTION : 0U, "");
	if (err < 0)
		return err;
	*ret_query = fr_steal_pointer(query);
	return 0;
}

static int ask(struct question *question)
{
	_cleanup_message_ sd_bus_message *query = NULL;
	sd_bus *bus = sd_bus_message_get_bus(question->message);
	sd_bus_slot *slot = NULL;
	int err;

	err = make_query(question->message, question->action, &query);
	if (err >= 0)
		err = sd_bus_call_async(bus, &slot, query, on_decision,
					question, WAIT_USEC);
	if (err < 0)
		return err;
	/* The slot lives as long as the connection, or until the answer. */
	sd_bus_slot_set_destroy_callback(slot, question_free);
	sd_bus_slot_set_floating(slot, 1);
	sd_bus_slot_unref(slot);
	return 0;
}

int polkit_call(sd_bus_message *message, const char *action,
		polkit_handler handler, void *userdata)
{
	struct question *question;
	int err;

	if (polkit_is_root(message))
		return handler(userdata, message);
	question = calloc(1, sizeof(*question));
	if (!question)
		return -ENOMEM;
	*question = (struct question){ .message = sd_bus_message_ref(message),
				       .action = action,
				       .handler = handler,
				       .userdata = userdata };
	err = ask(question);
	if (err >= 0)
		return 1;
	question_free(question);
	return err;
}
