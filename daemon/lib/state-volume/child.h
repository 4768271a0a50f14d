/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running a program and keeping the end of what it says. Only the files of this
 * folder include this.
 */
#ifndef FR_STATE_VOLUME_CHILD_H
#define FR_STATE_VOLUME_CHILD_H

/* The most that is kept of a program's output, with the NUL. */
#define OUTPUT_MAX 4096

/**
 * child_run() - run a program and wait for its end
 * @words: its name, found also where PATH is not root's, and arguments; NULL ends
 *	them
 * @output: the end of what it prints, without newlines behind it
 *
 * Return: its exit status, 127 if it can't be run, 128 if it was killed; a
 * negative errno.
 */
int child_run(const char *const *words, char output[OUTPUT_MAX]);

/* The last line is the one that says what is wrong. */
const char *child_last_line(const char *output);

#endif
