/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What follows from the jobs that leave the machine where it is. */
#ifndef FASTREBOOTD_POLICY_RESULTS_H
#define FASTREBOOTD_POLICY_RESULTS_H

#include "policy/work.h"

/* Its argument is a struct stage_request. */
extern const struct work stage_work;

/* Its argument is a struct verify_request. */
extern const struct work verify_work;

/* Its argument is a struct unstage_request. */
extern const struct work unstage_work;

#endif
