// SPDX-License-Identifier: GPL-2.0-or-later
/* Numbers with units: time spans and sizes. */
#include "values.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "config.h"

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit time_units[] = {
	{ "", USEC_PER_SEC },
	{ "us", 1 },
	{ "usec", 1 },
	{ "µs", 1 },
	{ "ms", 1000 },
	{ "msec", 1000 },
	{ "s", USEC_PER_SEC },
	{ "sec", USEC_PER_SEC },
	{ "second", USEC_PER_SEC },
	{ "seconds", USEC_PER_SEC },
	{ "m", USEC_PER_MIN },
	{ "min", USEC_PER_MIN },
	{ "minute", USEC_PER_MIN },
	{ "minutes", USEC_PER_MIN },
	{ "h", USEC_PER_HOUR },
	{ "hr", USEC_PER_HOUR },
	{ "hour", USEC_PER_HOUR },
	{ "hours", USEC_PER_HOUR },
	{ "d", USEC_PER_DAY },
	{ "day", USEC_PER_DAY },
	{ "days", USEC_PER_DAY },
	{ "w", 7 * USEC_PER_DAY },
	{ "week", 7 * USEC_PER_DAY },
	{ "weeks", 7 * USEC_PER_DAY },
	{ NULL, 0 },
};

static const struct unit size_units[] = {
	{ "", 1 },	     { "K", 1ULL << 10 }, { "M", 1ULL << 20 },
	{ "G", 1ULL << 30 }, { "T", 1ULL << 40 }, { NULL, 0 },
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int config_parse_number(const char **at, uint64_t *ret)
{
	uint64_t number = 0;

	if (!is_digit(**at))
		return -EINVAL;
	for (; is_digit(**at); (*at)++)
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (unsigned int)(**at - '0'),
					   &number))
			return -ERANGE;
	*ret = number;
	return 0;
}

static const struct unit *find_unit(const struct unit *units, const char *name,
				    size_t size)
{
	for (; units->name; units++)
		if (strlen(units->name) == size &&
		    !memcmp(units->name, name, size))
			return units;
	return NULL;
}

/* What stands behind the point, as a part of the unit; moves @at behind it. */
static uint64_t parse_fraction(const char **at, const char **ret_digits)
{
	*ret_digits = *at;
	while (is_digit(**at))
		(*at)++;
	return (uint64_t)(*at - *ret_digits);
}

static uint64_t scale_fraction(const char *digits, uint64_t count,
			       uint64_t factor)
{
	uint64_t sum = 0;

	for (uint64_t i = 0; i < count && factor; i++) {
		factor /= 10;
		sum += (uint64_t)(digits[i] - '0') * factor;
	}
	return sum;
}

/* "<number>[.<fraction>][<unit>]", in microseconds. */
static int parse_time_part(const char **at, uint64_t *ret)
{
	const char *digits = NULL;
	const struct unit *unit;
	uint64_t count = 0;
	uint64_t number;
	size_t size;
	int err;

	err = config_parse_number(at, &number);
	if (err < 0)
		return err;
	if (**at == '.') {
		(*at)++;
		count = parse_fraction(at, &digits);
		if (!count)
			return -EINVAL;
	}
	*at += strspn(*at, BLANKS);
	size = strcspn(*at, BLANKS ".0123456789");
	unit = find_unit(time_units, *at, size);
	if (!unit)
		return -EINVAL;
	*at += size;
	if (__builtin_mul_overflow(number, unit->factor, &number) ||
	    __builtin_add_overflow(number,
				   scale_fraction(digits, count, unit->factor),
				   &number))
		return -ERANGE;
	*ret = number;
	return 0;
}

int fr_parse_time(const char *text, uint64_t *ret_usec)
{
	uint64_t sum = 0;

	text += strspn(text, BLANKS);
	if (!*text)
		return -EINVAL;
	while (*text) {
		uint64_t part = 0;
		int err = parse_time_part(&text, &part);

		if (err < 0)
			return err;
		if (__builtin_add_overflow(sum, part, &sum))
			return -ERANGE;
		text += strspn(text, BLANKS);
	}
	*ret_usec = sum;
	return 0;
}

int fr_parse_size(const char *text, uint64_t *ret)
{
	const struct unit *unit;
	uint64_t number;
	int err;

	err = config_parse_number(&text, &number);
	if (err < 0)
		return err;
	unit = find_unit(size_units, text, strlen(text));
	if (!unit)
		return -EINVAL;
	if (__builtin_mul_overflow(number, unit->factor, &number))
		return -ERANGE;
	*ret = number;
	return 0;
}
