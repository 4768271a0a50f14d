// SPDX-License-Identifier: GPL-2.0-or-later
#include "manifest-cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "io.h"
#include "report.h"

/* A result looks like that of every other verb. */
static const struct cli_verb as_verb = { .name = "manifest",
					 .id = CLI_MANIFEST };

static int report_error(const struct manifest_request *request,
			const struct fr_error *error)
{
	const struct cli_request as_request = { .verb = &as_verb,
						.json = request->json };

	return cli_report_error(&as_request, error);
}

static int report(const struct manifest_request *request, const char *message,
		  struct json_object *details)
{
	const struct cli_request as_request = { .verb = &as_verb,
						.json = request->json };
	const struct cli_result result = { .name = "done",
					   .message = message,
					   .details = details };

	return cli_report(&as_request, &result);
}

static int load(const char *path, struct fr_manifest *ret,
		struct fr_error *error)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	int err = fr_read_file(AT_FDCWD, path, FR_MANIFEST_SIZE_MAX, &text,
			       &size);

	if (err < 0)
		return fr_fail(error, err == -ENOENT ? FR_NOT_FOUND : FR_FAILED,
			       err, "can't read %s: %s", path,
			       fr_file_error(err));
	return fr_manifest_parse(text, size, path, ret, error);
}

static void add_text(struct json_object *object, const char *name,
		     const char *text)
{
	json_object_object_add(object, name,
			       text ? json_object_new_string(text) : NULL);
}

static void add_list(struct json_object *object, const char *name,
		     char *const *list)
{
	struct json_object *array = json_object_new_array();

	for (; list && *list; list++)
		json_object_array_add(array, json_object_new_string(*list));
	json_object_object_add(object, name, array);
}

static struct json_object *to_json(const struct fr_manifest *manifest)
{
	struct json_object *object = json_object_new_object();

	add_text(object, "schema", "org.fastreboot.manifest/1");
	add_text(object, "version", manifest->version);
	add_list(object, "compatible", manifest->compatible);
	add_text(object, "kernel", manifest->kernel);
	add_text(object, "uki", manifest->uki);
	add_list(object, "initrds", manifest->initrds);
	add_text(object, "root_image", manifest->root_image);
	add_text(object, "devicetree", manifest->devicetree);
	add_text(object, "cmdline", manifest->cmdline);
	add_list(object, "cmdline_words", manifest->cmdline_words);
	return object;
}

static int run_show(const struct manifest_request *request)
{
	_cleanup_manifest_ struct fr_manifest manifest = { 0 };
	_cleanup_json_ struct json_object *details = NULL;
	_cleanup_free_ char *text = NULL;
	struct fr_error error = { 0 };
	int err = load(request->file, &manifest, &error);

	if (!err && fr_manifest_format(&manifest, &text) < 0)
		err = fr_fail_memory(&error);
	if (err < 0)
		return report_error(request, &error);
	if (!request->json) {
		fputs(text, stdout);
		return FR_OK;
	}
	details = to_json(&manifest);
	return report(request, "", details);
}

static int run(const struct manifest_request *request)
{
	_cleanup_free_ char *message = NULL;
	struct fr_error error = { 0 };
	int err;

	if (request->verb->id == MANIFEST_SHOW)
		return run_show(request);
	err = request->verb->id == MANIFEST_CREATE ?
		      manifest_create(request, &message, &error) :
		      manifest_verify(request, &message, &error);
	return err < 0 ? report_error(request, &error) :
			 report(request, message, NULL);
}

int manifest_main(int argc, char **argv, int at)
{
	_cleanup_free_ char **words = cli_without_word(argc, argv, at);
	struct manifest_request request = { 0 };
	struct fr_error error = { 0 };

	if (!words) {
		fr_fail_memory(&error);
		return report_error(&request, &error);
	}
	if (manifest_parse(argc - 1, words, &request, &error) < 0)
		return report_error(&request, &error);
	if (request.help) {
		manifest_print_help(stdout, request.verb);
		return FR_OK;
	}
	return run(&request);
}
