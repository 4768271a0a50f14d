/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What went wrong, for the program and for people.
 *
 * A function of this library that can fail for a reason worth telling returns a
 * negative errno and fills a struct fr_error. The errno is for the caller's
 * code, the failure for the CLI's exit code and the D-Bus error's name, and the
 * text for people: it says what was found and what to do about it. The library
 * itself logs nothing.
 */
#ifndef FR_ERROR_H
#define FR_ERROR_H

/**
 * enum fr_failure - kinds of failure
 *
 * The numbers are the exit codes of fastreboot(1), and the names, without
 * prefix and in camel case, end the names of the D-Bus errors. Both are an ABI:
 * kinds are added, never renumbered.
 */
enum fr_failure {
	FR_OK = 0,
	FR_FAILED = 1,
	FR_USAGE = 2,
	FR_NOT_STAGED = 3,
	FR_REFUSED = 4,
	FR_VERIFICATION_FAILED = 5,
	FR_BUSY = 6,
	FR_NOT_PERMITTED = 7,
	FR_NO_POOL = 8,
	FR_UNSUPPORTED = 9,
	FR_INVALID_PAYLOAD = 10,
	FR_CANCELLED = 11,
	FR_NO_DAEMON = 12,
	FR_STALE = 13,
	FR_TOO_LARGE = 14,
	FR_NOT_FOUND = 15,
	FR_SIGNATURE = 16,
	FR_SOURCE_CHANGED = 17,
	FR_NO_MEMORY = 18,
	FR_OTHER_PAYLOAD = 19,
};

/**
 * struct fr_error - a failure and its text
 * @failure: its kind; FR_OK in an error that was not filled
 * @text: one line for people, cut at the array's end, without a newline
 *
 * Lives on the caller's stack, starts as { 0 } and owns nothing.
 */
struct fr_error {
	enum fr_failure failure;
	char text[512];
};

/**
 * fr_fail() - fill an error
 * @error: where to; NULL when the caller wants no text
 * @failure: kind of failure
 * @err: negative errno to return
 * @format: as for printf(3); control characters in the result become '?'
 *
 * Return: @err, so that a failing function ends with "return fr_fail(...)".
 */
int fr_fail(struct fr_error *error, enum fr_failure failure, int err,
	    const char *format, ...) __attribute__((__format__(printf, 4, 5)));

/**
 * fr_fail_memory() - fill an error for memory that could not be had
 * @error: where to; NULL when the caller wants no text
 *
 * Return: -ENOMEM.
 */
int fr_fail_memory(struct fr_error *error);

/**
 * fr_failure_name() - the name of a kind of failure
 * @failure: kind of failure
 *
 * Return: "NotStaged" and the like, a constant; "Failed" for numbers without a
 * name.
 */
const char *fr_failure_name(enum fr_failure failure);

/**
 * fr_failure_from_name() - the opposite of fr_failure_name()
 * @name: name of a kind, or a whole D-Bus error name that ends with it
 *
 * Return: the kind, FR_FAILED for a name that is not known.
 */
enum fr_failure fr_failure_from_name(const char *name);

#endif
