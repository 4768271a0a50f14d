// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fastreboot-health: is the system as well after an update as it was before?
 *
 *	fastreboot-health record	before: a preflight hook runs it, so that it
 *					is no part of the blackout. It writes the
 *					baseline, unless the running kernel is itself
 *					not confirmed: what it is to be compared with
 *					later is a system that was good. It never
 *					keeps a commit from going on.
 *	fastreboot-health check		after: fastreboot-health.service runs it when
 *					systemd has started everything. Each verdict
 *					goes to the journal and to a file that
 *					fastrebootd shows. If it fails, so does
 *					boot-complete.target, and the kernel is rolled
 *					back.
 *
 * A check passes when nothing is wrong for SettleSec= on end. It fails when
 * something still is after TimeoutSec=: units may take their time to come up.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

#include "baseline.h"
#include "cleanup.h"
#include "compare.h"
#include "config.h"
#include "pool.h"
#include "root.h"
#include "standard-fds.h"
#include "state.h"
#include "strv.h"

#define CALL_USEC (5 * UINT64_C(1000000))
/* Not all that can be wrong is told by a signal. */
#define LOOK_USEC (1 * UINT64_C(1000000))

#define CATALOG_PASSED "MESSAGE_ID=1c1b7d8e5c5e4bd3a8f8f2d8a77c1f01"
#define CATALOG_FAILED "MESSAGE_ID=1c1b7d8e5c5e4bd3a8f8f2d8a77c1f02"

#ifdef FR_TESTING
static int connect_bus(sd_bus *bus)
{
	const char *address = getenv("FASTREBOOT_SYSTEMD");

	return address ? sd_bus_set_address(bus, address) : -ENOENT;
}
#else
static int connect_bus(sd_bus *bus)
{
	return sd_bus_set_address(bus, "unix:path=/run/systemd/private");
}
#endif

static uint64_t now_usec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static int open_bus(sd_bus **ret)
{
	_cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
	int err;

	err = sd_bus_new(&bus);
	if (err >= 0)
		err = connect_bus(bus);
	if (err >= 0)
		err = sd_bus_start(bus);
	if (err < 0)
		return err;
	sd_bus_set_method_call_timeout(bus, CALL_USEC);
	*ret = fr_steal_pointer(bus);
	return 0;
}

static int read_state(bool with_expected, struct health_state *ret)
{
	_cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
	int err = open_bus(&bus);

	return err < 0 ? err :
			 health_state_read(bus, fr_root(), with_expected, ret);
}

static void warn_about(const char *text)
{
	fprintf(stderr, "<4>fastreboot-health: %s\n", text);
}

static bool is_confirmed(void)
{
	_cleanup_pool_status_ struct fr_pool_status pool = { 0 };
	struct fr_error error = { 0 };

	return fr_pool_read(&pool, &error) || !pool.present ||
	       fr_pool_is_confirmed(&pool);
}

static void record(void)
{
	_cleanup_health_state_ struct health_state state = { 0 };
	struct fr_error error = { 0 };
	int err;

	/* Without systemd there is no gate, either. */
	if (sd_booted() <= 0 || !is_confirmed())
		return;
	err = read_state(true, &state);
	if (err < 0)
		fr_fail(&error, FR_FAILED, err,
			"there is no new baseline, systemd does not tell: %s",
			strerror(-err));
	else
		err = baseline_store(fr_root(), &state, &error);
	if (err < 0)
		warn_about(error.text);
}

/**
 * struct check - a check on its way
 * @config: what it goes by
 * @before: the baseline; NULL if there is none
 * @until: when it fails, of now_usec()
 * @good_since: since when nothing is wrong; 0 if something is
 * @problems: what is; owned
 */
struct check {
	const struct fr_config *config;
	const struct health_state *before;
	uint64_t until;
	uint64_t good_since;
	char **problems;
};

static int look(struct check *check)
{
	_cleanup_health_state_ struct health_state now = { 0 };
	char *line;
	int err;

	fr_strv_free(check->problems);
	check->problems = NULL;
	err = read_state(false, &now);
	if (err >= 0)
		return health_compare(check->before, &now, check->config,
				      &check->problems);
	if (asprintf(&line, "systemd does not tell which units run: %s",
		     strerror(-err)) < 0)
		return -ENOMEM;
	return fr_strv_add(&check->problems, line);
}

/* Return: 1 if it is decided, 0 if not yet, or -ENOMEM. */
static int decide(struct check *check)
{
	uint64_t now = now_usec();
	int err = look(check);

	if (err)
		return err;
	if (check->problems) {
		check->good_since = 0;
		return now >= check->until;
	}
	if (!check->good_since)
		check->good_since = now;
	return now - check->good_since >= check->config->health_settle_usec;
}

static int run_check(struct check *check)
{
	const struct timespec pause = { .tv_nsec = LOOK_USEC * 1000 - 1 };
	int decided;

	check->until = now_usec() + check->config->health_timeout_usec;
	while (!(decided = decide(check)))
		nanosleep(&pause, NULL);
	return decided < 0 ? decided : 0;
}

static void tell(const char *verdict, char *const *problems)
{
	bool good = !problems;

	for (; problems && *problems; problems++)
		sd_journal_send("MESSAGE=health: %s", *problems, "PRIORITY=3",
				"FASTREBOOT_HEALTH=%s", verdict, NULL);
	sd_journal_send("MESSAGE=%s",
			good ? "the system is as well as before the update" :
			       "the system is not as well as before the update",
			"PRIORITY=%i", good ? 5 : 3, "FASTREBOOT_HEALTH=%s",
			verdict, good ? CATALOG_PASSED : CATALOG_FAILED, NULL);
}

static void keep(const char *verdict, char *const *problems)
{
	struct fr_error error = { 0 };

	if (verdict_store(fr_root(), verdict, problems, &error))
		warn_about(error.text);
}

static int check_health(const struct fr_config *config)
{
	_cleanup_health_state_ struct health_state before = { 0 };
	struct check check = { .config = config, .before = &before };
	struct fr_error error = { 0 };
	const char *verdict;
	int err;

	if (baseline_load(fr_root(), &before, &error)) {
		warn_about(error.text);
		check.before = NULL;
	}
	keep("waiting", NULL);
	err = run_check(&check);
	verdict = err || check.problems ? "failed" : "passed";
	keep(verdict, check.problems);
	tell(verdict, check.problems);
	err = err || check.problems ? EXIT_FAILURE : EXIT_SUCCESS;
	fr_strv_free(check.problems);
	return err;
}

static int check(void)
{
	_cleanup_config_ struct fr_config config = { 0 };

	if (is_confirmed())
		return EXIT_SUCCESS;
	if (fr_config_salvage(fr_root(), &config)) {
		warn_about("out of memory");
		return EXIT_FAILURE;
	}
	return config.health_gate ? check_health(&config) : EXIT_SUCCESS;
}

static int usage(void)
{
	fputs("usage: fastreboot-health record|check; see fastreboot-health(8)\n",
	      stderr);
	return FR_USAGE;
}

int main(int argc, char **argv)
{
	if (fr_standard_fds_init() < 0)
		return FR_FAILED;
	if (argc != 2)
		return usage();
	if (!strcmp(argv[1], "check"))
		return check();
	if (strcmp(argv[1], "record") != 0)
		return usage();
	record();
	return EXIT_SUCCESS;
}
