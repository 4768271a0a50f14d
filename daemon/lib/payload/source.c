// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The source: the request as a line of JSON, which the ledger keeps for those that
 * stage the payload again.
 */
#include "payload.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "internal.h"
#include "strict-json.h"

FR_DEFINE_CLEANUP(json_object *, json_object_put);

struct member {
	const char *name;
	size_t field;
};

#define MEMBER(name) { #name, offsetof(struct fr_payload_request, name) }

static const struct member members[] = {
	MEMBER(entry),	    MEMBER(uki),      MEMBER(kernel),
	MEMBER(devicetree), MEMBER(cmdline),  MEMBER(signature),
	MEMBER(root_image), MEMBER(manifest),
};

#define N_MEMBERS (sizeof(members) / sizeof(members[0]))

static char **member_field(const struct fr_payload_request *request,
			   const struct member *member)
{
	return (char **)((char *)request + member->field);
}

static int add_string(json_object *object, const char *name, const char *value)
{
	json_object *string = json_object_new_string(value);

	if (!string)
		return -ENOMEM;
	if (json_object_object_add(object, name, string) < 0) {
		json_object_put(string);
		return -ENOMEM;
	}
	return 0;
}

static int add_true(json_object *object, const char *name)
{
	json_object *value = json_object_new_boolean(true);

	if (value && !json_object_object_add(object, name, value))
		return 0;
	json_object_put(value);
	return -ENOMEM;
}

static int add_strings(json_object *object, const char *name,
		       char *const *values)
{
	json_object *array = json_object_new_array();

	if (!array || json_object_object_add(object, name, array) < 0) {
		json_object_put(array);
		return -ENOMEM;
	}
	for (; *values; values++) {
		json_object *string = json_object_new_string(*values);

		if (!string || json_object_array_add(array, string) < 0) {
			json_object_put(string);
			return -ENOMEM;
		}
	}
	return 0;
}

int fr_payload_source(const struct fr_payload *payload, char **ret)
{
	_cleanup_(json_object_putp)
		json_object *object = json_object_new_object();
	const struct fr_payload_request *request = &payload->request;
	const char *text;

	if (!object)
		return -ENOMEM;
	for (size_t i = 0; i < N_MEMBERS; i++) {
		const char *value = *member_field(request, &members[i]);

		if (value && add_string(object, members[i].name, value) < 0)
			return -ENOMEM;
	}
	if (request->initrds &&
	    add_strings(object, "initrds", request->initrds) < 0)
		return -ENOMEM;
	if (request->wipe_state && add_true(object, "wipe_state") < 0)
		return -ENOMEM;
	if ((request->verified || payload->binding.wanted) &&
	    add_true(object, "verified") < 0)
		return -ENOMEM;
	text = json_object_to_json_string_ext(
		object,
		JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	if (!text)
		return -ENOMEM;
	if (strlen(text) > FR_SOURCE_MAX)
		return -E2BIG;
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

static int bad_source(const char *why, struct fr_error *error)
{
	return fr_fail(
		error, FR_FAILED, -EINVAL,
		"what the ledger says about where the payload is from can't be used: %s",
		why);
}

/* A string without NULs in it; NULL for a member that is not there. */
static int get_string(json_object *value, char **ret, struct fr_error *error)
{
	const char *text;

	if (!value)
		return 0;
	if (!json_object_is_type(value, json_type_string))
		return bad_source("a member is not a string", error);
	text = json_object_get_string(value);
	if (strlen(text) != (size_t)json_object_get_string_len(value))
		return bad_source("a string has a NUL in it", error);
	*ret = strdup(text);
	return *ret ? 0 : fr_fail_memory(error);
}

static int get_bool(json_object *value, bool *ret, struct fr_error *error)
{
	if (value && !json_object_is_type(value, json_type_boolean))
		return bad_source("a member is neither true nor false", error);
	*ret = value && json_object_get_boolean(value);
	return 0;
}

static int get_strings(json_object *value, char ***ret, struct fr_error *error)
{
	_cleanup_strv_ char **strv = NULL;
	size_t length;

	if (!value)
		return 0;
	if (!json_object_is_type(value, json_type_array))
		return bad_source("the initrds are not a list", error);
	length = json_object_array_length(value);
	if (length > FR_INITRDS_MAX)
		return bad_source("too many initrds", error);
	strv = calloc(length + 1, sizeof(*strv));
	if (!strv)
		return fr_fail_memory(error);
	for (size_t i = 0; i < length; i++) {
		int err = get_string(json_object_array_get_idx(value, i),
				     &strv[i], error);

		if (err < 0)
			return err;
		if (!strv[i])
			return bad_source("an initrd is null", error);
	}
	*ret = fr_steal_pointer(strv);
	return 0;
}

static int parse_json(const char *source, json_object **ret,
		      struct fr_error *error)
{
	_cleanup_(json_object_putp) json_object *object = NULL;
	int err;

	if (strlen(source) > 2 * FR_SOURCE_MAX)
		return bad_source("it is too long", error);
	err = fr_strict_json_parse(source, 4, &object);
	if (err == -ENOMEM)
		return fr_fail_memory(error);
	if (err < 0)
		return bad_source("it is not JSON", error);
	if (!json_object_is_type(object, json_type_object))
		return bad_source("it is not a JSON object", error);
	*ret = fr_steal_pointer(object);
	return 0;
}

static int read_members(json_object *object, struct fr_payload_request *request,
			struct fr_error *error)
{
	int err;

	for (size_t i = 0; i < N_MEMBERS; i++) {
		err = get_string(json_object_object_get(object,
							members[i].name),
				 member_field(request, &members[i]), error);

		if (err < 0)
			return err;
	}
	if (!request->cmdline) {
		err = get_string(json_object_object_get(object,
							"inherited_cmdline"),
				 &request->cmdline, error);

		if (err < 0)
			return err;
	}
	err = get_bool(json_object_object_get(object, "wipe_state"),
		       &request->wipe_state, error);
	if (err < 0)
		return err;
	err = get_bool(json_object_object_get(object, "verified"),
		       &request->verified, error);
	if (err < 0)
		return err;
	return get_strings(json_object_object_get(object, "initrds"),
			   &request->initrds, error);
}

int fr_payload_request_from_source(const char *source,
				   struct fr_payload_request *ret,
				   struct fr_error *error)
{
	_cleanup_payload_request_ struct fr_payload_request request = { 0 };
	_cleanup_(json_object_putp) json_object *object = NULL;
	int err;

	err = parse_json(source, &object, error);
	if (err < 0)
		return err;
	err = read_members(object, &request, error);
	if (err < 0)
		return err;
	if (!request.entry && !request.uki && !request.kernel)
		return bad_source("it names no kernel", error);
	*ret = request;
	request = (struct fr_payload_request){ 0 };
	return 0;
}

bool fr_payload_source_wipes(const char *source)
{
	_cleanup_(json_object_putp) json_object *object = NULL;
	bool wipes = false;

	if (!*source)
		return false;
	return parse_json(source, &object, NULL) ||
	       get_bool(json_object_object_get(object, "wipe_state"), &wipes,
			NULL) ||
	       wipes;
}
