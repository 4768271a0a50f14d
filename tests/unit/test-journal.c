// SPDX-License-Identifier: GPL-2.0-or-later
/* What the daemon says where there is no journal to say it to. */
#include "files-fixture.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../daemon/fastrebootd/base/journal.h"

/* What went to stderr since begin_stderr(). */
static int saved = -1;

static void begin_stderr(void)
{
	int fd = open(file_path("stderr"),
		      O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	saved = dup(STDERR_FILENO);
	assert_true(saved >= 0 && dup2(fd, STDERR_FILENO) >= 0);
	close(fd);
}

static const char *end_stderr(void)
{
	static char text[1024];
	int fd = open(file_path("stderr"), O_RDONLY | O_CLOEXEC);
	ssize_t n;

	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	assert_true(n >= 0);
	text[n] = '\0';
	return text;
}

static void each_event_has_an_id_of_its_own(void **state)
{
	for (int i = 0; i < FR_EVENTS; i++) {
		assert_non_null(fr_event_ids[i]);
		assert_int_equal(strlen(fr_event_ids[i]), 32);
		for (const char *c = fr_event_ids[i]; *c; c++)
			assert_true(isdigit((unsigned char)*c) ||
				    (*c >= 'a' && *c <= 'f'));
		for (int j = 0; j < i; j++)
			assert_string_not_equal(fr_event_ids[i],
						fr_event_ids[j]);
	}
}

static void the_catalog_explains_each_event(void **state)
{
	FILE *file = fopen(UNIT_SOURCE "/../../units/fastreboot.catalog", "re");
	char line[256], found[FR_EVENTS] = { 0 };
	int entries = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "-- ", 3))
			continue;
		entries++;
		for (int i = 0; i < FR_EVENTS; i++)
			if (!strcmp(line + 3, fr_event_ids[i]))
				found[i] = 1;
	}
	fclose(file);
	assert_int_equal(entries, FR_EVENTS);
	for (int i = 0; i < FR_EVENTS; i++)
		assert_true(found[i]);
}

static void a_message_with_its_priority(void **state)
{
	unsetenv("JOURNAL_STREAM");
	begin_stderr();
	journal_message(LOG_WARNING, "%s is %d", "it", 7);
	assert_string_equal(end_stderr(), "<4>fastrebootd: it is 7\n");
}

static void an_event_as_well(void **state)
{
	struct journal_fields fields = { .slot = -1 };

	unsetenv("JOURNAL_STREAM");
	begin_stderr();
	journal_event(FR_EVENT_STAGED, LOG_NOTICE, &fields, "staged");
	assert_string_equal(end_stderr(), "<5>fastrebootd: staged\n");
}

/* systemd takes stderr to the journal: that would have it twice. */
static void nothing_twice(void **state)
{
	setenv("JOURNAL_STREAM", "1:1", 1);
	begin_stderr();
	journal_message(LOG_ERR, "once");
	assert_string_equal(end_stderr(), "");
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(each_event_has_an_id_of_its_own),
	UNIT_TEST(the_catalog_explains_each_event),
	UNIT_TEST(a_message_with_its_priority),
	UNIT_TEST(an_event_as_well),
	UNIT_TEST(nothing_twice),
};
FILES_UNIT_MAIN(tests)
