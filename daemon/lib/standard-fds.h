/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file descriptors 0 to 2.
 *
 * A program that is started with one of them closed gets that number for the next
 * file that it opens, and then takes the file for its input, or writes its messages
 * into it.
 */
#ifndef FR_STANDARD_FDS_H
#define FR_STANDARD_FDS_H

/**
 * fr_standard_fds_init() - have something open as 0, 1 and 2
 *
 * To be called before main() opens a file or starts a thread. A descriptor that is
 * closed becomes /dev/null, opened so that what the caller has closed still fails
 * with EBADF: reading from 0, writing to 1 and 2.
 *
 * Return: 0; the errno of open(2), negative. A program ends then, and says nothing:
 * there is no place that it could say it in.
 */
int fr_standard_fds_init(void);

#endif
