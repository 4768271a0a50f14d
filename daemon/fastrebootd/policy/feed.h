/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long the machine's watchdog is fed.
 *
 *	unconfirmed kernel	taken over, and fed until the confirmation
 *	leaving with --now	started and fed once more; from then on it counts
 *				down to the next kernel
 *	leaving through systemd	handed to it. An orderly shutdown may take longer
 *				than the watchdog waits, and this daemon is one of
 *				the services that end: systemd feeds it up to the
 *				jump
 *	the machine stays	stopped; one that can't be is fed for ever
 *
 * All functions are for the main thread.
 */
#ifndef FASTREBOOTD_POLICY_FEED_H
#define FASTREBOOTD_POLICY_FEED_H

struct daemon;

/* Take over the one that the kernel before has started, or start one. */
void feed_take(struct daemon *daemon);

/* Start it for the next kernel, or feed it for the last time. */
void feed_for_the_jump(struct daemon *daemon);

/* systemd feeds it from here on, as long as the shutdown takes. */
void feed_hand_over(struct daemon *daemon);

/* No commit is under way any more: stop the watchdog, or feed it. */
void feed_release(struct daemon *daemon);

/* A daemon that was killed may have left one that counts: stop it, or feed it. */
void feed_recover(struct daemon *daemon);

/* At the daemon's end: a machine that is leaving, or in trouble, keeps it. */
void feed_done(struct daemon *daemon);

#endif
