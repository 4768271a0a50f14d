/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program with all that it starts, and an end for all of it.
 *
 * A process group does not hold those that have left it: setsid(1) is enough. So
 * the program gets a parent of its own, its keeper, that is a subreaper. Whatever
 * the program starts stays below the keeper as long as that lives, and the kernel
 * says so in /proc. The keeper ends when the program does, with its status; what
 * the program has left in the background goes on then, as a daemon may that a hook
 * has started.
 *
 * To end all of it the keeper is stopped first, which no process can ignore: from
 * then on nothing gets away. A process that is starting others meanwhile is found
 * in the next round.
 */
#ifndef FASTREBOOTD_PROCESS_TREE_H
#define FASTREBOOTD_PROCESS_TREE_H

#include <stdint.h>
#include <sys/types.h>

/**
 * process_tree_start() - start a program
 * @child: called in its process, after a fork of a thread; does not return
 * @userdata: of @child
 * @ret_keeper: process to wait for; it exits as the program does, or with
 *	128 and the number of the signal that has ended it
 *
 * All signals have their default action in @child, and none is blocked.
 *
 * Return: 0 or a negative errno.
 */
int process_tree_start(void (*child)(void *userdata), void *userdata,
		       pid_t *ret_keeper);

/**
 * process_tree_kill() - end a program and all that it has started
 * @keeper: of process_tree_start(), not waited for yet; to be waited for then
 * @timeout_usec: how long it may take
 *
 * Return: 0, or -ETIMEDOUT if some can't be killed; they are left behind.
 */
int process_tree_kill(pid_t keeper, uint64_t timeout_usec);

#endif
