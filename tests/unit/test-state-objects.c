// SPDX-License-Identifier: GPL-2.0-or-later
/* libfastreboot-state as applications see it. */
#include "state-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "internal.h"

#define SIZE 10000

static const struct fr_state_schema test_1 = { "test", 1, 1 };

static u8 content[SIZE], other[SIZE];

static int begin(void **state)
{
	struct random random = { 1 };

	random_fill(&random, content, SIZE);
	random_fill(&random, other, SIZE);
	state_clear();
	return 0;
}

static struct fr_state_info info_of(const char *name)
{
	struct fr_state_error error = { "" };
	struct fr_state_object *object;
	struct fr_state_info info;

	expect_state_success(fr_state_open(state_root(), name, NULL,
					   FR_STATE_REBUILD, &object, &error),
			     error);
	fr_state_get_info(object, &info);
	fr_state_close(object);
	return info;
}

/* Open to read and compare; the flags are those of fr_state_open(). */
static void expect_content(const char *name, const void *data, size_t size)
{
	struct fr_state_error error = { "" };
	struct fr_state_object *object;
	void *found;
	size_t found_size;

	expect_state_success(fr_state_open(state_root(), name, &test_1, 0,
					   &object, &error),
			     error);
	expect_state_success(fr_state_map(object, &found, &found_size, &error),
			     error);
	assert_int_equal(found_size, size);
	assert_memory_equal(found, data, size);
	fr_state_close(object);
}

static void expect_open(const char *name, unsigned int flags, int err,
			const char *part)
{
	struct fr_state_error error = { "" };
	struct fr_state_object *object = NULL;

	expect_state_error(fr_state_open(state_root(), name, NULL, flags,
					 &object, &error),
			   err, &error, part);
	assert_null(object);
}

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

/* Who claims and goes away leaves the old data, or none. */
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
	/* nobody has to want the text */
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

static void put_at(const char *name, off_t offset, const void *data,
		   size_t size)
{
	int fd = open(state_file(name), O_WRONLY | O_CLOEXEC);

	assert_int_equal(pwrite(fd, data, size, offset), size);
	close(fd);
}

static void damaged(void **state)
{
	struct fr_state_error error = { "" };
	u8 noise[RECORD_BYTES];

	memset(noise, 0x77, sizeof(noise));
	state_make("one", FR_STATE_DOUBLE, SIZE);
	state_publish("one", content, SIZE);
	put_at("one", OBJECT_HEADER_SIZE + OBJECT_ALIGNMENT + 5000, noise, 1);
	expect_state_error(fr_state_verify(state_root(), "one", NULL, &error),
			   -EBADMSG, &error, "not what was published");
	put_at("one", 0, noise, sizeof(noise));
	expect_open("one", FR_STATE_WRITE | FR_STATE_REBUILD, -EBADMSG,
		    "no record that counts");
	expect_state_success(fr_state_remove(state_root(), "one", &error),
			     error);
}

/*
 * The record of before must not come back for data that was written to since,
 * when memory loses a bit of the newer one.
 */
static void half_overwritten(void **state)
{
	static const enum fr_state_kind kinds[] = { FR_STATE_DOUBLE,
						    FR_STATE_IN_PLACE };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct fr_state_error error = { "" };
		struct fr_state_object *object;
		struct record record;
		u8 *data;
		int fd;

		state_clear();
		state_make("one", kinds[i], SIZE);
		state_publish("one", content, SIZE);
		state_publish("one", content, SIZE);
		object = state_write("one", &data);
		expect_state_success(fr_state_claim(object, FR_STATE_NO_COPY,
						    &error),
				     error);
		memcpy(data, other, SIZE / 2);
		fr_state_close(object);
		fd = open(state_file("one"), O_RDONLY | O_CLOEXEC);
		assert_int_equal(state_read_record(fd, "one", &record, NULL),
				 0);
		close(fd);
		put_at("one",
		       (off_t)(record.sequence % 2 * OBJECT_COPY_SIZE + 100),
		       "\xa5", 1);
		expect_open("one", 0, -EBADMSG, "no record that counts");
		expect_open("one", FR_STATE_REBUILD, -EBADMSG, "");
	}
}

/* There is no data that a program could take for something else. */
static void rebuilt_by_another_version(void **state)
{
	static const struct fr_state_schema later = { "test", 2, 3 },
					    another = { "tes", 1, 3 };
	struct fr_state_error error = { "" };
	struct fr_state_object *object;
	u8 *data;

	state_make("one", FR_STATE_IN_PLACE, SIZE);
	for (int i = 0; i < 2; i++) {
		expect_state_success(fr_state_open(state_root(), "one", &later,
						   FR_STATE_REBUILD, &object,
						   &error),
				     error);
		fr_state_close(object);
		expect_state_error(fr_state_open(state_root(), "one", &another,
						 FR_STATE_REBUILD, &object,
						 &error),
				   -EPROTO, &error, "'tes' was asked for");
		expect_state_error(fr_state_open(state_root(), "one", &later, 0,
						 &object, &error),
				   -EPROTO, &error, "version 1");
		state_publish("one", content, SIZE);
		expect_state_error(fr_state_open(state_root(), "one", &later,
						 FR_STATE_REBUILD, &object,
						 &error),
				   -EPROTO, &error, "version 1");
		object = state_write("one", &data);
		expect_state_success(fr_state_claim(object, 0, &error), error);
		fr_state_close(object);
	}
}

/*
 * Somebody replaces an object all the time; who opens and looks finds one that is
 * good, or somebody's lock, but never the wiped file of the one before.
 */
static void replaced_while_it_is_opened(void **state)
{
	const struct fr_state_new new = { .name = "one",
					  .kind = FR_STATE_IN_PLACE,
					  .uid = (uid_t)-1,
					  .gid = (gid_t)-1 };
	unsigned int rounds = unit_rounds(400);
	pid_t child;
	int status;

	state_make("one", FR_STATE_IN_PLACE, SIZE);
	state_publish("one", content, SIZE);
	child = fork();
	if (!child) {
		int fd = memfd_create("content", MFD_CLOEXEC);

		for (unsigned int i = 0; i < rounds; i++)
			fr_state_save(state_root(), &new, fd, NULL);
		_exit(0);
	}
	while (!waitpid(child, &status, WNOHANG)) {
		struct fr_state_error error = { "" };
		struct fr_state_object *object = NULL;
		int err = fr_state_open(state_root(), "one", NULL, 0, &object,
					&error);

		if (err && err != -EBUSY)
			fail_msg("opened: %s", error.text);
		fr_state_close(object);
		err = fr_state_verify(state_root(), "one", NULL, &error);
		if (err)
			fail_msg("verified: %s", error.text);
	}
	assert_int_equal(status, 0);
}

/* A mapping beyond the end of the file would be fatal. */
static void too_short(void **state)
{
	state_make("one", FR_STATE_DOUBLE, SIZE);
	state_publish("one", content, SIZE);
	assert_int_equal(truncate(state_file("one"), OBJECT_HEADER_SIZE + SIZE),
			 0);
	expect_open("one", 0, -EBADMSG, "damaged");
	assert_int_equal(truncate(state_file("one"), 100), 0);
	expect_open("one", 0, -EBADMSG, "damaged");
	assert_int_equal(truncate(state_file("one"), 0), 0);
	expect_open("one", 0, -EBADMSG, "damaged");
}

static void not_a_file(void **state)
{
	state_make("one", FR_STATE_DOUBLE, SIZE);
	assert_int_equal(symlink("one", state_file("link")), 0);
	expect_open("link", 0, -ELOOP, "");
	assert_int_equal(mkfifo(state_file("fifo"), 0600), 0);
	expect_open("fifo", 0, -EBADMSG, "not a regular file");
	assert_int_equal(mkdir(state_file("folder"), 0700), 0);
	expect_open("folder", 0, -EBADMSG, "not a regular file");
}

/* Names and states, joined. */
static int join(const struct fr_state_info *info, void *userdata)
{
	char *to = userdata;

	sprintf(to + strlen(to), "%s:%d:%u ", info->name, info->error,
		info->status);
	return 0;
}

static int stop(const struct fr_state_info *info, void *userdata)
{
	return 7;
}

static void list(void **state)
{
	struct fr_state_error error = { "" };
	char text[1024] = "";

	expect_state_success(fr_state_list(state_root(), join, text, &error),
			     error);
	assert_string_equal(text, "");
	state_make("c", FR_STATE_DOUBLE, SIZE);
	state_make("a", FR_STATE_IN_PLACE, SIZE);
	state_make("b", FR_STATE_DOUBLE, SIZE);
	state_publish("a", content, SIZE);
	put_at("b", 0, content, RECORD_BYTES);
	state_make(".hidden" + 1, FR_STATE_DOUBLE, 1);
	assert_int_equal(rename(state_file("hidden"), state_file(".hidden")),
			 0);
	expect_state_success(fr_state_list(state_root(), join, text, &error),
			     error);
	assert_string_equal(text, "a:0:2 b:-74:0 c:0:1 ");
	assert_int_equal(fr_state_list(state_root(), stop, NULL, &error), 7);
}

static void removed(void **state)
{
	struct fr_state_error error = { "" };
	u8 found[SIZE], zeros[SIZE] = { 0 };
	int fd, hidden;

	state_make("one", FR_STATE_DOUBLE, SIZE);
	state_publish("one", content, SIZE);
	state_publish("one", content, SIZE);
	put_at("one", RECORD_BYTES + 3, content, SIZE);
	/* This is what a save leaves that is cut before it renames. */
	state_make("hidden", FR_STATE_DOUBLE, SIZE);
	state_publish("hidden", content, SIZE);
	assert_int_equal(rename(state_file("hidden"), state_file(".one")), 0);
	hidden = open(state_file(".one"), O_RDONLY | O_CLOEXEC);
	fd = open(state_file("one"), O_RDONLY | O_CLOEXEC);
	expect_state_success(fr_state_remove(state_root(), "one", &error),
			     error);
	expect_open("one", 0, -ENOENT, "there is no object 'one'");
	/* Nothing of it is left in what was its memory. */
	for (off_t at = 0; at < OBJECT_HEADER_SIZE + 2 * OBJECT_ALIGNMENT;
	     at += SIZE) {
		ssize_t n = pread(fd, found, SIZE, at);

		assert_true(n > 0);
		assert_memory_equal(found, zeros, (size_t)n);
		n = pread(hidden, found, SIZE, at);
		assert_true(n > 0);
		assert_memory_equal(found, zeros, (size_t)n);
	}
	close(fd);
	close(hidden);
	assert_int_equal(access(state_file(".one"), F_OK), -1);
	expect_state_error(fr_state_remove(state_root(), "one", &error),
			   -ENOENT, &error, "'fastreboot state list'");
}

static int open_content(const void *data, size_t size)
{
	int fd = memfd_create("content", MFD_CLOEXEC);

	assert_int_equal(pwrite(fd, data, size, 0), size);
	return fd;
}

static void save(const struct fr_state_new *new, const void *data, size_t size)
{
	struct fr_state_error error = { "" };
	int fd = open_content(data, size);

	expect_state_success(fr_state_save(state_root(), new, fd, &error),
			     error);
	close(fd);
}

static void expect_restored(const char *name, const void *data, size_t size)
{
	struct fr_state_error error = { "" };
	int fd = memfd_create("restored", MFD_CLOEXEC);
	u8 *found = malloc(size + 1);

	expect_state_success(fr_state_restore(state_root(), name, fd, &error),
			     error);
	assert_int_equal(pread(fd, found, size + 1, 0), size);
	assert_memory_equal(found, data, size);
	free(found);
	close(fd);
}

static void save_and_restore(void **state)
{
	struct fr_state_new new = { .name = "one",
				    .schema = "test",
				    .schema_version = 1,
				    .kind = FR_STATE_DOUBLE,
				    .uid = (uid_t)-1,
				    .gid = (gid_t)-1,
				    .mode = 0640 };
	struct fr_state_info info;

	save(&new, content, SIZE);
	expect_restored("one", content, SIZE);
	expect_content("one", content, SIZE);
	/* The second keeps what it is not told. */
	new.mode = 0;
	new.schema = NULL;
	save(&new, other, 100);
	expect_restored("one", other, 100);
	info = info_of("one");
	assert_int_equal(info.mode, 0640);
	assert_int_equal(info.kind, FR_STATE_DOUBLE);
	assert_int_equal(info.capacity, SIZE);
	assert_int_equal(info.generation, 2);
	assert_string_equal(info.schema, "test");
	assert_int_equal(info.schema_version, 1);
	/* It can be mapped and published like any other. */
	state_publish("one", content, SIZE);
	expect_restored("one", content, SIZE);
	save(&new, "", 0);
	expect_restored("one", "", 0);
	assert_int_equal(info_of("one").generation, 4);
}

/* What is asked for and not done must not look as if it was. */
static void keeps_owner_mode_and_kind(void **state)
{
	const struct fr_state_new new = { .name = "one",
					  .kind = FR_STATE_DOUBLE,
					  .uid = getuid(),
					  .gid = getgid(),
					  .mode = 0644 };
	struct fr_state_new others[4] = { new, new, new, new };
	int fd = open_content(other, SIZE);

	others[0].mode = 0600;
	others[1].kind = FR_STATE_IN_PLACE;
	others[2].uid++;
	others[3].gid++;
	save(&new, content, SIZE);
	save(&new, content, SIZE);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		struct fr_state_error error = { "" };

		expect_state_error(fr_state_save(state_root(), &others[i], fd,
						 &error),
				   -EEXIST, &error, "keeps its owner");
	}
	expect_restored("one", content, SIZE);
	close(fd);
}

static void saved_large(void **state)
{
	struct fr_state_new new = { .name = "one",
				    .kind = FR_STATE_IN_PLACE,
				    .uid = (uid_t)-1,
				    .gid = (gid_t)-1 };
	size_t size = 3000001;
	u8 *data = malloc(size);
	struct random random = { 3 };

	random_fill(&random, data, size);
	save(&new, data, size);
	expect_restored("one", data, size);
	assert_int_equal(info_of("one").capacity, size);
	free(data);
}

/* What is replaced is wiped; who has it open keeps it from being replaced. */
static void replaced(void **state)
{
	struct fr_state_new new = { .name = "one",
				    .kind = FR_STATE_DOUBLE,
				    .uid = (uid_t)-1,
				    .gid = (gid_t)-1 };
	struct fr_state_error error = { "" };
	struct fr_state_object *object;
	u8 found[SIZE], zeros[SIZE] = { 0 };
	int fd, from;

	save(&new, content, SIZE);
	fd = open(state_file("one"), O_RDONLY | O_CLOEXEC);
	expect_state_success(fr_state_open(state_root(), "one", NULL, 0,
					   &object, &error),
			     error);
	from = open_content(other, SIZE);
	expect_state_error(fr_state_save(state_root(), &new, from, &error),
			   -EBUSY, &error, "is open");
	close(from);
	expect_restored("one", content, SIZE);
	fr_state_close(object);
	save(&new, other, SIZE);
	assert_int_equal(pread(fd, found, SIZE, OBJECT_HEADER_SIZE), SIZE);
	assert_memory_equal(found, zeros, SIZE);
	close(fd);
	expect_restored("one", other, SIZE);
}

static void restored_only_if_good(void **state)
{
	struct fr_state_error error = { "" };
	struct stat stat;
	int fd = memfd_create("restored", MFD_CLOEXEC);

	state_make("one", FR_STATE_IN_PLACE, SIZE);
	expect_state_error(fr_state_restore(state_root(), "one", fd, &error),
			   -ENODATA, &error, "never");
	state_publish("one", content, SIZE);
	put_at("one", OBJECT_HEADER_SIZE + 9000, other, 1);
	expect_state_error(fr_state_restore(state_root(), "one", fd, &error),
			   -EBADMSG, &error, "damaged");
	assert_int_equal(fstat(fd, &stat), 0);
	assert_int_equal(stat.st_size, 0);
	close(fd);
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
	UNIT_TEST(schemas),
	UNIT_TEST(later_schema),
	UNIT_TEST(locks),
	UNIT_TEST(bad_calls),
	UNIT_TEST(names),
	UNIT_TEST(bad_objects),
	UNIT_TEST(no_volume),
	UNIT_TEST(not_mounted),
	UNIT_TEST(umask_of_the_first),
	UNIT_TEST(half_overwritten),
	UNIT_TEST(rebuilt_by_another_version),
	UNIT_TEST(replaced_while_it_is_opened),
	UNIT_TEST(damaged),
	UNIT_TEST(too_short),
	UNIT_TEST(not_a_file),
	UNIT_TEST(list),
	UNIT_TEST(removed),
	UNIT_TEST(save_and_restore),
	UNIT_TEST(keeps_owner_mode_and_kind),
	UNIT_TEST(saved_large),
	UNIT_TEST(replaced),
	UNIT_TEST(restored_only_if_good),
	UNIT_TEST(clean_any_range),
};

int main(void)
{
	struct CMUnitTest each[ARRAY_SIZE(tests)];

	unit_prepare();
	memcpy(each, tests, sizeof(tests));
	for (size_t i = 0; i < ARRAY_SIZE(each); i++)
		each[i].setup_func = begin;
	return cmocka_run_group_tests_name(UNIT_PROGRAM, each, state_begin,
					   state_end);
}
