// SPDX-License-Identifier: GPL-2.0-or-later
#include "policy/work.h"

#include "jobs/job.h"
#include "policy/daemon.h"

static void on_progress(void *userdata, const struct job *job,
			const struct job_view *view)
{
	struct daemon *daemon = userdata;

	bus_job_progress(&daemon->bus, job->path, view->step, view->done,
			 view->total);
}

static void tell_end(struct daemon *daemon, const struct job *job)
{
	struct bus_job_end end = { .path = job->path,
				   .kind = job->type->name,
				   .result = job_result(job),
				   .message = job_text(job),
				   .details = job_details(job) };

	bus_job_removed(&daemon->bus, &end);
}

/* A job has ended, what now? */
static void go_on(struct daemon *daemon)
{
	/* What follows may have started another one. */
	if (daemon->job)
		return;
	if (daemon->stopping)
		sd_event_exit(daemon->event, 0);
	else
		daemon->on_idle(daemon);
}

/* The last line of a job's life: the buses hear of it, then it is gone. */
static void on_end(void *userdata, struct job *job)
{
	struct daemon *daemon = userdata;
	const struct work *work = daemon->work;

	daemon->job = NULL;
	daemon_refresh(daemon);
	daemon_settle_mirror(daemon);
	daemon_set_last_job(daemon, job->type->name, job_result(job),
			    job_text(job));
	work->ended(daemon, job);
	tell_end(daemon, job);
	daemon_changed(daemon);
	if (work->after)
		work->after(daemon, job);
	job_free(job);
	go_on(daemon);
}

int work_start(struct daemon *daemon, const struct work *work, void *argument,
	       struct job **ret_job, struct fr_error *error)
{
	struct job_owner owner = { .event = daemon->event,
				   .progressed = on_progress,
				   .ended = on_end,
				   .userdata = daemon };
	struct job *job;
	int err;

	err = daemon_check_idle(daemon, error);
	if (err) {
		if (work->type->release)
			work->type->release(argument);
		return err;
	}
	err = job_start(&owner, work->type, ++daemon->jobs_started, argument,
			&job, error);
	if (err)
		return err;
	daemon->job = job;
	daemon->work = work;
	bus_job_new(&daemon->bus, job->path, work->type->name);
	daemon_changed(daemon);
	if (ret_job)
		*ret_job = job;
	return 0;
}

void work_stop(struct daemon *daemon)
{
	job_stop(daemon->job);
	daemon->job = NULL;
}
