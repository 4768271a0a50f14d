/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers with units; what others may use of them is in config.h. Only the files
 * of this folder include this.
 */
#ifndef FR_CONFIG_VALUES_H
#define FR_CONFIG_VALUES_H

#include <stdint.h>

#define USEC_PER_SEC 1000000ULL
#define USEC_PER_MIN (60 * USEC_PER_SEC)
#define USEC_PER_HOUR (60 * USEC_PER_MIN)
#define USEC_PER_DAY (24 * USEC_PER_HOUR)

/* What separates words, and is cut off at the ends of keys and values. */
#define BLANKS " \t\r"

/**
 * config_parse_number() - digits
 * @at: where they begin; moved behind them
 * @ret: their value
 *
 * Return: 0; -EINVAL if there are none, -ERANGE for what does not fit.
 */
int config_parse_number(const char **at, uint64_t *ret);

#endif
