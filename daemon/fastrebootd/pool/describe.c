// SPDX-License-Identifier: GPL-2.0-or-later
#include "pool/describe.h"

#include <stdio.h>
#include <string.h>

#include "pool/slots.h"
#include "pool/source.h"

#define MESSAGE_MAX 512

static const char *const update_status_names[] = {
	[UPDATE_NONE] = "none",
	[UPDATE_CONFIRMED] = "confirmed",
	[UPDATE_UNCONFIRMED] = "unconfirmed",
	[UPDATE_ROLLED_BACK] = "rolled-back",
	[UPDATE_FAILED] = "failed",
};

const char *update_status_name(enum update_status status)
{
	return update_status_names[status];
}

static void add(struct json_object *object, const char *name,
		struct json_object *value)
{
	json_object_object_add(object, name, value);
}

static void add_text(struct json_object *object, const char *name,
		     const char *text)
{
	add(object, name, json_object_new_string(text ? text : ""));
}

/* null for what is not known */
static void add_known_text(struct json_object *object, const char *name,
			   const char *text)
{
	add(object, name, text && *text ? json_object_new_string(text) : NULL);
}

static void add_number(struct json_object *object, const char *name,
		       uint64_t number)
{
	add(object, name, json_object_new_uint64(number));
}

static void add_slot_number(struct json_object *object, const char *name,
			    int slot)
{
	add(object, name, slot < 0 ? NULL : json_object_new_int(slot));
}

static void add_bool(struct json_object *object, const char *name, bool value)
{
	add(object, name, json_object_new_boolean(value));
}

/* A source as an object. A command line in it is as private as any other. */
static struct json_object *describe_source(const char *source, bool privileged)
{
	struct json_object *object = *source ? json_tokener_parse(source) :
					       NULL;

	if (!json_object_is_type(object, json_type_object)) {
		json_object_put(object);
		return NULL;
	}
	if (!privileged) {
		json_object_object_del(object, "cmdline");
		json_object_object_del(object, "inherited_cmdline");
		json_object_object_del(object, "kernel_sha256");
		json_object_object_del(object, "initrd_sha256");
		json_object_object_del(object, "root_sha256");
		json_object_object_del(object, "payload_sha256");
	}
	return object;
}

static struct json_object *describe_segment(const struct fr_slot *slot,
					    enum fr_segment segment,
					    bool privileged)
{
	const struct fr_slot_segment *from = &slot->segments[segment];
	struct json_object *object = json_object_new_object();

	add_text(object, "name", fr_segment_name(segment));
	add_text(object, "placement", from->direct ? "direct" : "overflow");
	add(object, "address",
	    privileged ? json_object_new_uint64(from->address) : NULL);
	add_number(object, "size", from->size);
	add_known_text(object, "sha256", privileged ? from->sha256 : NULL);
	return object;
}

struct json_object *describe_segments(const struct fr_slot *slot,
				      bool privileged)
{
	struct json_object *array = json_object_new_array();

	for (enum fr_segment i = 0; i < FR_SEGMENTS; i++)
		if (slot->segments[i].size)
			json_object_array_add(
				array, describe_segment(slot, i, privileged));
	return array;
}

static struct json_object *describe_slot(const struct describe_facts *facts,
					 const struct fr_slot *slot)
{
	struct json_object *object = json_object_new_object();
	_cleanup_free_ char *title = source_member(slot->source, "title");
	_cleanup_free_ char *staged_at =
		source_member(slot->source, "staged_at");
	bool privileged = facts->privileged;

	add(object, "slot", json_object_new_int((int)slot->number));
	add_text(object, "status", fr_slot_status_name(slot->status));
	add_text(object, "release", slot->release);
	add_text(object, "title", title);
	add_number(object, "size", slot->size);
	add_text(object, "stale", slot->stale);
	add(object, "cmdline",
	    privileged ? json_object_new_string(slot->cmdline) : NULL);
	add(object, "source", describe_source(slot->source, privileged));
	add_known_text(object, "staged_at", staged_at);
	add_known_text(object, "verified_at",
		       facts->verified_at ? facts->verified_at[slot->number] :
					    NULL);
	add(object, "segments", describe_segments(slot, privileged));
	return object;
}

static struct json_object *describe_slots(const struct describe_facts *facts)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < facts->pool->n_slots; i++)
		json_object_array_add(
			array, describe_slot(facts, &facts->pool->slots[i]));
	return array;
}

static struct json_object *describe_pool(const struct fr_pool_status *pool)
{
	struct json_object *object;

	if (!pool->present)
		return NULL;
	object = json_object_new_object();
	add_number(object, "start", pool->start);
	add_number(object, "end", pool->end);
	add_number(object, "slot_count", pool->n_slots);
	return object;
}

/* The reasons against a commit that can be told without any work. */
static bool commit_possible(const struct describe_facts *facts,
			    const struct fr_slot **ret_slot,
			    struct fr_error *error)
{
	const struct fr_pool_status *pool = facts->pool;
	const struct fr_slot *slot;

	if (!pool->present) {
		fr_fail(error, FR_NO_POOL, -1, "%s", facts->pool_error);
		return false;
	}
	if (slots_find_staged(pool, FR_SLOT_NONE, &slot, error))
		return false;
	*ret_slot = slot;
	if (*slot->stale && strcmp(slot->stale, "no")) {
		fr_fail(error, FR_STALE, -1,
			"slot %u is stale: %s has changed since it was sealed; stage it again",
			slot->number, slot->stale);
		return false;
	}
	if (pool->tries >= facts->max_tries) {
		fr_fail(error, FR_REFUSED, -1,
			"%u fast reboots without a confirmation, MaxTries= allows no more: use "
			"'fastreboot confirm' if the running kernel is good",
			pool->tries);
		return false;
	}
	if (!facts->confirmed) {
		fr_fail(error, FR_REFUSED, -1,
			"the running kernel is not confirmed: use 'fastreboot confirm' if it "
			"is good");
		return false;
	}
	return true;
}

static struct json_object *describe_commit(const struct describe_facts *facts)
{
	struct json_object *object = json_object_new_object();
	const struct fr_slot *slot = NULL;
	struct fr_error error = { 0 };
	bool possible = commit_possible(facts, &slot, &error);
	char message[MESSAGE_MAX];

	if (facts->leaving) {
		possible = false;
		snprintf(message, sizeof(message), "a commit is under way");
	} else if (possible) {
		snprintf(message, sizeof(message), "boots %s from slot %u",
			 *slot->release ? slot->release : "a kernel",
			 slot->number);
	} else {
		snprintf(message, sizeof(message), "%s", error.text);
	}
	add_bool(object, "possible", possible);
	add_slot_number(object, "slot", slot ? (int)slot->number : -1);
	add_text(object, "message", message);
	return object;
}

static void tell_deadline(const struct describe_facts *facts, char *message,
			  size_t size)
{
	char when[32];
	struct tm local;

	localtime_r(&facts->deadline, &local);
	strftime(when, sizeof(when), "%H:%M:%S", &local);
	snprintf(message, size,
		 "%s is rolled back at %s unless it is confirmed",
		 facts->release, when);
}

/* The status of a fast reboot, which the running payload's source tells. */
static enum update_status running_status(const struct describe_facts *facts,
					 char *message, size_t size)
{
	const struct fr_pool_status *pool = facts->pool;
	_cleanup_free_ char *from =
		source_member(pool->source, "rollback_from");
	_cleanup_free_ char *reason =
		source_member(pool->source, "rollback_reason");

	if (from) {
		snprintf(message, size, "%s was rolled back to %s: %s", from,
			 facts->release, reason ? reason : "reason not known");
		return UPDATE_ROLLED_BACK;
	}
	if (facts->confirmed) {
		snprintf(message, size, "%s is confirmed", facts->release);
		return UPDATE_CONFIRMED;
	}
	if (facts->deadline)
		tell_deadline(facts, message, size);
	else
		snprintf(message, size, "%s is not confirmed yet",
			 facts->release);
	return UPDATE_UNCONFIRMED;
}

enum update_status describe_update_status(const struct describe_facts *facts,
					  char *message, size_t size)
{
	const char *boot_reason = facts->pool->boot_reason;

	if (boot_reason && !strcmp(boot_reason, "fast-reboot"))
		return running_status(facts, message, size);
	if (facts->history_status != UPDATE_NONE) {
		snprintf(message, size, "%s", facts->history_message);
		return facts->history_status;
	}
	if (boot_reason && !strcmp(boot_reason, "failed")) {
		snprintf(
			message, size,
			"the last fast reboot did not arrive, firmware has booted %s",
			facts->release);
		return UPDATE_FAILED;
	}
	if (facts->tries_from_disk) {
		snprintf(
			message, size,
			"%s was committed and not confirmed, and the ledger was lost: "
			"firmware has booted %s",
			facts->lost_release && *facts->lost_release ?
				facts->lost_release :
				"a payload",
			facts->release);
		return UPDATE_FAILED;
	}
	snprintf(message, size, "no update is known of");
	return UPDATE_NONE;
}

static void add_deadline(struct json_object *object, const char *name,
			 time_t deadline)
{
	char when[32] = "";
	struct tm utc;

	if (deadline) {
		gmtime_r(&deadline, &utc);
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &utc);
	}
	add_known_text(object, name, when);
}

static struct json_object *describe_update(const struct describe_facts *facts)
{
	struct json_object *object = json_object_new_object();
	char message[MESSAGE_MAX];
	enum update_status status =
		describe_update_status(facts, message, sizeof(message));

	add_text(object, "status", update_status_name(status));
	add_text(object, "message", message);
	add_deadline(object, "deadline_at", facts->deadline);
	add(object, "health", json_object_get(facts->health));
	return object;
}

static struct json_object *describe_job(const struct describe_job *job)
{
	struct json_object *object;

	if (!job)
		return NULL;
	object = json_object_new_object();
	add_text(object, "kind", job->kind);
	add_text(object, "step", job->step);
	add_number(object, "done", job->done);
	add_number(object, "total", job->total);
	return object;
}

static struct json_object *describe_last_job(const struct describe_job *job)
{
	struct json_object *object;

	if (!job)
		return NULL;
	object = json_object_new_object();
	add_text(object, "kind", job->kind);
	add_text(object, "result", job->result);
	add_text(object, "message", job->message);
	add_text(object, "ended_at", job->ended_at);
	return object;
}

static void add_kernel(struct json_object *object,
		       const struct describe_facts *facts)
{
	const struct fr_pool_status *pool = facts->pool;

	add_text(object, "release", facts->release);
	add_text(object, "boot_reason", pool->boot_reason);
	add_number(object, "generation", pool->generation);
	add_slot_number(object, "running", pool->running);
	add_slot_number(object, "armed", pool->armed);
	add_number(object, "tries", pool->tries);
	add_text(object, "tries_from",
		 facts->tries_from_disk ? "disk" : "ledger");
	add_number(object, "max_tries", facts->max_tries);
	add_bool(object, "confirmed", facts->confirmed);
	add_known_text(object, "version_floor", facts->version_floor);
	add_text(object, "previous_release", pool->previous_release);
	add(object, "source",
	    describe_source(pool->source ? pool->source : "",
			    facts->privileged));
	add(object, "previous_source",
	    describe_source(pool->previous_source ? pool->previous_source : "",
			    facts->privileged));
}

struct json_object *describe_status(const struct describe_facts *facts)
{
	struct json_object *object = json_object_new_object();

	add_text(object, "schema", DESCRIBE_SCHEMA);
	add_bool(object, "supported", facts->supported);
	add(object, "pool", describe_pool(facts->pool));
	add_text(object, "pool_error", facts->pool_error);
	add_kernel(object, facts);
	add(object, "slots", describe_slots(facts));
	add(object, "commit", describe_commit(facts));
	add(object, "last_update", describe_update(facts));
	add(object, "timeline",
	    facts->timeline ? fr_timeline_to_json(facts->timeline) : NULL);
	add(object, "job", describe_job(facts->job));
	add(object, "last_job", describe_last_job(facts->last_job));
	return object;
}

struct json_object *describe_last_log(const struct fr_last_log *log)
{
	struct json_object *object = json_object_new_object();
	struct json_object *lines = json_object_new_array();

	for (char **line = log->lines; *line; line++)
		json_object_array_add(lines, json_object_new_string(*line));
	add_text(object, "schema", "org.fastreboot.last-log/1");
	add_text(object, "from", log->path);
	add_bool(object, "cut", log->cut);
	add(object, "lines", lines);
	return object;
}
