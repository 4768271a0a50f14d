// SPDX-License-Identifier: GPL-2.0-or-later
#include "report.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "show.h"
#include "text.h"

static int make_result(const struct cli_request *request,
		       const struct cli_result *result,
		       struct json_object **ret)
{
	_cleanup_json_ struct json_object *object = json_object_new_object();
	int err = object ? 0 : -ENOMEM;

	if (!err)
		err = cli_json_add(
			object, "schema",
			json_object_new_string("org.fastreboot.result/1"));
	if (!err)
		err = cli_json_add(object, "verb",
				   json_object_new_string(request->verb->name));
	if (!err)
		err = cli_json_add(object, "result",
				   json_object_new_string(result->name));
	if (!err)
		err = cli_json_add(object, "exit_status",
				   json_object_new_int(result->failure));
	if (!err)
		err = cli_json_add(object, "message",
				   json_object_new_string(result->message));
	if (!err && json_object_object_add(object, "details",
					   json_object_get(result->details)))
		err = -ENOMEM;
	if (!err)
		*ret = fr_steal_pointer(object);
	return err;
}

static int report_json(const struct cli_request *request,
		       const struct cli_result *result)
{
	_cleanup_json_ struct json_object *object = NULL;

	if (make_result(request, result, &object) < 0)
		return FR_NO_MEMORY;
	cli_json_print(stdout, object, isatty(STDOUT_FILENO));
	return result->failure;
}

/* What to do after something has gone well. */
static const char *next_step(const struct cli_request *request)
{
	if (request->dry_run)
		return "Nothing was changed.";
	if (request->verb->id == CLI_STAGE)
		return "Next: 'fastreboot commit --dry-run' checks it, "
		       "'fastreboot commit' reboots into it.";
	return NULL;
}

static void report_success(const struct cli_request *request,
			   const struct cli_result *result)
{
	const char *next = next_step(request);

	text_put(stdout, *result->message ? result->message : "Done");
	fputc('\n', stdout);
	show_segments(stdout, cli_json_member(result->details, "segments"), 2);
	if (next)
		printf("%s\n", next);
}

int cli_report(const struct cli_request *request,
	       const struct cli_result *result)
{
	if (request->json)
		return report_json(request, result);
	show_checks(stdout, result->details);
	if (result->failure == FR_OK) {
		report_success(request, result);
		return FR_OK;
	}
	fflush(stdout);
	fputs("fastreboot: ", stderr);
	text_put(stderr, *result->message ? result->message : result->name);
	fputc('\n', stderr);
	return result->failure;
}

int cli_report_error(const struct cli_request *request,
		     const struct fr_error *error)
{
	struct cli_result result = {
		.failure = error->failure == FR_OK ? FR_FAILED : error->failure,
		.message = error->text,
	};

	result.name = fr_failure_name(result.failure);
	return cli_report(request, &result);
}

void cli_print(const struct cli_request *request, struct json_object *object,
	       void (*show)(FILE *out, struct json_object *object))
{
	if (request->json)
		cli_json_print(stdout, object, isatty(STDOUT_FILENO));
	else
		show(stdout, object);
}
