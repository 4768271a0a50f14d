// SPDX-License-Identifier: GPL-2.0-or-later
#include "jobs/preflight.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/watchdog.h"
#include "cleanup.h"
#include "cmdline.h"
#include "fastreboot-state.h"
#include "jobs/hooks.h"
#include "pool/source.h"
#include "root.h"
#include "schemas.h"
#include "timeline.h"
#include "transport/logind.h"
#include "transport/systemd-units.h"
#include "wipe.h"

#define NOTE_MAX 256
#define NSEC_PER_USEC 1000

/**
 * struct preflight - the checks so far
 */
struct preflight {
	struct job *job;
	const struct preflight_facts *facts;
	char note[NOTE_MAX];
};

/*
 * A check returns 0 and has put a note, or a negative errno and has filled the
 * error.
 */
typedef int (*check_function)(struct preflight *preflight,
			      struct fr_error *error);

__attribute__((__format__(printf, 2, 3))) static int
note(struct preflight *preflight, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(preflight->note, NOTE_MAX, format, arguments);
	va_end(arguments);
	return 0;
}

static int check_verified(struct preflight *preflight, struct fr_error *error)
{
	unsigned int slot = preflight->facts->slot->number;
	int err = fr_slot_verify(slot, error);

	return err ? err :
		     note(preflight, "slot %u holds what was sealed", slot);
}

static int check_stale(struct preflight *preflight, struct fr_error *error)
{
	const struct fr_slot *slot = preflight->facts->slot;

	if (!*slot->stale || !strcmp(slot->stale, "no"))
		return note(preflight, "memory and CPUs are those of the seal");
	return fr_fail(
		error, FR_STALE, -ESTALE,
		"%s has changed since the payload was sealed: stage it again",
		slot->stale);
}

/* Folders of udev's names, and whether a kernel knows the tag without an initrd. */
static const struct {
	const char *tag;
	const char *folder;
	bool kernel_knows;
} tags[] = {
	{ "UUID=", "by-uuid", false },
	{ "LABEL=", "by-label", false },
	{ "PARTUUID=", "by-partuuid", true },
	{ "PARTLABEL=", "by-partlabel", true },
};

/* Not a block device that could be looked for here. */
static bool is_elsewhere(const char *device)
{
	static const char *const prefixes[] = {
		"/dev/nfs", "/dev/cifs", "nfs", "mtd", "ubi", "ZFS=", "/dev/ram"
	};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (!strncmp(device, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

/* udev's way to write a label into a file name. */
static void escape_label(const char *label, char *to, size_t size)
{
	size_t at = 0;

	for (; *label && at + 5 < size; label++) {
		unsigned char c = (unsigned char)*label;

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		    (c >= 'a' && c <= 'z') || c >= 0x80 ||
		    strchr("#+-.:=@_", c))
			to[at++] = *label;
		else
			at += (size_t)sprintf(to + at, "\\x%02x", c);
	}
	to[at] = '\0';
}

/* The name of a device node for a value of root=; empty for other values. */
static void device_path(const char *device, const char *root, char *path,
			size_t size)
{
	char name[NOTE_MAX];

	path[0] = '\0';
	if (*device == '/')
		snprintf(path, size, "%s%s", root, device);
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		size_t length = strlen(tags[i].tag);

		if (strncmp(device, tags[i].tag, length))
			continue;
		escape_label(device + length, name, sizeof(name));
		snprintf(path, size, "%s/dev/disk/%s/%s", root, tags[i].folder,
			 name);
	}
}

static bool needs_initrd(const char *device)
{
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		if (!strncmp(device, tags[i].tag, strlen(tags[i].tag)))
			return !tags[i].kernel_knows;
	return !strncmp(device, "/dev/disk/", 10) ||
	       !strncmp(device, "/dev/mapper/", 12);
}

static int no_root(const char *device, bool has_initrd, char *ret_note,
		   size_t size, struct fr_error *error)
{
	if (device || has_initrd) {
		snprintf(ret_note, size, "%s: not looked for",
			 device ? device : "no root=, the initrd knows");
		return 0;
	}
	return fr_fail(
		error, FR_REFUSED, -ENODEV,
		"the payload has neither root= nor an initrd: the next kernel would "
		"find no root device");
}

static int check_device(const char *device, bool has_initrd, const char *root,
			char *ret_note, size_t size, struct fr_error *error)
{
	char path[2 * NOTE_MAX];
	struct stat st;

	if (needs_initrd(device) && !has_initrd)
		return fr_fail(
			error, FR_REFUSED, -ENODEV,
			"root=%.128s can't be found without an initrd: use PARTUUID=, or stage "
			"one",
			device);
	device_path(device, root, path, sizeof(path));
	if (*path && !stat(path, &st)) {
		snprintf(ret_note, size, "%s is there", device);
		return 0;
	}
	if (!has_initrd && *path)
		return fr_fail(
			error, FR_REFUSED, -ENODEV,
			"root=%.128s is not there, and there is no initrd to look for it",
			device);
	snprintf(ret_note, size, "%s is not there now, %s", device,
		 has_initrd ? "the initrd has to find it" :
			      "the kernel has to know it");
	return 0;
}

/* The device is there in the next kernel, and only if there is a root image. */
static int check_root_image(bool has_image, char *ret_note, size_t size,
			    struct fr_error *error)
{
	if (!has_image)
		return fr_fail(
			error, FR_REFUSED, -ENODEV,
			"root=" FR_ROOT_DEVICE
			" is a payload's root image, and this one has none: stage it with "
			"one (--root-image)");
	snprintf(ret_note, size, FR_ROOT_DEVICE " is the root image");
	return 0;
}

int preflight_root(const char *cmdline, enum preflight_has has,
		   const char *root, char *ret_note, size_t size,
		   struct fr_error *error)
{
	bool has_initrd = has == PREFLIGHT_INITRD;
	_cleanup_free_ char *device = NULL;

	if (fr_cmdline_value(cmdline, "root", &device) < 0)
		return fr_fail_memory(error);
	if (device && !strcmp(device, FR_ROOT_DEVICE))
		return check_root_image(has == PREFLIGHT_ROOT_IMAGE, ret_note,
					size, error);
	if (!device || is_elsewhere(device))
		return no_root(device, has_initrd, ret_note, size, error);
	return check_device(device, has_initrd, root, ret_note, size, error);
}

static enum preflight_has what_it_has(const struct fr_slot *slot)
{
	if (slot->segments[FR_SEGMENT_ROOT].size)
		return PREFLIGHT_ROOT_IMAGE;
	return slot->segments[FR_SEGMENT_INITRD].size ? PREFLIGHT_INITRD :
							PREFLIGHT_KERNEL_ONLY;
}

static int check_root(struct preflight *preflight, struct fr_error *error)
{
	const struct fr_slot *slot = preflight->facts->slot;

	return preflight_root(slot->cmdline, what_it_has(slot), fr_root(),
			      preflight->note, NOTE_MAX, error);
}

static int check_executable(const char *path, struct fr_error *error)
{
	_cleanup_free_ char *name = NULL;

	if (asprintf(&name, "%s%s", fr_root(), path) < 0) {
		name = NULL;
		return fr_fail_memory(error);
	}
	if (!access(name, X_OK))
		return 0;
	return fr_fail(
		error, FR_REFUSED, -EPERM,
		"the state volume has to be wiped, but %s can't be run: install it again, or stage without --wipe-state",
		path);
}

/* Whoever will wipe has to be there. */
static int check_wiper(bool now, struct fr_error *error)
{
	int err;

	if (!now)
		return check_executable(
			"/usr/lib/systemd/system-shutdown/fastreboot-wipe-state",
			error);
	err = systemd_check_unit(FR_WIPE_UNIT, error);
	if (err != -ENOENT)
		return err;
	return check_executable(FR_WIPE_PROGRAM, error);
}

static int check_wipe(struct preflight *preflight, struct fr_error *error)
{
	const char *volume = preflight->facts->pool->state_volume;
	int err;

	if (!fr_payload_source_wipes(preflight->facts->slot->source))
		return note(preflight, "not asked for");
	if (!fr_pool_has_state(preflight->facts->pool))
		return note(preflight, "there is no state volume");
	err = check_wiper(preflight->facts->now, error);
	return err ? err :
		     note(preflight,
			  "the state volume, %s, will be overwritten", volume);
}

/*
 * Where the state volume is mounted, to be freed: NULL for where it always is,
 * which has to be a mount then.
 */
static int state_root(char **ret, struct fr_error *error)
{
	*ret = NULL;
	if (!*fr_root())
		return 0;
	if (asprintf(ret, "%s" FR_STATE_ROOT, fr_root()) < 0) {
		*ret = NULL;
		return fr_fail_memory(error);
	}
	return 0;
}

static int check_objects(struct preflight *preflight, const char *declaration,
			 struct fr_error *error)
{
	_cleanup_schemas_ struct fr_schemas schemas = { 0 };
	_cleanup_free_ char *root = NULL;
	unsigned int count = 0;
	int err = state_root(&root, error);

	if (!err)
		err = fr_schemas_parse(declaration, strlen(declaration),
				       "the slot's schemas", &schemas, error);
	if (!err)
		err = fr_schemas_check(&schemas, root, &count, error);
	if (err == -ENODEV)
		error->failure = FR_REFUSED;
	return err ? err :
		     note(preflight, "%u preserved objects, all understood",
			  count);
}

/*
 * Will the payload understand what applications have published? A volume that is
 * there and not mounted may have anything on it.
 */
static int check_state(struct preflight *preflight, struct fr_error *error)
{
	const char *source = preflight->facts->slot->source;
	_cleanup_free_ char *declaration = source_member(source, "schemas");

	if (!declaration)
		return note(preflight, "the payload declares no schemas");
	if (fr_payload_source_wipes(source))
		return note(preflight, "nothing is preserved");
	if (!fr_pool_has_state(preflight->facts->pool))
		return note(preflight, "there is no state volume");
	return check_objects(preflight, declaration, error);
}

static int check_tries(struct preflight *preflight, struct fr_error *error)
{
	unsigned int tries = preflight->facts->pool->tries;
	unsigned int max = preflight->job->config.max_tries;

	if (tries < max)
		return note(preflight, "%u of %u", tries, max);
	return fr_fail(
		error, FR_REFUSED, -EPERM,
		"%u fast reboots without a confirmation, MaxTries= allows no more: use "
		"'fastreboot confirm' if the running kernel is good",
		tries);
}

static int check_confirmed(struct preflight *preflight, struct fr_error *error)
{
	if (fr_pool_is_confirmed(preflight->facts->pool))
		return note(preflight, "the running kernel is");
	if (preflight->facts->unconfirmed)
		return note(preflight,
			    "not asked, a rollback is to the one before it");
	return fr_fail(
		error, FR_REFUSED, -EPERM,
		"the running kernel is not confirmed: use 'fastreboot confirm' if it is "
		"good, 'fastreboot rollback' if not, or --unconfirmed");
}

static int check_hooks(struct preflight *preflight, struct fr_error *error)
{
	const struct fr_slot *slot = preflight->facts->slot;
	struct hooks_environment environment = {
		.slot = (int)slot->number,
		.release = slot->release,
		.timeout_usec = preflight->job->config.hook_timeout_usec,
	};
	unsigned int count = 0;
	int err;

	err = hooks_run(fr_root(), "preflight", &environment, preflight->job,
			&count, error);
	return err ? err : note(preflight, "%u, none objects", count);
}

static bool last_blackout(uint64_t *ret_ns)
{
	_cleanup_free_ char *text = NULL;
	struct fr_timeline timeline;

	return !fr_pool_read_timeline(&text, NULL) &&
	       !fr_timeline_parse(text, &timeline, NULL) &&
	       fr_timeline_blackout(&timeline, ret_ns);
}

static int check_blackout(struct preflight *preflight, struct fr_error *error)
{
	uint64_t max_us = preflight->facts->max_blackout_usec;
	uint64_t last_ns = 0;

	if (!max_us)
		return note(preflight, "no limit");
	if (!last_blackout(&last_ns))
		return note(preflight, "no record");
	if (last_ns / NSEC_PER_USEC <= max_us)
		return note(preflight, "%.3f ms last time, %.3f ms allowed",
			    (double)last_ns / 1e6, (double)max_us / 1e3);
	return fr_fail(error, FR_REFUSED, -EPERM,
		       "the last blackout took %.3f ms, %.3f ms are allowed",
		       (double)last_ns / 1e6, (double)max_us / 1e3);
}

/* Only one program can have it open; which one decides what the commit does. */
static const char *watchdog_holder(const char *path)
{
	if (watchdog_is_ours(path))
		return "fastrebootd has it, and hands it on";
	if (systemd_has_watchdog())
		return "systemd has it, and feeds it until it is stopped itself";
	if (watchdog_is_running(path))
		return "another program has it: it decides what happens when the next "
		       "kernel hangs";
	return "no program has it";
}

static int check_watchdog(struct preflight *preflight, struct fr_error *error)
{
	const struct fr_config *config = &preflight->job->config;
	_cleanup_free_ char *path = watchdog_path(config);

	if (!config->watchdog_usec)
		return note(preflight, "none, WatchdogSec= is 0");
	if (!path || access(path, F_OK) < 0)
		return note(preflight, "none, the machine has no %s",
			    config->watchdog_device);
	return note(preflight, "%s, %llu s; %s", config->watchdog_device,
		    (unsigned long long)config->watchdog_usec / 1000000,
		    watchdog_holder(path));
}

static int check_systemd(struct preflight *preflight, struct fr_error *error)
{
	int err;

	if (preflight->facts->now)
		return note(preflight, "not asked, with --now");
	err = systemd_check_unit("kexec.target", error);
	return err ? err : note(preflight, "shuts down by kexec.target");
}

/* With --now as well: what must not be shut down can be lost less still. */
static int check_inhibitors(struct preflight *preflight, struct fr_error *error)
{
	int err;

	if (preflight->facts->ignore_inhibitors)
		return note(preflight, "ignored");
	err = logind_check_inhibitors(error);
	if (err == -ENOENT)
		return note(preflight, "not asked, logind does not run here");
	return err ? err : note(preflight, "none blocks a shutdown");
}

static const struct {
	const char *name;
	check_function check;
	bool not_for_rollback;
} checks[] = {
	{ "slot-verified", check_verified, false },
	{ "not-stale", check_stale, false },
	{ "root-device", check_root, false },
	{ "wipe-state", check_wipe, false },
	{ "state", check_state, true },
	{ "tries", check_tries, true },
	{ "confirmed", check_confirmed, true },
	{ "max-blackout", check_blackout, true },
	{ "watchdog", check_watchdog, false },
	{ "shutdown", check_systemd, false },
	{ "inhibitors", check_inhibitors, true },
	{ "hooks", check_hooks, true },
};

static void add_check(struct json_object *array, const char *name, bool ok,
		      const char *message)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "name", json_object_new_string(name));
	json_object_object_add(object, "ok", json_object_new_boolean(ok));
	json_object_object_add(object, "message",
			       json_object_new_string(message));
	json_object_array_add(array, object);
}

int preflight_run(struct job *job, const struct preflight_facts *facts,
		  struct json_object *array, struct fr_error *error)
{
	struct preflight preflight = { .job = job, .facts = facts };
	int result = 0;

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		struct fr_error check_error = { 0 };
		int err;

		if (facts->rollback && checks[i].not_for_rollback)
			continue;
		err = checks[i].check(&preflight, &check_error);
		add_check(array, checks[i].name, !err,
			  err ? check_error.text : preflight.note);
		if (err && !result) {
			result = err;
			*error = check_error;
		}
		if (err == -ECANCELED)
			return err;
	}
	return result;
}
