// SPDX-License-Identifier: GPL-2.0-or-later
#include "transport/logind.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "transport/systemd-bus.h"

#define LOGIND "org.freedesktop.login1"
#define LOGIND_OBJECT "/org/freedesktop/login1"
#define LOGIND_MANAGER LOGIND ".Manager"

#define WAIT_USEC (5 * 1000 * 1000)

/* SD_LOGIND_REBOOT_VIA_KEXEC, org.freedesktop.login1(5): what is loaded is started. */
#define REBOOT_VIA_KEXEC (UINT64_C(1) << 1)

/**
 * struct inhibitor - what a program asks for; borrowed from a message
 * @what: words with colons between them
 * @who: name of the program
 * @why: for people
 * @mode: "block" and its kind, or "delay"
 */
struct inhibitor {
	const char *what;
	const char *who;
	const char *why;
	const char *mode;
};

#ifdef FR_TESTING
/* A test's systemd is its logind, too. */
static int connect_bus(sd_bus **ret_bus)
{
	return systemd_bus_open(ret_bus);
}
#else
static int connect_bus(sd_bus **ret_bus)
{
	sd_bus *bus;
	int err;

	/* What logind_running() of systemd looks for: a call would start it. */
	if (access("/run/systemd/seats", F_OK) < 0)
		return -ENOENT;
	err = sd_bus_open_system(&bus);
	if (err < 0)
		return err;
	*ret_bus = bus;
	return 0;
}
#endif

static bool has_word(const char *words, const char *word)
{
	size_t length = strlen(word);

	while (words) {
		if (!strncmp(words, word, length) &&
		    (words[length] == ':' || !words[length]))
			return true;
		words = strchr(words, ':');
		words += words != NULL;
	}
	return false;
}

/* Also "block-weak", which systemd has since 257. */
static bool blocks(const struct inhibitor *inhibitor)
{
	return has_word(inhibitor->what, "shutdown") &&
	       !strncmp(inhibitor->mode, "block", strlen("block"));
}

static int check_list(sd_bus_message *reply, struct fr_error *error)
{
	struct inhibitor inhibitor;
	uint32_t uid, pid;
	int err;

	err = sd_bus_message_enter_container(reply, 'a', "(ssssuu)");
	if (err < 0)
		return err;
	while ((err = sd_bus_message_read(reply, "(ssssuu)", &inhibitor.what,
					  &inhibitor.who, &inhibitor.why,
					  &inhibitor.mode, &uid, &pid)) > 0)
		if (blocks(&inhibitor))
			return fr_fail(
				error, FR_REFUSED, -EPERM,
				"%s (process %u) inhibits a shutdown: %s; wait for it, or use "
				"--ignore-inhibitors",
				inhibitor.who, pid, inhibitor.why);
	return err;
}

int logind_check_inhibitors(struct fr_error *error)
{
	_cleanup_bus_ sd_bus *bus = NULL;
	_cleanup_message_ sd_bus_message *reply = NULL;
	int err;

	err = connect_bus(&bus);
	if (err == -ENOENT)
		return err;
	if (err >= 0)
		err = sd_bus_set_method_call_timeout(bus, WAIT_USEC);
	if (err >= 0)
		err = sd_bus_call_method(bus, LOGIND, LOGIND_OBJECT,
					 LOGIND_MANAGER, "ListInhibitors", NULL,
					 &reply, NULL);
	if (err >= 0) {
		err = check_list(reply, error);
		if (!err || err == -EPERM)
			return err;
	}
	return fr_fail(error, FR_FAILED, err,
		       "logind does not tell what inhibits a shutdown: %s; use "
		       "--ignore-inhibitors",
		       strerror(-err));
}

static int on_answer(sd_bus_message *reply, void *userdata,
		     sd_bus_error *unused)
{
	struct logind *logind = userdata;
	const sd_bus_error *failure = sd_bus_message_get_error(reply);
	struct fr_error error;

	if (!failure) {
		logind->events->accepted(logind->userdata);
		return 0;
	}
	fr_fail(&error, FR_FAILED, -EIO, "logind does not reboot: %s",
		failure->message ? failure->message : failure->name);
	logind->events->refused(logind->userdata, &error);
	return 0;
}

/* A shutdown that it has announced does not come after all. */
static int on_prepare(sd_bus_message *message, void *userdata,
		      sd_bus_error *unused)
{
	struct logind *logind = userdata;
	struct fr_error error;
	int begins;

	if (sd_bus_message_read(message, "b", &begins) < 0 || begins)
		return 0;
	fr_fail(&error, FR_FAILED, -ECANCELED,
		"logind has given the reboot up");
	logind->events->cancelled(logind->userdata, &error);
	return 0;
}

static int ask(struct logind *logind, sd_event *event)
{
	sd_bus *bus = logind->bus;
	int err;

	/* A logind that does not read must not keep us from our end. */
	err = sd_bus_set_close_on_exit(bus, 0);
	if (err >= 0)
		err = sd_bus_attach_event(bus, event, SD_EVENT_PRIORITY_NORMAL);
	if (err >= 0)
		err = sd_bus_match_signal_async(bus, NULL, NULL, LOGIND_OBJECT,
						LOGIND_MANAGER,
						"PrepareForShutdown",
						on_prepare, NULL, logind);
	if (err >= 0)
		err = sd_bus_call_method_async(bus, NULL, LOGIND, LOGIND_OBJECT,
					       LOGIND_MANAGER,
					       "RebootWithFlags", on_answer,
					       logind, "t", REBOOT_VIA_KEXEC);
	return err < 0 ? err : 0;
}

int logind_reboot_by_kexec(struct logind *logind, sd_event *event)
{
	int err;

	logind_done(logind);
	err = connect_bus(&logind->bus);
	if (err >= 0)
		err = ask(logind, event);
	if (err < 0)
		logind_done(logind);
	return err < 0 ? err : 0;
}

void logind_done(struct logind *logind)
{
	if (logind->bus)
		sd_bus_close(logind->bus);
	logind->bus = sd_bus_unref(logind->bus);
}
