/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration: fastreboot.conf(5) and its drop-ins.
 */
#ifndef FR_CONFIG_H
#define FR_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* What to do when the payload that ran before can't be staged again. */
enum fr_failure_action {
	FR_FAILURE_ACTION_REBOOT, /* an ordinary reboot, to the firmware's kernel */
	FR_FAILURE_ACTION_NONE, /* stay with the kernel that runs */
};

/**
 * struct fr_config - every setting, with its default where no file sets it
 * @max_kernel_size: [Stage] MaxKernelSize=, bytes of a kernel, decompressed
 * @max_initrd_size: [Stage] MaxInitrdSize=, bytes of all initrds together
 * @max_root_image_size: [Stage] MaxRootImageSize=, bytes of a root image
 * @trusted_certificates: [Stage] TrustedCertificates=, absolute names of PEM
 *	files or of folders with such; an empty list when no signature is wanted
 * @revocation_lists: [Stage] RevocationLists=, absolute names of PEM files or of
 *	folders with such; an empty list when none is asked for
 * @boot_roots: [Stage] BootRoots=, absolute names of the folders that boot
 *	loader entries are searched below; an empty list for nowhere
 * @max_tries: [Commit] MaxTries=, fast reboots without a confirmation, 1 to
 *	1000
 * @hook_timeout_usec: [Commit] HookTimeoutSec=, for each hook, not 0
 * @sync_timeout_usec: [Commit] SyncTimeoutSec=, for each sync(2), not 0
 * @max_blackout_usec: [Commit] MaxBlackoutSec=, 0 for no limit
 * @watchdog_device: [Commit] WatchdogDevice=, absolute
 * @watchdog_usec: [Commit] WatchdogSec=, whole seconds, 0 for no watchdog
 * @confirm_timeout_usec: [Confirm] TimeoutSec=, 0 for no limit
 * @rollback_automatic: [Rollback] Automatic=
 * @failure_action: [Rollback] FailureAction=
 * @health_gate: [Health] Gate=
 * @health_units: [Health] Units=, names
 * @health_ignore_units: [Health] IgnoreUnits=, patterns for fnmatch(3)
 * @health_network: [Health] Network=
 * @health_timeout_usec: [Health] TimeoutSec=, not 0
 * @health_settle_usec: [Health] SettleSec=
 * @metrics_file: [Metrics] File=, absolute; NULL for the place that
 *	fastrebootd(8) chooses
 * @passed_over: what has no effect, a line for people each, with file and line;
 *	NULL if there is nothing
 * @trust_unclear: something that was passed over may have been a
 *	TrustedCertificates=: that the list is empty means nothing then. Only
 *	fr_config_salvage() sets it
 *
 * The other lists are never NULL and end with NULL. Everything that is pointed to is
 * owned by the struct; fr_config_done() frees it. A struct that is not changed
 * any more can be read by several threads.
 */
struct fr_config {
	uint64_t max_kernel_size;
	uint64_t max_initrd_size;
	uint64_t max_root_image_size;
	char **trusted_certificates;
	char **revocation_lists;
	char **boot_roots;
	unsigned int max_tries;
	uint64_t hook_timeout_usec;
	uint64_t sync_timeout_usec;
	uint64_t max_blackout_usec;
	char *watchdog_device;
	uint64_t watchdog_usec;
	uint64_t confirm_timeout_usec;
	bool rollback_automatic;
	enum fr_failure_action failure_action;
	bool health_gate;
	char **health_units;
	char **health_ignore_units;
	bool health_network;
	uint64_t health_timeout_usec;
	uint64_t health_settle_usec;
	char *metrics_file;
	char **passed_over;
	bool trust_unclear;
};

/**
 * fr_config_default() - the defaults
 * @ret: filled in; the caller calls fr_config_done()
 *
 * Return: 0; -ENOMEM.
 */
int fr_config_default(struct fr_config *ret);

/**
 * fr_config_load() - the configuration from its files
 * @root: folder that stands for /, or NULL or "" for / itself
 * @ret: filled in; the caller calls fr_config_done()
 * @error: names the file and the line
 *
 * Of etc, run and usr/lib, in this order, the first that has a
 * fastreboot/fastreboot.conf gives the main file. Then follow the files
 * fastreboot/fastreboot.conf.d/<name>.conf of all three, in the order of their
 * names; of two with the same name the one from the folder that comes first
 * replaces the other, and one that is empty or a link to /dev/null masks it.
 * No file at all gives the defaults.
 *
 * Sections and keys that are not known, as those of a newer version, are passed
 * over: @ret->passed_over names them. TrustedCertificates= where it has no effect
 * is an error all the same: what was to be signed would not have to be.
 *
 * Return: 0; -EINVAL for a file that is not in order, -EFBIG for one that is
 * too large, or the errno of reading one.
 */
int fr_config_load(const char *root, struct fr_config *ret,
		   struct fr_error *error);

/**
 * fr_config_salvage() - whatever of the configuration is in order
 * @root: as of fr_config_load()
 * @ret: filled in; the caller calls fr_config_done()
 *
 * For what must not fail because of a line in a file: every line that is in
 * order counts, others are named in @ret->passed_over, and so are files that
 * can't be read.
 *
 * Return: 0; -ENOMEM.
 */
int fr_config_salvage(const char *root, struct fr_config *ret);

/**
 * fr_config_parse() - change a configuration by the text of one file
 * @config: configuration to change
 * @text: content of the file; NULs in it are an error
 * @size: bytes of @text
 * @name: name of the file, for the error
 * @error: names the file and the line
 *
 * What is not known is passed over, as of fr_config_load().
 *
 * Return: 0; -EINVAL or -ENOMEM, with what stands before the error applied.
 */
int fr_config_parse(struct fr_config *config, const char *text, size_t size,
		    const char *name, struct fr_error *error);

/**
 * fr_config_done() - free what a configuration points to
 * @config: filled by one of the above, or all zero; all zero afterwards
 */
void fr_config_done(struct fr_config *config);

/**
 * fr_parse_time() - a time span as systemd.time(7) has it
 * @text: "5min", "1h 30s", "90" (seconds), "1.5s"; not "infinity"
 * @ret_usec: microseconds
 *
 * Return: 0; -EINVAL, -ERANGE for what does not fit.
 */
int fr_parse_time(const char *text, uint64_t *ret_usec);

/**
 * fr_parse_size() - a size in bytes
 * @text: a decimal number, with K, M, G or T for powers of 1024
 * @ret: bytes
 *
 * Return: 0; -EINVAL, -ERANGE for what does not fit.
 */
int fr_parse_size(const char *text, uint64_t *ret);

#define _cleanup_config_ __attribute__((__cleanup__(fr_config_done)))

#endif
