// SPDX-License-Identifier: GPL-2.0-or-later
#include "jobs/verify.h"

#include <stdlib.h>

#include "pool.h"
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

const struct job_type verify_job = {
	.name = "verify",
	.action = "org.fastreboot1.stage",
	.run = run,
	.release = free,
};
