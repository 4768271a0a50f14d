// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fastreboot - what an operator types.
 *
 * The command parses, the daemon decides: here is no policy, no file of the pool
 * is opened, and nothing is known that the daemon did not say. The exceptions are
 * verbs that are about files: "state" and "manifest", see state.h and manifest-cli.h,
 * and those of local.c. So that all of it can be tested, the program is cli_main()
 * and this file is all that is not.
 */
#include "cli.h"

#include "standard-fds.h"

int main(int argc, char **argv)
{
	if (fr_standard_fds_init() < 0)
		return FR_FAILED;
	return cli_main(argc, argv);
}
