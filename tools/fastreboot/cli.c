// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "manifest-cli.h"
#include "report.h"
#include "state.h"

#ifndef FASTREBOOT_VERSION
#define FASTREBOOT_VERSION "0"
#endif

typedef int (*verb_function)(const struct cli_request *request,
			     struct client *client);

/* By enum cli_verb_id. */
static const verb_function verb_functions[] = {
	[CLI_STATUS] = cli_status,   [CLI_STAGE] = cli_stage,
	[CLI_VERIFY] = cli_verify,   [CLI_COMMIT] = cli_commit,
	[CLI_CONFIRM] = cli_confirm, [CLI_ROLLBACK] = cli_rollback,
	[CLI_UNSTAGE] = cli_unstage, [CLI_TIMELINE] = cli_timeline,
	[CLI_MONITOR] = cli_monitor, [CLI_LIST] = cli_list,
	[CLI_HISTORY] = cli_history, [CLI_CANCEL] = cli_cancel,
	[CLI_DISARM] = cli_disarm,   [CLI_CHECK] = cli_check,
	[CLI_SETUP] = cli_setup,
};

/* Those of local.c: the daemon makes what they say richer, where there is one. */
static bool needs_daemon(const struct cli_verb *verb)
{
	return verb->id != CLI_LIST && verb->id != CLI_HISTORY &&
	       verb->id != CLI_CHECK && verb->id != CLI_SETUP;
}

static int run(int argc, char **argv)
{
	struct client client = { 0 };
	struct cli_request request;
	struct fr_error error = { 0 };
	int status = cli_is_asked(argc, argv, "state");

	if (status)
		return state_main(argc, argv, status);
	status = cli_is_asked(argc, argv, "manifest");
	if (status)
		return manifest_main(argc, argv, status);
	if (cli_parse(argc, argv, &request, &error) < 0)
		return cli_report_error(&request, &error);
	if (request.help) {
		cli_print_help(stdout,
			       request.verb_given ? request.verb : NULL);
		return FR_OK;
	}
	if (request.version) {
		puts("fastreboot " FASTREBOOT_VERSION);
		return FR_OK;
	}
	if (client_open(request.private_socket, &client, &error) < 0 &&
	    needs_daemon(request.verb))
		return cli_report_error(&request, &error);
	status = verb_functions[request.verb->id](&request, &client);
	client_close(&client);
	return status;
}

int cli_main(int argc, char **argv)
{
	int status;

	/* For the names of days; everything else is the same everywhere. */
	setlocale(LC_TIME, "");
	status = run(argc, argv);
	/* A full disk behind a redirection is a failure, too. */
	errno = 0;
	if (fflush(stdout) == EOF || ferror(stdout)) {
		/* Without an errno it was an earlier write that failed. */
		fprintf(stderr, "fastreboot: writing the output: %s\n",
			errno ? strerror(errno) : "not all of it is there");
		return status ? status : FR_FAILED;
	}
	return status;
}
