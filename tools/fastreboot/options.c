// SPDX-License-Identifier: GPL-2.0-or-later
#include "options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

#define VERB(id) (1U << CLI_##id)

/* Updates that history shows: about a screen of them. */
#define COUNT_DEFAULT 20

const struct cli_verb cli_verbs[] = {
	{ "status", "", "what runs, what is staged, what comes next", 0, 0,
	  CLI_STATUS },
	{ "stage", "[PAYLOAD]", "write a payload into a free slot and seal it",
	  0, 1, CLI_STAGE },
	{ "verify", "[SLOT]", "compare a slot with the hashes of its seal", 0,
	  1, CLI_VERIFY },
	{ "commit", "[SLOT]", "check everything, then reboot into the payload",
	  0, 1, CLI_COMMIT },
	{ "confirm", "", "declare the running kernel good", 0, 0, CLI_CONFIRM },
	{ "rollback", "",
	  "stage the payload that ran before and reboot into it", 0, 0,
	  CLI_ROLLBACK },
	{ "unstage", "[SLOT]", "clear a slot", 0, 1, CLI_UNSTAGE },
	{ "timeline", "", "the last blackout, by phase", 0, 0, CLI_TIMELINE },
	{ "monitor", "", "follow jobs and changes until interrupted", 0, 0,
	  CLI_MONITOR },
	{ "list", "", "what could be staged, of boot loader entries and UKIs",
	  0, 0, CLI_LIST },
	{ "history", "[COUNT]", "updates, what became of them, and why", 0, 1,
	  CLI_HISTORY },
	{ "cancel", "", "cancel the job that is running", 0, 0, CLI_CANCEL },
	{ "disarm", "", "make the next reboot an ordinary one", 0, 0,
	  CLI_DISARM },
	{ "check", "", "what stands between this machine and a fast reboot", 0,
	  0, CLI_CHECK },
	{ "setup", "", "have the boot loader give the next kernel a pool", 0, 0,
	  CLI_SETUP },
	/* This one has a command line of its own, see state.h. */
	{ "state", "[VERB]", "what applications preserve; has verbs of its own",
	  0, 0, CLI_STATE },
	/* And this one, see manifest-cli.h. */
	{ "manifest", "VERB",
	  "what the maker of a payload signs; has verbs of its own", 0, 0,
	  CLI_MANIFEST },
	{ NULL },
};

/* In the order of cli_options[]. */
enum option_id {
	OPTION_HELP,
	OPTION_VERSION,
	OPTION_JSON,
	OPTION_NO_PROGRESS,
	OPTION_PRIVATE,
	OPTION_LAST_LOG,
	OPTION_ENTRY,
	OPTION_UKI,
	OPTION_KERNEL,
	OPTION_INITRD,
	OPTION_ROOT_IMAGE,
	OPTION_DEVICETREE,
	OPTION_CMDLINE,
	OPTION_MANIFEST,
	OPTION_SIGNATURE,
	OPTION_REPLACE,
	OPTION_WIPE_STATE,
	OPTION_NOW,
	OPTION_IGNORE_INHIBITORS,
	OPTION_UNCONFIRMED,
	OPTION_MAX_BLACKOUT,
	OPTION_DELAY,
	OPTION_MESSAGE,
	OPTION_REASON,
	OPTION_SIZE,
	OPTION_STATE_SIZE,
	OPTION_UNDO,
	OPTION_DRY_RUN,
	OPTION_COUNT,
};

const struct cli_option cli_options[] = {
	{ "help", NULL, "show this text", 'h', CLI_ANY_VERB },
	{ "version", NULL, "show the version", 0, CLI_ANY_VERB },
	{ "json", NULL, "print JSON: indented on a terminal, else one line",
	  'j', CLI_ANY_VERB },
	{ "no-progress", NULL, "no progress bar on a terminal", 0,
	  CLI_ANY_VERB },
	{ "private", NULL,
	  "use the daemon's private socket, not the system bus", 0,
	  CLI_ANY_VERB },
	{ "last-log", NULL, "add the last log lines of the kernel before", 0,
	  VERB(STATUS) },
	{ "entry", "ID", "Boot Loader Specification entry, by id or file", 0,
	  VERB(STAGE) },
	{ "uki", "FILE", "unified kernel image", 0, VERB(STAGE) },
	{ "kernel", "FILE", "kernel: Image, gzip, zstd, xz or EFI zboot", 0,
	  VERB(STAGE) },
	{ "initrd", "FILE", "initrd; repeat it for more than one", 0,
	  VERB(STAGE) },
	{ "root-image", "FILE",
	  "file system image as root, instead of an initrd", 0, VERB(STAGE) },
	{ "devicetree", "FILE", "device tree instead of the running kernel's",
	  0, VERB(STAGE) },
	{ "cmdline", "TEXT", "command line instead of the payload's own", 0,
	  VERB(STAGE) },
	{ "manifest", "FILE", "signed manifest, if not the kernel's .manifest",
	  0, VERB(STAGE) },
	{ "signature", "FILE", "its signature, if not the manifest's .p7s", 0,
	  VERB(STAGE) },
	{ "replace", NULL, "clear a sealed slot if no other is free", 0,
	  VERB(STAGE) },
	{ "wipe-state", NULL, "wipe the state volume before the payload runs",
	  0, VERB(STAGE) },
	{ "now", NULL, "jump at once, without stopping services", 0,
	  VERB(COMMIT) },
	{ "ignore-inhibitors", NULL, "also while a program inhibits a shutdown",
	  0, VERB(COMMIT) },
	{ "unconfirmed", NULL, "also from a kernel that is not confirmed", 0,
	  VERB(COMMIT) },
	{ "max-blackout", "TIME", "refuse if the last blackout was longer", 0,
	  VERB(COMMIT) },
	{ "delay", "TIME", "so much later, by a timer of systemd's", 0,
	  VERB(COMMIT) },
	{ "message", "TEXT", "for all who are logged in", 0, VERB(COMMIT) },
	{ "reason", "TEXT", "reason that is recorded", 0, VERB(ROLLBACK) },
	{ "size", "BYTES", "size of the pool; K, M and G may follow", 0,
	  VERB(SETUP) },
	{ "state-size", "BYTES", "with a state volume of this size in it", 0,
	  VERB(SETUP) },
	{ "undo", NULL, "take back what setup has done", 0, VERB(SETUP) },
	{ "dry-run", NULL, "check, but change nothing", 'n',
	  VERB(STAGE) | VERB(COMMIT) | VERB(SETUP) },
	{ NULL },
};

_Static_assert(sizeof(cli_options) / sizeof(*cli_options) == OPTION_COUNT + 1,
	       "every option has its number");
_Static_assert(OPTION_COUNT <= CLI_OPTIONS_MAX, "every option has its bit");

static int add_initrd(struct cli_request *request, const char *file,
		      struct fr_error *error)
{
	for (int i = 0; i < CLI_INITRDS_MAX; i++) {
		if (!request->initrds[i]) {
			request->initrds[i] = file;
			return 0;
		}
	}
	return fr_fail(error, FR_USAGE, -EINVAL,
		       "at most %d times --initrd; join them with cat(1)",
		       CLI_INITRDS_MAX);
}

static int set_time(uint64_t *usec, int option, const char *example,
		    const char *text, struct fr_error *error)
{
	uint64_t parsed;

	if (!fr_parse_time(text, &parsed) && parsed) {
		*usec = parsed;
		return 0;
	}
	return fr_fail(error, FR_USAGE, -EINVAL,
		       "--%s takes a time, such as %s, not '%s'",
		       cli_options[option].name, example, text);
}

/* The kernel takes whole MiB; so what is asked for is what is had. */
static int set_size(uint64_t *size, int option, const char *text,
		    struct fr_error *error)
{
	if (!fr_parse_size(text, size) && *size && !(*size & 0xfffff))
		return 0;
	*size = 0;
	return fr_fail(error, FR_USAGE, -EINVAL,
		       "--%s takes a size in whole MiB, such as 256M, not '%s'",
		       cli_options[option].name, text);
}

static const char **text_of_option(struct cli_request *request, int option)
{
	switch (option) {
	case OPTION_ENTRY:
		return &request->entry;
	case OPTION_UKI:
		return &request->uki;
	case OPTION_KERNEL:
		return &request->kernel;
	case OPTION_ROOT_IMAGE:
		return &request->root_image;
	case OPTION_DEVICETREE:
		return &request->devicetree;
	case OPTION_CMDLINE:
		return &request->cmdline;
	case OPTION_MANIFEST:
		return &request->manifest;
	case OPTION_SIGNATURE:
		return &request->signature;
	case OPTION_REASON:
		return &request->reason;
	case OPTION_MESSAGE:
		return &request->message;
	}
	return NULL;
}

static bool *flag_of_option(struct cli_request *request, int option)
{
	switch (option) {
	case OPTION_HELP:
		return &request->help;
	case OPTION_VERSION:
		return &request->version;
	case OPTION_JSON:
		return &request->json;
	case OPTION_NO_PROGRESS:
		return &request->no_progress;
	case OPTION_PRIVATE:
		return &request->private_socket;
	case OPTION_REPLACE:
		return &request->replace;
	case OPTION_WIPE_STATE:
		return &request->wipe_state;
	case OPTION_LAST_LOG:
		return &request->last_log;
	case OPTION_NOW:
		return &request->now;
	case OPTION_IGNORE_INHIBITORS:
		return &request->ignore_inhibitors;
	case OPTION_UNCONFIRMED:
		return &request->unconfirmed;
	case OPTION_DRY_RUN:
		return &request->dry_run;
	case OPTION_UNDO:
		return &request->undo;
	}
	return NULL;
}

static int set_option(void *userdata, int option, const char *text,
		      struct fr_error *error)
{
	struct cli_request *request = userdata;
	const char **place = text_of_option(request, option);
	bool *flag = flag_of_option(request, option);

	if (flag) {
		*flag = true;
		return 0;
	}
	if (option == OPTION_INITRD)
		return add_initrd(request, text, error);
	if (option == OPTION_MAX_BLACKOUT)
		return set_time(&request->max_blackout_usec, option, "400ms",
				text, error);
	if (option == OPTION_DELAY)
		return set_time(&request->delay_usec, option, "5min", text,
				error);
	if (option == OPTION_SIZE)
		return set_size(&request->size, option, text, error);
	if (option == OPTION_STATE_SIZE)
		return set_size(&request->state_size, option, text, error);
	if (*place)
		return fr_fail(error, FR_USAGE, -EINVAL,
			       "--%s can be given only once",
			       cli_options[option].name);
	*place = text;
	return 0;
}

const struct cli_option_table cli_table = {
	.verbs = cli_verbs,
	.options = cli_options,
	.command = "fastreboot",
	.set = set_option,
};

static int usage(struct fr_error *error, const char *what, const char *about)
{
	return cli_usage(&cli_table, what, about, error);
}

/* Return: false for what is not a number from 0 to INT32_MAX. */
static bool parse_number(const char *text, unsigned long *ret)
{
	char *end;

	errno = 0;
	*ret = strtoul(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno &&
	       *ret <= INT32_MAX;
}

static int parse_slot(const char *text, int32_t *ret, struct fr_error *error)
{
	unsigned long slot;

	if (!parse_number(text, &slot))
		return usage(error, "a slot is a number, not", text);
	*ret = slot;
	return 0;
}

static int parse_count(const char *text, unsigned int *ret,
		       struct fr_error *error)
{
	unsigned long count;

	if (!parse_number(text, &count) || !count)
		return usage(error, "a number of updates is from 1 on, not",
			     text);
	*ret = count;
	return 0;
}

static bool has_ending(const char *text, const char *ending)
{
	size_t length = strlen(text), wanted = strlen(ending);

	return length > wanted && !strcmp(text + length - wanted, ending);
}

/* Which kind the payload is can be seen from its name; the options say it where
 * that is not right.
 */
static void set_payload(struct cli_request *request, const char *name)
{
	if (!strchr(name, '/') || has_ending(name, ".conf"))
		request->entry = name;
	else if (has_ending(name, ".efi"))
		request->uki = name;
	else
		request->kernel = name;
}

static int parse_argument(struct cli_request *request, const char *argument,
			  struct fr_error *error)
{
	if (request->verb->id == CLI_HISTORY)
		return parse_count(argument, &request->count, error);
	if (request->verb->id != CLI_STAGE)
		return parse_slot(argument, &request->slot, error);
	if (!*argument)
		return usage(error, "no file and no entry has the name",
			     argument);
	if (request->entry || request->uki || request->kernel)
		return usage(error, "one payload at a time, but there is also",
			     argument);
	set_payload(request, argument);
	return 0;
}

static int check_payload(const struct cli_request *request,
			 struct fr_error *error)
{
	int named = !!request->entry + !!request->uki + !!request->kernel;

	if (named != 1)
		return fr_fail(error, FR_USAGE, -EINVAL,
			       "name one payload: an entry's id, --uki=FILE or "
			       "--kernel=FILE; 'fastreboot stage --help' "
			       "shows more");
	return 0;
}

static int parse_arguments(int argc, char **argv, struct cli_request *request,
			   struct fr_error *error)
{
	int err;

	err = cli_check_arguments(&cli_table, request->verb, argc, argv, error);
	if (err < 0)
		return err;
	if (argc) {
		err = parse_argument(request, argv[0], error);
		if (err < 0)
			return err;
	}
	return request->verb->id == CLI_STAGE ? check_payload(request, error) :
						0;
}

int cli_is_asked(int argc, char **argv, const char *verb)
{
	int word = cli_find_word(&cli_table, argc, argv);

	return word < argc && !strcmp(argv[word], verb) ? word : 0;
}

char **cli_without_word(int argc, char **argv, int at)
{
	char **words = calloc((size_t)argc, sizeof(*words));

	for (int i = 0, to = 0; words && i < argc; i++)
		if (i != at)
			words[to++] = argv[i];
	return words;
}

int cli_parse(int argc, char **argv, struct cli_request *ret,
	      struct fr_error *error)
{
	unsigned int seen;
	int first, err;

	*ret = (struct cli_request){
		.verb = &cli_verbs[CLI_STATUS],
		.max_blackout_usec = UINT64_MAX,
		.slot = -1,
		.count = COUNT_DEFAULT,
	};
	first = cli_parse_options(&cli_table, argc, argv, ret, &seen, error);
	if (first < 0)
		return first;
	ret->verb_given = first < argc;
	if (ret->verb_given) {
		err = cli_find_verb(&cli_table, argv[first++], &ret->verb,
				    error);
		if (err < 0)
			return err;
	}
	if (ret->help || ret->version)
		return 0;
	err = cli_check_options(&cli_table, ret->verb, seen, error);
	if (err < 0)
		return err;
	return parse_arguments(argc - first, argv + first, ret, error);
}

static void print_options(FILE *out, const struct cli_verb *verb, bool common)
{
	for (const struct cli_option *o = cli_options; o->name; o++)
		if ((o->verbs == CLI_ANY_VERB) == common &&
		    (!verb || o->verbs & 1U << verb->id))
			cli_print_option(out, o);
}

/* All verbs that have options of their own, with these. */
static void print_verb_options(FILE *out)
{
	for (const struct cli_verb *verb = cli_verbs; verb->name; verb++) {
		bool any = false;

		for (const struct cli_option *o = cli_options; o->name; o++)
			any |= o->verbs != CLI_ANY_VERB &&
			       o->verbs & 1U << verb->id;
		if (!any)
			continue;
		fprintf(out, "\nOptions of %s:\n", verb->name);
		print_options(out, verb, false);
	}
}

static void print_verb_help(FILE *out, const struct cli_verb *verb)
{
	fprintf(out, "Usage: fastreboot %s [OPTION]...%s%s\n\n", verb->name,
		*verb->arguments ? " " : "", verb->arguments);
	fprintf(out, "%s: %s.\n", verb->name, verb->summary);
	if (verb->id == CLI_STAGE)
		fputs("\nPAYLOAD is the id of a Boot Loader Specification entry or "
		      "the path of a file:\nan entry (.conf), a unified kernel "
		      "image (.efi), or else a kernel.\n",
		      out);
	else if (verb->id == CLI_HISTORY)
		fputs("\nCOUNT is how many, 20 if it is not given.\n", out);
	else if (verb->max)
		fputs("\nSLOT is a number; without it, it is the staged slot.\n",
		      out);
	fputs("\nOptions:\n", out);
	print_options(out, verb, false);
	print_options(out, verb, true);
	fputs("\nfastreboot(1) has all of it, with the exit codes.\n", out);
}

void cli_print_help(FILE *out, const struct cli_verb *verb)
{
	if (verb) {
		print_verb_help(out, verb);
		return;
	}
	fputs("Usage: fastreboot [OPTION]... [VERB [ARGUMENT]]\n\n"
	      "Stage the next kernel while the machine works, and reboot into "
	      "it with a jump.\n\nVerbs:\n",
	      out);
	for (verb = cli_verbs; verb->name; verb++)
		fprintf(out, "  %-9s%-10s %s%s\n", verb->name, verb->arguments,
			verb->summary,
			verb->id == CLI_STATUS ? " (the default)" : "");
	fputs("\nOptions:\n", out);
	print_options(out, NULL, true);
	print_verb_options(out);
	fputs("\nfastreboot(1) has all of it, with the exit codes.\n", out);
}
