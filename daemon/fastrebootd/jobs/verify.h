/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Comparing a slot's content with the hashes of its seal. */
#ifndef FASTREBOOTD_VERIFY_H
#define FASTREBOOTD_VERIFY_H

#include "jobs/job.h"

/**
 * struct verify_request - which slot
 * @slot: number, or FR_SLOT_NONE for the one that was staged last
 */
struct verify_request {
	int slot;
};

/* Its argument is a struct verify_request. */
extern const struct job_type verify_job;

#endif
