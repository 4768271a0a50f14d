/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fastrebootd that has no pool: it answers with canned JSON, and runs jobs that
 * do nothing but end in the way that the name of the payload says.
 *
 * Stage() looks at the entry, and what its name begins with:
 *
 *	good			progress, then "done"
 *	refuse-<failure>	the call fails
 *	fail-<failure>		the job fails
 *	early			the job has ended before the call is answered
 *	die			the daemon ends in the middle of the job
 *	interrupt		the caller gets SIGINT; Cancel() ends the job
 *	interrupt-early		the same, before the call is answered
 *	interrupt-late		the same, but Cancel() fails and the job succeeds
 *	interrupt-twice		the caller gets SIGINT again and again, and the
 *				job never ends
 *
 * Verify(), Commit() and Unstage() look at the slot: 0 is fine, 1 fails in the
 * job (for Commit() in its checks), any other is not there, and that none is
 * named means that nothing is staged. Only Commit() finds slot 0 then.
 */
#ifndef FAKE_DAEMON_H
#define FAKE_DAEMON_H

/**
 * struct fake_texts - what the daemon answers
 * @status: of Describe()
 * @timeline: of Timeline()
 */
struct fake_texts {
	const char *status;
	const char *timeline;
};

/**
 * fake_daemon_listen() - make the private socket
 * @path: where; nothing may be there
 *
 * Return: a listening socket, or a negative errno.
 */
int fake_daemon_listen(const char *path);

/**
 * fake_daemon_serve() - serve the connections to a socket, one after the other
 * @fd: listening socket
 * @texts: what to answer
 *
 * Return: only on failure: a negative errno.
 */
int fake_daemon_serve(int fd, const struct fake_texts *texts);

/**
 * fake_daemon_serve_bus() - serve on the bus that DBUS_SYSTEM_BUS_ADDRESS names
 * @texts: what to answer
 * @ready_fd: a byte is written to it once callers can find the daemon
 *
 * Return: only on failure: a negative errno.
 */
int fake_daemon_serve_bus(const struct fake_texts *texts, int ready_fd);

#endif
