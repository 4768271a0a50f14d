// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * json-c 0.18 takes a byte of a string below the blank for a control character,
 * which strict JSON has to escape, and compares a plain char. Where that is
 * signed, as on x86, each character beyond ASCII is refused. So the parser gets
 * these escaped: the same JSON in ASCII, for any json-c. json-c before 0.17 lets
 * control characters pass; they are refused here.
 */
#include "strict-json.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "cleanup.h"
#include "utf8.h"

FR_DEFINE_CLEANUP(struct json_tokener *, json_tokener_free);

/* @length: of valid UTF-8, 2 to 4 bytes */
static uint32_t code_point(const char *text, size_t length)
{
	uint32_t code = (unsigned char)text[0] & (0x7f >> length);

	for (size_t i = 1; i < length; i++)
		code = code << 6 | ((unsigned char)text[i] & 0x3f);
	return code;
}

static void put_escaped(FILE *out, uint32_t code)
{
	if (code > 0xffff) {
		fprintf(out, "\\u%04x", 0xd800 + ((code - 0x10000) >> 10));
		code = 0xdc00 + (code & 0x3ff);
	}
	fprintf(out, "\\u%04x", code);
}

/*
 * -EINVAL for a control character in a string.
 *
 * Bytes that are not UTF-8 stay, and are the parser's to judge. So does what
 * follows a backslash: another one of ours would make an escape of the two.
 */
static int to_ascii(const char *text, char **ret)
{
	_cleanup_free_ char *ascii = NULL;
	size_t size, length;
	bool escape = false, quoted = false;
	FILE *out = open_memstream(&ascii, &size);

	if (!out)
		return -ENOMEM;
	for (; *text; text += length) {
		if (quoted && (unsigned char)*text < ' ')
			break;
		length = fr_utf8_length(text);
		if (length > 1 && !escape) {
			put_escaped(out, code_point(text, length));
		} else {
			length = 1;
			fputc(*text, out);
		}
		if (*text == '"' && !escape)
			quoted = !quoted;
		escape = *text == '\\' && !escape;
	}
	if (fclose(out))
		return -ENOMEM;
	if (*text)
		return -EINVAL;
	*ret = fr_steal_pointer(ascii);
	return 0;
}

int fr_strict_json_parse(const char *text, int depth,
			 struct json_object **ret_object)
{
	_cleanup_(json_tokener_freep) struct json_tokener *tokener = NULL;
	_cleanup_free_ char *ascii = NULL;
	struct json_object *object;
	int err;

	err = to_ascii(text, &ascii);
	if (err < 0)
		return err;
	if (strlen(ascii) >= INT_MAX)
		return -EINVAL;
	tokener = json_tokener_new_ex(depth);
	if (!tokener)
		return -ENOMEM;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	/* With the NUL: it ends a number, and a text that is cut off is an error
	 * instead of one to be continued.
	 */
	object = json_tokener_parse_ex(tokener, ascii, (int)strlen(ascii) + 1);
	if (!object)
		return -EINVAL;
	*ret_object = object;
	return 0;
}
