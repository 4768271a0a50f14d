/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which preserved state a payload understands.
 *
 * A payload may declare it in a file next to its kernel, the kernel's name with
 * ".schemas" added: a schema a line, with the versions of it that are understood.
 *
 *	# what the applications of this payload can read
 *	sessions 2-4
 *	routes   1
 *
 * A payload without the file has declared nothing, and is taken to understand all
 * there is. One with the file understands what is in it and nothing else, but for
 * objects without a schema, which every payload understands.
 */
#ifndef FR_SCHEMAS_H
#define FR_SCHEMAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define FR_SCHEMAS_SUFFIX ".schemas"
/* Most bytes of the file, and most schemas in it. */
#define FR_SCHEMAS_SIZE_MAX 65536
#define FR_SCHEMAS_MAX 256
/*
 * Most bytes of what fr_schemas_format() gives that a payload can have: it goes
 * with names and command line into the slot's source, which has 4000.
 */
#define FR_SCHEMAS_TEXT_MAX 2048
/* Most bytes of the name of a schema, without the NUL. */
#define FR_SCHEMA_NAME_MAX 63

/**
 * struct fr_schema - a schema and the versions that are understood
 */
struct fr_schema {
	char name[FR_SCHEMA_NAME_MAX + 1];
	uint32_t min;
	uint32_t max;
};

/**
 * struct fr_schemas - what a payload declares
 * @declared: it declares something, be it that it understands nothing
 * @list: the schemas, no name twice
 * @count: of them
 */
struct fr_schemas {
	bool declared;
	struct fr_schema *list;
	size_t count;
};

/**
 * fr_schemas_done() - free what it points to
 * @schemas: all zero afterwards
 */
void fr_schemas_done(struct fr_schemas *schemas);

#define _cleanup_schemas_ __attribute__((__cleanup__(fr_schemas_done)))

/**
 * fr_schemas_parse() - read a declaration
 * @text: content of the file; need not end with a NUL
 * @size: bytes
 * @name: of the file, for errors
 * @ret: to be given to fr_schemas_done()
 * @error: where the mistake is
 *
 * Return: 0, -EINVAL with FR_INVALID_PAYLOAD, -ENOMEM.
 */
int fr_schemas_parse(const char *text, size_t size, const char *name,
		     struct fr_schemas *ret, struct fr_error *error);

/**
 * fr_schemas_load() - read a declaration from its file
 * @path: of the file
 * @ret: to be given to fr_schemas_done()
 * @error: why not
 *
 * Return: 0; -ENOENT with FR_NOT_FOUND if there is none; what
 * fr_schemas_parse() returns; -EFBIG with FR_TOO_LARGE; another errno.
 */
int fr_schemas_load(const char *path, struct fr_schemas *ret,
		    struct fr_error *error);

/**
 * fr_schemas_load_of() - what the payload with this kernel declares
 * @kernel: name of the file of the kernel or UKI
 * @ret: to be given to fr_schemas_done(); .declared is false if there is no file
 * @error: why not
 *
 * Return: 0; as fr_schemas_load().
 */
int fr_schemas_load_of(const char *kernel, struct fr_schemas *ret,
		       struct fr_error *error);

/**
 * fr_schemas_format() - the declaration in its shortest form
 * @schemas: that declare something
 * @ret: what fr_schemas_parse() understands; to be freed
 *
 * Return: 0, -ENOMEM.
 */
int fr_schemas_format(const struct fr_schemas *schemas, char **ret);

/**
 * fr_schemas_understand() - is data of a schema understood?
 * @schemas: what is declared
 * @name: of the schema; "" for none
 * @version: of it
 */
bool fr_schemas_understand(const struct fr_schemas *schemas, const char *name,
			   uint32_t version);

/**
 * fr_schemas_check() - are all objects understood?
 * @schemas: what is declared
 * @root: where the state volume is mounted; NULL for where it always is
 * @ret_count: number of objects
 * @error: names those that are not, with their schemas and versions
 *
 * Also those count that are new or being written: they may be published until the
 * kernel leaves. What is damaged, or of a later version of fastreboot, is
 * passed over: no program can use it.
 *
 * Return: 0; -EPROTO with FR_REFUSED; -ENODEV with FR_NOT_FOUND if no volume is
 * mounted; -EACCES with FR_NOT_PERMITTED if the caller may not look at all of
 * them; another errno.
 */
int fr_schemas_check(const struct fr_schemas *schemas, const char *root,
		     unsigned int *ret_count, struct fr_error *error);

#endif
