/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel before has said last: ramoops keeps it in memory that survives,
 * and the running kernel shows it in /sys/fs/pstore; from there
 * systemd-pstore.service moves it to /var/lib/systemd/pstore.
 */
#ifndef FR_LASTLOG_H
#define FR_LASTLOG_H

#include <stdbool.h>

#include "error.h"

/* The most that is read: the end of a log. Bytes. */
#define FR_LAST_LOG_MAX 65536

/**
 * struct fr_last_log - the end of a log
 * @path: of the file that it is from
 * @cut: the file has more before it
 * @lines: NULL-terminated. UTF-8, in which a byte that is none, a control
 *	character or a backslash stands as in /dev/kmsg, "\x1b"
 *
 * Owns everything; fr_last_log_done() frees it.
 */
struct fr_last_log {
	char *path;
	bool cut;
	char **lines;
};

/**
 * fr_last_log_read() - find and read the last log
 * @root: folder that stands for /; "" for / itself
 * @ret: filled in; the caller calls fr_last_log_done()
 * @error: why there is none, and what it takes
 *
 * The console's log comes before that of an oops, which is a part of it, and
 * /sys/fs/pstore before what was moved; of several files the newest counts.
 *
 * Return: 0; -ENOENT with FR_NOT_FOUND; -EACCES with FR_NOT_PERMITTED; -ENOMEM;
 * another negative errno from reading.
 */
int fr_last_log_read(const char *root, struct fr_last_log *ret,
		     struct fr_error *error);

/**
 * fr_last_log_done() - free what a log points to
 * @log: filled by fr_last_log_read(), or all zero; all zero afterwards
 */
void fr_last_log_done(struct fr_last_log *log);

#define _cleanup_last_log_ __attribute__((__cleanup__(fr_last_log_done)))

#endif
