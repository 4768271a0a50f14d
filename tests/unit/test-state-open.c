// SPDX-License-Identifier: GPL-2.0-or-later
/* Opening objects: names, schemas, locks and calls that make no sense. */
#include "objects-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

static void schemas(void **state)
{
	static const struct {
		struct fr_state_schema schema;
		int err;
		const char *part;
	} cases[] = {
		{ { "test", 1, 1 }, 0, "" },
		{ { "test", 0, 9 }, 0, "" },
		{ { "test", 2, 9 }, -EPROTO, "version 1 of the schema 'test'" },
		{ { "test", 0, 0 }, -EPROTO, "understands 0 to 0" },
		{ { "tes", 1, 1 }, -EPROTO, "'tes' was asked for" },
		{ { "test", 2, 1 }, -EINVAL, "schema" },
		{ { "Test", 1, 1 }, -EINVAL, "schema" },
		{ { "", 1, 1 }, -EINVAL, "schema" },
		{ { NULL, 1, 1 }, -EINVAL, "schema" },
	};

	state_make("one", FR_STATE_DOUBLE, SIZE);
	state_publish("one", content, SIZE);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fr_state_error error = { "" };
		struct fr_state_object *object = NULL;
		int err = fr_state_open(state_root(), "one", &cases[i].schema,
					0, &object, &error);

		expect_state_error(err, cases[i].err, &error, cases[i].part);
		fr_state_close(object);
	}
}

/* N to N+1, which reads both and writes its own; N can't read that. */
static void later_schema(void **state)
{
	static const struct fr_state_schema later = { "test", 1, 2 };
	struct fr_state_error error = { "" };
	struct fr_state_object *object;
	void *data;

	state_make("one", FR_STATE_DOUBLE, SIZE);
	state_publish("one", content, SIZE);
	expect_state_success(fr_state_open(state_root(), "one", &later,
					   FR_STATE_WRITE, &object, &error),
			     error);
	expect_state_success(fr_state_map(object, &data, NULL, &error), error);
	expect_state_success(fr_state_claim(object, 0, &error), error);
	memcpy(data, other, SIZE);
	expect_state_success(fr_state_publish(object, SIZE, 0, &error), error);
	fr_state_close(object);
	assert_int_equal(info_of("one").schema_version, 2);
	expect_state_error(fr_state_open(state_root(), "one", &test_1, 0,
					 &object, &error),
			   -EPROTO, &error, "has version 2");
}

static void locks(void **state)
{
	struct fr_state_error error = { "" };
	struct fr_state_object *reader, *another, *writer;
	u8 *data;

	state_make("one", FR_STATE_DOUBLE, SIZE);
	state_publish("one", content, SIZE);
	expect_state_success(fr_state_open(state_root(), "one", NULL, 0,
					   &reader, &error),
			     error);
	expect_state_success(fr_state_open(state_root(), "one", NULL, 0,
					   &another, &error),
			     error);
	expect_open("one", FR_STATE_WRITE, -EBUSY, "is open");
	expect_state_error(fr_state_remove(state_root(), "one", &error), -EBUSY,
			   &error, "stop the program");
	fr_state_close(reader);
	fr_state_close(another);
	writer = state_write("one", &data);
	expect_open("one", 0, -EBUSY, "is written");
	expect_open("one", FR_STATE_WRITE, -EBUSY, "is open");
	/* Looking takes no lock. */
	expect_state_success(fr_state_verify(state_root(), "one", NULL, &error),
			     error);
	fr_state_close(writer);
	expect_content("one", content, SIZE);
}

static void bad_calls(void **state)
{
	struct fr_state_error error = { "" };
	struct fr_state_object *object;
	u8 *data;
	void *at;

	state_make("one", FR_STATE_DOUBLE, SIZE);
	object = state_write("one", &data);
	expect_state_error(fr_state_publish(object, 1, 0, &error), -EBADF,
			   &error, "claimed");
	expect_state_success(fr_state_claim(object, 0, &error), error);
	expect_state_error(fr_state_publish(object, SIZE + 1, 0, &error),
			   -EFBIG, &error, "10000 bytes");
	expect_state_error(fr_state_publish(object, 1, 8, &error), -EINVAL,
			   &error, "flags");
	expect_state_success(fr_state_publish(object, 0, 0, &error), error);
	expect_state_error(fr_state_claim(object, 8, &error), -EINVAL, &error,
			   "flags");
	fr_state_close(object);
	expect_open("one", 8, -EINVAL, "flags");
	expect_state_success(fr_state_open(state_root(), "one", NULL, 0,
					   &object, &error),
			     error);
	expect_state_error(fr_state_claim(object, 0, &error), -EBADF, &error,
			   "not opened to be written");
	expect_state_success(fr_state_map(object, &at, NULL, &error), error);
	assert_false(fr_state_is_direct(object));
	fr_state_close(object);
	fr_state_close(NULL);
	/* the caller need not want the text */
	assert_int_equal(fr_state_open(state_root(), "two", NULL, 0, &object,
				       NULL),
			 -ENOENT);
}

static void names(void **state)
{
	static const char *const bad[] = {
		"",
		".",
		"..",
		".one",
		"One",
		"a/b",
		"../one",
		"a b",
		"\xc3",
		"a\n",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaa",
	};
	static const char longest[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
				      "aaaaaaaaaaaaaaaaaaaaaaaaaaaa";

	assert_int_equal(strlen(longest), FR_STATE_NAME_MAX);
	state_make(longest, FR_STATE_DOUBLE, 1);
	state_make("0-a_b.c", FR_STATE_DOUBLE, 1);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const struct fr_state_new new = { .name = bad[i],
						  .kind = FR_STATE_DOUBLE,
						  .capacity = 1 };
		struct fr_state_error error = { "" };

		expect_open(bad[i], 0, -EINVAL, "no name of an object");
		expect_state_error(fr_state_create(state_root(), &new, &error),
				   -EINVAL, &error, "no name of an object");
		expect_state_error(fr_state_remove(state_root(), bad[i],
						   &error),
				   -EINVAL, &error, "no name of an object");
	}
}

static void bad_objects(void **state)
{
	static const struct {
		struct fr_state_new new;
		int err;
		const char *part;
	} cases[] = {
		{ { .name = "a", .kind = 1 }, -EINVAL, "needs a size" },
		{ { .name = "a", .kind = 1, .capacity = 1, .reserved[4] = 1 },
		  -EINVAL,
		  "reserved" },
		{ { .name = "a", .kind = 0, .capacity = 1 }, -EINVAL, "kind" },
		{ { .name = "a", .kind = 3, .capacity = 1 }, -EINVAL, "kind" },
		{ { .name = "a", .kind = 1, .capacity = 1, .mode = 04600 },
		  -EINVAL,
		  "mode 4600" },
		{ { .name = "a", .kind = 1, .capacity = (1ULL << 40) + 1 },
		  -EFBIG,
		  "2^40" },
		{ { .name = "a", .kind = 1, .capacity = 1, .schema = "A" },
		  -EINVAL,
		  "no name of a schema" },
		{ { .name = "one", .kind = 1, .capacity = 1 },
		  -EEXIST,
		  "already" },
	};

	state_make("one", FR_STATE_DOUBLE, 1);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fr_state_error error = { "" };

		expect_state_error(fr_state_create(state_root(), &cases[i].new,
						   &error),
				   cases[i].err, &error, cases[i].part);
	}
}

static void no_volume(void **state)
{
	struct fr_state_error error = { "" };
	struct fr_state_object *object;

	expect_state_error(fr_state_open("/nonexistent", "one", NULL, 0,
					 &object, &error),
			   -ENODEV, &error, "is a state volume mounted there?");
	expect_open("one", 0, -ENOENT, "");
}

/* The folder is there, but it is one of the root disk. */
static void not_mounted(void **state)
{
	struct fr_state_error error = { "" };
	int folder = open(state_root(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int mount = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	expect_state_error(state_check_mounted(folder, "x", &error), -ENODEV,
			   &error, "x: no state volume is mounted there");
	expect_state_success(state_check_mounted(mount, "x", &error), error);
	close(folder);
	close(mount);
	/* A root that is named may be any folder; there is no other one here. */
	if (!access(FR_STATE_ROOT, F_OK))
		skip();
	assert_int_equal(fr_state_list(NULL, NULL, NULL, &error), -ENODEV);
}

/* Applications have to get to their objects, whatever root's umask is. */
static void umask_of_the_first(void **state)
{
	struct stat stat_;
	mode_t before;

	state_clear();
	assert_int_equal(rmdir(state_file("")), 0);
	before = umask(0077);
	state_make("one", FR_STATE_DOUBLE, SIZE);
	umask(before);
	assert_int_equal(stat(state_file(""), &stat_), 0);
	assert_int_equal(stat_.st_mode & 07777, 0755);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(schemas),
	UNIT_TEST(later_schema),
	UNIT_TEST(locks),
	UNIT_TEST(bad_calls),
	UNIT_TEST(names),
	UNIT_TEST(bad_objects),
	UNIT_TEST(no_volume),
	UNIT_TEST(not_mounted),
	UNIT_TEST(umask_of_the_first),
};
OBJECTS_UNIT_MAIN(tests)
