/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fastreboot manifest: making and reading manifests, daemon/lib/manifest.h.
 *
 * These verbs need no daemon and no pool: a manifest is made where payloads are
 * built.
 */
#ifndef MANIFEST_CLI_H
#define MANIFEST_CLI_H

#include <stdbool.h>
#include <stdio.h>

#include "error.h"
#include "manifest.h"
#include "options.h"

enum manifest_verb_id {
	MANIFEST_CREATE,
	MANIFEST_VERIFY,
	MANIFEST_SHOW,
};

/* Both end with an entry whose name is NULL. */
extern const struct cli_verb manifest_verbs[];
extern const struct cli_option manifest_options[];

/* As many as a list of a manifest may have. */
#define MANIFEST_LIST_MAX 64

/**
 * struct manifest_request - a parsed command line
 * @verb: what to do; NULL: none was named
 * @help: --help
 * @json: JSON instead of text for people
 * @file: the manifest; NULL: not given
 * @kernel, @uki, @root_image, @devicetree: files; NULL: not given
 * @initrds: files, NULL-terminated
 * @cmdline: command line; NULL: not given
 * @cmdline_words: patterns, several to a text, NULL-terminated
 * @payload_version: NULL: not given
 * @compatible: names of machines, NULL-terminated
 * @output: the manifest to write; NULL: not given
 * @key, @certificate: of the one that signs it; NULL: not given
 * @signature: NULL: that beside the manifest
 * @certificates, @revocation_lists: whom to trust, NULL-terminated
 *
 * All strings are borrowed from the command line.
 */
struct manifest_request {
	const struct cli_verb *verb;
	bool help;
	bool json;
	const char *file;
	const char *kernel;
	const char *uki;
	const char *root_image;
	const char *devicetree;
	const char *initrds[MANIFEST_LIST_MAX + 1];
	const char *cmdline;
	const char *cmdline_words[MANIFEST_LIST_MAX + 1];
	const char *payload_version;
	const char *compatible[MANIFEST_LIST_MAX + 1];
	const char *output;
	const char *key;
	const char *certificate;
	const char *signature;
	const char *certificates[MANIFEST_LIST_MAX + 1];
	const char *revocation_lists[MANIFEST_LIST_MAX + 1];
};

/**
 * manifest_parse() - parse what stands behind "fastreboot manifest"
 * @argc: number of words, with one that is not looked at
 * @argv: the words, which are put into another order
 * @ret: what is asked for; on failure what was understood of it
 * @error: says what is wrong and where to look
 *
 * Return: 0, or -EINVAL with FR_USAGE.
 */
int manifest_parse(int argc, char **argv, struct manifest_request *ret,
		   struct fr_error *error);

/* Print the help text: of one verb, or of all if that is NULL. */
void manifest_print_help(FILE *out, const struct cli_verb *verb);

/**
 * manifest_main() - do what is asked for
 * @argc: number of words
 * @argv: the words
 * @at: index of the word "manifest"
 *
 * Return: the exit status.
 */
int manifest_main(int argc, char **argv, int at);

/* The verbs; @ret_message is one line for people, to be freed. */
int manifest_create(const struct manifest_request *request, char **ret_message,
		    struct fr_error *error);
int manifest_verify(const struct manifest_request *request, char **ret_message,
		    struct fr_error *error);

#endif
