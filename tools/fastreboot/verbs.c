// SPDX-License-Identifier: GPL-2.0-or-later
/* All verbs but monitor: a call, or a job, and its result. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "job.h"
#include "report.h"
#include "schedule.h"
#include "show.h"
#include "stage.h"
#include "text.h"

/* No pool is worth an exit status, though the status is there to be read. */
static int exit_status_of(struct json_object *status)
{
	if (!cli_json_true(status, "supported"))
		return FR_UNSUPPORTED;
	return cli_json_member(status, "pool") ? FR_OK : FR_NO_POOL;
}

/* A commit that is to come is systemd's, and the daemon does not know of it. */
static int add_schedule(struct client *client, struct json_object *status)
{
	char text[TEXT_MAX] = "";
	uint64_t usec;

	if (schedule_next(client, &usec))
		text_time((time_t)(usec / 1000000), text);
	return cli_json_add_text(status, "scheduled_at", *text ? text : NULL);
}

/* @log: NULL without --last-log */
static void print_status(const struct cli_request *request,
			 struct json_object *status, struct json_object *log)
{
	if (!request->json) {
		show_status(stdout, status, time(NULL));
		if (!log)
			return;
		fputc('\n', stdout);
		show_last_log(stdout, log);
		return;
	}
	if (log)
		json_object_object_add(status, "last_log",
				       json_object_get(log));
	cli_json_print(stdout, status, isatty(STDOUT_FILENO));
}

int cli_status(const struct cli_request *request, struct client *client)
{
	_cleanup_json_ struct json_object *status = NULL;
	_cleanup_json_ struct json_object *log = NULL;
	struct fr_error error = { 0 };

	if (client_fetch(client, "Describe", "org.fastreboot.status/1", &status,
			 &error) < 0 ||
	    (request->last_log &&
	     client_fetch(client, "LastLog", "org.fastreboot.last-log/1", &log,
			  &error) < 0))
		return cli_report_error(request, &error);
	add_schedule(client, status);
	print_status(request, status, log);
	return exit_status_of(status);
}

int cli_timeline(const struct cli_request *request, struct client *client)
{
	_cleanup_json_ struct json_object *timeline = NULL;
	struct fr_error error = { 0 };

	if (client_fetch(client, "Timeline", "org.fastreboot.timeline/1",
			 &timeline, &error) < 0)
		return cli_report_error(request, &error);
	cli_print(request, timeline, show_timeline);
	return FR_OK;
}

/* Send a call that has no result but that it succeeds. */
static int finish_call(const struct cli_request *request, struct client *client,
		       sd_bus_message *call, const char *message)
{
	const struct cli_result done = { .name = "done", .message = message };
	struct fr_error error = { 0 };

	if (client_call(client, call, NULL, &error) < 0)
		return cli_report_error(request, &error);
	return cli_report(request, &done);
}

static int fail_message(const struct cli_request *request, int err)
{
	struct fr_error error = { 0 };

	client_fail(&error, NULL, err);
	return cli_report_error(request, &error);
}

int cli_confirm(const struct cli_request *request, struct client *client)
{
	_cleanup_message_ sd_bus_message *call = NULL;
	struct fr_error error = { 0 };

	if (client_message(client, "Confirm", &call, &error) < 0)
		return cli_report_error(request, &error);
	return finish_call(request, client, call,
			   "The running kernel is confirmed");
}

int cli_unstage(const struct cli_request *request, struct client *client)
{
	_cleanup_message_ sd_bus_message *call = NULL;
	struct fr_error error = { 0 };
	int err;

	if (client_message(client, "Unstage", &call, &error) < 0)
		return cli_report_error(request, &error);
	err = sd_bus_message_append(call, "i", request->slot);
	if (err < 0)
		return fail_message(request, err);
	return finish_call(request, client, call, "The slot is empty");
}

/* @without_job: what to say where the answer is that none was needed. */
static int finish_job(const struct cli_request *request, struct client *client,
		      sd_bus_message *call, const char *without_job)
{
	struct job_outcome outcome = { 0 };
	struct fr_error error = { 0 };
	struct progress progress;
	int status;

	progress_init(&progress, !request->no_progress);
	if (job_run(client, call, &progress, &outcome, &error) < 0)
		return cli_report_error(request, &error);
	if (request->quiet && outcome.failure == FR_OK) {
		if (!request->json)
			show_checks(stdout, outcome.details);
		job_outcome_done(&outcome);
		return FR_OK;
	}
	status = cli_report(request,
			    &(struct cli_result){
				    .failure = outcome.failure,
				    .name = outcome.result,
				    .message = outcome.message ?: without_job,
				    .details = outcome.details,
			    });
	job_outcome_done(&outcome);
	return status;
}

int cli_stage(const struct cli_request *request, struct client *client)
{
	_cleanup_message_ sd_bus_message *call = NULL;
	struct fr_error error = { 0 };

	if (client_message(client, "Stage", &call, &error) < 0 ||
	    cli_stage_append(call, request, &error) < 0)
		return cli_report_error(request, &error);
	return finish_job(request, client, call, NULL);
}

int cli_verify(const struct cli_request *request, struct client *client)
{
	_cleanup_message_ sd_bus_message *call = NULL;
	struct fr_error error = { 0 };
	int err;

	if (client_message(client, "Verify", &call, &error) < 0)
		return cli_report_error(request, &error);
	err = sd_bus_message_append(call, "i", request->slot);
	if (err < 0)
		return fail_message(request, err);
	return finish_job(request, client, call, NULL);
}

static int append_commit(sd_bus_message *call,
			 const struct cli_request *request)
{
	int err = sd_bus_message_open_container(call, 'a', "{sv}");

	if (err >= 0)
		err = sd_bus_message_append(call, "{sv}{sv}", "now", "b",
					    request->now, "dry_run", "b",
					    request->dry_run);
	if (err >= 0 && request->ignore_inhibitors)
		err = sd_bus_message_append(call, "{sv}", "ignore_inhibitors",
					    "b", 1);
	/* An older daemon refuses what it does not know, also if it is false. */
	if (err >= 0 && request->unconfirmed)
		err = sd_bus_message_append(call, "{sv}", "unconfirmed", "b",
					    true);
	if (err >= 0 && request->max_blackout_usec != UINT64_MAX)
		err = sd_bus_message_append(call, "{sv}", "max_blackout_usec",
					    "t", request->max_blackout_usec);
	if (err >= 0 && request->slot >= 0)
		err = sd_bus_message_append(call, "{sv}", "slot", "i",
					    request->slot);
	return err < 0 ? err : sd_bus_message_close_container(call);
}

/* Return: the exit status. */
static int commit(const struct cli_request *request, struct client *client)
{
	_cleanup_message_ sd_bus_message *call = NULL;
	struct fr_error error = { 0 };
	int err;

	if (client_message(client, "Commit", &call, &error) < 0)
		return cli_report_error(request, &error);
	err = append_commit(call, request);
	if (err < 0)
		return fail_message(request, err);
	return finish_job(request, client, call, NULL);
}

/* What would be refused later is refused now, while it can be mended. */
static int commit_later(const struct cli_request *request,
			struct client *client)
{
	static const struct cli_result done = {
		.name = "done", .message = "The commit is scheduled"
	};
	struct cli_request checks = *request;
	struct fr_error error = { 0 };
	int status;

	checks.dry_run = true;
	checks.quiet = true;
	status = commit(&checks, client);
	if (status)
		return status;
	if (schedule_commit(request, &error) < 0)
		return cli_report_error(request, &error);
	schedule_warn(request);
	return cli_report(request, &done);
}

int cli_commit(const struct cli_request *request, struct client *client)
{
	if (request->delay_usec && !request->dry_run)
		return commit_later(request, client);
	if (!request->dry_run)
		schedule_warn(request);
	return commit(request, client);
}

int cli_rollback(const struct cli_request *request, struct client *client)
{
	_cleanup_message_ sd_bus_message *call = NULL;
	struct fr_error error = { 0 };
	int err;

	if (client_message(client, "Rollback", &call, &error) < 0)
		return cli_report_error(request, &error);
	err = sd_bus_message_append(call, "s",
				    request->reason ?: "asked for by hand");
	if (err < 0)
		return fail_message(request, err);
	return finish_job(request, client, call, NULL);
}

static int find_job(struct client *client, char **ret, struct fr_error *error)
{
	_cleanup_error_ sd_bus_error from = SD_BUS_ERROR_NULL;
	_cleanup_message_ sd_bus_message *reply = NULL;
	const char *path;
	int err;

	err = sd_bus_get_property(client->bus, client_name(client),
				  CLIENT_OBJECT, CLIENT_MANAGER, "Job", &from,
				  &reply, "o");
	if (err >= 0)
		err = sd_bus_message_read(reply, "o", &path);
	if (err < 0)
		return client_fail(error, &from, err);
	if (!strcmp(path, "/"))
		return fr_fail(error, FR_NOT_FOUND, -ENOENT,
			       "no job is running");
	*ret = strdup(path);
	return *ret ? 0 : fr_fail_memory(error);
}

/* That the job did not come to its end is what was asked for. */
static int report_cancelled(const struct cli_request *request,
			    struct job_outcome *outcome)
{
	struct cli_result result = { .name = "done",
				     .message = "The job is cancelled" };

	if (outcome->failure != FR_CANCELLED) {
		result.failure = FR_BUSY;
		result.name = fr_failure_name(FR_BUSY);
		result.message = outcome->message;
	}
	return cli_report(request, &result);
}

static int cancel_schedule(const struct cli_request *request)
{
	static const struct cli_result done = {
		.name = "done",
		.message = "The commit that was scheduled is cancelled",
	};
	struct fr_error error = { 0 };

	if (schedule_cancel(&error) < 0)
		return cli_report_error(request, &error);
	return cli_report(request, &done);
}

int cli_cancel(const struct cli_request *request, struct client *client)
{
	struct job_outcome outcome = { 0 };
	struct fr_error error = { 0 };
	_cleanup_free_ char *path = NULL;
	struct progress progress;
	uint64_t unused;
	int status;

	progress_init(&progress, false);
	if (find_job(client, &path, &error) == -ENOENT &&
	    schedule_next(client, &unused))
		return cancel_schedule(request);
	if (!path || job_cancel(client, path, &progress, &outcome, &error) < 0)
		return cli_report_error(request, &error);
	status = report_cancelled(request, &outcome);
	job_outcome_done(&outcome);
	return status;
}

/* A system that is going down has no job for it: the answer is all there is. */
int cli_disarm(const struct cli_request *request, struct client *client)
{
	_cleanup_message_ sd_bus_message *call = NULL;
	struct fr_error error = { 0 };

	if (client_message(client, "Disarm", &call, &error) < 0)
		return cli_report_error(request, &error);
	return finish_job(
		request, client, call,
		"Disarmed: firmware boots the machine when the system is down");
}
