/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a text, strictly or for what is in order. Only the files of this folder
 * include this.
 */
#ifndef FR_CONFIG_PARSE_H
#define FR_CONFIG_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "config.h"

/**
 * config_parse_text() - fr_config_parse(), or what can be saved of a text
 * @config: configuration to change
 * @text: content of the file
 * @size: bytes of @text
 * @name: name of the file
 * @salvage: what is not in order is passed over
 * @error: names the file and the line
 *
 * Return: 0; -ENOMEM; -EINVAL unless @salvage.
 */
int config_parse_text(struct fr_config *config, const char *text, size_t size,
		      const char *name, bool salvage, struct fr_error *error);

/**
 * config_pass_over() - take note of something that has no effect
 * @config: configuration
 * @what: what it is, and where
 * @error: filled on failure
 *
 * Return: 0; -ENOMEM.
 */
int config_pass_over(struct fr_config *config, const char *what,
		     struct fr_error *error);

#endif
