/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes into a message: texts, and the answer to a call that fails. */
#ifndef FASTREBOOTD_TRANSPORT_MESSAGE_H
#define FASTREBOOTD_TRANSPORT_MESSAGE_H

#include <systemd/sd-bus.h>

#include "error.h"

/**
 * message_text() - make a text fit for D-Bus, which takes UTF-8 only
 * @text: any
 *
 * Return: a copy with '?' for what is not, to be freed; NULL without memory.
 */
char *message_text(const char *text);

/**
 * message_fail() - answer a call with an error
 * @message: the call
 * @error: what went wrong
 *
 * Return: what a handler of sd-bus returns.
 */
int message_fail(sd_bus_message *message, const struct fr_error *error);

#endif
