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

/**
 * struct verb - what a verb does
 * @run: returns the exit status
 * @is_local: of local.c: the daemon makes what it says richer, where there is one
 */
struct verb {
	int (*run)(const struct cli_request *request, struct client *client);
	bool is_local;
};

/* By enum cli_verb_id; those that are not here have a command line of their own. */
static const struct verb verbs[] = {
	[CLI_STATUS] = { cli_status },
	[CLI_STAGE] = { cli_stage },
	[CLI_VERIFY] = { cli_verify },
	[CLI_COMMIT] = { cli_commit },
	[CLI_CONFIRM] = { cli_confirm },
	[CLI_ROLLBACK] = { cli_rollback },
	[CLI_UNSTAGE] = { cli_unstage },
	[CLI_TIMELINE] = { cli_timeline },
	[CLI_MONITOR] = { cli_monitor },
	[CLI_LIST] = { cli_list, true },
	[CLI_HISTORY] = { cli_history, true },
	[CLI_CANCEL] = { cli_cancel },
	[CLI_DISARM] = { cli_disarm },
	[CLI_CHECK] = { cli_check, true },
	[CLI_SETUP] = { cli_setup, true },
};

static int run(int argc, char **argv)
{
	struct client client = { 0 };
	struct cli_request request;
	const struct verb *verb;
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
	verb = &verbs[request.verb->id];
	if (client_open(request.private_socket, &client, &client.error) < 0 &&
	    !verb->is_local)
		return cli_report_error(&request, &client.error);
	status = verb->run(&request, &client);
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
