// SPDX-License-Identifier: GPL-2.0-or-later
/* The doctor's checks of what the daemon knows. */
#include "check.h"

#include <inttypes.h>
#include <string.h>

#include "json.h"
#include "text.h"

void check_daemon(struct doctor *doctor)
{
	if (doctor->status)
		check_say(doctor, "daemon", CHECK_OK, NULL, "it answers");
	else
		check_say(doctor, "daemon",
			  doctor->supported ? CHECK_PROBLEM : CHECK_UNKNOWN,
			  doctor->supported ?
				  "systemctl status fastrebootd says why" :
				  NULL,
			  "%s", doctor->daemon_error.text);
}

void check_update(struct doctor *doctor)
{
	struct json_object *update =
		cli_json_member(doctor->status, "last_update");
	const char *status = cli_json_text(update, "status");
	const char *message = cli_json_text(update, "message");

	if (!*status)
		return;
	if (!strcmp(status, "unconfirmed"))
		check_say(doctor, "last-update", CHECK_WARNING,
			  "'fastreboot confirm' declares it good", "%s",
			  message);
	else if (!strcmp(status, "failed") || !strcmp(status, "rolled-back"))
		check_say(doctor, "last-update", CHECK_WARNING,
			  "'fastreboot history' has those before", "%s",
			  message);
	else
		check_say(doctor, "last-update", CHECK_OK, NULL, "%s",
			  *message ? message : status);
}

/* What runs now is what the next update goes back to. */
void check_way_back(struct doctor *doctor)
{
	struct json_object *source = cli_json_member(doctor->status, "source");

	if (!doctor->status || !cli_json_member(doctor->status, "pool"))
		return;
	if (source)
		check_say(doctor, "way-back", CHECK_OK, NULL,
			  "the files of the running kernel are known");
	else
		check_say(
			doctor, "way-back", CHECK_WARNING,
			"have the kernel as /boot/vmlinuz-<release>, or reboot into it once by 'fastreboot commit'",
			"the files of the running kernel are not known: a rollback to it is an ordinary reboot");
}

/* Where most of the time has gone: the longest way from one phase to the next. */
static const char *longest_phase(struct json_object *timeline, uint64_t *ret_ns)
{
	struct json_object *phases;
	const char *longest = "";
	uint64_t at = 0, next;
	size_t n;

	*ret_ns = 0;
	phases = cli_json_array(timeline, "phases", &n);
	for (size_t i = 0; i + 1 < n; i++) {
		struct json_object *phase =
			json_object_array_get_idx(phases, i);

		cli_json_number(phase, "at_ns", &at);
		if (cli_json_number(json_object_array_get_idx(phases, i + 1),
				    "at_ns", &next) &&
		    next > at && next - at > *ret_ns) {
			*ret_ns = next - at;
			longest = cli_json_text(phase, "name");
		}
	}
	return longest;
}

void check_blackout(struct doctor *doctor)
{
	struct json_object *timeline =
		cli_json_member(doctor->status, "timeline");
	char all[TEXT_MAX], part[TEXT_MAX];
	const char *longest;
	uint64_t ns, part_ns;

	if (!doctor->status)
		return;
	if (!cli_json_number(timeline, "blackout_ns", &ns)) {
		check_say(
			doctor, "blackout", CHECK_NOTE, NULL,
			"not known: the running kernel was not started by a jump");
		return;
	}
	longest = longest_phase(timeline, &part_ns);
	text_duration(ns, all);
	text_duration(part_ns, part);
	check_say(doctor, "blackout", CHECK_OK, NULL,
		  "%s, of which %s from %s on; 'fastreboot timeline' has all",
		  all, part, longest);
}
