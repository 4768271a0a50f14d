// SPDX-License-Identifier: GPL-2.0-or-later
#include "state-fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "persist.h"

static char root[64];
static ino_t watched;
static struct state_recorder *recording;

int state_begin(void **state)
{
	snprintf(root, sizeof(root), "%s/unit-state.XXXXXX", unit_folder());
	return mkdtemp(root) ? 0 : -1;
}

static const char *objects(void)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/objects", root);
	return path;
}

const char *state_root(void)
{
	return root;
}

const char *state_file(const char *name)
{
	static char path[4][256];
	static unsigned int next;
	char *to = path[next++ % 4];

	snprintf(to, sizeof(path[0]), "%s/%s", objects(), name);
	return to;
}

void state_clear(void)
{
	DIR *dir = opendir(objects());
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") &&
		    unlinkat(dirfd(dir), entry->d_name, 0) < 0)
			unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
	if (dir)
		closedir(dir);
}

int state_end(void **state)
{
	state_clear();
	rmdir(objects());
	return rmdir(root);
}

void state_make(const char *name, enum fr_state_kind kind, u64 capacity)
{
	const struct fr_state_new new = {
		.name = name,
		.schema = "test",
		.schema_version = 1,
		.kind = kind,
		.capacity = capacity,
		.uid = (uid_t)-1,
		.gid = (gid_t)-1,
	};
	struct fr_state_error error = { "" };

	expect_state_success(fr_state_create(root, &new, &error), error);
}

struct fr_state_object *state_write(const char *name, u8 **ret)
{
	struct fr_state_error error = { "" };
	struct fr_state_object *object;
	void *data;

	expect_state_success(fr_state_open(root, name, NULL,
					   FR_STATE_WRITE | FR_STATE_REBUILD,
					   &object, &error),
			     error);
	expect_state_success(fr_state_map(object, &data, NULL, &error), error);
	*ret = data;
	return object;
}

void state_publish(const char *name, const void *data, size_t size)
{
	struct fr_state_error error = { "" };
	struct fr_state_object *object;
	u8 *to;

	object = state_write(name, &to);
	expect_state_success(fr_state_claim(object, FR_STATE_NO_COPY, &error),
			     error);
	memcpy(to, data, size);
	expect_state_success(
		fr_state_publish(object, size, FR_STATE_HASH, &error), error);
	fr_state_close(object);
}

void expect_state_error(int r, int err, const struct fr_state_error *error,
			const char *part)
{
	if (r != err || !strstr(error->text, part))
		fail_msg("%d with '%s'; expected %d with '%s'", r, error->text,
			 err, part);
}

/* Where in the file a mapped address is; -1 if it is in another one. */
static long file_offset(const void *at)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	long found = -1;

	assert_non_null(maps);
	while (found < 0 && fgets(line, sizeof(line), maps)) {
		unsigned long start, end, offset, inode;

		if (sscanf(line, "%lx-%lx %*s %lx %*s %lu", &start, &end,
			   &offset, &inode) != 4)
			continue;
		if (inode == watched && (unsigned long)at >= start &&
		    (unsigned long)at < end)
			found = (long)(offset + (unsigned long)at - start);
	}
	fclose(maps);
	return found;
}

/* What the tests do is done in whole words. */
static void note_store(void *at, const void *value, size_t size)
{
	long offset = file_offset(at);

	if (offset < 0)
		return;
	assert_true(size % 8 == 0 && offset % 8 == 0);
	for (size_t i = 0; i < size; i += 8) {
		struct state_store *store =
			&recording->pending[recording->count++];

		assert_true(recording->count < STORES_MAX);
		store->offset = (u64)offset + i;
		memcpy(&store->value, (const u8 *)value + i, 8);
	}
}

/* What is in the range is durable, to the end of its cache lines at least. */
static int note_flush(const void *at, size_t size)
{
	long offset = file_offset(at);
	size_t left = 0;

	if (offset < 0)
		return 0;
	recording->before_flush(recording);
	for (size_t i = 0; i < recording->count; i++) {
		const struct state_store *store = &recording->pending[i];

		if (store->offset + 8 > (u64)offset &&
		    store->offset < (u64)offset + size)
			state_apply(recording, store);
		else
			recording->pending[left++] = *store;
	}
	recording->count = left;
	return 0;
}

static const struct persist_hooks hooks = { note_store, note_flush };

void state_record(struct state_recorder *recorder, const char *name)
{
	int fd = open(state_file(name), O_RDONLY | O_CLOEXEC);
	struct stat stat;

	assert_true(fd >= 0 && fstat(fd, &stat) == 0);
	watched = stat.st_ino;
	recorder->size = (size_t)stat.st_size;
	recorder->durable = malloc(recorder->size);
	recorder->count = 0;
	assert_int_equal(pread(fd, recorder->durable, recorder->size, 0),
			 recorder->size);
	close(fd);
	recording = recorder;
	persist_hooks = &hooks;
}

void state_record_end(struct state_recorder *recorder)
{
	persist_hooks = NULL;
	recording = NULL;
	free(recorder->durable);
	recorder->durable = NULL;
}

void state_store(u64 *at, u64 value)
{
	if (recording)
		note_store(at, &value, sizeof(value));
	*at = value;
}

void state_apply(struct state_recorder *recorder,
		 const struct state_store *store)
{
	memcpy(recorder->durable + store->offset, &store->value, 8);
}

void state_tear(struct state_recorder *recorder,
		const struct state_store *store, size_t from, size_t to)
{
	memcpy(recorder->durable + store->offset + from,
	       (const u8 *)&store->value + from, to - from);
}
