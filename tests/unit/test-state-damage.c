// SPDX-License-Identifier: GPL-2.0-or-later
/* Objects that are damaged, half written, rebuilt or replaced. */
#include "objects-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "internal.h"

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
 * A process replaces an object all the time; another that opens it and looks finds
 * one that is good, or a lock, but never the wiped file of the one before.
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

static const struct CMUnitTest tests[] = {
	UNIT_TEST(damaged),
	UNIT_TEST(half_overwritten),
	UNIT_TEST(rebuilt_by_another_version),
	UNIT_TEST(replaced_while_it_is_opened),
	UNIT_TEST(too_short),
	UNIT_TEST(not_a_file),
};
OBJECTS_UNIT_MAIN(tests)
