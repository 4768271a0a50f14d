/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libfastreboot-state: memory of an application that is there after a reboot.
 *
 * The state volume is a piece of RAM that no kernel hands out and that a fast
 * reboot leaves as it is. What an application keeps there is an object: a file
 * with a name, a schema with a version, and data that is mapped and used like
 * any memory.
 *
 *	create		root makes the object, for an owner and with a size
 *	open		by name and schema; another program's schema is refused
 *	map		see the data that was published last
 *	claim		may write to it
 *	publish		what was written is what is there after the reboot
 *
 * A program is never handed what was not published. There are two kinds of
 * objects:
 *
 *	double		has two data areas. What was published stays as it is until
 *			the next publish has succeeded: a crash, a panic or a reset
 *			at any moment leaves the old or the new data. Claiming copies
 *			the data.
 *	in place	has one, for what is too large to be there twice, and can be
 *			made anew: a cache. From claim to publish the object is
 *			"writing", and if the machine goes away then its data is lost.
 *
 * All functions return 0 or a negative errno, and on failure fill the error, if
 * there is one, with a line that says what was found and what to do. Functions
 * with a ret_ parameter leave it alone on failure. A handle is for one thread at
 * a time. The library prints nothing and keeps nothing between calls.
 *
 * libfastreboot-state(3) has more, and what each function costs.
 */
#ifndef FASTREBOOT_STATE_H
#define FASTREBOOT_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Where the state volume is mounted; what a NULL root stands for. If nothing is
 * mounted there, all functions return -ENODEV: what is kept in the folder would
 * be on a disk. A root that is named may be any folder.
 */
#define FR_STATE_ROOT "/var/lib/fastreboot/state"
/* Most bytes of the name of an object and of a schema, without the NUL. */
#define FR_STATE_NAME_MAX 64
#define FR_STATE_SCHEMA_MAX 63

/**
 * struct fr_state_error - what went wrong, for people
 * @text: one line, without a newline
 */
struct fr_state_error {
	char text[512];
};

enum fr_state_kind {
	FR_STATE_DOUBLE = 1,
	FR_STATE_IN_PLACE = 2,
};

enum fr_state_status {
	/* Nothing was published yet, or it is "in place" and claimed. */
	FR_STATE_WRITING = 1,
	FR_STATE_PUBLISHED = 2,
};

/**
 * struct fr_state_schema - what the data means, and which versions of it the
 *	program understands
 * @name: [a-z0-9._-], at most FR_STATE_SCHEMA_MAX bytes
 * @min_version: the oldest that it can read
 * @max_version: the newest, which is also what it writes
 */
struct fr_state_schema {
	const char *name;
	uint32_t min_version;
	uint32_t max_version;
};

/**
 * struct fr_state_new - an object to be made
 * @name: [a-z0-9._-], not beginning with a dot, at most FR_STATE_NAME_MAX bytes
 * @schema: name of its schema; NULL or "" for none
 * @schema_version: version that is noted until something is published
 * @kind: enum fr_state_kind
 * @capacity: most bytes of data, 1 to 2^40
 * @uid: owner; (uid_t)-1 for the caller
 * @gid: group; (gid_t)-1 for the caller's
 * @mode: permissions, of 0666; 0 is 0600
 * @reserved: zeros
 */
struct fr_state_new {
	const char *name;
	const char *schema;
	uint32_t schema_version;
	uint32_t kind;
	uint64_t capacity;
	uid_t uid;
	gid_t gid;
	mode_t mode;
	uint32_t reserved[5];
};

/**
 * struct fr_state_info - what is known about an object
 * @name: of the object
 * @schema: name of its schema, or ""
 * @schema_version: of the data that was published last
 * @kind: enum fr_state_kind
 * @status: enum fr_state_status
 * @hashed: is there a SHA-256?
 * @error: 0; or a negative errno why the rest is not known, up to @uid: -EBADMSG
 *	(no record that counts), -EPROTONOSUPPORT (of a later version), or else
 * @generation: how often it was published
 * @size: bytes of data that were published last
 * @capacity: most bytes of data
 * @published_ns: when it was published last, nanoseconds since 1970
 * @boot_id: of the kernel that its writer ran on
 * @sha256: of the data, if it is @hashed
 * @uid: owner
 * @gid: group
 * @mode: permissions
 * @reserved: zeros
 */
struct fr_state_info {
	char name[FR_STATE_NAME_MAX + 1];
	char schema[FR_STATE_SCHEMA_MAX + 1];
	uint32_t schema_version;
	uint32_t kind;
	uint32_t status;
	uint32_t hashed;
	int32_t error;
	uint64_t generation;
	uint64_t size;
	uint64_t capacity;
	uint64_t published_ns;
	uint8_t boot_id[16];
	uint8_t sha256[32];
	uid_t uid;
	gid_t gid;
	mode_t mode;
	uint32_t reserved[13];
};

/* Flags of fr_state_open(). */
/* Open it to be claimed: no other process may have it open. */
#define FR_STATE_WRITE (1U << 0)
/* Also if nothing is published: the program can make the data anew. */
#define FR_STATE_REBUILD (1U << 1)

/* Flag of fr_state_claim(): don't copy, all of it will be written. */
#define FR_STATE_NO_COPY (1U << 0)

/* Flag of fr_state_publish(): take the SHA-256, which takes time. */
#define FR_STATE_HASH (1U << 0)

struct fr_state_object;

/**
 * fr_state_create() - make an object
 * @root: where the state volume is mounted; NULL: FR_STATE_ROOT
 * @new_object: what to make
 * @error: why not; may be NULL
 *
 * Only root can do that, as only root may write to the volume's folder. All of
 * the space is taken now, so that nothing later fails for want of it. The
 * object is there completely or not at all.
 *
 * Return: 0; -EEXIST, -EINVAL, -ENOSPC, -EACCES, -ENODEV (no volume).
 */
int fr_state_create(const char *root, const struct fr_state_new *new_object,
		    struct fr_state_error *error);

/**
 * fr_state_open() - open an object
 * @root: where the state volume is mounted; NULL: FR_STATE_ROOT
 * @name: of the object
 * @schema: what the program understands; NULL: anything
 * @flags: 0 to read; FR_STATE_WRITE, FR_STATE_REBUILD
 * @ret: to be given to fr_state_close()
 * @error: why not; may be NULL
 *
 * Return: 0; -ENOENT; -ENODEV (no volume); -EACCES; -EBUSY (a process writes,
 * or with FR_STATE_WRITE has it open at all); -EPROTO (another schema, or a
 * version out of the range); -ENODATA (never published) and -ESTALE (it was
 * being written when its writer or the machine went away), both unless
 * FR_STATE_REBUILD; -EBADMSG (damaged); -EPROTONOSUPPORT (made by a later
 * version of this library).
 */
int fr_state_open(const char *root, const char *name,
		  const struct fr_state_schema *schema, unsigned int flags,
		  struct fr_state_object **ret, struct fr_state_error *error);

/**
 * fr_state_map() - have the data in memory
 * @object: an open object
 * @ret: where it begins, on the boundary of a page. The same address until the
 *	object is closed, whatever is claimed and published; another one in the
 *	next process, so there must be no pointers in the data
 * @ret_size: bytes of it that were published, 0 if nothing was; may be NULL
 * @error: why not; may be NULL
 *
 * It can be read, and after fr_state_claim() be written, up to the capacity.
 *
 * Return: 0; -ENOMEM.
 */
int fr_state_map(struct fr_state_object *object, void **ret, size_t *ret_size,
		 struct fr_state_error *error);

/**
 * fr_state_claim() - may write from now on
 * @object: opened with FR_STATE_WRITE
 * @flags: FR_STATE_NO_COPY
 * @error: why not; may be NULL
 *
 * Of the kind "double", the data is copied to the other area, which takes its
 * place in memory; the published one stays. With FR_STATE_NO_COPY, and beyond
 * what was published, the content is whatever was there.
 *
 * Of the kind "in place", the object is marked as being written, durably,
 * before the first store can be made.
 *
 * Return: 0, also if it is claimed already; -EBADF (not to be written); -EIO.
 */
int fr_state_claim(struct fr_state_object *object, unsigned int flags,
		   struct fr_state_error *error);

/**
 * fr_state_publish() - what was written is the object's data
 * @object: claimed and mapped
 * @size: bytes of the data, from 0 to the capacity
 * @flags: FR_STATE_HASH
 * @error: why not; may be NULL
 *
 * From here on the memory can only be read, until it is claimed again: a thread
 * that goes on writing gets SIGSEGV. When this function returns, the data is
 * there after whatever happens to the machine, short of losing its memory.
 *
 * Return: 0; -EBADF (not claimed); -EFBIG (more than the capacity); -EIO, after
 * which the object is still claimed.
 */
int fr_state_publish(struct fr_state_object *object, uint64_t size,
		     unsigned int flags, struct fr_state_error *error);

/**
 * fr_state_get_info() - what is known about an open object
 * @object: an open object
 * @ret: filled
 */
void fr_state_get_info(const struct fr_state_object *object,
		       struct fr_state_info *ret);

/**
 * fr_state_is_direct() - is the data mapped directly from the volume?
 * @object: an open object
 *
 * If not, the file system has no DAX: then the data is in the page cache and
 * what publish makes durable goes through msync(2), which is much slower.
 */
bool fr_state_is_direct(const struct fr_state_object *object);

/**
 * fr_state_close() - end with an object
 * @object: freed and unmapped; may be NULL. What was claimed and not published
 *	is lost
 */
void fr_state_close(struct fr_state_object *object);

/**
 * fr_state_remove() - wipe an object and remove it
 * @root: where the state volume is mounted; NULL: FR_STATE_ROOT
 * @name: of the object, which may be damaged
 * @error: why not; may be NULL
 *
 * Return: 0; -ENOENT, -EBUSY (a process has it open), -EACCES, -EIO.
 */
int fr_state_remove(const char *root, const char *name,
		    struct fr_state_error *error);

/**
 * fr_state_list() - all objects, by name
 * @root: where the state volume is mounted; NULL: FR_STATE_ROOT
 * @function: called for each; what it returns, if it is not 0, ends it
 * @userdata: passed to it
 * @error: why not; may be NULL
 *
 * Takes no locks: also those that are open and written are listed.
 *
 * Return: 0; -ENODEV (no volume), -ENOENT (it never had one), -EACCES; what
 * @function returned.
 */
int fr_state_list(const char *root,
		  int (*function)(const struct fr_state_info *info,
				  void *userdata),
		  void *userdata, struct fr_state_error *error);

/**
 * fr_state_verify() - compare the data that was published with its SHA-256
 * @root: where the state volume is mounted; NULL: FR_STATE_ROOT
 * @name: of the object
 * @ret_info: what is known about it; may be NULL. If it is not hashed, nothing
 *	was compared
 * @error: why not; may be NULL
 *
 * Takes no lock.
 *
 * Return: 0; -EBADMSG (it differs, or is damaged); -ENODATA, -ESTALE,
 * -EPROTONOSUPPORT, -ENOENT, -EACCES as fr_state_open(); -EBUSY (it is
 * published all the time).
 */
int fr_state_verify(const char *root, const char *name,
		    struct fr_state_info *ret_info,
		    struct fr_state_error *error);

/**
 * fr_state_save() - make what can be read from a file an object
 * @root: where the state volume is mounted; NULL: FR_STATE_ROOT
 * @new_object: the object. If there is one with that name, it is replaced, at
 *	once and completely; it keeps owner, mode and kind, and its capacity and
 *	schema unless more is needed or @new_object has one. An owner, a mode or
 *	FR_STATE_IN_PLACE that are not those it has are refused. Capacity 0: as
 *	much as there is to read
 * @fd: read to its end
 * @error: why not; may be NULL
 *
 * The object is published, with a SHA-256. What it replaces is wiped.
 *
 * Return: 0; what fr_state_create() returns, -EBUSY, -EBADF, the errno of
 * read(2). The text says so if it fails behind the replacing.
 */
int fr_state_save(const char *root, const struct fr_state_new *new_object,
		  int fd, struct fr_state_error *error);

/**
 * fr_state_restore() - write the data that was published to a file
 * @root: where the state volume is mounted; NULL: FR_STATE_ROOT
 * @name: of the object
 * @fd: written to, but only after the data was verified
 * @error: why not; may be NULL
 *
 * Return: 0; what fr_state_verify() returns; -EBADF, the errno of write(2).
 */
int fr_state_restore(const char *root, const char *name, int fd,
		     struct fr_state_error *error);

#ifdef __cplusplus
}
#endif

#endif
