/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pool as the running kernel shows it in /sys/kernel/fastreboot.
 *
 * The kernel's files are the truth; nothing here is kept in a file of our own.
 * fr_pool_read() takes a copy of all of them, and the other functions write one
 * file each. A failed write changes nothing in the kernel, except where the
 * comment says so.
 *
 * Reading some of the files waits for the kernel while it hashes a payload;
 * fr_pool_read_states() never does.
 *
 * The functions keep no state and may be called from any thread.
 */
#ifndef FR_POOL_H
#define FR_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "error.h"
#include "payload.h"

/* As in the kernel's <linux/fastreboot.h> and its ABI document. */
#define FR_SLOTS_MAX 8
/* Most bytes of a source, with the members that the daemon adds. */
#define FR_SLOT_SOURCE_MAX 4000

/* No slot, where the kernel says "none". */
#define FR_SLOT_NONE (-1)

/**
 * enum fr_slot_status - what a slot holds
 * @FR_SLOT_UNKNOWN: a word of a newer kernel; the slot is left alone
 */
enum fr_slot_status {
	FR_SLOT_UNKNOWN,
	FR_SLOT_EMPTY,
	FR_SLOT_STAGING,
	FR_SLOT_SEALED,
	FR_SLOT_ARMED,
	FR_SLOT_RUNNING,
	FR_SLOT_BAD,
};

/**
 * struct fr_slot_segment - a segment of a sealed payload
 * @size: bytes; 0 if the payload has no such segment
 * @address: physical address that it will have in the next kernel
 * @direct: it is there already; else it is overflow
 * @sha256: in hexadecimal; empty if it is not known
 */
struct fr_slot_segment {
	uint64_t size;
	uint64_t address;
	bool direct;
	char sha256[65];
};

/**
 * struct fr_slot - a slot
 * @number: from 0
 * @status: what it holds
 * @size: bytes that it has for a payload
 * @release: of the kernel in it; empty if not known
 * @stale: "no", "memory", "cpu" or a word of a newer kernel
 * @cmdline: of the payload
 * @source: what was written with fr_slot_set_source(); empty if nothing was
 * @segments: indexed by enum fr_segment
 */
struct fr_slot {
	unsigned int number;
	enum fr_slot_status status;
	uint64_t size;
	char *release;
	char *stale;
	char *cmdline;
	char *source;
	struct fr_slot_segment segments[FR_SEGMENTS];
};

/**
 * struct fr_pool_status - all that the kernel tells
 * @present: there is a pool; else only @error, @version and @boot_reason count
 * @start: physical address of the first byte
 * @end: physical address of the last byte
 * @error: why there is no pool; empty if there is, or none was asked for
 * @version: of the ledger
 * @generation: fast reboots since the ledger was made
 * @boot_reason: how the running kernel was started
 * @previous_release: of the kernel before; empty if not known
 * @source: of the running payload; empty if not known
 * @previous_source: of the payload that ran before; empty if not known
 * @state_volume: addresses of the state volume, "none", or empty if not known
 * @running: number of the slot that the kernel runs in, or FR_SLOT_NONE
 * @armed: number of the slot that the next kexec reboot jumps to, or
 *	FR_SLOT_NONE
 * @tries: fast reboots since a kernel was confirmed
 * @n_slots: slots in @slots
 * @slots: the slots
 *
 * No string is NULL. Starts as { 0 }; fr_pool_status_clear() frees the content.
 */
struct fr_pool_status {
	bool present;
	uint64_t start;
	uint64_t end;
	char *error;
	char *version;
	uint64_t generation;
	char *boot_reason;
	char *previous_release;
	char *source;
	char *previous_source;
	char *state_volume;
	int running;
	int armed;
	unsigned int tries;
	size_t n_slots;
	struct fr_slot slots[FR_SLOTS_MAX];
};

/**
 * fr_pool_root() - where the kernel's files are
 *
 * Return: /sys/kernel/fastreboot; a test's build takes $FASTREBOOT_SYSFS.
 */
const char *fr_pool_root(void);

/**
 * fr_pool_read() - read everything
 * @ret_status: what it was, the old content not freed; untouched on failure
 * @error: what went wrong
 *
 * A kernel without a pool is no error: @ret_status->present tells. The files
 * are read one after the other, so that they may disagree while the pool is
 * written to.
 *
 * Return: 0; -EOPNOTSUPP with FR_UNSUPPORTED if the kernel has no fast reboot;
 * -EBADMSG with FR_UNSUPPORTED if a file is not as documented; -ENOMEM; another
 * negative errno with FR_FAILED from reading.
 */
int fr_pool_read(struct fr_pool_status *ret_status, struct fr_error *error);

/**
 * fr_pool_read_states() - bring what can be read without waiting up to date
 * @status: as it was read before; its slots' status, @armed and @tries change
 *
 * What can't be read stays as it was.
 */
void fr_pool_read_states(struct fr_pool_status *status);

/**
 * fr_pool_check() - is there a pool?
 * @status: as it was read
 * @error: why not, and what to do about it
 *
 * Return: 0, or -ENODEV with FR_NO_POOL.
 */
int fr_pool_check(const struct fr_pool_status *status, struct fr_error *error);

/**
 * fr_pool_is_confirmed() - is the running kernel one that was declared good?
 * @status: as it was read
 *
 * Return: true also for a kernel that was not started by a fast reboot.
 */
bool fr_pool_is_confirmed(const struct fr_pool_status *status);

/**
 * fr_pool_has_state() - is there a state volume?
 * @status: as it was read
 */
bool fr_pool_has_state(const struct fr_pool_status *status);

/**
 * fr_pool_status_clear() - free the content
 * @status: may be empty; is empty afterwards
 */
void fr_pool_status_clear(struct fr_pool_status *status);

#define _cleanup_pool_status_ _cleanup_(fr_pool_status_clear)

/**
 * fr_pool_read_timeline() - the file "timeline" as it is
 * @ret_text: the text, to be freed by the caller; empty if the kernel was not
 *	started by kexec
 * @error: what went wrong
 *
 * Return: 0 or a negative errno as of fr_pool_read().
 */
int fr_pool_read_timeline(char **ret_text, struct fr_error *error);

/**
 * fr_slot_status_name() - the kernel's word for a status
 * @status: of a slot
 *
 * Return: a constant, "unknown" for FR_SLOT_UNKNOWN.
 */
const char *fr_slot_status_name(enum fr_slot_status status);

/**
 * fr_slot_begin() - start staging
 * @slot: number of an empty or bad slot
 * @error: what went wrong
 *
 * Return: 0 or a negative errno, as all functions below.
 */
int fr_slot_begin(unsigned int slot, struct fr_error *error);

/**
 * struct fr_slot_writer - the open segment files of a slot that is staging
 * @slot: its number
 * @fds: indexed by enum fr_segment; -1 where nothing was written yet
 */
struct fr_slot_writer {
	unsigned int slot;
	int fds[FR_SEGMENTS];
};

#define FR_SLOT_WRITER(number) { .slot = (number), .fds = { -1, -1, -1, -1 } }

/**
 * fr_slot_write() - write the next part of a segment
 * @writer: started as FR_SLOT_WRITER(slot)
 * @segment: the same as before or a later one
 * @data: what to write
 * @size: bytes of it; any number
 * @error: what went wrong
 */
int fr_slot_write(struct fr_slot_writer *writer, enum fr_segment segment,
		  const void *data, size_t size, struct fr_error *error);

/**
 * fr_slot_writer_close() - close the files
 * @writer: may be closed already
 *
 * The slot is left as it is: seal or abort it.
 */
void fr_slot_writer_close(struct fr_slot_writer *writer);

/* Set the command line of a slot that is staging. */
int fr_slot_set_cmdline(unsigned int slot, const char *cmdline,
			struct fr_error *error);

/*
 * Set the source of a slot that is staging. A kernel that has no such file is
 * older than rollback; that is no error.
 */
int fr_slot_set_source(unsigned int slot, const char *source,
		       struct fr_error *error);

/* End staging. The slot is sealed; on failure staging, or bad. */
int fr_slot_seal(unsigned int slot, struct fr_error *error);

/* Give up staging. The slot is empty. */
int fr_slot_abort(unsigned int slot, struct fr_error *error);

/* Forget the payload of a sealed or bad slot. The slot is empty. */
int fr_slot_clear(unsigned int slot, struct fr_error *error);

/* Compare the content with the hashes of the seal. A slot that differs is bad. */
int fr_slot_verify(unsigned int slot, struct fr_error *error);

/* Make a sealed slot what the next kexec reboot jumps to. */
int fr_pool_arm(unsigned int slot, struct fr_error *error);

/* Make the next reboot an ordinary one again. */
int fr_pool_disarm(struct fr_error *error);

/* Declare the running kernel good. */
int fr_pool_confirm(struct fr_error *error);

/* Say where the running kernel came from, at most FR_SLOT_SOURCE_MAX bytes. */
int fr_pool_set_source(const char *source, struct fr_error *error);

#ifdef FR_TESTING
/*
 * What a test's build writes with instead of write(2): @path is that of the
 * file, @offset that in a segment. Returns 0 or a negative errno. The default
 * writes to an ordinary file.
 */
extern int (*fr_pool_testing_write)(const char *path, const void *data,
				    size_t size, uint64_t offset);
#endif

#endif
