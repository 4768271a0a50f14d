// SPDX-License-Identifier: GPL-2.0-or-later
/* The reading half of pool.h. */
#include "pool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "io.h"
#include "pool-files.h"

/* A value is a page at most, and a page of arm64 has up to 64 KiB. */
#define VALUE_MAX (64 * 1024)

static const char *const status_names[] = {
	[FR_SLOT_UNKNOWN] = "unknown", [FR_SLOT_EMPTY] = "empty",
	[FR_SLOT_STAGING] = "staging", [FR_SLOT_SEALED] = "sealed",
	[FR_SLOT_ARMED] = "armed",     [FR_SLOT_RUNNING] = "running",
	[FR_SLOT_BAD] = "bad",
};

const char *fr_slot_status_name(enum fr_slot_status status)
{
	return status_names[status];
}

const char *fr_pool_root(void)
{
#ifdef FR_TESTING
	const char *root = getenv("FASTREBOOT_SYSFS");

	if (root && *root)
		return root;
#endif
	return "/sys/kernel/fastreboot";
}

/* The whole file, without the newline at its end. */
static int read_value(const char *name, char **ret_value)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char *value = NULL;
	size_t size;
	int err;

	path = file_path(name);
	if (!path)
		return -ENOMEM;
	err = fr_read_file(AT_FDCWD, path, VALUE_MAX, &value, &size);
	if (err)
		return err == -EFBIG ? -EBADMSG : err;
	if (strlen(value) != size)
		return -EBADMSG;
	if (size && value[size - 1] == '\n')
		value[size - 1] = '\0';
	*ret_value = fr_steal_pointer(value);
	return 0;
}

static int read_failed(struct fr_error *error, const char *name, int err)
{
	if (err == -ENOMEM)
		return fr_fail_memory(error);
	if (err == -EBADMSG)
		return fr_fail(
			error, FR_UNSUPPORTED, err,
			"%s/%s is not as this version of fastreboot knows it: "
			"kernel and fastreboot package do not fit together",
			fr_pool_root(), name);
	return fr_fail(error, FR_FAILED, err, "can't read %s/%s: %s",
		       fr_pool_root(), name, strerror(-err));
}

static int read_text(const char *name, char **ret_value, struct fr_error *error)
{
	int err = read_value(name, ret_value);

	return err ? read_failed(error, name, err) : 0;
}

/* A file that an older kernel lacks, or that only root may read, is empty. */
static int read_optional(const char *name, char **ret_value,
			 struct fr_error *error)
{
	int err = read_value(name, ret_value);

	if (err != -ENOENT && err != -EACCES)
		return err ? read_failed(error, name, err) : 0;
	*ret_value = strdup("");
	return *ret_value ? 0 : fr_fail_memory(error);
}

static int parse_number(const char *text, int base, char **ret_end,
			uint64_t *ret_number)
{
	unsigned long long number;
	char *end;

	/* strtoull() would take a sign and blanks. */
	if (*text < '0' || *text > '9')
		return -EBADMSG;
	errno = 0;
	number = strtoull(text, &end, base);
	if (errno || (!ret_end && *end))
		return -EBADMSG;
	if (ret_end)
		*ret_end = end;
	*ret_number = number;
	return 0;
}

static int read_number(const char *name, uint64_t *ret_number,
		       struct fr_error *error)
{
	_cleanup_free_ char *text = NULL;
	int err;

	err = read_text(name, &text, error);
	if (err)
		return err;
	err = parse_number(text, 10, NULL, ret_number);
	return err ? read_failed(error, name, err) : 0;
}

/* "none" or the number of a slot. */
static int parse_slot(const char *text, int *ret_slot)
{
	uint64_t number;

	if (!strcmp(text, "none")) {
		*ret_slot = FR_SLOT_NONE;
		return 0;
	}
	if (parse_number(text, 10, NULL, &number) || number >= FR_SLOTS_MAX)
		return -EBADMSG;
	*ret_slot = (int)number;
	return 0;
}

static int read_slot_number(const char *name, int *ret_slot,
			    struct fr_error *error)
{
	_cleanup_free_ char *text = NULL;
	int err;

	err = read_text(name, &text, error);
	if (err)
		return err;
	err = parse_slot(text, ret_slot);
	return err ? read_failed(error, name, err) : 0;
}

/* "none" or "0x60000000-0x6fffffff". */
static int parse_range(const char *text, struct fr_pool_status *status)
{
	char *end;
	int err;

	status->present = strcmp(text, "none") != 0;
	if (!status->present)
		return 0;
	err = parse_number(text, 16, &end, &status->start);
	if (err || *end != '-')
		return -EBADMSG;
	return parse_number(end + 1, 16, NULL, &status->end);
}

static int read_range(struct fr_pool_status *status, struct fr_error *error)
{
	_cleanup_free_ char *text = NULL;
	int err;

	err = read_text("pool", &text, error);
	if (err)
		return err;
	err = parse_range(text, status);
	return err ? read_failed(error, "pool", err) : 0;
}

static enum fr_slot_status status_from_name(const char *name)
{
	for (size_t i = FR_SLOT_EMPTY; i <= FR_SLOT_BAD; i++)
		if (!strcmp(status_names[i], name))
			return (enum fr_slot_status)i;
	return FR_SLOT_UNKNOWN;
}

static int segment_from_name(const char *name, size_t length)
{
	for (int i = 0; i < FR_SEGMENTS; i++)
		if (strlen(fr_segment_name(i)) == length &&
		    !memcmp(fr_segment_name(i), name, length))
			return i;
	return -1;
}

/* Behind the name: "direct 0x60200000 7873024". */
static int parse_placement(const char *text, struct fr_slot_segment *segment)
{
	char where[16];
	uint64_t address, size;
	int at = 0;
	char *end;

	if (sscanf(text, "%15s 0x%n", where, &at) != 1 || !at)
		return -EBADMSG;
	if (parse_number(text + at - 2, 16, &end, &address) || *end != ' ' ||
	    parse_number(end + 1, 10, NULL, &size))
		return -EBADMSG;
	segment->direct = !strcmp(where, "direct");
	segment->address = address;
	segment->size = size;
	return 0;
}

static int parse_sha256(const char *text, struct fr_slot_segment *segment)
{
	if (strlen(text) != 64 || strspn(text, "0123456789abcdef") != 64)
		return -EBADMSG;
	memcpy(segment->sha256, text, 65);
	return 0;
}

/* Lines of a segment's name and more; those of unknown segments don't count. */
static int parse_segments(char *text, struct fr_slot *slot,
			  int (*parse)(const char *, struct fr_slot_segment *))
{
	char *save = NULL;
	char *line;

	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		char *blank = strchr(line, ' ');
		int segment;

		if (!blank)
			return -EBADMSG;
		segment = segment_from_name(line, (size_t)(blank - line));
		if (segment >= 0 && parse(blank + 1, &slot->segments[segment]))
			return -EBADMSG;
	}
	return 0;
}

static int read_segments(const char *name, struct fr_slot *slot,
			 int (*parse)(const char *, struct fr_slot_segment *),
			 struct fr_error *error)
{
	_cleanup_free_ char *text = NULL;
	int err;

	err = read_optional(name, &text, error);
	if (err)
		return err;
	err = parse_segments(text, slot, parse);
	return err ? read_failed(error, name, err) : 0;
}

static int read_slot_texts(struct fr_slot *slot, struct fr_error *error)
{
	const struct {
		const char *file;
		char **value;
	} texts[] = {
		{ "release", &slot->release },
		{ "stale", &slot->stale },
		{ "cmdline", &slot->cmdline },
		{ "source", &slot->source },
	};
	char name[NAME_MAX_LENGTH];
	int err;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		slot_file(name, slot->number, texts[i].file);
		err = read_optional(name, texts[i].value, error);
		if (err)
			return err;
	}
	return 0;
}

static int read_slot_status(struct fr_slot *slot, struct fr_error *error)
{
	_cleanup_free_ char *text = NULL;
	char name[NAME_MAX_LENGTH];
	int err;

	slot_file(name, slot->number, "status");
	err = read_text(name, &text, error);
	if (err)
		return err;
	slot->status = status_from_name(text);
	return 0;
}

static int read_slot(struct fr_slot *slot, struct fr_error *error)
{
	char name[NAME_MAX_LENGTH];
	int err;

	err = read_slot_status(slot, error);
	if (err)
		return err;
	slot_file(name, slot->number, "size");
	err = read_number(name, &slot->size, error);
	if (err)
		return err;
	err = read_slot_texts(slot, error);
	if (err)
		return err;
	slot_file(name, slot->number, "placement");
	err = read_segments(name, slot, parse_placement, error);
	if (err)
		return err;
	slot_file(name, slot->number, "sha256");
	return read_segments(name, slot, parse_sha256, error);
}

static bool have_slot(unsigned int slot)
{
	_cleanup_close_ int fd = -1;
	char name[NAME_MAX_LENGTH];

	snprintf(name, sizeof(name), "slot%u", slot);
	fd = open_file(name, O_PATH | O_DIRECTORY);
	return fd >= 0;
}

static int read_slots(struct fr_pool_status *status, struct fr_error *error)
{
	unsigned int i;
	int err;

	for (i = 0; i < FR_SLOTS_MAX && have_slot(i); i++) {
		status->slots[i].number = i;
		status->n_slots = i + 1;
		err = read_slot(&status->slots[i], error);
		if (err)
			return err;
	}
	return 0;
}

static int read_top_texts(struct fr_pool_status *status, struct fr_error *error)
{
	const struct {
		const char *file;
		char **value;
	} texts[] = {
		{ "error", &status->error },
		{ "version", &status->version },
		{ "boot_reason", &status->boot_reason },
		{ "previous_release", &status->previous_release },
		{ "source", &status->source },
		{ "previous_source", &status->previous_source },
		{ "state_volume", &status->state_volume },
	};
	int err;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		err = read_optional(texts[i].file, texts[i].value, error);
		if (err)
			return err;
	}
	return 0;
}

static int read_top_numbers(struct fr_pool_status *status,
			    struct fr_error *error)
{
	uint64_t tries;
	int err;

	err = read_number("generation", &status->generation, error);
	if (err)
		return err;
	err = read_number("tries", &tries, error);
	if (err)
		return err;
	status->tries = tries > UINT32_MAX ? UINT32_MAX : (unsigned int)tries;
	err = read_slot_number("running", &status->running, error);
	if (err)
		return err;
	return read_slot_number("armed", &status->armed, error);
}

static int read_everything(struct fr_pool_status *status,
			   struct fr_error *error)
{
	int err;

	err = read_range(status, error);
	if (err)
		return err;
	err = read_top_texts(status, error);
	if (err)
		return err;
	err = read_top_numbers(status, error);
	if (err || !status->present)
		return err;
	return read_slots(status, error);
}

int fr_pool_read(struct fr_pool_status *ret_status, struct fr_error *error)
{
	struct fr_pool_status status = { .running = FR_SLOT_NONE,
					 .armed = FR_SLOT_NONE };
	struct stat stat_buffer;
	int err;

	if (stat(fr_pool_root(), &stat_buffer))
		return fr_fail(
			error, FR_UNSUPPORTED, -EOPNOTSUPP,
			"the running kernel has no fast reboot: there is no %s; "
			"boot a kernel with CONFIG_FASTREBOOT",
			fr_pool_root());
	err = read_everything(&status, error);
	if (err) {
		fr_pool_status_clear(&status);
		return err;
	}
	*ret_status = status;
	return 0;
}

/* @armed keeps its value unless a better one can be read. */
static void refresh_slot_number(const char *name, int *slot)
{
	int number;

	if (!read_slot_number(name, &number, NULL))
		*slot = number;
}

void fr_pool_read_states(struct fr_pool_status *status)
{
	uint64_t tries;

	for (size_t i = 0; i < status->n_slots; i++)
		read_slot_status(&status->slots[i], NULL);
	refresh_slot_number("armed", &status->armed);
	if (!read_number("tries", &tries, NULL))
		status->tries = tries > UINT32_MAX ? UINT32_MAX :
						     (unsigned int)tries;
}

int fr_pool_check(const struct fr_pool_status *status, struct fr_error *error)
{
	if (status->present)
		return 0;
	if (*status->error)
		return fr_fail(error, FR_NO_POOL, -ENODEV,
			       "the pool can't be used: %s", status->error);
	return fr_fail(
		error, FR_NO_POOL, -ENODEV,
		"there is no pool: add a fastreboot,pool node to the device tree, "
		"or fastreboot=<size>[@<address>] to the kernel's command line, and reboot");
}

bool fr_pool_is_confirmed(const struct fr_pool_status *status)
{
	return !status->present ||
	       strcmp(status->boot_reason, "fast-reboot") != 0 ||
	       !status->tries;
}

bool fr_pool_has_state(const struct fr_pool_status *status)
{
	return *status->state_volume && strcmp(status->state_volume, "none");
}

void fr_pool_status_clear(struct fr_pool_status *status)
{
	for (size_t i = 0; i < status->n_slots; i++) {
		free(status->slots[i].release);
		free(status->slots[i].stale);
		free(status->slots[i].cmdline);
		free(status->slots[i].source);
	}
	free(status->error);
	free(status->version);
	free(status->boot_reason);
	free(status->previous_release);
	free(status->source);
	free(status->previous_source);
	free(status->state_volume);
	*status = (struct fr_pool_status){ .running = FR_SLOT_NONE,
					   .armed = FR_SLOT_NONE };
}

int fr_pool_read_timeline(char **ret_text, struct fr_error *error)
{
	return read_optional("timeline", ret_text, error);
}
