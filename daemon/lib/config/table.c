// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The settings are a table: section, key, function that reads the value, place
 * in struct fr_config, bounds. A new one is a line there, one in
 * fr_config_default(), and its paragraph in units/fastreboot.conf and the man
 * page; the unit test notices when the code and the file differ.
 */
#include "table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "config.h"
#include "strv.h"
#include "values.h"

#define FIELD(name) offsetof(struct fr_config, name)

static const struct setting settings[] = {
	{ "Stage", "MaxKernelSize", setting_parse_size, FIELD(max_kernel_size),
	  1, 1ULL << 40 },
	{ "Stage", "MaxInitrdSize", setting_parse_size, FIELD(max_initrd_size),
	  1, 1ULL << 40 },
	{ "Stage", "MaxRootImageSize", setting_parse_size,
	  FIELD(max_root_image_size), 1, 1ULL << 40 },
	{ "Stage", "TrustedCertificates", setting_parse_paths,
	  FIELD(trusted_certificates), 0, 0 },
	{ "Stage", "RevocationLists", setting_parse_paths,
	  FIELD(revocation_lists), 0, 0 },
	{ "Stage", "BootRoots", setting_parse_paths, FIELD(boot_roots), 0, 0 },
	{ "Commit", "MaxTries", setting_parse_count, FIELD(max_tries), 1,
	  1000 },
	{ "Commit", "HookTimeoutSec", setting_parse_time,
	  FIELD(hook_timeout_usec), 1, USEC_PER_DAY },
	{ "Commit", "SyncTimeoutSec", setting_parse_time,
	  FIELD(sync_timeout_usec), 1, USEC_PER_DAY },
	{ "Commit", "MaxBlackoutSec", setting_parse_time,
	  FIELD(max_blackout_usec), 0, USEC_PER_DAY },
	{ "Commit", "WatchdogDevice", setting_parse_path,
	  FIELD(watchdog_device), 1, 0 },
	{ "Commit", "WatchdogSec", setting_parse_whole_seconds,
	  FIELD(watchdog_usec), 0, USEC_PER_DAY },
	{ "Confirm", "TimeoutSec", setting_parse_time,
	  FIELD(confirm_timeout_usec), 0, 365 * USEC_PER_DAY },
	{ "Rollback", "Automatic", setting_parse_bool,
	  FIELD(rollback_automatic), 0, 0 },
	{ "Rollback", "FailureAction", setting_parse_failure_action,
	  FIELD(failure_action), 0, 0 },
	{ "Health", "Gate", setting_parse_bool, FIELD(health_gate), 0, 0 },
	{ "Health", "Units", setting_parse_units, FIELD(health_units), 0, 0 },
	{ "Health", "IgnoreUnits", setting_parse_patterns,
	  FIELD(health_ignore_units), 0, 0 },
	{ "Health", "Network", setting_parse_bool, FIELD(health_network), 0,
	  0 },
	{ "Health", "TimeoutSec", setting_parse_time,
	  FIELD(health_timeout_usec), 1, USEC_PER_DAY },
	{ "Health", "SettleSec", setting_parse_time, FIELD(health_settle_usec),
	  0, USEC_PER_HOUR },
	{ "Metrics", "File", setting_parse_path, FIELD(metrics_file), 0, 0 },
};

#define N_SETTINGS (sizeof(settings) / sizeof(settings[0]))

/* Sections that there are. */
static const char *const sections[] = { "Stage",    "Commit", "Confirm",
					"Rollback", "Health", "Metrics" };

#define N_SECTIONS (sizeof(sections) / sizeof(sections[0]))

static int set_lists(struct fr_config *config)
{
	static const char *const roots[] = { "/boot", "/boot/efi", "/efi" };

	if (setting_reset_list(&config->trusted_certificates) < 0 ||
	    setting_reset_list(&config->revocation_lists) < 0 ||
	    setting_reset_list(&config->health_units) < 0 ||
	    setting_reset_list(&config->health_ignore_units) < 0 ||
	    setting_reset_list(&config->boot_roots) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		char *root = strdup(roots[i]);

		if (!root || fr_strv_add(&config->boot_roots, root) < 0)
			return -ENOMEM;
	}
	return 0;
}

int fr_config_default(struct fr_config *ret)
{
	_cleanup_config_ struct fr_config config = {
		.max_kernel_size = 256ULL << 20,
		.max_initrd_size = 2ULL << 30,
		.max_root_image_size = 2ULL << 30,
		.max_tries = 3,
		.hook_timeout_usec = 30 * USEC_PER_SEC,
		.sync_timeout_usec = 1 * USEC_PER_MIN,
		.max_blackout_usec = 0,
		.watchdog_usec = 60 * USEC_PER_SEC,
		.confirm_timeout_usec = 5 * USEC_PER_MIN,
		.rollback_automatic = true,
		.failure_action = FR_FAILURE_ACTION_REBOOT,
		.health_gate = true,
		.health_network = true,
		.health_timeout_usec = 1 * USEC_PER_MIN,
		.health_settle_usec = 5 * USEC_PER_SEC,
	};

	config.watchdog_device = strdup("/dev/watchdog");
	if (!config.watchdog_device || set_lists(&config) < 0)
		return -ENOMEM;
	*ret = config;
	config = (struct fr_config){ 0 };
	return 0;
}

void fr_config_done(struct fr_config *config)
{
	fr_strv_free(config->trusted_certificates);
	fr_strv_free(config->revocation_lists);
	fr_strv_free(config->boot_roots);
	fr_strv_free(config->health_units);
	fr_strv_free(config->health_ignore_units);
	free(config->watchdog_device);
	free(config->metrics_file);
	fr_strv_free(config->passed_over);
	*config = (struct fr_config){ 0 };
}

const struct setting *config_find_setting(const char *section, const char *key)
{
	for (size_t i = 0; i < N_SETTINGS; i++)
		if (!strcmp(settings[i].section, section) &&
		    !strcmp(settings[i].key, key))
			return &settings[i];
	return NULL;
}

const char *config_find_section(const char *name)
{
	for (size_t i = 0; i < N_SECTIONS; i++)
		if (!strcmp(sections[i], name))
			return sections[i];
	return NULL;
}
