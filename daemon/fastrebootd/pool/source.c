// SPDX-License-Identifier: GPL-2.0-or-later
#include "pool/source.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "cleanup.h"
#include "pool.h"

/* A reason has failed units in it, which may be many. */
#define REASON_MAX 200

#define LINE_FLAGS (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

/* What a source can do without, the least important first. */
static const char *const spare[] = {
	"title",
	"rollback_reason",
	"staged_at",
};

static void json_putp(struct json_object **object)
{
	json_object_put(*object);
}

#define _cleanup_json_ _cleanup_(json_putp)

static void add_text(struct json_object *object, const char *name,
		     const char *text)
{
	if (text)
		json_object_object_add(object, name,
				       json_object_new_string(text));
}

static void add_number(struct json_object *object, const char *name,
		       uint64_t number)
{
	if (number)
		json_object_object_add(object, name,
				       json_object_new_uint64(number));
}

/* Cut, but not within a character. */
static void add_reason(struct json_object *object, const char *reason)
{
	size_t length;

	if (!reason)
		return;
	length = strlen(reason);
	if (length > REASON_MAX) {
		length = REASON_MAX;
		while (length && ((unsigned char)reason[length] & 0xc0) == 0x80)
			length--;
	}
	json_object_object_add(object, "rollback_reason",
			       json_object_new_string_len(reason, (int)length));
}

static void add_notes(struct json_object *object,
		      const struct source_notes *notes)
{
	add_number(object, "sequence", notes->sequence);
	add_text(object, "staged_at", notes->staged_at);
	add_text(object, "title", notes->title);
	add_text(object, "kernel_sha256", notes->kernel_sha256);
	add_text(object, "initrd_sha256", notes->initrd_sha256);
	add_text(object, "root_sha256", notes->root_sha256);
	add_text(object, "payload_sha256", notes->payload_sha256);
	add_text(object, "version", notes->version);
	add_text(object, "inherited_cmdline", notes->inherited_cmdline);
	add_text(object, "schemas", notes->schemas);
	add_text(object, "rollback_from", notes->rollback_from);
	add_reason(object, notes->rollback_reason);
}

static bool fits(struct json_object *object)
{
	const char *line = json_object_to_json_string_ext(object, LINE_FLAGS);

	return line && strlen(line) <= FR_SLOT_SOURCE_MAX;
}

int source_annotate(const char *source, const struct source_notes *notes,
		    char **ret_source, struct fr_error *error)
{
	_cleanup_json_ struct json_object *object = json_tokener_parse(source);
	char *line;

	if (!json_object_is_type(object, json_type_object))
		return fr_fail(error, FR_FAILED, -EINVAL,
			       "the payload's source is not as expected");
	add_notes(object, notes);
	for (size_t i = 0;
	     i < sizeof(spare) / sizeof(spare[0]) && !fits(object); i++)
		json_object_object_del(object, spare[i]);
	if (!fits(object))
		return fr_fail(
			error, FR_TOO_LARGE, -E2BIG,
			"names of files and command line%s together are too long to be "
			"recorded with the hashes of what was read, the kernel takes %d "
			"bytes, and a rollback needs them: use shorter names or a boot "
			"loader entry%s",
			notes->schemas ? " and declared schemas" : "",
			FR_SLOT_SOURCE_MAX,
			notes->schemas ? ", or declare fewer schemas" : "");
	line = strdup(json_object_to_json_string_ext(object, LINE_FLAGS));
	if (!line)
		return fr_fail_memory(error);
	*ret_source = line;
	return 0;
}

static int check_pin(const char *pinned, const char *name, const char *found,
		     const char *what, struct fr_error *error)
{
	_cleanup_free_ char *expected = source_member(pinned, name);

	if (!expected || (found && !strcmp(expected, found)))
		return 0;
	return fr_fail(
		error, FR_OTHER_PAYLOAD, -EBADMSG,
		"%s is not the one that ran: its file was replaced, and a rollback is to "
		"the payload that was confirmed, or to none",
		what);
}

/* What tells more comes first. */
int source_check_pins(const char *pinned, const struct source_notes *notes,
		      struct fr_error *error)
{
	const struct {
		const char *name;
		const char *found;
		const char *what;
	} pins[] = {
		{ "kernel_sha256", notes->kernel_sha256, "the kernel" },
		{ "initrd_sha256", notes->initrd_sha256, "the initrd" },
		{ "root_sha256", notes->root_sha256, "the root image" },
		{ "payload_sha256", notes->payload_sha256,
		  "what is beside the kernel" },
	};

	for (size_t i = 0; i < sizeof(pins) / sizeof(pins[0]); i++) {
		int err = check_pin(pinned, pins[i].name, pins[i].found,
				    pins[i].what, error);

		if (err)
			return err;
	}
	return 0;
}

bool source_is_pinned(const char *source)
{
	_cleanup_free_ char *pin = source_member(source, "payload_sha256");

	return pin != NULL;
}

uint64_t source_sequence(const char *source)
{
	_cleanup_json_ struct json_object *object = json_tokener_parse(source);
	struct json_object *member;
	int64_t number;

	if (!json_object_is_type(object, json_type_object) ||
	    !json_object_object_get_ex(object, "sequence", &member) ||
	    !json_object_is_type(member, json_type_int))
		return 0;
	number = json_object_get_int64(member);
	return number > 0 && number < INT64_MAX ? (uint64_t)number : 0;
}

char *source_member(const char *source, const char *name)
{
	_cleanup_json_ struct json_object *object = json_tokener_parse(source);
	struct json_object *member;

	if (!json_object_is_type(object, json_type_object) ||
	    !json_object_object_get_ex(object, name, &member) ||
	    !json_object_is_type(member, json_type_string))
		return NULL;
	return strdup(json_object_get_string(member));
}
