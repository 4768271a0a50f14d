// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fastreboot monitor: what the daemon does, as it does it.
 *
 * Each signal of the daemon is made one event, a JSON object with the schema
 * org.fastreboot.event/1, whose member "event" says which. With --json each is
 * printed as a line. For people there are less: of a job's progress only the
 * begin of each step, since a line for each percent tells them nothing.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "report.h"
#include "text.h"

#define STEP_MAX 64

/**
 * struct monitor - the monitor
 * @request: what was asked for
 * @client: connection
 * @event: loop
 * @error: why it ends, unless it was interrupted
 * @step: of the job whose progress was shown last
 * @properties: values that were shown last
 */
struct monitor {
	const struct cli_request *request;
	struct client *client;
	sd_event *event;
	struct fr_error error;
	char step[STEP_MAX];
	struct json_object *properties;
};

static struct json_object *event_new(const char *name)
{
	struct json_object *event = json_object_new_object();

	if (!event)
		return NULL;
	json_object_object_add(
		event, "schema",
		json_object_new_string("org.fastreboot.event/1"));
	json_object_object_add(event, "event", json_object_new_string(name));
	return event;
}

static void add_text(struct json_object *event, const char *name,
		     const char *text)
{
	json_object_object_add(event, name, json_object_new_string(text));
}

static void add_number(struct json_object *event, const char *name,
		       uint64_t number)
{
	json_object_object_add(event, name, json_object_new_uint64(number));
}

/* There is no reader, or no room, for what it prints. */
static int end_unwritable(struct monitor *monitor, int err)
{
	/* It is told once, and here the reason is known. */
	clearerr(stdout);
	fr_fail(&monitor->error, FR_FAILED, err, "writing the output: %s",
		strerror(-err));
	return sd_event_exit(monitor->event, err);
}

/* Print an event; in either form it is one line, and there at once. */
static void put_event(struct monitor *monitor, struct json_object *event,
		      const char *first, const char *second)
{
	errno = 0;
	if (monitor->request->json) {
		cli_json_print(stdout, event, false);
	} else {
		text_put(stdout, first);
		if (*second)
			fputs(": ", stdout);
		text_put(stdout, second);
		fputc('\n', stdout);
	}
	if (fflush(stdout) == EOF || ferror(stdout))
		end_unwritable(monitor, errno ? -errno : -EIO);
}

static int on_new(sd_bus_message *message, void *userdata, sd_bus_error *unused)
{
	_cleanup_json_ struct json_object *event = event_new("job-new");
	struct monitor *monitor = userdata;
	const char *path, *kind;

	if (!event || sd_bus_message_read(message, "os", &path, &kind) < 0)
		return 0;
	add_text(event, "job", path);
	add_text(event, "kind", kind);
	monitor->step[0] = '\0';
	put_event(monitor, event, kind, "begins");
	return 0;
}

static void add_details(struct json_object *event, const char *text)
{
	struct json_object *details = NULL;
	struct fr_error unused;

	cli_json_parse(text, NULL, &details, &unused);
	json_object_object_add(event, "details", details);
}

static int on_removed(sd_bus_message *message, void *userdata,
		      sd_bus_error *unused)
{
	_cleanup_json_ struct json_object *event = event_new("job-removed");
	const char *path, *kind, *result, *text, *details;
	struct monitor *monitor = userdata;
	char ending[128];

	if (!event || sd_bus_message_read(message, "ossss", &path, &kind,
					  &result, &text, &details) < 0)
		return 0;
	add_text(event, "job", path);
	add_text(event, "kind", kind);
	add_text(event, "result", result);
	add_text(event, "message", text);
	add_details(event, details);
	snprintf(ending, sizeof(ending), "%s %s%s", kind,
		 strcmp(result, "done") ? "failed, " : "", result);
	put_event(monitor, event, ending, text);
	return 0;
}

static bool is_new_step(struct monitor *monitor, const char *step)
{
	if (!strncmp(monitor->step, step, STEP_MAX - 1))
		return false;
	snprintf(monitor->step, STEP_MAX, "%s", step);
	return true;
}

static int on_progress(sd_bus_message *message, void *userdata,
		       sd_bus_error *unused)
{
	_cleanup_json_ struct json_object *event = event_new("progress");
	struct monitor *monitor = userdata;
	uint64_t done, total;
	const char *step;

	if (!event ||
	    sd_bus_message_read(message, "stt", &step, &done, &total) < 0)
		return 0;
	add_text(event, "job", sd_bus_message_get_path(message));
	add_text(event, "step", step);
	add_number(event, "done", done);
	add_number(event, "total", total);
	if (is_new_step(monitor, step) || monitor->request->json)
		put_event(monitor, event, "  step", step);
	return 0;
}

/* The types that the properties of org.fastreboot1 have. */
static struct json_object *read_value(sd_bus_message *message, char type)
{
	const char *text;
	uint64_t number;
	int32_t small;
	int flag;

	switch (type) {
	case 's':
	case 'o':
		if (sd_bus_message_read_basic(message, type, &text) > 0)
			return json_object_new_string(text);
		break;
	case 't':
		if (sd_bus_message_read_basic(message, type, &number) > 0)
			return json_object_new_uint64(number);
		break;
	case 'i':
		if (sd_bus_message_read_basic(message, type, &small) > 0)
			return json_object_new_int(small);
		break;
	case 'b':
		if (sd_bus_message_read_basic(message, type, &flag) > 0)
			return json_object_new_boolean(flag);
		break;
	}
	return NULL;
}

/* Return: more than 0 for a property that was read, 0 at the end. */
static int read_property(sd_bus_message *message, const char **ret_name,
			 struct json_object **ret_value)
{
	const char *contents;
	int err = sd_bus_message_enter_container(message, 'e', "sv");

	if (err <= 0)
		return err;
	err = sd_bus_message_read_basic(message, 's', ret_name);
	if (err >= 0)
		err = sd_bus_message_peek_type(message, NULL, &contents);
	if (err >= 0)
		err = sd_bus_message_enter_container(message, 'v', contents);
	if (err < 0)
		return err;
	*ret_value = read_value(message, *contents);
	if (!*ret_value)
		return -EBADMSG;
	sd_bus_message_exit_container(message);
	sd_bus_message_exit_container(message);
	return 1;
}

/* The daemon tells of what may have changed, too. */
static bool is_new_value(struct monitor *monitor, const char *name,
			 struct json_object *value)
{
	struct json_object *before = cli_json_member(monitor->properties, name);

	if (before && json_object_equal(before, value))
		return false;
	json_object_object_add(monitor->properties, name,
			       json_object_get(value));
	return true;
}

static void put_property(struct monitor *monitor, const char *name,
			 struct json_object *value)
{
	_cleanup_json_ struct json_object *event = event_new("property");

	if (!event || !is_new_value(monitor, name, value))
		return;
	add_text(event, "name", name);
	json_object_object_add(event, "value", json_object_get(value));
	/* A job is told of by signals of its own. */
	if (strcmp(name, "Job") || monitor->request->json)
		put_event(monitor, event, name, json_object_get_string(value));
}

static int on_properties(sd_bus_message *message, void *userdata,
			 sd_bus_error *unused)
{
	struct monitor *monitor = userdata;
	struct json_object *value;
	const char *name;

	if (sd_bus_message_skip(message, "s") < 0 ||
	    sd_bus_message_enter_container(message, 'a', "{sv}") < 0)
		return 0;
	while (read_property(message, &name, &value) > 0) {
		put_property(monitor, name, value);
		json_object_put(value);
	}
	return 0;
}

static void put_daemon(struct monitor *monitor, const char *name,
		       const char *text)
{
	_cleanup_json_ struct json_object *event = event_new(name);

	if (event)
		put_event(monitor, event, "fastrebootd", text);
}

static int on_owner(sd_bus_message *message, void *userdata,
		    sd_bus_error *unused)
{
	const char *name, *before, *after = "";
	struct monitor *monitor = userdata;

	if (monitor->client->peer) {
		fr_fail(&monitor->error, FR_NO_DAEMON, -ECONNRESET,
			"fastrebootd ended; 'journalctl -u fastrebootd' "
			"tells more");
		return sd_event_exit(monitor->event, -ECONNRESET);
	}
	if (sd_bus_message_read(message, "sss", &name, &before, &after) < 0)
		return 0;
	if (*after)
		put_daemon(monitor, "daemon-started", "started");
	else
		put_daemon(monitor, "daemon-ended", "ended");
	return 0;
}

/* For as long as the connection is there, which is as long as the program. */
static int subscribe(struct monitor *monitor)
{
	const char *sender = client_name(monitor->client);
	sd_bus *bus = monitor->client->bus;
	int err;

	err = sd_bus_match_signal(bus, NULL, sender, CLIENT_OBJECT,
				  CLIENT_MANAGER, "JobNew", on_new, monitor);
	if (err >= 0)
		err = sd_bus_match_signal(bus, NULL, sender, CLIENT_OBJECT,
					  CLIENT_MANAGER, "JobRemoved",
					  on_removed, monitor);
	if (err >= 0)
		err = sd_bus_match_signal(bus, NULL, sender, NULL, CLIENT_JOB,
					  "Progress", on_progress, monitor);
	if (err >= 0)
		err = sd_bus_match_signal(bus, NULL, sender, CLIENT_OBJECT,
					  "org.freedesktop.DBus.Properties",
					  "PropertiesChanged", on_properties,
					  monitor);
	if (err >= 0)
		err = client_watch(monitor->client, on_owner, monitor, NULL);
	return err;
}

static int end_on_interrupts(struct monitor *monitor)
{
	sigset_t interrupts;
	int err;

	sigemptyset(&interrupts);
	sigaddset(&interrupts, SIGINT);
	sigaddset(&interrupts, SIGTERM);
	sigprocmask(SIG_BLOCK, &interrupts, NULL);
	/* Without a handler a signal ends the loop with 0. */
	err = sd_event_add_signal(monitor->event, NULL, SIGINT, NULL, NULL);
	if (err >= 0)
		err = sd_event_add_signal(monitor->event, NULL, SIGTERM, NULL,
					  NULL);
	return err;
}

/* Only errors are waited for: the other end of a pipe was closed. */
static int on_output(sd_event_source *event_source, int fd, uint32_t events,
		     void *userdata)
{
	return end_unwritable(userdata, -EPIPE);
}

static int end_without_a_reader(struct monitor *monitor)
{
	int err = sd_event_add_io(monitor->event, NULL, STDOUT_FILENO, 0,
				  on_output, monitor);

	/* A file has no reader that could go. */
	return err == -EPERM ? 0 : err;
}

static int watch(struct monitor *monitor)
{
	int err = end_on_interrupts(monitor);

	if (err >= 0)
		err = end_without_a_reader(monitor);
	if (err >= 0)
		err = sd_bus_attach_event(monitor->client->bus, monitor->event,
					  0);
	if (err >= 0)
		err = subscribe(monitor);
	if (err < 0)
		return err;
	put_daemon(monitor, "watching", "watching it, until Ctrl-C");
	err = sd_event_loop(monitor->event);
	sd_bus_detach_event(monitor->client->bus);
	return err;
}

int cli_monitor(const struct cli_request *request, struct client *client)
{
	_cleanup_json_ struct json_object *properties =
		json_object_new_object();
	struct monitor monitor = { .request = request,
				   .client = client,
				   .properties = properties };
	int err = properties ? sd_event_new(&monitor.event) : -ENOMEM;

	if (err >= 0)
		err = watch(&monitor);
	sd_event_unref(monitor.event);
	if (err >= 0)
		return FR_OK;
	if (monitor.error.failure == FR_OK)
		client_fail(&monitor.error, NULL, err);
	return cli_report_error(request, &monitor.error);
}
