// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The settings are a table: section, key, function that reads the value, place
 * in struct fr_config, bounds. A new one is a line there, one in
 * fr_config_default(), and its paragraph in units/fastreboot.conf and the man
 * page; the unit test notices when the code and the file differ.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "cleanup.h"
#include "io.h"

#define FILE_SIZE_MAX (1U << 20)
#define LIST_LENGTH_MAX 64
#define DROP_INS_MAX 1024

#define USEC_PER_SEC 1000000ULL
#define USEC_PER_MIN (60 * USEC_PER_SEC)
#define USEC_PER_HOUR (60 * USEC_PER_MIN)
#define USEC_PER_DAY (24 * USEC_PER_HOUR)

/* By precedence. */
static const char *const folders[] = {
	"/etc/fastreboot",
	"/run/fastreboot",
	"/usr/lib/fastreboot",
};

#define N_FOLDERS (sizeof(folders) / sizeof(folders[0]))

static const char blanks[] = " \t\r";

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

/* Digits, moving @at behind them. */
static int parse_number(const char **at, uint64_t *ret)
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
	int r;

	r = parse_number(at, &number);
	if (r < 0)
		return r;
	if (**at == '.') {
		(*at)++;
		count = parse_fraction(at, &digits);
		if (!count)
			return -EINVAL;
	}
	*at += strspn(*at, blanks);
	size = strcspn(*at, " \t\r.0123456789");
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

	text += strspn(text, blanks);
	if (!*text)
		return -EINVAL;
	while (*text) {
		uint64_t part = 0;
		int r = parse_time_part(&text, &part);

		if (r < 0)
			return r;
		if (__builtin_add_overflow(sum, part, &sum))
			return -ERANGE;
		text += strspn(text, blanks);
	}
	*ret_usec = sum;
	return 0;
}

int fr_parse_size(const char *text, uint64_t *ret)
{
	const struct unit *unit;
	uint64_t number;
	int r;

	r = parse_number(&text, &number);
	if (r < 0)
		return r;
	unit = find_unit(size_units, text, strlen(text));
	if (!unit)
		return -EINVAL;
	if (__builtin_mul_overflow(number, unit->factor, &number))
		return -ERANGE;
	*ret = number;
	return 0;
}

struct setting;

/* Where a value stands, for errors. */
struct place {
	const char *name;
	unsigned int line;
	struct fr_error *error;
};

/**
 * struct setting - one key of the configuration
 * @section: its section
 * @key: its name
 * @parse: reads @value into @field
 * @field: offset into struct fr_config
 * @min: least value, in the unit of the field
 * @max: largest value
 */
struct setting {
	const char *section;
	const char *key;
	int (*parse)(const struct setting *setting, const char *value,
		     void *field, const struct place *place);
	size_t field;
	uint64_t min;
	uint64_t max;
};

static int bad_value(const struct setting *setting, const char *value,
		     const char *wanted, const struct place *place)
{
	return fr_fail(place->error, FR_FAILED, -EINVAL,
		       "%s:%u: %s=%s: this has to be %s", place->name,
		       place->line, setting->key, value, wanted);
}

static int check_range(const struct setting *setting, const char *value,
		       uint64_t number, const struct place *place)
{
	if (number >= setting->min && number <= setting->max)
		return 0;
	return fr_fail(place->error, FR_FAILED, -EINVAL,
		       "%s:%u: %s=%s: this is too %s", place->name, place->line,
		       setting->key, value,
		       number < setting->min ? "small" : "large");
}

static int parse_size(const struct setting *setting, const char *value,
		      void *field, const struct place *place)
{
	uint64_t size;
	int r;

	if (fr_parse_size(value, &size) < 0)
		return bad_value(setting, value, "a size, for example 256M",
				 place);
	r = check_range(setting, value, size, place);
	if (!r)
		*(uint64_t *)field = size;
	return r;
}

static int parse_time(const struct setting *setting, const char *value,
		      void *field, const struct place *place)
{
	uint64_t usec;
	int r;

	if (fr_parse_time(value, &usec) < 0)
		return bad_value(setting, value,
				 "a time span, for example 30s or 5min", place);
	r = check_range(setting, value, usec, place);
	if (!r)
		*(uint64_t *)field = usec;
	return r;
}

static int parse_whole_seconds(const struct setting *setting, const char *value,
			       void *field, const struct place *place)
{
	uint64_t usec = 0;
	int r = parse_time(setting, value, &usec, place);

	if (r < 0)
		return r;
	if (usec % USEC_PER_SEC)
		return bad_value(setting, value, "whole seconds", place);
	*(uint64_t *)field = usec;
	return 0;
}

static int parse_count(const struct setting *setting, const char *value,
		       void *field, const struct place *place)
{
	const char *at = value;
	uint64_t number;
	int r;

	if (parse_number(&at, &number) < 0 || *at)
		return bad_value(setting, value, "a number", place);
	r = check_range(setting, value, number, place);
	if (!r)
		*(unsigned int *)field = (unsigned int)number;
	return r;
}

static bool is_one_of(const char *value, const char *const *words)
{
	for (; *words; words++)
		if (!strcasecmp(value, *words))
			return true;
	return false;
}

static int parse_bool(const struct setting *setting, const char *value,
		      void *field, const struct place *place)
{
	static const char *const yes[] = { "yes", "y", "true", "t",
					   "on",  "1", NULL };
	static const char *const no[] = { "no",	 "n", "false", "f",
					  "off", "0", NULL };

	if (is_one_of(value, yes))
		*(bool *)field = true;
	else if (is_one_of(value, no))
		*(bool *)field = false;
	else
		return bad_value(setting, value, "yes or no", place);
	return 0;
}

static int parse_fallback(const struct setting *setting, const char *value,
			  void *field, const struct place *place)
{
	enum fr_fallback *fallback = field;

	if (!strcmp(value, "reboot"))
		*fallback = FR_FALLBACK_REBOOT;
	else if (!strcmp(value, "none"))
		*fallback = FR_FALLBACK_NONE;
	else
		return bad_value(setting, value, "reboot or none", place);
	return 0;
}

static int out_of_memory(const struct place *place)
{
	return fr_fail_memory(place->error);
}

/* An absolute path. Nothing at all is NULL, where that is allowed (min 0). */
static int parse_path(const struct setting *setting, const char *value,
		      void *field, const struct place *place)
{
	char **path = field;
	char *copy = NULL;

	if (*value ? *value != '/' : setting->min > 0)
		return bad_value(setting, value, "an absolute path", place);
	if (*value) {
		copy = strdup(value);
		if (!copy)
			return out_of_memory(place);
	}
	free(*path);
	*path = copy;
	return 0;
}

static size_t list_length(char **list)
{
	size_t length = 0;

	while (list[length])
		length++;
	return length;
}

/* Takes @word. */
static int list_add(char ***list, char *word)
{
	size_t length = list_length(*list);
	char **larger = realloc(*list, (length + 2) * sizeof(*larger));

	if (!larger) {
		free(word);
		return -ENOMEM;
	}
	larger[length] = word;
	larger[length + 1] = NULL;
	*list = larger;
	return 0;
}

static int list_reset(char ***list)
{
	char **empty = calloc(1, sizeof(*empty));

	if (!empty)
		return -ENOMEM;
	fr_strv_free(*list);
	*list = empty;
	return 0;
}

/*
 * The next of the words that blanks separate, in quotes or not; NULL behind the
 * last one. Moves @at behind it.
 */
static int next_word(const char **at, char **ret)
{
	const char *from = *at + strspn(*at, blanks);
	size_t size;

	*ret = NULL;
	*at = from;
	if (!*from)
		return 0;
	if (*from == '"' || *from == '\'') {
		const char *end = strchr(from + 1, *from);

		if (!end || !strchr(blanks, end[1]))
			return -EINVAL;
		size = (size_t)(end - from) - 1;
		*at = end + 1;
		from++;
	} else {
		size = strcspn(from, blanks);
		*at = from + size;
	}
	*ret = strndup(from, size);
	return *ret ? 0 : -ENOMEM;
}

static int add_path(const struct setting *setting, const char *value,
		    char ***list, char *word, const struct place *place)
{
	if (*word != '/') {
		free(word);
		return bad_value(setting, value, "absolute paths", place);
	}
	if (list_length(*list) >= LIST_LENGTH_MAX) {
		free(word);
		return fr_fail(place->error, FR_FAILED, -EINVAL,
			       "%s:%u: %s: these are more than %u paths",
			       place->name, place->line, setting->key,
			       LIST_LENGTH_MAX);
	}
	if (list_add(list, word) < 0)
		return out_of_memory(place);
	return 0;
}

/* Absolute paths, added to those that are there; nothing at all: none. */
static int parse_paths(const struct setting *setting, const char *value,
		       void *field, const struct place *place)
{
	char ***list = field;
	const char *at = value;

	if (!*value)
		return list_reset(list) < 0 ? out_of_memory(place) : 0;
	for (;;) {
		char *word;
		int r = next_word(&at, &word);

		if (r == -ENOMEM)
			return out_of_memory(place);
		if (r < 0)
			return bad_value(setting, value,
					 "paths with closed quotes", place);
		if (!word)
			return 0;
		r = add_path(setting, value, list, word, place);
		if (r < 0)
			return r;
	}
}

#define FIELD(name) offsetof(struct fr_config, name)

static const struct setting settings[] = {
	{ "Stage", "KernelSizeMax", parse_size, FIELD(kernel_size_max), 1,
	  1ULL << 40 },
	{ "Stage", "InitrdSizeMax", parse_size, FIELD(initrd_size_max), 1,
	  1ULL << 40 },
	{ "Stage", "RootImageSizeMax", parse_size, FIELD(root_image_size_max),
	  1, 1ULL << 40 },
	{ "Stage", "TrustedCertificates", parse_paths,
	  FIELD(trusted_certificates), 0, 0 },
	{ "Stage", "BootRoots", parse_paths, FIELD(boot_roots), 0, 0 },
	{ "Commit", "TriesMax", parse_count, FIELD(tries_max), 1, 1000 },
	{ "Commit", "HookTimeoutSec", parse_time, FIELD(hook_timeout_usec), 1,
	  USEC_PER_DAY },
	{ "Commit", "MaxBlackoutSec", parse_time, FIELD(max_blackout_usec), 0,
	  USEC_PER_DAY },
	{ "Commit", "WatchdogDevice", parse_path, FIELD(watchdog_device), 1,
	  0 },
	{ "Commit", "WatchdogSec", parse_whole_seconds, FIELD(watchdog_usec), 0,
	  USEC_PER_DAY },
	{ "Confirm", "TimeoutSec", parse_time, FIELD(confirm_timeout_usec), 0,
	  365 * USEC_PER_DAY },
	{ "Rollback", "Automatic", parse_bool, FIELD(rollback_automatic), 0,
	  0 },
	{ "Rollback", "Fallback", parse_fallback, FIELD(fallback), 0, 0 },
	{ "Metrics", "File", parse_path, FIELD(metrics_file), 0, 0 },
};

#define N_SETTINGS (sizeof(settings) / sizeof(settings[0]))

/* Sections that there are, also without a key. */
static const char *const sections[] = { "Stage",    "Commit", "Confirm",
					"Rollback", "Scrub",  "Metrics" };

#define N_SECTIONS (sizeof(sections) / sizeof(sections[0]))

static int set_lists(struct fr_config *config)
{
	static const char *const roots[] = { "/boot", "/boot/efi", "/efi" };

	if (list_reset(&config->trusted_certificates) < 0 ||
	    list_reset(&config->boot_roots) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		char *root = strdup(roots[i]);

		if (!root || list_add(&config->boot_roots, root) < 0)
			return -ENOMEM;
	}
	return 0;
}

int fr_config_default(struct fr_config *ret)
{
	_cleanup_config_ struct fr_config config = {
		.kernel_size_max = 256ULL << 20,
		.initrd_size_max = 2ULL << 30,
		.root_image_size_max = 2ULL << 30,
		.tries_max = 3,
		.hook_timeout_usec = 30 * USEC_PER_SEC,
		.max_blackout_usec = 0,
		.watchdog_usec = 60 * USEC_PER_SEC,
		.confirm_timeout_usec = 5 * USEC_PER_MIN,
		.rollback_automatic = true,
		.fallback = FR_FALLBACK_REBOOT,
	};

	config.watchdog_device = strdup("/dev/watchdog");
	if (!config.watchdog_device || set_lists(&config) < 0)
		return -ENOMEM;
	*ret = config;
	config = (struct fr_config){ 0 };
	return 0;
}

void fr_config_done(struct fr_config *config)
{
	fr_strv_free(config->trusted_certificates);
	fr_strv_free(config->boot_roots);
	free(config->watchdog_device);
	free(config->metrics_file);
	*config = (struct fr_config){ 0 };
}

/* Cut blanks off both ends. */
static char *strip(char *text)
{
	size_t size;

	text += strspn(text, blanks);
	size = strlen(text);
	while (size && strchr(blanks, text[size - 1]))
		text[--size] = '\0';
	return text;
}

static int set_section(char *line, const char **section,
		       const struct place *place)
{
	size_t size = strlen(line);

	if (line[size - 1] != ']')
		return fr_fail(place->error, FR_FAILED, -EINVAL,
			       "%s:%u: no ']' at the end of a section's name",
			       place->name, place->line);
	line[size - 1] = '\0';
	for (size_t i = 0; i < N_SECTIONS; i++)
		if (!strcmp(line + 1, sections[i])) {
			*section = sections[i];
			return 0;
		}
	return fr_fail(
		place->error, FR_FAILED, -EINVAL,
		"%s:%u: there is no section [%s]; fastreboot.conf(5) has them all",
		place->name, place->line, line + 1);
}

static const struct setting *find_setting(const char *section, const char *key)
{
	for (size_t i = 0; i < N_SETTINGS; i++)
		if (!strcmp(settings[i].section, section) &&
		    !strcmp(settings[i].key, key))
			return &settings[i];
	return NULL;
}

static int set_value(struct fr_config *config, char *line, const char *section,
		     const struct place *place)
{
	const struct setting *setting;
	char *equals = strchr(line, '=');
	const char *key;

	if (!equals)
		return fr_fail(place->error, FR_FAILED, -EINVAL,
			       "%s:%u: this is neither a section nor Key=value",
			       place->name, place->line);
	if (!section)
		return fr_fail(place->error, FR_FAILED, -EINVAL,
			       "%s:%u: a key in front of the first section",
			       place->name, place->line);
	*equals = '\0';
	key = strip(line);
	setting = find_setting(section, key);
	if (!setting)
		return fr_fail(
			place->error, FR_FAILED, -EINVAL,
			"%s:%u: there is no key %s in [%s]; fastreboot.conf(5) has them all",
			place->name, place->line, key, section);
	return setting->parse(setting, strip(equals + 1),
			      (char *)config + setting->field, place);
}

static int parse_line(struct fr_config *config, char *line,
		      const char **section, const struct place *place)
{
	line = strip(line);
	if (!*line || *line == '#' || *line == ';')
		return 0;
	if (*line == '[')
		return set_section(line, section, place);
	return set_value(config, line, *section, place);
}

int fr_config_parse(struct fr_config *config, const char *text, size_t size,
		    const char *name, struct fr_error *error)
{
	_cleanup_free_ char *copy = strndup(text, size);
	struct place place = { .name = name, .error = error };
	const char *section = NULL;
	char *next = copy;
	char *line;

	if (!copy)
		return fr_fail_memory(error);
	if (memchr(text, '\0', size))
		return fr_fail(error, FR_FAILED, -EINVAL,
			       "%s: is not a text file", name);
	while ((line = strsep(&next, "\n"))) {
		int r;

		place.line++;
		r = parse_line(config, line, &section, &place);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool is_null_device(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISCHR(st.st_mode) &&
	       st.st_rdev == makedev(1, 3);
}

static int parse_file(struct fr_config *config, const char *path,
		      struct fr_error *error)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	int r;

	if (is_null_device(path))
		return 0;
	r = fr_read_file(AT_FDCWD, path, FILE_SIZE_MAX, &text, &size);
	if (r == -ENOENT)
		return r;
	if (r < 0)
		return fr_fail(error, FR_FAILED, r, "can't read %s: %s", path,
			       r == -EFBIG  ? "it is larger than 1 MiB" :
			       r == -EINVAL ? "it is not a regular file" :
					      strerror(-r));
	return fr_config_parse(config, text, size, path, error);
}

static int load_main(struct fr_config *config, const char *root,
		     struct fr_error *error)
{
	for (size_t i = 0; i < N_FOLDERS; i++) {
		_cleanup_free_ char *path = NULL;
		int r;

		if (asprintf(&path, "%s%s/fastreboot.conf", root, folders[i]) <
		    0) {
			path = NULL;
			return fr_fail_memory(error);
		}
		r = parse_file(config, path, error);
		if (r != -ENOENT)
			return r;
	}
	return 0;
}

/* The drop-ins, of each name the one that counts. */
struct drop_ins {
	size_t count;
	struct drop_in {
		char *name;
		char *path;
	} * list;
};

static void drop_ins_done(struct drop_ins *drop_ins)
{
	for (size_t i = 0; i < drop_ins->count; i++) {
		free(drop_ins->list[i].name);
		free(drop_ins->list[i].path);
	}
	free(drop_ins->list);
}

static bool has_drop_in(const struct drop_ins *drop_ins, const char *name)
{
	for (size_t i = 0; i < drop_ins->count; i++)
		if (!strcmp(drop_ins->list[i].name, name))
			return true;
	return false;
}

static int add_drop_in(struct drop_ins *drop_ins, const char *folder,
		       const char *name)
{
	struct drop_in *larger;
	struct drop_in new;

	if (drop_ins->count >= DROP_INS_MAX)
		return -E2BIG;
	larger = realloc(drop_ins->list,
			 (drop_ins->count + 1) * sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	drop_ins->list = larger;
	new.name = strdup(name);
	if (asprintf(&new.path, "%s/%s", folder, name) < 0)
		new.path = NULL;
	if (!new.name || !new.path) {
		free(new.name);
		free(new.path);
		return -ENOMEM;
	}
	drop_ins->list[drop_ins->count++] = new;
	return 0;
}

static bool is_drop_in(const char *name)
{
	size_t size = strlen(name);

	return *name != '.' && size > 5 && !strcmp(name + size - 5, ".conf");
}

/* The folders come by precedence: a name that is known has been replaced. */
static int scan_folder(struct drop_ins *drop_ins, const char *folder)
{
	_cleanup_closedir_ DIR *dir = opendir(folder);
	struct dirent *entry;

	if (!dir)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	while (errno = 0, (entry = readdir(dir))) {
		int r;

		if (!is_drop_in(entry->d_name) ||
		    has_drop_in(drop_ins, entry->d_name))
			continue;
		r = add_drop_in(drop_ins, folder, entry->d_name);
		if (r < 0)
			return r;
	}
	return -errno;
}

static int scan(struct drop_ins *drop_ins, const char *root,
		struct fr_error *error)
{
	for (size_t i = 0; i < N_FOLDERS; i++) {
		_cleanup_free_ char *folder = NULL;
		int r;

		if (asprintf(&folder, "%s%s/fastreboot.conf.d", root,
			     folders[i]) < 0) {
			folder = NULL;
			return fr_fail_memory(error);
		}
		r = scan_folder(drop_ins, folder);
		if (r < 0)
			return fr_fail(error, FR_FAILED, r, "can't read %s: %s",
				       folder, strerror(-r));
	}
	return 0;
}

static int compare_drop_ins(const void *a, const void *b)
{
	const struct drop_in *one = a;
	const struct drop_in *other = b;

	return strcmp(one->name, other->name);
}

static int load_drop_ins(struct fr_config *config, const char *root,
			 struct fr_error *error)
{
	__attribute__((
		__cleanup__(drop_ins_done))) struct drop_ins drop_ins = { 0 };
	int r;

	r = scan(&drop_ins, root, error);
	if (r < 0)
		return r;
	if (drop_ins.count)
		qsort(drop_ins.list, drop_ins.count, sizeof(*drop_ins.list),
		      compare_drop_ins);
	for (size_t i = 0; i < drop_ins.count; i++) {
		r = parse_file(config, drop_ins.list[i].path, error);
		/* One that is gone by now was just removed. */
		if (r < 0 && r != -ENOENT)
			return r;
	}
	return 0;
}

int fr_config_load(const char *root, struct fr_config *ret,
		   struct fr_error *error)
{
	_cleanup_config_ struct fr_config config = { 0 };
	int r;

	if (!root)
		root = "";
	if (fr_config_default(&config) < 0)
		return fr_fail_memory(error);
	r = load_main(&config, root, error);
	if (r < 0)
		return r;
	r = load_drop_ins(&config, root, error);
	if (r < 0)
		return r;
	*ret = config;
	config = (struct fr_config){ 0 };
	return 0;
}
