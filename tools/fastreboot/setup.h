/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Setting a machine up: "fastreboot=<size>" on the kernel's command line, written where
 * this machine's boot loader takes it from, and taken away again.
 *
 * What packages own is not edited where there is another way: GRUB and u-boot-menu read
 * a folder of snippets, and there the whole file is ours. /etc/kernel/cmdline and an
 * extlinux.conf that is written by hand are edited, a word at a time, and everything
 * else in them stays as it is. Each file is replaced as a whole. Nothing is written
 * before all is known, and then the files come before the programs that read them.
 */
#ifndef SETUP_H
#define SETUP_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "error.h"

/* More than any machine has boot loaders. */
#define SETUP_CHANGES_MAX 4

/**
 * struct setup_change - a file, and the program that takes note of it
 * @path: absolute; owned
 * @text: new content; owned, NULL: the file is to be removed
 * @same: it is so already
 * @program: absolute path, and arguments of it; NULL-terminated, constants. Its first
 *	is NULL where none is needed
 * @release: an argument that is behind them, with @image; "" for none. Without a
 *	program: that of the kernel whose image would have to be given to one
 * @image: absolute path, or ""
 */
struct setup_change {
	char *path;
	char *text;
	bool same;
	const char *program[4];
	char release[65];
	char image[128];
};

/**
 * struct setup_plan - what is to be done
 * @parameter: "fastreboot=..."; empty: there is to be none
 * @size: of the pool in bytes
 * @n: changes in @changes
 * @changes: in this order
 */
struct setup_plan {
	char parameter[128];
	uint64_t size;
	size_t n;
	struct setup_change changes[SETUP_CHANGES_MAX];
};

/**
 * struct setup_request - what is asked for
 * @size: of the pool in bytes; 0: one that fits this machine
 * @state_size: of the state volume in bytes, a part of @size; 0 for none
 * @undo: take it away
 */
struct setup_request {
	uint64_t size;
	uint64_t state_size;
	bool undo;
};

/**
 * setup_plan_make() - find out what there is to do
 * @request: what is asked for
 * @config: for what could be staged, which a slot has to hold
 * @ret: the plan; to be released by setup_plan_done()
 * @error: why there is none
 *
 * Changes nothing.
 *
 * Return: 0; -ENOENT with FR_NOT_FOUND if no boot loader's configuration is found;
 * -EINVAL with FR_USAGE for a size that this machine can't have; another negative
 * errno.
 */
int setup_plan_make(const struct setup_request *request,
		    const struct fr_config *config, struct setup_plan *ret,
		    struct fr_error *error);

/**
 * setup_plan_do() - do it
 * @plan: the plan
 * @error: what has failed; what was done before stays
 *
 * Return: 0; a negative errno with FR_FAILED, or FR_NOT_PERMITTED for -EACCES.
 */
int setup_plan_do(const struct setup_plan *plan, struct fr_error *error);

/* Free what a plan owns. */
void setup_plan_done(struct setup_plan *plan);

#define _cleanup_setup_plan_ _cleanup_(setup_plan_done)

/**
 * setup_plan_json() - a plan as org.fastreboot.setup/1
 * @plan: the plan
 * @ret: to be released by the caller
 *
 * Return: 0; -ENOMEM.
 */
int setup_plan_json(const struct setup_plan *plan, struct json_object **ret);

/**
 * setup_edit_line() - put the parameter into a command line, or take it out
 * @line: command line, without a newline
 * @parameter: "fastreboot=..."; empty: take it out
 * @ret: the new one, to be freed
 *
 * One that is there is replaced where it stands; one that is new goes behind the last
 * word, but before a word "--", behind which all is init's.
 *
 * Return: 0; -ENOMEM.
 */
int setup_edit_line(const char *line, const char *parameter, char **ret);

/**
 * setup_find_places() - the changes that this machine's boot loaders need
 * @plan: with its parameter; changes are added
 * @error: why not
 *
 * Return: 0 or a negative errno.
 */
int setup_find_places(struct setup_plan *plan, struct fr_error *error);

/**
 * setup_choose_size() - a pool that holds two of the newest payload
 * @config: for what could be staged
 * @state_size: of the state volume in bytes
 * @ret: bytes
 * @error: why there is none
 *
 * Return: 0; -ENOSPC with FR_TOO_LARGE if that is more than a half of the memory;
 * another negative errno.
 */
int setup_choose_size(const struct fr_config *config, uint64_t state_size,
		      uint64_t *ret, struct fr_error *error);

#endif
