// SPDX-License-Identifier: GPL-2.0-or-later
#include "files-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "metrics.h"

static struct fr_pool_status pool = {
	.present = true,
	.generation = 3,
	.boot_reason = (char *)"fast-reboot",
	.previous_release = (char *)"6.12 \"a\\b\"\n",
	.tries = 1,
	.n_slots = 1,
	.slots = { { .status = FR_SLOT_RUNNING, .release = (char *)"6.12-b" } },
};

static struct fr_metrics metrics = {
	.pool = &pool,
	.release = "6.12-b",
	.update_status = "unconfirmed",
};

static char *format(const struct fr_timeline *timeline)
{
	char *text;

	metrics.timeline = timeline;
	assert_int_equal(fr_metrics_format(&metrics, &text), 0);
	return text;
}

static void has_what_is_known(void **state)
{
	struct fr_timeline timeline;
	char *text;

	assert_int_equal(fr_timeline_parse("reboot 0\ninit 1054920001\n"
					   "relocated_bytes 9\n",
					   &timeline, NULL),
			 0);
	timeline.shutdown_ns = 2500000000;
	text = format(&timeline);
	assert_non_null(strstr(text, "\nfastreboot_generation 3\n"));
	assert_non_null(strstr(text, "\nfastreboot_tries 1\n"));
	assert_non_null(strstr(text, "\nfastreboot_confirmed 0\n"));
	assert_non_null(strstr(text, "\nfastreboot_blackout_seconds "
				     "1.054920001\n"));
	assert_non_null(strstr(text, "\nfastreboot_shutdown_seconds "
				     "2.500000000\n"));
	assert_non_null(strstr(text, "{slot=\"0\",status=\"running\","
				     "release=\"6.12-b\"} 1\n"));
	assert_null(strstr(text, "fastreboot_start_seconds"));
	free(text);
}

static void labels_are_escaped(void **state)
{
	char *text = format(NULL);

	assert_non_null(strstr(
		text, "previous_release=\"6.12 \\\"a\\\\b\\\"\\n\"} 1\n"));
	free(text);
}

/* Each line is a comment, or a name, labels and a number; # EOF ends it. */
static void every_line_is_in_order(void **state)
{
	struct fr_timeline timeline;
	char *text, *line, *place = NULL;
	const char *last = "";

	assert_int_equal(
		fr_timeline_parse("reboot 0\ninit 5\n", &timeline, NULL), 0);
	text = format(&timeline);
	assert_string_equal(text + strlen(text) - 6, "# EOF\n");
	for (line = strtok_r(text, "\n", &place); line;
	     line = strtok_r(NULL, "\n", &place)) {
		last = line;
		if (*line == '#')
			continue;
		assert_int_equal(strncmp(line, "fastreboot_", 11), 0);
		assert_int_equal(strspn(strrchr(line, ' ') + 1, "0123456789."),
				 strlen(strrchr(line, ' ') + 1));
	}
	assert_string_equal(last, "# EOF");
	free(text);
}

static void no_timeline(void **state)
{
	char *text = format(NULL);

	assert_null(strstr(text, "phase"));
	assert_null(strstr(text, "relocated"));
	free(text);
}

static void writes_for_everybody(void **state)
{
	const char *path = file_path("metrics.prom");
	struct fr_error error = { 0 };
	struct stat st;
	char *text;

	umask(0077);
	file_write_text("metrics.prom", "old");
	expect_ok(fr_metrics_write(path, "new\n", &error), &error);
	assert_int_equal(fr_read_file(AT_FDCWD, path, 100, &text, NULL), 0);
	assert_string_equal(text, "new\n");
	free(text);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_int_equal(access(file_path("metrics.prom.new"), F_OK), -1);
}

static void no_folder(void **state)
{
	struct fr_error error = { 0 };

	expect_error(fr_metrics_write(file_path("none/metrics"), "x", &error),
		     -ENOENT, &error, FR_FAILED, "none/metrics");
}

static void path_as_configured(void **state)
{
	assert_string_equal(fr_metrics_path("/a/b"), "/a/b");
	assert_non_null(fr_metrics_path(NULL));
	assert_string_equal(fr_metrics_path(""), fr_metrics_path(NULL));
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(has_what_is_known),	   UNIT_TEST(labels_are_escaped),
	UNIT_TEST(every_line_is_in_order), UNIT_TEST(no_timeline),
	UNIT_TEST(writes_for_everybody),   UNIT_TEST(no_folder),
	UNIT_TEST(path_as_configured),
};
FILES_UNIT_MAIN(tests)
