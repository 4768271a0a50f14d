// SPDX-License-Identifier: GPL-2.0-or-later
/* The line that tells the harness what has booted. */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "guest.h"

static const char *const fastreboot_facts[] = {
	"pool",	       "running",	   "armed", "generation",
	"boot_reason", "previous_release", "tries", "version",
};

/* Find the line of a file that contains @key; return success. */
static bool find_line(const char *path, const char *key, char *line, int size)
{
	FILE *file = fopen(path, "re");
	bool found = false;

	if (!file)
		return false;
	while (!found && fgets(line, size, file))
		found = strstr(line, key);
	fclose(file);
	return found;
}

/* Where the running kernel's text is, physically. */
static unsigned long text_address(void)
{
	unsigned long address;
	char line[128];

	if (!find_line("/proc/iomem", "Kernel code", line, sizeof(line)) ||
	    sscanf(line, "%lx", &address) != 1)
		return 0;
	return address;
}

static unsigned long memory_total(void)
{
	unsigned long kilobytes;
	char line[128];

	if (!find_line("/proc/meminfo", "MemTotal", line, sizeof(line)) ||
	    sscanf(line, "MemTotal: %lu", &kilobytes) != 1)
		return 0;
	return kilobytes;
}

/* Append " name=value" for each of fastreboot's facts. */
static void append_fastreboot(char *line, size_t size)
{
	size_t count = sizeof(fastreboot_facts) / sizeof(*fastreboot_facts);
	char path[128], value[128];

	for (size_t i = 0; i < count; i++) {
		size_t used = strlen(line);

		snprintf(path, sizeof(path), FASTREBOOT "/%s",
			 fastreboot_facts[i]);
		if (read_text(path, value, sizeof(value)) < 0)
			continue;
		snprintf(line + used, size - used, " %s=%s",
			 fastreboot_facts[i], value);
	}
}

/** say_ready - print what booted, and on what */
void say_ready(void)
{
	char line[LINE_SIZE];
	struct utsname name;

	uname(&name);
	snprintf(line, sizeof(line),
		 "ready release=%s text=0x%lx memtotal=%lu cpus=%ld begin=%llu",
		 name.release, text_address(), memory_total(),
		 sysconf(_SC_NPROCESSORS_ONLN),
		 (unsigned long long)bench_begin);
	if (!access(FASTREBOOT, F_OK))
		append_fastreboot(line, sizeof(line));
	say("%s", line);
}
