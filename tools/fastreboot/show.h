/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's JSON as text for people.
 *
 * These functions need no daemon: tests give them JSON and compare what they
 * print. What an unknown word of a newer daemon means they don't guess, they
 * print it as it is.
 */
#ifndef SHOW_H
#define SHOW_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

/**
 * show_status() - what Describe() says
 * @out: where to
 * @status: org.fastreboot.status/1
 * @now: the present, for how long ago something was
 */
void show_status(FILE *out, struct json_object *status, time_t now);

/**
 * show_timeline() - what Timeline() says
 * @out: where to
 * @timeline: org.fastreboot.timeline/1
 */
void show_timeline(FILE *out, struct json_object *timeline);

/**
 * show_last_log() - what LastLog() says
 * @out: where to
 * @log: org.fastreboot.last-log/1
 */
void show_last_log(FILE *out, struct json_object *log);

/**
 * show_blackout() - the blackout and what was relocated, as part of a line
 * @out: where to
 * @timeline: org.fastreboot.timeline/1
 */
void show_blackout(FILE *out, struct json_object *timeline);

/**
 * show_setup() - which files are written, and which programs run
 * @out: where to
 * @setup: org.fastreboot.setup/1
 */
void show_setup(FILE *out, struct json_object *setup);

/**
 * show_doctor() - what stands between this machine and a fast reboot, a check a line
 * @out: where to
 * @checks: org.fastreboot.check/1
 */
void show_doctor(FILE *out, struct json_object *checks);

/**
 * show_list() - what could be staged, an entry a line
 * @out: where to
 * @list: org.fastreboot.list/1
 */
void show_list(FILE *out, struct json_object *list);

/**
 * show_updates() - what became of updates, one a line, the newest first
 * @out: where to
 * @history: org.fastreboot.history/1
 */
void show_updates(FILE *out, struct json_object *history);

/**
 * show_checks() - the checks of a commit, one a line
 * @out: where to
 * @details: org.fastreboot.commit/1; anything else prints nothing
 */
void show_checks(FILE *out, struct json_object *details);

/**
 * show_segments() - where the segments of a payload are, one a line
 * @out: where to
 * @segments: array of org.fastreboot.status/1 or org.fastreboot.stage/1, or NULL
 * @indent: blanks before each line
 */
void show_segments(FILE *out, struct json_object *segments, int indent);

#endif
