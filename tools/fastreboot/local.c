// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Verbs that look at files of the system, and so work without a daemon, too. What
 * they may read is up to the files: boot loader entries, the journal.
 */
#include <errno.h>

#include "check.h"
#include "cli.h"
#include "config.h"
#include "list.h"
#include "report.h"
#include "root.h"
#include "setup.h"
#include "show.h"
#include "updates.h"

/* What is staged and what runs is left out where the daemon can't be asked. */
int cli_list(const struct cli_request *request, struct client *client)
{
	_cleanup_json_ struct json_object *status = NULL;
	_cleanup_json_ struct json_object *list = NULL;
	_cleanup_config_ struct fr_config config = { 0 };
	struct fr_error error = { 0 };

	if (client->bus)
		client_fetch(client, "Describe", "org.fastreboot.status/1",
			     &status, &error);
	if (fr_config_load(fr_root(), &config, &error) < 0 ||
	    list_make(&config, status, &list, &error) < 0)
		return cli_report_error(request, &error);
	cli_print(request, list, show_list);
	return FR_OK;
}

int cli_history(const struct cli_request *request, struct client *client)
{
	_cleanup_json_ struct json_object *updates = NULL;
	struct fr_error error = { 0 };

	if (updates_make(request->count, &updates, &error) < 0)
		return cli_report_error(request, &error);
	cli_print(request, updates, show_updates);
	return FR_OK;
}

/* A problem is not a failure of the check, but its exit status says so. */
int cli_check(const struct cli_request *request, struct client *client)
{
	_cleanup_json_ struct json_object *checks = NULL;
	struct fr_error error = { 0 };
	unsigned int problems;

	if (check_make(client, &checks, &problems, &error) < 0)
		return cli_report_error(request, &error);
	cli_print(request, checks, show_doctor);
	return problems ? FR_REFUSED : FR_OK;
}

static int do_setup(const struct cli_request *request,
		    const struct setup_plan *plan)
{
	_cleanup_json_ struct json_object *details = NULL;
	struct fr_error error = { 0 };

	if (!request->dry_run && setup_plan_do(plan, &error) < 0)
		return cli_report_error(request, &error);
	if (setup_plan_json(plan, &details) < 0) {
		fr_fail_memory(&error);
		return cli_report_error(request, &error);
	}
	if (!request->json)
		show_setup(stdout, details);
	return cli_report(
		request,
		&(struct cli_result){
			.name = "done",
			.message =
				*plan->parameter ?
					"The next boot by firmware has the pool" :
					"The next boot by firmware has no pool",
			.details = details });
}

int cli_setup(const struct cli_request *request, struct client *client)
{
	const struct setup_request wanted = { .size = request->size,
					      .state_size = request->state_size,
					      .undo = request->undo };
	_cleanup_setup_plan_ struct setup_plan plan = { 0 };
	_cleanup_config_ struct fr_config config = { 0 };
	struct fr_error error = { 0 };

	if (fr_config_load(fr_root(), &config, &error) < 0 ||
	    setup_plan_make(&wanted, &config, &plan, &error) < 0)
		return cli_report_error(request, &error);
	return do_setup(request, &plan);
}
