/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a verb has come to, as JSON or for people. */
#ifndef REPORT_H
#define REPORT_H

#include "error.h"
#include "json.h"
#include "options.h"

/**
 * struct cli_result - what a verb that changes something has come to
 * @failure: FR_OK, or why it failed
 * @name: "done", or the name of the failure
 * @message: one line for people; may be empty
 * @details: more of it, or NULL
 */
struct cli_result {
	enum fr_failure failure;
	const char *name;
	const char *message;
	struct json_object *details;
};

/**
 * cli_report() - print a result, as JSON or for people
 * @request: what was asked for
 * @result: what it has come to
 *
 * Return: the exit status.
 */
int cli_report(const struct cli_request *request,
	       const struct cli_result *result);

/**
 * cli_report_error() - the same for an error
 * @request: what was asked for
 * @error: what went wrong
 *
 * Return: the exit status, never 0.
 */
int cli_report_error(const struct cli_request *request,
		     const struct fr_error *error);

/**
 * cli_print() - print an object as JSON, or as text for people
 * @request: what was asked for
 * @object: the object
 * @show: prints it for people
 */
void cli_print(const struct cli_request *request, struct json_object *object,
	       void (*show)(FILE *out, struct json_object *object));

#endif
