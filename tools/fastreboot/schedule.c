// SPDX-License-Identifier: GPL-2.0-or-later
#include "schedule.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "files.h"
#include "run.h"

#define UNIT "fastreboot-commit"
#define SYSTEMD "org.freedesktop.systemd1"
#define WORDS_MAX 16
#define NUMBER_SIZE 48
/* Of a message, what wall(1) is given. */
#define MESSAGE_MAX 500

/* A command line that is being made; @texts hold what is no constant. */
struct words {
	const char *list[WORDS_MAX + 1];
	size_t n;
	char texts[4][NUMBER_SIZE];
	size_t n_texts;
	char message[2 * MESSAGE_MAX + 2];
};

static void add(struct words *words, const char *word)
{
	words->list[words->n++] = word;
}

static void add_number(struct words *words, const char *before, uint64_t number,
		       const char *after)
{
	char *text = words->texts[words->n_texts++];

	snprintf(text, NUMBER_SIZE, "%s%" PRIu64 "%s", before, number, after);
	add(words, text);
}

/* systemd puts a variable's value where there is a "$": two of them are one. */
static void add_escaped(struct words *words, const char *text)
{
	char *to = words->message;
	char *end = to + sizeof(words->message) - 2;

	for (; *text && to < end; text++) {
		if (*text == '$')
			*to++ = '$';
		*to++ = *text;
	}
	*to = '\0';
	add(words, words->message);
}

/* What the commit was asked with, but for the delay. */
static void add_commit(struct words *words, const struct cli_request *request)
{
	add(words, "/usr/bin/fastreboot");
	add(words, "commit");
	if (request->now)
		add(words, "--now");
	if (request->ignore_inhibitors)
		add(words, "--ignore-inhibitors");
	if (request->unconfirmed)
		add(words, "--unconfirmed");
	if (request->max_blackout_usec != UINT64_MAX)
		add_number(words, "--max-blackout=", request->max_blackout_usec,
			   "us");
	if (request->message) {
		add(words, "--message");
		add_escaped(words, request->message);
	}
	if (request->slot >= 0)
		add_number(words, "", (uint64_t)request->slot, "");
}

static int stop_timer(void)
{
	static const char *const words[] = { "/usr/bin/systemctl", "--quiet",
					     "stop", UNIT ".timer", NULL };

	return run_program(words);
}

int schedule_commit(const struct cli_request *request, struct fr_error *error)
{
	struct words words = { .n = 0 };
	int status;

	if (!files_exist("/run/systemd/system"))
		return fr_fail(
			error, FR_UNSUPPORTED, -EOPNOTSUPP,
			"systemd does not run here, and a delay takes a timer of its");
	stop_timer();
	add(&words, "/usr/bin/systemd-run");
	add(&words, "--quiet");
	add(&words, "--unit=" UNIT);
	add(&words, "--timer-property=AccuracySec=1s");
	add_number(&words, "--on-active=", request->delay_usec, "us");
	add(&words, "--");
	add_commit(&words, request);
	status = run_program(words.list);
	if (!status)
		return 0;
	return fr_fail(error, FR_FAILED, -EIO,
		       "systemd-run has refused the timer " UNIT
		       ".timer, with status %d",
		       status);
}

int schedule_cancel(struct fr_error *error)
{
	int status = stop_timer();

	if (!status)
		return 0;
	return fr_fail(error, FR_FAILED, -EIO,
		       "systemctl has not stopped " UNIT
		       ".timer, with status %d",
		       status);
}

static uint64_t clock_usec(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

bool schedule_next(struct client *client, uint64_t *ret_usec)
{
	uint64_t next = 0;

	if (!client->bus || client->peer ||
	    sd_bus_get_property_trivial(
		    client->bus, SYSTEMD,
		    "/org/freedesktop/systemd1/unit/fastreboot_2dcommit_2etimer",
		    SYSTEMD ".Timer", "NextElapseUSecMonotonic", NULL, 't',
		    &next) < 0 ||
	    !next || next == UINT64_MAX)
		return false;
	*ret_usec =
		clock_usec(CLOCK_REALTIME) - clock_usec(CLOCK_MONOTONIC) + next;
	return true;
}

void schedule_warn(const struct cli_request *request)
{
	const char *words[] = { "/usr/bin/wall", NULL, NULL };
	time_t when = time(NULL) + (time_t)(request->delay_usec / 1000000);
	char text[MESSAGE_MAX + 100], clock[32];
	struct tm tm;

	if (!request->message && !request->delay_usec)
		return;
	if (!localtime_r(&when, &tm) ||
	    !strftime(clock, sizeof(clock), "at %H:%M:%S", &tm))
		return;
	snprintf(text, sizeof(text), "The system reboots %s.%s%.*s",
		 request->delay_usec ? clock : "now",
		 request->message ? "\n" : "", MESSAGE_MAX,
		 request->message ?: "");
	words[1] = text;
	run_program(words);
}
