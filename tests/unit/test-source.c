// SPDX-License-Identifier: GPL-2.0-or-later
/* What the daemon adds to a source. */
#include "files-fixture.h"

#include <errno.h>
#include <stdlib.h>

#include "../../daemon/fastrebootd/pool/source.h"
#include "pool.h"

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void sources(void **state)
{
	struct source_notes notes = { .staged_at = "now",
				      .kernel_sha256 = HASH };
	struct fr_error error = { 0 };
	char *source = NULL, *text;

	expect_ok(source_annotate("{\"kernel\":\"/a/b\"}", &notes, &source,
				  &error),
		  &error);
	assert_string_equal(source,
			    "{\"kernel\":\"/a/b\",\"staged_at\":\"now\","
			    "\"kernel_sha256\":\"" HASH "\"}");
	text = source_member(source, "staged_at");
	assert_string_equal(text, "now");
	free(text);
	assert_null(source_member(source, "title"));
	assert_null(source_member("", "title"));
	assert_null(source_member("[1]", "title"));
	assert_null(source_member("{\"title\":1}", "title"));
	free(source);
	expect_error(source_annotate("", &notes, &source, &error), -EINVAL,
		     &error, FR_FAILED, "source");
}

static int check_pin_of(const char *pinned, const struct source_notes *notes,
			struct fr_error *error)
{
	return source_check_pins(pinned, notes, error);
}

static void pins(void **state)
{
	struct source_notes notes = { .kernel_sha256 = "k",
				      .payload_sha256 = "p" };
	struct fr_error error = { 0 };

	expect_ok(check_pin_of("{\"kernel_sha256\":\"k\","
			       "\"payload_sha256\":\"p\"}",
			       &notes, &error),
		  &error);
	/* An older daemon's, or one of a kernel that firmware has booted. */
	expect_ok(check_pin_of("{\"kernel\":\"/a\"}", &notes, &error), &error);
	expect_error(check_pin_of("{\"kernel_sha256\":\"l\"}", &notes, &error),
		     -EBADMSG, &error, FR_OTHER_PAYLOAD, "the kernel is not");
	expect_error(check_pin_of("{\"root_sha256\":\"r\"}", &notes, &error),
		     -EBADMSG, &error, FR_OTHER_PAYLOAD, "the root image");
	expect_error(check_pin_of("{\"payload_sha256\":\"q\"}", &notes, &error),
		     -EBADMSG, &error, FR_OTHER_PAYLOAD, "beside the kernel");
	assert_true(source_is_pinned("{\"payload_sha256\":\"q\"}"));
	assert_false(source_is_pinned("{\"kernel_sha256\":\"q\"}"));
	assert_false(source_is_pinned(""));
}

/* What only informs makes room for what has to be there. */
static void a_source_that_is_nearly_full(void **state)
{
	struct source_notes notes = { .staged_at = "now",
				      .title = "a title that is long enough",
				      .kernel_sha256 = HASH,
				      .rollback_from = "6.12-b",
				      .rollback_reason = "many units" };
	struct fr_error error = { 0 };
	char base[FR_SLOT_SOURCE_MAX + 1];
	char *source = NULL;
	size_t name = FR_SLOT_SOURCE_MAX - 125;

	memset(base, 'x', sizeof(base));
	memcpy(base, "{\"kernel\":\"", 11);
	strcpy(base + name, "\"}");
	expect_ok(source_annotate(base, &notes, &source, &error), &error);
	assert_true(strlen(source) <= FR_SLOT_SOURCE_MAX);
	/* Without the hash nothing shows that this is what was read. */
	assert_non_null(strstr(source, "\"kernel_sha256\":\"" HASH "\""));
	assert_null(strstr(source, "title"));
	assert_null(strstr(source, "many units"));
	assert_null(strstr(source, "staged_at"));
	assert_non_null(strstr(source, "\"rollback_from\":\"6.12-b\""));
	free(source);
	strcpy(base + name, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}");
	expect_error(source_annotate(base, &notes, &source, &error), -E2BIG,
		     &error, FR_TOO_LARGE, "rollback");
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(sources),
	UNIT_TEST(pins),
	UNIT_TEST(a_source_that_is_nearly_full),
};
FILES_UNIT_MAIN(tests)
