// SPDX-License-Identifier: GPL-2.0-or-later
#include "jobs/rollback.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "jobs/commit.h"
#include "jobs/stage.h"
#include "payload.h"
#include "pool/source.h"

void rollback_request_free(void *argument)
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
	rollback_request_free(*request);
}

static int check_source(const struct fr_pool_status *pool, const char *way_back,
			struct fr_error *error)
{
	_cleanup_free_ char *from =
		source_member(pool->source, "rollback_from");

	if (from)
		return fr_fail(
			error, FR_REFUSED, -EPERM,
			"the running kernel is itself a rollback, from %s: stage and commit "
			"what is to run instead",
			from);
	if (!*way_back)
		return fr_fail(
			error, FR_NOT_FOUND, -ENOENT,
			"it is not known where the kernel before came from: 'systemctl "
			"reboot' boots the firmware's");
	return 0;
}

static struct stage_request *new_stage(const char *release, const char *reason,
				       const char *pinned)
{
	struct stage_request *stage = calloc(1, sizeof(*stage));

	if (!stage)
		return NULL;
	stage->replace = true;
	stage->pinned = strdup(pinned);
	stage->rollback_from = strdup(release);
	stage->rollback_reason = strdup(reason);
	if (stage->pinned && stage->rollback_from && stage->rollback_reason)
		return stage;
	stage_request_free(stage);
	return NULL;
}

int rollback_request_new(const struct fr_pool_status *pool,
			 const char *way_back, const char *release,
			 const char *reason, bool automatic,
			 struct rollback_request **ret_request,
			 struct fr_error *error)
{
	__attribute__((__cleanup__(
		request_freep))) struct rollback_request *request = NULL;
	int err;

	err = check_source(pool, way_back, error);
	if (err)
		return err;
	request = calloc(1, sizeof(*request));
	if (!request)
		return fr_fail_memory(error);
	request->automatic = automatic;
	request->commit.rollback = true;
	request->stage = new_stage(release, reason, way_back);
	if (!request->stage)
		return fr_fail_memory(error);
	err = fr_payload_request_from_source(way_back, &request->stage->payload,
					     error);
	if (err)
		return err;
	request->stage->payload.verified &= source_is_pinned(way_back);
	*ret_request = fr_steal_pointer(request);
	return 0;
}

/*
 * Where a line of the configuration could not be read that may have said whom to
 * trust, the pinned payload that ran before is trusted, and no other.
 */
static int settle_trust(struct job *job, struct stage_request *stage,
			struct fr_error *error)
{
	if (!job->config.trust_unclear)
		return 0;
	stage->payload.verified = source_is_pinned(stage->pinned);
	if (stage->payload.verified)
		return 0;
	return fr_fail(
		error, FR_SIGNATURE, -ENOKEY,
		"the configuration can't be read (%s), so it is not known who has to have "
		"signed the payload, and there are no hashes to compare it with",
		job->config.passed_over[0]);
}

static int run(struct job *job, struct fr_error *error)
{
	struct rollback_request *request = job->argument;
	_cleanup_free_ char *release = NULL;
	int err;

	err = settle_trust(job, request->stage, error);
	if (err)
		return err;
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

const struct job_type rollback_job = {
	.name = "rollback",
	.action = "org.fastreboot1.rollback",
	.run = run,
	.release = rollback_request_free,
	.brings_back = true,
};
