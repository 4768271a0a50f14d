// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The way to the jump, and back where that is possible:
 *
 *	checks		nothing has happened yet
 *	arm		undo: disarm
 *	quiesce hooks	undo: unfreeze hooks
 *	wipe		only with --now, and for a payload that wants it;
 *			systemd-shutdown does it otherwise. Can't be undone, but
 *			a file system is made and mounted again, and what systemd
 *			has stopped because it needs the mount is started again.
 *			What that is only this daemon knows: after one that was
 *			killed the journal asks for it to be done by hand
 *	watchdog	undo: stop it
 *	sync		only with --now; systemd does it otherwise
 *	the buses are told that the job is done, and what they have is flushed
 *	jump, or kexec.target
 *
 * Arming comes before the hooks: it hashes the payload once more, which would
 * keep quiesced services waiting, and an armed slot is what tells the next start
 * that there is something to be undone when this daemon is killed in between.
 *
 * The point of no return is the jump, or systemd's answer that it starts
 * kexec.target. Until then everything is undone when something fails. From then
 * on the watchdog is not fed any more.
 */
#include "commit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "base/journal.h"
#include "base/place.h"
#include "base/watchdog.h"
#include "cleanup.h"
#include "daemon.h"
#include "dependents.h"
#include "hooks.h"
#include "pool/slots.h"
#include "preflight.h"
#include "transport/systemd-units.h"
#include "wipe.h"

/* Where the state volume is mounted. */
#define STATE_MOUNT "var-lib-fastreboot-state.mount"
/* What it takes is memory's speed; the unit's own limit is shorter. */
#define WIPE_USEC (180ULL * 1000 * 1000)
#define MOUNT_USEC (30ULL * 1000 * 1000)
/* The unfreeze hooks, and whoever has asked for the commit, wait meanwhile. */
#define START_USEC (30ULL * 1000 * 1000)

/**
 * struct undo_request - what the job "undo" works with
 * @slot: that was armed
 * @release: of it; owned
 * @wipes: the volume may be unmounted, and overwritten
 * @stopped: what was stopped with its mount; owned, NULL if nobody knows
 * @cause: why it has to be undone; no failure if a daemon was killed
 */
struct undo_request {
	int slot;
	char *release;
	bool wipes;
	struct dependents *stopped;
	struct fr_error cause;
};

void commit_request_free(void *argument)
{
	struct commit_request *request = argument;

	if (request) {
		dependents_free(request->stopped);
		free(request->release);
	}
	free(request);
}

static struct json_object *new_details(struct json_object *checks,
				       const struct commit_request *request)
{
	struct json_object *details = json_object_new_object();

	json_object_object_add(
		details, "schema",
		json_object_new_string("org.fastreboot.commit/1"));
	json_object_object_add(details, "slot",
			       json_object_new_int(request->slot));
	json_object_object_add(details, "release",
			       json_object_new_string(request->release));
	json_object_object_add(details, "dry_run",
			       json_object_new_boolean(request->dry_run));
	json_object_object_add(details, "now",
			       json_object_new_boolean(request->now));
	json_object_object_add(details, "checks", checks);
	return details;
}

static int check_slot(struct job *job, struct commit_request *request,
		      const struct fr_pool_status *pool,
		      const struct fr_slot *slot, struct fr_error *error)
{
	uint64_t max_blackout = request->max_blackout_usec ?
					request->max_blackout_usec :
					job->config.max_blackout_usec;
	struct preflight_input input = { .pool = pool,
					 .slot = slot,
					 .now = request->now,
					 .rollback = request->rollback,
					 .max_blackout_usec = max_blackout };
	struct json_object *checks = json_object_new_array();

	json_object_put(job->details);
	job->details = new_details(checks, request);
	return preflight_run(job, &input, checks, error);
}

static int check(struct job *job, struct commit_request *request,
		 struct fr_error *error)
{
	_cleanup_pool_status_ struct fr_pool_status pool = { 0 };
	const struct fr_slot *slot = NULL;
	int err;

	err = job_step(job, "checking", true, error);
	if (err)
		return err;
	err = fr_pool_read(&pool, error);
	if (err)
		return err;
	err = slots_find_staged(&pool, request->slot, &slot, error);
	if (err)
		return err;
	request->slot = (int)slot->number;
	request->wipes = fr_payload_source_wipes(slot->source) &&
			 fr_pool_has_state(&pool);
	free(request->release);
	request->release = strdup(slot->release);
	if (!request->release)
		return fr_fail_memory(error);
	return check_slot(job, request, &pool, slot, error);
}

static void fill_environment(struct job *job, int slot, const char *release,
			     struct hooks_environment *ret_environment)
{
	*ret_environment = (struct hooks_environment){
		.slot = slot,
		.release = release ? release : "",
		.timeout_usec = job->config.hook_timeout_usec,
	};
}

/* Fails if there may be units that stay down, and that nobody names. */
static int start_again(struct dependents *stopped)
{
	struct fr_error error = { 0 };
	int err;

	if (!stopped)
		return -ENODATA;
	err = dependents_start(stopped, START_USEC, &error);
	if (err)
		journal_message(
			LOG_ERR,
			"not all units that need the state volume are known: %s",
			error.text);
	return err;
}

/*
 * Whether or not the wipe has begun, or even succeeded: where the volume is
 * mounted still, and all that needs it runs, this does nothing.
 */
static void mount_again(struct dependents *stopped)
{
	struct fr_error error = { 0 };
	int err = systemd_run_unit(STATE_MOUNT, MOUNT_USEC, &error);

	if (err && err != -ENOENT)
		journal_message(LOG_ERR, "no state volume: %s", error.text);
	if (!err)
		err = start_again(stopped);
	journal_message(
		LOG_ERR,
		"the state volume was to be wiped, and may have been%s",
		err ? ": start what was stopped with it, see 'systemctl "
		      "list-dependencies --reverse " STATE_MOUNT "'" :
		      "");
}

/* Nothing may keep it from getting to its end. */
static void undo(struct job *job, int slot, const char *release, bool wipes,
		 struct dependents *stopped)
{
	struct hooks_environment environment;
	struct fr_error error = { 0 };
	unsigned int count = 0;

	if (fr_pool_disarm(&error))
		journal_message(LOG_ERR, "%s", error.text);
	if (wipes)
		mount_again(stopped);
	fill_environment(job, slot, release, &environment);
	if (hooks_run(place_root(), "unfreeze", &environment, NULL, &count,
		      &error))
		journal_message(LOG_ERR, "%s", error.text);
}

static int quiesce(struct job *job, const struct commit_request *request,
		   struct fr_error *error)
{
	struct hooks_environment environment;
	unsigned int count = 0;
	int err;

	err = job_step(job, "quiescing", true, error);
	if (err)
		return err;
	fill_environment(job, request->slot, request->release, &environment);
	environment.rollback = request->rollback;
	environment.stop_on_failure = true;
	return hooks_run(place_root(), "quiesce", &environment, job, &count,
			 error);
}

static int run_wipe_program(struct job *job, int slot, const char *release,
			    struct fr_error *error)
{
	struct hooks_environment environment;
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s" FR_WIPE_PROGRAM, place_root()) < 0) {
		path = NULL;
		return fr_fail_memory(error);
	}
	fill_environment(job, slot, release, &environment);
	environment.timeout_usec = WIPE_USEC;
	return hooks_run_program(path, &environment, NULL, error);
}

/* With systemd by a unit, which has what it takes; the daemon does not. */
static int wipe(struct job *job, struct commit_request *request,
		struct fr_error *error)
{
	int err;

	if (!request->now || !request->wipes)
		return 0;
	err = job_step(job, "wiping", false, error);
	if (err)
		return err;
	request->stopped = dependents_find(STATE_MOUNT);
	request->unmounted = true;
	err = systemd_run_unit(FR_WIPE_UNIT, WIPE_USEC, error);
	if (err == -ENOENT)
		err = run_wipe_program(job, request->slot, request->release,
				       error);
	return err;
}

/* The last steps; not cancellable. */
static int make_ready(struct job *job, struct commit_request *request,
		      struct fr_error *error)
{
	int err;

	err = quiesce(job, request, error);
	if (!err)
		err = wipe(job, request, error);
	if (!err)
		err = job_step(job, "leaving", false, error);
	if (!err && request->now)
		sync();
	return err;
}

int commit_prepare(struct job *job, struct commit_request *request,
		   struct fr_error *error)
{
	int err;

	err = check(job, request, error);
	if (err || request->dry_run)
		return err;
	err = job_step(job, "arming", true, error);
	if (err)
		return err;
	err = fr_pool_arm((unsigned int)request->slot, error);
	if (err)
		return err;
	err = make_ready(job, request, error);
	if (err)
		undo(job, request->slot, request->release, request->unmounted,
		     request->stopped);
	return err;
}

static int run(struct job *job, struct fr_error *error)
{
	struct commit_request *request = job->argument;
	int err;

	err = commit_prepare(job, request, error);
	if (err)
		return err;
	job_set_message(job, "%s %s from slot %d",
			request->dry_run ? "a commit would boot" :
					   "the machine reboots into",
			*request->release ? request->release : "the kernel",
			request->slot);
	return 0;
}

/* The first check compares the slot's content. */
static void note_verified(struct daemon *daemon, struct job *job, int number)
{
	const struct fr_slot *slot = slots_get(&daemon->pool, number);
	struct json_object *checks, *first, *ok;

	if (slot &&
	    json_object_object_get_ex(job->details, "checks", &checks) &&
	    (first = json_object_array_get_idx(checks, 0)) &&
	    json_object_object_get_ex(first, "ok", &ok) &&
	    json_object_get_boolean(ok))
		daemon_set_verified(daemon, slot);
}

static void ended(struct daemon *daemon, struct job *job)
{
	const struct commit_request *request = job->argument;
	struct journal_fields fields = { .generation = daemon->pool.generation,
					 .slot = request->slot,
					 .release = request->release };

	note_verified(daemon, job, request->slot);
	if (request->dry_run)
		return;
	if (job->err) {
		fields.reason = fr_failure_name(job->error.failure);
		journal_event(JOURNAL_COMMIT_REFUSED, LOG_WARNING, &fields,
			      "no commit: %s", job->error.text);
		return;
	}
	daemon->leaving = true;
	journal_event(JOURNAL_COMMITTED, LOG_NOTICE, &fields, "%s",
		      job->message);
}

static void after(struct daemon *daemon, struct job *job)
{
	struct commit_request *request = job->argument;

	if (!job->err && !request->dry_run)
		commit_leave(daemon, request);
}

const struct job_type commit_job = {
	.name = "commit",
	.action = "org.fastreboot1.commit",
	.run = run,
	.ended = ended,
	.after = after,
	.release = commit_request_free,
};

static void start_watchdog(struct daemon *daemon)
{
	_cleanup_free_ char *path = watchdog_path(&daemon->config);
	struct fr_error error = { 0 };
	int err;

	if (!daemon->config.watchdog_usec || !path)
		return;
	err = watchdog_start(&daemon->watchdog, path,
			     daemon->config.watchdog_usec, &error);
	if (err && err != -ENOENT)
		journal_message(LOG_NOTICE, "no watchdog: %s", error.text);
}

#ifdef FR_TESTING
/* A test must never take down the machine that it runs on. */
static int jump(int how)
{
	FILE *file;
	char path[256];

	snprintf(path, sizeof(path), "%s/left", fr_pool_root());
	file = fopen(path, "we");
	if (!file)
		return -EIO;
	fprintf(file, "%s\n", how == RB_KEXEC ? "kexec" : "reboot");
	fclose(file);
	return getenv("FASTREBOOT_NO_JUMP") ? -EBUSY : 0;
}
#else
static int jump(int how)
{
	return reboot(how) < 0 ? -errno : 0;
}
#endif

static void start_undo(struct daemon *daemon, const struct fr_error *cause,
		       bool now, struct dependents *stopped);

static void leave_now(struct daemon *daemon, struct commit_request *request)
{
	struct fr_error error;
	int err = jump(RB_KEXEC);

	if (!err)
		return;
	fr_fail(&error, err == -ESTALE ? FR_STALE : FR_FAILED, err,
		"the kernel refuses to jump: %s; its log has more",
		strerror(-err));
	start_undo(daemon, &error, true, fr_steal_pointer(request->stopped));
}

static void leave_orderly(struct daemon *daemon)
{
	struct fr_error error;
	int err = systemd_start_unit(&daemon->systemd, "kexec.target");

	if (!err)
		return;
	fr_fail(&error, FR_FAILED, err,
		"can't ask systemd for kexec.target: %s", strerror(-err));
	commit_leave_failed(daemon, &error);
}

void commit_leave(struct daemon *daemon, struct commit_request *request)
{
	daemon->leaving = true;
	start_watchdog(daemon);
	bus_flush(&daemon->bus);
	if (request->now)
		leave_now(daemon, request);
	else
		leave_orderly(daemon);
}

static void undo_free(void *argument)
{
	struct undo_request *request = argument;

	dependents_free(request->stopped);
	free(request->release);
	free(request);
}

static int undo_run(struct job *job, struct fr_error *error)
{
	struct undo_request *request = job->argument;
	int err;

	err = job_step(job, "undoing", false, error);
	if (err)
		return err;
	undo(job, request->slot, request->release, request->wipes,
	     request->stopped);
	if (request->cause.failure) {
		*error = request->cause;
		return -EIO;
	}
	job_set_message(job, "slot %d is disarmed", request->slot);
	return 0;
}

static void undo_ended(struct daemon *daemon, struct job *job)
{
	const struct undo_request *request = job->argument;
	struct journal_fields fields = { .generation = daemon->pool.generation,
					 .slot = request->slot,
					 .release = request->release };

	if (job->err) {
		journal_event(JOURNAL_COMMIT_REFUSED, LOG_ERR, &fields,
			      "the machine stays: %s", job->error.text);
		return;
	}
	journal_event(
		JOURNAL_DISARMED, LOG_WARNING, &fields,
		"slot %d was armed, but the commit was interrupted: it is disarmed",
		request->slot);
}

static const struct job_type undo_job = {
	.name = "undo",
	.action = "org.fastreboot1.commit",
	.run = undo_run,
	.ended = undo_ended,
	.release = undo_free,
};

/*
 * @now: nobody knows how far a wipe has come, or there was one. @stopped is
 * owned.
 */
static void start_undo(struct daemon *daemon, const struct fr_error *cause,
		       bool now, struct dependents *stopped)
{
	struct undo_request *request = calloc(1, sizeof(*request));
	const struct fr_slot *slot;
	struct fr_error error = { 0 };

	daemon->leaving = false;
	confirm_release_watchdog(daemon);
	if (!request) {
		dependents_free(stopped);
		return;
	}
	request->stopped = stopped;
	daemon_refresh(daemon);
	request->slot = daemon->pool.armed;
	slot = slots_get(&daemon->pool, request->slot);
	request->release = slot ? strdup(slot->release) : NULL;
	request->wipes = now && fr_pool_has_state(&daemon->pool) &&
			 (!slot || fr_payload_source_wipes(slot->source));
	if (cause)
		request->cause = *cause;
	if (job_start(daemon, &undo_job, request, NULL, &error))
		journal_message(LOG_ERR, "can't undo the commit: %s",
				error.text);
}

void commit_leave_failed(struct daemon *daemon, const struct fr_error *error)
{
	start_undo(daemon, error, false, NULL);
}

void commit_undo(struct daemon *daemon)
{
	start_undo(daemon, NULL, true, NULL);
}

void commit_reboot(struct daemon *daemon)
{
	daemon->leaving = true;
	start_watchdog(daemon);
	bus_flush(&daemon->bus);
	if (!systemd_start_unit(&daemon->systemd, "reboot.target"))
		return;
	journal_message(LOG_WARNING,
			"no systemd to reboot by: doing it at once");
	sync();
	if (jump(RB_AUTOBOOT))
		journal_message(LOG_ERR, "can't reboot");
}
