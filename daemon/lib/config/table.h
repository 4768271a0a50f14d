/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of all settings. Only the files of this folder include this.
 */
#ifndef FR_CONFIG_TABLE_H
#define FR_CONFIG_TABLE_H

#include "setting.h"

/* The setting of this section and key, or NULL. */
const struct setting *config_find_setting(const char *section, const char *key);

/* The name of a section as the table has it, or NULL. */
const char *config_find_section(const char *name);

#endif
