// SPDX-License-Identifier: GPL-2.0-or-later
/* Saving, restoring, listing and removing objects. */
#include "objects-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

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

	/* The folder of objects is there from the first object on. */
	state_make("first", FR_STATE_DOUBLE, 1);
	state_clear();
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

/* What is replaced is wiped; a process that has it open keeps it from being replaced. */
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

static const struct CMUnitTest tests[] = {
	UNIT_TEST(list),
	UNIT_TEST(removed),
	UNIT_TEST(save_and_restore),
	UNIT_TEST(keeps_owner_mode_and_kind),
	UNIT_TEST(saved_large),
	UNIT_TEST(replaced),
	UNIT_TEST(restored_only_if_good),
};
OBJECTS_UNIT_MAIN(tests)
