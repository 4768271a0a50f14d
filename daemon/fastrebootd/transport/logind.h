/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * logind, as a client of it: which programs ask for no shutdown now.
 */
#ifndef FASTREBOOTD_LOGIND_H
#define FASTREBOOTD_LOGIND_H

#include "error.h"

/**
 * logind_check_inhibitors() - does a program block a shutdown?
 * @error: which one, and why
 *
 * For a job's thread: waits 5 seconds for an answer at most, once the bus is
 * there. Inhibitors of the mode "delay" block nothing.
 *
 * Return: 0; -ENOENT if no logind runs here; -EPERM with FR_REFUSED; another
 * negative errno with FR_FAILED if it does not answer.
 */
int logind_check_inhibitors(struct fr_error *error);

#endif
