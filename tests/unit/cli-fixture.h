/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running the command against the daemon of fake-daemon.h, each in a process of
 * its own. Tests that include this may use any of the command's functions.
 */
#ifndef CLI_FIXTURE_H
#define CLI_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "../../tools/fastreboot/option-table.h"

#define CLI_OUTPUT_MAX 65536

/**
 * struct cli_run - a run of the command that has ended
 * @status: exit status; -1 if a signal has ended it
 * @out: what it wrote to stdout
 * @err: what it wrote to stderr
 */
struct cli_run {
	int status;
	char out[CLI_OUTPUT_MAX];
	char err[CLI_OUTPUT_MAX];
};

/**
 * cli_fixture_begin() - start the daemon on its private socket
 * @source: folder of the tests, UNIT_SOURCE
 */
void cli_fixture_begin(const char *source);

/* The opposite, as the teardown of a group of tests. */
int cli_fixture_teardown(void **state);

/* Program of tests that need the daemon, instead of UNIT_MAIN(). */
#define CLI_UNIT_MAIN(tests)                                              \
	static int cli_fixture_setup(void **state)                        \
	{                                                                 \
		cli_fixture_begin(UNIT_SOURCE);                           \
		return 0;                                                 \
	}                                                                 \
                                                                          \
	int main(void)                                                    \
	{                                                                 \
		unit_prepare();                                           \
		return cmocka_run_group_tests_name(UNIT_PROGRAM, tests,   \
						   cli_fixture_setup,     \
						   cli_fixture_teardown); \
	}

/**
 * cli_start_bus() - start a bus, with the daemon on it
 *
 * Until cli_fixture_teardown(), DBUS_SYSTEM_BUS_ADDRESS names it.
 *
 * Return: whether there is one: dbus-daemon may not be installed.
 */
bool cli_start_bus(void);

/* End the daemon that is on the bus, which stays; start it again. */
void cli_end_bus_daemon(void);
void cli_start_bus_daemon(void);

/* End the daemon of the private socket, for good. */
void cli_end_daemon(void);

/**
 * cli_run() - run the command
 * @run: what it has come to
 * @words: command line behind the program's name, at most 15 words, NULL at the
 *	end; blanks in a word are kept
 */
void cli_run(struct cli_run *run, const char *const *words);

/* The same with "--private" and a line that is divided at its blanks. */
void cli_run_line(struct cli_run *run, const char *line);

/* The same, with stderr as a terminal of 80 columns. */
void cli_run_on_terminal(struct cli_run *run, const char *line);

/**
 * cli_begin() - start the command and don't wait for it
 * @words: as for cli_run()
 * @ret_fd: its stdout and stderr, to be read
 *
 * Return: its process.
 */
pid_t cli_begin(const char *const *words, int *ret_fd);

/* The same with two files to write to. */
pid_t cli_begin_with(const char *const *words, int out, int err);

/**
 * cli_read_until() - read until a text has come
 * @fd: what to read
 * @buffer: what was read, of CLI_OUTPUT_MAX bytes
 * @text: what to wait for; NULL: the end
 */
void cli_read_until(int fd, char *buffer, const char *text);

/* Wait for a process: its exit status, or -1 if a signal has ended it. */
int cli_wait(pid_t pid);

/**
 * cli_file() - the content of a file
 * @source: folder of the tests, UNIT_SOURCE
 * @name: name below it; "../../" leads to the top
 *
 * Return: a string for the caller to free.
 */
char *cli_file(const char *source, const char *name);

/**
 * cli_expect_golden() - compare with golden/<name>
 * @source: folder of the tests, UNIT_SOURCE
 * @name: name of the file
 * @text: what has to be in it
 *
 * With UNIT_GOLDEN=write in the environment it is written instead.
 */
void cli_expect_golden(const char *source, const char *name, const char *text);

/* Fail unless a run has ended so, with these texts in what it wrote. */
void cli_expect(const struct cli_run *run, int status, const char *out,
		const char *err);

/*
 * Fail unless a man page of the command, and both completions, know all verbs and
 * options of a table.
 */
void cli_expect_documented(const char *source, const char *page,
			   const struct cli_verb *verbs,
			   const struct cli_option *options);

#endif
