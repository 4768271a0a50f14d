// SPDX-License-Identifier: GPL-2.0-or-later
/* Publishing an object and reading it, and what may be written to when. */
#include "objects-fixture.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void publish_and_read(enum fr_state_kind kind)
{
	struct fr_state_info info;

	state_make("one", kind, SIZE);
	for (u64 i = 1; i <= 5; i++) {
		state_publish("one", i % 2 ? content : other, SIZE - i);
		expect_content("one", i % 2 ? content : other, SIZE - i);
		info = info_of("one");
		assert_int_equal(info.generation, i);
		assert_int_equal(info.size, SIZE - i);
	}
	assert_int_equal(info.kind, kind);
	assert_int_equal(info.capacity, SIZE);
	assert_int_equal(info.mode, 0600);
	assert_int_equal(info.uid, getuid());
	assert_string_equal(info.schema, "test");
	assert_int_equal(info.schema_version, 1);
	assert_true(info.hashed && info.published_ns);
}

static void publish_and_read_double(void **state)
{
	publish_and_read(FR_STATE_DOUBLE);
}

static void publish_and_read_in_place(void **state)
{
	publish_and_read(FR_STATE_IN_PLACE);
}

/* The address stays, whatever is claimed and published. */
static void stays_where_it_is(enum fr_state_kind kind)
{
	struct fr_state_error error = { "" };
	struct fr_state_object *object;
	u8 *data;
	void *again;

	state_make("one", kind, SIZE);
	object = state_write("one", &data);
	for (int i = 0; i < 10; i++) {
		expect_state_success(fr_state_claim(object, 0, &error), error);
		expect_state_success(fr_state_claim(object, 0, &error), error);
		/* what was published is what one goes on with */
		for (int j = 0; j < i; j++)
			assert_int_equal(data[j * 100], j + 1);
		data[i * 100] = (u8)(i + 1);
		expect_state_success(fr_state_publish(object, SIZE, 0, &error),
				     error);
		expect_state_success(fr_state_map(object, &again, NULL, &error),
				     error);
		assert_ptr_equal(again, data);
		assert_int_equal(data[i * 100], i + 1);
	}
	fr_state_close(object);
	assert_int_equal(info_of("one").generation, 10);
	assert_false(info_of("one").hashed);
}

static void double_stays_where_it_is(void **state)
{
	stays_where_it_is(FR_STATE_DOUBLE);
}

static void in_place_stays_where_it_is(void **state)
{
	stays_where_it_is(FR_STATE_IN_PLACE);
}

static void claimed_before_it_is_mapped(void **state)
{
	static const enum fr_state_kind kinds[] = { FR_STATE_DOUBLE,
						    FR_STATE_IN_PLACE };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct fr_state_error error = { "" };
		struct fr_state_object *object;
		void *data;

		state_clear();
		state_make("one", kinds[i], SIZE);
		state_publish("one", content, SIZE);
		expect_state_success(fr_state_open(state_root(), "one", NULL,
						   FR_STATE_WRITE, &object,
						   &error),
				     error);
		expect_state_success(fr_state_claim(object, 0, &error), error);
		expect_state_success(fr_state_map(object, &data, NULL, &error),
				     error);
		assert_memory_equal(data, content, SIZE);
		memcpy(data, other, 100);
		expect_state_success(fr_state_publish(object, SIZE,
						      FR_STATE_HASH, &error),
				     error);
		fr_state_close(object);
		expect_state_success(fr_state_verify(state_root(), "one", NULL,
						     &error),
				     error);
	}
}

#define FATAL 42

static sigjmp_buf at_fault;

static void on_fault(int signal)
{
	siglongjmp(at_fault, 1);
}

/* Would a store there end the process? */
static bool store_is_fatal(volatile u8 *at)
{
	struct sigaction action = { .sa_handler = on_fault }, before;
	bool fatal = true;

	sigaction(SIGSEGV, &action, &before);
	if (!sigsetjmp(at_fault, 1)) {
		*at = 1;
		fatal = false;
	}
	sigaction(SIGSEGV, &before, NULL);
	return fatal;
}

/* And that of a child? */
static bool store_in_child_is_fatal(volatile u8 *at)
{
	int status;
	pid_t child = fork();

	if (!child)
		_exit(store_is_fatal(at) ? FATAL : 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) && WEXITSTATUS(status) == FATAL;
}

static void only_what_is_claimed_can_be_written(void **state)
{
	static const enum fr_state_kind kinds[] = { FR_STATE_DOUBLE,
						    FR_STATE_IN_PLACE };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct fr_state_error error = { "" };
		struct fr_state_object *object;
		u8 *data;

		state_clear();
		state_make("one", kinds[i], SIZE);
		object = state_write("one", &data);
		assert_true(store_is_fatal(data));
		expect_state_success(fr_state_claim(object, 0, &error), error);
		assert_false(store_is_fatal(data));
		assert_true(store_in_child_is_fatal(data));
		expect_state_success(fr_state_publish(object, 1, 0, &error),
				     error);
		assert_true(store_is_fatal(data));
		fr_state_close(object);
	}
}

static void not_published(void **state)
{
	struct fr_state_error error = { "" };
	struct fr_state_object *object;
	struct fr_state_info info;
	u8 *data;

	state_make("one", FR_STATE_DOUBLE, SIZE);
	expect_open("one", 0, -ENODATA, "'one' was never published");
	expect_open("one", FR_STATE_WRITE, -ENODATA, "never published");
	object = state_write("one", &data);
	expect_state_success(fr_state_claim(object, 0, &error), error);
	memcpy(data, content, SIZE);
	fr_state_close(object);
	info = info_of("one");
	assert_int_equal(info.status, FR_STATE_WRITING);
	assert_int_equal(info.generation, 0);
}

/* A writer that claims and goes away leaves the old data, or none. */
static void given_up(void **state)
{
	struct fr_state_error error = { "" };
	struct fr_state_object *object;
	u8 *data;

	state_make("double", FR_STATE_DOUBLE, SIZE);
	state_make("cache", FR_STATE_IN_PLACE, SIZE);
	state_publish("double", content, SIZE);
	state_publish("cache", content, SIZE);
	for (int i = 0; i < 2; i++) {
		object = state_write(i ? "cache" : "double", &data);
		expect_state_success(fr_state_claim(object, 0, &error), error);
		memcpy(data, other, SIZE / 2);
		fr_state_close(object);
	}
	expect_content("double", content, SIZE);
	expect_open("cache", 0, -ESTALE, "being written");
	expect_open("cache", FR_STATE_WRITE, -ESTALE, "made anew");
	assert_int_equal(info_of("cache").status, FR_STATE_WRITING);
	assert_int_equal(info_of("cache").generation, 1);
	state_publish("cache", other, SIZE);
	expect_content("cache", other, SIZE);
	assert_int_equal(info_of("cache").generation, 2);
}

static void clean_any_range(void **state)
{
	static u8 memory[300];

	/* It must not change anything, wherever it begins and ends. */
	memset(memory, 0x5a, sizeof(memory));
	for (size_t from = 0; from < 130; from++)
		for (size_t size = 1; size < 130; size += 31)
			persist_clean(memory + from, size);
	for (size_t i = 0; i < sizeof(memory); i++)
		assert_int_equal(memory[i], 0x5a);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(publish_and_read_double),
	UNIT_TEST(publish_and_read_in_place),
	UNIT_TEST(double_stays_where_it_is),
	UNIT_TEST(in_place_stays_where_it_is),
	UNIT_TEST(claimed_before_it_is_mapped),
	UNIT_TEST(only_what_is_claimed_can_be_written),
	UNIT_TEST(not_published),
	UNIT_TEST(given_up),
	UNIT_TEST(clean_any_range),
};
OBJECTS_UNIT_MAIN(tests)
