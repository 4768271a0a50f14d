// SPDX-License-Identifier: GPL-2.0-or-later
/* A manifest; what was understood is understood again, and means the same. */
#include "fuzz.h"

#include <string.h>

#include "manifest.h"

static void check_again(const struct fr_manifest *manifest)
{
	struct fr_manifest again = { 0 };
	char *text, *twice;

	if (fr_manifest_format(manifest, &text) < 0)
		return;
	fuzz_require(
		!fr_manifest_parse(text, strlen(text), "again", &again, NULL));
	fuzz_require(!fr_manifest_format(&again, &twice));
	fuzz_require(!strcmp(text, twice));
	fr_manifest_done(&again);
	free(twice);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fr_manifest manifest = { 0 };
	struct fr_error error = { 0 };
	int r;

	r = fr_manifest_parse((const char *)data, size, "file", &manifest,
			      &error);
	fuzz_require(r < 0 ? error.failure != FR_OK : error.failure == FR_OK);
	if (r < 0)
		return 0;
	fuzz_require(fr_manifest_is_version(manifest.version));
	fuzz_require(!manifest.kernel != !manifest.uki);
	fuzz_require(manifest.uki || manifest.cmdline ||
		     manifest.cmdline_words);
	if (manifest.cmdline)
		fuzz_require(!fr_manifest_check_cmdline(
			&manifest, manifest.cmdline, "file", NULL));
	check_again(&manifest);
	fr_manifest_done(&manifest);
	return 0;
}
