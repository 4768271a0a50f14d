// SPDX-License-Identifier: GPL-2.0-or-later
#include "setup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "files.h"
#include "json.h"
#include "list.h"
#include "pool.h"
#include "replace.h"
#include "root.h"
#include "run.h"
#include "setup-address.h"
#include "text.h"

#define MIB (UINT64_C(1) << 20)
/* Where nothing says what a payload takes: a distribution's kernel and initrd. */
#define PAYLOAD_DEFAULT (112 * MIB)
#define SIZE_STEP (64 * MIB)
#define SIZE_LEAST (64 * MIB)
/* FASTREBOOT_ALIGNMENT: the kernel refuses a pool that is no multiple of it. */
#define SIZE_UNIT (2 * MIB)

/* A quarter more than today's takes: kernels grow. */
static uint64_t slots_size(uint64_t payload)
{
	return 2 * (payload + payload / 4);
}

static uint64_t round_up(uint64_t size, uint64_t step)
{
	return (size + step - 1) / step * step;
}

/* What the newest payload takes; the default where there is none. */
static int payload_size(const struct fr_config *config, uint64_t *ret,
			struct fr_error *error)
{
	_cleanup_json_ struct json_object *list = NULL;
	struct json_object *entries;
	size_t n;
	int err = list_make(config, NULL, &list, error);

	if (err < 0)
		return err;
	*ret = 0;
	entries = cli_json_array(list, "entries", &n);
	for (size_t i = 0; i < n && !*ret; i++)
		*ret = list_measure(config,
				    json_object_array_get_idx(entries, i));
	if (!*ret)
		*ret = PAYLOAD_DEFAULT;
	return 0;
}

/* In bytes; 0 if it can't be told. */
static uint64_t memory_size(void)
{
	unsigned long long kib = 0;
	char line[128];

	files_read_line("/proc/meminfo", line, sizeof(line));
	if (sscanf(line, "MemTotal: %llu kB", &kib) != 1)
		return 0;
	return kib * 1024;
}

static int check_size(uint64_t size, struct fr_error *error)
{
	uint64_t memory = memory_size();
	char wanted[TEXT_MAX], there[TEXT_MAX];

	text_size(size, wanted);
	text_size(memory, there);
	if (size < SIZE_LEAST)
		return fr_fail(
			error, FR_USAGE, -EINVAL,
			"a pool of %s is too small: 64M is the least that holds two small kernels",
			wanted);
	if (size % SIZE_UNIT)
		return fr_fail(
			error, FR_USAGE, -EINVAL,
			"a pool of %s is no multiple of 2 MiB, as the kernel wants it",
			wanted);
	if (memory && size > memory / 2)
		return fr_fail(
			error, FR_TOO_LARGE, -ENOSPC,
			"a pool of %s is more than a half of this machine's memory, %s; name a smaller one with --size",
			wanted, there);
	return 0;
}

int setup_choose_size(const struct fr_config *config, uint64_t state_size,
		      uint64_t *ret, struct fr_error *error)
{
	uint64_t payload;
	int err = payload_size(config, &payload, error);

	if (err < 0)
		return err;
	*ret = round_up(slots_size(payload) + state_size, SIZE_STEP);
	return 0;
}

/* The pool that there is; none of a kernel that has none. */
static void find_pool(struct setup_range *ret)
{
	_cleanup_pool_status_ struct fr_pool_status status = { 0 };
	struct fr_error error = { 0 };

	*ret = (struct setup_range){ 0 };
	if (!fr_pool_read(&status, &error) && status.present && status.end)
		*ret = (struct setup_range){ status.start, status.end + 1 };
}

static int format_parameter(const struct setup_request *request,
			    struct setup_plan *plan, struct fr_error *error)
{
	char address[32] = "", state[32] = "";
	struct setup_range pool;
	uint64_t start;
	int err;

	find_pool(&pool);
	err = setup_choose_address(plan->size, &pool, &start, error);
	if (err && err != -ENOENT)
		return err;
	if (err && request->state_size)
		return fr_fail(
			error, FR_UNSUPPORTED, err,
			"a state volume needs an address, and this kernel does not tell which memory is free: it has no /proc/iomem");
	if (!err)
		snprintf(address, sizeof(address), "@0x%" PRIx64, start);
	if (request->state_size)
		snprintf(state, sizeof(state), ",state=%" PRIu64 "M",
			 request->state_size / MIB);
	snprintf(plan->parameter, sizeof(plan->parameter),
		 "fastreboot=%" PRIu64 "M%s%s", plan->size / MIB, address,
		 state);
	return 0;
}

static int make_parameter(const struct setup_request *request,
			  const struct fr_config *config,
			  struct setup_plan *plan, struct fr_error *error)
{
	int err = 0;

	plan->size = request->size;
	if (!plan->size)
		err = setup_choose_size(config, request->state_size,
					&plan->size, error);
	if (!err)
		err = check_size(plan->size, error);
	if (err < 0)
		return err;
	if (request->state_size % SIZE_UNIT)
		return fr_fail(
			error, FR_USAGE, -EINVAL,
			"the state volume's size is no multiple of 2 MiB, as the kernel wants it");
	if (request->state_size > plan->size / 2)
		return fr_fail(error, FR_USAGE, -EINVAL,
			       "a state volume may have a half of the pool");
	return format_parameter(request, plan, error);
}

int setup_plan_make(const struct setup_request *request,
		    const struct fr_config *config, struct setup_plan *ret,
		    struct fr_error *error)
{
	_cleanup_setup_plan_ struct setup_plan plan = { 0 };
	char by_hand[160];
	int err = 0;

	if (!request->undo)
		err = make_parameter(request, config, &plan, error);
	if (!err)
		err = setup_find_places(&plan, error);
	if (err < 0)
		return err;
	snprintf(by_hand, sizeof(by_hand), "add %s to", plan.parameter);
	if (!plan.n)
		return fr_fail(
			error, FR_NOT_FOUND, -ENOENT,
			"the configuration of no boot loader is found that fastreboot knows (GRUB, kernel-install, u-boot-menu, extlinux): %s the kernel's command line by hand",
			*plan.parameter ? by_hand : "take fastreboot= out of");
	*ret = plan;
	plan = (struct setup_plan){ 0 };
	return 0;
}

void setup_plan_done(struct setup_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		free(plan->changes[i].path);
		free(plan->changes[i].text);
	}
	*plan = (struct setup_plan){ 0 };
}

static int write_change(const char *name, const char *text)
{
	_cleanup_free_ char *folder = strndup(name, strrchr(name, '/') - name);
	_cleanup_free_ char *file = NULL;
	int err;

	if (!folder)
		return -ENOMEM;
	if (!text)
		return unlink(name) < 0 && errno != ENOENT ? -errno : 0;
	if (mkdir(folder, 0755) < 0 && errno != EEXIST)
		return -errno;
	err = cli_file_to_replace(name, &file);
	if (err < 0)
		return err;
	return file ? cli_replace_file(file, text, strlen(text)) : -EINVAL;
}

static int do_change(const struct setup_change *change, struct fr_error *error)
{
	_cleanup_free_ char *name = NULL;
	int err;

	if (change->same)
		return 0;
	if (asprintf(&name, "%s%s", fr_root(), change->path) < 0) {
		name = NULL;
		return fr_fail_memory(error);
	}
	err = write_change(name, change->text);
	if (!err)
		return 0;
	return fr_fail(error,
		       err == -EACCES || err == -EPERM ? FR_NOT_PERMITTED :
							 FR_FAILED,
		       err, "can't write %s: %s", change->path, strerror(-err));
}

/* Also where the file was there: the program may not have run then. */
static int take_note(const struct setup_change *change, struct fr_error *error)
{
	const char *const words[] = { change->program[0], change->program[1],
				      *change->release ? change->release : NULL,
				      change->image, NULL };
	int status = *words ? run_program(words) : 0;

	if (!*words && *change->release && !change->same)
		return fr_fail(
			error, FR_NOT_FOUND, -ENOENT,
			"%s is written, but the image of %s is in neither /boot nor /usr/lib/modules: have its entry written anew, 'kernel-install add %s IMAGE', or no boot will take note",
			change->path, change->release, change->release);
	if (!status)
		return 0;
	return fr_fail(
		error, FR_FAILED, -EIO,
		"%s is written, but %s has failed with status %d: run it, or no boot will take note",
		change->path, change->program[0], status);
}

int setup_plan_do(const struct setup_plan *plan, struct fr_error *error)
{
	int err = 0;

	for (size_t i = 0; !err && i < plan->n; i++)
		err = do_change(&plan->changes[i], error);
	for (size_t i = 0; !err && i < plan->n; i++)
		err = take_note(&plan->changes[i], error);
	return err;
}

static int change_json(const struct setup_change *change,
		       struct json_object *list)
{
	_cleanup_json_ struct json_object *object = json_object_new_object();
	char program[256];
	int err = object ? 0 : -ENOMEM;

	snprintf(program, sizeof(program), "%s%s%s%s%s%s%s",
		 change->program[0] ?: "", change->program[1] ? " " : "",
		 change->program[1] ?: "",
		 change->program[0] && *change->release ? " " : "",
		 change->program[0] ? change->release : "",
		 *change->image ? " " : "", change->image);
	if (!err)
		err = cli_json_add_text(object, "path", change->path);
	if (!err)
		err = cli_json_add_text(object, "text", change->text);
	if (!err)
		err = cli_json_add(object, "changes",
				   json_object_new_boolean(!change->same));
	if (!err)
		err = cli_json_add_text(object, "program",
					*program ? program : NULL);
	if (err || json_object_array_add(list, object))
		return -ENOMEM;
	object = NULL;
	return 0;
}

int setup_plan_json(const struct setup_plan *plan, struct json_object **ret)
{
	_cleanup_json_ struct json_object *object = json_object_new_object();
	struct json_object *list = json_object_new_array();
	int err = object ? 0 : -ENOMEM;

	if (err) {
		json_object_put(list);
		return err;
	}
	err = cli_json_add(object, "files", list);
	if (!err)
		err = cli_json_add_text(object, "schema",
					"org.fastreboot.setup/1");
	if (!err)
		err = cli_json_add_text(object, "parameter",
					*plan->parameter ? plan->parameter :
							   NULL);
	for (size_t i = 0; !err && i < plan->n; i++)
		err = change_json(&plan->changes[i], list);
	if (!err)
		*ret = fr_steal_pointer(object);
	return err;
}
