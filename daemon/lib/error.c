// SPDX-License-Identifier: GPL-2.0-or-later
#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const char *const failure_names[] = {
	[FR_OK] = "Ok",
	[FR_FAILED] = "Failed",
	[FR_USAGE] = "Usage",
	[FR_NOT_STAGED] = "NotStaged",
	[FR_REFUSED] = "Refused",
	[FR_VERIFICATION_FAILED] = "VerificationFailed",
	[FR_BUSY] = "Busy",
	[FR_NOT_PERMITTED] = "NotPermitted",
	[FR_NO_POOL] = "NoPool",
	[FR_UNSUPPORTED] = "Unsupported",
	[FR_INVALID_PAYLOAD] = "InvalidPayload",
	[FR_CANCELLED] = "Cancelled",
	[FR_NO_DAEMON] = "NoDaemon",
	[FR_STALE] = "Stale",
	[FR_TOO_LARGE] = "TooLarge",
	[FR_NOT_FOUND] = "NotFound",
	[FR_SIGNATURE] = "Signature",
	[FR_SOURCE_CHANGED] = "SourceChanged",
	[FR_NO_MEMORY] = "NoMemory",
	[FR_OTHER_PAYLOAD] = "OtherPayload",
};

#define N_FAILURES (sizeof(failure_names) / sizeof(failure_names[0]))

int fr_fail(struct fr_error *error, enum fr_failure failure, int err,
	    const char *format, ...)
{
	va_list arguments;

	if (!error)
		return err;
	error->failure = failure;
	va_start(arguments, format);
	vsnprintf(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);

	/* Names of files come from outside; a text stays one line. */
	for (char *c = error->text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 127)
			*c = '?';
	return err;
}

int fr_fail_memory(struct fr_error *error)
{
	return fr_fail(error, FR_NO_MEMORY, -ENOMEM, "out of memory");
}

const char *fr_failure_name(enum fr_failure failure)
{
	if ((size_t)failure >= N_FAILURES)
		return failure_names[FR_FAILED];
	return failure_names[failure];
}

enum fr_failure fr_failure_from_name(const char *name)
{
	const char *last = strrchr(name, '.');

	if (last)
		name = last + 1;
	for (size_t i = 0; i < N_FAILURES; i++)
		if (!strcmp(failure_names[i], name))
			return (enum fr_failure)i;
	return FR_FAILED;
}
