/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Permissions. root may do everything, also without polkit. Any other caller
 * needs polkit's word. That may take as long as a user types a password, so
 * that the call is put aside until then.
 */
#ifndef FASTREBOOTD_POLKIT_H
#define FASTREBOOTD_POLKIT_H

#include <stdbool.h>

#include <systemd/sd-bus.h>

/**
 * typedef polkit_handler - carries out a call that is permitted
 *
 * Return: what a handler of sd-bus returns.
 */
typedef int (*polkit_handler)(void *userdata, sd_bus_message *message);

/**
 * polkit_call() - carry out a call, now or when it is permitted
 * @message: the call
 * @action: polkit action that it needs; a constant
 * @handler: carries it out
 * @userdata: of @handler
 *
 * Return: what a handler of sd-bus returns.
 */
int polkit_call(sd_bus_message *message, const char *action,
		polkit_handler handler, void *userdata);

/**
 * polkit_is_root() - does root call?
 * @message: the call
 *
 * Return: true if root does, or if it comes over the private socket.
 */
bool polkit_is_root(sd_bus_message *message);

/**
 * polkit_read_answer() - what has polkit decided?
 * @reply: to CheckAuthorization()
 * @ret_why: why not, a constant that may be empty
 *
 * Return: 0 if it is permitted; -EPERM, also if the answer is an error or not
 * understood.
 */
int polkit_read_answer(sd_bus_message *reply, const char **ret_why);

#endif
