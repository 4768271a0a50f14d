// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The order matters for what a kill -9 leaves behind:
 *
 *	1. All of the payload is opened and checked. What it declares is kept:
 *	   the file may be another one later. Nothing was written.
 *	2. A slot begins. From here on it is "staging", and the daemon's next
 *	   start aborts it.
 *	3. Segments, then command line and source, with the hashes of what was
 *	   read in it: they have to be there before the seal.
 *	4. The seal. From here on the slot is "sealed" and complete; whoever
 *	   comes next, this job or the next start, compares the hashes.
 */
#include "jobs/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/journal.h"
#include "io.h"
#include "pool.h"
#include "pool/describe.h"
#include "pool/mirror.h"
#include "pool/slots.h"
#include "pool/source.h"
#include "root.h"
#include "schemas.h"
#include "sha256.h"

/**
 * struct facts - what is known of a payload that was read
 * @cmdline: what it gets
 * @inherited: the same if it has none of its own; owned, NULL otherwise
 * @segments: hashes, in hexadecimal; empty where it has no such segment
 * @pin: see fr_payload_pin()
 */
struct facts {
	const char *cmdline;
	char *inherited;
	char segments[FR_SEGMENTS][FR_SHA256_TEXT_SIZE];
	char pin[FR_SHA256_TEXT_SIZE];
};

static void facts_done(struct facts *facts)
{
	free(facts->inherited);
}

#define _cleanup_facts_ _cleanup_(facts_done)

/**
 * struct staging - a payload on its way; what fr_payload_write() hands its sink
 * @job: whose it is
 * @writer: of the slot
 * @dry_run: nothing is written
 * @sequence: of the payload
 * @schemas: what the payload declares; NULL if it declares nothing
 * @error: of the job
 */
struct staging {
	struct job *job;
	struct fr_slot_writer writer;
	bool dry_run;
	uint64_t sequence;
	const char *schemas;
	struct fr_error *error;
};

void stage_request_free(void *argument)
{
	struct stage_request *request = argument;

	if (!request)
		return;
	fr_payload_request_done(&request->payload);
	free(request->pinned);
	free(request->rollback_from);
	free(request->rollback_reason);
	free(request);
}

static int sink_write(void *userdata, enum fr_segment segment, const void *data,
		      size_t size)
{
	struct staging *staging = userdata;

	if (staging->dry_run)
		return 0;
	return fr_slot_write(&staging->writer, segment, data, size,
			     staging->error);
}

static int sink_progress(void *userdata, uint64_t done, uint64_t total)
{
	struct staging *staging = userdata;

	return job_progress(staging->job, done, total, staging->error);
}

static int write_segments(struct staging *staging, struct fr_payload *payload)
{
	struct fr_sink sink = { .write = sink_write,
				.progress = sink_progress,
				.userdata = staging };
	int err;

	err = fr_payload_write(payload, &sink, staging->error);
	fr_slot_writer_close(&staging->writer);
	return err;
}

/* Empty if the payload has no such segment. */
static void hash_text(struct fr_payload *payload, enum fr_segment segment,
		      char text[FR_SHA256_TEXT_SIZE])
{
	const uint8_t *hash = fr_payload_sha256(payload, segment);

	text[0] = '\0';
	if (hash)
		fr_sha256_text(hash, text);
}

static int running_cmdline(char **ret_cmdline, struct fr_error *error)
{
	char *cmdline;
	int err;

	err = fr_read_file(AT_FDCWD, "/proc/cmdline", 64 * 1024, &cmdline,
			   NULL);
	if (err)
		return fr_fail(error, FR_FAILED, err,
			       "can't read /proc/cmdline: %s", strerror(-err));
	cmdline[strcspn(cmdline, "\n")] = '\0';
	*ret_cmdline = cmdline;
	return 0;
}

static int inherit_cmdline(struct fr_payload *payload, char **ret_cmdline,
			   struct fr_error *error)
{
	_cleanup_free_ char *running = NULL;
	int err;

	err = running_cmdline(&running, error);
	if (err)
		return err;
	return fr_payload_inherit_cmdline(payload, running, ret_cmdline, error);
}

/* NULL if it declares nothing. */
static int declared_schemas(const struct fr_payload *payload, char **ret,
			    struct fr_error *error)
{
	_cleanup_schemas_ struct fr_schemas schemas = { 0 };
	_cleanup_free_ char *text = NULL;
	int err;

	*ret = NULL;
	err = fr_schemas_load_of(fr_payload_kernel_path(payload), &schemas,
				 error);
	if (err || !schemas.declared)
		return err;
	if (fr_schemas_format(&schemas, &text) < 0)
		return fr_fail_memory(error);
	if (strlen(text) > FR_SCHEMAS_TEXT_MAX)
		return fr_fail(
			error, FR_TOO_LARGE, -E2BIG,
			"%s" FR_SCHEMAS_SUFFIX
			": takes %zu bytes without comments, and the kernel keeps "
			"%d: declare fewer schemas",
			fr_payload_kernel_path(payload), strlen(text),
			FR_SCHEMAS_TEXT_MAX);
	*ret = fr_steal_pointer(text);
	return 0;
}

static int get_facts(struct fr_payload *payload, struct facts *ret,
		     struct fr_error *error)
{
	int err;

	ret->cmdline = fr_payload_cmdline(payload);
	if (!ret->cmdline) {
		err = inherit_cmdline(payload, &ret->inherited, error);
		if (err)
			return err;
		ret->cmdline = ret->inherited;
	}
	for (enum fr_segment i = 0; i < FR_SEGMENTS; i++)
		hash_text(payload, i, ret->segments[i]);
	if (fr_payload_pin(payload, ret->cmdline, ret->pin))
		return fr_fail_memory(error);
	return 0;
}

static const char *if_any(const char *text)
{
	return *text ? text : NULL;
}

static struct source_notes hash_notes(const struct facts *facts)
{
	return (struct source_notes){
		.kernel_sha256 = if_any(facts->segments[FR_SEGMENT_KERNEL]),
		.initrd_sha256 = if_any(facts->segments[FR_SEGMENT_INITRD]),
		.root_sha256 = if_any(facts->segments[FR_SEGMENT_ROOT]),
		.payload_sha256 = facts->pin,
	};
}

/* Is it the payload that is wanted? */
static int check_pins(const struct stage_request *request,
		      const struct facts *facts, struct fr_error *error)
{
	struct source_notes notes = hash_notes(facts);

	return request->pinned ?
		       source_check_pins(request->pinned, &notes, error) :
		       0;
}

static int write_source(struct staging *staging, struct fr_payload *payload,
			const struct stage_request *request,
			const struct facts *facts)
{
	struct source_notes notes = hash_notes(facts);
	_cleanup_free_ char *version = NULL;
	_cleanup_free_ char *plain = NULL;
	_cleanup_free_ char *source = NULL;
	char now[CLOCK_TEXT_SIZE];
	int err;

	clock_text(now);
	notes.sequence = staging->sequence;
	notes.staged_at = now;
	notes.title = fr_payload_title(payload);
	notes.version = fr_payload_version(payload);
	notes.inherited_cmdline = facts->inherited;
	notes.schemas = staging->schemas;
	notes.rollback_from = request->rollback_from;
	notes.rollback_reason = request->rollback_reason;
	/* A rollback does not look at what was signed, but at what ran. */
	if (!notes.version && request->pinned)
		notes.version = version =
			source_member(request->pinned, "version");
	err = fr_payload_source(payload, &plain);
	if (err)
		return fr_fail(
			staging->error, FR_TOO_LARGE, err,
			"names of files and command line together are too long to be "
			"recorded for a rollback");
	err = source_annotate(plain, &notes, &source, staging->error);
	if (err)
		return err;
	return fr_slot_set_source(staging->writer.slot, source, staging->error);
}

/* What does not go into a segment. */
static int write_texts(struct staging *staging, struct fr_payload *payload,
		       const struct stage_request *request)
{
	_cleanup_facts_ struct facts facts = { 0 };
	int err;

	err = get_facts(payload, &facts, staging->error);
	if (err)
		return err;
	err = check_pins(request, &facts, staging->error);
	if (err)
		return err;
	err = fr_slot_set_cmdline(staging->writer.slot, facts.cmdline,
				  staging->error);
	if (err)
		return err;
	return write_source(staging, payload, request, &facts);
}

static int fill_slot(struct staging *staging, struct fr_payload *payload,
		     const struct stage_request *request)
{
	int err;

	err = write_segments(staging, payload);
	if (err)
		return err;
	err = write_texts(staging, payload, request);
	if (err)
		return err;
	err = job_step(staging->job, "sealing", false, staging->error);
	if (err)
		return err;
	return fr_slot_seal(staging->writer.slot, staging->error);
}

/* The error that counts is the one that led here. */
static void give_up(unsigned int slot)
{
	struct fr_error error = { 0 };

	if (fr_slot_abort(slot, &error) && error.failure != FR_NOT_STAGED)
		journal_message(LOG_WARNING, "%s", error.text);
}

static int clear_old(const struct fr_slot *slot, struct fr_error *error)
{
	if (slot->status != FR_SLOT_SEALED)
		return 0;
	return fr_slot_clear(slot->number, error);
}

static int stage_into(struct staging *staging, const struct fr_slot *slot,
		      struct fr_payload *payload,
		      const struct stage_request *request)
{
	int err;

	err = job_step(staging->job, "staging", true, staging->error);
	if (err)
		return err;
	err = clear_old(slot, staging->error);
	if (err)
		return err;
	err = fr_slot_begin(slot->number, staging->error);
	if (err)
		return err;
	err = fill_slot(staging, payload, request);
	if (err)
		give_up(slot->number);
	return err;
}

static void set_details(struct job *job, const struct fr_slot *slot,
			struct fr_payload *payload, bool dry_run)
{
	struct json_object *details = json_object_new_object();

	json_object_object_add(
		details, "schema",
		json_object_new_string("org.fastreboot.stage/1"));
	json_object_object_add(details, "slot",
			       json_object_new_int((int)slot->number));
	json_object_object_add(details, "dry_run",
			       json_object_new_boolean(dry_run));
	json_object_object_add(
		details, "title",
		json_object_new_string(fr_payload_title(payload)));
	json_object_object_add(details, "release",
			       dry_run ? NULL :
					 json_object_new_string(slot->release));
	json_object_object_add(details, "segments",
			       dry_run ? json_object_new_array() :
					 describe_segments(slot, true));
	json_object_put(job->details);
	job->details = details;
}

/* By what is in memory: the source that the kernel keeps is not asked. */
static int check_hashes(const struct fr_slot *slot, struct fr_payload *payload,
			struct fr_error *error)
{
	const char *expected[FR_SEGMENTS];
	char texts[FR_SEGMENTS][FR_SHA256_TEXT_SIZE];

	for (enum fr_segment i = 0; i < FR_SEGMENTS; i++) {
		hash_text(payload, i, texts[i]);
		expected[i] = if_any(texts[i]);
	}
	return slots_check_hashes(slot, expected, error);
}

/* What the kernel has sealed is what was read, or the slot is cleared. */
static int check_sealed(struct job *job, unsigned int number,
			struct fr_payload *payload, char **ret_release,
			struct fr_error *error)
{
	_cleanup_pool_status_ struct fr_pool_status pool = { 0 };
	const struct fr_slot *slot;
	int err;

	err = fr_pool_read(&pool, error);
	if (err)
		return err;
	slot = slots_get(&pool, (int)number);
	if (!slot)
		return fr_fail(error, FR_NO_POOL, -ENODEV, "the pool is gone");
	err = check_hashes(slot, payload, error);
	if (err) {
		fr_slot_clear(number, NULL);
		return err;
	}
	set_details(job, slot, payload, false);
	*ret_release = strdup(slot->release);
	return *ret_release ? 0 : fr_fail_memory(error);
}

/* Before a sealed slot is cleared for it: read all of it, and compare. */
static int check_before(struct staging *staging, struct fr_payload *payload,
			const struct stage_request *request)
{
	_cleanup_facts_ struct facts facts = { 0 };
	int err;

	err = job_step(staging->job, "reading", true, staging->error);
	if (err)
		return err;
	staging->dry_run = true;
	err = write_segments(staging, payload);
	staging->dry_run = false;
	if (!err)
		err = get_facts(payload, &facts, staging->error);
	return err ? err : check_pins(request, &facts, staging->error);
}

static int dry_run(struct staging *staging, const struct fr_slot *slot,
		   struct fr_payload *payload)
{
	int err;

	err = job_step(staging->job, "reading", true, staging->error);
	if (err)
		return err;
	err = write_segments(staging, payload);
	if (err)
		return err;
	set_details(staging->job, slot, payload, true);
	job_set_message(staging->job, "%s would be staged into slot %u",
			fr_payload_title(payload), slot->number);
	return 0;
}

static int find_slot(struct fr_pool_status *pool, bool replace,
		     const struct fr_slot **ret_slot, struct fr_error *error)
{
	int err;

	err = fr_pool_read(pool, error);
	if (err)
		return err;
	err = fr_pool_check(pool, error);
	if (err)
		return err;
	return slots_find_free(pool, replace, ret_slot, error);
}

/* A rollback may go to an older one. A file that can't be read was reported. */
static int check_version(const struct job *job, struct fr_payload *payload,
			 const struct stage_request *request,
			 struct fr_error *error)
{
	_cleanup_mirror_ struct mirror mirror = { 0 };

	if (request->pinned || !*job->config.trusted_certificates ||
	    mirror_load(fr_root(), &mirror, NULL))
		return 0;
	return mirror_check_version(&mirror, fr_payload_version(payload),
				    error);
}

int stage_payload(struct job *job, const struct stage_request *request,
		  int *ret_slot, char **ret_release, struct fr_error *error)
{
	_cleanup_pool_status_ struct fr_pool_status pool = { 0 };
	_cleanup_payload_ struct fr_payload *payload = NULL;
	_cleanup_free_ char *schemas = NULL;
	struct staging staging = { .job = job,
				   .dry_run = request->dry_run,
				   .error = error };
	const struct fr_slot *slot = NULL;
	int err;

	err = job_step(job, "checking", true, error);
	if (err)
		return err;
	err = find_slot(&pool, request->replace, &slot, error);
	if (err)
		return err;
	err = fr_payload_open(&job->config, &request->payload, &payload, error);
	if (!err)
		err = check_version(job, payload, request, error);
	if (!err)
		err = declared_schemas(payload, &schemas, error);
	if (err)
		return err;
	staging.schemas = schemas;
	staging.sequence = slots_next_sequence(&pool);
	staging.writer = (struct fr_slot_writer)FR_SLOT_WRITER(slot->number);
	if (request->dry_run)
		return dry_run(&staging, slot, payload);
	if (request->pinned && slot->status == FR_SLOT_SEALED)
		err = check_before(&staging, payload, request);
	if (err)
		return err;
	err = stage_into(&staging, slot, payload, request);
	if (err)
		return err;
	err = check_sealed(job, slot->number, payload, ret_release, error);
	if (err)
		return err;
	*ret_slot = (int)slot->number;
	return 0;
}

static int run(struct job *job, struct fr_error *error)
{
	const struct stage_request *request = job->argument;
	_cleanup_free_ char *release = NULL;
	int slot = FR_SLOT_NONE;
	int err;

	err = stage_payload(job, request, &slot, &release, error);
	if (!err && !request->dry_run)
		job_set_message(job, "%s is staged in slot %d",
				*release ? release : "the payload", slot);
	return err;
}

const struct job_type stage_job = {
	.name = "stage",
	.action = "org.fastreboot1.stage",
	.run = run,
	.release = stage_request_free,
};
