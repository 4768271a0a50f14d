/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries of the Boot Loader Specification, type 1: text files
 * <boot root>/loader/entries/<id>.conf. A counter of boot tries may stand
 * between id and ".conf": "+<left>" or "+<left>-<done>".
 */
#ifndef FR_BLS_H
#define FR_BLS_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/* Below a boot root: where entries are, and UKIs that need none. */
#define FR_BLS_ENTRIES "/loader/entries"
#define FR_BLS_UKIS "/EFI/Linux"

/**
 * struct fr_bls_entry - what an entry says
 * @id: name of its file without counter and ".conf"
 * @root: boot root that its paths begin at
 * @title: for people, or NULL
 * @version: or NULL
 * @architecture: as it stands there, or NULL
 * @linux_path: kernel, below @root; NULL if @uki_path is set
 * @uki_path: unified kernel image (keys uki and efi); NULL if @linux_path is
 * @initrds: in their order, NULL-terminated, never NULL
 * @root_image: root image (key x-fastreboot-root-image), below @root; or NULL
 * @devicetree: or NULL
 * @options: all options, joined by blanks; "" if there are none. May have variables
 *	of a boot loader in it, see fr_bls_find_variable()
 * @profile: of the UKI, as it stands there, or NULL; with a UKI only "0"
 *
 * Paths are absolute, begin with @root and do not have ".." in them. All is
 * owned by the struct; fr_bls_entry_done() frees it.
 */
struct fr_bls_entry {
	char *id;
	char *root;
	char *title;
	char *version;
	char *architecture;
	char *linux_path;
	char *uki_path;
	char **initrds;
	char *root_image;
	char *devicetree;
	char *options;
	char *profile;
};

/**
 * fr_bls_find_variable() - find a word that GRUB replaces by what it knows
 * @text: text
 *
 * Return: the first word of @text that begins with "$"; NULL if there is none.
 */
const char *fr_bls_find_variable(const char *text);

/**
 * fr_bls_parse() - read the text of an entry
 * @text: content of the file; NULs in it are an error
 * @size: bytes of @text
 * @root: boot root, absolute
 * @name: name of the file, for the error
 * @ret: filled in, but for the id; the caller calls fr_bls_entry_done()
 * @error: names the file and the line
 *
 * Keys that are not known are passed over, as the specification wants it.
 *
 * Return: 0; -EINVAL (FR_INVALID_PAYLOAD) or -ENOMEM.
 */
int fr_bls_parse(const char *text, size_t size, const char *root,
		 const char *name, struct fr_bls_entry *ret,
		 struct fr_error *error);

/**
 * fr_bls_id_size() - how much of a name is the id
 * @name: name, or path, of a file
 * @suffix: that it may end with: ".conf", or ".efi" for a UKI
 *
 * Return: bytes in front of the counter of boot tries and @suffix.
 */
size_t fr_bls_id_size(const char *name, const char *suffix);

/**
 * fr_bls_same_id() - do two names differ by nothing but the counter of boot tries?
 * @a: name, or path, of a file
 * @b: another one
 * @suffix: as of fr_bls_id_size()
 */
bool fr_bls_same_id(const char *a, const char *b, const char *suffix);

/**
 * fr_bls_is_name() - is it the name of an entry's file, or of a UKI's?
 * @name: name, or path, of a file
 * @suffix: as of fr_bls_id_size()
 */
bool fr_bls_is_name(const char *name, const char *suffix);

/**
 * fr_bls_find_renamed() - find a file that is there with another counter
 * @path: absolute name of the file of an entry (.conf) or a UKI (.efi)
 * @ret: the only file of its folder that differs from @path by nothing but the counter
 *	of boot tries, to be freed by the caller; NULL if @path itself is there, or none
 *
 * A boot loader makes the counter less, and systemd takes it away when a boot was good.
 *
 * Return: 0; -ENOMEM.
 */
int fr_bls_find_renamed(const char *path, char **ret);

/**
 * fr_bls_load() - find and read an entry
 * @boot_roots: absolute names of folders, NULL-terminated
 * @entry: id, with or without ".conf" and counter, which is searched in the
 *	roots in their order; or an absolute path
 *	<boot root>/loader/entries/<file>.conf, in whatever root, which is found too
 *	if its counter has changed
 * @ret: filled in; the caller calls fr_bls_entry_done()
 * @error: why not
 *
 * Return: 0; -ENOENT (FR_NOT_FOUND), -EINVAL (FR_INVALID_PAYLOAD, or FR_USAGE
 * for an @entry that can't be one), -ENOMEM, or the errno of reading it.
 */
int fr_bls_load(char *const *boot_roots, const char *entry,
		struct fr_bls_entry *ret, struct fr_error *error);

/**
 * fr_bls_list() - find all entries, and UKIs that are entries by themselves
 * @boot_roots: absolute names of folders, NULL-terminated
 * @ret: absolute names of files, NULL-terminated, to be freed by fr_strv_free():
 *	<boot root>/loader/entries/<name>.conf and <boot root>/EFI/Linux/<name>.efi, at
 *	most FR_BLS_LIST_MAX; the roots in their order, in each the entries and then the
 *	UKIs, the highest name first as strverscmp(3) has it
 * @error: why not
 *
 * What is not there is passed over.
 *
 * Return: 0; -ENOMEM, or the errno of reading a folder (FR_FAILED, or
 * FR_NOT_PERMITTED for -EACCES).
 */
int fr_bls_list(char *const *boot_roots, char ***ret, struct fr_error *error);

/* More than any boot loader's menu has. */
#define FR_BLS_LIST_MAX 1000

/**
 * fr_bls_entry_done() - free what an entry points to
 * @entry: filled by one of the above, or all zero; all zero afterwards
 */
void fr_bls_entry_done(struct fr_bls_entry *entry);

#define _cleanup_bls_entry_ __attribute__((__cleanup__(fr_bls_entry_done)))

#endif
