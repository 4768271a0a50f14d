/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * logind, as a client of it: which programs ask for no shutdown now, and a shutdown
 * that gives those their time that ask for some.
 *
 * A program that holds an inhibitor of the mode "delay" does what it has to when it
 * sees logind's signal PrepareForShutdown, and lets go then, or is passed over after
 * logind's InhibitDelayMaxSec=. Only logind sends that signal, so the orderly way out
 * begins with it, as `systemctl reboot` does. logind then has systemd start
 * kexec.target.
 */
#ifndef FASTREBOOTD_LOGIND_H
#define FASTREBOOTD_LOGIND_H

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "error.h"

/**
 * struct logind_events - what logind tells; all are called from the loop
 * @accepted: it goes on by itself
 * @refused: it does not; the machine is as it was
 * @cancelled: it was accepted, and is not done after all
 */
struct logind_events {
	void (*accepted)(void *userdata);
	void (*refused)(void *userdata, const struct fr_error *error);
	void (*cancelled)(void *userdata, const struct fr_error *error);
};

/**
 * struct logind - a connection for a reboot that was asked for
 * @events: what is called
 * @userdata: of @events
 * @bus: NULL while there is none
 */
struct logind {
	const struct logind_events *events;
	void *userdata;
	sd_bus *bus;
};

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

/**
 * logind_reboot_by_kexec() - begin the orderly way to what is armed
 * @logind: @events and @userdata are filled in, the rest is zero
 * @event: the loop; as long as @logind lives
 *
 * Does not wait: one of the events follows, after 25 s at the latest.
 *
 * Return: 0; -ENOENT if no logind runs here; another negative errno, and nothing
 * was sent.
 */
int logind_reboot_by_kexec(struct logind *logind, sd_event *event);

/* Close the connection, if there is one. */
void logind_done(struct logind *logind);

#endif
