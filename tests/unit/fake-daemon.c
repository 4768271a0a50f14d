// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * With -DFAKE_DAEMON_MAIN this is a program, to try the command by hand:
 *
 *	fake-daemon SOCKET STATUS.json TIMELINE.json
 *	FASTREBOOT_SOCKET=SOCKET fastreboot --private stage good
 */
#include "fake-daemon.h"

#include <errno.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#define OBJECT "/org/fastreboot1"
#define JOB "/org/fastreboot1/job/7"
#define ERROR "org.fastreboot1.Error."
#define MIB (1024 * 1024)

/**
 * struct fake - a connection that is being served
 * @bus: it
 * @texts: what to answer
 * @caller: process at its other end
 * @entry: entry of the job that waits to be cancelled; empty: there is none
 */
struct fake {
	sd_bus *bus;
	const struct fake_texts *texts;
	pid_t caller;
	char entry[64];
};

static int begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

static int job_new(struct fake *fake, const char *kind)
{
	return sd_bus_emit_signal(fake->bus, OBJECT, "org.fastreboot1.Manager",
				  "JobNew", "os", JOB, kind);
}

static int job_progress(struct fake *fake, const char *step, uint64_t done,
			uint64_t total)
{
	return sd_bus_emit_signal(fake->bus, JOB, "org.fastreboot1.Job",
				  "Progress", "stt", step, done, total);
}

static int job_removed(struct fake *fake, const char *kind, const char *result,
		       const char *message, const char *details)
{
	fake->entry[0] = '\0';
	return sd_bus_emit_signal(fake->bus, OBJECT, "org.fastreboot1.Manager",
				  "JobRemoved", "ossss", JOB, kind, result,
				  message, details);
}

static int refuse(sd_bus_message *call, const char *failure,
		  const char *message)
{
	char name[96];

	snprintf(name, sizeof(name), ERROR "%s", failure);
	return sd_bus_reply_method_errorf(call, name, "%s", message);
}

static int on_text(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	struct fake *fake = userdata;

	if (!strcmp(sd_bus_message_get_member(call), "Describe"))
		return sd_bus_reply_method_return(call, "s",
						  fake->texts->status);
	return sd_bus_reply_method_return(call, "s", fake->texts->timeline);
}

static struct json_object *read_list(sd_bus_message *call)
{
	struct json_object *list = json_object_new_array();
	const char *text;

	sd_bus_message_enter_container(call, 'a', "s");
	while (sd_bus_message_read(call, "s", &text) > 0)
		json_object_array_add(list, json_object_new_string(text));
	sd_bus_message_exit_container(call);
	return list;
}

static struct json_object *read_value(sd_bus_message *call, const char *type)
{
	const char *text = NULL;
	uint64_t number = 0;
	int32_t small = 0;

	switch (*type) {
	case 'a':
		return read_list(call);
	case 'b':
		sd_bus_message_read(call, "b", &small);
		return json_object_new_boolean(small);
	case 'i':
		sd_bus_message_read(call, "i", &small);
		return json_object_new_int(small);
	case 't':
		sd_bus_message_read(call, "t", &number);
		return json_object_new_uint64(number);
	default:
		sd_bus_message_read(call, "s", &text);
		return text ? json_object_new_string(text) : NULL;
	}
}

/* Everything that a{sv} has: the tests look at what the command has sent. */
static int read_options(sd_bus_message *call, struct json_object *to)
{
	const char *key, *contents;

	if (sd_bus_message_enter_container(call, 'a', "{sv}") < 0)
		return -EBADMSG;
	while (sd_bus_message_enter_container(call, 'e', "sv") > 0) {
		sd_bus_message_read(call, "s", &key);
		sd_bus_message_peek_type(call, NULL, &contents);
		sd_bus_message_enter_container(call, 'v', contents);
		json_object_object_add(to, key, read_value(call, contents));
		sd_bus_message_exit_container(call);
		sd_bus_message_exit_container(call);
	}
	return sd_bus_message_exit_container(call);
}

static const char *text_of(struct json_object *object, const char *name)
{
	struct json_object *member;

	if (!json_object_object_get_ex(object, name, &member))
		return "";
	return json_object_get_string(member);
}

static int64_t slot_of(struct json_object *object)
{
	struct json_object *member;

	if (!json_object_object_get_ex(object, "slot", &member))
		return -1;
	return json_object_get_int64(member);
}

/* What was asked for comes back in the details. */
static struct json_object *stage_details(struct json_object *request)
{
	struct json_object *details = json_tokener_parse(
		"{\"schema\":\"org.fastreboot.stage/1\",\"slot\":1,"
		"\"release\":\"6.12.118-b\",\"segments\":["
		"{\"name\":\"kernel\",\"placement\":\"direct\","
		"\"address\":1744830464,\"size\":7873024,\"sha256\":\"00\"},"
		"{\"name\":\"initrd\",\"placement\":\"overflow\","
		"\"address\":1879048192,\"size\":780800,\"sha256\":\"01\"}]}");

	json_object_object_add(details, "request", json_object_get(request));
	return details;
}

static int stage_good(struct fake *fake, struct json_object *request)
{
	struct json_object *details = stage_details(request);
	int err;

	for (int i = 0; i <= 4; i++)
		job_progress(fake, "kernel", i * MIB, 4 * MIB);
	job_progress(fake, "seal", 0, 0);
	err = job_removed(fake, "stage", "done", "6.12.118-b is in slot 1",
			  json_object_to_json_string(details));
	json_object_put(details);
	return err;
}

static int stage_job(struct fake *fake, const char *entry,
		     struct json_object *request)
{
	if (begins(entry, "fail-"))
		return job_removed(fake, "stage", strchr(entry, '-') + 1,
				   "the job was made to fail", "{}");
	if (begins(entry, "die")) {
		job_progress(fake, "kernel", MIB, 4 * MIB);
		sd_bus_flush(fake->bus);
		_exit(0);
	}
	if (begins(entry, "interrupt")) {
		snprintf(fake->entry, sizeof(fake->entry), "%s", entry);
		job_progress(fake, "kernel", MIB, 4 * MIB);
		sd_bus_flush(fake->bus);
		if (strcmp(entry, "interrupt-early"))
			kill(fake->caller, SIGINT);
		return 0;
	}
	return begins(entry, "early") ? 0 : stage_good(fake, request);
}

static int on_stage(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	struct json_object *request = json_object_new_object();
	struct fake *fake = userdata;
	const char *entry;
	int err = 0;

	read_options(call, request);
	read_options(call, request);
	entry = text_of(request, "entry");
	if (begins(entry, "refuse-")) {
		err = refuse(call, strchr(entry, '-') + 1,
			     "the call was made to fail");
	} else {
		if (begins(entry, "early"))
			stage_good(fake, request);
		if (!strcmp(entry, "interrupt-early"))
			kill(fake->caller, SIGINT);
		sd_bus_reply_method_return(call, "o", JOB);
		job_new(fake, "stage");
		err = stage_job(fake, entry, request);
	}
	json_object_put(request);
	return err < 0 ? err : 1;
}

static int on_verify(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	struct fake *fake = userdata;
	int32_t slot;

	sd_bus_message_read(call, "i", &slot);
	if (slot < 0)
		return refuse(call, "NotStaged", "nothing is staged");
	if (slot > 1)
		return refuse(call, "NotFound", "there is no such slot");
	sd_bus_reply_method_return(call, "o", JOB);
	job_new(fake, "verify");
	job_progress(fake, "verify", 0, 0);
	if (slot)
		return job_removed(fake, "verify", "VerificationFailed",
				   "slot 1 has changed", "{}");
	return job_removed(fake, "verify", "done", "slot 0 is as sealed", "{}");
}

static const char checks_good[] =
	"{\"schema\":\"org.fastreboot.commit/1\",\"checks\":["
	"{\"name\":\"slot-verified\",\"ok\":true,\"message\":\"as sealed\"},"
	"{\"name\":\"root-device\",\"ok\":true,\"message\":\"/dev/vda\"}]";
static const char checks_bad[] =
	"{\"schema\":\"org.fastreboot.commit/1\",\"checks\":["
	"{\"name\":\"slot-verified\",\"ok\":true,\"message\":\"as sealed\"},"
	"{\"name\":\"root-device\",\"ok\":false,"
	"\"message\":\"UUID=1 is not there\"}]";

static int on_commit(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	struct json_object *options = json_object_new_object();
	struct fake *fake = userdata;
	char details[1024];
	int64_t slot;

	read_options(call, options);
	slot = slot_of(options);
	snprintf(details, sizeof(details), "%s,\"request\":%s}",
		 slot == 1 ? checks_bad : checks_good,
		 json_object_to_json_string(options));
	json_object_put(options);
	if (slot > 1)
		return refuse(call, "NotFound", "there is no such slot");
	sd_bus_reply_method_return(call, "o", JOB);
	job_new(fake, "commit");
	job_progress(fake, "checks", 1, 2);
	if (slot == 1)
		return job_removed(fake, "commit", "Refused",
				   "root-device: UUID=1 is not there", details);
	return job_removed(fake, "commit", "done",
			   "boots 6.12.118-b from slot 0", details);
}

static int on_rollback(sd_bus_message *call, void *userdata,
		       sd_bus_error *error)
{
	struct fake *fake = userdata;
	const char *reason;

	sd_bus_message_read(call, "s", &reason);
	sd_bus_reply_method_return(call, "o", JOB);
	job_new(fake, "rollback");
	return job_removed(fake, "rollback", "done", reason, "");
}

static int on_unstage(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	int32_t slot;

	sd_bus_message_read(call, "i", &slot);
	if (slot < 0)
		return refuse(call, "NotStaged", "nothing is staged");
	if (slot)
		return refuse(call, "NotFound", "there is no such slot");
	return sd_bus_reply_method_return(call, "");
}

static int on_disarm(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	return sd_bus_reply_method_return(call, "o", "/");
}

/* With a property that changes and one that is gone, for the monitor. */
static int on_confirm(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	struct fake *fake = userdata;
	sd_bus_message *signal = NULL;

	sd_bus_message_new_signal(fake->bus, &signal, OBJECT,
				  "org.freedesktop.DBus.Properties",
				  "PropertiesChanged");
	sd_bus_message_append(signal, "sa{sv}as", "org.fastreboot1.Manager", 5,
			      "Confirmed", "b", 1, "Generation", "t",
			      (uint64_t)3, "Running", "i", 0, "BootReason", "s",
			      "fast-reboot", "Job", "o", "/", 0);
	sd_bus_send(fake->bus, signal, NULL);
	sd_bus_message_unref(signal);
	return sd_bus_reply_method_return(call, "");
}

static int interrupt_again(struct fake *fake);

static int on_pong(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	return interrupt_again(userdata);
}

/* Two that come close together count as one, so until the caller is gone. */
static int interrupt_again(struct fake *fake)
{
	kill(fake->caller, SIGINT);
	return sd_bus_call_method_async(fake->bus, NULL, NULL, "/",
					"org.freedesktop.DBus.Peer", "Ping",
					on_pong, fake, NULL);
}

static int on_cancel(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	struct fake *fake = userdata;

	if (!strcmp(fake->entry, "interrupt-late")) {
		refuse(call, "Busy", "it is sealed already");
		return job_removed(fake, "stage", "done",
				   "6.12.118-b is in slot 1", "{}");
	}
	sd_bus_reply_method_return(call, "");
	if (!strcmp(fake->entry, "interrupt-twice"))
		return interrupt_again(fake);
	return job_removed(fake, "stage", "Cancelled", "it was cancelled",
			   "{}");
}

static const sd_bus_vtable manager_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Describe", "", "s", on_text, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Timeline", "", "s", on_text, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Stage", "a{sv}a{sv}", "o", on_stage,
		      SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Verify", "i", "o", on_verify,
		      SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Commit", "a{sv}", "o", on_commit,
		      SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Confirm", "", "", on_confirm,
		      SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Rollback", "s", "o", on_rollback,
		      SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Unstage", "i", "", on_unstage,
		      SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Disarm", "", "o", on_disarm, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

static const sd_bus_vtable job_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Cancel", "", "", on_cancel, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_SIGNAL("Progress", "stt", 0),
	SD_BUS_VTABLE_END,
};

static int add_objects(struct fake *fake)
{
	int err = sd_bus_add_object_vtable(fake->bus, NULL, OBJECT,
					   "org.fastreboot1.Manager",
					   manager_vtable, fake);

	if (err < 0)
		return err;
	return sd_bus_add_object_vtable(
		fake->bus, NULL, JOB, "org.fastreboot1.Job", job_vtable, fake);
}

static void loop(struct fake *fake)
{
	int err;

	do {
		err = sd_bus_process(fake->bus, NULL);
		if (!err)
			err = sd_bus_wait(fake->bus, UINT64_MAX);
	} while (err >= 0);
}

static int serve_connection(int fd, const struct fake_texts *texts)
{
	struct fake fake = { .texts = texts };
	socklen_t size = sizeof(struct ucred);
	struct ucred peer;
	sd_id128_t id;
	int err;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return -errno;
	fake.caller = peer.pid;
	sd_id128_randomize(&id);
	err = sd_bus_new(&fake.bus);
	if (err >= 0)
		err = sd_bus_set_fd(fake.bus, fd, fd);
	if (err >= 0)
		err = sd_bus_set_server(fake.bus, 1, id);
	if (err >= 0)
		err = add_objects(&fake);
	if (err >= 0)
		err = sd_bus_start(fake.bus);
	if (err >= 0)
		loop(&fake);
	sd_bus_flush_close_unref(fake.bus);
	return err < 0 ? err : 0;
}

int fake_daemon_listen(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, 8) < 0)
		return -errno;
	return fd;
}

int fake_daemon_serve(int fd, const struct fake_texts *texts)
{
	int err = 0;

	while (err >= 0) {
		int connection =
			accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (connection < 0)
			return -errno;
		err = serve_connection(connection, texts);
	}
	return err;
}

int fake_daemon_serve_bus(const struct fake_texts *texts, int ready_fd)
{
	struct fake fake = { .texts = texts };
	int err = sd_bus_open_system(&fake.bus);

	if (err >= 0)
		err = add_objects(&fake);
	if (err >= 0)
		err = sd_bus_request_name(fake.bus, "org.fastreboot1", 0);
	if (err < 0)
		return err;
	if (write(ready_fd, "", 1) != 1)
		return -EIO;
	loop(&fake);
	return -ECONNRESET;
}

#ifdef FAKE_DAEMON_MAIN
static const char *content_of(const char *path)
{
	struct json_object *object = json_object_from_file(path);

	if (!object) {
		fprintf(stderr, "%s: %s\n", path, json_util_get_last_err());
		exit(1);
	}
	return json_object_to_json_string(object);
}

int main(int argc, char **argv)
{
	struct fake_texts texts;
	int err;

	if (argc != 4) {
		fputs("fake-daemon SOCKET STATUS.json TIMELINE.json\n", stderr);
		return 2;
	}
	texts.status = content_of(argv[2]);
	texts.timeline = content_of(argv[3]);
	err = fake_daemon_listen(argv[1]);
	if (err >= 0)
		err = fake_daemon_serve(err, &texts);
	fprintf(stderr, "fake-daemon: %s\n", strerror(-err));
	return 1;
}
#endif
