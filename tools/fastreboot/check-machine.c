// SPDX-License-Identifier: GPL-2.0-or-later
/* The doctor's checks of the kernel, and of the machine below it. */
#include "check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "files.h"
#include "text.h"

#define WATCHDOG_CLASS "/sys/class/watchdog/"

bool check_place(struct doctor *doctor)
{
	char kind[64];

	files_read_line("/run/systemd/container", kind, sizeof(kind));
	if (*kind) {
		check_say(
			doctor, "place", CHECK_PROBLEM,
			"run it on the machine itself",
			"this is a container (%s): the machine is its host's to reboot",
			kind);
		return false;
	}
	files_read_line("/sys/hypervisor/type", kind, sizeof(kind));
	if (!strcmp(kind, "xen")) {
		check_say(
			doctor, "place", CHECK_PROBLEM,
			"let the host have the pool, or leave it with ordinary reboots",
			"this is a guest of Xen, whose kernels can't be started by a jump");
		return false;
	}
	check_say(doctor, "place", CHECK_OK, NULL,
		  "the machine itself, or one that a hypervisor makes");
	return true;
}

void check_kernel(struct doctor *doctor)
{
	struct utsname name;

	if (uname(&name) < 0)
		snprintf(name.release, sizeof(name.release), "?");
	if (doctor->supported)
		check_say(doctor, "kernel", CHECK_OK, NULL,
			  "%s has fast reboot", name.release);
	else
		check_say(
			doctor, "kernel", CHECK_PROBLEM,
			"boot a kernel with the series and CONFIG_FASTREBOOT=y",
			"%s has no fast reboot", name.release);
}

static void say_slots(struct doctor *doctor)
{
	const struct fr_pool_status *pool = &doctor->pool;
	char all[TEXT_MAX], one[TEXT_MAX];

	text_size(pool->end - pool->start + 1, all);
	text_size(pool->slots[0].size, one);
	if (pool->n_slots < 2)
		check_say(
			doctor, "pool", CHECK_WARNING,
			"give it two slots: leave slots= out of fastreboot=",
			"%s with one slot: nothing can be staged while a kernel runs in it",
			all);
	else
		check_say(doctor, "pool", CHECK_OK, NULL,
			  "%s with %zu slots of %s", all, pool->n_slots, one);
}

void check_pool(struct doctor *doctor)
{
	static const char advice[] =
		"add fastreboot=<size> to the kernel's command line, 256M for two payloads of 120 MiB, and reboot";

	if (!doctor->supported)
		check_say(doctor, "pool", CHECK_UNKNOWN, NULL,
			  "only a kernel with fast reboot has one");
	else if (doctor->pool_error.failure)
		check_say(doctor, "pool", CHECK_PROBLEM,
			  doctor->pool.error && *doctor->pool.error ? NULL :
								      advice,
			  "%s", doctor->pool_error.text);
	else
		say_slots(doctor);
}

static const char *description(void)
{
	if (files_exist("/sys/firmware/acpi/tables/DSDT"))
		return "ACPI";
	return files_exist("/sys/firmware/devicetree/base") ?
		       "a device tree" :
		       "neither ACPI nor a device tree";
}

void check_firmware(struct doctor *doctor)
{
	bool psci = files_exist("/sys/firmware/devicetree/base/psci") ||
		    files_exist("/sys/firmware/acpi/tables/DSDT");
	bool many = files_exist("/sys/devices/system/cpu/cpu1");
	bool efi = files_exist("/sys/firmware/efi");

	if (!psci && many)
		check_say(
			doctor, "firmware", CHECK_PROBLEM,
			"use firmware with PSCI, or boot with maxcpus=1",
			"%s, but no PSCI: the other CPUs can't be turned off for a kexec",
			description());
	else
		check_say(doctor, "firmware", CHECK_OK, NULL, "%s%s%s",
			  description(), psci ? ", PSCI" : "",
			  efi ? ", EFI" : "");
}

/* A device's folder in sysfs has the name that it has in /dev. */
static void say_watchdog(struct doctor *doctor, const char *name)
{
	char path[128], identity[64], state[32];

	snprintf(path, sizeof(path), WATCHDOG_CLASS "%s/identity", name);
	files_read_line(path, identity, sizeof(identity));
	snprintf(path, sizeof(path), WATCHDOG_CLASS "%s/state", name);
	files_read_line(path, state, sizeof(state));
	check_say(doctor, "watchdog", CHECK_OK, NULL, "%s (%s), %s",
		  doctor->config.watchdog_device,
		  *identity ? identity : "unnamed",
		  strcmp(state, "active") ? "not running" : "running already");
}

void check_watchdog(struct doctor *doctor)
{
	const char *device = doctor->config.watchdog_device;
	const char *name = strrchr(device, '/');
	char link[32];

	if (!doctor->config.watchdog_usec) {
		check_say(
			doctor, "watchdog", CHECK_NOTE,
			"set WatchdogSec= in fastreboot.conf",
			"it is not used: a new kernel that hangs is not noticed");
		return;
	}
	if (!files_exist(device)) {
		check_say(
			doctor, "watchdog", CHECK_WARNING,
			"load the driver of the machine's watchdog, or name its device with WatchdogDevice=",
			"there is no %s: a new kernel that hangs is not noticed",
			device);
		return;
	}
	/* /dev/watchdog is the first one. */
	snprintf(link, sizeof(link), "%s",
		 strcmp(device, "/dev/watchdog") ? name + 1 : "watchdog0");
	say_watchdog(doctor, link);
}
