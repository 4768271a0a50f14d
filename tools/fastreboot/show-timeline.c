// SPDX-License-Identifier: GPL-2.0-or-later
#include "show.h"

#include <string.h>

#include "json.h"
#include "text.h"

struct phase_text {
	const char *name;
	const char *text;
};

/* What happens from the phase's begin on. */
static const struct phase_text phase_texts[] = {
	{ "reboot", "devices are shut down" },
	{ "devices_down", "other CPUs are stopped" },
	{ "cpus_down", "last steps of the old kernel" },
	{ "jump", "the jump" },
	{ "kernel_entry", "the next kernel starts, up to its init" },
};

static const char *text_of_phase(const char *name)
{
	for (size_t i = 0; i < sizeof(phase_texts) / sizeof(*phase_texts); i++)
		if (!strcmp(phase_texts[i].name, name))
			return phase_texts[i].text;
	return name;
}

static void put_line(FILE *out, const char *text, uint64_t nanoseconds)
{
	char duration[TEXT_MAX];

	text_duration(nanoseconds, duration);
	fputs("  ", out);
	text_put(out, text);
	fprintf(out, "%*s%13s\n",
		strlen(text) < 40 ? 40 - (int)strlen(text) : 1, "", duration);
}

/* A phase lasts until the next one begins. The last is an end, not a phase. */
static void put_phases(FILE *out, struct json_object *phases, size_t n)
{
	uint64_t begin, end;

	for (size_t i = 0; i + 1 < n; i++) {
		struct json_object *phase =
			json_object_array_get_idx(phases, i);
		struct json_object *next =
			json_object_array_get_idx(phases, i + 1);

		if (cli_json_number(phase, "at_ns", &begin) &&
		    cli_json_number(next, "at_ns", &end) && end >= begin)
			put_line(out,
				 text_of_phase(cli_json_text(phase, "name")),
				 end - begin);
	}
}

static void put_relocated(FILE *out, struct json_object *timeline)
{
	uint64_t bytes, ranges = 0;
	char size[TEXT_MAX];

	if (!cli_json_number(timeline, "relocated_bytes", &bytes))
		return;
	cli_json_number(timeline, "relocated_ranges", &ranges);
	text_size(bytes, size);
	if (!bytes)
		fputs("nothing relocated", out);
	else
		fprintf(out, "%s relocated in %llu %s", size,
			(unsigned long long)ranges,
			ranges == 1 ? "piece" : "pieces");
}

void show_blackout(FILE *out, struct json_object *timeline)
{
	char duration[TEXT_MAX];
	uint64_t blackout;

	if (!cli_json_number(timeline, "blackout_ns", &blackout)) {
		fputs("not known", out);
		return;
	}
	text_duration(blackout, duration);
	fputs(duration, out);
	if (cli_json_member(timeline, "relocated_bytes"))
		fputs(", ", out);
	put_relocated(out, timeline);
}

static void put_userspace(FILE *out, struct json_object *timeline,
			  const char *name, const char *text)
{
	struct json_object *userspace = cli_json_member(timeline, "userspace");
	uint64_t nanoseconds;

	if (cli_json_number(userspace, name, &nanoseconds))
		put_line(out, text, nanoseconds);
}

void show_timeline(FILE *out, struct json_object *timeline)
{
	size_t n;
	struct json_object *phases = cli_json_array(timeline, "phases", &n);
	uint64_t blackout;

	if (!n) {
		fputs("No blackout is recorded: the running kernel was not "
		      "started by a jump.\n",
		      out);
		put_userspace(out, timeline, "start_ns", "services start");
		return;
	}
	put_userspace(out, timeline, "shutdown_ns", "services are stopped");
	put_phases(out, phases, n);
	put_userspace(out, timeline, "start_ns", "services start");
	fputc('\n', out);
	if (cli_json_number(timeline, "blackout_ns", &blackout))
		put_line(out, "blackout: reboot(2) to the next init", blackout);
	if (cli_json_member(timeline, "relocated_bytes")) {
		fputs("  ", out);
		put_relocated(out, timeline);
		fputc('\n', out);
	}
}
