// SPDX-License-Identifier: GPL-2.0-or-later
#include "policy/results.h"

#include <errno.h>

#include "base/journal.h"
#include "jobs/stage.h"
#include "jobs/unstage.h"
#include "jobs/verify.h"
#include "policy/daemon.h"
#include "pool/slots.h"
#include "transport/message.h"

/* The slot that the details tell of. */
static int details_slot(struct job *job)
{
	struct json_object *slot;

	if (!json_object_object_get_ex(job->details, "slot", &slot))
		return FR_SLOT_NONE;
	return json_object_get_int(slot);
}

static void stage_ended(struct daemon *daemon, struct job *job)
{
	const struct stage_request *request = job->argument;
	struct journal_fields fields = { .generation = daemon->pool.generation,
					 .slot = FR_SLOT_NONE };
	const struct fr_slot *slot;

	if (request->dry_run)
		return;
	if (job->err) {
		fields.reason = fr_failure_name(job->error.failure);
		journal_event(FR_EVENT_STAGE_FAILED,
			      job->err == -ECANCELED ? LOG_NOTICE : LOG_ERR,
			      &fields, "staging failed: %s", job->error.text);
		return;
	}
	fields.slot = details_slot(job);
	slot = slots_get(&daemon->pool, fields.slot);
	fields.release = slot ? slot->release : NULL;
	journal_event(FR_EVENT_STAGED, LOG_NOTICE, &fields, "%s", job->message);
	if (slot)
		daemon_set_verified(daemon, slot);
}

const struct work stage_work = {
	.type = &stage_job,
	.ended = stage_ended,
};

static void verify_ended(struct daemon *daemon, struct job *job)
{
	const struct verify_request *request = job->argument;
	const struct fr_slot *slot = slots_get(&daemon->pool, request->slot);
	struct journal_fields fields = {
		.generation = daemon->pool.generation,
		.slot = request->slot,
		.release = slot ? slot->release : NULL,
	};

	if (!job->err && slot)
		daemon_set_verified(daemon, slot);
	if (job->error.failure == FR_VERIFICATION_FAILED)
		journal_event(FR_EVENT_VERIFY_FAILED, LOG_ERR, &fields, "%s",
			      job->error.text);
}

const struct work verify_work = {
	.type = &verify_job,
	.ended = verify_ended,
};

static void unstage_ended(struct daemon *daemon, struct job *job)
{
	const struct unstage_request *request = job->argument;

	if (job->err)
		message_fail(request->call, &job->error);
	else
		sd_bus_reply_method_return(request->call, "");
}

const struct work unstage_work = {
	.type = &unstage_job,
	.ended = unstage_ended,
};
