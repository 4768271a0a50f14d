/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the health gate says of the running kernel; daemon/health writes it. */
#ifndef FASTREBOOTD_HEALTH_H
#define FASTREBOOTD_HEALTH_H

#include <json-c/json.h>

/**
 * health_read() - the verdict
 * @root: folder that stands for /, "" for / itself
 *
 * Return: an object with verdict, at and problems, as the status has it, that the
 * caller puts; NULL if there is none, or none that is known.
 */
struct json_object *health_read(const char *root);

#endif
