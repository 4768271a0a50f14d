// SPDX-License-Identifier: GPL-2.0-or-later
#include "objects-fixture.h"

#include <fcntl.h>
#include <unistd.h>

const struct fr_state_schema test_1 = { "test", 1, 1 };

u8 content[SIZE], other[SIZE];

int objects_begin(void **state)
{
	struct random random = { 1 };

	random_fill(&random, content, SIZE);
	random_fill(&random, other, SIZE);
	state_clear();
	return 0;
}

struct fr_state_info info_of(const char *name)
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

void expect_content(const char *name, const void *data, size_t size)
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

void expect_open(const char *name, unsigned int flags, int err,
		 const char *part)
{
	struct fr_state_error error = { "" };
	struct fr_state_object *object = NULL;

	expect_state_error(fr_state_open(state_root(), name, NULL, flags,
					 &object, &error),
			   err, &error, part);
	assert_null(object);
}

void put_at(const char *name, off_t offset, const void *data, size_t size)
{
	int fd = open(state_file(name), O_WRONLY | O_CLOEXEC);

	assert_int_equal(pwrite(fd, data, size, offset), size);
	close(fd);
}
