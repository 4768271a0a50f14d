// SPDX-License-Identifier: GPL-2.0-or-later
#include "files-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cleanup.h"
#include "config.h"
#include "io.h"

#define SECOND 1000000ULL

static void expect_list(char **list, ...)
{
	va_list expected;
	const char *string;
	size_t i = 0;

	va_start(expected, list);
	while ((string = va_arg(expected, const char *))) {
		assert_non_null(list[i]);
		assert_string_equal(list[i++], string);
	}
	va_end(expected);
	assert_null(list[i]);
}

static void expect_equal(const struct fr_config *a, const struct fr_config *b)
{
	assert_int_equal(a->max_kernel_size, b->max_kernel_size);
	assert_int_equal(a->max_initrd_size, b->max_initrd_size);
	assert_int_equal(a->max_root_image_size, b->max_root_image_size);
	assert_int_equal(a->max_tries, b->max_tries);
	assert_int_equal(a->hook_timeout_usec, b->hook_timeout_usec);
	assert_int_equal(a->max_blackout_usec, b->max_blackout_usec);
	assert_string_equal(a->watchdog_device, b->watchdog_device);
	assert_int_equal(a->watchdog_usec, b->watchdog_usec);
	assert_int_equal(a->confirm_timeout_usec, b->confirm_timeout_usec);
	assert_int_equal(a->rollback_automatic, b->rollback_automatic);
	assert_int_equal(a->failure_action, b->failure_action);
	assert_true(!a->metrics_file == !b->metrics_file);
	for (size_t i = 0; a->boot_roots[i] || b->boot_roots[i]; i++)
		assert_string_equal(a->boot_roots[i], b->boot_roots[i]);
	for (size_t i = 0;
	     a->trusted_certificates[i] || b->trusted_certificates[i]; i++)
		assert_string_equal(a->trusted_certificates[i],
				    b->trusted_certificates[i]);
	for (size_t i = 0; a->revocation_lists[i] || b->revocation_lists[i];
	     i++)
		assert_string_equal(a->revocation_lists[i],
				    b->revocation_lists[i]);
}

static int parse(struct fr_config *config, const char *text,
		 struct fr_error *error)
{
	return fr_config_parse(config, text, strlen(text), "file", error);
}

/* The defaults changed by a text that has to be right. */
static void parse_well(struct fr_config *config, const char *text)
{
	struct fr_error error = { 0 };
	int r;

	assert_int_equal(fr_config_default(config), 0);
	r = parse(config, text, &error);
	expect_ok(r, &error);
}

static void defaults(void **state)
{
	_cleanup_config_ struct fr_config config = { 0 };

	assert_int_equal(fr_config_default(&config), 0);
	assert_int_equal(config.max_kernel_size, 256 << 20);
	assert_int_equal(config.max_initrd_size, 2ULL << 30);
	assert_int_equal(config.max_root_image_size, 2ULL << 30);
	expect_list(config.trusted_certificates, NULL);
	expect_list(config.boot_roots, "/boot", "/boot/efi", "/efi", NULL);
	assert_int_equal(config.max_tries, 3);
	assert_int_equal(config.hook_timeout_usec, 30 * SECOND);
	assert_int_equal(config.max_blackout_usec, 0);
	assert_string_equal(config.watchdog_device, "/dev/watchdog");
	assert_int_equal(config.watchdog_usec, 60 * SECOND);
	assert_int_equal(config.confirm_timeout_usec, 300 * SECOND);
	assert_true(config.rollback_automatic);
	assert_int_equal(config.failure_action, FR_FAILURE_ACTION_REBOOT);
	assert_true(config.health_gate);
	expect_list(config.health_units, NULL);
	expect_list(config.health_ignore_units, NULL);
	assert_true(config.health_network);
	assert_int_equal(config.health_timeout_usec, 60 * SECOND);
	assert_int_equal(config.health_settle_usec, 5 * SECOND);
	assert_null(config.metrics_file);
}

static void health_units(void **state)
{
	_cleanup_config_ struct fr_config config = { 0 };
	struct fr_error error = { 0 };

	parse_well(&config, "[Health]\nUnits=a.service b@1.mount\n"
			    "IgnoreUnits=x*\nUnits=c.target\n");
	expect_list(config.health_units, "a.service", "b@1.mount", "c.target",
		    NULL);
	expect_list(config.health_ignore_units, "x*", NULL);
	assert_int_equal(parse(&config, "[Health]\nUnits=nginx\n", &error),
			 -EINVAL);
	assert_non_null(strstr(error.text, "nginx.service"));
	assert_int_equal(parse(&config, "[Health]\nIgnoreUnits=a/b\n", &error),
			 -EINVAL);
}

/* Inlined, it makes gcc 12 see a pointer to its variable where there is none. */
static __attribute__((__noinline__)) char *default_file(void)
{
	char *text;

	assert_int_equal(fr_read_file(AT_FDCWD,
				      UNIT_SOURCE
				      "/../../units/fastreboot.conf",
				      65536, &text, NULL),
			 0);
	return text;
}

/* "#Key=value" becomes "Key=value", "# text" stays; counts the keys. */
static unsigned int uncomment(char *text)
{
	unsigned int count = 0;

	for (char *c = text; c; c = strchr(c + 1, '\n')) {
		char *hash = *c == '\n' ? c + 1 : c;

		if (*hash == '#' && hash[1] >= 'A' && hash[1] <= 'Z') {
			*hash = ' ';
			count++;
		}
	}
	return count;
}

/*
 * The documented file changes nothing, and neither does it with its comments
 * taken away, which says that it has the defaults of the code.
 */
static void documented_file_has_the_defaults(void **state)
{
	_cleanup_config_ struct fr_config expected = { 0 };
	_cleanup_config_ struct fr_config config = { 0 };
	_cleanup_free_ char *text = default_file();

	assert_int_equal(fr_config_default(&expected), 0);
	parse_well(&config, text);
	expect_equal(&config, &expected);
	fr_config_done(&config);

	assert_int_equal(uncomment(text), 22);
	/* A list would be added to the default. */
	*strstr(text, " BootRoots") = ';';
	parse_well(&config, text);
	expect_equal(&config, &expected);
	assert_non_null(strstr(text, ";BootRoots=/boot /boot/efi /efi\n"));
}

/* It has all keys: each one that the man page may have is found by its name. */
static void documented_file_has_every_key(void **state)
{
	static const char *const keys[] = { "MaxKernelSize",
					    "MaxInitrdSize",
					    "MaxRootImageSize",
					    "TrustedCertificates",
					    "BootRoots",
					    "MaxTries",
					    "HookTimeoutSec",
					    "SyncTimeoutSec",
					    "MaxBlackoutSec",
					    "WatchdogDevice",
					    "WatchdogSec",
					    "TimeoutSec",
					    "Automatic",
					    "FailureAction",
					    "Gate",
					    "Units",
					    "IgnoreUnits",
					    "Network",
					    "SettleSec",
					    "File" };
	_cleanup_free_ char *text = default_file();

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		char line[64];

		snprintf(line, sizeof(line), "\n#%s=", keys[i]);
		assert_non_null(strstr(text, line));
	}
}

static void every_key(void **state)
{
	_cleanup_config_ struct fr_config config = { 0 };

	parse_well(&config, "[Stage]\n"
			    "MaxKernelSize=1K\n"
			    "MaxInitrdSize = 3G\n"
			    "MaxRootImageSize=5M\n"
			    "TrustedCertificates=/a \"/b c\"\n"
			    "TrustedCertificates=/d\n"
			    "BootRoots=\n"
			    "BootRoots=/x\n"
			    "[Commit]\n"
			    "MaxTries=7\n"
			    "HookTimeoutSec=90\n"
			    "SyncTimeoutSec=2\n"
			    "MaxBlackoutSec=450ms\n"
			    "WatchdogDevice=/dev/watchdog1\n"
			    "WatchdogSec=2min\n"
			    "[Confirm]\n"
			    "TimeoutSec=1h 30min\n"
			    "[Rollback]\n"
			    "Automatic=no\n"
			    "FailureAction=none\n"
			    "[Metrics]\n"
			    "File=/m\n");
	assert_int_equal(config.max_kernel_size, 1024);
	assert_int_equal(config.max_initrd_size, 3ULL << 30);
	assert_int_equal(config.max_root_image_size, 5ULL << 20);
	expect_list(config.trusted_certificates, "/a", "/b c", "/d", NULL);
	expect_list(config.boot_roots, "/x", NULL);
	assert_int_equal(config.max_tries, 7);
	assert_int_equal(config.hook_timeout_usec, 90 * SECOND);
	assert_int_equal(config.sync_timeout_usec, 2 * SECOND);
	assert_int_equal(config.max_blackout_usec, 450000);
	assert_string_equal(config.watchdog_device, "/dev/watchdog1");
	assert_int_equal(config.watchdog_usec, 120 * SECOND);
	assert_int_equal(config.confirm_timeout_usec, 5400 * SECOND);
	assert_false(config.rollback_automatic);
	assert_int_equal(config.failure_action, FR_FAILURE_ACTION_NONE);
	assert_string_equal(config.metrics_file, "/m");
}

static void layout_of_lines(void **state)
{
	_cleanup_config_ struct fr_config config = { 0 };

	parse_well(&config, "# comment\n"
			    "; comment\n"
			    "\n"
			    "  [Commit]  \r\n"
			    "\tMaxTries =  5  \r\n"
			    "#MaxTries=6\n"
			    "[Metrics]\n"
			    "File=/m\n"
			    "File=\n"
			    "[Commit]\n"
			    "WatchdogSec=0");
	assert_int_equal(config.max_tries, 5);
	assert_int_equal(config.watchdog_usec, 0);
	assert_null(config.metrics_file);
}

static void bad_lines_are_named(void **state)
{
	static const struct {
		const char *text;
		const char *part;
	} bad[] = {
		{ "[Commit]\nTrustedCertificates=/a\n", "no effect here" },
		{ "[Stage]\ntrustedcertificates=/a\n", "file:2: trusted" },
		{ "[stage]\nTrustedCertificates=/a\n", "file:2: Trusted" },
		{ "[Stage\n", "file:1: no ']'" },
		{ "[\n", "file:1: no ']'" },
		{ "MaxTries=1\n", "file:1: a key in front" },
		{ "[Commit]\nMaxTries\n", "file:2: this is neither" },
		{ "[Commit]\nMaxTries=\n", "has to be a number" },
		{ "[Commit]\nMaxTries=x\n", "has to be a number" },
		{ "[Commit]\nMaxTries=1x\n", "has to be a number" },
		{ "[Commit]\nMaxTries=-1\n", "has to be a number" },
		{ "[Commit]\nMaxTries=0\n", "too small" },
		{ "[Commit]\nMaxTries=1001\n", "too large" },
		{ "[Commit]\nHookTimeoutSec=0\n", "too small" },
		{ "[Commit]\nHookTimeoutSec=soon\n", "has to be a time span" },
		{ "[Commit]\nWatchdogSec=1500ms\n", "has to be whole seconds" },
		{ "[Commit]\nWatchdogDevice=watchdog\n", "an absolute path" },
		{ "[Commit]\nWatchdogDevice=\n", "an absolute path" },
		{ "[Commit]\nMaxBlackoutSec=infinity\n", "time span" },
		{ "[Stage]\nMaxKernelSize=0\n", "too small" },
		{ "[Stage]\nMaxKernelSize=2X\n", "has to be a size" },
		{ "[Stage]\nMaxKernelSize=99999999999T\n", "be a size" },
		{ "[Stage]\nMaxInitrdSize=2T\n", "too large" },
		{ "[Stage]\nBootRoots=/a b\n", "absolute paths" },
		{ "[Stage]\nBootRoots=\"/a\n", "closed quotes" },
		{ "[Stage]\nBootRoots=\"/a\"b\n", "closed quotes" },
		{ "[Rollback]\nAutomatic=maybe\n", "has to be yes or no" },
		{ "[Rollback]\nFailureAction=poweroff\n",
		  "has to be reboot or" },
		{ "[Metrics]\nFile=m\n", "an absolute path" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_config_ struct fr_config config = { 0 };
		struct fr_error error = { 0 };
		int r;

		assert_int_equal(fr_config_default(&config), 0);
		r = parse(&config, bad[i].text, &error);
		expect_error(r, -EINVAL, &error, FR_FAILED, bad[i].part);
	}
}

/* A newer version's: they are named, and everything else is in force. */
static void unknown_lines_are_passed_over(void **state)
{
	static const struct {
		const char *text;
		const char *part;
	} unknown[] = {
		{ "[Stage]\nKernelSize=1\n", "file:2: there is no key Kernel" },
		{ "[Commit]\nMaxKernelSize=1\n", "file:2: there is no key" },
		{ "\n\n[Stages]\n", "file:3: there is no section [Stages]" },
		{ "[stage]\nMaxKernelSize=x\n", "no section [stage]" },
		{ "[Scrub]\n", "no section [Scrub]" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		_cleanup_config_ struct fr_config config = { 0 };
		char text[128];

		snprintf(text, sizeof(text), "%s[Commit]\nMaxTries=7\n",
			 unknown[i].text);
		parse_well(&config, text);
		assert_int_equal(config.max_tries, 7);
		assert_non_null(config.passed_over);
		assert_non_null(strstr(config.passed_over[0], unknown[i].part));
		assert_null(config.passed_over[1]);
		assert_false(config.trust_unclear);
	}
}

static void nul_and_endless_lists(void **state)
{
	_cleanup_config_ struct fr_config config = { 0 };
	struct fr_error error = { 0 };
	char text[4096] = "[Stage]\nBootRoots=";

	assert_int_equal(fr_config_default(&config), 0);
	expect_error(fr_config_parse(&config, "[Stage]\n\0", 9, "file", &error),
		     -EINVAL, &error, FR_FAILED, "not a text file");
	for (int i = 0; i < 64; i++)
		strcat(text, " /root");
	expect_error(parse(&config, text, &error), -EINVAL, &error, FR_FAILED,
		     "more than 64");
}

static void time_spans(void **state)
{
	static const struct {
		const char *text;
		u64 usec;
	} good[] = {
		{ "0", 0 },
		{ "90", 90 * SECOND },
		{ "90s", 90 * SECOND },
		{ " 5 min ", 300 * SECOND },
		{ "1h30min", 5400 * SECOND },
		{ "2 h 1 s", 7201 * SECOND },
		{ "1.5s", 1500000 },
		{ "0.25", 250000 },
		{ "1.5min", 90 * SECOND },
		{ "450ms", 450000 },
		{ "7us", 7 },
		{ "7µs", 7 },
		{ "1week 2days 3hr", (9 * 24 + 3) * 3600 * SECOND },
		{ "18446744073709551615us", UINT64_MAX },
	};
	static const char *const bad[] = { "",		" ",	   "s",
					   "5 parsecs", "-1",	   "1.",
					   ".5",	"1..5",	   "5s,",
					   "0x10",	"infinity" };
	u64 usec = 42;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(fr_parse_time(good[i].text, &usec), 0);
		assert_int_equal(usec, good[i].usec);
	}
	usec = 42;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(fr_parse_time(bad[i], &usec), -EINVAL);
	assert_int_equal(fr_parse_time("18446744073709551616us", &usec),
			 -ERANGE);
	assert_int_equal(fr_parse_time("18446744073709551615us 1us", &usec),
			 -ERANGE);
	assert_int_equal(fr_parse_time("18446744073709551s", &usec), -ERANGE);
	assert_int_equal(usec, 42);
}

static void sizes(void **state)
{
	u64 size = 42;

	assert_int_equal(fr_parse_size("K", &size), -EINVAL);
	assert_int_equal(fr_parse_size("", &size), -EINVAL);
	assert_int_equal(fr_parse_size("1k", &size), -EINVAL);
	assert_int_equal(fr_parse_size("1KB", &size), -EINVAL);
	assert_int_equal(fr_parse_size("1 K", &size), -EINVAL);
	assert_int_equal(fr_parse_size("18446744073709551616", &size), -ERANGE);
	assert_int_equal(fr_parse_size("18014398509481984K", &size), -ERANGE);
	assert_int_equal(size, 42);
	assert_int_equal(fr_parse_size("0", &size), 0);
	assert_int_equal(size, 0);
	assert_int_equal(fr_parse_size("18446744073709551615", &size), 0);
	assert_int_equal(size, UINT64_MAX);
	assert_int_equal(fr_parse_size("3T", &size), 0);
	assert_int_equal(size, 3ULL << 40);
}

/* Which of the three folders' files count. */

#define CONF "fastreboot/fastreboot.conf"

static void load_well(struct fr_config *config)
{
	struct fr_error error = { 0 };
	int r = fr_config_load(file_path("root"), config, &error);

	expect_ok(r, &error);
}

static unsigned int loaded_tries(void)
{
	_cleanup_config_ struct fr_config config = { 0 };

	load_well(&config);
	return config.max_tries;
}

static void no_file_gives_the_defaults(void **state)
{
	_cleanup_config_ struct fr_config expected = { 0 };
	_cleanup_config_ struct fr_config config = { 0 };

	file_remove("root");
	assert_int_equal(fr_config_default(&expected), 0);
	load_well(&config);
	expect_equal(&config, &expected);
}

static void first_main_file_counts(void **state)
{
	file_remove("root");
	file_write_text("root/usr/lib/" CONF, "[Commit]\nMaxTries=11\n");
	assert_int_equal(loaded_tries(), 11);
	file_write_text("root/run/" CONF, "[Commit]\nMaxTries=12\n");
	assert_int_equal(loaded_tries(), 12);
	file_write_text("root/etc/" CONF, "[Commit]\nMaxTries=13\n");
	assert_int_equal(loaded_tries(), 13);
	/* One that is empty hides the others as well. */
	file_write_text("root/etc/" CONF, "");
	assert_int_equal(loaded_tries(), 3);
	file_remove("root/etc/" CONF);
	file_link("/dev/null", "root/etc/" CONF);
	assert_int_equal(loaded_tries(), 3);
}

static void drop_ins_in_order(void **state)
{
	_cleanup_config_ struct fr_config config = { 0 };

	file_remove("root");
	file_write_text("root/etc/" CONF, "[Commit]\nMaxTries=5\n");
	file_write_text("root/usr/lib/" CONF ".d/50-b.conf",
			"[Commit]\nMaxTries=6\n[Stage]\nBootRoots=\n");
	file_write_text("root/etc/" CONF ".d/40-a.conf",
			"[Commit]\nMaxTries=7\n[Stage]\nBootRoots=/a\n");
	file_write_text("root/run/" CONF ".d/60-c.conf",
			"[Stage]\nBootRoots=/c\n");
	file_write_text("root/etc/" CONF ".d/99-readme.txt", "nonsense");
	file_write_text("root/etc/" CONF ".d/.hidden.conf", "nonsense");
	load_well(&config);
	assert_int_equal(config.max_tries, 6);
	expect_list(config.boot_roots, "/c", NULL);
}

static void drop_ins_replace_and_mask(void **state)
{
	file_remove("root");
	file_write_text("root/usr/lib/" CONF ".d/a.conf",
			"[Commit]\nMaxTries=6\nWatchdogSec=1\n");
	assert_int_equal(loaded_tries(), 6);
	file_write_text("root/run/" CONF ".d/a.conf", "[Commit]\nMaxTries=8\n");
	assert_int_equal(loaded_tries(), 8);
	file_link("/dev/null", "root/etc/" CONF ".d/a.conf");
	assert_int_equal(loaded_tries(), 3);
}

static void files_in_disorder(void **state)
{
	_cleanup_config_ struct fr_config config = { 0 };
	struct fr_error error = { 0 };
	char *large;

	file_remove("root");
	file_write_text("root/etc/" CONF ".d/a.conf",
			"\n[Commit]\nMaxTries=x\n");
	expect_error(fr_config_load(file_path("root"), &config, &error),
		     -EINVAL, &error, FR_FAILED,
		     "etc/" CONF ".d/a.conf:3: MaxTries=x");
	assert_null(config.boot_roots);

	file_remove("root");
	file_make_folder("root/run/" CONF);
	expect_error(fr_config_load(file_path("root"), &config, &error),
		     -EISDIR, &error, FR_FAILED, "run/" CONF);

	file_remove("root");
	large = malloc((1 << 20) + 1);
	memset(large, '#', (1 << 20) + 1);
	file_write("root/etc/" CONF, large, (1 << 20) + 1);
	free(large);
	expect_error(fr_config_load(file_path("root"), &config, &error), -EFBIG,
		     &error, FR_FAILED, "larger than 1 MiB");

	file_remove("root");
	file_link("fastreboot.conf", "root/etc/" CONF);
	expect_error(fr_config_load(file_path("root"), &config, &error), -ELOOP,
		     &error, FR_FAILED, "etc/" CONF);
}

static void expect_salvaged(const char *part, bool trust_unclear)
{
	_cleanup_config_ struct fr_config config = { 0 };
	bool named = false;

	assert_int_equal(fr_config_salvage(file_path("root"), &config), 0);
	assert_false(config.rollback_automatic);
	assert_int_equal(config.trust_unclear, trust_unclear);
	assert_non_null(config.passed_over);
	for (char **line = config.passed_over; *line; line++)
		named |= strstr(*line, part) != NULL;
	assert_true(named);
}

/* What is in order counts, whatever stands around it. */
static void what_can_be_salvaged(void **state)
{
	static const struct {
		const char *text;
		const char *part;
		bool trust_unclear;
	} bad[] = {
		{ "[Commit]\nMaxTries=x\n", "a.conf:2: MaxTries=x", false },
		{ "[Newer]\nKey=x\n", "no section [Newer]", false },
		{ "[Stage]\nMaxKernelSize=x\n", "a.conf:2: MaxKernel", false },
		{ "[Stage]\nTrustedCertificates=a\n", "absolute", true },
		{ "[Stage\nTrustedCertificates=/a\n", "no ']'", true },
		{ "[New]\nTrustedCertificates=/a\n", "no effect here", true },
		{ "MaxTries=1\n", "in front of the first", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char text[128];

		file_remove("root");
		snprintf(text, sizeof(text), "%s[Rollback]\nAutomatic=no\n",
			 bad[i].text);
		file_write_text("root/etc/" CONF ".d/a.conf", text);
		expect_salvaged(bad[i].part, bad[i].trust_unclear);
	}
}

static void files_that_can_not_be_salvaged(void **state)
{
	file_remove("root");
	file_write_text("root/etc/" CONF ".d/a.conf",
			"[Rollback]\nAutomatic=no\n");
	file_make_folder("root/etc/" CONF);
	expect_salvaged("can't read", true);
	file_remove("root/etc/" CONF);
	file_write("root/etc/" CONF ".d/b.conf", "[Stage]\n\0", 9);
	expect_salvaged("not a text file", true);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(defaults),
	UNIT_TEST(health_units),
	UNIT_TEST(documented_file_has_the_defaults),
	UNIT_TEST(documented_file_has_every_key),
	UNIT_TEST(every_key),
	UNIT_TEST(layout_of_lines),
	UNIT_TEST(bad_lines_are_named),
	UNIT_TEST(unknown_lines_are_passed_over),
	UNIT_TEST(nul_and_endless_lists),
	UNIT_TEST(time_spans),
	UNIT_TEST(sizes),
	UNIT_TEST(no_file_gives_the_defaults),
	UNIT_TEST(first_main_file_counts),
	UNIT_TEST(drop_ins_in_order),
	UNIT_TEST(drop_ins_replace_and_mask),
	UNIT_TEST(files_in_disorder),
	UNIT_TEST(what_can_be_salvaged),
	UNIT_TEST(files_that_can_not_be_salvaged),
};
FILES_UNIT_MAIN(tests)
