/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the daemon's JSON. What is missing, null or of another type reads as
 * "not there": a newer daemon adds members, an older one lacks some.
 */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "cleanup.h"
#include "error.h"

static inline void cli_json_put(struct json_object *object)
{
	json_object_put(object);
}

FR_DEFINE_CLEANUP(struct json_object *, cli_json_put);
#define _cleanup_json_ _cleanup_(cli_json_putp)

/**
 * cli_json_parse() - parse a text of the daemon
 * @text: JSON, at most 1 MiB and 32 levels deep
 * @schema: what its member "schema" has to be; NULL: anything
 * @ret: the object; the caller releases it
 * @error: says what is wrong with it
 *
 * Return: 0, -EPROTO, or -ENOMEM.
 */
int cli_json_parse(const char *text, const char *schema,
		   struct json_object **ret, struct fr_error *error);

/**
 * cli_json_member() - a member that is there and not null
 * @object: object, or NULL
 * @name: name of the member
 *
 * Return: the member, borrowed; NULL if there is none.
 */
struct json_object *cli_json_member(struct json_object *object,
				    const char *name);

/**
 * cli_json_array() - a member that is an array
 * @object: object, or NULL
 * @name: name of the member
 * @ret: its number of elements
 *
 * Return: the array, borrowed; NULL, and 0 elements, if there is none.
 */
struct json_object *cli_json_array(struct json_object *object, const char *name,
				   size_t *ret);

/**
 * cli_json_text() - a member that is a string
 * @object: object, or NULL
 * @name: name of the member
 *
 * Return: the string, borrowed; "" if there is none.
 */
const char *cli_json_text(struct json_object *object, const char *name);

/**
 * cli_json_number() - a member that is a whole number
 * @object: object, or NULL
 * @name: name of the member
 * @ret: the number
 *
 * Return: whether there is one, and it is not negative.
 */
bool cli_json_number(struct json_object *object, const char *name,
		     uint64_t *ret);

/**
 * cli_json_true() - is a member true?
 * @object: object, or NULL
 * @name: name of the member
 *
 * Return: true only for the value true.
 */
bool cli_json_true(struct json_object *object, const char *name);

/**
 * cli_json_add() - add a member to an object that is being made
 * @to: object
 * @name: name of the member
 * @value: owned by @to afterwards, or released on failure; NULL: there was no memory
 *	for it
 *
 * Return: 0; -ENOMEM.
 */
int cli_json_add(struct json_object *to, const char *name,
		 struct json_object *value);

/**
 * cli_json_add_text() - add a string
 * @to: object
 * @name: name of the member
 * @text: the string, in which bytes that are no UTF-8, as in names of files, become
 *	'?': JSON has none; NULL for null
 *
 * Return: 0; -ENOMEM.
 */
int cli_json_add_text(struct json_object *to, const char *name,
		      const char *text);

/**
 * cli_json_print() - print JSON
 * @out: where to
 * @object: what
 * @pretty: over several lines for people, or one line for programs
 */
void cli_json_print(FILE *out, struct json_object *object, bool pretty);

#endif
