/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An entry on its way to the journal, or a line to stderr, without waiting for ever.
 *
 * sd_journal_sendv() waits until journald has room for the entry: one that was
 * stopped, or hangs at its disk, would keep the machine between arm and jump. So
 * this speaks systemd's native journal protocol itself: as long as journald takes
 * what it is sent, the next entry may wait for JOURNAL_WAIT_USEC; after one that it
 * did not take, entries are lost instead of being waited for, until it takes one.
 *
 * May be called from any thread.
 */
#ifndef FASTREBOOTD_JOURNAL_SEND_H
#define FASTREBOOTD_JOURNAL_SEND_H

#include <stddef.h>

/* How long the journal, or the reader of stderr, may take for one message. */
#define JOURNAL_WAIT_USEC (1000 * 1000)

/**
 * journal_send() - send an entry
 * @fields: "NAME=value"; values may have newlines
 * @n: how many
 *
 * Return: 0; -EAGAIN if the journal does not take it; another negative errno, as
 * where there is no journal.
 */
int journal_send(char *const *fields, size_t n);

/**
 * journal_put_stderr() - write a line to stderr
 * @line: with its newline
 *
 * Return: 0; -EAGAIN if the reader does not take it; another negative errno.
 */
int journal_put_stderr(const char *line);

#endif
