// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A command line that gets a root image. The first byte says how; whatever the
 * line is, what comes out has a root device, keeps what is init's, and does not
 * change when it is done again.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "cmdline.h"

static char *add(const char *cmdline, bool replace)
{
	char *result = NULL;

	fuzz_require(!fr_cmdline_add_root(cmdline, "erofs", replace, &result));
	fuzz_require(result);
	return result;
}

static char *root_of(const char *cmdline)
{
	char *root = NULL;

	fuzz_require(!fr_cmdline_value(cmdline, "root", &root));
	return root;
}

static void check(const char *cmdline, bool replace)
{
	char *before = root_of(cmdline);
	char *once = add(cmdline, replace);
	char *twice = add(once, replace);
	char *after = root_of(once);

	fuzz_require(after);
	fuzz_require(
		!strcmp(after, before && !replace ? before : FR_ROOT_DEVICE));
	fuzz_require(!strcmp(once, twice));
	free(before);
	free(once);
	free(twice);
	free(after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *cmdline;

	if (!size || size > 4096)
		return 0;
	cmdline = strndup((const char *)data + 1, size - 1);
	if (!cmdline)
		return 0;
	check(cmdline, *data & 1);
	free(cmdline);
	return 0;
}
