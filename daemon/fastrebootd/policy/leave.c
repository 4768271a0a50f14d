// SPDX-License-Identifier: GPL-2.0-or-later
#include "policy/leave.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "base/journal.h"
#include "base/sync.h"
#include "cleanup.h"
#include "jobs/commit.h"
#include "jobs/dependents.h"
#include "policy/daemon.h"
#include "policy/feed.h"
#include "pool/slots.h"
#include "transport/logind.h"

static void undo_ended(struct daemon *daemon, struct job *job)
{
	const struct undo_request *request = job->argument;
	struct journal_fields fields = { .generation = daemon->pool.generation,
					 .slot = request->slot,
					 .release = request->release };

	if (job->err) {
		journal_event(FR_EVENT_COMMIT_REFUSED, LOG_ERR, &fields,
			      "the machine stays: %s", job->error.text);
		return;
	}
	if (request->by_hand) {
		journal_event(FR_EVENT_DISARMED, LOG_NOTICE, &fields,
			      "slot %d is disarmed, as it was asked for",
			      request->slot);
		return;
	}
	journal_event(
		FR_EVENT_DISARMED, LOG_WARNING, &fields,
		"slot %d was armed, but the commit was interrupted: it is disarmed",
		request->slot);
}

static const struct work undo_work = {
	.type = &undo_job,
	.ended = undo_ended,
};

/* Takes @stopped, also where it fails. */
static struct undo_request *make_undo(struct daemon *daemon,
				      const struct fr_error *cause, bool now,
				      struct dependents *stopped)
{
	struct undo_request *request = calloc(1, sizeof(*request));
	const struct fr_slot *slot;

	if (!request) {
		dependents_free(stopped);
		return NULL;
	}
	request->stopped = stopped;
	request->slot = daemon->pool.armed;
	slot = slots_get(&daemon->pool, request->slot);
	request->release = slot ? strdup(slot->release) : NULL;
	request->wipes = now && fr_pool_has_state(&daemon->pool) &&
			 (!slot || fr_payload_source_wipes(slot->source));
	if (cause)
		request->cause = *cause;
	return request;
}

/* What needs no job, and matters most: the next reboot is an ordinary one. */
static void disarm_at_once(struct daemon *daemon, const char *why)
{
	struct fr_error error = { 0 };

	if (fr_pool_disarm(&error))
		journal_message(LOG_ERR, "can't undo the commit: %s; %s", why,
				error.text);
	else
		journal_message(
			LOG_ERR,
			"can't undo the commit: %s; the slot is disarmed, but no unfreeze hook has run",
			why);
	daemon_refresh(daemon);
}

/*
 * @now: it is not known how far a wipe has come, or there was one. @stopped is
 * owned.
 */
static void start_undo(struct daemon *daemon, const struct fr_error *cause,
		       bool now, struct dependents *stopped)
{
	struct undo_request *request;
	struct fr_error error = { 0 };

	daemon->leaving = false;
	feed_release(daemon);
	daemon_refresh(daemon);
	request = make_undo(daemon, cause, now, stopped);
	if (!request)
		disarm_at_once(daemon, "out of memory");
	else if (work_start(daemon, &undo_work, request, NULL, &error))
		disarm_at_once(daemon, error.text);
}

void leave_failed(struct daemon *daemon, const struct fr_error *error)
{
	start_undo(daemon, error, false, NULL);
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

static void start_target(struct daemon *daemon)
{
	struct fr_error error;
	int err = systemd_start_unit(&daemon->systemd, "kexec.target");

	if (!err)
		return;
	fr_fail(&error, FR_FAILED, err,
		"can't ask systemd for kexec.target: %s", strerror(-err));
	leave_failed(daemon, &error);
}

static void on_accepted(void *userdata)
{
	journal_message(LOG_INFO, "logind reboots by kexec");
}

/* As one that is too old does, or has no answer: systemd itself can do it, too. */
static void on_refused(void *userdata, const struct fr_error *error)
{
	struct daemon *daemon = userdata;

	if (!daemon->leaving)
		return;
	journal_message(LOG_NOTICE, "%s; asking systemd", error->text);
	start_target(daemon);
}

static void on_cancelled(void *userdata, const struct fr_error *error)
{
	struct daemon *daemon = userdata;

	if (daemon->leaving)
		leave_failed(daemon, error);
}

static const struct logind_events logind_events = {
	.accepted = on_accepted,
	.refused = on_refused,
	.cancelled = on_cancelled,
};

static void leave_orderly(struct daemon *daemon)
{
	daemon->logind.events = &logind_events;
	daemon->logind.userdata = daemon;
	if (logind_reboot_by_kexec(&daemon->logind, daemon->event))
		start_target(daemon);
}

/* The slot is armed: a client that does not read must not keep the machine. */
static void flush(struct daemon *daemon)
{
	unsigned int count = bus_flush(&daemon->bus, BUS_FLUSH_USEC);

	if (count)
		journal_message(
			LOG_WARNING,
			"%u clients have not read how the job has ended",
			count);
}

void leave(struct daemon *daemon, struct commit_request *request)
{
	daemon->leaving = true;
	if (request->now)
		feed_for_the_jump(daemon);
	else
		feed_hand_over(daemon);
	flush(daemon);
	if (request->now)
		leave_now(daemon, request);
	else
		leave_orderly(daemon);
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
		journal_event(FR_EVENT_COMMIT_REFUSED, LOG_WARNING, &fields,
			      "no commit: %s", job->error.text);
		return;
	}
	daemon->leaving = true;
	journal_event(FR_EVENT_COMMITTED, LOG_NOTICE, &fields, "%s",
		      job->message);
}

static void after(struct daemon *daemon, struct job *job)
{
	struct commit_request *request = job->argument;

	if (!job->err && !request->dry_run)
		leave(daemon, request);
}

const struct work commit_work = {
	.type = &commit_job,
	.ended = ended,
	.after = after,
};

void leave_undo(struct daemon *daemon)
{
	start_undo(daemon, NULL, true, NULL);
}

/* Nothing is undone: what was quiesced goes down with the system. */
static int disarm_leaving(struct daemon *daemon, struct fr_error *error)
{
	struct journal_fields fields = { .generation = daemon->pool.generation,
					 .slot = daemon->pool.armed };
	int err = fr_pool_disarm(error);

	if (err)
		return err;
	if (mirror_take_back(&daemon->mirror, daemon->boot_id))
		daemon_store_mirror(daemon);
	journal_event(
		FR_EVENT_DISARMED, LOG_NOTICE, &fields,
		"slot %d is disarmed, as it was asked for: firmware boots the machine",
		fields.slot);
	daemon_refresh(daemon);
	daemon_changed(daemon);
	return 0;
}

static int disarm_staying(struct daemon *daemon, struct job **ret_job,
			  struct fr_error *error)
{
	struct undo_request *request = make_undo(daemon, NULL, false, NULL);

	if (!request)
		return fr_fail_memory(error);
	request->by_hand = true;
	return work_start(daemon, &undo_work, request, ret_job, error);
}

int leave_disarm(struct daemon *daemon, struct job **ret_job,
		 struct fr_error *error)
{
	*ret_job = NULL;
	if (!daemon->job)
		daemon_refresh(daemon);
	if (daemon->pool.armed == FR_SLOT_NONE)
		return fr_fail(
			error, FR_NOT_STAGED, -ENOENT,
			"no slot is armed: the next reboot is an ordinary one");
	if (daemon->leaving && !daemon->job)
		return disarm_leaving(daemon, error);
	return disarm_staying(daemon, ret_job, error);
}

void leave_by_reboot(struct daemon *daemon)
{
	struct fr_error error = { 0 };

	daemon->leaving = true;
	feed_hand_over(daemon);
	flush(daemon);
	if (!systemd_start_unit(&daemon->systemd, "reboot.target"))
		return;
	journal_message(LOG_WARNING,
			"no systemd to reboot by: doing it at once");
	feed_for_the_jump(daemon);
	/* The machine has to come back, with what was written and without. */
	if (sync_disks(daemon->config.sync_timeout_usec, -1, &error))
		journal_message(LOG_ERR, "%s; rebooting all the same",
				error.text);
	if (jump(RB_AUTOBOOT))
		journal_message(LOG_ERR, "can't reboot");
}
