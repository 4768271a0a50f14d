/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of fastrebootd's modules share: a machine made of the files of
 * fake-kernel.c and a folder for all others, without systemd and without a bus;
 * a daemon on it, and jobs that run to their end.
 */
#ifndef DAEMON_FIXTURE_H
#define DAEMON_FIXTURE_H

#include "files-fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <systemd/sd-bus.h>

#include "../../daemon/fastrebootd/jobs/job.h"
#include "../../daemon/fastrebootd/policy/daemon.h"
#include "pool.h"

/* Make a new machine: a setup of cmocka's. Its slots, two, are empty. */
int machine_fresh(void **state);

/* Each test that is named by UNIT_TEST() is one. */
#undef UNIT_TEST
#define UNIT_TEST(test) \
	{ "unit." UNIT_PROGRAM "." #test, test, machine_fresh, NULL, NULL }

/* Files of the kernel, and what is in them without the newline. */
void kernel_put(const char *name, const char *text);
void expect_kernel(const char *name, const char *text);

/*
 * Skips the test under a valgrind that is older than pidfd_open(2): no hook can be
 * waited for, and no sync(2).
 */
void need_pidfd(void);

/* Files of the machine, by names that begin with a slash; to be executed. */
const char *machine_put(const char *name, const char *text);
void machine_put_program(const char *name, const char *text); /* may skip */
/* A file that is a kernel, as far as the daemon looks. */
void machine_put_kernel(const char *name);
void machine_put_other_kernel(const char *name);
void machine_remove(const char *name);

/* The whole name of a file of the machine; until the next. */
const char *machine_path(const char *name);

/* What is in a file of the machine; empty if there is none. Until the next. */
const char *machine_text(const char *name);

/* Seal a payload in a slot, without the daemon. */
void machine_stage(unsigned int slot, const char *source);

/* The SHA-256 of the kernel that machine_stage() writes. */
extern const char *const machine_kernel_sha256;

/**
 * daemon_begin() - the daemon, as main.c has it before recover()
 * @daemon: filled
 */
void daemon_begin(struct daemon *daemon);

/* Run the loop until no job is there. */
void daemon_finish_jobs(struct daemon *daemon);

/* The end of a daemon, as in main.c. */
void daemon_end(struct daemon *daemon);

/**
 * job_run_alone() - run a job to its end, without a daemon
 * @type: its kind
 * @argument: of the kind; owned by the job
 *
 * Return: the job, to be freed by job_free().
 */
struct job *job_run_alone(const struct job_type *type, void *argument);

/* A connection without an other end, to make messages. */
sd_bus *bus_for_messages(void);

/* A signal that can be written to, and what makes it one that can be read. */
sd_bus_message *message_begin(sd_bus *bus);
void message_finish(sd_bus_message *message);

#endif
