// SPDX-License-Identifier: GPL-2.0-or-later
#include "json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "strict-json.h"
#include "utf8.h"

#define TEXT_SIZE_MAX (1024 * 1024)
#define DEPTH_MAX 32

static int check_schema(struct json_object *object, const char *schema,
			struct fr_error *error)
{
	const char *found = cli_json_text(object, "schema");

	if (!schema || !strcmp(found, schema))
		return 0;
	return fr_fail(error, FR_UNSUPPORTED, -EPROTO,
		       "fastrebootd speaks '%.64s', not '%s'; "
		       "install fastreboot and fastrebootd of the same version",
		       found, schema);
}

int cli_json_parse(const char *text, const char *schema,
		   struct json_object **ret, struct fr_error *error)
{
	_cleanup_json_ struct json_object *object = NULL;
	int err;

	if (strnlen(text, TEXT_SIZE_MAX + 1) > TEXT_SIZE_MAX)
		return fr_fail(error, FR_FAILED, -EPROTO,
			       "fastrebootd sent more than %d KiB of JSON",
			       TEXT_SIZE_MAX / 1024);
	err = fr_strict_json_parse(text, DEPTH_MAX, &object);
	if (err == -ENOMEM)
		return fr_fail_memory(error);
	if (!json_object_is_type(object, json_type_object))
		return fr_fail(error, FR_FAILED, -EPROTO,
			       "fastrebootd sent JSON that is not valid");
	err = check_schema(object, schema, error);
	if (err < 0)
		return err;
	*ret = fr_steal_pointer(object);
	return 0;
}

struct json_object *cli_json_member(struct json_object *object,
				    const char *name)
{
	struct json_object *member;

	if (!json_object_is_type(object, json_type_object) ||
	    !json_object_object_get_ex(object, name, &member))
		return NULL;
	return member;
}

struct json_object *cli_json_array(struct json_object *object, const char *name,
				   size_t *ret)
{
	struct json_object *member = cli_json_member(object, name);
	bool is_array = json_object_is_type(member, json_type_array);

	*ret = is_array ? json_object_array_length(member) : 0;
	return is_array ? member : NULL;
}

const char *cli_json_text(struct json_object *object, const char *name)
{
	struct json_object *member = cli_json_member(object, name);

	if (!json_object_is_type(member, json_type_string))
		return "";
	return json_object_get_string(member);
}

bool cli_json_number(struct json_object *object, const char *name,
		     uint64_t *ret)
{
	struct json_object *member = cli_json_member(object, name);

	if (!json_object_is_type(member, json_type_int) ||
	    json_object_get_int64(member) < 0)
		return false;
	*ret = json_object_get_uint64(member);
	return true;
}

bool cli_json_true(struct json_object *object, const char *name)
{
	struct json_object *member = cli_json_member(object, name);

	return json_object_is_type(member, json_type_boolean) &&
	       json_object_get_boolean(member);
}

/* json-c escapes the control characters below the blank. Those that it leaves
 * alone can be in a string only, so that escaping them here is valid as well.
 */
static void put_escaped(FILE *out, const char *json)
{
	for (const unsigned char *at = (const void *)json; *at; at++) {
		if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f)
			fprintf(out, "\\u%04x", *++at);
		else if (*at == 0x7f)
			fputs("\\u007f", out);
		else
			fputc(*at, out);
	}
	fputc('\n', out);
}

int cli_json_add(struct json_object *to, const char *name,
		 struct json_object *value)
{
	if (!value)
		return -ENOMEM;
	if (!json_object_object_add(to, name, value))
		return 0;
	json_object_put(value);
	return -ENOMEM;
}

int cli_json_add_text(struct json_object *to, const char *name,
		      const char *text)
{
	_cleanup_free_ char *valid = text ? strdup(text) : NULL;

	if (!text)
		return json_object_object_add(to, name, NULL) ? -ENOMEM : 0;
	if (!valid)
		return -ENOMEM;
	for (char *at = valid; *at;) {
		size_t size = fr_utf8_length(at);

		if (!size)
			*at = '?';
		at += size ?: 1;
	}
	return cli_json_add(to, name, json_object_new_string(valid));
}

void cli_json_print(FILE *out, struct json_object *object, bool pretty)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE;

	if (pretty)
		flags |= JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;
	put_escaped(out, json_object_to_json_string_ext(object, flags));
}
