// SPDX-License-Identifier: GPL-2.0-or-later
/* The status as JSON. */
#include "files-fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../daemon/fastrebootd/pool/describe.h"
#include "pool-fixture.h"

static struct describe_facts some_facts(const struct fr_pool_status *pool)
{
	return (struct describe_facts){
		.supported = true,
		.pool = pool,
		.pool_error = "",
		.release = "6.12-b",
		.max_tries = 3,
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
	struct describe_facts facts = some_facts(&pool);
	struct json_object *object;

	facts.confirmed = true;
	object = describe_status(&facts);
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
	struct describe_facts facts = some_facts(&pool);
	struct json_object *object;
	const char *text;

	facts.privileged = false;
	object = describe_status(&facts);
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
	struct describe_facts facts = some_facts(&pool);
	struct json_object *object;

	facts.supported = false;
	facts.pool_error = "no support";
	object = describe_status(&facts);
	assert_null(member(object, "pool", NULL));
	assert_string_equal(member(object, "commit", "possible"), "false");
	assert_string_equal(member(object, "commit", "message"), "no support");
	assert_string_equal(member(object, "last_update", "status"), "none");
	json_object_put(object);
}

static void what_a_commit_would_do(void **state)
{
	struct fr_pool_status pool = a_pool();
	struct describe_facts facts = some_facts(&pool);
	struct json_object *object;

	pool.slots[1].stale = TEXT("memory");
	object = describe_status(&facts);
	assert_non_null(strstr(member(object, "commit", "message"), "stale"));
	json_object_put(object);

	pool.slots[1].stale = TEXT("no");
	object = describe_status(&facts);
	assert_string_equal(member(object, "commit", "possible"), "false");
	assert_non_null(
		strstr(member(object, "commit", "message"), "not confirmed"));
	json_object_put(object);

	pool.tries = 3;
	object = describe_status(&facts);
	assert_non_null(
		strstr(member(object, "commit", "message"), "MaxTries="));
	json_object_put(object);

	pool.slots[1].status = FR_SLOT_EMPTY;
	object = describe_status(&facts);
	assert_null(member(object, "commit", "slot"));
	assert_non_null(strstr(member(object, "commit", "message"),
			       "nothing is staged"));
	json_object_put(object);
}

static void status_of_updates(void **state)
{
	struct fr_pool_status pool = a_pool();
	struct describe_facts facts = some_facts(&pool);
	char message[128];

	assert_int_equal(describe_update_status(&facts, message,
						sizeof(message)),
			 UPDATE_UNCONFIRMED);
	assert_string_equal(message, "6.12-b is not confirmed yet");
	setenv("TZ", "UTC", 1);
	facts.deadline = 1795284000;
	assert_int_equal(describe_update_status(&facts, message,
						sizeof(message)),
			 UPDATE_UNCONFIRMED);
	assert_string_equal(
		message,
		"6.12-b is rolled back at 18:00:00 unless it is confirmed");
	facts.confirmed = true;
	assert_int_equal(describe_update_status(&facts, message,
						sizeof(message)),
			 UPDATE_CONFIRMED);
	pool.source = TEXT("{\"rollback_from\":\"6.12-x\","
			   "\"rollback_reason\":\"too hot\"}");
	assert_int_equal(describe_update_status(&facts, message,
						sizeof(message)),
			 UPDATE_ROLLED_BACK);
	assert_string_equal(message,
			    "6.12-x was rolled back to 6.12-b: too hot");
	pool.boot_reason = TEXT("failed");
	assert_int_equal(describe_update_status(&facts, message,
						sizeof(message)),
			 UPDATE_FAILED);
	pool.boot_reason = TEXT("cold");
	assert_int_equal(describe_update_status(&facts, message,
						sizeof(message)),
			 UPDATE_NONE);
	/* The ledger does not know of it any more, but the disk does. */
	facts.tries_from_disk = true;
	facts.lost_release = "6.12-y";
	assert_int_equal(describe_update_status(&facts, message,
						sizeof(message)),
			 UPDATE_FAILED);
	assert_non_null(strstr(message, "6.12-y was committed and not"));
	facts.history_status = UPDATE_FAILED;
	facts.history_message = "it was like that";
	assert_int_equal(describe_update_status(&facts, message,
						sizeof(message)),
			 UPDATE_FAILED);
	assert_string_equal(message, "it was like that");
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(has_every_member),  UNIT_TEST(keeps_secrets),
	UNIT_TEST(without_a_kernel),  UNIT_TEST(what_a_commit_would_do),
	UNIT_TEST(status_of_updates),
};
FILES_UNIT_MAIN(tests)
