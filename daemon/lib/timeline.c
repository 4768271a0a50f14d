// SPDX-License-Identifier: GPL-2.0-or-later
#include "timeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

/* What the kernel calls the phases, in order of time. */
static const char *const phase_names[] = {
	"reboot", "devices_down", "cpus_down", "jump", "kernel_entry", "init",
};

static bool is_phase(const char *name)
{
	for (size_t i = 0; i < sizeof(phase_names) / sizeof(phase_names[0]);
	     i++)
		if (!strcmp(phase_names[i], name))
			return true;
	return false;
}

static int add_phase(struct fr_timeline *timeline, const char *name,
		     uint64_t at_ns)
{
	struct fr_phase *phase = &timeline->phases[timeline->n_phases];

	if (timeline->n_phases == FR_PHASES_MAX)
		return -EBADMSG;
	strncpy(phase->name, name, sizeof(phase->name) - 1);
	phase->at_ns = at_ns;
	timeline->n_phases++;
	return 0;
}

static int parse_line(char *line, struct fr_timeline *timeline)
{
	char *blank = strchr(line, ' ');
	unsigned long long number;
	char *end;

	if (!blank || blank[1] < '0' || blank[1] > '9')
		return -EBADMSG;
	*blank = '\0';
	errno = 0;
	number = strtoull(blank + 1, &end, 10);
	if (errno || *end)
		return -EBADMSG;
	if (is_phase(line))
		return add_phase(timeline, line, number);
	if (!strcmp(line, "relocated_bytes"))
		timeline->relocated_bytes = number;
	if (!strcmp(line, "relocated_ranges"))
		timeline->relocated_ranges = number;
	return 0;
}

int fr_timeline_parse(const char *text, struct fr_timeline *ret_timeline,
		      struct fr_error *error)
{
	struct fr_timeline timeline = { .shutdown_ns = FR_DURATION_UNKNOWN,
					.start_ns = FR_DURATION_UNKNOWN };
	_cleanup_free_ char *copy = strdup(text);
	char *save = NULL;
	char *line;

	if (!copy)
		return fr_fail_memory(error);
	for (line = strtok_r(copy, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		if (parse_line(line, &timeline))
			return fr_fail(
				error, FR_UNSUPPORTED, -EBADMSG,
				"the kernel's timeline is not as this version of "
				"fastreboot knows it, at \"%s\"",
				line);
	*ret_timeline = timeline;
	return 0;
}

bool fr_timeline_phase(const struct fr_timeline *timeline, const char *name,
		       uint64_t *ret_at_ns)
{
	for (size_t i = 0; i < timeline->n_phases; i++)
		if (!strcmp(timeline->phases[i].name, name)) {
			*ret_at_ns = timeline->phases[i].at_ns;
			return true;
		}
	return false;
}

bool fr_timeline_blackout(const struct fr_timeline *timeline, uint64_t *ret_ns)
{
	return fr_timeline_phase(timeline, "init", ret_ns);
}

static struct json_object *phases_to_json(const struct fr_timeline *timeline)
{
	struct json_object *phases = json_object_new_array();

	for (size_t i = 0; i < timeline->n_phases; i++) {
		struct json_object *phase = json_object_new_object();

		json_object_object_add(
			phase, "name",
			json_object_new_string(timeline->phases[i].name));
		json_object_object_add(
			phase, "at_ns",
			json_object_new_int64(
				(int64_t)timeline->phases[i].at_ns));
		json_object_array_add(phases, phase);
	}
	return phases;
}

static void add_duration(struct json_object *object, const char *name,
			 int64_t ns)
{
	json_object_object_add(object, name,
			       ns < 0 ? NULL : json_object_new_int64(ns));
}

struct json_object *fr_timeline_to_json(const struct fr_timeline *timeline)
{
	struct json_object *object = json_object_new_object();
	struct json_object *userspace = json_object_new_object();
	uint64_t blackout = 0;
	bool known = fr_timeline_blackout(timeline, &blackout);

	json_object_object_add(object, "schema",
			       json_object_new_string(FR_TIMELINE_SCHEMA));
	json_object_object_add(object, "phases", phases_to_json(timeline));
	add_duration(object, "blackout_ns",
		     known ? (int64_t)blackout : FR_DURATION_UNKNOWN);
	json_object_object_add(
		object, "relocated_bytes",
		json_object_new_uint64(timeline->relocated_bytes));
	json_object_object_add(
		object, "relocated_ranges",
		json_object_new_uint64(timeline->relocated_ranges));
	add_duration(userspace, "shutdown_ns", timeline->shutdown_ns);
	add_duration(userspace, "start_ns", timeline->start_ns);
	json_object_object_add(object, "userspace", userspace);
	return object;
}
