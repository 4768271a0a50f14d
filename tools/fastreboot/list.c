// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether something can be staged is found out by the code that stages it: it opens
 * all that a payload consists of, up to the signatures, and writes nothing.
 */
#include "list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bls.h"
#include "json.h"
#include "payload.h"

/* Of a payload beside its files: what the kernel clears, and alignment. */
#define SLACK (8ULL << 20)

/**
 * struct candidate - what is being looked at
 * @path: its file
 * @id: of an entry, or the path of a UKI: what is typed behind "stage"; owned
 * @is_uki: a UKI without an entry
 */
struct candidate {
	const char *path;
	char *id;
	bool is_uki;
};

/* Was it what a source names? */
static bool is_source(const struct candidate *candidate,
		      struct json_object *source)
{
	const char *entry = cli_json_text(source, "entry");

	if (candidate->is_uki)
		return fr_bls_same_id(cli_json_text(source, "uki"),
				      candidate->path, ".efi");
	if (*entry == '/')
		return fr_bls_same_id(entry, candidate->path, ".conf");
	return *entry && fr_bls_same_id(entry, candidate->id, ".conf");
}

static struct json_object *staged_in(const struct candidate *candidate,
				     struct json_object *status)
{
	struct json_object *slots;
	size_t count;

	slots = cli_json_array(status, "slots", &count);
	for (size_t i = 0; i < count; i++) {
		struct json_object *slot = json_object_array_get_idx(slots, i);
		const char *word = cli_json_text(slot, "status");

		if ((!strcmp(word, "sealed") || !strcmp(word, "armed")) &&
		    is_source(candidate, cli_json_member(slot, "source")))
			return cli_json_member(slot, "slot");
	}
	return NULL;
}

static int add_place(struct json_object *to, const struct candidate *candidate,
		     struct json_object *status)
{
	struct json_object *slot = staged_in(candidate, status);
	bool runs = is_source(candidate, cli_json_member(status, "source"));

	if (json_object_object_add(to, "slot", json_object_get(slot)))
		return -ENOMEM;
	return cli_json_add(to, "running", json_object_new_boolean(runs));
}

static int add_verdict(struct json_object *to, const struct fr_config *config,
		       const struct candidate *candidate)
{
	struct fr_payload_request request = {
		.entry = candidate->is_uki ? NULL : (char *)candidate->path,
		.uki = candidate->is_uki ? (char *)candidate->path : NULL,
	};
	_cleanup_payload_ struct fr_payload *payload = NULL;
	struct fr_error error = { 0 };
	int err;

	err = fr_payload_open(config, &request, &payload, &error);
	if (err == -ENOMEM)
		return err;
	err = cli_json_add_text(to, "title",
				payload ? fr_payload_title(payload) : NULL);
	if (!err)
		err = cli_json_add(to, "possible",
				   json_object_new_boolean(!!payload));
	return err ?: cli_json_add_text(to, "message", error.text);
}

static int look_at(const struct fr_config *config, struct json_object *status,
		   const struct candidate *candidate, struct json_object *list)
{
	_cleanup_json_ struct json_object *entry = json_object_new_object();
	int err = entry ? 0 : -ENOMEM;

	if (!err)
		err = cli_json_add_text(entry, "name", candidate->id);
	if (!err)
		err = cli_json_add_text(entry, "kind",
					candidate->is_uki ? "uki" : "entry");
	if (!err)
		err = cli_json_add_text(entry, "path", candidate->path);
	if (!err)
		err = add_verdict(entry, config, candidate);
	if (!err)
		err = add_place(entry, candidate, status);
	if (err || json_object_array_add(list, entry))
		return -ENOMEM;
	entry = NULL;
	return 0;
}

/* Of several entries with one id, that id is the first one's. */
static bool id_is_taken(struct json_object *list, const char *id)
{
	size_t count = json_object_array_length(list);

	for (size_t i = 0; i < count; i++)
		if (!strcmp(cli_json_text(json_object_array_get_idx(list, i),
					  "name"),
			    id))
			return true;
	return false;
}

static char *id_of(const char *path, struct json_object *list)
{
	const char *name = strrchr(path, '/') + 1;
	char *id = strndup(name, fr_bls_id_size(name, ".conf"));

	if (!id || !id_is_taken(list, id))
		return id;
	free(id);
	return strdup(path);
}

static int look_at_all(const struct fr_config *config,
		       struct json_object *status, char **paths,
		       struct json_object *list)
{
	int err = 0;

	for (; !err && *paths; paths++) {
		struct candidate candidate = {
			.path = *paths,
			.is_uki = fr_bls_is_name(*paths, ".efi"),
		};

		candidate.id = candidate.is_uki ? strdup(*paths) :
						  id_of(*paths, list);
		err = candidate.id ? look_at(config, status, &candidate, list) :
				     -ENOMEM;
		free(candidate.id);
	}
	return err;
}

int list_make(const struct fr_config *config, struct json_object *status,
	      struct json_object **ret, struct fr_error *error)
{
	_cleanup_json_ struct json_object *object = json_object_new_object();
	_cleanup_strv_ char **paths = NULL;
	struct json_object *list;
	int err;

	if (!object)
		return fr_fail_memory(error);
	list = json_object_new_array();
	if (cli_json_add(object, "entries", list) ||
	    cli_json_add_text(object, "schema", "org.fastreboot.list/1"))
		return fr_fail_memory(error);
	err = fr_bls_list(config->boot_roots, &paths, error);
	if (err < 0)
		return err;
	if (look_at_all(config, status, paths, list))
		return fr_fail_memory(error);
	*ret = fr_steal_pointer(object);
	return 0;
}

static int count_bytes(void *userdata, enum fr_segment segment,
		       const void *data, size_t size)
{
	*(uint64_t *)userdata += size;
	return 0;
}

uint64_t list_measure(const struct fr_config *config, struct json_object *entry)
{
	bool is_uki = !strcmp(cli_json_text(entry, "kind"), "uki");
	_cleanup_payload_ struct fr_payload *payload = NULL;
	char *path = (char *)cli_json_text(entry, "path");
	struct fr_payload_request request = { .entry = is_uki ? NULL : path,
					      .uki = is_uki ? path : NULL };
	struct fr_error ignored = { 0 };
	uint64_t size = 0;
	const struct fr_sink sink = { .write = count_bytes, .userdata = &size };

	if (fr_payload_open(config, &request, &payload, &ignored) ||
	    fr_payload_write(payload, &sink, &ignored))
		return 0;
	return size + SLACK;
}
