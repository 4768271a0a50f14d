/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inputs: the files that a payload is read from. Only the files of this folder
 * include this.
 *
 * An input is opened once, and what is decided by looking into it is noted, so
 * that a pass (pass.h) can tell whether the bytes are still the same.
 */
#ifndef FR_PAYLOAD_INPUT_H
#define FR_PAYLOAD_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "error.h"
#include "sha256.h"

/**
 * struct note - bytes that were seen
 * @next: one that was seen before, or NULL
 * @offset: where in the file
 * @size: how many
 * @data: the bytes, and a NUL behind them
 */
struct note {
	struct note *next;
	uint64_t offset;
	size_t size;
	char data[];
};

/**
 * struct input - an open file, as it was when it was checked
 * @path: its name
 * @fd: file descriptor; -1 for none
 * @stat: what fstat(2) said then
 * @is_bound: a trusted signature says that its hash is @sha256
 * @sha256: hash of all of it
 * @notes: what was seen by input_look()
 */
struct input {
	char *path;
	int fd;
	struct stat stat;
	bool is_bound;
	uint8_t sha256[FR_SHA256_SIZE];
	struct note *notes;
};

/**
 * input_open() - open a file and check its size
 * @path: absolute name
 * @limit: most bytes that it may have
 * @ret: to be given to input_done()
 * @error: why not
 *
 * Return: 0; a negative errno, with FR_NOT_FOUND, FR_INVALID_PAYLOAD,
 * FR_TOO_LARGE, FR_NO_MEMORY or FR_FAILED.
 */
int input_open(const char *path, uint64_t limit, struct input *ret,
	       struct fr_error *error);

/**
 * input_hash() - read all of a file, and take down its hash
 * @input: open input
 * @error: why not
 *
 * Return: 0; -ESTALE with FR_SOURCE_CHANGED when the file has another size now; the
 * errno of reading; -ENOMEM.
 */
int input_hash(struct input *input, struct fr_error *error);

/**
 * input_look() - look at a range, which has to lie within the file
 * @input: open input; the bytes are noted
 * @offset: of the range
 * @size: of it
 * @ret: the bytes with a NUL behind them, as long as the input is open
 * @error: why not
 *
 * Return: 0; -ESTALE with FR_SOURCE_CHANGED when the file has become shorter; the
 * errno of reading; -ENOMEM.
 */
int input_look(struct input *input, uint64_t offset, size_t size,
	       const char **ret, struct fr_error *error);

/* Is the file, by all that fstat(2) says, the one that was opened? */
bool input_is_unchanged(const struct input *input);

/* Say why opening or reading has failed. Return: @err, which is negative. */
int input_fail(const char *path, int err, struct fr_error *error);

/* Say that the file has changed. Return: -ESTALE. */
int input_fail_changed(const struct input *input, struct fr_error *error);

/* Close it and free what it points to. */
void input_done(struct input *input);

#endif
