// SPDX-License-Identifier: GPL-2.0-or-later
#include "policy/daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <systemd/sd-daemon.h>

#include "base/clock.h"
#include "base/journal.h"
#include "cleanup.h"
#include "metrics.h"
#include "pool/describe.h"
#include "pool/health.h"
#include "pool/slots.h"
#include "root.h"

int daemon_check_idle(const struct daemon *daemon, struct fr_error *error)
{
	if (daemon->leaving)
		return fr_fail(error, FR_BUSY, -EBUSY, "a reboot is under way");
	if (daemon->stopping)
		return fr_fail(error, FR_BUSY, -EBUSY,
			       "fastrebootd is being stopped");
	if (daemon->job)
		return fr_fail(
			error, FR_BUSY, -EBUSY,
			"another job is running: %s; wait for it, or cancel it",
			daemon->job->type->name);
	return 0;
}

int daemon_check_pool(const struct daemon *daemon, struct fr_error *error)
{
	if (daemon->supported && daemon->pool.present)
		return 0;
	if (error)
		*error = daemon->pool_error;
	return daemon->pool_error.failure == FR_NO_POOL ? -ENODEV : -EOPNOTSUPP;
}

/* A time of verification belongs to the payload that was there. */
static void forget_verified(struct daemon *daemon)
{
	for (size_t i = 0; i < FR_SLOTS_MAX; i++) {
		const struct fr_slot *slot = slots_get(&daemon->pool, (int)i);

		if (!slot || (slot->status != FR_SLOT_SEALED &&
			      slot->status != FR_SLOT_ARMED))
			daemon->verified_at[i][0] = '\0';
	}
}

static void apply_mirror(struct daemon *daemon)
{
	daemon->tries_from_disk =
		mirror_apply(&daemon->mirror, daemon->boot_id, &daemon->pool);
}

/* What can't be read was told of at the start. */
static void read_mirror(struct daemon *daemon)
{
	struct mirror mirror;

	if (mirror_load(fr_root(), &mirror, NULL))
		return;
	mirror_done(&daemon->mirror);
	daemon->mirror = mirror;
}

void daemon_refresh(struct daemon *daemon)
{
	struct fr_pool_status pool;
	struct fr_error error = { 0 };

	if (daemon->job) {
		fr_pool_read_states(&daemon->pool);
		apply_mirror(daemon);
		return;
	}
	if (!fr_pool_read(&pool, &error)) {
		fr_pool_status_clear(&daemon->pool);
		daemon->pool = pool;
		daemon->supported = true;
		fr_pool_check(&pool, &error);
	} else if (error.failure == FR_UNSUPPORTED) {
		fr_pool_status_clear(&daemon->pool);
		daemon->supported = false;
	} else {
		/* What was read before is better than nothing. */
		journal_message(LOG_WARNING, "%s", error.text);
		return;
	}
	daemon->pool_error = error;
	read_mirror(daemon);
	apply_mirror(daemon);
	forget_verified(daemon);
}

bool daemon_confirmed(const struct daemon *daemon)
{
	return fr_pool_is_confirmed(&daemon->pool);
}

void daemon_store_mirror(struct daemon *daemon)
{
	struct fr_error error = { 0 };

	if (mirror_store(fr_root(), &daemon->mirror, &error))
		journal_message(
			LOG_WARNING,
			"%s; where the ledger is lost, so are the tries, and versions that "
			"were confirmed are not remembered",
			error.text);
}

void daemon_settle_mirror(struct daemon *daemon)
{
	bool changed =
		mirror_settle(&daemon->mirror, daemon->boot_id, &daemon->pool);

	if (mirror_note_version(&daemon->mirror, &daemon->pool) || changed)
		daemon_store_mirror(daemon);
}

void daemon_set_last_job(struct daemon *daemon, const char *kind,
			 const char *result, const char *message)
{
	struct last_job *last = &daemon->last_job;

	free(last->kind);
	free(last->result);
	free(last->message);
	last->kind = strdup(kind);
	last->result = strdup(result);
	last->message = strdup(message);
	clock_text(last->ended_at);
}

void daemon_set_verified(struct daemon *daemon, const struct fr_slot *slot)
{
	clock_text(daemon->verified_at[slot->number]);
}

static void read_phases(struct daemon *daemon)
{
	_cleanup_free_ char *text = NULL;

	if (!daemon->pool.present || fr_pool_read_timeline(&text, NULL) ||
	    fr_timeline_parse(text, &daemon->timeline, NULL))
		daemon->timeline = (struct fr_timeline){ 0 };
}

bool daemon_read_timeline(struct daemon *daemon,
			  struct fr_timeline *ret_timeline)
{
	struct fr_timeline timeline;
	uint64_t entry = 0;

	if (!daemon->job)
		read_phases(daemon);
	timeline = daemon->timeline;
	if (!timeline.n_phases)
		return false;
	if (fr_timeline_phase(&timeline, "kernel_entry", &entry))
		timeline.shutdown_ns =
			history_shutdown_ns(&daemon->history, entry);
	if (daemon->systemd.start_usec)
		timeline.start_ns = (int64_t)daemon->systemd.start_usec * 1000;
	*ret_timeline = timeline;
	return true;
}

/*
 * By the clock as it is now: the timer counts since the kernel's start, and a
 * clock that is set does not move it.
 */
static time_t get_deadline(const struct daemon *daemon)
{
	struct timespec real, now;
	uint64_t end = 0;

	if (!daemon->confirm.timer || !daemon->config.rollback_automatic ||
	    sd_event_source_get_time(daemon->confirm.timer, &end) < 0)
		return 0;
	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_BOOTTIME, &now);
	return real.tv_sec - now.tv_sec +
	       ((time_t)end + (real.tv_nsec - now.tv_nsec) / 1000) / 1000000;
}

static void fill_facts(struct daemon *daemon, struct describe_facts *facts)
{
	*facts = (struct describe_facts){
		.supported = daemon->supported,
		.pool = &daemon->pool,
		.pool_error = daemon->pool_error.text,
		.release = daemon->release,
		.confirmed = daemon_confirmed(daemon),
		.max_tries = daemon->config.max_tries,
		.deadline = get_deadline(daemon),
		.tries_from_disk = daemon->tries_from_disk,
		.lost_release = daemon->mirror.release,
		.version_floor = daemon->mirror.version_floor,
		.leaving = daemon->leaving,
	};
	if (daemon->history.started)
		return;
	facts->history_status = daemon->history.status;
	facts->history_message = daemon->history.message;
}

struct json_object *daemon_describe(struct daemon *daemon, bool privileged)
{
	const struct last_job *last = &daemon->last_job;
	struct describe_job last_job = { .kind = last->kind,
					 .result = last->result,
					 .message = last->message,
					 .ended_at = last->ended_at };
	const char *verified_at[FR_SLOTS_MAX];
	struct json_object *status;
	struct describe_facts facts;
	struct fr_timeline timeline;
	struct describe_job job;
	struct job_view view;

	fill_facts(daemon, &facts);
	facts.privileged = privileged;
	facts.health = health_read(fr_root());
	for (size_t i = 0; i < FR_SLOTS_MAX; i++)
		verified_at[i] = daemon->verified_at[i];
	facts.verified_at = verified_at;
	if (daemon->job) {
		job_look(daemon->job, &view);
		job = (struct describe_job){ .kind = daemon->job->type->name,
					     .step = view.step,
					     .done = view.done,
					     .total = view.total };
		facts.job = &job;
	}
	if (last->kind)
		facts.last_job = &last_job;
	/* "timeline" waits for the kernel while a job has it hash something. */
	if (!daemon->job && daemon_read_timeline(daemon, &timeline))
		facts.timeline = &timeline;
	status = describe_status(&facts);
	json_object_put(facts.health);
	return status;
}

/* Only where a collector reads them, or File= asks for them. */
static void write_metrics(struct daemon *daemon,
			  const struct fr_metrics *metrics)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_free_ char *path = NULL;
	struct fr_error error = { 0 };

	if (fr_metrics_format(metrics, &text) ||
	    asprintf(&path, "%s%s", fr_root(),
		     fr_metrics_path(daemon->config.metrics_file)) < 0) {
		path = NULL;
		return;
	}
	if (fr_metrics_write(path, text, &error))
		journal_message(LOG_DEBUG, "%s", error.text);
}

void daemon_update_metrics(struct daemon *daemon)
{
	struct describe_facts facts;
	struct fr_timeline timeline;
	struct fr_metrics metrics;
	char message[256];

	/* Between arm and jump no disk is waited for. */
	if (!daemon->supported || daemon->job || daemon->leaving)
		return;
	fill_facts(daemon, &facts);
	metrics = (struct fr_metrics){
		.pool = &daemon->pool,
		.release = daemon->release,
		.confirmed = facts.confirmed,
		.update_status = update_status_name(describe_update_status(
			&facts, message, sizeof(message))),
	};
	if (daemon_read_timeline(daemon, &timeline))
		metrics.timeline = &timeline;
	write_metrics(daemon, &metrics);
}

/* Not between arm and jump: sd_notify() waits for a systemd that does not read. */
static void tell_systemd(struct daemon *daemon)
{
	if (daemon->leaving)
		return;
	if (!daemon->supported || !daemon->pool.present)
		sd_notifyf(0, "STATUS=No pool: %s", daemon->pool_error.text);
	else if (daemon->job)
		sd_notifyf(0, "STATUS=Job: %s", daemon->job->type->name);
	else if (!daemon_confirmed(daemon))
		sd_notifyf(0, "STATUS=Waiting for the confirmation of %s",
			   daemon->release);
	else
		sd_notify(0, "STATUS=Idle");
}

void daemon_changed(struct daemon *daemon)
{
	bus_properties_changed(&daemon->bus);
	tell_systemd(daemon);
	daemon_update_metrics(daemon);
}

void daemon_done(struct daemon *daemon)
{
	fr_pool_status_clear(&daemon->pool);
	mirror_done(&daemon->mirror);
	fr_config_done(&daemon->config);
	free(daemon->last_job.kind);
	free(daemon->last_job.result);
	free(daemon->last_job.message);
}
