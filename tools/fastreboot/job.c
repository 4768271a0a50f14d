// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A job, seen from outside.
 *
 * The call that starts a job returns its object. The job then sends Progress,
 * and the manager JobRemoved when it has ended, well or not. For nothing to be
 * missed, the signals are subscribed to before the call is sent; a JobRemoved
 * that comes before the reply is kept until the reply says whether it is ours.
 *
 * Four things end the waiting: JobRemoved, an error as the reply, the daemon's
 * end, and SIGINT or SIGTERM once more. The first of these signals asks the job
 * to stop. While the call is not answered yet there is nothing to be stopped:
 * that is done when the reply is there.
 *
 * The signals are blocked before the call goes out, so that none can end this
 * program between the job's start and the moment when it can be cancelled. They
 * stay blocked: one that comes too late does not keep it from saying what the job
 * has come to, which is all that is left to do.
 */
#include "job.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define JOB_SLOTS 5

/* Some send a signal to a process and then to its group. That is one signal. */
#define ONE_USEC 500000

/**
 * struct job - a job that is being followed
 * @client: connection
 * @event: loop
 * @progress: where progress is shown
 * @error: the caller's error
 * @path: its object; NULL while the call is not answered
 * @removed: object of the last JobRemoved
 * @outcome: what that JobRemoved said
 * @interrupts: number of SIGINT and SIGTERM
 * @interrupted_usec: when the first of these came, CLOCK_MONOTONIC
 * @bytes: what its progress counts are bytes
 * @slots: subscriptions and calls, which refer to this struct
 */
struct job {
	struct client *client;
	sd_event *event;
	struct progress *progress;
	struct fr_error *error;
	char *path;
	char *removed;
	struct job_outcome outcome;
	int interrupts;
	uint64_t interrupted_usec;
	bool bytes;
	sd_bus_slot *slots[JOB_SLOTS];
};

enum job_slot {
	SLOT_REMOVED,
	SLOT_PROGRESS,
	SLOT_GONE,
	SLOT_CALL,
	SLOT_CANCEL,
};

static void job_done(struct job *job)
{
	for (int i = 0; i < JOB_SLOTS; i++)
		sd_bus_slot_unref(job->slots[i]);
	free(job->path);
	free(job->removed);
	job_outcome_done(&job->outcome);
	sd_event_unref(job->event);
}

#define _cleanup_job_ _cleanup_(job_done)

void job_outcome_done(struct job_outcome *outcome)
{
	free(outcome->result);
	free(outcome->message);
	json_object_put(outcome->details);
	*outcome = (struct job_outcome){ 0 };
}

static void say(struct job *job, const char *text)
{
	progress_clear(job->progress);
	fprintf(stderr, "fastreboot: %s\n", text);
}

static int on_cancelled(sd_bus_message *reply, void *userdata,
			sd_bus_error *unused)
{
	struct job *job = userdata;
	const sd_bus_error *from = sd_bus_message_get_error(reply);
	struct fr_error error;

	if (!from)
		return 0;
	client_fail(&error, from, -EBUSY);
	say(job, error.text);
	return 0;
}

static int send_cancel(struct job *job)
{
	return sd_bus_call_method_async(job->client->bus,
					&job->slots[SLOT_CANCEL],
					client_name(job->client), job->path,
					CLIENT_JOB, "Cancel", on_cancelled, job,
					NULL);
}

static int on_interrupt(sd_event_source *event_source,
			const struct signalfd_siginfo *info, void *userdata)
{
	struct job *job = userdata;
	uint64_t now;

	sd_event_now(job->event, CLOCK_MONOTONIC, &now);
	if (job->interrupts++ == 0) {
		job->interrupted_usec = now;
		say(job, "Cancelling; once more to stop waiting for it");
		return job->path ? send_cancel(job) : 0;
	}
	if (job->interrupts == 2 && now - job->interrupted_usec < ONE_USEC)
		return 0;
	fr_fail(job->error, FR_CANCELLED, -EINTR,
		"Not waiting any longer; 'fastreboot status' shows what has "
		"become of it");
	return sd_event_exit(job->event, -EINTR);
}

/* The loop ends when the reply and the signal of the end are both there. */
static bool is_over(const struct job *job)
{
	return job->path && job->removed && !strcmp(job->path, job->removed);
}

static int end_if_over(struct job *job)
{
	return is_over(job) ? sd_event_exit(job->event, 0) : 0;
}

/* They only add to the message: what can't be parsed is left out. */
static struct json_object *parse_details(const char *text)
{
	struct json_object *details;
	struct fr_error unused;

	if (cli_json_parse(text, NULL, &details, &unused) < 0)
		return NULL;
	return details;
}

static enum fr_failure failure_of(const char *result)
{
	if (!strcmp(result, "done"))
		return FR_OK;
	return fr_failure_from_name(result) ?: FR_FAILED;
}

static int on_removed(sd_bus_message *message, void *userdata,
		      sd_bus_error *unused)
{
	const char *path, *kind, *result, *text, *details;
	struct job *job = userdata;

	if (sd_bus_message_read(message, "ossss", &path, &kind, &result, &text,
				&details) < 0)
		return 0;
	if (job->path && strcmp(job->path, path))
		return 0;
	job_outcome_done(&job->outcome);
	free(job->removed);
	job->removed = strdup(path);
	job->outcome = (struct job_outcome){
		.failure = failure_of(result),
		.result = strdup(result),
		.message = strdup(text),
		.details = parse_details(details),
	};
	if (!job->removed || !job->outcome.result || !job->outcome.message)
		return sd_event_exit(job->event, fr_fail_memory(job->error));
	return end_if_over(job);
}

static int on_progress(sd_bus_message *message, void *userdata,
		       sd_bus_error *unused)
{
	const char *path = sd_bus_message_get_path(message);
	struct job *job = userdata;
	uint64_t done, total;
	const char *step;

	if (!job->path || !path || strcmp(job->path, path))
		return 0;
	if (sd_bus_message_read(message, "stt", &step, &done, &total) >= 0)
		progress_show(job->progress, step, done, total, job->bytes);
	return 0;
}

static int on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *unused)
{
	const sd_bus_error *from = sd_bus_message_get_error(reply);
	struct job *job = userdata;
	const char *path;
	int err;

	if (from) {
		err = -sd_bus_message_get_errno(reply);
		err = client_fail(job->error, from, err < 0 ? err : -EIO);
		return sd_event_exit(job->event, err);
	}
	err = sd_bus_message_read(reply, "o", &path);
	if (err < 0)
		return sd_event_exit(job->event,
				     client_fail(job->error, NULL, err));
	if (!strcmp(path, "/")) {
		job->outcome.result = strdup("done");
		return sd_event_exit(job->event, 0);
	}
	job->path = strdup(path);
	if (!job->path)
		return sd_event_exit(job->event, fr_fail_memory(job->error));
	if (job->interrupts && send_cancel(job) < 0)
		say(job, "It could not be cancelled");
	return end_if_over(job);
}

static bool is_still_there(sd_bus_message *message)
{
	const char *name, *before, *after;

	if (!sd_bus_message_is_signal(message, "org.freedesktop.DBus",
				      "NameOwnerChanged"))
		return false;
	return sd_bus_message_read(message, "sss", &name, &before, &after) >=
		       0 &&
	       (*after || !*before);
}

static int on_gone(sd_bus_message *message, void *userdata,
		   sd_bus_error *unused)
{
	struct job *job = userdata;
	int err;

	/* Its last words may have come before. An unanswered call gets an error
	 * as the reply, which tells more.
	 */
	if (is_still_there(message) || is_over(job) || !job->path)
		return 0;
	err = fr_fail(job->error, FR_NO_DAEMON, -ECONNRESET,
		      "fastrebootd ended before the job did; "
		      "'fastreboot status' shows what has become of it, "
		      "'journalctl -u fastrebootd' why");
	return sd_event_exit(job->event, err);
}

/* On the bus the sender is named, or any client could tell how a job ended. */
static int subscribe(struct job *job)
{
	const char *sender = client_name(job->client);
	sd_bus *bus = job->client->bus;
	int err;

	err = sd_bus_match_signal(bus, &job->slots[SLOT_REMOVED], sender,
				  CLIENT_OBJECT, CLIENT_MANAGER, "JobRemoved",
				  on_removed, job);
	if (err >= 0)
		err = sd_bus_match_signal(bus, &job->slots[SLOT_PROGRESS],
					  sender, NULL, CLIENT_JOB, "Progress",
					  on_progress, job);
	if (err >= 0)
		err = client_watch(job->client, on_gone, job,
				   &job->slots[SLOT_GONE]);
	return err;
}

static int catch_interrupts(struct job *job)
{
	int err = sd_event_add_signal(job->event, NULL, SIGINT, on_interrupt,
				      job);

	if (err >= 0)
		err = sd_event_add_signal(job->event, NULL, SIGTERM,
					  on_interrupt, job);
	return err;
}

static int prepare(struct job *job)
{
	int err = sd_event_new(&job->event);

	if (err >= 0)
		err = catch_interrupts(job);
	if (err >= 0)
		err = sd_bus_attach_event(job->client->bus, job->event, 0);
	if (err >= 0)
		err = subscribe(job);
	return err;
}

/* Verbs whose progress is something else have none but steps. */
static bool counts_bytes(sd_bus_message *call)
{
	return strcmp(sd_bus_message_get_member(call), "Commit");
}

static int wait_for_end(struct job *job)
{
	int err = sd_event_loop(job->event);

	sd_bus_detach_event(job->client->bus);
	if (err < 0 && job->error->failure == FR_OK)
		return client_fail(job->error, NULL, err);
	return err;
}

static int follow(struct job *job, sd_bus_message *call)
{
	int err = prepare(job);

	if (err >= 0)
		err = sd_bus_call_async(job->client->bus,
					&job->slots[SLOT_CALL], call, on_reply,
					job, 0);
	if (err < 0)
		return client_fail(job->error, NULL, err);
	return wait_for_end(job);
}

/* The end may be told before the answer is there: it is subscribed to first. */
static int cancel_and_follow(struct job *job)
{
	_cleanup_message_ sd_bus_message *call = NULL;
	int err = prepare(job);

	if (err >= 0)
		err = sd_bus_message_new_method_call(job->client->bus, &call,
						     client_name(job->client),
						     job->path, CLIENT_JOB,
						     "Cancel");
	if (err < 0)
		return client_fail(job->error, NULL, err);
	err = client_call(job->client, call, NULL, job->error);
	return err < 0 ? err : wait_for_end(job);
}

static void block_interrupts(void)
{
	sigset_t interrupts;

	sigemptyset(&interrupts);
	sigaddset(&interrupts, SIGINT);
	sigaddset(&interrupts, SIGTERM);
	sigprocmask(SIG_BLOCK, &interrupts, NULL);
}

/* What it came to is the caller's afterwards. */
static int take_outcome(struct job *job, int err, struct job_outcome *ret)
{
	progress_clear(job->progress);
	if (err < 0)
		return err;
	*ret = job->outcome;
	job->outcome = (struct job_outcome){ 0 };
	return 0;
}

int job_run(struct client *client, sd_bus_message *call,
	    struct progress *progress, struct job_outcome *ret,
	    struct fr_error *error)
{
	_cleanup_job_ struct job job = {
		.client = client,
		.progress = progress,
		.error = error,
		.bytes = counts_bytes(call),
	};

	block_interrupts();
	return take_outcome(&job, follow(&job, call), ret);
}

int job_cancel(struct client *client, const char *path,
	       struct progress *progress, struct job_outcome *ret,
	       struct fr_error *error)
{
	_cleanup_job_ struct job job = {
		.client = client,
		.progress = progress,
		.error = error,
		.path = strdup(path),
	};

	if (!job.path)
		return fr_fail_memory(error);
	block_interrupts();
	return take_outcome(&job, cancel_and_follow(&job), ret);
}
