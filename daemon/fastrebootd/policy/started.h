/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How this boot was started: an entry in the journal, once in each boot. */
#ifndef FASTREBOOTD_POLICY_STARTED_H
#define FASTREBOOTD_POLICY_STARTED_H

struct daemon;

/**
 * started_tell() - tell the journal, unless that was done before in this boot
 * @daemon: after the start
 *
 * Main thread. `fastreboot history` puts it together with the other events.
 */
void started_tell(struct daemon *daemon);

#endif
