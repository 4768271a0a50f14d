// SPDX-License-Identifier: GPL-2.0-or-later
#include "check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "json.h"
#include "root.h"

static const char *const status_words[] = {
	[CHECK_OK] = "ok",	     [CHECK_NOTE] = "note",
	[CHECK_WARNING] = "warning", [CHECK_PROBLEM] = "problem",
	[CHECK_UNKNOWN] = "unknown",
};

static int make_check(const char *name, enum check_status status,
		      const char *advice, const char *message,
		      struct json_object **ret)
{
	_cleanup_json_ struct json_object *check = json_object_new_object();
	int err = check ? 0 : -ENOMEM;

	if (!err)
		err = cli_json_add_text(check, "name", name);
	if (!err)
		err = cli_json_add_text(check, "status", status_words[status]);
	if (!err)
		err = cli_json_add_text(check, "message", message);
	if (!err)
		err = cli_json_add_text(check, "advice", advice);
	if (!err)
		*ret = fr_steal_pointer(check);
	return err;
}

void check_say(struct doctor *doctor, const char *name,
	       enum check_status status, const char *advice, const char *format,
	       ...)
{
	struct json_object *check = NULL;
	struct fr_error message = { 0 };
	char text[sizeof(message.text)];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	/* For its care of what comes from outside. */
	fr_fail(&message, FR_OK, 0, "%s", text);
	doctor->problems += status == CHECK_PROBLEM;
	if (make_check(name, status, advice, message.text, &check) ||
	    json_object_array_add(doctor->list, check)) {
		json_object_put(check);
		doctor->err = -ENOMEM;
	}
}

/* Without an answer there still is the kernel to be looked at. */
static void ask_daemon(struct doctor *doctor, struct client *client)
{
	if (client->bus)
		client_fetch(client, "Describe", "org.fastreboot.status/1",
			     &doctor->status, &doctor->daemon_error);
	else
		doctor->daemon_error = client->error;
}

static int load_config(struct doctor *doctor)
{
	if (!fr_config_load(fr_root(), &doctor->config, &doctor->config_error))
		return 0;
	return fr_config_salvage(fr_root(), &doctor->config);
}

static void read_pool(struct doctor *doctor)
{
	int err = fr_pool_read(&doctor->pool, &doctor->pool_error);

	doctor->supported = doctor->pool_error.failure != FR_UNSUPPORTED;
	if (!err)
		fr_pool_check(&doctor->pool, &doctor->pool_error);
}

static void make_all(struct doctor *doctor)
{
	if (!check_place(doctor))
		return;
	check_kernel(doctor);
	check_pool(doctor);
	check_firmware(doctor);
	check_watchdog(doctor);
	check_configuration(doctor);
	check_units(doctor);
	check_signatures(doctor);
	check_state_volume(doctor);
	check_journal(doctor);
	check_payloads(doctor);
	check_daemon(doctor);
	check_update(doctor);
	check_way_back(doctor);
	check_blackout(doctor);
}

static int make_object(struct doctor *doctor, struct json_object **ret)
{
	_cleanup_json_ struct json_object *object = json_object_new_object();
	int err = object ? 0 : -ENOMEM;

	if (!err)
		err = cli_json_add_text(object, "schema",
					"org.fastreboot.check/1");
	if (!err)
		err = cli_json_add(object, "good",
				   json_object_new_boolean(!doctor->problems));
	if (!err)
		err = cli_json_add(object, "checks",
				   json_object_get(doctor->list));
	if (!err)
		*ret = fr_steal_pointer(object);
	return err;
}

int check_make(struct client *client, struct json_object **ret,
	       unsigned int *ret_problems, struct fr_error *error)
{
	struct doctor doctor = { .list = json_object_new_array() };
	int err = doctor.list ? load_config(&doctor) : -ENOMEM;

	if (!err) {
		read_pool(&doctor);
		ask_daemon(&doctor, client);
		make_all(&doctor);
		err = doctor.err ?: make_object(&doctor, ret);
		*ret_problems = doctor.problems;
	}
	json_object_put(doctor.list);
	json_object_put(doctor.status);
	fr_config_done(&doctor.config);
	fr_pool_status_clear(&doctor.pool);
	return err ? fr_fail_memory(error) : 0;
}
