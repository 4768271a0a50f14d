/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FASTREBOOT_HEALTH_COMPARE_H
#define FASTREBOOT_HEALTH_COMPARE_H

#include "config.h"
#include "state.h"

/**
 * health_compare() - is a system as well as it was?
 * @before: how it was; NULL if that is not known
 * @now: how it is
 * @config: [Health] Units=, IgnoreUnits= and Network=
 * @ret_problems: a line for people for each thing that is wrong, NULL if there is
 *	none; the caller frees it with fr_strv_free()
 *
 * Return: 0; -ENOMEM.
 */
int health_compare(const struct health_state *before,
		   const struct health_state *now,
		   const struct fr_config *config, char ***ret_problems);

#endif
