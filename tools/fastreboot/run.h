/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs of the system's. */
#ifndef RUN_H
#define RUN_H

/**
 * run_program() - run a program and wait for its end
 * @words: its absolute path, and arguments; NULL-terminated
 *
 * What it says goes to stderr: it is no part of what this command prints.
 *
 * Return: its exit status, 128 if a signal has ended it, 127 if it could not be
 * executed; a negative errno.
 */
int run_program(const char *const *words);

#endif
