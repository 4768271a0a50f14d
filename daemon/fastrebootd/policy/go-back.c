// SPDX-License-Identifier: GPL-2.0-or-later
#include "policy/go-back.h"

#include <errno.h>
#include <stdbool.h>

#include "base/journal.h"
#include "jobs/rollback.h"
#include "jobs/stage.h"
#include "policy/daemon.h"
#include "policy/leave.h"

void go_back_fall_back(struct daemon *daemon, const char *why)
{
	struct journal_fields fields = { .generation = daemon->pool.generation,
					 .slot = -1,
					 .release = daemon->release,
					 .reason = why };

	if (daemon->config.failure_action == FR_FAILURE_ACTION_NONE) {
		journal_event(
			FR_EVENT_ROLLBACK_FAILED, LOG_CRIT, &fields,
			"no rollback is possible, and FailureAction= is none: the machine stays "
			"with %s",
			daemon->release);
		return;
	}
	journal_event(
		FR_EVENT_ROLLBACK_FAILED, LOG_CRIT, &fields,
		"no rollback is possible: the machine reboots to the firmware's kernel");
	leave_by_reboot(daemon);
}

static void ended(struct daemon *daemon, struct job *job)
{
	const struct rollback_request *request = job->argument;
	struct journal_fields fields = {
		.generation = daemon->pool.generation,
		.slot = -1,
		.release = daemon->release,
		.reason = request->stage->rollback_reason,
	};

	if (job->err) {
		journal_event(FR_EVENT_ROLLBACK_FAILED, LOG_ERR, &fields,
			      "can't roll %s back: %s", daemon->release,
			      job->error.text);
		return;
	}
	daemon->leaving = true;
	fields.slot = request->commit.slot;
	journal_event(FR_EVENT_ROLLED_BACK, LOG_WARNING, &fields, "%s",
		      job->message);
}

static void after(struct daemon *daemon, struct job *job)
{
	struct rollback_request *request = job->argument;

	if (!job->err)
		leave(daemon, &request->commit);
	else if (request->automatic && !daemon->stopping)
		go_back_fall_back(daemon, job->error.text);
}

static const struct work rollback_work = {
	.type = &rollback_job,
	.ended = ended,
	.after = after,
};

static int start(struct daemon *daemon, const char *reason, bool automatic,
		 struct job **ret_job, struct fr_error *error)
{
	struct rollback_request *request = NULL;
	int err;

	err = rollback_request_new(
		&daemon->pool, mirror_way_back(&daemon->mirror, &daemon->pool),
		daemon->release, reason, automatic, &request, error);
	if (err)
		return err;
	return work_start(daemon, &rollback_work, request, ret_job, error);
}

int go_back(struct daemon *daemon, const char *reason, struct job **ret_job,
	    struct fr_error *error)
{
	return start(daemon, reason, false, ret_job, error);
}

void go_back_by_itself(struct daemon *daemon, const char *reason)
{
	struct fr_error error = { 0 };

	if (!start(daemon, reason, true, NULL, &error))
		return;
	journal_message(LOG_ERR, "can't roll back: %s", error.text);
	go_back_fall_back(daemon, reason);
}
