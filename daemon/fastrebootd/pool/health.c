// SPDX-License-Identifier: GPL-2.0-or-later
#include "pool/health.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "io.h"
#include "strict-json.h"

#define FILE_NAME "/run/fastreboot-health/verdict.json"
#define SCHEMA "org.fastreboot.health/1"
#define FILE_SIZE_MAX (1U << 20)
/* More are not told: they have one cause. */
#define PROBLEMS_MAX 50

static void json_putp(struct json_object **object)
{
	json_object_put(*object);
}

#define _cleanup_json_ _cleanup_(json_putp)

static struct json_object *member(struct json_object *object, const char *name,
				  json_type type)
{
	struct json_object *found;

	if (!json_object_object_get_ex(object, name, &found) ||
	    !json_object_is_type(found, type))
		return NULL;
	return found;
}

static struct json_object *copy_problems(struct json_object *from)
{
	struct json_object *list = json_object_new_array();
	size_t n = json_object_array_length(from);

	for (size_t i = 0; i < n && i < PROBLEMS_MAX; i++) {
		struct json_object *line = json_object_array_get_idx(from, i);

		if (json_object_is_type(line, json_type_string))
			json_object_array_add(list, json_object_get(line));
	}
	return list;
}

static struct json_object *describe_verdict(struct json_object *file)
{
	struct json_object *schema = member(file, "schema", json_type_string);
	struct json_object *verdict = member(file, "verdict", json_type_string);
	struct json_object *at = member(file, "at", json_type_string);
	struct json_object *problems =
		member(file, "problems", json_type_array);
	struct json_object *object;

	if (!schema || strcmp(json_object_get_string(schema), SCHEMA) ||
	    !verdict || !at || !problems)
		return NULL;
	object = json_object_new_object();
	json_object_object_add(object, "verdict", json_object_get(verdict));
	json_object_object_add(object, "at", json_object_get(at));
	json_object_object_add(object, "problems", copy_problems(problems));
	return object;
}

struct json_object *health_read(const char *root)
{
	_cleanup_json_ struct json_object *file = NULL;
	_cleanup_free_ char *path = NULL, *text = NULL;

	if (asprintf(&path, "%s" FILE_NAME, root) < 0) {
		path = NULL;
		return NULL;
	}
	if (fr_read_file(AT_FDCWD, path, FILE_SIZE_MAX, &text, NULL) ||
	    fr_strict_json_parse(text, 4, &file) ||
	    !json_object_is_type(file, json_type_object))
		return NULL;
	return describe_verdict(file);
}
