// SPDX-License-Identifier: GPL-2.0-or-later
#include "transport/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "transport/names.h"
#include "utf8.h"

char *message_text(const char *text)
{
	char *copy = strdup(text);
	char *at = copy;

	while (at && *at) {
		size_t length = fr_utf8_length(at);

		if (!length)
			*at = '?';
		at += length ? length : 1;
	}
	return copy;
}

int message_fail(sd_bus_message *message, const struct fr_error *error)
{
	_cleanup_free_ char *text = message_text(error->text);
	char name[64];

	snprintf(name, sizeof(name), BUS_ERROR ".%s",
		 fr_failure_name(error->failure));
	return sd_bus_reply_method_errorf(message, name, "%s",
					  text ? text : "");
}
