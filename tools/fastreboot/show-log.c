// SPDX-License-Identifier: GPL-2.0-or-later
#include "show.h"

#include "json.h"
#include "text.h"

void show_last_log(FILE *out, struct json_object *log)
{
	struct json_object *lines;
	size_t n;

	lines = cli_json_array(log, "lines", &n);
	fputs("Last log of the kernel before, from ", out);
	text_put(out, cli_json_text(log, "from"));
	fputs(cli_json_true(log, "cut") ? ", its end:\n" : ":\n", out);
	for (size_t i = 0; i < n; i++) {
		const char *line = json_object_get_string(
			json_object_array_get_idx(lines, i));

		text_put(out, line ? line : "");
		fputc('\n', out);
	}
}
