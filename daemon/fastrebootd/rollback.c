// SPDX-License-Identifier: GPL-2.0-or-later
#include "rollback.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/journal.h"
#include "cleanup.h"
#include "commit.h"
#include "daemon.h"
#include "payload.h"
#include "pool/source.h"
#include "stage.h"

/**
 * struct rollback_request - what to go back to
 * @stage: the previous payload
 * @commit: of the slot that it will be in
 * @automatic: nobody has asked for it
 */
struct rollback_request {
	struct stage_request *stage;
	struct commit_request commit;
	bool automatic;
};

static void request_free(void *argument)
{
	struct rollback_request *request = argument;

	if (!request)
		return;
	stage_request_free(request->stage);
	free(request->commit.release);
	free(request);
}

static void request_freep(struct rollback_request **request)
{
	request_free(*request);
}

static int check_source(struct daemon *daemon, struct fr_error *error)
{
	_cleanup_free_ char *from =
		source_member(daemon->pool.source, "rollback_from");

	if (from)
		return fr_fail(
			error, FR_REFUSED, -EPERM,
			"the running kernel is itself a rollback, from %s: stage and commit "
			"what is to run instead",
			from);
	if (!*daemon->pool.previous_source)
		return fr_fail(
			error, FR_NOT_FOUND, -ENOENT,
			"it is not known where the kernel before came from: 'systemctl "
			"reboot' boots the firmware's");
	return 0;
}

static struct stage_request *new_stage(struct daemon *daemon,
				       const char *reason)
{
	struct stage_request *stage = calloc(1, sizeof(*stage));

	if (!stage)
		return NULL;
	stage->replace = true;
	stage->rollback_from = strdup(daemon->release);
	stage->rollback_reason = strdup(reason);
	if (stage->rollback_from && stage->rollback_reason)
		return stage;
	stage_request_free(stage);
	return NULL;
}

int rollback_request_new(struct daemon *daemon, const char *reason,
			 bool automatic, struct rollback_request **ret_request,
			 struct fr_error *error)
{
	__attribute__((__cleanup__(
		request_freep))) struct rollback_request *request = NULL;
	int err;

	err = check_source(daemon, error);
	if (err)
		return err;
	request = calloc(1, sizeof(*request));
	if (!request)
		return fr_fail_memory(error);
	request->automatic = automatic;
	request->commit.rollback = true;
	request->stage = new_stage(daemon, reason);
	if (!request->stage)
		return fr_fail_memory(error);
	err = fr_payload_request_from_source(daemon->pool.previous_source,
					     &request->stage->payload, error);
	if (err)
		return err;
	*ret_request = fr_steal_pointer(request);
	return 0;
}

static int run(struct job *job, struct fr_error *error)
{
	struct rollback_request *request = job->argument;
	_cleanup_free_ char *release = NULL;
	int err;

	err = stage_payload(job, request->stage, &request->commit.slot,
			    &release, error);
	if (err)
		return err;
	err = commit_prepare(job, &request->commit, error);
	if (err)
		return err;
	job_set_message(job,
			"the machine goes back from %s to %s in slot %d: %s",
			request->stage->rollback_from,
			*release ? release : "the kernel before",
			request->commit.slot, request->stage->rollback_reason);
	return 0;
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
		journal_event(JOURNAL_ROLLBACK_FAILED, LOG_ERR, &fields,
			      "can't roll %s back: %s", daemon->release,
			      job->error.text);
		return;
	}
	daemon->leaving = true;
	fields.slot = request->commit.slot;
	journal_event(JOURNAL_ROLLED_BACK, LOG_WARNING, &fields, "%s",
		      job->message);
}

static void after(struct daemon *daemon, struct job *job)
{
	struct rollback_request *request = job->argument;

	if (!job->err)
		commit_leave(daemon, &request->commit);
	else if (request->automatic && !daemon->stopping)
		rollback_fall_back(daemon, job->error.text);
}

const struct job_type rollback_job = {
	.name = "rollback",
	.action = "org.fastreboot1.rollback",
	.run = run,
	.ended = ended,
	.after = after,
	.release = request_free,
};

void rollback_fall_back(struct daemon *daemon, const char *why)
{
	struct journal_fields fields = { .generation = daemon->pool.generation,
					 .slot = -1,
					 .release = daemon->release,
					 .reason = why };

	if (daemon->config.fallback == FR_FALLBACK_NONE) {
		journal_event(
			JOURNAL_ROLLBACK_FAILED, LOG_CRIT, &fields,
			"no rollback is possible, and Fallback= is none: the machine stays "
			"with %s",
			daemon->release);
		return;
	}
	journal_event(
		JOURNAL_ROLLBACK_FAILED, LOG_CRIT, &fields,
		"no rollback is possible: the machine reboots to the firmware's kernel");
	commit_reboot(daemon);
}
