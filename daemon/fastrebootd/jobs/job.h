/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Jobs: what takes longer than the event loop may wait.
 *
 * There is at most one. It runs in a thread of its own, which is the only one
 * that writes to the kernel's files while it is there; the main thread keeps
 * serving its callers meanwhile. A job's life:
 *
 *	job_start()	main thread: makes the thread
 *	type->run()	the job's thread: the work
 *	owner.ended()	main thread: what follows from it (policy/work.c)
 *	job_free()	main thread, after the buses were told
 *
 * The two threads share what is below "lock", and an eventfd that the job's
 * thread writes to when any of it has changed. The job's thread never touches
 * struct daemon: no file of this folder knows it. The thread has a configuration
 * of its own, read when the job starts, so that every job follows the
 * configuration as it is then.
 */
#ifndef FASTREBOOTD_JOB_H
#define FASTREBOOTD_JOB_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>
#include <systemd/sd-event.h>

#include "config.h"
#include "error.h"

struct job;
struct job_view;

/**
 * struct job_type - a kind of job
 * @name: "stage" and the like: an ABI
 * @action: polkit action that is needed to cancel it
 * @run: the work, in the job's thread; fills @error and returns a negative
 *	errno when it fails, else job_set_message() has been called
 * @release: frees the job's argument; may be NULL
 * @brings_back: it brings the machine back to where it was, so it starts with
 *	whatever of the configuration is in order
 */
struct job_type {
	const char *name;
	const char *action;
	int (*run)(struct job *job, struct fr_error *error);
	void (*release)(void *argument);
	bool brings_back;
};

/**
 * struct job_owner - whose a job is; all of it is for the main thread
 * @event: the loop
 * @progressed: the job is further than before
 * @ended: the thread is gone, the result stands in the job; to be freed by
 *	job_free(), in here or later
 * @userdata: of both
 */
struct job_owner {
	sd_event *event;
	void (*progressed)(void *userdata, const struct job *job,
			   const struct job_view *view);
	void (*ended)(void *userdata, struct job *job);
	void *userdata;
};

/**
 * struct job_view - how far a job is
 * @step: word for people
 * @done: of @total; both 0 in a step that does not count
 * @total: of whatever the step counts, mostly bytes
 * @cancellable: it can still be cancelled
 */
struct job_view {
	const char *step;
	uint64_t done;
	uint64_t total;
	bool cancellable;
};

/**
 * struct job - a job
 * @owner: whose it is; for the main thread only
 * @type: kind
 * @argument: of the kind; owned
 * @id: number, from 1, not used again
 * @path: D-Bus object
 * @config: as it was when the job started; for the job's thread
 * @err: result; valid once the job has ended, as all up to @details
 * @error: why it failed
 * @message: one line for people; owned, may be NULL
 * @details: JSON, depends on the kind; owned, may be NULL
 * @thread: its thread
 * @event_fd: written to when something below @lock has changed
 * @cancel_fd: readable once the job was asked to end
 * @event_source: of @event_fd
 * @lock: covers what follows
 * @view: how far it is
 * @told_usec: when the main thread was told of progress last, CLOCK_MONOTONIC
 * @cancelled: a caller has asked it to end
 * @finished: type->run() has returned
 */
struct job {
	struct job_owner owner;
	const struct job_type *type;
	void *argument;
	uint32_t id;
	char *path;
	struct fr_config config;

	int err;
	struct fr_error error;
	char *message;
	struct json_object *details;

	pthread_t thread;
	int event_fd;
	int cancel_fd;
	sd_event_source *event_source;

	pthread_mutex_t lock;
	struct job_view view;
	uint64_t told_usec;
	bool cancelled;
	bool finished;
};

/**
 * job_start() - start a job
 * @owner: whose it is; copied
 * @type: kind
 * @id: number
 * @argument: of the kind; owned by this function, also when it fails
 * @ret_job: the job
 * @error: what went wrong
 *
 * Main thread. The configuration is read first: with a broken one no job
 * starts, unless its kind has @brings_back.
 *
 * Return: 0 or a negative errno.
 */
int job_start(const struct job_owner *owner, const struct job_type *type,
	      uint32_t id, void *argument, struct job **ret_job,
	      struct fr_error *error);

/* Free a job that has ended. */
void job_free(struct job *job);

/* The word for how a job has ended: "done", or the name of a failure. */
const char *job_result(const struct job *job);

/* What a job that has ended says about it, one line for people. */
const char *job_text(const struct job *job);

/* The details of a job that has ended, as JSON; as long as the job. */
const char *job_details(const struct job *job);

/**
 * job_cancel() - ask a job to end
 * @job: running
 * @error: why it can't
 *
 * Main thread. The job ends later, or does not when it was too late.
 *
 * Return: 0, or -EBUSY with FR_BUSY if it can't be cancelled any more.
 */
int job_cancel(struct job *job, struct fr_error *error);

/**
 * job_look() - how far is it?
 * @job: running
 * @ret_view: a copy
 */
void job_look(struct job *job, struct job_view *ret_view);

/**
 * job_step() - begin a step
 * @job: running
 * @step: word for people; a constant
 * @cancellable: the job looks at job_check_cancelled() in it
 * @error: filled if the job has been cancelled
 *
 * The job's thread.
 *
 * Return: 0, or -ECANCELED with FR_CANCELLED; then the step did not begin.
 */
int job_step(struct job *job, const char *step, bool cancellable,
	     struct fr_error *error);

/**
 * job_progress() - tell how far the step is
 * @job: running
 * @done: of @total
 * @total: of whatever the step counts
 * @error: filled if the job has been cancelled
 *
 * The job's thread.
 *
 * Return: as of job_step().
 */
int job_progress(struct job *job, uint64_t done, uint64_t total,
		 struct fr_error *error);

/**
 * job_is_cancelled() - has a caller asked the job to end?
 * @job: running
 *
 * The job's thread.
 */
bool job_is_cancelled(struct job *job);

/**
 * job_cancel_fd() - to wait for that
 * @job: running
 *
 * Return: a file descriptor that becomes readable, and stays so, once a caller
 * has asked; job_is_cancelled() tells whether it still counts.
 */
int job_cancel_fd(const struct job *job);

/**
 * job_set_message() - what the job has come to
 * @job: running
 * @format: as for printf(3)
 *
 * The job's thread.
 */
void job_set_message(struct job *job, const char *format, ...)
	__attribute__((__format__(printf, 2, 3)));

/**
 * job_stop() - end a job without telling its owner, and free it
 * @job: may be NULL
 *
 * Waits for the thread: at the daemon's end.
 */
void job_stop(struct job *job);

#endif
