// SPDX-License-Identifier: GPL-2.0-or-later
#include "state.h"

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "text.h"

const char *state_status_name(const struct fr_state_info *info)
{
	switch (info->error) {
	case 0:
		break;
	case -EACCES:
	case -EPERM:
		return "unreadable";
	case -EPROTONOSUPPORT:
		return "unsupported";
	default:
		return "damaged";
	}
	if (info->status == FR_STATE_PUBLISHED)
		return "published";
	return info->generation ? "writing" : "new";
}

/* What can be said of it, if anything can. */
static bool has_record(const struct fr_state_info *info)
{
	return !info->error;
}

static void user_name(uid_t uid, char name[TEXT_MAX])
{
	const struct passwd *user = getpwuid(uid);

	if (user)
		snprintf(name, TEXT_MAX, "%s", user->pw_name);
	else
		snprintf(name, TEXT_MAX, "%u", uid);
}

static void group_name(gid_t gid, char name[TEXT_MAX])
{
	const struct group *group = getgrgid(gid);

	if (group)
		snprintf(name, TEXT_MAX, "%s", group->gr_name);
	else
		snprintf(name, TEXT_MAX, "%u", gid);
}

static void hex(const uint8_t *bytes, size_t size, char *to)
{
	for (size_t i = 0; i < size; i++)
		sprintf(to + 2 * i, "%02x", bytes[i]);
}

static void add_text(struct json_object *to, const char *name, const char *text)
{
	json_object_object_add(to, name, json_object_new_string(text));
}

static void add_number(struct json_object *to, const char *name,
		       uint64_t number)
{
	json_object_object_add(to, name, json_object_new_uint64(number));
}

static void add_time(struct json_object *to, uint64_t ns)
{
	time_t seconds = (time_t)(ns / 1000000000);
	char text[TEXT_MAX];
	struct tm tm;

	if (!ns || !gmtime_r(&seconds, &tm) ||
	    !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		json_object_object_add(to, "published_at", NULL);
	else
		add_text(to, "published_at", text);
}

static void add_hash(struct json_object *to, const struct fr_state_info *info)
{
	char text[65];

	if (!info->hashed) {
		json_object_object_add(to, "sha256", NULL);
		return;
	}
	hex(info->sha256, sizeof(info->sha256), text);
	add_text(to, "sha256", text);
}

static void add_boot_id(struct json_object *to,
			const struct fr_state_info *info)
{
	static const uint8_t none[sizeof(info->boot_id)];
	char text[33];

	if (!memcmp(info->boot_id, none, sizeof(none))) {
		json_object_object_add(to, "boot_id", NULL);
		return;
	}
	hex(info->boot_id, sizeof(info->boot_id), text);
	add_text(to, "boot_id", text);
}

static void add_record(struct json_object *to, const struct fr_state_info *info)
{
	add_text(to, "kind",
		 info->kind == FR_STATE_DOUBLE ? "double" : "in-place");
	add_text(to, "schema", info->schema);
	add_number(to, "schema_version", info->schema_version);
	add_number(to, "generation", info->generation);
	add_number(to, "size", info->size);
	add_number(to, "capacity", info->capacity);
	add_hash(to, info);
	add_time(to, info->published_ns);
	add_boot_id(to, info);
}

static struct json_object *describe(const struct fr_state_info *info)
{
	struct json_object *object = json_object_new_object();
	char text[TEXT_MAX];

	add_text(object, "name", info->name);
	add_text(object, "status", state_status_name(info));
	user_name(info->uid, text);
	add_text(object, "owner", text);
	group_name(info->gid, text);
	add_text(object, "group", text);
	snprintf(text, sizeof(text), "%04o", info->mode);
	add_text(object, "mode", text);
	if (has_record(info))
		add_record(object, info);
	return object;
}

static int add_to_array(const struct fr_state_info *info, void *array)
{
	return json_object_array_add(array, describe(info));
}

static int list_json(const struct state_request *request,
		     struct json_object *objects)
{
	_cleanup_json_ struct json_object *list = json_object_new_object();

	add_text(list, "schema", "org.fastreboot.state-list/1");
	add_text(list, "root", request->root ?: FR_STATE_ROOT);
	json_object_object_add(list, "objects", json_object_get(objects));
	cli_json_print(stdout, list, isatty(STDOUT_FILENO));
	return FR_OK;
}

/* "sessions 3", or a hyphen */
static void put_schema(struct json_object *object)
{
	const char *schema = cli_json_text(object, "schema");
	char text[FR_STATE_SCHEMA_MAX + 16] = "-";
	uint64_t version;

	if (*schema && cli_json_number(object, "schema_version", &version))
		snprintf(text, sizeof(text), "%s %" PRIu64, schema, version);
	printf("%-20s ", text);
}

static void put_object(struct json_object *object)
{
	char size[TEXT_MAX] = "-", owner[2 * TEXT_MAX];
	uint64_t number = 0;

	if (cli_json_number(object, "size", &number))
		text_size(number, size);
	printf("%-20s %-11s %-9s ", cli_json_text(object, "name"),
	       cli_json_text(object, "status"), cli_json_text(object, "kind"));
	put_schema(object);
	number = 0;
	cli_json_number(object, "generation", &number);
	snprintf(owner, sizeof(owner), "%s:%s", cli_json_text(object, "owner"),
		 cli_json_text(object, "group"));
	printf("%10" PRIu64 " %10s  %s %s\n", number, size,
	       cli_json_text(object, "mode"), owner);
}

static int list_text(struct json_object *objects)
{
	size_t n = json_object_array_length(objects);

	if (!n)
		puts("There are no objects.");
	else
		printf("%-20s %-11s %-9s %-20s %10s %10s  %-4s %s\n", "NAME",
		       "STATUS", "KIND", "SCHEMA", "GENERATION", "SIZE", "MODE",
		       "OWNER");
	for (size_t i = 0; i < n; i++)
		put_object(json_object_array_get_idx(objects, i));
	return FR_OK;
}

/* No object was made yet, so there is no folder of them. */
#define NO_OBJECTS (-ENOENT)

int state_list(const struct state_request *request)
{
	_cleanup_json_ struct json_object *objects = json_object_new_array();
	struct fr_state_error error = { "" };
	int err = fr_state_list(request->root, add_to_array, objects, &error);

	if (err && err != NO_OBJECTS)
		return state_report_failure(request, err, &error);
	return request->json ? list_json(request, objects) : list_text(objects);
}

/**
 * struct verification - of one object, or of all
 * @request: what was asked for
 * @results: one for each
 * @error: the first failure
 * @good: how many are as they were published
 * @not_hashed: how many can't be compared with anything
 */
struct verification {
	const struct state_request *request;
	struct json_object *results;
	struct fr_error error;
	unsigned int good;
	unsigned int not_hashed;
};

static void add_result(struct verification *verification, const char *name,
		       const char *result, const char *message)
{
	struct json_object *object = json_object_new_object();

	add_text(object, "name", name);
	add_text(object, "result", result);
	add_text(object, "message", message);
	json_object_array_add(verification->results, object);
	if (verification->request->json)
		return;
	printf("  %-20s %s", name, result);
	fputs(*message ? ": " : "", stdout);
	text_put(stdout, message);
	putchar('\n');
}

/* Only what was published can be good or bad. */
static bool is_failure(int err)
{
	return err && err != -ENODATA && err != -ESTALE;
}

static int verify_one(struct verification *verification, const char *name,
		      struct fr_state_error *error)
{
	struct fr_state_info info;
	int err;

	err = fr_state_verify(verification->request->root, name, &info, error);
	if (!err) {
		verification->good += info.hashed;
		verification->not_hashed += !info.hashed;
		add_result(verification, name,
			   info.hashed ? "good" : "not-hashed", "");
		return 0;
	}
	add_result(verification, name,
		   err == -ENODATA ? "new" :
		   err == -ESTALE  ? "writing" :
				     "bad",
		   error->text);
	return err;
}

static int verify_listed(const struct fr_state_info *info, void *userdata)
{
	struct verification *verification = userdata;
	struct fr_state_error error = { "" };
	int err = verify_one(verification, info->name, &error);

	if (is_failure(err) && verification->error.failure == FR_OK)
		fr_fail(&verification->error, state_failure(err), err, "%s",
			error.text);
	return 0;
}

static int report_verification(const struct state_request *request,
			       const struct verification *verification)
{
	_cleanup_json_ struct json_object *details = json_object_new_object();
	char message[96];
	int used;

	add_text(details, "schema", "org.fastreboot.state-verify/1");
	json_object_object_add(details, "objects",
			       json_object_get(verification->results));
	add_number(details, "good", verification->good);
	add_number(details, "not_hashed", verification->not_hashed);
	used = snprintf(message, sizeof(message), "as published: %u of %zu",
			verification->good,
			json_object_array_length(verification->results));
	if (verification->not_hashed)
		snprintf(message + used, sizeof(message) - (size_t)used,
			 "; not compared, without a hash: %u",
			 verification->not_hashed);
	return state_report(request, message, details);
}

/* One that is named has to be good; of all, those that were published. */
int state_verify(const struct state_request *request)
{
	_cleanup_json_ struct json_object *results = json_object_new_array();
	struct verification verification = { .request = request,
					     .results = results };
	struct fr_state_error error = { "" };
	int err;

	if (request->name)
		err = verify_one(&verification, request->name, &error);
	else
		err = fr_state_list(request->root, verify_listed, &verification,
				    &error);
	if (err && (request->name || err != NO_OBJECTS))
		return state_report_failure(request, err, &error);
	if (verification.error.failure != FR_OK)
		return state_report_error(request, &verification.error);
	return report_verification(request, &verification);
}
