// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The way to the jump, and back where that is possible:
 *
 *	checks		nothing has happened yet
 *	sync		only with --now: what services have left in memory is written
 *			while they work, so that the sync below has little to do
 *	the disk is told	undo: it is told that the machine stays
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
 * Each wait has an end, and its own message: HookTimeoutSec= for each hook,
 * WIPE_USEC, SyncTimeoutSec=, and BUS_FLUSH_USEC for the buses. fastrebootd(8) has
 * the sum.
 *
 * The point of no return is the jump, or systemd's answer that it starts
 * kexec.target. Until then everything is undone when something fails. From then
 * on the watchdog is not fed any more.
 */
#include "jobs/commit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/journal.h"
#include "base/place.h"
#include "base/sync.h"
#include "cleanup.h"
#include "jobs/dependents.h"
#include "jobs/hooks.h"
#include "jobs/preflight.h"
#include "pool.h"
#include "pool/mirror.h"
#include "pool/slots.h"
#include "root.h"
#include "transport/systemd-units.h"
#include "wipe.h"

/* Where the state volume is mounted. */
#define STATE_MOUNT "var-lib-fastreboot-state.mount"
/* What it takes is memory's speed; the unit's own limit is shorter. */
#define WIPE_USEC (180ULL * 1000 * 1000)
#define MOUNT_USEC (30ULL * 1000 * 1000)
/* The unfreeze hooks, and whoever has asked for the commit, wait meanwhile. */
#define START_USEC (30ULL * 1000 * 1000)

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
	struct preflight_facts facts = {
		.pool = pool,
		.slot = slot,
		.now = request->now,
		.unconfirmed = request->unconfirmed,
		.ignore_inhibitors = request->ignore_inhibitors,
		.rollback = request->rollback,
		.max_blackout_usec = max_blackout,
	};
	struct json_object *checks = json_object_new_array();

	json_object_put(job->details);
	job->details = new_details(checks, request);
	return preflight_run(job, &facts, checks, error);
}

/* The pool, with the tries that count. */
static int read_pool(struct fr_pool_status *ret_pool, struct mirror *ret_mirror,
		     struct fr_error *error)
{
	char boot_id[MIRROR_BOOT_ID_SIZE];
	int err = fr_pool_read(ret_pool, error);

	if (err)
		return err;
	/* The daemon's start has told of one that can't be read. */
	if (mirror_load(fr_root(), ret_mirror, NULL))
		*ret_mirror = (struct mirror){ 0 };
	place_boot_id(boot_id);
	mirror_apply(ret_mirror, boot_id, ret_pool);
	return 0;
}

static int store_commit(struct mirror *mirror,
			const struct fr_pool_status *pool, const char *release,
			struct fr_error *error)
{
	char boot_id[MIRROR_BOOT_ID_SIZE];

	place_boot_id(boot_id);
	if (mirror_commit(mirror, boot_id, pool, release))
		return fr_fail_memory(error);
	return mirror_store(fr_root(), mirror, error);
}

/*
 * Before the slot is armed: from then on the machine may be gone at any moment.
 * A disk that can't be written to is a reason to stay only where it would be the
 * only one that knows the way back.
 */
static int tell_disk(const struct commit_request *request,
		     struct fr_error *error)
{
	_cleanup_pool_status_ struct fr_pool_status pool = { 0 };
	_cleanup_mirror_ struct mirror mirror = { 0 };
	struct fr_error disk_error = { 0 };
	int err = read_pool(&pool, &mirror, error);

	if (err)
		return err;
	err = store_commit(&mirror, &pool, request->release, &disk_error);
	if (err && !request->rollback && !fr_pool_is_confirmed(&pool))
		return fr_fail(
			error, FR_REFUSED, err,
			"%s: from a kernel that is not confirmed the way back would be lost",
			disk_error.text);
	if (err)
		journal_message(
			LOG_WARNING,
			"%s; where the ledger is lost, so are the tries",
			disk_error.text);
	return 0;
}

static void tell_disk_that_we_stay(void)
{
	_cleanup_mirror_ struct mirror mirror = { 0 };
	char boot_id[MIRROR_BOOT_ID_SIZE];
	struct fr_error error = { 0 };

	place_boot_id(boot_id);
	if (!mirror_load(fr_root(), &mirror, NULL) &&
	    mirror_take_back(&mirror, boot_id) &&
	    mirror_store(fr_root(), &mirror, &error))
		journal_message(LOG_WARNING, "%s", error.text);
}

static int check(struct job *job, struct commit_request *request,
		 struct fr_error *error)
{
	_cleanup_pool_status_ struct fr_pool_status pool = { 0 };
	_cleanup_mirror_ struct mirror mirror = { 0 };
	const struct fr_slot *slot = NULL;
	int err;

	err = job_step(job, "checking", true, error);
	if (err)
		return err;
	err = read_pool(&pool, &mirror, error);
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

/* Fails if units may stay down that no message has named. */
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
	tell_disk_that_we_stay();
	if (wipes)
		mount_again(stopped);
	fill_environment(job, slot, release, &environment);
	if (hooks_run(fr_root(), "unfreeze", &environment, NULL, &count,
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
	return hooks_run(fr_root(), "quiesce", &environment, job, &count,
			 error);
}

static int run_wipe_program(struct job *job, int slot, const char *release,
			    struct fr_error *error)
{
	struct hooks_environment environment;
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s" FR_WIPE_PROGRAM, fr_root()) < 0) {
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
		err = sync_disks(job->config.sync_timeout_usec, -1, error);
	return err;
}

/* Nothing has happened yet: it can be waited for, and cancelled. */
static int sync_first(struct job *job, const struct commit_request *request,
		      struct fr_error *error)
{
	int err;

	if (!request->now)
		return 0;
	err = job_step(job, "syncing", true, error);
	if (err)
		return err;
	return sync_disks(job->config.sync_timeout_usec, job_cancel_fd(job),
			  error);
}

int commit_prepare(struct job *job, struct commit_request *request,
		   struct fr_error *error)
{
	int err;

	err = check(job, request, error);
	if (err || request->dry_run)
		return err;
	err = sync_first(job, request, error);
	if (err)
		return err;
	err = job_step(job, "arming", true, error);
	if (err)
		return err;
	err = tell_disk(request, error);
	if (err)
		return err;
	err = fr_pool_arm((unsigned int)request->slot, error);
	if (err) {
		tell_disk_that_we_stay();
		return err;
	}
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

const struct job_type commit_job = {
	.name = "commit",
	.action = "org.fastreboot1.commit",
	.run = run,
	.release = commit_request_free,
};

void undo_request_free(void *argument)
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

const struct job_type undo_job = {
	.name = "undo",
	.action = "org.fastreboot1.commit",
	.run = undo_run,
	.release = undo_request_free,
	.brings_back = true,
};
