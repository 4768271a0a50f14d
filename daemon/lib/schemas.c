// SPDX-License-Identifier: GPL-2.0-or-later
#include "schemas.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "fastreboot-state.h"
#include "io.h"

#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyz0123456789._-"
#define DIGITS "0123456789"

static const char blanks[] = " \t\r";

_Static_assert(FR_SCHEMA_NAME_MAX == FR_STATE_SCHEMA_MAX, "one name");

/* Where a line is, for errors. */
struct place {
	const char *name;
	unsigned int line;
	struct fr_error *error;
};

void fr_schemas_done(struct fr_schemas *schemas)
{
	free(schemas->list);
	*schemas = (struct fr_schemas){ 0 };
}

static int invalid(const struct place *place, const char *why)
{
	return fr_fail(place->error, FR_INVALID_PAYLOAD, -EINVAL, "%s:%u: %s",
		       place->name, place->line, why);
}

/* Take a number away from the start of a text. */
static int take_number(const char **text, uint32_t *ret)
{
	size_t length = strspn(*text, DIGITS);
	unsigned long long number;

	if (!length || length > 10)
		return -EINVAL;
	number = strtoull(*text, NULL, 10);
	if (number > UINT32_MAX)
		return -EINVAL;
	*text += length;
	*ret = (uint32_t)number;
	return 0;
}

/* "2" or "2-4" */
static int parse_versions(const char *text, struct fr_schema *schema,
			  const struct place *place)
{
	int err = take_number(&text, &schema->min);

	schema->max = schema->min;
	if (!err && *text == '-') {
		text++;
		err = take_number(&text, &schema->max);
	}
	if (err || *text)
		return invalid(place, "behind the name of the schema there has "
				      "to be a version, or two as in \"2-4\"");
	if (schema->min > schema->max)
		return invalid(place, "the first version has to be the "
				      "smaller one");
	return 0;
}

static int add(struct fr_schemas *schemas, const struct fr_schema *schema,
	       const struct place *place)
{
	struct fr_schema *larger;

	for (size_t i = 0; i < schemas->count; i++)
		if (!strcmp(schemas->list[i].name, schema->name))
			return invalid(place, "this schema is there already");
	if (schemas->count == FR_SCHEMAS_MAX)
		return invalid(place, "these are more than 256 schemas");
	larger = realloc(schemas->list, (schemas->count + 1) * sizeof(*larger));
	if (!larger)
		return fr_fail_memory(place->error);
	schemas->list = larger;
	larger[schemas->count++] = *schema;
	return 0;
}

static int parse_line(struct fr_schemas *schemas, char *line,
		      const struct place *place)
{
	struct fr_schema schema = { 0 };
	size_t length;
	int err;

	line[strcspn(line, "#")] = '\0';
	line += strspn(line, blanks);
	if (!*line)
		return 0;
	length = strspn(line, NAME_LETTERS);
	if (!length || length > FR_SCHEMA_NAME_MAX ||
	    !strchr(blanks, line[length]))
		return invalid(place, "the name of a schema is of [a-z0-9._-], "
				      "with at most 63 bytes");
	memcpy(schema.name, line, length);
	line += length;
	line += strspn(line, blanks);
	for (length = strlen(line); length && strchr(blanks, line[length - 1]);)
		line[--length] = '\0';
	err = parse_versions(line, &schema, place);
	return err ? err : add(schemas, &schema, place);
}

int fr_schemas_parse(const char *text, size_t size, const char *name,
		     struct fr_schemas *ret, struct fr_error *error)
{
	_cleanup_schemas_ struct fr_schemas schemas = { .declared = true };
	_cleanup_free_ char *copy = strndup(text, size);
	struct place place = { .name = name, .error = error };
	char *next = copy;
	char *line;

	if (!copy)
		return fr_fail_memory(error);
	if (memchr(text, '\0', size))
		return fr_fail(error, FR_INVALID_PAYLOAD, -EINVAL,
			       "%s: is not a text file", name);
	while ((line = strsep(&next, "\n"))) {
		int err;

		place.line++;
		err = parse_line(&schemas, line, &place);
		if (err)
			return err;
	}
	*ret = schemas;
	schemas = (struct fr_schemas){ 0 };
	return 0;
}

int fr_schemas_load(const char *path, struct fr_schemas *ret,
		    struct fr_error *error)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	int err;

	err = fr_read_file(AT_FDCWD, path, FR_SCHEMAS_SIZE_MAX, &text, &size);
	if (err == -EFBIG)
		return fr_fail(error, FR_TOO_LARGE, err,
			       "%s: larger than %d bytes", path,
			       FR_SCHEMAS_SIZE_MAX);
	if (err)
		return fr_fail(error, err == -ENOENT ? FR_NOT_FOUND : FR_FAILED,
			       err, "%s: %s", path, fr_file_error(err));
	return fr_schemas_parse(text, size, path, ret, error);
}

int fr_schemas_load_of(const char *kernel, struct fr_schemas *ret,
		       struct fr_error *error)
{
	_cleanup_free_ char *path = NULL;
	struct fr_error missing = { 0 };
	int err;

	if (asprintf(&path, "%s" FR_SCHEMAS_SUFFIX, kernel) < 0) {
		path = NULL;
		return fr_fail_memory(error);
	}
	err = fr_schemas_load(path, ret, &missing);
	if (err == -ENOENT) {
		*ret = (struct fr_schemas){ 0 };
		return 0;
	}
	if (err && error)
		*error = missing;
	return err;
}

int fr_schemas_format(const struct fr_schemas *schemas, char **ret)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return -ENOMEM;
	for (size_t i = 0; i < schemas->count; i++) {
		const struct fr_schema *schema = &schemas->list[i];

		fprintf(out, "%s%s %u", i ? "\n" : "", schema->name,
			schema->min);
		if (schema->max != schema->min)
			fprintf(out, "-%u", schema->max);
	}
	if (fclose(out)) {
		free(text);
		return -ENOMEM;
	}
	*ret = text;
	return 0;
}

bool fr_schemas_understand(const struct fr_schemas *schemas, const char *name,
			   uint32_t version)
{
	if (!schemas->declared || !*name)
		return true;
	for (size_t i = 0; i < schemas->count; i++)
		if (!strcmp(schemas->list[i].name, name))
			return version >= schemas->list[i].min &&
			       version <= schemas->list[i].max;
	return false;
}

/* What fr_schemas_check() has found so far. */
struct findings {
	const struct fr_schemas *schemas;
	unsigned int objects;
	unsigned int strange;
	char unknown[FR_STATE_NAME_MAX + 1];
	char names[384];
};

/* The first few have to do. */
static void add_name(struct findings *findings,
		     const struct fr_state_info *info)
{
	size_t used = strlen(findings->names);
	char name[256];

	snprintf(name, sizeof(name), "%s%s (%s %u)", used ? ", " : "",
		 info->name, info->schema, info->schema_version);
	if (used + strlen(name) < sizeof(findings->names))
		strcpy(findings->names + used, name);
	else if (used + strlen(", ...") < sizeof(findings->names) &&
		 findings->names[used - 1] != '.')
		strcpy(findings->names + used, ", ...");
}

/*
 * Whatever its status: one that is being written, or is new, is published on the
 * way down, when no commit asks any more.
 */
static int look_at(const struct fr_state_info *info, void *userdata)
{
	struct findings *findings = userdata;

	/* No program can use these, neither this kernel's nor the payload's. */
	if (info->error == -EBADMSG || info->error == -EPROTONOSUPPORT)
		return 0;
	if (info->error) {
		memcpy(findings->unknown, info->name,
		       sizeof(findings->unknown));
		return info->error;
	}
	findings->objects++;
	if (fr_schemas_understand(findings->schemas, info->schema,
				  info->schema_version))
		return 0;
	findings->strange++;
	add_name(findings, info);
	return 0;
}

int fr_schemas_check(const struct fr_schemas *schemas, const char *root,
		     unsigned int *ret_count, struct fr_error *error)
{
	struct findings findings = { .schemas = schemas };
	struct fr_state_error state_error = { "" };
	int err;

	err = fr_state_list(root, look_at, &findings, &state_error);
	if (*findings.unknown)
		return fr_fail(
			error, err == -EACCES ? FR_NOT_PERMITTED : FR_FAILED,
			err,
			"object '%s' can't be looked at, so it is not known whether the "
			"payload understands it: %s",
			findings.unknown, strerror(-err));
	if (err && err != -ENOENT)
		return fr_fail(error,
			       err == -ENODEV ? FR_NOT_FOUND :
			       err == -EACCES ? FR_NOT_PERMITTED :
						FR_FAILED,
			       err, "%s", state_error.text);
	if (findings.strange)
		return fr_fail(
			error, FR_REFUSED, -EPROTO,
			"the payload does not understand %s: stage one that does, or remove "
			"what is not needed with 'fastreboot state remove'",
			findings.names);
	*ret_count = findings.objects;
	return 0;
}
