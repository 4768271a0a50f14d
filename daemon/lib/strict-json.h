/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FR_STRICT_JSON_H
#define FR_STRICT_JSON_H

#include <json-c/json.h>

/**
 * fr_strict_json_parse() - parse a text that has to be JSON and nothing else
 * @text: text with a NUL at its end; the caller has limited its size
 * @depth: how many arrays and objects may be within each other
 * @ret_object: what the text says; the caller puts it
 *
 * Return: 0; -EINVAL if the text is not JSON, is cut off, or is "null"; -ENOMEM.
 */
int fr_strict_json_parse(const char *text, int depth,
			 struct json_object **ret_object);

#endif
