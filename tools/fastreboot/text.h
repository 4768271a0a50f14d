/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text for people: safe on a terminal, sizes, durations and points in time. */
#ifndef TEXT_H
#define TEXT_H

#include <stdint.h>
#include <stdio.h>
#include <time.h>

/* Holds whatever the functions below write. */
#define TEXT_MAX 64

/**
 * text_put() - print a string that is not our own
 * @out: where to
 * @string: title, command line, message; NULL prints nothing
 *
 * Control characters, C1 among them, become '?': what is printed can't take
 * over a terminal, and stays on its line.
 */
void text_put(FILE *out, const char *string);

/**
 * text_size() - an amount of memory
 * @bytes: amount
 * @ret: "512 bytes", "7.5 MiB", "256 MiB"
 */
void text_size(uint64_t bytes, char ret[TEXT_MAX]);

/**
 * text_duration() - a short time, to the microsecond
 * @nanoseconds: time
 * @ret: "54.920 ms", or "8.123 s" from one second on
 */
void text_duration(uint64_t nanoseconds, char ret[TEXT_MAX]);

/**
 * text_when() - a point in time and how long ago it is
 * @when: seconds since the epoch
 * @now: the same for the present; how long ago is left out when @when is later
 * @ret: "Sat 2026-11-21 16:00:00 UTC (2 h ago)", in the local time zone
 */
void text_when(time_t when, time_t now, char ret[TEXT_MAX]);

/**
 * text_time() - a point in time for programs
 * @when: seconds since the epoch
 * @ret: as text_parse_time() reads it
 *
 * Return: 0; -EOVERFLOW for a year that can't be told, with @ret empty.
 */
int text_time(time_t when, char ret[TEXT_MAX]);

/**
 * text_parse_time() - read a point in time
 * @string: ISO 8601 in UTC, "2026-11-21T16:00:00Z"
 * @ret: seconds since the epoch
 *
 * Return: 0, or -EINVAL.
 */
int text_parse_time(const char *string, time_t *ret);

#endif
