/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The progress bar: one line of a terminal that is written again and again. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Bytes of a bar, the terminating zero included. */
#define PROGRESS_MAX 256

/**
 * struct progress - a progress bar
 * @out: the terminal; NULL: there is none, and nothing is shown
 * @shown: the bar is on the terminal's current line
 */
struct progress {
	FILE *out;
	bool shown;
};

/**
 * progress_init() - a bar on stderr, if that is a terminal
 * @progress: bar
 * @wanted: false: none in any case
 */
void progress_init(struct progress *progress, bool wanted);

/**
 * progress_show() - show how far it is
 * @progress: bar
 * @step: what is being done
 * @done: how much of it
 * @total: of how much; 0: not known
 * @bytes: these are bytes
 */
void progress_show(struct progress *progress, const char *step, uint64_t done,
		   uint64_t total, bool bytes);

/**
 * progress_clear() - take the bar away, so that text can be printed
 * @progress: bar
 */
void progress_clear(struct progress *progress);

/**
 * progress_format() - the text of a bar
 * @step: what is being done; printed safely
 * @done: how much of it
 * @total: of how much; 0: not known
 * @bytes: these are bytes
 * @width: columns that there are
 * @ret: fewer columns than @width, and fewer than PROGRESS_MAX
 */
void progress_format(const char *step, uint64_t done, uint64_t total,
		     bool bytes, unsigned int width, char ret[PROGRESS_MAX]);

#endif
