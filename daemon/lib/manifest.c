// SPDX-License-Identifier: GPL-2.0-or-later
#include "manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bls.h"
#include "cleanup.h"
#include "io.h"
#include "strv.h"

#define FORMAT "1"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define BLANKS " \t"
#define LIST_MAX 64
#define COMPATIBLE_SIZE_MAX (64U << 10)
#define COMPATIBLE_PATH "/sys/firmware/devicetree/base/compatible"

void fr_manifest_done(struct fr_manifest *manifest)
{
	free(manifest->version);
	fr_strv_free(manifest->compatible);
	free(manifest->kernel);
	free(manifest->uki);
	fr_strv_free(manifest->initrds);
	free(manifest->root_image);
	free(manifest->devicetree);
	free(manifest->cmdline);
	fr_strv_free(manifest->cmdline_words);
	*manifest = (struct fr_manifest){ 0 };
}

/* Where a value is: what follows is about one line. */
struct place {
	const char *name;
	unsigned int line;
	struct fr_error *error;
};

static int invalid(const struct place *at, const char *why, const char *about)
{
	return fr_fail(at->error, FR_INVALID_PAYLOAD, -EINVAL,
		       "%s:%u: %s '%s'; see fastreboot-manifest(5)", at->name,
		       at->line, why, about);
}

bool fr_manifest_is_version(const char *text)
{
	size_t size = strlen(text);

	return size && size <= FR_MANIFEST_VERSION_MAX &&
	       strspn(text, LETTERS DIGITS "._+~-:") == size;
}

static bool is_hash(const char *text)
{
	size_t size = FR_SHA256_TEXT_SIZE - 1;

	return strlen(text) == size && strspn(text, DIGITS "abcdef") == size;
}

static bool is_name(const char *text)
{
	return *text && !strpbrk(text, BLANKS);
}

static bool is_any(const char *text)
{
	return true;
}

/**
 * struct key - a key of a manifest
 * @name: of the key
 * @field: of struct fr_manifest, a text, or a list if @is_list
 * @is_list: it may stand more than once
 * @is_good: may it have this value?
 * @set: takes a value that it may have
 */
struct key {
	const char *name;
	size_t field;
	bool is_list;
	bool (*is_good)(const char *text);
	int (*set)(const struct key *key, void *field, char *value,
		   const struct place *at);
};

static int set_text(const struct key *key, void *field, char *value,
		    const struct place *at)
{
	char **text = field;

	if (*text)
		return invalid(at, "there is a second", key->name);
	*text = strdup(value);
	return *text ? 0 : fr_fail_memory(at->error);
}

static int add_text(const struct key *key, void *field, char *value,
		    const struct place *at)
{
	char ***list = field;
	char *copy;

	if (fr_strv_length(*list) >= LIST_MAX)
		return invalid(at, "there are too many of", value);
	copy = strdup(value);
	if (!copy || fr_strv_add(list, copy) < 0)
		return fr_fail_memory(at->error);
	return 0;
}

/* A line of words becomes as many patterns. */
static int add_words(const struct key *key, void *field, char *value,
		     const struct place *at)
{
	char ***list = field;
	char *rest = value;
	char *word;
	int err = 0;

	while (!err && (word = strtok_r(rest, BLANKS, &rest)))
		err = add_text(key, list, word, at);
	if (err || *list)
		return err;
	*list = calloc(1, sizeof(**list));
	return *list ? 0 : fr_fail_memory(at->error);
}

static const struct key keys[] = {
#define KEY(name, is_good) \
	{ #name, offsetof(struct fr_manifest, name), false, is_good, set_text }
#define LIST_KEY(name, field, is_good, add) \
	{ name, offsetof(struct fr_manifest, field), true, is_good, add }
	KEY(version, fr_manifest_is_version),
	KEY(kernel, is_hash),
	KEY(uki, is_hash),
	KEY(root_image, is_hash),
	KEY(devicetree, is_hash),
	KEY(cmdline, is_any),
	LIST_KEY("compatible", compatible, is_name, add_text),
	LIST_KEY("initrd", initrds, is_hash, add_text),
	LIST_KEY("cmdline_words", cmdline_words, is_any, add_words),
};

#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

static void *field_of(const struct fr_manifest *manifest, const struct key *key)
{
	return (char *)manifest + key->field;
}

static int set_key(struct fr_manifest *manifest, const struct key *key,
		   char *value, const struct place *at)
{
	if (!key->is_good(value))
		return invalid(at, "the key can't have the value", value);
	return key->set(key, field_of(manifest, key), value, at);
}

static int check_format(const char *key, const char *value,
			const struct place *at)
{
	if (strcmp(key, "format"))
		return invalid(at, "the first key has to be format, not", key);
	if (!strcmp(value, FORMAT))
		return 0;
	return fr_fail(
		at->error, FR_UNSUPPORTED, -EPROTONOSUPPORT,
		"%s: is a manifest of format %s, and this program knows " FORMAT
		"; a newer fastreboot may know it",
		at->name, value);
}

static int parse_line(struct fr_manifest *manifest, char *line, bool *format,
		      const struct place *at)
{
	char *value = strchr(line, '=');

	for (const char *c = line; *c; c++)
		if ((unsigned char)*c < ' ' && *c != '\t')
			return invalid(at, "the line is not text:", line);
	if (!*line || *line == '#')
		return 0;
	if (!value)
		return invalid(at, "there is no = in", line);
	*value++ = '\0';
	if (!*format) {
		*format = true;
		return check_format(line, value, at);
	}
	for (size_t i = 0; i < N_KEYS; i++)
		if (!strcmp(keys[i].name, line))
			return set_key(manifest, &keys[i], value, at);
	return invalid(at, "there is no key", line);
}

static int missing(const char *name, const char *what, struct fr_error *error)
{
	return fr_fail(error, FR_INVALID_PAYLOAD, -EINVAL,
		       "%s: the manifest %s; see fastreboot-manifest(5)", name,
		       what);
}

static int check_whole(const struct fr_manifest *manifest, const char *name,
		       struct fr_error *error)
{
	bool about_cmdline = manifest->cmdline || manifest->cmdline_words;

	if (!manifest->version)
		return missing(name, "has no version", error);
	if (!manifest->kernel == !manifest->uki)
		return missing(name, "has to name either a kernel or a uki",
			       error);
	if (manifest->root_image && (manifest->initrds || manifest->uki))
		return missing(
			name,
			"has a root_image, with which no initrd or uki goes",
			error);
	if (manifest->cmdline && manifest->cmdline_words)
		return missing(name, "has both cmdline and cmdline_words",
			       error);
	if (manifest->uki && about_cmdline)
		return missing(
			name,
			"has a command line, but a uki's own is the only one that is taken",
			error);
	if (manifest->kernel && !about_cmdline)
		return missing(
			name,
			"says nothing of the command line (cmdline or cmdline_words)",
			error);
	return 0;
}

int fr_manifest_parse(const char *text, size_t size, const char *name,
		      struct fr_manifest *ret, struct fr_error *error)
{
	_cleanup_manifest_ struct fr_manifest manifest = { 0 };
	_cleanup_free_ char *copy = NULL;
	struct place at = { .name = name, .error = error };
	bool format = false;
	char *rest;

	if (size > FR_MANIFEST_SIZE_MAX || memchr(text, '\0', size))
		return missing(name, "is too long, or no text", error);
	rest = copy = strndup(text, size);
	if (!copy)
		return fr_fail_memory(error);
	while (rest) {
		char *line = strsep(&rest, "\n");
		int err;

		at.line++;
		err = parse_line(&manifest, line, &format, &at);
		if (err < 0)
			return err;
	}
	if (check_whole(&manifest, name, error) < 0)
		return -EINVAL;
	*ret = manifest;
	manifest = (struct fr_manifest){ 0 };
	return 0;
}

int fr_manifest_format(const struct fr_manifest *manifest, char **ret)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return -ENOMEM;
	fputs("format=" FORMAT "\n", out);
	for (size_t i = 0; i < N_KEYS; i++) {
		char **const *list = field_of(manifest, &keys[i]);
		char *const *one = field_of(manifest, &keys[i]);

		if (!keys[i].is_list && *one)
			fprintf(out, "%s=%s\n", keys[i].name, *one);
		for (one = keys[i].is_list ? *list : NULL; one && *one; one++)
			fprintf(out, "%s=%s\n", keys[i].name, *one);
	}
	/* No word at all is allowed: that is a rule too. */
	if (manifest->cmdline_words && !*manifest->cmdline_words)
		fputs("cmdline_words=\n", out);
	if (fclose(out))
		return -ENOMEM;
	*ret = fr_steal_pointer(text);
	return 0;
}

static bool matches(char *const *patterns, const char *word)
{
	for (; *patterns; patterns++)
		if (!fnmatch(*patterns, word, 0))
			return true;
	return false;
}

static int check_words(const struct fr_manifest *manifest, char *cmdline,
		       const char *name, struct fr_error *error)
{
	char *word;

	while ((word = strtok_r(cmdline, BLANKS, &cmdline)))
		if (!matches(manifest->cmdline_words, word))
			return fr_fail(
				error, FR_REFUSED, -EPERM,
				"the manifest %s does not allow '%s' on the command line",
				name, word);
	return 0;
}

int fr_manifest_check_cmdline(const struct fr_manifest *manifest,
			      const char *cmdline, const char *name,
			      struct fr_error *error)
{
	_cleanup_free_ char *copy = NULL;

	if (manifest->cmdline_words) {
		copy = strdup(cmdline);
		return copy ? check_words(manifest, copy, name, error) :
			      fr_fail_memory(error);
	}
	if (!manifest->cmdline || !strcmp(manifest->cmdline, cmdline))
		return 0;
	return fr_fail(
		error, FR_REFUSED, -EPERM,
		"the command line is not that of the manifest %s, which is '%s'",
		name, manifest->cmdline);
}

static const char *compatible_path(void)
{
#ifdef FR_TESTING
	const char *path = getenv("FASTREBOOT_COMPATIBLE");

	if (path)
		return path;
#endif
	return COMPATIBLE_PATH;
}

/* The property is a list of texts, with a NUL behind each. */
static bool names_machine(const struct fr_manifest *manifest, const char *list,
			  size_t size)
{
	for (size_t at = 0; at < size; at += strlen(list + at) + 1)
		for (char *const *name = manifest->compatible; *name; name++)
			if (!strcmp(*name, list + at))
				return true;
	return false;
}

int fr_manifest_check_machine(const struct fr_manifest *manifest,
			      const char *name, struct fr_error *error)
{
	_cleanup_free_ char *list = NULL;
	size_t size = 0;
	int err;

	if (!manifest->compatible)
		return 0;
	err = fr_read_file(AT_FDCWD, compatible_path(), COMPATIBLE_SIZE_MAX,
			   &list, &size);
	if (!err && names_machine(manifest, list, size))
		return 0;
	return fr_fail(error, FR_REFUSED, -ENODEV,
		       "the manifest %s is for %s%s, and this machine is %s",
		       name, *manifest->compatible,
		       manifest->compatible[1] ? " and others" : "",
		       !err && *list ? list : "not described by a device tree");
}

int fr_manifest_path(const char *kernel, char **ret)
{
	static const char uki[] = ".efi";
	size_t size = strlen(kernel);
	bool is_uki = size > strlen(uki) &&
		      !strcasecmp(kernel + size - strlen(uki), uki);

	if (is_uki)
		size = fr_bls_id_size(kernel, uki);
	if (asprintf(ret, "%.*s%s" FR_MANIFEST_SUFFIX, (int)size, kernel,
		     is_uki ? uki : "") >= 0)
		return 0;
	*ret = NULL;
	return -ENOMEM;
}

int fr_manifest_hash(const char *path, char ret[FR_SHA256_TEXT_SIZE],
		     struct fr_error *error)
{
	_cleanup_close_ int fd = fr_open_file(AT_FDCWD, path);
	uint8_t hash[FR_SHA256_SIZE];
	uint64_t size;
	int err = fd < 0 ? fd : fr_sha256_file(fd, hash, &size);

	if (err < 0)
		return fr_fail(error, err == -ENOENT ? FR_NOT_FOUND : FR_FAILED,
			       err, "can't read %s: %s", path,
			       fr_file_error(err));
	fr_sha256_text(hash, ret);
	return 0;
}
