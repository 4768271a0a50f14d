// SPDX-License-Identifier: GPL-2.0-or-later
/* The doctor's checks of the system: configuration, units, files. */
#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fastreboot-state.h"
#include "files.h"
#include "io.h"
#include "list.h"
#include "root.h"
#include "text.h"

void check_configuration(struct doctor *doctor)
{
	char **passed_over = doctor->config.passed_over;

	if (doctor->config_error.failure)
		check_say(doctor, "configuration", CHECK_PROBLEM,
			  "mend the line: until then nothing can be staged",
			  "%s", doctor->config_error.text);
	else if (passed_over && *passed_over)
		check_say(doctor, "configuration", CHECK_WARNING,
			  "mend the line, or take it out", "%s", *passed_over);
	else
		check_say(doctor, "configuration", CHECK_OK, NULL,
			  "it is in order");
}

/* What `systemctl enable` makes, wherever presets or an administrator did so. */
static bool is_enabled(const char *target, const char *kind, const char *unit)
{
	static const char *const folders[] = { "/etc/systemd/system",
					       "/usr/lib/systemd/system",
					       "/lib/systemd/system" };
	char path[256];

	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s.%s/%s", folders[i], target,
			 kind, unit);
		if (files_exist(path))
			return true;
	}
	return false;
}

static void check_confirmation(struct doctor *doctor)
{
	if (is_enabled("multi-user.target", "wants",
		       "fastreboot-confirm.service"))
		check_say(
			doctor, "confirmation", CHECK_OK, NULL,
			"fastreboot-confirm.service confirms a kernel when the system is up");
	else
		check_say(
			doctor, "confirmation", CHECK_PROBLEM,
			"systemctl enable fastreboot-confirm.service, or confirm by other means",
			"fastreboot-confirm.service is not enabled: a good update is rolled back as well");
}

static void check_gate(struct doctor *doctor)
{
	if (!doctor->config.health_gate)
		check_say(
			doctor, "health-gate", CHECK_NOTE,
			"set Gate=yes in fastreboot.conf",
			"it is off: a kernel counts as good when the system is up");
	else if (is_enabled("boot-complete.target", "requires",
			    "fastreboot-health.service"))
		check_say(doctor, "health-gate", CHECK_OK, NULL,
			  "units and network have to be as before an update");
	else
		check_say(
			doctor, "health-gate", CHECK_WARNING,
			"systemctl enable fastreboot-health.service",
			"fastreboot-health.service is not enabled: a kernel counts as good when the system is up");
}

void check_units(struct doctor *doctor)
{
	if (!files_exist("/run/systemd/system")) {
		check_say(doctor, "confirmation", CHECK_NOTE,
			  "call 'fastreboot confirm' when the system is good",
			  "systemd does not run here");
		return;
	}
	check_confirmation(doctor);
	check_gate(doctor);
}

void check_signatures(struct doctor *doctor)
{
	char lockdown[128];

	files_read_line("/sys/kernel/security/lockdown", lockdown,
			sizeof(lockdown));
	if (*doctor->config.trusted_certificates)
		check_say(doctor, "signatures", CHECK_OK, NULL,
			  "payloads have to be signed");
	else if (strstr(lockdown, "[integrity]") ||
		 strstr(lockdown, "[confidentiality]"))
		check_say(
			doctor, "signatures", CHECK_NOTE,
			"set TrustedCertificates= in fastreboot.conf to cover initrds and command lines, too",
			"the kernel is locked down and checks kernels, and nothing else is checked");
	else
		check_say(
			doctor, "signatures", CHECK_NOTE,
			"set TrustedCertificates= in fastreboot.conf",
			"payloads need not be signed: root decides what is booted");
}

static bool is_mounted(const char *path)
{
	char line[1024], mount[512];
	_cleanup_fclose_ FILE *file = fopen("/proc/self/mounts", "re");

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%*s %511s", mount) == 1 &&
		    !strcmp(mount, path))
			return true;
	return false;
}

void check_state_volume(struct doctor *doctor)
{
	if (!doctor->supported || doctor->pool_error.failure)
		return;
	if (!fr_pool_has_state(&doctor->pool))
		check_say(
			doctor, "state-volume", CHECK_NOTE,
			"add ,state=<size> to fastreboot= if applications are to keep state in memory",
			"there is none");
	else if (is_mounted(FR_STATE_ROOT))
		check_say(doctor, "state-volume", CHECK_OK, NULL,
			  "it is mounted at " FR_STATE_ROOT);
	else
		check_say(
			doctor, "state-volume", CHECK_WARNING,
			"systemctl status var-lib-fastreboot-state.mount fastreboot-state.service says why",
			"there is one, but it is not mounted");
}

void check_journal(struct doctor *doctor)
{
	if (files_exist("/var/log/journal"))
		check_say(doctor, "journal", CHECK_OK, NULL,
			  "it is kept across reboots");
	else
		check_say(
			doctor, "journal", CHECK_NOTE,
			"mkdir /var/log/journal, or Storage=persistent in journald.conf",
			"it is not kept across reboots: 'fastreboot history' and what a kernel did before it failed are lost");
}

static void say_fit(struct doctor *doctor, const char *name, uint64_t size)
{
	uint64_t slot = doctor->pool.slots[0].size;
	char needs[TEXT_MAX], has[TEXT_MAX];

	text_size(size, needs);
	text_size(slot, has);
	if (size > slot)
		check_say(
			doctor, "slots", CHECK_WARNING,
			"make the pool larger: fastreboot=<size>, of which each of two slots gets about a half",
			"%s takes about %s, a slot has %s: what does not fit is copied in the blackout",
			name, needs, has);
	else
		check_say(doctor, "slots", CHECK_OK, NULL,
			  "%s takes about %s, a slot has %s", name, needs, has);
}

/* The first that can be staged stands for all: the newest kernel. */
static void check_fit(struct doctor *doctor, struct json_object *entry)
{
	uint64_t size;

	if (!doctor->supported || doctor->pool_error.failure)
		return;
	size = list_measure(&doctor->config, entry);
	if (size)
		say_fit(doctor, cli_json_text(entry, "name"), size);
}

static void say_entries(struct doctor *doctor, struct json_object *list)
{
	struct json_object *entries, *first = NULL;
	size_t n, possible = 0;

	entries = cli_json_array(list, "entries", &n);
	for (size_t i = 0; i < n; i++) {
		struct json_object *entry =
			json_object_array_get_idx(entries, i);

		if (!cli_json_true(entry, "possible"))
			continue;
		first = first ?: entry;
		possible++;
	}
	if (!n)
		check_say(
			doctor, "entries", CHECK_NOTE,
			"stage files by name, or have kernel-install(8) write entries",
			"there are no boot loader entries below BootRoots=");
	else if (!first)
		check_say(doctor, "entries", CHECK_WARNING,
			  "'fastreboot list' says why",
			  "none of %zu entries can be staged", n);
	else
		check_say(doctor, "entries", CHECK_OK, NULL,
			  "%zu of %zu can be staged", possible, n);
	if (first)
		check_fit(doctor, first);
}

void check_payloads(struct doctor *doctor)
{
	_cleanup_json_ struct json_object *list = NULL;
	struct fr_error error = { 0 };

	if (list_make(&doctor->config, doctor->status, &list, &error) < 0)
		check_say(doctor, "entries", CHECK_UNKNOWN, NULL, "%s",
			  error.text);
	else
		say_entries(doctor, list);
}
