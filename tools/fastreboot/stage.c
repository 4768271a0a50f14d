// SPDX-License-Identifier: GPL-2.0-or-later
#include "stage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "utf8.h"

int cli_stage_path(const char *name, char **ret)
{
	_cleanup_free_ char *folder = NULL;

	if (*name == '/') {
		*ret = strdup(name);
		return *ret ? 0 : -ENOMEM;
	}
	folder = getcwd(NULL, 0);
	if (!folder)
		return -errno;
	if (asprintf(ret, "%s/%s", folder, name) < 0)
		return -ENOMEM;
	return 0;
}

static int append_text(sd_bus_message *call, const char *key, const char *text)
{
	return text ? sd_bus_message_append(call, "{sv}", key, "s", text) : 0;
}

static int append_file(sd_bus_message *call, const char *key, const char *name)
{
	_cleanup_free_ char *path = NULL;
	int err;

	if (!name)
		return 0;
	err = cli_stage_path(name, &path);
	return err < 0 ? err : append_text(call, key, path);
}

/* The id of an entry is not a file's name. */
static int append_entry(sd_bus_message *call, const char *entry)
{
	if (entry && strchr(entry, '/'))
		return append_file(call, "entry", entry);
	return append_text(call, "entry", entry);
}

static int append_paths(sd_bus_message *call, const char *const *names)
{
	int err = sd_bus_message_open_container(call, 'a', "s");

	for (; err >= 0 && *names; names++) {
		_cleanup_free_ char *path = NULL;

		err = cli_stage_path(*names, &path);
		if (err >= 0)
			err = sd_bus_message_append(call, "s", path);
	}
	return err < 0 ? err : sd_bus_message_close_container(call);
}

static int append_initrds(sd_bus_message *call, const char *const *names)
{
	int err;

	if (!*names)
		return 0;
	err = sd_bus_message_open_container(call, 'e', "sv");
	if (err >= 0)
		err = sd_bus_message_append(call, "s", "initrds");
	if (err >= 0)
		err = sd_bus_message_open_container(call, 'v', "as");
	if (err >= 0)
		err = append_paths(call, names);
	if (err >= 0)
		err = sd_bus_message_close_container(call);
	return err < 0 ? err : sd_bus_message_close_container(call);
}

static int append_payload(sd_bus_message *call,
			  const struct cli_request *request)
{
	int err = sd_bus_message_open_container(call, 'a', "{sv}");

	if (err >= 0)
		err = append_entry(call, request->entry);
	if (err >= 0)
		err = append_file(call, "uki", request->uki);
	if (err >= 0)
		err = append_file(call, "kernel", request->kernel);
	if (err >= 0)
		err = append_initrds(call, request->initrds);
	if (err >= 0)
		err = append_file(call, "root_image", request->root_image);
	if (err >= 0)
		err = append_file(call, "devicetree", request->devicetree);
	if (err >= 0)
		err = append_text(call, "cmdline", request->cmdline);
	if (err >= 0)
		err = append_file(call, "manifest", request->manifest);
	if (err >= 0)
		err = append_file(call, "signature", request->signature);
	return err < 0 ? err : sd_bus_message_close_container(call);
}

/* An older daemon refuses what it does not know, also if it is false. */
static int append_options(sd_bus_message *call,
			  const struct cli_request *request)
{
	int err = sd_bus_message_open_container(call, 'a', "{sv}");

	if (err >= 0)
		err = sd_bus_message_append(call, "{sv}{sv}", "replace", "b",
					    request->replace, "dry_run", "b",
					    request->dry_run);
	if (err >= 0 && request->wipe_state)
		err = sd_bus_message_append(call, "{sv}", "wipe_state", "b",
					    true);
	return err < 0 ? err : sd_bus_message_close_container(call);
}

static bool is_utf8(const char *text)
{
	while (text && *text) {
		size_t length = fr_utf8_length(text);

		if (!length)
			return false;
		text += length;
	}
	return true;
}

/* D-Bus passes no other text on, and does not say which one it was. */
static int check_texts(const struct cli_request *request,
		       struct fr_error *error)
{
	const struct {
		const char *option;
		const char *text;
	} texts[] = {
		{ "entry", request->entry },
		{ "uki", request->uki },
		{ "kernel", request->kernel },
		{ "root-image", request->root_image },
		{ "devicetree", request->devicetree },
		{ "cmdline", request->cmdline },
		{ "manifest", request->manifest },
		{ "signature", request->signature },
	};
	const char *wrong = NULL;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (!is_utf8(texts[i].text))
			wrong = texts[i].option;
	for (const char *const *name = request->initrds; *name; name++)
		if (!is_utf8(*name))
			wrong = "initrd";
	if (!wrong)
		return 0;
	return fr_fail(error, FR_FAILED, -EILSEQ,
		       "--%s can't be passed on: it is not UTF-8", wrong);
}

int cli_stage_append(sd_bus_message *call, const struct cli_request *request,
		     struct fr_error *error)
{
	int err = check_texts(request, error);

	if (err < 0)
		return err;
	err = append_payload(call, request);
	if (err >= 0)
		err = append_options(call, request);
	if (err < 0)
		return fr_fail(error, FR_FAILED, err,
			       "The names of the files can't be passed on: %s",
			       strerror(-err));
	return 0;
}
