/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Manifests: what a payload consists of, as its maker has signed it.
 *
 * A signature for each file says that its maker has made that file, and nothing of
 * what belongs together: an attacker could pair a new kernel with an old root image,
 * or with another command line. A manifest binds all of it: the SHA-256 of each file,
 * the command line or what it may consist of, a version, and the hardware. One
 * detached CMS signature over the manifest is all that is signed.
 *
 * It is text, at most FR_MANIFEST_SIZE_MAX bytes of UTF-8 or ASCII, a "key=value" a
 * line. Empty lines and such that begin with "#" are passed over:
 *
 *	format=1		has to be the first key
 *	version=TEXT		letters, digits and ".", "_", "+", "~", "-", ":", at
 *				most 64; compared as strverscmp(3) does
 *	compatible=NAME		the root of the machine's device tree has to name one
 *				of these; repeated. Without, any machine will do
 *	kernel=SHA256		of the file as it is, perhaps compressed; or
 *	uki=SHA256		of a unified kernel image
 *	initrd=SHA256		repeated, in the order in which they are staged
 *	root_image=SHA256
 *	devicetree=SHA256
 *	cmdline=TEXT		the command line is exactly this; or
 *	cmdline_words=PATTERN...
 *				each of its words matches one of these, as fnmatch(3)
 *				does; repeated
 *
 * Hashes are 64 lower-case digits. A key that is not known is an error: it may
 * forbid what a reader that does not know it would allow. A manifest of a UKI needs
 * no command line: the UKI has one, and only that is taken. Any other says cmdline
 * or cmdline_words. The format is an ABI, see docs/abi.md.
 */
#ifndef FR_MANIFEST_H
#define FR_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "sha256.h"

#define FR_MANIFEST_SUFFIX ".manifest"
#define FR_MANIFEST_SIZE_MAX (64U << 10)
#define FR_MANIFEST_VERSION_MAX 64

/**
 * struct fr_manifest - the content of a manifest
 * @version: not NULL
 * @compatible: list; NULL: any machine will do
 * @kernel: hash; NULL if it is about a UKI
 * @uki: hash; NULL if it is about a kernel
 * @initrds: hashes; NULL for none
 * @root_image: hash; NULL for none
 * @devicetree: hash; NULL for none
 * @cmdline: the command line; NULL if @cmdline_words say what it may be, or the
 *	UKI has it
 * @cmdline_words: patterns; NULL for none
 *
 * All strings are owned.
 */
struct fr_manifest {
	char *version;
	char **compatible;
	char *kernel;
	char *uki;
	char **initrds;
	char *root_image;
	char *devicetree;
	char *cmdline;
	char **cmdline_words;
};

/* Free what a manifest owns; it is all zero afterwards. */
void fr_manifest_done(struct fr_manifest *manifest);

#define _cleanup_manifest_ __attribute__((__cleanup__(fr_manifest_done)))

/**
 * fr_manifest_parse() - read a manifest
 * @text: its bytes
 * @size: how many
 * @name: name of the file, for the error
 * @ret: the content; the caller calls fr_manifest_done()
 * @error: names the line
 *
 * Return: 0; -EINVAL with FR_INVALID_PAYLOAD, -EPROTONOSUPPORT with FR_UNSUPPORTED
 * for another format, -ENOMEM.
 */
int fr_manifest_parse(const char *text, size_t size, const char *name,
		      struct fr_manifest *ret, struct fr_error *error);

/**
 * fr_manifest_format() - write a manifest
 * @manifest: content
 * @ret: text that fr_manifest_parse() takes; to be freed by the caller
 *
 * Return: 0; -ENOMEM.
 */
int fr_manifest_format(const struct fr_manifest *manifest, char **ret);

/**
 * fr_manifest_check_cmdline() - does it allow a command line?
 * @manifest: content
 * @cmdline: one line
 * @name: name of the manifest's file, for the error
 * @error: names the word that it does not allow
 *
 * Return: 0; -EPERM with FR_REFUSED.
 */
int fr_manifest_check_cmdline(const struct fr_manifest *manifest,
			      const char *cmdline, const char *name,
			      struct fr_error *error);

/**
 * fr_manifest_check_machine() - is it for this machine?
 * @manifest: content
 * @name: name of the manifest's file, for the error
 * @error: says what the machine is
 *
 * Return: 0; -ENODEV with FR_REFUSED; -ENOMEM.
 */
int fr_manifest_check_machine(const struct fr_manifest *manifest,
			      const char *name, struct fr_error *error);

/**
 * fr_manifest_path() - where the manifest of a payload is
 * @kernel: name of the kernel's or UKI's file
 * @ret: the same with FR_MANIFEST_SUFFIX, to be freed by the caller. A UKI's counter
 *	of boot tries, as in "uki+3.efi", is left out: it changes
 *
 * Return: 0; -ENOMEM.
 */
int fr_manifest_path(const char *kernel, char **ret);

/**
 * fr_manifest_hash() - the hash of a file, as a manifest has it
 * @path: name of the file
 * @ret: SHA-256 of all of it
 * @error: why not
 *
 * Return: 0; -ENOENT with FR_NOT_FOUND, another errno with FR_FAILED, -ENOMEM.
 */
int fr_manifest_hash(const char *path, char ret[FR_SHA256_TEXT_SIZE],
		     struct fr_error *error);

/* Is a text a version that a manifest may have? */
bool fr_manifest_is_version(const char *text);

#endif
