// SPDX-License-Identifier: GPL-2.0-or-later
#include "api/object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "jobs/commit.h"
#include "jobs/stage.h"
#include "jobs/unstage.h"
#include "jobs/verify.h"
#include "policy/confirm.h"
#include "policy/daemon.h"
#include "policy/go-back.h"
#include "policy/leave.h"
#include "policy/results.h"
#include "pool/describe.h"
#include "root.h"
#include "transport/message.h"
#include "transport/names.h"
#include "transport/options.h"
#include "transport/polkit.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

static void json_putp(struct json_object **object)
{
	json_object_put(*object);
}

static int reply_json(sd_bus_message *message, struct json_object *object)
{
	const char *json = json_object_to_json_string_ext(
		object,
		JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	_cleanup_free_ char *text = json ? message_text(json) : NULL;

	if (!text)
		return -ENOMEM;
	return sd_bus_reply_method_return(message, "s", text);
}

static int on_describe(sd_bus_message *message, void *userdata,
		       sd_bus_error *unused)
{
	__attribute__((__cleanup__(json_putp))) struct json_object *object =
		NULL;
	struct daemon *daemon = userdata;

	daemon_refresh(daemon);
	object = daemon_describe(daemon, polkit_is_root(message));
	return reply_json(message, object);
}

static int on_timeline(sd_bus_message *message, void *userdata,
		       sd_bus_error *unused)
{
	__attribute__((__cleanup__(json_putp))) struct json_object *object =
		NULL;
	struct fr_error error = { 0 };
	struct fr_timeline timeline;
	struct daemon *daemon = userdata;

	if (daemon_check_pool(daemon, &error))
		return message_fail(message, &error);
	if (!daemon_read_timeline(daemon, &timeline)) {
		fr_fail(&error, FR_NOT_FOUND, -ENODATA,
			"there is no timeline: the running kernel was not started by kexec");
		return message_fail(message, &error);
	}
	object = fr_timeline_to_json(&timeline);
	return reply_json(message, object);
}

/* What a kernel logs is for root alone. */
static int on_last_log(sd_bus_message *message, void *userdata,
		       sd_bus_error *unused)
{
	__attribute__((__cleanup__(json_putp))) struct json_object *object =
		NULL;
	_cleanup_last_log_ struct fr_last_log log = { 0 };
	struct fr_error error = { 0 };

	if (!polkit_is_root(message)) {
		fr_fail(&error, FR_NOT_PERMITTED, -EPERM,
			"only root may read what the kernel before has logged");
		return message_fail(message, &error);
	}
	if (fr_last_log_read(fr_root(), &log, &error))
		return message_fail(message, &error);
	object = describe_last_log(&log);
	return reply_json(message, object);
}

/* Start a job, and answer with it. @argument is released in any case. */
static int start(struct daemon *daemon, sd_bus_message *message,
		 const struct work *work, void *argument)
{
	struct fr_error error = { 0 };
	struct job *job;

	if (daemon_check_pool(daemon, &error)) {
		work->type->release(argument);
		return message_fail(message, &error);
	}
	if (work_start(daemon, work, argument, &job, &error))
		return message_fail(message, &error);
	return sd_bus_reply_method_return(message, "o", job->path);
}

static int read_stage(sd_bus_message *message, struct stage_request *request,
		      struct fr_error *error)
{
	struct fr_payload_request *payload = &request->payload;
	const struct option payload_options[] = {
		{ "entry", 's', &payload->entry },
		{ "uki", 's', &payload->uki },
		{ "kernel", 's', &payload->kernel },
		{ "initrds", 'a', &payload->initrds },
		{ "devicetree", 's', &payload->devicetree },
		{ "root_image", 's', &payload->root_image },
		{ "cmdline", 'S', &payload->cmdline },
		{ "manifest", 's', &payload->manifest },
		{ "signature", 's', &payload->signature },
	};
	const struct option options[] = {
		{ "replace", 'b', &request->replace },
		{ "dry_run", 'b', &request->dry_run },
		{ "wipe_state", 'b', &payload->wipe_state },
	};
	int err;

	err = options_read(message, payload_options, N(payload_options), error);
	if (err)
		return err;
	return options_read(message, options, N(options), error);
}

static int stage(void *userdata, sd_bus_message *message)
{
	struct stage_request *request = calloc(1, sizeof(*request));
	struct fr_error error = { 0 };

	if (!request)
		return -ENOMEM;
	if (read_stage(message, request, &error)) {
		stage_request_free(request);
		return message_fail(message, &error);
	}
	return start(userdata, message, &stage_work, request);
}

static int on_stage(sd_bus_message *message, void *userdata,
		    sd_bus_error *unused)
{
	return polkit_call(message, "org.fastreboot1.stage", stage, userdata);
}

static int verify(void *userdata, sd_bus_message *message)
{
	struct verify_request *request;
	int slot;
	int err;

	err = sd_bus_message_read(message, "i", &slot);
	if (err < 0)
		return err;
	request = calloc(1, sizeof(*request));
	if (!request)
		return -ENOMEM;
	request->slot = slot < 0 ? FR_SLOT_NONE : slot;
	return start(userdata, message, &verify_work, request);
}

static int on_verify(sd_bus_message *message, void *userdata,
		     sd_bus_error *unused)
{
	return polkit_call(message, "org.fastreboot1.stage", verify, userdata);
}

static int read_commit(sd_bus_message *message, struct commit_request *request,
		       struct fr_error *error)
{
	const struct option options[] = {
		{ "now", 'b', &request->now },
		{ "unconfirmed", 'b', &request->unconfirmed },
		{ "dry_run", 'b', &request->dry_run },
		{ "ignore_inhibitors", 'b', &request->ignore_inhibitors },
		{ "max_blackout_usec", 't', &request->max_blackout_usec },
		{ "slot", 'i', &request->slot },
	};
	int err;

	request->slot = FR_SLOT_NONE;
	err = options_read(message, options, N(options), error);
	if (!err && request->slot < 0)
		request->slot = FR_SLOT_NONE;
	return err;
}

static int commit(void *userdata, sd_bus_message *message)
{
	struct commit_request *request = calloc(1, sizeof(*request));
	struct fr_error error = { 0 };

	if (!request)
		return -ENOMEM;
	if (read_commit(message, request, &error)) {
		free(request);
		return message_fail(message, &error);
	}
	return start(userdata, message, &commit_work, request);
}

/* Permitted to commit at all, or from this kernel; at once is one more permission. */
static int commit_at_once(void *userdata, sd_bus_message *message)
{
	return polkit_call(message, "org.fastreboot1.commit-now", commit,
			   userdata);
}

/* Which permissions it takes depends on what is asked for. */
static int on_commit(sd_bus_message *message, void *userdata,
		     sd_bus_error *unused)
{
	struct commit_request request = { 0 };
	struct fr_error error = { 0 };
	bool at_once;
	int err;

	if (read_commit(message, &request, &error))
		return message_fail(message, &error);
	err = sd_bus_message_rewind(message, 1);
	if (err < 0)
		return err;
	at_once = request.now || request.ignore_inhibitors;
	if (request.unconfirmed)
		return polkit_call(message,
				   "org.fastreboot1.commit-unconfirmed",
				   at_once ? commit_at_once : commit, userdata);
	return polkit_call(message,
			   at_once ? "org.fastreboot1.commit-now" :
				     "org.fastreboot1.commit",
			   commit, userdata);
}

static int confirm(void *userdata, sd_bus_message *message)
{
	struct fr_error error = { 0 };

	if (confirm_now(userdata, &error))
		return message_fail(message, &error);
	return sd_bus_reply_method_return(message, "");
}

static int on_confirm(sd_bus_message *message, void *userdata,
		      sd_bus_error *unused)
{
	return polkit_call(message, "org.fastreboot1.confirm", confirm,
			   userdata);
}

static int rollback(void *userdata, sd_bus_message *message)
{
	struct daemon *daemon = userdata;
	struct fr_error error = { 0 };
	const char *reason;
	struct job *job;
	int err;

	err = sd_bus_message_read(message, "s", &reason);
	if (err < 0)
		return err;
	if (daemon_check_pool(daemon, &error) ||
	    go_back(daemon, *reason ? reason : "asked for by hand", &job,
		    &error))
		return message_fail(message, &error);
	return sd_bus_reply_method_return(message, "o", job->path);
}

static int on_rollback(sd_bus_message *message, void *userdata,
		       sd_bus_error *unused)
{
	return polkit_call(message, "org.fastreboot1.rollback", rollback,
			   userdata);
}

static int unstage(void *userdata, sd_bus_message *message)
{
	struct unstage_request *request;
	struct daemon *daemon = userdata;
	struct fr_error error = { 0 };
	int slot;
	int err;

	err = sd_bus_message_read(message, "i", &slot);
	if (err < 0)
		return err;
	if (daemon_check_pool(daemon, &error))
		return message_fail(message, &error);
	request = calloc(1, sizeof(*request));
	if (!request)
		return -ENOMEM;
	request->slot = slot < 0 ? FR_SLOT_NONE : slot;
	request->call = sd_bus_message_ref(message);
	if (work_start(daemon, &unstage_work, request, NULL, &error))
		return message_fail(message, &error);
	return 1;
}

static int on_unstage(sd_bus_message *message, void *userdata,
		      sd_bus_error *unused)
{
	return polkit_call(message, "org.fastreboot1.unstage", unstage,
			   userdata);
}

/* While the system goes down, there is no job for it. */
static int disarm(void *userdata, sd_bus_message *message)
{
	struct daemon *daemon = userdata;
	struct fr_error error = { 0 };
	struct job *job;

	if (daemon_check_pool(daemon, &error) ||
	    leave_disarm(daemon, &job, &error))
		return message_fail(message, &error);
	return sd_bus_reply_method_return(message, "o", job ? job->path : "/");
}

static int on_disarm(sd_bus_message *message, void *userdata,
		     sd_bus_error *unused)
{
	return polkit_call(message, "org.fastreboot1.commit", disarm, userdata);
}

static int get_version(sd_bus *bus, const char *path, const char *interface,
		       const char *property, sd_bus_message *reply,
		       void *userdata, sd_bus_error *unused)
{
	return sd_bus_message_append(reply, "s", FASTREBOOT_VERSION);
}

static int get_generation(sd_bus *bus, const char *path, const char *interface,
			  const char *property, sd_bus_message *reply,
			  void *userdata, sd_bus_error *unused)
{
	struct daemon *daemon = userdata;

	return sd_bus_message_append(reply, "t", daemon->pool.generation);
}

static int get_boot_reason(sd_bus *bus, const char *path, const char *interface,
			   const char *property, sd_bus_message *reply,
			   void *userdata, sd_bus_error *unused)
{
	struct daemon *daemon = userdata;
	const char *reason = daemon->pool.boot_reason;

	return sd_bus_message_append(reply, "s", reason ? reason : "");
}

static int get_running(sd_bus *bus, const char *path, const char *interface,
		       const char *property, sd_bus_message *reply,
		       void *userdata, sd_bus_error *unused)
{
	struct daemon *daemon = userdata;

	return sd_bus_message_append(reply, "i", daemon->pool.running);
}

static int get_armed(sd_bus *bus, const char *path, const char *interface,
		     const char *property, sd_bus_message *reply,
		     void *userdata, sd_bus_error *unused)
{
	struct daemon *daemon = userdata;

	return sd_bus_message_append(reply, "i", daemon->pool.armed);
}

static int get_confirmed(sd_bus *bus, const char *path, const char *interface,
			 const char *property, sd_bus_message *reply,
			 void *userdata, sd_bus_error *unused)
{
	return sd_bus_message_append(reply, "b", daemon_confirmed(userdata));
}

static int get_job(sd_bus *bus, const char *path, const char *interface,
		   const char *property, sd_bus_message *reply, void *userdata,
		   sd_bus_error *unused)
{
	struct daemon *daemon = userdata;

	return sd_bus_message_append(reply, "o",
				     daemon->job ? daemon->job->path : "/");
}

static const sd_bus_vtable manager_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD_WITH_ARGS("Describe", SD_BUS_NO_ARGS,
				SD_BUS_RESULT("s", json), on_describe,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS(
		"Stage", SD_BUS_ARGS("a{sv}", payload, "a{sv}", options),
		SD_BUS_RESULT("o", job), on_stage, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Verify", SD_BUS_ARGS("i", slot),
				SD_BUS_RESULT("o", job), on_verify,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Commit", SD_BUS_ARGS("a{sv}", options),
				SD_BUS_RESULT("o", job), on_commit,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Confirm", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
				on_confirm, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Rollback", SD_BUS_ARGS("s", reason),
				SD_BUS_RESULT("o", job), on_rollback,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Unstage", SD_BUS_ARGS("i", slot),
				SD_BUS_NO_RESULT, on_unstage,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Disarm", SD_BUS_NO_ARGS,
				SD_BUS_RESULT("o", job), on_disarm,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Timeline", SD_BUS_NO_ARGS,
				SD_BUS_RESULT("s", json), on_timeline,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("LastLog", SD_BUS_NO_ARGS,
				SD_BUS_RESULT("s", json), on_last_log,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_SIGNAL_WITH_ARGS("JobNew", SD_BUS_ARGS("o", job, "s", kind), 0),
	SD_BUS_SIGNAL_WITH_ARGS("JobRemoved",
				SD_BUS_ARGS("o", job, "s", kind, "s", result,
					    "s", message, "s", details),
				0),
	SD_BUS_PROPERTY("Version", "s", get_version, 0,
			SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Generation", "t", get_generation, 0,
			SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("BootReason", "s", get_boot_reason, 0,
			SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Running", "i", get_running, 0,
			SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Armed", "i", get_armed, 0,
			SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("Confirmed", "b", get_confirmed, 0,
			SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("Job", "o", get_job, 0,
			SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_VTABLE_END,
};

/* The job may have ended while polkit was asked: look for it again. */
static int cancel(void *userdata, sd_bus_message *message)
{
	const char *path = sd_bus_message_get_path(message);
	struct daemon *daemon = userdata;
	struct fr_error error = { 0 };

	if (!daemon->job || strcmp(daemon->job->path, path)) {
		fr_fail(&error, FR_NOT_FOUND, -ENOENT, "the job has ended");
		return message_fail(message, &error);
	}
	if (job_cancel(daemon->job, &error))
		return message_fail(message, &error);
	return sd_bus_reply_method_return(message, "");
}

static int on_cancel(sd_bus_message *message, void *userdata,
		     sd_bus_error *unused)
{
	struct daemon *daemon = userdata;

	return polkit_call(message, daemon->job->type->action, cancel, daemon);
}

static int get_job_member(sd_bus *bus, const char *path, const char *interface,
			  const char *property, sd_bus_message *reply,
			  void *userdata, sd_bus_error *unused)
{
	struct daemon *daemon = userdata;
	struct job *job = daemon->job;
	struct job_view view;

	job_look(job, &view);
	if (!strcmp(property, "Kind"))
		return sd_bus_message_append(reply, "s", job->type->name);
	if (!strcmp(property, "Step"))
		return sd_bus_message_append(reply, "s", view.step);
	if (!strcmp(property, "Done"))
		return sd_bus_message_append(reply, "t", view.done);
	if (!strcmp(property, "Total"))
		return sd_bus_message_append(reply, "t", view.total);
	return sd_bus_message_append(reply, "b", view.cancellable);
}

static const sd_bus_vtable job_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD_WITH_ARGS("Cancel", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
				on_cancel, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_SIGNAL_WITH_ARGS(
		"Progress", SD_BUS_ARGS("s", step, "t", done, "t", total), 0),
	SD_BUS_PROPERTY("Kind", "s", get_job_member, 0,
			SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Step", "s", get_job_member, 0, 0),
	SD_BUS_PROPERTY("Done", "t", get_job_member, 0, 0),
	SD_BUS_PROPERTY("Total", "t", get_job_member, 0, 0),
	SD_BUS_PROPERTY("Cancellable", "b", get_job_member, 0, 0),
	SD_BUS_VTABLE_END,
};

/* What is found is the daemon, whose job it is for this one message. */
static int find_job(sd_bus *bus, const char *path, const char *interface,
		    void *userdata, void **ret_found, sd_bus_error *unused)
{
	struct daemon *daemon = userdata;

	if (!daemon->job || strcmp(daemon->job->path, path))
		return 0;
	*ret_found = daemon;
	return 1;
}

int object_register(void *daemon, sd_bus *bus)
{
	int err;

	err = sd_bus_add_object_vtable(bus, NULL, BUS_OBJECT, BUS_MANAGER,
				       manager_vtable, daemon);
	if (err >= 0)
		err = sd_bus_add_fallback_vtable(bus, NULL, BUS_JOBS, BUS_JOB,
						 job_vtable, find_job, daemon);
	return err < 0 ? err : 0;
}
