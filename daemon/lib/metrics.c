// SPDX-License-Identifier: GPL-2.0-or-later
#include "metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "io.h"

#define COLLECTOR_FOLDER "/var/lib/prometheus/node-exporter"
#define NS_PER_SEC UINT64_C(1000000000)

static void put_head(FILE *file, const char *name, const char *unit,
		     const char *help)
{
	fprintf(file, "# TYPE %s gauge\n", name);
	if (unit)
		fprintf(file, "# UNIT %s %s\n", name, unit);
	fprintf(file, "# HELP %s %s\n", name, help);
}

static void put_number(FILE *file, const char *name, const char *help,
		       uint64_t value)
{
	put_head(file, name, NULL, help);
	fprintf(file, "%s %" PRIu64 "\n", name, value);
}

/* The value of a label, escaped. */
static void put_label(FILE *file, const char *name, const char *value)
{
	fprintf(file, "%s=\"", name);
	for (; *value; value++) {
		if (*value == '\n') {
			fputs("\\n", file);
			continue;
		}
		if (*value == '\\' || *value == '"')
			fputc('\\', file);
		fputc(*value, file);
	}
	fputc('"', file);
}

static void put_seconds(FILE *file, uint64_t ns)
{
	fprintf(file, " %" PRIu64 ".%09" PRIu64 "\n", ns / NS_PER_SEC,
		ns % NS_PER_SEC);
}

static void put_info(FILE *file, const struct fr_metrics *metrics)
{
	put_head(file, "fastreboot_kernel", NULL,
		 "The running kernel and how it was started.");
	fputs("fastreboot_kernel{", file);
	put_label(file, "release", metrics->release);
	fputc(',', file);
	put_label(file, "boot_reason", metrics->pool->boot_reason);
	fputc(',', file);
	put_label(file, "previous_release", metrics->pool->previous_release);
	fputs("} 1\n", file);

	put_head(file, "fastreboot_last_update", NULL,
		 "How the last update ended.");
	fputs("fastreboot_last_update{", file);
	put_label(file, "status", metrics->update_status);
	fputs("} 1\n", file);
}

static void put_slots(FILE *file, const struct fr_pool_status *pool)
{
	if (!pool->n_slots)
		return;
	put_head(file, "fastreboot_slot", NULL, "What each slot holds.");
	for (size_t i = 0; i < pool->n_slots; i++) {
		const struct fr_slot *slot = &pool->slots[i];

		fprintf(file, "fastreboot_slot{slot=\"%u\",", slot->number);
		put_label(file, "status", fr_slot_status_name(slot->status));
		fputc(',', file);
		put_label(file, "release", slot->release);
		fputs("} 1\n", file);
	}
}

static void put_phases(FILE *file, const struct fr_timeline *timeline)
{
	put_head(
		file, "fastreboot_phase_begin_seconds", "seconds",
		"When each phase of the last blackout began, after reboot(2).");
	for (size_t i = 0; i < timeline->n_phases; i++) {
		fputs("fastreboot_phase_begin_seconds{", file);
		put_label(file, "phase", timeline->phases[i].name);
		fputc('}', file);
		put_seconds(file, timeline->phases[i].at_ns);
	}
}

static void put_duration(FILE *file, const char *name, const char *help,
			 int64_t ns)
{
	if (ns < 0)
		return;
	put_head(file, name, "seconds", help);
	fputs(name, file);
	put_seconds(file, (uint64_t)ns);
}

static void put_timeline(FILE *file, const struct fr_timeline *timeline)
{
	uint64_t blackout = 0;

	put_phases(file, timeline);
	if (fr_timeline_blackout(timeline, &blackout))
		put_duration(
			file, "fastreboot_blackout_seconds",
			"From reboot(2) to the next kernel's init, last time.",
			(int64_t)blackout);
	put_duration(file, "fastreboot_shutdown_seconds",
		     "From the commit to reboot(2), last time.",
		     timeline->shutdown_ns);
	put_duration(file, "fastreboot_start_seconds",
		     "From init to the end of the start, last time.",
		     timeline->start_ns);
	put_head(file, "fastreboot_relocated_bytes", "bytes",
		 "What the last jump had to copy.");
	fprintf(file, "fastreboot_relocated_bytes %" PRIu64 "\n",
		timeline->relocated_bytes);
}

static void put_all(FILE *file, const struct fr_metrics *metrics)
{
	put_info(file, metrics);
	put_number(file, "fastreboot_pool", "1 if there is a pool.",
		   metrics->pool->present);
	put_number(file, "fastreboot_generation",
		   "Fast reboots since the ledger was made.",
		   metrics->pool->generation);
	put_number(file, "fastreboot_tries",
		   "Fast reboots since a kernel was confirmed.",
		   metrics->pool->tries);
	put_number(file, "fastreboot_confirmed",
		   "1 if the running kernel was declared good.",
		   metrics->confirmed);
	put_slots(file, metrics->pool);
	if (metrics->timeline && metrics->timeline->n_phases)
		put_timeline(file, metrics->timeline);
	fputs("# EOF\n", file);
}

int fr_metrics_format(const struct fr_metrics *metrics, char **ret_text)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);
	bool failed;

	if (!file)
		return -ENOMEM;
	put_all(file, metrics);
	failed = ferror(file);
	if (fclose(file) || failed)
		return -ENOMEM;
	*ret_text = fr_steal_pointer(text);
	return 0;
}

const char *fr_metrics_path(const char *configured)
{
	if (configured && *configured)
		return configured;
	if (!access(COLLECTOR_FOLDER, F_OK))
		return COLLECTOR_FOLDER "/fastreboot.prom";
	return "/var/lib/fastreboot/metrics.prom";
}

static int write_new(const char *path, const char *text)
{
	_cleanup_close_ int fd = -1;

	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		  0644);
	if (fd < 0)
		return -errno;
	/* The collector is not root, whatever our umask. */
	if (fchmod(fd, 0644) < 0)
		return -errno;
	return fr_write_all(fd, text, strlen(text));
}

int fr_metrics_write(const char *path, const char *text, struct fr_error *error)
{
	_cleanup_free_ char *new_path = NULL;
	int err;

	if (asprintf(&new_path, "%s.new", path) < 0) {
		new_path = NULL;
		return fr_fail_memory(error);
	}
	err = write_new(new_path, text);
	if (!err && rename(new_path, path) < 0)
		err = -errno;
	if (!err)
		return 0;
	unlink(new_path);
	return fr_fail(error, FR_FAILED, err, "can't write %s: %s", path,
		       strerror(-err));
}
