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

/* In the order of enum cli_verb_id. */
static int (*const verb_functions[])(const struct cli_request *request,
				     struct client *client) = {
	cli_status,   cli_stage,   cli_verify,	 cli_commit,  cli_confirm,
	cli_rollback, cli_unstage, cli_timeline, cli_monitor,
};

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
	if (client_open(request.private_socket, &client, &error) < 0)
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
