// SPDX-License-Identifier: GPL-2.0-or-later
#include "manifest-cli.h"

#include <errno.h>
#include <string.h>

#define VERB(id) (1U << MANIFEST_##id)
#define PAYLOAD_VERBS (VERB(CREATE) | VERB(VERIFY))

const struct cli_verb manifest_verbs[] = {
	{ "create", "", "write the manifest of a payload, and sign it", 0, 0,
	  MANIFEST_CREATE },
	{ "verify", "FILE", "check its signature, and files that it names", 1,
	  1, MANIFEST_VERIFY },
	{ "show", "FILE", "print what is in it, without checking anything", 1,
	  1, MANIFEST_SHOW },
	{ NULL },
};

/* In the order of manifest_options[]. */
enum option_id {
	OPTION_HELP,
	OPTION_JSON,
	OPTION_KERNEL,
	OPTION_UKI,
	OPTION_INITRD,
	OPTION_ROOT_IMAGE,
	OPTION_DEVICETREE,
	OPTION_CMDLINE,
	OPTION_CMDLINE_WORDS,
	OPTION_PAYLOAD_VERSION,
	OPTION_COMPATIBLE,
	OPTION_OUTPUT,
	OPTION_KEY,
	OPTION_CERTIFICATE,
	OPTION_SIGNATURE,
	OPTION_TRUSTED_CERTIFICATES,
	OPTION_REVOCATION_LISTS,
	OPTION_COUNT,
};

const struct cli_option manifest_options[] = {
	{ "help", NULL, "show this text", 'h', CLI_ANY_VERB },
	{ "json", NULL, "print JSON: indented on a terminal, else one line",
	  'j', CLI_ANY_VERB },
	{ "kernel", "FILE", "kernel", 0, PAYLOAD_VERBS },
	{ "uki", "FILE", "unified kernel image", 0, PAYLOAD_VERBS },
	{ "initrd", "FILE", "initrd; repeat it for more than one", 0,
	  PAYLOAD_VERBS },
	{ "root-image", "FILE", "root image", 0, PAYLOAD_VERBS },
	{ "devicetree", "FILE", "device tree", 0, PAYLOAD_VERBS },
	{ "cmdline", "TEXT", "command line: this one, and no other", 0,
	  PAYLOAD_VERBS },
	{ "cmdline-words", "PATTERNS", "what each of its words has to match", 0,
	  VERB(CREATE) },
	{ "payload-version", "TEXT", "version of the payload", 0,
	  VERB(CREATE) },
	{ "compatible", "NAME", "machine that it is for; repeat it for more", 0,
	  VERB(CREATE) },
	{ "output", "FILE", "where to, if not beside the kernel", 'o',
	  VERB(CREATE) },
	{ "key", "FILE", "private key to sign it with, PEM", 0, VERB(CREATE) },
	{ "certificate", "FILE", "certificate of that key, PEM", 0,
	  VERB(CREATE) },
	{ "signature", "FILE", "its signature, if not FILE.p7s", 0,
	  VERB(VERIFY) },
	{ "trusted-certificates", "PATH", "whom to trust, if not as configured",
	  0, VERB(VERIFY) },
	{ "revocation-lists", "PATH", "and whom not any more", 0,
	  VERB(VERIFY) },
	{ NULL },
};

_Static_assert(sizeof(manifest_options) / sizeof(*manifest_options) ==
		       OPTION_COUNT + 1,
	       "every option has its number");
_Static_assert(OPTION_COUNT <= CLI_OPTIONS_MAX, "every option has its bit");

static const char **list_of_option(struct manifest_request *request, int option)
{
	switch (option) {
	case OPTION_INITRD:
		return request->initrds;
	case OPTION_CMDLINE_WORDS:
		return request->cmdline_words;
	case OPTION_COMPATIBLE:
		return request->compatible;
	case OPTION_TRUSTED_CERTIFICATES:
		return request->certificates;
	case OPTION_REVOCATION_LISTS:
		return request->revocation_lists;
	}
	return NULL;
}

static const char **text_of_option(struct manifest_request *request, int option)
{
	switch (option) {
	case OPTION_KERNEL:
		return &request->kernel;
	case OPTION_UKI:
		return &request->uki;
	case OPTION_ROOT_IMAGE:
		return &request->root_image;
	case OPTION_DEVICETREE:
		return &request->devicetree;
	case OPTION_CMDLINE:
		return &request->cmdline;
	case OPTION_PAYLOAD_VERSION:
		return &request->payload_version;
	case OPTION_OUTPUT:
		return &request->output;
	case OPTION_KEY:
		return &request->key;
	case OPTION_CERTIFICATE:
		return &request->certificate;
	}
	return &request->signature;
}

static int add_to_list(const char **list, int option, const char *text,
		       struct fr_error *error)
{
	for (int i = 0; i < MANIFEST_LIST_MAX; i++)
		if (!list[i]) {
			list[i] = text;
			return 0;
		}
	return fr_fail(error, FR_USAGE, -EINVAL, "at most %d times --%s",
		       MANIFEST_LIST_MAX, manifest_options[option].name);
}

static int set_option(void *userdata, int option, const char *text,
		      struct fr_error *error)
{
	struct manifest_request *request = userdata;
	const char **list = list_of_option(request, option);
	const char **place;

	if (option == OPTION_HELP || option == OPTION_JSON) {
		*(option == OPTION_HELP ? &request->help : &request->json) =
			true;
		return 0;
	}
	if (list)
		return add_to_list(list, option, text, error);
	place = text_of_option(request, option);
	if (*place)
		return fr_fail(error, FR_USAGE, -EINVAL,
			       "--%s can be given only once",
			       manifest_options[option].name);
	*place = text;
	return 0;
}

static const struct cli_option_table table = {
	.verbs = manifest_verbs,
	.options = manifest_options,
	.command = "fastreboot manifest",
	.set = set_option,
};

/* In the manifest it would be another line, and mean something else. */
static int check_lines(const struct manifest_request *request,
		       struct fr_error *error)
{
	const char *const *lists[] = { request->cmdline_words,
				       request->compatible };
	const char *bad = request->cmdline && strchr(request->cmdline, '\n') ?
				  "cmdline" :
				  NULL;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (const char *const *text = lists[i]; *text; text++)
			if (strchr(*text, '\n'))
				bad = i ? "compatible" : "cmdline-words";
	if (!bad)
		return 0;
	return fr_fail(error, FR_USAGE, -EINVAL,
		       "the value of --%s is not one line", bad);
}

static int check_create(const struct manifest_request *request,
			struct fr_error *error)
{
	if (!request->kernel == !request->uki)
		return fr_fail(
			error, FR_USAGE, -EINVAL,
			"create needs either --kernel=FILE or --uki=FILE");
	if (!request->payload_version)
		return fr_fail(error, FR_USAGE, -EINVAL,
			       "create needs --payload-version=TEXT");
	if (request->kernel && !request->cmdline && !*request->cmdline_words)
		return fr_fail(
			error, FR_USAGE, -EINVAL,
			"create needs --cmdline=TEXT, or --cmdline-words=PATTERNS for what may be on it");
	if (!request->key != !request->certificate)
		return fr_fail(error, FR_USAGE, -EINVAL,
			       "--key and --certificate go together");
	return check_lines(request, error);
}

static int check_request(int argc, char **argv,
			 struct manifest_request *request, unsigned int seen,
			 struct fr_error *error)
{
	const struct cli_verb *verb = request->verb;
	int err = cli_check_options(&table, verb, seen, error);

	if (!err)
		err = cli_check_arguments(&table, verb, argc, argv, error);
	if (err < 0)
		return err;
	request->file = argc ? argv[0] : NULL;
	return verb->id == MANIFEST_CREATE ? check_create(request, error) : 0;
}

int manifest_parse(int argc, char **argv, struct manifest_request *ret,
		   struct fr_error *error)
{
	unsigned int seen;
	int first, err;

	*ret = (struct manifest_request){ 0 };
	first = cli_parse_options(&table, argc, argv, ret, &seen, error);
	if (first < 0)
		return first;
	if (first < argc) {
		err = cli_find_verb(&table, argv[first++], &ret->verb, error);
		if (err < 0)
			return err;
	}
	if (ret->help)
		return 0;
	if (!ret->verb)
		return fr_fail(
			error, FR_USAGE, -EINVAL,
			"say create, verify or show; 'fastreboot manifest --help' shows more");
	return check_request(argc - first, argv + first, ret, seen, error);
}

void manifest_print_help(FILE *out, const struct cli_verb *verb)
{
	fprintf(out, "Usage: fastreboot manifest %s [OPTION]...%s%s\n\n",
		verb ? verb->name : "VERB", verb && *verb->arguments ? " " : "",
		verb ? verb->arguments : " [FILE]");
	fputs(verb ? verb->summary :
		     "What a payload consists of, to be signed by its maker.",
	      out);
	fputs(verb ? ".\n\nOptions:\n" : "\n\nVerbs:\n", out);
	for (const struct cli_verb *v = manifest_verbs; !verb && v->name; v++)
		fprintf(out, "  %-8s%-6s %s\n", v->name, v->arguments,
			v->summary);
	if (!verb)
		fputs("\nOptions:\n", out);
	for (const struct cli_option *o = manifest_options; o->name; o++)
		if (!verb || o->verbs & 1U << verb->id)
			cli_print_option(out, o);
	fputs("\nfastreboot-manifest(1) has all of it.\n", out);
}
