/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a monitoring system wants to know, as a text file in the OpenMetrics
 * format, which the textfile collector of prometheus-node-exporter reads too.
 */
#ifndef FR_METRICS_H
#define FR_METRICS_H

#include <stdbool.h>

#include "error.h"
#include "pool.h"
#include "timeline.h"

/**
 * struct fr_metrics - what goes into the file
 * @pool: as the kernel tells it
 * @timeline: of the last reboot; NULL if there is none
 * @release: of the running kernel
 * @update_status: of the last update: a word of "last_update" in
 *	org.fastreboot.status/1
 * @confirmed: the running kernel was declared good
 */
struct fr_metrics {
	const struct fr_pool_status *pool;
	const struct fr_timeline *timeline;
	const char *release;
	const char *update_status;
	bool confirmed;
};

/**
 * fr_metrics_format() - the text of the file
 * @metrics: what goes into it
 * @ret_text: the text, to be freed by the caller
 *
 * Return: 0 or -ENOMEM.
 */
int fr_metrics_format(const struct fr_metrics *metrics, char **ret_text);

/**
 * fr_metrics_path() - where the file belongs
 * @configured: [Metrics] File=, or NULL
 *
 * Return: @configured; or else the folder that prometheus-node-exporter reads,
 * if there is one; or else /var/lib/fastreboot/metrics.prom.
 */
const char *fr_metrics_path(const char *configured);

/**
 * fr_metrics_write() - write the file, readable for every user
 * @path: absolute; its folder is there
 * @text: what to write
 * @error: what went wrong
 *
 * A reader sees the old or the new text, never a part of it.
 *
 * Return: 0, -ENOMEM, or a negative errno of writing with FR_FAILED.
 */
int fr_metrics_write(const char *path, const char *text,
		     struct fr_error *error);

#endif
