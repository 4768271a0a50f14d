// SPDX-License-Identifier: GPL-2.0-or-later
#include "pool/mirror.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "base/store.h"
#include "cleanup.h"
#include "io.h"
#include "pool/source.h"
#include "strict-json.h"

#define FILE_NAME "/var/lib/fastreboot/update.json"
#define SCHEMA "org.fastreboot.update/1"
#define FILE_SIZE_MAX (64U << 10)
#define TRIES_MAX 1000000

static void json_putp(struct json_object **object)
{
	json_object_put(*object);
}

#define _cleanup_json_ _cleanup_(json_putp)

void mirror_done(struct mirror *mirror)
{
	free(mirror->release);
	free(mirror->confirmed_source);
	free(mirror->version_floor);
	free(mirror->confirmed_version);
	*mirror = (struct mirror){ 0 };
}

static int path_of(const char *root, char **ret, struct fr_error *error)
{
	if (asprintf(ret, "%s" FILE_NAME, root) >= 0)
		return 0;
	*ret = NULL;
	return fr_fail_memory(error);
}

/* NULL for a member that is not there, or is no text. */
static const char *text_of(struct json_object *object, const char *name)
{
	struct json_object *member;

	if (!json_object_object_get_ex(object, name, &member) ||
	    !json_object_is_type(member, json_type_string))
		return NULL;
	return json_object_get_string(member);
}

static int64_t number_of(struct json_object *object, const char *name,
			 int64_t max)
{
	struct json_object *member;
	int64_t number;

	if (!json_object_object_get_ex(object, name, &member) ||
	    !json_object_is_type(member, json_type_int))
		return 0;
	number = json_object_get_int64(member);
	return number < 0 ? 0 : number > max ? max : number;
}

static int copy_text(struct json_object *object, const char *name, char **ret)
{
	const char *text = text_of(object, name);

	if (!text)
		return 0;
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

/* A file of another schema is a newer daemon's: nothing is known from it. */
static int read_members(struct json_object *object, struct mirror *mirror)
{
	const char *schema = text_of(object, "schema");
	const char *boot_id = text_of(object, "boot_id");

	if (!schema || strcmp(schema, SCHEMA) != 0)
		return -EPROTONOSUPPORT;
	mirror->tries = (unsigned int)number_of(object, "tries", TRIES_MAX);
	mirror->generation =
		(uint64_t)number_of(object, "generation", INT64_MAX);
	snprintf(mirror->boot_id, sizeof(mirror->boot_id), "%.36s",
		 boot_id ? boot_id : "");
	if (copy_text(object, "release", &mirror->release) ||
	    copy_text(object, "confirmed_source", &mirror->confirmed_source) ||
	    copy_text(object, "version_floor", &mirror->version_floor) ||
	    copy_text(object, "confirmed_version", &mirror->confirmed_version))
		return -ENOMEM;
	return 0;
}

static int parse(const char *text, struct mirror *ret)
{
	_cleanup_json_ struct json_object *object = NULL;
	_cleanup_mirror_ struct mirror mirror = { 0 };
	int err = fr_strict_json_parse(text, 4, &object);

	if (!err && !json_object_is_type(object, json_type_object))
		err = -EINVAL;
	if (!err)
		err = read_members(object, &mirror);
	if (err)
		return err;
	*ret = mirror;
	mirror = (struct mirror){ 0 };
	return 0;
}

int mirror_load(const char *root, struct mirror *ret_mirror,
		struct fr_error *error)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char *text = NULL;
	int err = path_of(root, &path, error);

	if (err)
		return err;
	err = fr_read_file(AT_FDCWD, path, FILE_SIZE_MAX, &text, NULL);
	if (err == -ENOENT) {
		*ret_mirror = (struct mirror){ 0 };
		return 0;
	}
	if (!err)
		err = parse(text, ret_mirror);
	if (!err)
		return 0;
	return fr_fail(error, FR_FAILED, err,
		       "%s can't be used: %s; only the ledger counts", path,
		       err == -EINVAL	       ? "it is not as expected" :
		       err == -EPROTONOSUPPORT ? "its schema is not known" :
						 strerror(-err));
}

static void add_text(struct json_object *object, const char *name,
		     const char *text)
{
	if (text)
		json_object_object_add(object, name,
				       json_object_new_string(text));
}

static struct json_object *mirror_to_json(const struct mirror *mirror)
{
	struct json_object *object = json_object_new_object();

	add_text(object, "schema", SCHEMA);
	json_object_object_add(object, "tries",
			       json_object_new_int64(mirror->tries));
	add_text(object, "boot_id", mirror->boot_id);
	add_text(object, "release", mirror->release);
	json_object_object_add(object, "generation",
			       json_object_new_uint64(mirror->generation));
	add_text(object, "confirmed_source", mirror->confirmed_source);
	add_text(object, "version_floor", mirror->version_floor);
	add_text(object, "confirmed_version", mirror->confirmed_version);
	return object;
}

int mirror_store(const char *root, const struct mirror *mirror,
		 struct fr_error *error)
{
	_cleanup_json_ struct json_object *object = mirror_to_json(mirror);
	_cleanup_free_ char *path = NULL;
	int err = path_of(root, &path, error);

	if (err)
		return err;
	err = store_file(path, json_object_to_json_string_ext(
				       object, JSON_C_TO_STRING_PLAIN));
	if (!err)
		return 0;
	return fr_fail(error, FR_FAILED, err, "can't write %s: %s", path,
		       err == -ETIMEDOUT ? "the disk does not answer" :
					   strerror(-err));
}

static bool is_fast(const struct fr_pool_status *pool)
{
	return pool->boot_reason && !strcmp(pool->boot_reason, "fast-reboot");
}

/* Without the commit of this boot, which has not left. */
static unsigned int tries_on_disk(const struct mirror *mirror,
				  const char *boot_id)
{
	bool here = *mirror->boot_id && !strcmp(mirror->boot_id, boot_id);

	return mirror->tries - (here && mirror->tries ? 1 : 0);
}

bool mirror_apply(const struct mirror *mirror, const char *boot_id,
		  struct fr_pool_status *pool)
{
	unsigned int tries = tries_on_disk(mirror, boot_id);

	if (!pool->present || is_fast(pool) || tries <= pool->tries)
		return false;
	pool->tries = tries;
	return true;
}

bool mirror_settle(struct mirror *mirror, const char *boot_id,
		   const struct fr_pool_status *pool)
{
	if (!pool->present || !is_fast(pool) ||
	    (tries_on_disk(mirror, boot_id) == pool->tries &&
	     (!*mirror->boot_id || !strcmp(mirror->boot_id, boot_id))))
		return false;
	mirror->tries = pool->tries;
	mirror->boot_id[0] = '\0';
	return true;
}

static int replace_text(char **text, const char *new)
{
	char *copy = strdup(new);

	if (!copy)
		return -ENOMEM;
	free(*text);
	*text = copy;
	return 0;
}

const char *mirror_way_back(const struct mirror *mirror,
			    const struct fr_pool_status *pool)
{
	const char *previous = pool->previous_source;

	/* The kernel before has written it, or this one, to go on with it. */
	if (is_fast(pool) && mirror->confirmed_source &&
	    (mirror->generation + 1 == pool->generation ||
	     mirror->generation == pool->generation))
		return mirror->confirmed_source;
	return previous ? previous : "";
}

/* The last confirmed payload, seen from a kernel that is not confirmed. */
static const char *last_confirmed(const struct mirror *mirror,
				  const struct fr_pool_status *pool)
{
	_cleanup_free_ char *from =
		source_member(pool->source, "rollback_from");

	return from ? pool->source : mirror_way_back(mirror, pool);
}

static int keep_confirmed(struct mirror *mirror,
			  const struct fr_pool_status *pool)
{
	if (!fr_pool_is_confirmed(pool))
		return replace_text(&mirror->confirmed_source,
				    last_confirmed(mirror, pool));
	free(mirror->confirmed_source);
	mirror->confirmed_source = NULL;
	return 0;
}

int mirror_commit(struct mirror *mirror, const char *boot_id,
		  const struct fr_pool_status *pool, const char *release)
{
	if (keep_confirmed(mirror, pool) ||
	    replace_text(&mirror->release, release))
		return -ENOMEM;
	mirror->tries = pool->tries + 1;
	mirror->generation = pool->generation;
	snprintf(mirror->boot_id, sizeof(mirror->boot_id), "%s", boot_id);
	return 0;
}

bool mirror_take_back(struct mirror *mirror, const char *boot_id)
{
	if (!*mirror->boot_id || strcmp(mirror->boot_id, boot_id) != 0)
		return false;
	mirror->tries = tries_on_disk(mirror, boot_id);
	mirror->boot_id[0] = '\0';
	return true;
}

static bool is_text(const char *text, const char *expected)
{
	return text && !strcmp(text, expected);
}

static bool note_version(struct mirror *mirror,
			 const struct fr_pool_status *pool)
{
	const char *source = pool->source ? pool->source : "";
	_cleanup_free_ char *version = source_member(source, "version");
	const char *floor = mirror->version_floor;
	bool grows;

	if (!version)
		return false;
	grows = !floor || strverscmp(version, floor) > 0;
	if (!grows && is_text(mirror->confirmed_version, version))
		return false;
	/* The floor first: without memory it must not be the other one alone. */
	if (grows && replace_text(&mirror->version_floor, version))
		return false;
	return !replace_text(&mirror->confirmed_version, version);
}

bool mirror_note_version(struct mirror *mirror,
			 const struct fr_pool_status *pool)
{
	return fr_pool_is_confirmed(pool) && note_version(mirror, pool);
}

void mirror_confirm(struct mirror *mirror, const struct fr_pool_status *pool)
{
	mirror->tries = 0;
	mirror->boot_id[0] = '\0';
	note_version(mirror, pool);
}

int mirror_check_version(const struct mirror *mirror, const char *version,
			 struct fr_error *error)
{
	const char *floor = mirror->version_floor;

	if (!floor || (version && strverscmp(version, floor) >= 0) ||
	    (version && is_text(mirror->confirmed_version, version)))
		return 0;
	if (!version)
		return fr_fail(
			error, FR_REFUSED, -EPERM,
			"version %s was confirmed on this machine, and this payload does not say which it is; build the UKI with .uname, or sign a manifest",
			floor);
	return fr_fail(
		error, FR_REFUSED, -EPERM,
		"version %s is older than %s, which was confirmed on this machine; stage that or a newer one, or 'fastreboot rollback'",
		version, floor);
}
