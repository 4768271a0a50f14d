// SPDX-License-Identifier: GPL-2.0-or-later
/* Lists: what could be staged, what became of updates, what the doctor says. */
#include "show.h"

#include <inttypes.h>
#include <string.h>

#include "json.h"
#include "text.h"

/* Blanks behind a text, up to a column; at least one. */
static void pad(FILE *out, const char *text, int columns)
{
	int size = (int)strlen(text);

	fprintf(out, "%*s", size < columns ? columns - size : 1, "");
}

static void put_column(FILE *out, const char *text, int columns)
{
	text_put(out, text);
	pad(out, text, columns);
}

static int widest(struct json_object *list, size_t n, const char *member)
{
	size_t width = 0;

	for (size_t i = 0; i < n; i++) {
		struct json_object *entry = json_object_array_get_idx(list, i);
		size_t size = strlen(cli_json_text(entry, member));

		if (size > width && size <= 60)
			width = size;
	}
	return (int)width + 2;
}

static void put_entry(FILE *out, struct json_object *entry, int columns)
{
	uint64_t slot;

	put_column(out, cli_json_text(entry, "name"), columns);
	if (!cli_json_true(entry, "possible")) {
		fputs("can't be staged: ", out);
		text_put(out, cli_json_text(entry, "message"));
		fputc('\n', out);
		return;
	}
	text_put(out, cli_json_text(entry, "title"));
	if (cli_json_true(entry, "running"))
		fputs(", running", out);
	if (cli_json_number(entry, "slot", &slot))
		fprintf(out, ", staged in slot %" PRIu64, slot);
	fputc('\n', out);
}

void show_list(FILE *out, struct json_object *list)
{
	struct json_object *entries;
	int columns;
	size_t n;

	entries = cli_json_array(list, "entries", &n);
	if (!n) {
		fputs("There are no boot loader entries below the BootRoots= of "
		      "fastreboot.conf.\n'fastreboot stage' takes a file, too.\n",
		      out);
		return;
	}
	columns = widest(entries, n, "name");
	for (size_t i = 0; i < n; i++)
		put_entry(out, json_object_array_get_idx(entries, i), columns);
}

static void put_time(FILE *out, struct json_object *update)
{
	char text[TEXT_MAX] = "-";
	struct tm tm;
	time_t at;

	if (!text_parse_time(cli_json_text(update, "at"), &at) &&
	    localtime_r(&at, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &tm);
	put_column(out, text, 18);
}

static void put_blackout(FILE *out, struct json_object *update)
{
	char text[TEXT_MAX] = "-";
	uint64_t ns;

	if (cli_json_number(update, "blackout_ns", &ns))
		text_duration(ns, text);
	put_column(out, text, 13);
}

static const char *or_dash(const char *text)
{
	return *text ? text : "-";
}

static void put_update(FILE *out, struct json_object *update, int columns)
{
	const char *reason = cli_json_text(update, "reason");

	put_time(out, update);
	put_column(out, cli_json_text(update, "kind"), 10);
	put_column(out, or_dash(cli_json_text(update, "to")), columns);
	put_column(out, cli_json_text(update, "status"), 13);
	put_blackout(out, update);
	text_put(out, reason);
	fputc('\n', out);
}

void show_updates(FILE *out, struct json_object *history)
{
	struct json_object *updates;
	int columns;
	size_t n;

	updates = cli_json_array(history, "updates", &n);
	if (!n) {
		fputs("The journal knows of no update. One that is to outlive a "
		      "reboot needs\nStorage=persistent or a folder "
		      "/var/log/journal, see journald.conf(5).\n",
		      out);
		return;
	}
	columns = widest(updates, n, "to");
	if (columns < 8)
		columns = 8;
	fprintf(out, "%-18s%-10s%-*s%-13s%-13sREASON\n", "WHEN", "KIND",
		columns, "RELEASE", "STATUS", "BLACKOUT");
	for (size_t i = 0; i < n; i++)
		put_update(out, json_object_array_get_idx(updates, i), columns);
}

static void put_doctor_line(FILE *out, struct json_object *check)
{
	const char *advice = cli_json_text(check, "advice");

	fputs("  ", out);
	put_column(out, cli_json_text(check, "status"), 9);
	put_column(out, cli_json_text(check, "name"), 15);
	text_put(out, cli_json_text(check, "message"));
	fputc('\n', out);
	if (!*advice)
		return;
	fprintf(out, "%*s-> ", 26, "");
	text_put(out, advice);
	fputc('\n', out);
}

void show_doctor(FILE *out, struct json_object *checks)
{
	struct json_object *list;
	size_t n;

	list = cli_json_array(checks, "checks", &n);
	for (size_t i = 0; i < n; i++)
		put_doctor_line(out, json_object_array_get_idx(list, i));
	fputs(cli_json_true(checks, "good") ?
		      "There is no problem.\n" :
		      "There are problems: see the lines with an arrow.\n",
	      out);
}

static void put_lines(FILE *out, const char *text)
{
	while (*text) {
		size_t size = strcspn(text, "\n");

		fprintf(out, "    %.*s\n", (int)size, text);
		text += size + (text[size] == '\n');
	}
}

static void put_file(FILE *out, struct json_object *file)
{
	const char *text = cli_json_text(file, "text");
	const char *program = cli_json_text(file, "program");

	text_put(out, cli_json_text(file, "path"));
	if (!cli_json_true(file, "changes"))
		fputs(": stays as it is\n", out);
	else if (!cli_json_member(file, "text"))
		fputs(": removed\n", out);
	else
		fputs(":\n", out);
	if (cli_json_true(file, "changes"))
		put_lines(out, text);
	if (*program) {
		fputs("then ", out);
		text_put(out, program);
		fputc('\n', out);
	}
}

void show_setup(FILE *out, struct json_object *setup)
{
	struct json_object *files;
	size_t n;

	files = cli_json_array(setup, "files", &n);
	for (size_t i = 0; i < n; i++)
		put_file(out, json_object_array_get_idx(files, i));
}
