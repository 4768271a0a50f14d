// SPDX-License-Identifier: GPL-2.0-or-later
#include "jobs/job.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "cleanup.h"
#include "root.h"
#include "transport/names.h"

/* Often enough for a progress bar to move. */
#define TELL_USEC (50 * 1000)

/* Wake the main thread. The lock is held. */
static void tell(struct job *job)
{
	uint64_t one = 1;

	job->told_usec = clock_usec();
	/* Fails only when the counter is full, and then it is readable. */
	if (write(job->event_fd, &one, sizeof(one)) < 0)
		return;
}

static void *thread_main(void *userdata)
{
	struct job *job = userdata;

	job->err = job->type->run(job, &job->error);
	pthread_mutex_lock(&job->lock);
	job->finished = true;
	tell(job);
	pthread_mutex_unlock(&job->lock);
	return NULL;
}

void job_free(struct job *job)
{
	sd_event_source_disable_unref(job->event_source);
	fr_closep(&job->event_fd);
	fr_closep(&job->cancel_fd);
	if (job->type->release)
		job->type->release(job->argument);
	fr_config_done(&job->config);
	json_object_put(job->details);
	free(job->message);
	free(job->path);
	pthread_mutex_destroy(&job->lock);
	free(job);
}

const char *job_result(const struct job *job)
{
	return job->err ? fr_failure_name(job->error.failure) : "done";
}

const char *job_text(const struct job *job)
{
	if (job->err)
		return job->error.text;
	return job->message ? job->message : "";
}

const char *job_details(const struct job *job)
{
	if (!job->details)
		return "{}";
	return json_object_to_json_string_ext(
		job->details,
		JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}

static int on_told(sd_event_source *event_source, int fd, uint32_t events,
		   void *userdata)
{
	struct job *job = userdata;
	struct job_view view;
	uint64_t count;
	bool finished;

	if (read(fd, &count, sizeof(count)) < 0)
		return 0;
	pthread_mutex_lock(&job->lock);
	finished = job->finished;
	view = job->view;
	pthread_mutex_unlock(&job->lock);

	job->owner.progressed(job->owner.userdata, job, &view);
	if (finished) {
		pthread_join(job->thread, NULL);
		job->owner.ended(job->owner.userdata, job);
	}
	return 0;
}

static int job_new(const struct job_owner *owner, const struct job_type *type,
		   uint32_t id, void *argument, struct job **ret_job)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job) {
		if (type->release)
			type->release(argument);
		return -ENOMEM;
	}
	*job = (struct job){ .owner = *owner,
			     .type = type,
			     .argument = argument,
			     .id = id,
			     .event_fd = -1,
			     .cancel_fd = -1,
			     .view = { .step = "starting",
				       .cancellable = true } };
	pthread_mutex_init(&job->lock, NULL);
	job->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	job->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (job->event_fd < 0 || job->cancel_fd < 0 ||
	    asprintf(&job->path, BUS_JOBS "/%u", job->id) < 0) {
		job->path = NULL;
		job_free(job);
		return -ENOMEM;
	}
	*ret_job = job;
	return 0;
}

static int load_config(struct job *job, struct fr_error *error)
{
	if (!job->type->brings_back)
		return fr_config_load(fr_root(), &job->config, error);
	if (fr_config_salvage(fr_root(), &job->config))
		return fr_fail_memory(error);
	return 0;
}

static int job_run(struct job *job, struct fr_error *error)
{
	int err;

	err = load_config(job, error);
	if (err)
		return err;
	err = sd_event_add_io(job->owner.event, &job->event_source,
			      job->event_fd, EPOLLIN, on_told, job);
	if (err >= 0)
		err = -pthread_create(&job->thread, NULL, thread_main, job);
	if (err < 0)
		return fr_fail(error, FR_NO_MEMORY, err,
			       "can't start a job: %s", strerror(-err));
	return 0;
}

int job_start(const struct job_owner *owner, const struct job_type *type,
	      uint32_t id, void *argument, struct job **ret_job,
	      struct fr_error *error)
{
	struct job *job;
	int err;

	err = job_new(owner, type, id, argument, &job);
	if (err)
		return fr_fail_memory(error);
	err = job_run(job, error);
	if (err) {
		job_free(job);
		return err;
	}
	*ret_job = job;
	return 0;
}

/* The lock is held. */
static void cancel(struct job *job)
{
	uint64_t one = 1;

	job->cancelled = true;
	if (write(job->cancel_fd, &one, sizeof(one)) < 0)
		return;
}

int job_cancel(struct job *job, struct fr_error *error)
{
	bool cancellable;

	pthread_mutex_lock(&job->lock);
	cancellable = job->view.cancellable && !job->finished;
	if (cancellable)
		cancel(job);
	pthread_mutex_unlock(&job->lock);
	if (cancellable)
		return 0;
	return fr_fail(error, FR_BUSY, -EBUSY,
		       "it is too late to cancel it: wait for its end");
}

void job_look(struct job *job, struct job_view *ret_view)
{
	pthread_mutex_lock(&job->lock);
	*ret_view = job->view;
	pthread_mutex_unlock(&job->lock);
}

/* Cancelled, in a step that can be? The lock is held. */
static int check_cancelled(struct job *job, struct fr_error *error)
{
	if (!job->cancelled || !job->view.cancellable)
		return 0;
	return fr_fail(error, FR_CANCELLED, -ECANCELED, "cancelled");
}

int job_step(struct job *job, const char *step, bool cancellable,
	     struct fr_error *error)
{
	int err;

	pthread_mutex_lock(&job->lock);
	err = check_cancelled(job, error);
	if (!err) {
		job->view = (struct job_view){ .step = step,
					       .cancellable = cancellable };
		tell(job);
	}
	pthread_mutex_unlock(&job->lock);
	return err;
}

int job_progress(struct job *job, uint64_t done, uint64_t total,
		 struct fr_error *error)
{
	int err;

	pthread_mutex_lock(&job->lock);
	job->view.done = done;
	job->view.total = total;
	if (done == total || clock_usec() - job->told_usec >= TELL_USEC)
		tell(job);
	err = check_cancelled(job, error);
	pthread_mutex_unlock(&job->lock);
	return err;
}

bool job_is_cancelled(struct job *job)
{
	int err;

	pthread_mutex_lock(&job->lock);
	err = check_cancelled(job, NULL);
	pthread_mutex_unlock(&job->lock);
	return err != 0;
}

int job_cancel_fd(const struct job *job)
{
	return job->cancel_fd;
}

void job_set_message(struct job *job, const char *format, ...)
{
	va_list arguments;

	free(job->message);
	va_start(arguments, format);
	if (vasprintf(&job->message, format, arguments) < 0)
		job->message = NULL;
	va_end(arguments);
}

void job_stop(struct job *job)
{
	if (!job)
		return;
	job_cancel(job, NULL);
	pthread_join(job->thread, NULL);
	job_free(job);
}
