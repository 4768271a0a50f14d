/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mirror: what decides about an update, on disk.
 *
 * The ledger knows the tries, and lies in memory: where firmware clears that on
 * the way, a payload that never comes up would be tried for ever. And it knows
 * the payload that ran before, which need not be one that was confirmed.
 *
 * /var/lib/fastreboot/update.json has both, schema org.fastreboot.update/1:
 *
 *	tries			fast reboots since a kernel was last confirmed, with
 *				the one that was committed in the boot of @boot_id
 *	boot_id			boot in which the last payload was committed; empty
 *				once it is settled what became of that
 *	release			of the payload that was committed last
 *	generation		of the ledger in the kernel that has committed it
 *	confirmed_source	source of the last confirmed payload, if that kernel
 *				was not confirmed itself; not there if it was
 *
 *	version_floor		the newest version that was ever confirmed; no signed
 *				payload that is older is staged
 *	confirmed_version	version of the payload that was confirmed last: that one
 *				is staged all the same
 *
 * It is written before a payload is armed, and when a kernel is confirmed; what a
 * crash leaves is the old one or the new one (base/store.h). The main thread and a job's may both use it, never at a time: the
 * main thread writes only while there is no job.
 *
 * Which one counts, when they differ:
 *
 *	after a fast reboot	the ledger: it has made this boot, so it was not lost
 *	after any other boot	the larger number: the ledger may have been cleared,
 *				or the disk restored
 *
 * A commit of the running boot is not counted yet: it has not left.
 */
#ifndef FASTREBOOTD_MIRROR_H
#define FASTREBOOTD_MIRROR_H

#include <stdbool.h>
#include <stdint.h>

#include "pool.h"

#define MIRROR_BOOT_ID_SIZE 37

/**
 * struct mirror - the content of the file; all zero for one that is not there
 *
 * The members are those of the file; strings are owned and may be NULL.
 */
struct mirror {
	unsigned int tries;
	char boot_id[MIRROR_BOOT_ID_SIZE];
	char *release;
	uint64_t generation;
	char *confirmed_source;
	char *version_floor;
	char *confirmed_version;
};

/* Free what a mirror owns; it is all zero afterwards. */
void mirror_done(struct mirror *mirror);

#define _cleanup_mirror_ _cleanup_(mirror_done)

/**
 * mirror_load() - read the file
 * @root: folder that stands for /, "" for / itself
 * @ret_mirror: the content; untouched on failure
 * @error: what went wrong
 *
 * Return: 0, also if there is no file; a negative errno with FR_FAILED.
 */
int mirror_load(const char *root, struct mirror *ret_mirror,
		struct fr_error *error);

/**
 * mirror_store() - write the file, so that it survives a loss of power
 * @root: as of mirror_load()
 * @mirror: content
 * @error: what went wrong
 *
 * Return: 0; a negative errno with FR_FAILED or FR_NO_MEMORY, and the file as it
 * was.
 */
int mirror_store(const char *root, const struct mirror *mirror,
		 struct fr_error *error);

/**
 * mirror_apply() - give the pool the tries that count
 * @mirror: content
 * @boot_id: of the running boot
 * @pool: as the kernel tells it; its tries may grow
 *
 * Return: true if those on the disk count, and are not the ledger's.
 */
bool mirror_apply(const struct mirror *mirror, const char *boot_id,
		  struct fr_pool_status *pool);

/**
 * mirror_settle() - make it agree with a ledger that counts
 * @mirror: content
 * @boot_id: of the running boot
 * @pool: as the kernel tells it, before mirror_apply()
 *
 * Return: true if it has changed, and should be stored.
 */
bool mirror_settle(struct mirror *mirror, const char *boot_id,
		   const struct fr_pool_status *pool);

/**
 * mirror_commit() - a payload is about to be armed
 * @mirror: content; changed
 * @boot_id: of the running boot
 * @pool: after mirror_apply()
 * @release: of the payload
 *
 * Return: 0; -ENOMEM.
 */
int mirror_commit(struct mirror *mirror, const char *boot_id,
		  const struct fr_pool_status *pool, const char *release);

/**
 * mirror_take_back() - the machine stays: that commit was none
 * @mirror: content; changed
 * @boot_id: of the running boot
 *
 * Return: true if it has changed.
 */
bool mirror_take_back(struct mirror *mirror, const char *boot_id);

/**
 * mirror_confirm() - the running kernel is confirmed, as of now
 * @mirror: content; changed
 * @pool: as the kernel tells it
 */
void mirror_confirm(struct mirror *mirror, const struct fr_pool_status *pool);

/**
 * mirror_note_version() - have the floor grow with a kernel that is confirmed
 * @mirror: content; changed
 * @pool: as the kernel tells it; nothing changes unless it says that it is
 *
 * Versions are compared as strverscmp(3) does.
 *
 * Return: true if it has changed, and should be stored.
 */
bool mirror_note_version(struct mirror *mirror,
			 const struct fr_pool_status *pool);

/**
 * mirror_check_version() - is a payload new enough?
 * @mirror: content
 * @version: of a signed payload; NULL: it has none
 * @error: says what is
 *
 * Return: 0; -EPERM with FR_REFUSED.
 */
int mirror_check_version(const struct mirror *mirror, const char *version,
			 struct fr_error *error);

/**
 * mirror_way_back() - the source of what a rollback goes to
 * @mirror: content
 * @pool: as the kernel tells it
 *
 * Return: that of the payload before, or, if that was not confirmed, of the last
 * one that was; "" if it is not known. As long as the arguments.
 */
const char *mirror_way_back(const struct mirror *mirror,
			    const struct fr_pool_status *pool);

#endif
