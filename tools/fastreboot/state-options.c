// SPDX-License-Identifier: GPL-2.0-or-later
#include "state.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "config.h"

#define VERB(id) (1U << STATE_##id)
#define OBJECT_VERBS                                              \
	(VERB(LIST) | VERB(SAVE) | VERB(RESTORE) | VERB(CREATE) | \
	 VERB(REMOVE) | VERB(VERIFY) | VERB(CHECK))
#define DEVICE "/dev/fastreboot-state"
#define MODES 0666

const struct cli_verb state_verbs[] = {
	{ "list", "", "the objects that there are", 0, 0, STATE_LIST },
	{ "save", "NAME [FILE]", "make a file's content an object", 1, 2,
	  STATE_SAVE },
	{ "restore", "NAME [FILE]", "write an object's data to a file", 1, 2,
	  STATE_RESTORE },
	{ "create", "NAME", "make an object that an application maps", 1, 1,
	  STATE_CREATE },
	{ "remove", "NAME", "wipe an object and remove it", 1, 1,
	  STATE_REMOVE },
	{ "verify", "[NAME]", "compare data with its SHA-256", 0, 1,
	  STATE_VERIFY },
	{ "check", "FILE", "would a payload that declares this understand all",
	  1, 1, STATE_CHECK },
	{ "make", "", "make the volume's file system, if there is none", 0, 0,
	  STATE_MAKE },
	{ NULL },
};

/* In the order of state_options[]. */
enum option_id {
	OPTION_HELP,
	OPTION_JSON,
	OPTION_ROOT,
	OPTION_OWNER,
	OPTION_MODE,
	OPTION_SIZE,
	OPTION_SCHEMA,
	OPTION_SCHEMA_VERSION,
	OPTION_IN_PLACE,
	OPTION_DEVICE,
	OPTION_FORCE,
	OPTION_COUNT,
};

const struct cli_option state_options[] = {
	{ "help", NULL, "show this text", 'h', CLI_ANY_VERB },
	{ "json", NULL, "print JSON: indented on a terminal, else one line",
	  'j', CLI_ANY_VERB },
	{ "root", "DIR", "where the state volume is mounted", 0, OBJECT_VERBS },
	{ "owner", "USER", "owner, or USER:GROUP", 0,
	  VERB(SAVE) | VERB(CREATE) },
	{ "mode", "MODE", "permissions, 0600 if not given", 0,
	  VERB(SAVE) | VERB(CREATE) },
	{ "size", "BYTES", "most bytes of data; K, M and G may follow", 0,
	  VERB(SAVE) | VERB(CREATE) },
	{ "schema", "NAME", "what the data means", 0,
	  VERB(SAVE) | VERB(CREATE) },
	{ "schema-version", "N", "version of the schema", 0,
	  VERB(SAVE) | VERB(CREATE) },
	{ "in-place", NULL, "one data area, not two: for caches", 0,
	  VERB(SAVE) | VERB(CREATE) },
	{ "device", "FILE", "the volume, if not " DEVICE, 0, VERB(MAKE) },
	{ "force", NULL, "format it, whatever is on it", 0, VERB(MAKE) },
	{ NULL },
};

_Static_assert(sizeof(state_options) / sizeof(*state_options) ==
		       OPTION_COUNT + 1,
	       "every option has its number");
_Static_assert(OPTION_COUNT <= CLI_OPTIONS_MAX, "every option has its bit");

/* UINT32_MAX is none: it means "as it is". */
static int parse_id(const char *text, uint32_t *ret)
{
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (!*text || *end || errno || number >= UINT32_MAX)
		return -ENOENT;
	*ret = (uint32_t)number;
	return 0;
}

/* Everything there is in the databases of users and groups, or a number. */
static int find_user(const char *name, struct state_request *request)
{
	const struct passwd *user = getpwnam(name);

	if (!user)
		return parse_id(name, &request->uid);
	request->uid = user->pw_uid;
	request->gid = user->pw_gid;
	return 0;
}

static int find_group(const char *name, struct state_request *request)
{
	const struct group *group = getgrnam(name);

	if (!group)
		return parse_id(name, &request->gid);
	request->gid = group->gr_gid;
	return 0;
}

/* "USER" or "USER:GROUP" */
static int set_owner(struct state_request *request, const char *text,
		     struct fr_error *error)
{
	_cleanup_free_ char *user = strdup(text);
	char *group;
	int err;

	if (!user)
		return fr_fail_memory(error);
	group = strchr(user, ':');
	if (group)
		*group++ = '\0';
	err = find_user(user, request);
	if (!err && group)
		err = find_group(group, request);
	if (err)
		return fr_fail(error, FR_USAGE, err,
			       "--owner: there is no user or group '%s'", text);
	return 0;
}

static int set_mode(struct state_request *request, const char *text,
		    struct fr_error *error)
{
	unsigned long mode;
	char *end;

	mode = strtoul(text, &end, 8);
	if (*text >= '0' && *text <= '7' && !*end && mode &&
	    !(mode & ~(unsigned long)MODES)) {
		request->mode = (mode_t)mode;
		return 0;
	}
	return fr_fail(error, FR_USAGE, -EINVAL,
		       "--mode takes permissions to read and write, such as "
		       "0640, not '%s'",
		       text);
}

static int set_size(struct state_request *request, const char *text,
		    struct fr_error *error)
{
	if (!fr_parse_size(text, &request->size) && request->size)
		return 0;
	return fr_fail(error, FR_USAGE, -EINVAL,
		       "--size takes a number of bytes, such as 16M, not '%s'",
		       text);
}

static int set_version(struct state_request *request, const char *text,
		       struct fr_error *error)
{
	unsigned long version;
	char *end;

	errno = 0;
	version = strtoul(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && !errno && version &&
	    version <= UINT32_MAX) {
		request->schema_version = (uint32_t)version;
		return 0;
	}
	return fr_fail(error, FR_USAGE, -EINVAL,
		       "--schema-version takes a number from 1 on, not '%s'",
		       text);
}

static int set_text(struct state_request *request, int option, const char *text)
{
	switch (option) {
	case OPTION_ROOT:
		request->root = text;
		return 0;
	case OPTION_DEVICE:
		request->device = text;
		return 0;
	case OPTION_SCHEMA:
		request->schema = text;
		return 0;
	}
	return -EINVAL;
}

static int set_option(void *userdata, int option, const char *text,
		      struct fr_error *error)
{
	struct state_request *request = userdata;

	switch (option) {
	case OPTION_HELP:
		request->help = true;
		return 0;
	case OPTION_JSON:
		request->json = true;
		return 0;
	case OPTION_IN_PLACE:
		request->in_place = true;
		return 0;
	case OPTION_FORCE:
		request->force = true;
		return 0;
	case OPTION_OWNER:
		return set_owner(request, text, error);
	case OPTION_MODE:
		return set_mode(request, text, error);
	case OPTION_SIZE:
		return set_size(request, text, error);
	case OPTION_SCHEMA_VERSION:
		return set_version(request, text, error);
	}
	return set_text(request, option, text);
}

static const struct cli_option_table table = {
	.verbs = state_verbs,
	.options = state_options,
	.command = "fastreboot state",
	.set = set_option,
};

static int check_options(const struct state_request *request, unsigned int seen,
			 struct fr_error *error)
{
	const struct cli_verb *verb = request->verb;
	int err = cli_check_options(&table, verb, seen, error);

	if (err)
		return err;
	if (verb->id == STATE_CREATE && !request->size)
		return fr_fail(error, FR_USAGE, -EINVAL,
			       "create needs --size=BYTES");
	if (request->schema_version && !request->schema)
		return fr_fail(error, FR_USAGE, -EINVAL,
			       "--schema-version needs --schema=NAME");
	return 0;
}

static int parse_arguments(int argc, char **argv, struct state_request *request,
			   struct fr_error *error)
{
	const struct cli_verb *verb = request->verb;
	int err = cli_check_arguments(&table, verb, argc, argv, error);

	if (err < 0)
		return err;
	if (argc > 0)
		request->name = argv[0];
	if (argc > 1)
		request->file = argv[1];
	if (request->json && verb->id == STATE_RESTORE &&
	    !strcmp(request->file, "-"))
		return fr_fail(error, FR_USAGE, -EINVAL,
			       "--json needs the name of a FILE here: standard "
			       "output has the data");
	return 0;
}

int state_parse(int argc, char **argv, struct state_request *ret,
		struct fr_error *error)
{
	unsigned int seen;
	int first, err;

	*ret = (struct state_request){
		.verb = &state_verbs[STATE_LIST],
		.device = DEVICE,
		.uid = (uid_t)-1,
		.gid = (gid_t)-1,
		.file = "-",
	};
	first = cli_parse_options(&table, argc, argv, ret, &seen, error);
	if (first < 0)
		return first;
	ret->verb_given = first < argc;
	if (ret->verb_given) {
		err = cli_find_verb(&table, argv[first++], &ret->verb, error);
		if (err < 0)
			return err;
	}
	if (ret->help)
		return 0;
	err = check_options(ret, seen, error);
	if (err < 0)
		return err;
	return parse_arguments(argc - first, argv + first, ret, error);
}

void state_print_help(FILE *out, const struct cli_verb *verb)
{
	fprintf(out, "Usage: fastreboot state %s [OPTION]...%s%s\n\n",
		verb ? verb->name : "[VERB]",
		verb && *verb->arguments ? " " : "",
		verb ? verb->arguments : " [ARGUMENT]...");
	fputs(verb ? verb->summary :
		     "What applications keep on the state volume.",
	      out);
	fputs(verb ? ".\n\nOptions:\n" : "\n\nVerbs:\n", out);
	for (const struct cli_verb *v = state_verbs; !verb && v->name; v++)
		fprintf(out, "  %-8s%-12s %s%s\n", v->name, v->arguments,
			v->summary,
			v->id == STATE_LIST ? " (the default)" : "");
	if (!verb)
		fputs("\nOptions:\n", out);
	for (const struct cli_option *o = state_options; o->name; o++)
		if (!verb || o->verbs & 1U << verb->id)
			cli_print_option(out, o);
	fputs("\nfastreboot-state(1) has all of it.\n", out);
}
