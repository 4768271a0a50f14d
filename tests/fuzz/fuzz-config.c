// SPDX-License-Identifier: GPL-2.0-or-later
/* A configuration file; also what stands before an error has to be in order. */
#include "fuzz.h"

#include "config.h"

static void check_list(char **list)
{
	fuzz_require(list);
	for (; *list; list++)
		fuzz_require(**list == '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fr_error error = { 0 };
	struct fr_config config;
	int r;

	if (fr_config_default(&config) < 0)
		return 0;
	r = fr_config_parse(&config, (const char *)data, size, "file", &error);
	fuzz_require(r < 0 ? error.failure != FR_OK : error.failure == FR_OK);
	fuzz_require(config.max_kernel_size && config.max_initrd_size);
	fuzz_require(config.max_tries >= 1 && config.max_tries <= 1000);
	fuzz_require(config.hook_timeout_usec);
	fuzz_require(config.watchdog_usec % 1000000 == 0);
	fuzz_require(*config.watchdog_device == '/');
	fuzz_require(!config.metrics_file || *config.metrics_file == '/');
	check_list(config.trusted_certificates);
	check_list(config.boot_roots);
	fr_config_done(&config);
	return 0;
}
