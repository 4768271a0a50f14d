// SPDX-License-Identifier: GPL-2.0-or-later
#include "show.h"

#include <string.h>

#include "json.h"
#include "text.h"

static void put_check(FILE *out, struct json_object *check)
{
	const char *name = cli_json_text(check, "name");

	fputs(cli_json_true(check, "ok") ? "  ok    " : "  FAIL  ", out);
	text_put(out, name);
	fprintf(out, "%*s", strlen(name) < 16 ? 16 - (int)strlen(name) : 1, "");
	text_put(out, cli_json_text(check, "message"));
	fputc('\n', out);
}

void show_checks(FILE *out, struct json_object *details)
{
	size_t n;
	struct json_object *checks = cli_json_array(details, "checks", &n);

	for (size_t i = 0; i < n; i++)
		put_check(out, json_object_array_get_idx(checks, i));
}

/* Overflow is copied while the machine is dark, which is worth a word. */
static void put_placement(FILE *out, const char *placement)
{
	text_put(out, placement);
	if (!strcmp(placement, "overflow"))
		fputs(": does not fit, copied at the jump", out);
}

static void put_segment(FILE *out, struct json_object *segment, int indent)
{
	const char *name = cli_json_text(segment, "name");
	char size[TEXT_MAX] = "";
	uint64_t bytes;

	if (cli_json_number(segment, "size", &bytes))
		text_size(bytes, size);
	fprintf(out, "%*s", indent, "");
	text_put(out, name);
	fprintf(out, "%*s%-10s ",
		strlen(name) < 10 ? 10 - (int)strlen(name) : 1, "", size);
	put_placement(out, cli_json_text(segment, "placement"));
	fputc('\n', out);
}

void show_segments(FILE *out, struct json_object *segments, int indent)
{
	size_t n = json_object_is_type(segments, json_type_array) ?
			   json_object_array_length(segments) :
			   0;

	for (size_t i = 0; i < n; i++)
		put_segment(out, json_object_array_get_idx(segments, i),
			    indent);
}
