// SPDX-License-Identifier: GPL-2.0-or-later
#include "policy/recover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/journal.h"
#include "cleanup.h"
#include "io.h"
#include "payload.h"
#include "policy/daemon.h"
#include "policy/feed.h"
#include "policy/leave.h"
#include "pool/slots.h"
#include "root.h"
#include "transport/systemd-units.h"

static void tell_interrupted(struct daemon *daemon, const struct fr_slot *slot)
{
	struct journal_fields fields = { .generation = daemon->pool.generation,
					 .slot = (int)slot->number };

	journal_event(
		FR_EVENT_INTERRUPTED, LOG_WARNING, &fields,
		"staging into slot %u was interrupted: the slot is empty again, stage it "
		"once more",
		slot->number);
}

static void recover_staging(struct daemon *daemon, const struct fr_slot *slot)
{
	struct fr_error error = { 0 };

	if (!fr_slot_abort(slot->number, &error))
		tell_interrupted(daemon, slot);
	else if (error.failure != FR_BUSY)
		journal_message(LOG_WARNING, "%s", error.text);
}

static void recover_sealed(struct daemon *daemon, const struct fr_slot *slot)
{
	struct journal_fields fields = { .generation = daemon->pool.generation,
					 .slot = (int)slot->number,
					 .release = slot->release };
	struct fr_error error = { 0 };

	if (!*slot->source || !slots_check_recorded(slot, &error))
		return;
	journal_event(FR_EVENT_VERIFY_FAILED, LOG_ERR, &fields, "%s",
		      error.text);
	if (fr_slot_clear(slot->number, &error))
		journal_message(LOG_ERR, "%s", error.text);
}

static void recover_armed(struct daemon *daemon, const struct fr_slot *slot)
{
	if (!*slot->source)
		return;
	if (systemd_is_stopping()) {
		daemon->leaving = true;
		journal_message(
			LOG_NOTICE,
			"slot %u is armed and the system shuts down: it will be booted",
			slot->number);
		return;
	}
	leave_undo(daemon);
}

static void add_text(struct json_object *object, const char *name,
		     const char *text)
{
	json_object_object_add(object, name, json_object_new_string(text));
}

static int read_cmdline(char **ret_cmdline)
{
	int err = fr_read_file(AT_FDCWD, "/proc/cmdline", 64 * 1024,
			       ret_cmdline, NULL);

	if (!err)
		(*ret_cmdline)[strcspn(*ret_cmdline, "\n")] = '\0';
	return err;
}

/* Names of files that a distribution gives to a kernel and its initrd. */
static bool find_file(const char *prefix, const char *release, char *path,
		      size_t size)
{
	snprintf(path, size, "%s%s%s", fr_root(), prefix, release);
	return !access(path, R_OK);
}

/* To be freed; NULL if the kernel's file is not where it would be expected. */
static char *guess_source(const char *release)
{
	struct json_object *object, *initrds;
	_cleanup_free_ char *cmdline = NULL;
	char path[256];
	char *source;

	if (!find_file("/boot/vmlinuz-", release, path, sizeof(path)) ||
	    read_cmdline(&cmdline))
		return NULL;
	object = json_object_new_object();
	add_text(object, "kernel", path);
	if (find_file("/boot/initrd.img-", release, path, sizeof(path))) {
		initrds = json_object_new_array();
		json_object_array_add(initrds, json_object_new_string(path));
		json_object_object_add(object, "initrds", initrds);
	}
	add_text(object, "cmdline", cmdline);
	add_text(object, "title", release);
	source = strdup(json_object_to_json_string_ext(
		object,
		JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
	return source;
}

/* After a boot by firmware the kernel can't know where it came from. */
static void record_source(struct daemon *daemon)
{
	_cleanup_free_ char *source = NULL;
	struct fr_error error = { 0 };

	if (*daemon->pool.source)
		return;
	source = guess_source(daemon->release);
	if (!source || strlen(source) > FR_SLOT_SOURCE_MAX) {
		journal_message(
			LOG_INFO,
			"the file of the running kernel is not known: a rollback to it is "
			"an ordinary reboot");
		return;
	}
	/* A kernel without that file can't roll back to it; no harm is done. */
	if (fr_pool_set_source(source, &error) && error.failure != FR_NO_POOL)
		journal_message(LOG_INFO, "%s", error.text);
}

/* After a fast reboot the ledger counts, and the disk follows. */
static void recover_mirror(struct daemon *daemon)
{
	struct mirror mirror = { 0 };
	struct fr_error error = { 0 };

	if (mirror_load(fr_root(), &mirror, &error))
		journal_message(LOG_WARNING, "%s", error.text);
	mirror_done(&mirror);
	daemon_settle_mirror(daemon);
	if (daemon->tries_from_disk)
		journal_message(
			LOG_WARNING,
			"%u fast reboots without a confirmation by the disk; the ledger that "
			"counted them was lost",
			daemon->pool.tries);
}

static void tell_unusable(struct daemon *daemon)
{
	struct journal_fields fields = { .slot = -1,
					 .reason = daemon->pool_error.text };

	journal_event(FR_EVENT_POOL_UNUSABLE, LOG_WARNING, &fields,
		      "no fast reboots: %s", daemon->pool_error.text);
}

static void recover_slot(struct daemon *daemon, const struct fr_slot *slot)
{
	switch (slot->status) {
	case FR_SLOT_STAGING:
		recover_staging(daemon, slot);
		break;
	case FR_SLOT_SEALED:
		recover_sealed(daemon, slot);
		break;
	case FR_SLOT_ARMED:
		recover_armed(daemon, slot);
		break;
	default:
		break;
	}
}

void recover(struct daemon *daemon)
{
	const struct fr_pool_status *pool = &daemon->pool;
	const struct fr_slot *armed = NULL;

	if (daemon_check_pool(daemon, NULL)) {
		tell_unusable(daemon);
		return;
	}
	/* The undo of an armed slot is a job, and reads the pool anew. */
	for (size_t i = 0; i < pool->n_slots; i++)
		if (pool->slots[i].status != FR_SLOT_ARMED)
			recover_slot(daemon, &pool->slots[i]);
		else
			armed = &pool->slots[i];
	record_source(daemon);
	recover_mirror(daemon);
	if (armed)
		recover_slot(daemon, armed);
	feed_recover(daemon);
	if (!daemon->job)
		daemon_refresh(daemon);
}
