// SPDX-License-Identifier: GPL-2.0-or-later
#include "jobs/unstage.h"

#include <stdlib.h>

#include "pool.h"
#include "pool/slots.h"

void unstage_request_free(void *argument)
{
	struct unstage_request *request = argument;

	sd_bus_message_unref(request->call);
	free(request);
}

/* A bad slot may be cleared too, if it is meant by its number. */
static int find(const struct fr_pool_status *pool, int wanted,
		const struct fr_slot **ret_slot, struct fr_error *error)
{
	const struct fr_slot *slot = slots_get(pool, wanted);

	if (!slot || slot->status != FR_SLOT_BAD)
		return slots_find_staged(pool, wanted, ret_slot, error);
	*ret_slot = slot;
	return 0;
}

static int run(struct job *job, struct fr_error *error)
{
	_cleanup_pool_status_ struct fr_pool_status pool = { 0 };
	const struct unstage_request *request = job->argument;
	const struct fr_slot *slot = NULL;
	int err;

	err = fr_pool_read(&pool, error);
	if (err)
		return err;
	err = find(&pool, request->slot, &slot, error);
	if (err)
		return err;
	err = job_step(job, "clearing", false, error);
	if (err)
		return err;
	err = fr_slot_clear(slot->number, error);
	if (!err)
		job_set_message(job, "slot %u is empty", slot->number);
	return err;
}

const struct job_type unstage_job = {
	.name = "unstage",
	.action = "org.fastreboot1.unstage",
	.run = run,
	.release = unstage_request_free,
};
