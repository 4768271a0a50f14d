/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two times that the daemon asks for. From any thread. */
#ifndef FASTREBOOTD_BASE_CLOCK_H
#define FASTREBOOTD_BASE_CLOCK_H

#include <stdint.h>

/* "2026-11-21T16:00:00Z" */
#define CLOCK_TEXT_SIZE 32

/**
 * clock_text() - the time of day, ISO 8601 in UTC
 * @text: filled
 */
void clock_text(char text[CLOCK_TEXT_SIZE]);

/**
 * clock_usec() - a time to measure with
 *
 * Return: microseconds of CLOCK_MONOTONIC.
 */
uint64_t clock_usec(void);

#endif
