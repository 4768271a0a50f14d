/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program, and its verbs. */
#ifndef CLI_H
#define CLI_H

#include "client.h"
#include "options.h"

/**
 * cli_main() - the program
 * @argc: number of words
 * @argv: the words
 *
 * Return: the exit status, an enum fr_failure.
 */
int cli_main(int argc, char **argv);

/* The verbs: each returns the exit status. */
int cli_status(const struct cli_request *request, struct client *client);
int cli_timeline(const struct cli_request *request, struct client *client);
int cli_confirm(const struct cli_request *request, struct client *client);
int cli_unstage(const struct cli_request *request, struct client *client);
int cli_stage(const struct cli_request *request, struct client *client);
int cli_verify(const struct cli_request *request, struct client *client);
int cli_commit(const struct cli_request *request, struct client *client);
int cli_rollback(const struct cli_request *request, struct client *client);
int cli_monitor(const struct cli_request *request, struct client *client);
int cli_cancel(const struct cli_request *request, struct client *client);
int cli_disarm(const struct cli_request *request, struct client *client);

/* And these without a daemon, too: @client may have no connection. */
int cli_list(const struct cli_request *request, struct client *client);
int cli_history(const struct cli_request *request, struct client *client);
int cli_check(const struct cli_request *request, struct client *client);
int cli_setup(const struct cli_request *request, struct client *client);

#endif
