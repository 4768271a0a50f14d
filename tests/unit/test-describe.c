// SPDX-License-Identifier: GPL-2.0-or-later
/* The daemon's parts that need no daemon: status, sources, slots, checks. */
#include "files-fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../daemon/fastrebootd/transport/message.h"
#include "../../daemon/fastrebootd/pool/describe.h"
#include "../../daemon/fastrebootd/jobs/preflight.h"
#include "../../daemon/fastrebootd/pool/slots.h"
#include "../../daemon/fastrebootd/pool/source.h"

/* expect_success() evaluates its argument twice, this does not. */
static void expect_ok(int r, const struct fr_error *error)
{
	expect_success(r, error);
}

#define TEXT(text) ((char *)(text))
#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct fr_pool_status a_pool(void)
{
	return (struct fr_pool_status){
		.present = true,
		.start = 0x60000000,
		.end = 0x6fffffff,
		.error = TEXT(""),
		.boot_reason = TEXT("fast-reboot"),
		.previous_release = TEXT("6.12-a"),
		.source = TEXT("{\"kernel\":\"/b\",\"cmdline\":\"secret\"}"),
		.previous_source = TEXT(""),
		.running = 0,
		.armed = FR_SLOT_NONE,
		.tries = 1,
		.n_slots = 2,
		.slots = { { .number = 0,
			     .state = FR_SLOT_RUNNING,
			     .release = TEXT("6.12-b"),
			     .stale = TEXT("no"),
			     .cmdline = TEXT("secret"),
			     .source = TEXT("") },
			   { .number = 1,
			     .state = FR_SLOT_SEALED,
			     .release = TEXT("6.12-c"),
			     .stale = TEXT("no"),
			     .cmdline = TEXT("secret"),
			     .source = TEXT(
				     "{\"kernel\":\"/c\",\"title\":\"C\","
				     "\"staged_at\":\"2026-11-21T16:00:00Z\"}"),
			     .segments = { { .size = 5,
					     .address = 0x1000,
					     .direct = true,
					     .sha256 = HASH } } } },
	};
}

static struct describe_input an_input(const struct fr_pool_status *pool)
{
	return (struct describe_input){
		.supported = true,
		.pool = pool,
		.pool_error = "",
		.release = "6.12-b",
		.tries_max = 3,
		.privileged = true,
	};
}

static const char *member(struct json_object *object, const char *first,
			  const char *second)
{
	struct json_object *found = NULL;

	assert_true(json_object_object_get_ex(object, first, &found));
	if (second)
		assert_true(json_object_object_get_ex(found, second, &found));
	return json_object_get_string(found);
}

static struct json_object *slot_of(struct json_object *object, size_t i)
{
	struct json_object *slots = NULL;

	assert_true(json_object_object_get_ex(object, "slots", &slots));
	return json_object_array_get_idx(slots, i);
}

static void has_every_member(void **state)
{
	static const char *const names[] = {
		"schema",     "supported",	 "pool",
		"pool_error", "release",	 "boot_reason",
		"generation", "running",	 "armed",
		"tries",      "confirmed",	 "previous_release",
		"source",     "previous_source", "slots",
		"commit",     "last_update",	 "timeline",
		"job",	      "last_job",
	};
	static const char *const slot_names[] = {
		"slot",	     "status",	    "release",	"title",
		"size",	     "stale",	    "cmdline",	"source",
		"staged_at", "verified_at", "segments",
	};
	struct fr_pool_status pool = a_pool();
	struct describe_input input = an_input(&pool);
	struct json_object *object = describe_status(&input);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_true(json_object_object_get_ex(object, names[i], NULL));
	for (size_t i = 0; i < ARRAY_SIZE(slot_names); i++)
		assert_true(json_object_object_get_ex(slot_of(object, 1),
						      slot_names[i], NULL));
	assert_string_equal(member(object, "schema", NULL),
			    "org.fastreboot.status/1");
	assert_string_equal(member(object, "commit", "possible"), "true");
	assert_string_equal(member(object, "commit", "message"),
			    "boots 6.12-c from slot 1");
	assert_string_equal(member(slot_of(object, 1), "staged_at", NULL),
			    "2026-11-21T16:00:00Z");
	assert_string_equal(member(slot_of(object, 1), "title", NULL), "C");
	assert_null(member(object, "armed", NULL));
	json_object_put(object);
}

static void keeps_secrets(void **state)
{
	struct fr_pool_status pool = a_pool();
	struct describe_input input = an_input(&pool);
	struct json_object *object;
	const char *text;

	input.privileged = false;
	object = describe_status(&input);
	text = json_object_to_json_string(object);
	assert_null(strstr(text, "secret"));
	assert_null(strstr(text, HASH));
	assert_null(strstr(text, "4096"));
	assert_string_equal(member(object, "source", "kernel"), "/b");
	json_object_put(object);
}

static void without_a_kernel(void **state)
{
	struct fr_pool_status pool = { .running = FR_SLOT_NONE,
				       .armed = FR_SLOT_NONE };
	struct describe_input input = an_input(&pool);
	struct json_object *object;

	input.supported = false;
	input.pool_error = "no support";
	object = describe_status(&input);
	assert_null(member(object, "pool", NULL));
	assert_string_equal(member(object, "commit", "possible"), "false");
	assert_string_equal(member(object, "commit", "message"), "no support");
	assert_string_equal(member(object, "last_update", "outcome"), "none");
	json_object_put(object);
}

static void what_a_commit_would_do(void **state)
{
	struct fr_pool_status pool = a_pool();
	struct describe_input input = an_input(&pool);
	struct json_object *object;

	pool.slots[1].stale = TEXT("memory");
	object = describe_status(&input);
	assert_non_null(strstr(member(object, "commit", "message"), "stale"));
	json_object_put(object);

	pool.slots[1].stale = TEXT("no");
	pool.tries = 3;
	object = describe_status(&input);
	assert_non_null(
		strstr(member(object, "commit", "message"), "TriesMax="));
	json_object_put(object);

	pool.slots[1].state = FR_SLOT_EMPTY;
	object = describe_status(&input);
	assert_null(member(object, "commit", "slot"));
	assert_non_null(strstr(member(object, "commit", "message"),
			       "nothing is staged"));
	json_object_put(object);
}

static void outcomes(void **state)
{
	struct fr_pool_status pool = a_pool();
	struct describe_input input = an_input(&pool);
	char message[128];

	assert_int_equal(describe_outcome(&input, message, sizeof(message)),
			 DESCRIBE_UNCONFIRMED);
	input.confirmed = true;
	assert_int_equal(describe_outcome(&input, message, sizeof(message)),
			 DESCRIBE_CONFIRMED);
	pool.source = TEXT("{\"rollback_from\":\"6.12-x\","
			   "\"rollback_reason\":\"too hot\"}");
	assert_int_equal(describe_outcome(&input, message, sizeof(message)),
			 DESCRIBE_ROLLED_BACK);
	assert_string_equal(message,
			    "6.12-x was rolled back to 6.12-b: too hot");
	pool.boot_reason = TEXT("failed");
	assert_int_equal(describe_outcome(&input, message, sizeof(message)),
			 DESCRIBE_FAILED);
	pool.boot_reason = TEXT("cold");
	assert_int_equal(describe_outcome(&input, message, sizeof(message)),
			 DESCRIBE_NONE);
	input.history_outcome = DESCRIBE_FAILED;
	input.history_message = "it was like that";
	assert_int_equal(describe_outcome(&input, message, sizeof(message)),
			 DESCRIBE_FAILED);
	assert_string_equal(message, "it was like that");
}

static void the_newest_is_staged(void **state)
{
	struct fr_pool_status pool = a_pool();
	const struct fr_slot *slot = NULL;
	struct fr_error error = { 0 };

	pool.slots[0].state = FR_SLOT_SEALED;
	pool.slots[0].source = TEXT("{\"staged_at\":\"2026-11-21T16:00:01Z\"}");
	expect_ok(slots_find_staged(&pool, FR_SLOT_NONE, &slot, &error),
		  &error);
	assert_int_equal(slot->number, 0);
	expect_ok(slots_find_staged(&pool, 1, &slot, &error), &error);
	assert_int_equal(slot->number, 1);
	expect_error(slots_find_staged(&pool, 2, &slot, &error), -EINVAL,
		     &error, FR_USAGE, "no slot 2");
	/* A time that is not there is the oldest. */
	pool.slots[0].source = TEXT("garbage");
	expect_ok(slots_find_staged(&pool, FR_SLOT_NONE, &slot, &error),
		  &error);
	assert_int_equal(slot->number, 1);
}

static void a_free_slot(void **state)
{
	struct fr_pool_status pool = a_pool();
	const struct fr_slot *slot = NULL;
	struct fr_error error = { 0 };

	expect_error(slots_find_free(&pool, false, &slot, &error), -EBUSY,
		     &error, FR_BUSY, "--replace");
	expect_ok(slots_find_free(&pool, true, &slot, &error), &error);
	assert_int_equal(slot->number, 1);
	pool.slots[1].state = FR_SLOT_ARMED;
	expect_error(slots_find_free(&pool, true, &slot, &error), -EBUSY,
		     &error, FR_BUSY, "armed");
	pool.slots[1].state = FR_SLOT_BAD;
	expect_ok(slots_find_free(&pool, false, &slot, &error), &error);
	assert_int_equal(slot->number, 1);
}

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

/* What only informs makes room for what has to be there. */
static void a_source_that_is_nearly_full(void **state)
{
	struct source_notes notes = { .staged_at = "now",
				      .kernel_sha256 = HASH,
				      .rollback_from = "6.12-b" };
	struct fr_error error = { 0 };
	char base[FR_SLOT_SOURCE_MAX + 1];
	char *source = NULL;
	size_t name = FR_SLOT_SOURCE_MAX - 60;

	memset(base, 'x', sizeof(base));
	memcpy(base, "{\"kernel\":\"", 11);
	strcpy(base + name, "\"}");
	expect_ok(source_annotate(base, &notes, &source, &error), &error);
	assert_true(strlen(source) <= FR_SLOT_SOURCE_MAX);
	assert_null(strstr(source, "sha256"));
	assert_non_null(strstr(source, "\"rollback_from\":\"6.12-b\""));
	free(source);
	strcpy(base + name, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}");
	expect_error(source_annotate(base, &notes, &source, &error), -E2BIG,
		     &error, FR_TOO_LARGE, "rollback");
}

static void hashes_are_compared(void **state)
{
	struct fr_pool_status pool = a_pool();
	struct fr_slot *slot = &pool.slots[1];
	struct fr_error error = { 0 };

	expect_ok(slots_check_hashes(slot, &error), &error);
	slot->source = TEXT("{\"kernel_sha256\":\"" HASH "\"}");
	expect_ok(slots_check_hashes(slot, &error), &error);
	slot->source = TEXT("{\"kernel_sha256\":\"f" HASH "\"}");
	expect_error(slots_check_hashes(slot, &error), -EBADMSG, &error,
		     FR_VERIFICATION_FAILED, "kernel");
	slot->source = TEXT("{\"root_sha256\":\"" HASH "\"}");
	expect_ok(slots_check_hashes(slot, &error), &error);
	memset(slot->segments[FR_SEGMENT_ROOT].sha256, 'f', 64);
	expect_error(slots_check_hashes(slot, &error), -EBADMSG, &error,
		     FR_VERIFICATION_FAILED, "root");
}

static void root_devices(void **state)
{
	static const struct {
		const char *cmdline;
		enum preflight_has has;
		bool ok;
		const char *text;
	} cases[] = {
		{ "quiet", PREFLIGHT_KERNEL_ONLY, false,
		  "neither root= nor an initrd" },
		{ "quiet", PREFLIGHT_INITRD, true, "the initrd knows" },
		{ "root=/dev/vda1 ro", PREFLIGHT_KERNEL_ONLY, true,
		  "/dev/vda1 is there" },
		{ "root=/dev/vdb1 ro", PREFLIGHT_KERNEL_ONLY, false,
		  "is not there" },
		{ "root=/dev/vdb1 ro", PREFLIGHT_INITRD, true,
		  "initrd has to find" },
		{ "root=UUID=1-2", PREFLIGHT_KERNEL_ONLY, false,
		  "without an initrd" },
		{ "root=UUID=1-2", PREFLIGHT_INITRD, true,
		  "UUID=1-2 is there" },
		{ "root=UUID=1-3", PREFLIGHT_INITRD, true,
		  "initrd has to find" },
		{ "root=PARTUUID=7-7", PREFLIGHT_KERNEL_ONLY, true,
		  "PARTUUID=7-7 is there" },
		{ "root=PARTUUID=7-8", PREFLIGHT_KERNEL_ONLY, false,
		  "is not there" },
		{ "root=LABEL=a/b", PREFLIGHT_INITRD, true,
		  "LABEL=a/b is there" },
		{ "root=/dev/vdb root=/dev/vda1", PREFLIGHT_KERNEL_ONLY, true,
		  "vda1" },
		{ "root=/dev/vda1 -- root=/dev/vdb", PREFLIGHT_KERNEL_ONLY,
		  true, "vda1" },
		{ "root=/dev/nfs nfsroot=x", PREFLIGHT_KERNEL_ONLY, true,
		  "not looked for" },
		{ "root=8:1", PREFLIGHT_KERNEL_ONLY, true,
		  "the kernel has to know" },
		{ "root=\"/dev/vda1\"", PREFLIGHT_KERNEL_ONLY, true,
		  "vda1 is there" },
		{ "root=/dev/fastreboot", PREFLIGHT_ROOT_IMAGE, true,
		  "is the root image" },
		{ "root=/dev/fastreboot", PREFLIGHT_KERNEL_ONLY, false,
		  "has none" },
		{ "root=/dev/fastreboot", PREFLIGHT_INITRD, false, "has none" },
		{ "quiet", PREFLIGHT_ROOT_IMAGE, false, "neither root=" },
		{ "root=/dev/vda1", PREFLIGHT_ROOT_IMAGE, true, "is there" },
	};
	char note[256];

	file_make_folder("dev");
	file_make_folder("dev/disk");
	file_make_folder("dev/disk/by-uuid");
	file_make_folder("dev/disk/by-partuuid");
	file_make_folder("dev/disk/by-label");
	file_write_text("dev/vda1", "");
	file_write_text("dev/disk/by-uuid/1-2", "");
	file_write_text("dev/disk/by-partuuid/7-7", "");
	file_write_text("dev/disk/by-label/a\\x2fb", "");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fr_error error = { 0 };
		int err = preflight_root(cases[i].cmdline, cases[i].has,
					 file_path("."), note, sizeof(note),
					 &error);

		assert_int_equal(err, cases[i].ok ? 0 : -ENODEV);
		if (!strstr(err ? error.text : note, cases[i].text))
			fail_msg("%s: %s", cases[i].cmdline,
				 err ? error.text : note);
	}
}

static void texts_for_the_bus(void **state)
{
	static const struct {
		const char *text;
		const char *expected;
	} cases[] = {
		{ "plain", "plain" },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "\xff\xfe", "??" },
		{ "a\xc3", "a?" },
		{ "\xe2\x82\xac", "\xe2\x82\xac" },
		{ "\xe0\x80\x80", "???" },
		{ "\xed\xa0\x80", "???" },
		{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
		{ "\xf5\x80\x80\x80", "????" },
		{ "", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *text = message_text(cases[i].text);

		assert_string_equal(text, cases[i].expected);
		free(text);
	}
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(has_every_member),
	UNIT_TEST(keeps_secrets),
	UNIT_TEST(without_a_kernel),
	UNIT_TEST(what_a_commit_would_do),
	UNIT_TEST(outcomes),
	UNIT_TEST(the_newest_is_staged),
	UNIT_TEST(a_free_slot),
	UNIT_TEST(sources),
	UNIT_TEST(a_source_that_is_nearly_full),
	UNIT_TEST(hashes_are_compared),
	UNIT_TEST(root_devices),
	UNIT_TEST(texts_for_the_bus),
};
FILES_UNIT_MAIN(tests)
