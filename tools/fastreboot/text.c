// SPDX-License-Identifier: GPL-2.0-or-later
#include "text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define KIB 1024.0

/* U+0080 to U+009F, which some terminals obey like escape sequences. */
static bool is_c1(const unsigned char *at)
{
	return at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f;
}

void text_put(FILE *out, const char *string)
{
	const unsigned char *at = (const unsigned char *)string;

	for (; at && *at; at++) {
		if (is_c1(at)) {
			fputc('?', out);
			at++;
		} else {
			fputc(*at < 0x20 || *at == 0x7f ? '?' : *at, out);
		}
	}
}

void text_size(uint64_t bytes, char ret[TEXT_MAX])
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	double size = bytes / KIB;
	char number[TEXT_MAX / 2];
	size_t unit = 0;

	if (bytes < 1024) {
		snprintf(ret, TEXT_MAX, "%u bytes", (unsigned int)bytes);
		return;
	}
	while (size >= 1023.95 && unit < 3) {
		size /= KIB;
		unit++;
	}
	snprintf(number, sizeof(number), size >= 99.95 ? "%.0f" : "%.1f", size);
	/* "8 KiB" rather than "8.0 KiB" */
	if (strstr(number, ".0"))
		*strchr(number, '.') = '\0';
	snprintf(ret, TEXT_MAX, "%s %s", number, units[unit]);
}

void text_duration(uint64_t nanoseconds, char ret[TEXT_MAX])
{
	if (nanoseconds < 1000000000)
		snprintf(ret, TEXT_MAX, "%.3f ms", nanoseconds / 1e6);
	else
		snprintf(ret, TEXT_MAX, "%.3f s", nanoseconds / 1e9);
}

/* Two units at most: the seconds of something days ago say nothing. */
static void text_ago(uint64_t seconds, char ret[TEXT_MAX])
{
	uint64_t minutes = seconds / 60, hours = minutes / 60;

	if (seconds < 60)
		snprintf(ret, TEXT_MAX, "%u s", (unsigned int)seconds);
	else if (hours < 1)
		snprintf(ret, TEXT_MAX, "%u min", (unsigned int)minutes);
	else if (hours < 48)
		snprintf(ret, TEXT_MAX, "%u h %u min", (unsigned int)hours,
			 (unsigned int)(minutes % 60));
	else
		snprintf(ret, TEXT_MAX, "%llu days",
			 (unsigned long long)hours / 24);
}

void text_when(time_t when, time_t now, char ret[TEXT_MAX])
{
	char date[TEXT_MAX / 2], ago[TEXT_MAX];
	struct tm tm;

	if (!localtime_r(&when, &tm) ||
	    !strftime(date, sizeof(date), "%a %Y-%m-%d %H:%M:%S %Z", &tm))
		snprintf(date, sizeof(date), "@%lld", (long long)when);
	if (when > now) {
		snprintf(ret, TEXT_MAX, "%s", date);
		return;
	}
	text_ago(now - when, ago);
	snprintf(ret, TEXT_MAX, "%s (%.24s ago)", date, ago);
}

int text_time(time_t when, char ret[TEXT_MAX])
{
	struct tm tm;

	ret[0] = '\0';
	if (!gmtime_r(&when, &tm) ||
	    !strftime(ret, TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm))
		return -EOVERFLOW;
	return 0;
}

int text_parse_time(const char *string, time_t *ret)
{
	struct tm tm = { 0 };
	int length = 0;

	if (sscanf(string, "%4d-%2d-%2dT%2d:%2d:%2dZ%n", &tm.tm_year,
		   &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec,
		   &length) != 6 ||
	    !length || string[length])
		return -EINVAL;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*ret = timegm(&tm);
	return 0;
}
