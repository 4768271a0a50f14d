// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where boot loaders take the kernel's command line from:
 *
 *	GRUB		/etc/default/grub.d/fastreboot.cfg, a shell snippet that
 *			grub-mkconfig(8) reads, then update-grub
 *	u-boot-menu	/etc/u-boot-menu/conf.d/fastreboot.conf, the same for
 *			u-boot-update(8)
 *	kernel-install	/etc/kernel/cmdline, for entries and UKIs that it writes: made
 *			from the running kernel's where there is none, as that would
 *			be taken; then the running kernel's entry is written anew
 *	extlinux	the lines "append" of /boot/extlinux/extlinux.conf, where no
 *			u-boot-menu writes it
 */
#include "setup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cleanup.h"
#include "files.h"
#include "io.h"
#include "root.h"

#define FILE_SIZE_MAX (1024 * 1024)
#define PARAMETER "fastreboot="

static const char blanks[] = " \t";

static bool is_parameter(const char *word, size_t size)
{
	return size >= strlen(PARAMETER) &&
	       !memcmp(word, PARAMETER, strlen(PARAMETER));
}

/* Bytes of the word at the beginning of a text; blanks in quotes are part of it. */
static size_t word_size(const char *text)
{
	bool quoted = false;
	size_t size = 0;

	for (; text[size]; size++) {
		if (text[size] == '"')
			quoted = !quoted;
		else if (!quoted && strchr(blanks, text[size]))
			break;
	}
	return size;
}

static void put_word(FILE *out, const char *word, size_t size)
{
	if (ftell(out) > 0)
		fputc(' ', out);
	fwrite(word, 1, size, out);
}

static void edit(FILE *out, const char *line, const char *parameter)
{
	bool is_there = !*parameter, is_ours = true;

	while (line += strspn(line, blanks), *line) {
		size_t size = word_size(line);
		bool end = size == 2 && !memcmp(line, "--", 2);

		if (is_ours && end && !is_there)
			put_word(out, parameter, strlen(parameter));
		is_there |= is_ours && end;
		is_ours = is_ours && !end;
		if (!is_ours || !is_parameter(line, size))
			put_word(out, line, size);
		else if (!is_there)
			put_word(out, parameter, strlen(parameter));
		is_there |= is_ours && is_parameter(line, size);
		line += size;
	}
	if (!is_there)
		put_word(out, parameter, strlen(parameter));
}

int setup_edit_line(const char *line, const char *parameter, char **ret)
{
	size_t size;
	FILE *out = open_memstream(ret, &size);

	if (!out)
		return -ENOMEM;
	edit(out, line, parameter);
	return fclose(out) ? -ENOMEM : 0;
}

/* The content of a file; NULL if there is none. */
static int read_text(const char *path, char **ret, struct fr_error *error)
{
	_cleanup_free_ char *name = NULL;
	int err;

	*ret = NULL;
	if (asprintf(&name, "%s%s", fr_root(), path) < 0) {
		name = NULL;
		return fr_fail_memory(error);
	}
	err = fr_read_file(AT_FDCWD, name, FILE_SIZE_MAX, ret, NULL);
	if (!err || err == -ENOENT)
		return 0;
	return fr_fail(error, err == -EACCES ? FR_NOT_PERMITTED : FR_FAILED,
		       err, "can't read %s: %s", path, fr_file_error(err));
}

/* Takes @text. */
static int add_change(struct setup_plan *plan, const char *path, char *text,
		      struct setup_change **ret, struct fr_error *error)
{
	struct setup_change *change = &plan->changes[plan->n];
	_cleanup_free_ char *before = NULL;
	int err;

	*change = (struct setup_change){ .path = strdup(path), .text = text };
	plan->n++;
	if (!change->path)
		return fr_fail_memory(error);
	err = read_text(path, &before, error);
	if (err)
		return err;
	change->same = text && before ? !strcmp(text, before) :
					!text && !before;
	*ret = change;
	return 0;
}

/* A file that is ours as a whole: shell, which adds to a variable. */
static int add_snippet(struct setup_plan *plan, const char *path,
		       const char *variable, struct setup_change **ret,
		       struct fr_error *error)
{
	char *text = NULL;

	if (*plan->parameter &&
	    asprintf(&text,
		     "# Written by 'fastreboot setup'; 'fastreboot setup --undo' removes it.\n"
		     "%s=\"$%s %s\"\n",
		     variable, variable, plan->parameter) < 0)
		return fr_fail_memory(error);
	return add_change(plan, path, text, ret, error);
}

static int find_grub(struct setup_plan *plan, struct fr_error *error)
{
	struct setup_change *change;
	int err;

	if (!files_exist("/etc/default/grub"))
		return 0;
	err = add_snippet(plan, "/etc/default/grub.d/fastreboot.cfg",
			  "GRUB_CMDLINE_LINUX", &change, error);
	if (!err)
		change->program[0] = "/usr/sbin/update-grub";
	return err;
}

static int find_u_boot_menu(struct setup_plan *plan, struct fr_error *error)
{
	struct setup_change *change;
	int err;

	if (!files_exist("/usr/sbin/u-boot-update"))
		return 0;
	err = add_snippet(plan, "/etc/u-boot-menu/conf.d/fastreboot.conf",
			  "U_BOOT_PARAMETERS", &change, error);
	if (!err)
		change->program[0] = "/usr/sbin/u-boot-update";
	return err;
}

/* What boot loaders add for themselves is not the kernel's. */
static int running_cmdline(char **ret, struct fr_error *error)
{
	static const char *const loaders[] = { "BOOT_IMAGE=", "initrd=" };
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *out;
	int err = read_text("/proc/cmdline", &text, error);

	if (err)
		return err;
	out = open_memstream(ret, &size);
	if (!out)
		return fr_fail_memory(error);
	for (char *word = strtok(text ?: "", " \t\n"); word;
	     word = strtok(NULL, " \t\n"))
		if (strncmp(word, loaders[0], strlen(loaders[0])) &&
		    strncmp(word, loaders[1], strlen(loaders[1])))
			put_word(out, word, strlen(word));
	return fclose(out) ? fr_fail_memory(error) : 0;
}

/* The entry of the kernel that runs; those of others follow when they are installed. */
static void write_entry_anew(struct setup_change *change)
{
	struct utsname name;

	if (uname(&name) < 0)
		return;
	snprintf(change->release, sizeof(change->release), "%.64s",
		 name.release);
	for (size_t i = 0; i < 2; i++) {
		snprintf(change->image, sizeof(change->image),
			 i ? "/usr/lib/modules/%.64s/vmlinuz" :
			     "/boot/vmlinuz-%.64s",
			 name.release);
		if (!files_exist(change->image))
			continue;
		change->program[0] = "/usr/bin/kernel-install";
		change->program[1] = "add";
		return;
	}
	change->image[0] = '\0';
}

static int find_kernel_install(struct setup_plan *plan, struct fr_error *error)
{
	static const char path[] = "/etc/kernel/cmdline";
	_cleanup_free_ char *before = NULL;
	_cleanup_free_ char *line = NULL;
	struct setup_change *change;
	char *text = NULL;
	int err;

	if (!files_exist(path) &&
	    (!*plan->parameter ||
	     !files_exist("/usr/lib/systemd/boot/efi/systemd-bootaa64.efi")))
		return 0;
	err = read_text(path, &before, error);
	if (!err && !before)
		err = running_cmdline(&before, error);
	if (err)
		return err;
	/* kernel-install(8) takes the lines of the file for one. */
	for (char *end; (end = strchr(before, '\n'));)
		*end = ' ';
	if (setup_edit_line(before, plan->parameter, &line) ||
	    asprintf(&text, "%s\n", line) < 0)
		return fr_fail_memory(error);
	err = add_change(plan, path, text, &change, error);
	if (!err)
		write_entry_anew(change);
	return err;
}

/* Return: the size of what stands before the command line, 0 for any other line. */
static size_t append_size(const char *line)
{
	size_t indent = strspn(line, blanks);
	const char *key = line + indent;

	if (strncasecmp(key, "append", 6) || !strchr(blanks, key[6]) || !key[6])
		return 0;
	return indent + 6 + strspn(key + 6, blanks);
}

static int edit_extlinux(char *text, const char *parameter, char **ret)
{
	size_t size;
	FILE *out = open_memstream(ret, &size);
	char *line;
	int err = 0;

	if (!out)
		return -ENOMEM;
	while ((line = strsep(&text, "\n"))) {
		_cleanup_free_ char *edited = NULL;
		size_t n = append_size(line);

		if (n && setup_edit_line(line + n, parameter, &edited)) {
			err = -ENOMEM;
			break;
		}
		fprintf(out, "%.*s%s%s", (int)n, line, n ? edited : line,
			text ? "\n" : "");
	}
	return fclose(out) ? -ENOMEM : err;
}

static int find_extlinux(struct setup_plan *plan, struct fr_error *error)
{
	static const char path[] = "/boot/extlinux/extlinux.conf";
	_cleanup_free_ char *before = NULL;
	struct setup_change *change;
	char *text = NULL;
	int err;

	if (files_exist("/usr/sbin/u-boot-update"))
		return 0;
	err = read_text(path, &before, error);
	if (err || !before)
		return err;
	if (edit_extlinux(before, plan->parameter, &text)) {
		free(text);
		return fr_fail_memory(error);
	}
	return add_change(plan, path, text, &change, error);
}

int setup_find_places(struct setup_plan *plan, struct fr_error *error)
{
	int err = find_grub(plan, error);

	if (!err)
		err = find_u_boot_menu(plan, error);
	if (!err)
		err = find_kernel_install(plan, error);
	return err ?: find_extlinux(plan, error);
}
