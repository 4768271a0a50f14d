// SPDX-License-Identifier: GPL-2.0-or-later
#include "baseline.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <json-c/json.h>

#include "cleanup.h"
#include "io.h"
#include "strict-json.h"
#include "strv.h"

#define BASELINE "/var/lib/fastreboot/baseline.json"
#define BASELINE_SCHEMA "org.fastreboot.baseline/1"
#define VERDICT "/run/fastreboot-health/verdict.json"
#define VERDICT_SCHEMA "org.fastreboot.health/1"
#define FILE_SIZE_MAX (1U << 20)
#define NAME_SIZE_MAX 256

static void json_putp(struct json_object **object)
{
	json_object_put(*object);
}

#define _cleanup_json_ _cleanup_(json_putp)

static int read_names(struct json_object *object, const char *member,
		      char ***ret)
{
	struct json_object *list;

	if (!json_object_object_get_ex(object, member, &list) ||
	    !json_object_is_type(list, json_type_array))
		return -EINVAL;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *name = json_object_array_get_idx(list, i);
		char *copy;

		if (!json_object_is_type(name, json_type_string) ||
		    json_object_get_string_len(name) >= NAME_SIZE_MAX)
			return -EINVAL;
		copy = strdup(json_object_get_string(name));
		if (!copy || fr_strv_add(ret, copy))
			return -ENOMEM;
	}
	return 0;
}

static int read_baseline(const char *text, struct health_state *state)
{
	_cleanup_json_ struct json_object *object = NULL;
	struct json_object *schema, *network;
	int err = fr_strict_json_parse(text, 4, &object);

	if (err)
		return err;
	if (!json_object_object_get_ex(object, "schema", &schema) ||
	    !json_object_is_type(schema, json_type_string) ||
	    strcmp(json_object_get_string(schema), BASELINE_SCHEMA))
		return -EPROTONOSUPPORT;
	if (!json_object_object_get_ex(object, "network", &network))
		return -EINVAL;
	state->network = json_object_get_boolean(network);
	err = read_names(object, "units", &state->expected);
	return err ?: read_names(object, "failed", &state->failed);
}

int baseline_load(const char *root, struct health_state *ret,
		  struct fr_error *error)
{
	_cleanup_health_state_ struct health_state state = { 0 };
	_cleanup_free_ char *path = NULL, *text = NULL;
	int err;

	if (asprintf(&path, "%s" BASELINE, root) < 0) {
		path = NULL;
		return fr_fail_memory(error);
	}
	err = fr_read_file(AT_FDCWD, path, FILE_SIZE_MAX, &text, NULL);
	if (!err)
		err = read_baseline(text, &state);
	if (err)
		return fr_fail(error, FR_FAILED, err, "%s can't be used: %s",
			       path,
			       err == -EINVAL ? "it is not as expected" :
			       err == -EPROTONOSUPPORT ?
						"its schema is not known" :
						fr_file_error(err));
	*ret = state;
	state = (struct health_state){ 0 };
	return 0;
}

static struct json_object *names_to_json(char *const *names)
{
	struct json_object *list = json_object_new_array();

	for (; names && *names; names++)
		json_object_array_add(list, json_object_new_string(*names));
	return list;
}

static void add_text(struct json_object *object, const char *name,
		     const char *text)
{
	json_object_object_add(object, name, json_object_new_string(text));
}

static void add_now(struct json_object *object, const char *name)
{
	time_t now = time(NULL);
	char text[32];
	struct tm utc;

	gmtime_r(&now, &utc);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
	add_text(object, name, text);
}

static int sync_folder(const char *path)
{
	_cleanup_close_ int fd = -1;
	char folder[512];

	snprintf(folder, sizeof(folder), "%s", path);
	fd = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int write_new(const char *path, const char *text)
{
	_cleanup_close_ int fd = -1;
	int err;

	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		  0644);
	if (fd < 0)
		return -errno;
	err = fr_write_all(fd, text, strlen(text));
	if (!err && fsync(fd) < 0)
		err = -errno;
	return err;
}

/* A crash leaves the old one or the new one. */
static int replace_file(const char *root, const char *name, const char *text,
			struct fr_error *error)
{
	_cleanup_free_ char *path = NULL, *new = NULL;
	int err;

	if (asprintf(&path, "%s%s", root, name) < 0 ||
	    asprintf(&new, "%s%s.new", root, name) < 0)
		return fr_fail_memory(error);
	err = write_new(new, text);
	if (!err && rename(new, path) < 0)
		err = -errno;
	if (!err)
		err = sync_folder(path);
	if (!err)
		return 0;
	unlink(new);
	return fr_fail(error, FR_FAILED, err, "can't write %s: %s", path,
		       strerror(-err));
}

int baseline_store(const char *root, const struct health_state *state,
		   struct fr_error *error)
{
	_cleanup_json_ struct json_object *object = json_object_new_object();

	add_text(object, "schema", BASELINE_SCHEMA);
	add_now(object, "recorded_at");
	json_object_object_add(object, "network",
			       json_object_new_boolean(state->network));
	json_object_object_add(object, "units", names_to_json(state->expected));
	json_object_object_add(object, "failed", names_to_json(state->failed));
	return replace_file(
		root, BASELINE,
		json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN),
		error);
}

int verdict_store(const char *root, const char *verdict, char *const *problems,
		  struct fr_error *error)
{
	_cleanup_json_ struct json_object *object = json_object_new_object();

	add_text(object, "schema", VERDICT_SCHEMA);
	add_text(object, "verdict", verdict);
	add_now(object, "at");
	json_object_object_add(object, "problems", names_to_json(problems));
	return replace_file(
		root, VERDICT,
		json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN),
		error);
}
