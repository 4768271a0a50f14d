// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The status at a glance: a row for each thing worth knowing, with what it is on
 * the left, and at the end the command that comes next.
 */
#include "show.h"

#include <inttypes.h>
#include <string.h>

#include "json.h"
#include "text.h"

#define LABEL_COLUMNS 10

static void begin_row(FILE *out, const char *label)
{
	fprintf(out, "%*s  ", LABEL_COLUMNS, label);
}

/* The next line of the same row. */
static void continue_row(FILE *out)
{
	fputc('\n', out);
	begin_row(out, "");
}

static void put_row(FILE *out, const char *label, const char *text)
{
	begin_row(out, label);
	text_put(out, text);
	fputc('\n', out);
}

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(word, *words))
			return true;
	return false;
}

static const struct boot_text {
	const char *reason;
	const char *text;
	const char *before;
} boot_texts[] = {
	{ "cold", "started by firmware", ", before it ran " },
	{ "reset", "started by firmware", ", before it ran " },
	{ "fast-reboot", "started by a fast reboot", " from " },
	{ "kexec", "started by a kexec outside of the pool",
	  ", before it ran " },
	{ "failed", "started by firmware after a fast reboot that failed",
	  ", before it ran " },
};

static void put_boot_reason(FILE *out, struct json_object *status)
{
	const char *reason = cli_json_text(status, "boot_reason");
	const char *previous = cli_json_text(status, "previous_release");
	struct boot_text text = { reason, reason, ", before it ran " };

	for (size_t i = 0; i < sizeof(boot_texts) / sizeof(*boot_texts); i++)
		if (!strcmp(boot_texts[i].reason, reason))
			text = boot_texts[i];
	text_put(out, text.text);
	if (*previous) {
		fputs(text.before, out);
		text_put(out, previous);
	}
}

/* tries counts fast reboots since a confirmation, so this one is among them. */
static void put_confirmation(FILE *out, struct json_object *status)
{
	uint64_t tries = 0;

	if (strcmp(cli_json_text(status, "boot_reason"), "fast-reboot"))
		return;
	if (cli_json_true(status, "confirmed")) {
		fputs(", confirmed", out);
		return;
	}
	cli_json_number(status, "tries", &tries);
	continue_row(out);
	fprintf(out, "not confirmed yet, try %" PRIu64, tries);
}

static void put_running(FILE *out, struct json_object *status)
{
	uint64_t slot;

	begin_row(out, "Running");
	text_put(out, cli_json_text(status, "release"));
	if (cli_json_number(status, "running", &slot))
		fprintf(out, " in slot %" PRIu64, slot);
	continue_row(out);
	put_boot_reason(out, status);
	put_confirmation(out, status);
	fputc('\n', out);
}

/* What was asked for: one of these members names it. */
static const char *name_of_source(struct json_object *source)
{
	static const char *const members[] = { "entry", "uki", "kernel" };

	for (size_t i = 0; i < 3; i++) {
		const char *name = cli_json_text(source, members[i]);

		if (*name)
			return name;
	}
	return "";
}

static void put_when(FILE *out, const char *text, const char *when, time_t now)
{
	char date[TEXT_MAX];
	time_t time;

	if (text_parse_time(when, &time) < 0)
		return;
	text_when(time, now, date);
	continue_row(out);
	fprintf(out, "%-9s %s", text, date);
}

static void put_origin(FILE *out, struct json_object *slot, time_t now)
{
	const char *name = name_of_source(cli_json_member(slot, "source"));
	const char *verified = cli_json_text(slot, "verified_at");

	if (*name) {
		continue_row(out);
		fprintf(out, "%-9s ", "from");
		text_put(out, name);
	}
	put_when(out, "since", cli_json_text(slot, "staged_at"), now);
	if (*verified) {
		put_when(out, "verified", verified, now);
	} else {
		continue_row(out);
		fprintf(out, "%-9s %s", "verified",
			"not yet; a commit does it");
	}
}

static void put_stale(FILE *out, struct json_object *slot)
{
	const char *stale = cli_json_text(slot, "stale");

	if (!*stale || !strcmp(stale, "no"))
		return;
	continue_row(out);
	fputs("STALE: ", out);
	text_put(out, stale);
	fputs(" has changed since it was sealed; it has to be staged again",
	      out);
}

static void put_wipe(FILE *out, struct json_object *source)
{
	if (cli_json_true(source, "wipe_state"))
		put_row(out, "", "the state volume is wiped before it runs");
}

static void put_payload(FILE *out, struct json_object *slot, const char *label,
			time_t now)
{
	const char *release = cli_json_text(slot, "release");
	const char *title = cli_json_text(slot, "title");
	uint64_t number = 0;

	cli_json_number(slot, "slot", &number);
	begin_row(out, label);
	text_put(out, *release ? release : "a kernel without a release");
	fprintf(out, " in slot %" PRIu64, number);
	if (*title) {
		fputs(", \"", out);
		text_put(out, title);
		fputc('"', out);
	}
	put_stale(out, slot);
	put_origin(out, slot, now);
	fputc('\n', out);
	put_wipe(out, cli_json_member(slot, "source"));
	show_segments(out, cli_json_member(slot, "segments"),
		      LABEL_COLUMNS + 2);
}

/* A slot that holds no payload that could be booted. */
static void put_other_slot(FILE *out, struct json_object *slot,
			   const char *label, const char *text)
{
	uint64_t number = 0;

	cli_json_number(slot, "slot", &number);
	begin_row(out, label);
	fprintf(out, "slot %" PRIu64 "%s\n", number, text);
}

/* Return: whether it holds something that is or will be staged. */
static bool put_slot(FILE *out, struct json_object *slot, time_t now)
{
	static const char *const silent[] = { "empty", "running", NULL };
	const char *status = cli_json_text(slot, "status");

	if (is_one_of(status, silent))
		return false;
	if (!strcmp(status, "sealed"))
		put_payload(out, slot, "Staged", now);
	else if (!strcmp(status, "armed"))
		put_payload(out, slot, "Armed", now);
	else if (!strcmp(status, "staging"))
		put_other_slot(out, slot, "Staging", " is being written");
	else if (!strcmp(status, "bad"))
		put_other_slot(out, slot, "Bad",
			       " has not what was written to it; "
			       "it can be staged again");
	else
		put_other_slot(out, slot, "Slot", " has an unknown status");
	return strcmp(status, "bad");
}

static void put_slots(FILE *out, struct json_object *status, time_t now)
{
	size_t n;
	struct json_object *slots = cli_json_array(status, "slots", &n);
	bool any = false;

	for (size_t i = 0; i < n; i++)
		any |= put_slot(out, json_object_array_get_idx(slots, i), now);
	if (!any)
		put_row(out, "Staged", "nothing");
}

static void put_schedule(FILE *out, struct json_object *status, time_t now)
{
	const char *at = cli_json_text(status, "scheduled_at");
	char date[TEXT_MAX];
	time_t time;

	if (!*at || text_parse_time(at, &time) < 0)
		return;
	text_when(time, now, date);
	begin_row(out, "Scheduled");
	fprintf(out, "a commit, %s; 'fastreboot cancel' cancels it\n", date);
}

static void put_last_blackout(FILE *out, struct json_object *status)
{
	struct json_object *timeline = cli_json_member(status, "timeline");
	uint64_t blackout;

	if (!cli_json_number(timeline, "blackout_ns", &blackout))
		return;
	begin_row(out, "Blackout");
	show_blackout(out, timeline);
	fputc('\n', out);
}

/* What the gate waits for, or has found. */
static void put_health(FILE *out, struct json_object *health)
{
	const char *verdict = cli_json_text(health, "verdict");
	struct json_object *problems;
	size_t n;

	if (!*verdict)
		return;
	problems = cli_json_array(health, "problems", &n);
	begin_row(out, "Health");
	text_put(out, verdict);
	for (size_t i = 0; i < n; i++) {
		continue_row(out);
		text_put(out, json_object_get_string(
				      json_object_array_get_idx(problems, i)));
	}
	fputc('\n', out);
}

static void put_last_update(FILE *out, struct json_object *status)
{
	struct json_object *update = cli_json_member(status, "last_update");
	const char *word = cli_json_text(update, "status");
	const char *message = cli_json_text(update, "message");

	if (!*word || !strcmp(word, "none"))
		return;
	begin_row(out, "Update");
	text_put(out, word);
	if (*message) {
		fputs(": ", out);
		text_put(out, message);
	}
	fputc('\n', out);
	put_health(out, cli_json_member(update, "health"));
}

static void put_job(FILE *out, struct json_object *job)
{
	uint64_t done = 0, total = 0;

	if (!job)
		return;
	cli_json_number(job, "done", &done);
	cli_json_number(job, "total", &total);
	begin_row(out, "Job");
	text_put(out, cli_json_text(job, "kind"));
	fputs(": ", out);
	text_put(out, cli_json_text(job, "step"));
	if (total)
		fprintf(out, ", %u%%",
			done < total ?
				(unsigned int)((double)done / total * 100) :
				100);
	fputc('\n', out);
}

/* A job that went well shows in what it has done. */
static void put_last_job(FILE *out, struct json_object *job, time_t now)
{
	const char *result = cli_json_text(job, "result");
	char date[TEXT_MAX];
	time_t when;

	if (!*result || !strcmp(result, "done"))
		return;
	begin_row(out, "Last job");
	text_put(out, cli_json_text(job, "kind"));
	fputs(" failed: ", out);
	text_put(out, cli_json_text(job, "message"));
	if (text_parse_time(cli_json_text(job, "ended_at"), &when) == 0) {
		text_when(when, now, date);
		continue_row(out);
		fputs(date, out);
	}
	fputc('\n', out);
}

static void put_pool(FILE *out, struct json_object *status)
{
	struct json_object *pool = cli_json_member(status, "pool");
	uint64_t start, end, slots = 0, generation = 0;
	char size[TEXT_MAX];

	if (!cli_json_number(pool, "start", &start) ||
	    !cli_json_number(pool, "end", &end) || end < start)
		return;
	cli_json_number(pool, "slot_count", &slots);
	cli_json_number(status, "generation", &generation);
	text_size(end - start + 1, size);
	begin_row(out, "Pool");
	fprintf(out,
		"%s at 0x%" PRIx64 "-0x%" PRIx64 ", %" PRIu64 " slots, %" PRIu64
		" fast %s so far\n",
		size, start, end, slots, generation,
		generation == 1 ? "reboot" : "reboots");
}

/* Those of the ledger are told where they matter. */
static void put_tries(FILE *out, struct json_object *status)
{
	uint64_t tries = 0, max = 0;

	if (strcmp(cli_json_text(status, "tries_from"), "disk") != 0)
		return;
	cli_json_number(status, "tries", &tries);
	cli_json_number(status, "max_tries", &max);
	begin_row(out, "Tries");
	fprintf(out,
		"%" PRIu64 " of %" PRIu64
		", by the disk: the ledger that counted them was lost\n",
		tries, max);
}

static bool has_slot(struct json_object *status, const char *wanted)
{
	size_t n;
	struct json_object *slots = cli_json_array(status, "slots", &n);

	for (size_t i = 0; i < n; i++) {
		struct json_object *slot = json_object_array_get_idx(slots, i);

		if (!strcmp(cli_json_text(slot, "status"), wanted))
			return true;
	}
	return false;
}

/* The one thing that an operator would do next, if it is clear which. */
static const char *next_step(struct json_object *status)
{
	struct json_object *commit = cli_json_member(status, "commit");

	if (cli_json_member(status, "job"))
		return "'fastreboot monitor' follows the job";
	if (!strcmp(cli_json_text(status, "boot_reason"), "fast-reboot") &&
	    !cli_json_true(status, "confirmed"))
		return "'fastreboot confirm' keeps this kernel, "
		       "'fastreboot rollback' goes back";
	if (cli_json_true(commit, "possible"))
		return "'fastreboot commit --dry-run' checks it, "
		       "'fastreboot commit' reboots into it";
	if (has_slot(status, "sealed") || has_slot(status, "armed"))
		return "'fastreboot stage --replace' stages anew";
	return "'fastreboot stage' writes the next kernel into a slot";
}

/* The daemon's text says what to do about it. */
static void put_without_pool(FILE *out, struct json_object *status)
{
	const char *error = cli_json_text(status, "pool_error");

	put_row(out, "Pool", *error ? error : "there is no pool");
	fputs("\nfastrebootd(8) has more on how a machine gets a pool.\n", out);
}

static void put_unsupported(FILE *out, struct json_object *status)
{
	const char *error = cli_json_text(status, "pool_error");

	put_row(out, "Running", cli_json_text(status, "release"));
	put_row(out, "Pool", *error ? error : "this kernel has no fast reboot");
	fputs("\nBoot a kernel that is built with CONFIG_FASTREBOOT.\n", out);
}

void show_status(FILE *out, struct json_object *status, time_t now)
{
	struct json_object *commit = cli_json_member(status, "commit");

	if (!cli_json_true(status, "supported")) {
		put_unsupported(out, status);
		return;
	}
	put_running(out, status);
	if (!cli_json_member(status, "pool")) {
		put_without_pool(out, status);
		return;
	}
	put_slots(out, status, now);
	put_row(out, "Commit", cli_json_text(commit, "message"));
	put_tries(out, status);
	put_schedule(out, status, now);
	put_last_blackout(out, status);
	put_last_update(out, status);
	put_job(out, cli_json_member(status, "job"));
	put_last_job(out, cli_json_member(status, "last_job"), now);
	put_pool(out, status);
	fprintf(out, "\nNext: %s.\n", next_step(status));
}
