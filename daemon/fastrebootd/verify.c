// SPDX-License-Identifier: GPL-2.0-or-later
#include "verify.h"

#include <stdlib.h>

#include "base/journal.h"
#include "daemon.h"
#include "pool/slots.h"

static int run(struct job *job, struct fr_error *error)
{
	_cleanup_pool_status_ struct fr_pool_status pool = { 0 };
	struct verify_request *request = job->argument;
	const struct fr_slot *slot = NULL;
	int err;

	err = fr_pool_read(&pool, error);
	if (err)
		return err;
	err = slots_find_staged(&pool, request->slot, &slot, error);
	if (err)
		return err;
	/* The kernel does it in one go. */
	err = job_step(job, "verifying", false, error);
	if (err)
		return err;
	request->slot = (int)slot->number;
	err = fr_slot_verify(slot->number, error);
	if (err)
		return err;
	job_set_message(job, "slot %u holds what was sealed", slot->number);
	return 0;
}

static void ended(struct daemon *daemon, struct job *job)
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
		journal_event(JOURNAL_VERIFY_FAILED, LOG_ERR, &fields, "%s",
			      job->error.text);
}

const struct job_type verify_job = {
	.name = "verify",
	.action = "org.fastreboot1.stage",
	.run = run,
	.ended = ended,
	.release = free,
};
