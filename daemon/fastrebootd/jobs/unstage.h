/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Forgetting what was staged. The kernel clears the slot, which takes a while:
 * so it is a job, but the caller waits for its end.
 */
#ifndef FASTREBOOTD_UNSTAGE_H
#define FASTREBOOTD_UNSTAGE_H

#include <systemd/sd-bus.h>

#include "jobs/job.h"

/**
 * struct unstage_request - which slot
 * @slot: number, or FR_SLOT_NONE for the one that was staged last
 * @call: that is answered at the end; a reference is owned
 */
struct unstage_request {
	int slot;
	sd_bus_message *call;
};

/* Free a request and what it owns. */
void unstage_request_free(void *request);

/* Its argument is a struct unstage_request. */
extern const struct job_type unstage_job;

#endif
