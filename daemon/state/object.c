// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * An open object
 *
 * Two kinds, one life: open, map, then claim and publish as often as wanted.
 *
 * Double. The record names the data area that was published; claim copies it to
 * the other one, the working area, and puts that in its place in memory. Then
 * publish:
 *
 *	1. The mapping becomes read-only: what is hashed is what is published.
 *	2. The working area is flushed, and hashed if that is asked for.
 *	3. A record is stored that names the working area. Its last store, the
 *	   magic number, is the moment at which the new data counts.
 *
 * Whatever is cut before that leaves the record that names the other area, and
 * nothing has written there since it was published. Which of the two areas is
 * worked in changes with every publish, but not their address in memory.
 *
 * In place. There is nothing to fall back to, so the record has to say when the
 * data is not good: claim stores a record "writing" and flushes it before the
 * mapping becomes writable, publish flushes the data before it stores the record
 * "published". So a store to the data can't be durable while the record calls
 * the data published.
 *
 * Of both kinds claim then takes away the record before the newest, which may name
 * the very data that will be written to: see record.c.
 *
 * Locks: flock(2) on the file. A process that opened it to write has an
 * exclusive one, a process that maps it to read a shared one. Neither is ever
 * waited for, and both end with their process and all children that it was
 * forked into. A writer's children don't have the mappings, which publish could
 * not make read-only there. list and verify only look: they take no lock, and
 * compare the sequence number before and after: while it is the same, the area
 * that the record names was not written.
 *
 * Pages. The areas are mapped shared; with DAX, which MAP_SYNC asks for, that is
 * the RAM of the state volume, and a page fault returns only when the file
 * system's own record of the page is durable. All blocks are allocated and
 * written when an object is made, so there is nothing left to be recorded.
 */
#include "internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>

#include <openssl/sha.h>

#ifndef MAP_SYNC
#define MAP_SYNC 0x080000
#endif
#ifndef MAP_SHARED_VALIDATE
#define MAP_SHARED_VALIDATE 0x03
#endif

/**
 * struct fr_state_object - an open object
 * @fd: with the lock
 * @flags: of fr_state_open()
 * @name: its name
 * @schema: name of the schema that it was opened with; "" for none
 * @schema_version: what publish writes
 * @has_schema: it was opened with one
 * @claimed: the data may be written
 * @persist: how stores become durable
 * @record: the newest
 * @stat: of the file
 * @header: mapped, OBJECT_HEADER_SIZE bytes
 * @data: mapped, @record.capacity bytes; NULL until fr_state_map()
 */
struct fr_state_object {
	int fd;
	unsigned int flags;
	char name[FR_STATE_NAME_MAX + 1];
	char schema[OBJECT_SCHEMA_SIZE];
	uint32_t schema_version;
	bool has_schema;
	bool claimed;
	struct persist persist;
	struct record record;
	struct stat stat;
	uint8_t *header;
	uint8_t *data;
};

static void *map_range(const struct fr_state_object *object, uint64_t offset,
		       size_t size, int protection)
{
	int flags = object->persist.direct ? MAP_SHARED_VALIDATE | MAP_SYNC :
					     MAP_SHARED;
	void *at =
		mmap(NULL, size, protection, flags, object->fd, (off_t)offset);

	/* publish makes it read-only here, and could not do that in a child. */
	if (at != MAP_FAILED && object->flags & FR_STATE_WRITE &&
	    madvise(at, size, MADV_DONTFORK) < 0) {
		munmap(at, size);
		return MAP_FAILED;
	}
	return at;
}

static int header_protection(const struct fr_state_object *object)
{
	return object->flags & FR_STATE_WRITE ? PROT_READ | PROT_WRITE :
						PROT_READ;
}

/* This is where it shows whether there is DAX. */
static int map_header(struct fr_state_object *object,
		      struct fr_state_error *error)
{
	void *at;

	object->persist.direct = true;
	at = map_range(object, 0, OBJECT_HEADER_SIZE,
		       header_protection(object));
	if (at == MAP_FAILED && (errno == EOPNOTSUPP || errno == EINVAL)) {
		object->persist.direct = false;
		at = map_range(object, 0, OBJECT_HEADER_SIZE,
			       header_protection(object));
	}
	if (at == MAP_FAILED)
		return state_fail(error, -errno, "object '%s': mapping it: %m",
				  object->name);
	object->header = at;
	return 0;
}

static int lock_file(struct fr_state_object *object,
		     struct fr_state_error *error)
{
	bool write = object->flags & FR_STATE_WRITE;

	if (!flock(object->fd, (write ? LOCK_EX : LOCK_SH) | LOCK_NB))
		return 0;
	if (errno != EWOULDBLOCK)
		return state_fail(error, -errno, "object '%s': locking it: %m",
				  object->name);
	return state_fail(error, -EBUSY, "object '%s' is %s by another program",
			  object->name, write ? "open" : "written");
}

static int check_schema(const struct fr_state_object *object,
			const struct fr_state_schema *schema,
			struct fr_state_error *error)
{
	const struct record *record = &object->record;

	if (!schema)
		return 0;
	if (strcmp(record->schema, schema->name))
		return state_fail(
			error, -EPROTO,
			"object '%s' has the schema '%s', and '%s' was asked for",
			object->name, record->schema, schema->name);
	/* There is no data that could be misread. */
	if (object->flags & FR_STATE_REBUILD &&
	    record->status != FR_STATE_PUBLISHED)
		return 0;
	if (record->schema_version < schema->min_version ||
	    record->schema_version > schema->max_version)
		return state_fail(
			error, -EPROTO,
			"object '%s' has version %u of the schema '%s', and this program "
			"understands %u to %u",
			object->name, record->schema_version, record->schema,
			schema->min_version, schema->max_version);
	return 0;
}

static int check_arguments(const char *name,
			   const struct fr_state_schema *schema,
			   unsigned int flags, struct fr_state_error *error)
{
	if (flags & ~(FR_STATE_WRITE | FR_STATE_REBUILD))
		return state_fail(error, -EINVAL,
				  "object '%s': opened with unknown flags",
				  name);
	if (schema && (!schema->name || !*schema->name ||
		       !state_schema_valid(schema->name) ||
		       schema->min_version > schema->max_version))
		return state_fail(
			error, -EINVAL,
			"object '%s': a schema needs a name of [a-z0-9._-] with at most %d "
			"bytes, and versions from a smaller to a larger one",
			name, FR_STATE_SCHEMA_MAX);
	return 0;
}

/* The file is open: lock it, and see what it is. */
static int look(struct fr_state_object *object,
		const struct fr_state_schema *schema,
		struct fr_state_error *error)
{
	int err = lock_file(object, error);

	if (!err)
		err = state_read_record(object->fd, object->name,
					&object->record, error);
	if (!err)
		err = check_schema(object, schema, error);
	if (!err && !(object->flags & FR_STATE_REBUILD))
		err = state_check_published(&object->record, object->name,
					    error);
	return err ? err : map_header(object, error);
}

static void set_schema(struct fr_state_object *object,
		       const struct fr_state_schema *schema)
{
	if (!schema)
		return;
	object->has_schema = true;
	strcpy(object->schema, schema->name);
	object->schema_version = schema->max_version;
}

static int open_once(struct fr_state_object *object, int folder,
		     const char *name, const struct fr_state_schema *schema,
		     struct fr_state_error *error)
{
	state_closep(&object->fd);
	object->fd = state_open_file(folder, name,
				     object->flags & FR_STATE_WRITE ? O_RDWR :
								      O_RDONLY,
				     &object->stat, error);
	if (object->fd < 0)
		return object->fd;
	strcpy(object->name, name);
	set_schema(object, schema);
	return look(object, schema, error);
}

int fr_state_open(const char *root, const char *name,
		  const struct fr_state_schema *schema, unsigned int flags,
		  struct fr_state_object **ret, struct fr_state_error *error)
{
	_state_close_ int folder = -1;
	struct fr_state_object *object;
	int err = check_arguments(name, schema, flags, error);

	if (err)
		return err;
	folder = state_open_folder(root, false, error);
	if (folder < 0)
		return folder;
	object = calloc(1, sizeof(*object));
	if (!object)
		return state_fail(error, -ENOMEM, "out of memory");
	object->flags = flags;
	object->fd = -1;
	for (int i = 0; i < STATE_OPEN_TRIES; i++) {
		err = open_once(object, folder, name, schema, error);
		if (!err || !state_is_gone(object->fd))
			break;
	}
	if (err) {
		fr_state_close(object);
		return err;
	}
	*ret = object;
	return 0;
}

void fr_state_close(struct fr_state_object *object)
{
	int saved = errno;

	if (!object)
		return;
	if (object->data)
		munmap(object->data, object->record.capacity);
	if (object->header)
		munmap(object->header, OBJECT_HEADER_SIZE);
	if (object->fd >= 0)
		close(object->fd);
	free(object);
	errno = saved;
}

static size_t published_size(const struct fr_state_object *object)
{
	return object->record.status == FR_STATE_PUBLISHED ?
		       object->record.size :
		       0;
}

/* The area that a claimed object is worked in. */
static unsigned int working_area(const struct fr_state_object *object)
{
	return object->record.kind == FR_STATE_DOUBLE ?
		       1 - object->record.area :
		       0;
}

int fr_state_map(struct fr_state_object *object, void **ret, size_t *ret_size,
		 struct fr_state_error *error)
{
	unsigned int area = object->claimed ? working_area(object) :
					      object->record.area;

	if (!object->data) {
		void *at = map_range(
			object, state_area_offset(&object->record, area),
			object->record.capacity,
			object->claimed ? PROT_READ | PROT_WRITE : PROT_READ);

		if (at == MAP_FAILED)
			return state_fail(error, -errno,
					  "object '%s': mapping its data: %m",
					  object->name);
		object->data = at;
	}
	*ret = object->data;
	if (ret_size)
		*ret_size = published_size(object);
	return 0;
}

static int protect(struct fr_state_object *object, int protection,
		   struct fr_state_error *error)
{
	if (!object->data ||
	    !mprotect(object->data, object->record.capacity, protection))
		return 0;
	return state_fail(error, -errno, "object '%s': protecting its data: %m",
			  object->name);
}

/* Copy what is published to the working area, which is mapped at @working. */
static int fill_working(struct fr_state_object *object, void *working,
			struct fr_state_error *error)
{
	size_t size = published_size(object);
	const void *from = object->data;
	void *own = NULL;

	if (!size)
		return 0;
	if (!from) {
		own = map_range(object,
				state_area_offset(&object->record,
						  object->record.area),
				size, PROT_READ);
		if (own == MAP_FAILED)
			return state_fail(error, -errno,
					  "object '%s': mapping its data: %m",
					  object->name);
		from = own;
	}
	persist_copy(working, from, size);
	if (own)
		munmap(own, size);
	return 0;
}

/* Put the working area where the published one is seen. */
static int replace_mapping(struct fr_state_object *object, void *working,
			   struct fr_state_error *error)
{
	size_t size = object->record.capacity;

	if (!object->data) {
		object->data = working;
		return 0;
	}
	if (mremap(working, size, size, MREMAP_MAYMOVE | MREMAP_FIXED,
		   object->data) == MAP_FAILED)
		return state_fail(error, -errno,
				  "object '%s': moving its data: %m",
				  object->name);
	return 0;
}

/* Nothing but the newest record may count while the data is written to. */
static int drop_older(struct fr_state_object *object,
		      struct fr_state_error *error)
{
	int err = record_drop_older(&object->persist, object->header,
				    &object->record);

	if (!err)
		return 0;
	return state_fail(error, err, "object '%s': writing it: %s",
			  object->name, strerror(-err));
}

static int claim_double(struct fr_state_object *object, unsigned int flags,
			struct fr_state_error *error)
{
	size_t size = object->record.capacity;
	void *working;
	int err = drop_older(object, error);

	if (err)
		return err;
	working = map_range(object,
			    state_area_offset(&object->record,
					      working_area(object)),
			    size, PROT_READ | PROT_WRITE);
	if (working == MAP_FAILED)
		return state_fail(error, -errno,
				  "object '%s': mapping its data: %m",
				  object->name);
	if (!(flags & FR_STATE_NO_COPY))
		err = fill_working(object, working, error);
	if (!err)
		err = replace_mapping(object, working, error);
	if (err)
		munmap(working, size);
	return err;
}

/* Store a record, with the schema that the object was opened with. */
static int store_record(struct fr_state_object *object, struct record *record,
			struct fr_state_error *error)
{
	int err;

	if (object->has_schema) {
		memcpy(record->schema, object->schema, sizeof(record->schema));
		record->schema_version = object->schema_version;
	}
	err = record_store(&object->persist, object->header, record);
	if (err)
		return state_fail(error, err, "object '%s': writing it: %s",
				  object->name, strerror(-err));
	object->record = *record;
	return 0;
}

static int claim_in_place(struct fr_state_object *object,
			  struct fr_state_error *error)
{
	struct record record = object->record;
	int err = 0;

	if (record.status == FR_STATE_PUBLISHED) {
		record.status = FR_STATE_WRITING;
		err = store_record(object, &record, error);
	}
	if (!err)
		err = drop_older(object, error);
	return err ? err : protect(object, PROT_READ | PROT_WRITE, error);
}

int fr_state_claim(struct fr_state_object *object, unsigned int flags,
		   struct fr_state_error *error)
{
	int err;

	if (!(object->flags & FR_STATE_WRITE))
		return state_fail(error, -EBADF,
				  "object '%s' was not opened to be written",
				  object->name);
	if (flags & ~FR_STATE_NO_COPY)
		return state_fail(error, -EINVAL,
				  "object '%s': claimed with unknown flags",
				  object->name);
	if (object->claimed)
		return 0;
	if (object->record.kind == FR_STATE_DOUBLE)
		err = claim_double(object, flags, error);
	else
		err = claim_in_place(object, error);
	if (!err)
		object->claimed = true;
	return err;
}

/* The 16 bytes of "01234567-89ab-..."; zeros if the kernel does not tell. */
static void read_boot_id(uint8_t ret[16])
{
	_state_close_ int fd =
		open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	char text[37] = "";
	const char *at = text;

	memset(ret, 0, 16);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) != sizeof(text) - 1)
		return;
	for (int i = 0; i < 16; i++) {
		at += *at == '-';
		if (sscanf(at, "%2hhx", &ret[i]) != 1)
			return;
		at += 2;
	}
}

static void fill_publication(const struct fr_state_object *object,
			     uint64_t size, unsigned int flags,
			     struct record *record)
{
	*record = object->record;
	record->status = FR_STATE_PUBLISHED;
	record->generation++;
	record->size = size;
	record->area = working_area(object);
	record->flags = flags & FR_STATE_HASH ? OBJECT_HASHED : 0;
	record->published_ns = state_now_ns();
	read_boot_id(record->boot_id);
	memset(record->sha256, 0, sizeof(record->sha256));
	if (flags & FR_STATE_HASH)
		SHA256(object->data, size, record->sha256);
}

static int check_publish(const struct fr_state_object *object, uint64_t size,
			 unsigned int flags, struct fr_state_error *error)
{
	if (flags & ~FR_STATE_HASH)
		return state_fail(error, -EINVAL,
				  "object '%s': published with unknown flags",
				  object->name);
	if (!object->claimed || !object->data)
		return state_fail(error, -EBADF,
				  "object '%s' has to be mapped and claimed "
				  "before it is published",
				  object->name);
	if (size > object->record.capacity)
		return state_fail(
			error, -EFBIG,
			"object '%s' holds at most %llu bytes, and %llu were published: make "
			"it anew, and larger",
			object->name,
			(unsigned long long)object->record.capacity,
			(unsigned long long)size);
	return 0;
}

static int flush_data(struct fr_state_object *object, uint64_t size,
		      struct fr_state_error *error)
{
	int err = persist_flush(&object->persist, object->data, size);

	if (!err)
		return 0;
	return state_fail(error, err, "object '%s': writing its data: %s",
			  object->name, strerror(-err));
}

int fr_state_publish(struct fr_state_object *object, uint64_t size,
		     unsigned int flags, struct fr_state_error *error)
{
	struct record record;
	int err = check_publish(object, size, flags, error);

	if (!err)
		err = protect(object, PROT_READ, error);
	if (err)
		return err;
	err = flush_data(object, size, error);
	if (!err) {
		fill_publication(object, size, flags, &record);
		err = store_record(object, &record, error);
	}
	if (err) {
		protect(object, PROT_READ | PROT_WRITE, NULL);
		return err;
	}
	object->claimed = false;
	return 0;
}

void fr_state_get_info(const struct fr_state_object *object,
		       struct fr_state_info *ret)
{
	state_fill_info(ret, object->name, &object->stat, &object->record);
}

bool fr_state_is_direct(const struct fr_state_object *object)
{
	return object->persist.direct;
}
