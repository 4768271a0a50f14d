/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The status as JSON, schema org.fastreboot.status/1: an ABI, to which members
 * may be added. It is made from copies only, and reads nothing.
 */
#ifndef FASTREBOOTD_DESCRIBE_H
#define FASTREBOOTD_DESCRIBE_H

#include <stdbool.h>
#include <time.h>

#include <json-c/json.h>

#include "lastlog.h"
#include "pool.h"
#include "timeline.h"

#define DESCRIBE_SCHEMA "org.fastreboot.status/1"

/* How the last update ended: words of "last_update". */
enum update_status {
	UPDATE_NONE,
	UPDATE_CONFIRMED,
	UPDATE_UNCONFIRMED,
	UPDATE_ROLLED_BACK,
	UPDATE_FAILED,
};

/**
 * struct describe_job - a job, running or past
 * @kind: "stage" and the like
 * @step: of a running one
 * @done: of @total, of a running one
 * @total: see @done
 * @result: of a past one
 * @message: of a past one
 * @ended_at: of a past one, ISO 8601 in UTC
 */
struct describe_job {
	const char *kind;
	const char *step;
	uint64_t done;
	uint64_t total;
	const char *result;
	const char *message;
	const char *ended_at;
};

/**
 * struct describe_facts - what there is to tell
 * @supported: the kernel has fast reboot; without it, @pool is empty
 * @pool: as the kernel tells it
 * @pool_error: why there is no pool; empty if there is one
 * @release: of the running kernel
 * @confirmed: the running kernel was declared good
 * @max_tries: [Commit] MaxTries=
 * @tries_from_disk: the tries of @pool are the disk's, the ledger's were lost
 * @lost_release: of the payload that was committed then; may be NULL
 * @version_floor: the newest version that was confirmed; may be NULL
 * @deadline: when the running kernel is rolled back unless it is confirmed,
 *	seconds since 1970; 0 if it is not
 * @health: what health_read() has returned; may be NULL
 * @leaving: a commit is under way
 * @timeline: NULL if there is none
 * @verified_at: by slot; empty if not known. NULL for none at all
 * @job: running; NULL if there is none
 * @last_job: NULL if there is none
 * @history_status: what the journal tells of the boot before
 * @history_message: the same for people
 * @privileged: tell command lines, addresses and hashes as well, which the
 *	kernel's files show to root only; they are null without it
 */
struct describe_facts {
	bool supported;
	const struct fr_pool_status *pool;
	const char *pool_error;
	const char *release;
	bool confirmed;
	unsigned int max_tries;
	bool tries_from_disk;
	const char *lost_release;
	const char *version_floor;
	time_t deadline;
	struct json_object *health;
	bool leaving;
	const struct fr_timeline *timeline;
	const char *const *verified_at;
	const struct describe_job *job;
	const struct describe_job *last_job;
	enum update_status history_status;
	const char *history_message;
	bool privileged;
};

/**
 * describe_status() - all of it
 * @facts: what there is to tell
 *
 * Return: an object that the caller puts.
 */
struct json_object *describe_status(const struct describe_facts *facts);

/**
 * describe_segments() - "segments" of a slot
 * @slot: the slot
 * @privileged: with addresses and hashes
 *
 * Return: an array that the caller puts.
 */
struct json_object *describe_segments(const struct fr_slot *slot,
				      bool privileged);

/**
 * describe_update_status() - how the last update ended
 * @facts: what there is to tell
 * @message: filled with one line for people
 * @size: bytes of it
 *
 * Return: the status.
 */
enum update_status describe_update_status(const struct describe_facts *facts,
					  char *message, size_t size);

/**
 * describe_last_log() - LastLog()
 * @log: what was read
 *
 * Return: an object of the schema org.fastreboot.last-log/1 that the caller puts.
 */
struct json_object *describe_last_log(const struct fr_last_log *log);

/* The word of a status. */
const char *update_status_name(enum update_status status);

#endif
