// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Man pages and completions say what the programs do, no less and no more. They
 * are written by hand; what is compared here is every verb, option, argument,
 * exit status, setting, method and property.
 */
#include "unit.h"

#include <glob.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli-fixture.h"
#include "error.h"

#include "../../tools/fastreboot/options.h"
#include "../../tools/fastreboot/manifest-cli.h"
#include "../../tools/fastreboot/state.h"

#define MAN "../../tools/man/"
#define COMPLETIONS "../../tools/completions/"
#define TEXT_MAX (256 * 1024)

/* Text that is put together, to be compared as a whole. */
struct text {
	char content[TEXT_MAX];
	size_t size;
};

static void __attribute__((__format__(printf, 2, 3)))
add(struct text *text, const char *format, ...)
{
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(text->content + text->size, TEXT_MAX - text->size, format,
		      arguments);
	va_end(arguments);
	assert_true(n >= 0 && (size_t)n < TEXT_MAX - text->size);
	text->size += n;
}

static struct text expected, found;

static void begin(void)
{
	expected.size = 0;
	expected.content[0] = '\0';
	found.size = 0;
	found.content[0] = '\0';
}

static void compare(const char *where)
{
	if (strcmp(expected.content, found.content))
		fail_msg("%s has\n%sbut it should be\n%s", where, found.content,
			 expected.content);
}

/* Take roff's escapes out: "\fB\-\-json\fP" becomes "--json". */
static void plain(char *line)
{
	char *to = line;

	for (char *at = line; *at; at++) {
		if (at[0] == '\\' && at[1] == 'f' && at[2])
			at += 2;
		else if (at[0] == '\\' && at[1])
			*to++ = *++at;
		else if (*at != '"')
			*to++ = *at;
	}
	*to = '\0';
}

/* For each line of a file, with its escapes taken out. */
#define for_each_line(line, text) \
	for (char *next_ = (text), *line; (line = strsep(&next_, "\n"));)

static bool is_for(const struct cli_option *option, const struct cli_verb *verb)
{
	if (!verb)
		return option->verbs == CLI_ANY_VERB;
	return option->verbs != CLI_ANY_VERB && option->verbs & 1U << verb->id;
}

static void expect_options_of(const struct cli_verb *verb)
{
	bool first = true;

	for (const struct cli_option *o = cli_options; o->name; o++) {
		if (!is_for(o, verb))
			continue;
		if (first)
			add(&expected, "Of %s\n",
			    verb ? verb->name : "all verbs");
		first = false;
		if (o->short_name)
			add(&expected, "-%c, ", o->short_name);
		add(&expected, "--%s%s%s\n", o->name, o->argument ? "=" : "",
		    o->argument ?: "");
	}
}

static void man_page_has_the_options(void **state)
{
	char *page = cli_file(UNIT_SOURCE, MAN "fastreboot.1");

	begin();
	expect_options_of(NULL);
	for (const struct cli_verb *v = cli_verbs; v->name; v++)
		expect_options_of(v);
	for_each_line(line, page)
	{
		bool section = !strncmp(line, ".SS ", 4);
		bool option = !strncmp(line, "\\fB\\-", 5);

		plain(line);
		if (section)
			add(&found, "%s\n", line + 4);
		else if (option)
			add(&found, "%s\n", line);
	}
	compare("fastreboot.1");
	free(page);
}

static const struct cli_option *find_option(const char *name, size_t length)
{
	for (const struct cli_option *o = cli_options; o->name; o++)
		if (strlen(o->name) == length &&
		    !strncmp(o->name, name, length))
			return o;
	for (const struct cli_option *o = state_options; o->name; o++)
		if (strlen(o->name) == length &&
		    !strncmp(o->name, name, length))
			return o;
	for (const struct cli_option *o = manifest_options; o->name; o++)
		if (strlen(o->name) == length &&
		    !strncmp(o->name, name, length))
			return o;
	return NULL;
}

/* No text, example or list has an option that the command does not know. */
static void expect_known_options(const char *name, char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz-";

	for (char *at = text; (at = strstr(at, "--")); at++) {
		size_t length = strspn(at + 2, letters);

		if (!length || (at > text && strchr(letters, at[-1])))
			continue;
		if (!find_option(at + 2, length))
			fail_msg("%s: there is no --%.*s", name, (int)length,
				 at + 2);
	}
}

static void no_text_has_unknown_options(void **state)
{
	static const char *const names[] = {
		MAN "fastreboot.1",	     MAN "fastrebootd.8",
		MAN "fastreboot.conf.5",     COMPLETIONS "fastreboot.bash",
		COMPLETIONS "_fastreboot",   MAN "fastreboot-state.1",
		MAN "fastreboot-manifest.1",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *text = cli_file(UNIT_SOURCE, names[i]);

		/* " -- " of the shell is not an option */
		plain(text);
		expect_known_options(names[i], text);
		free(text);
	}
}

static void expect_verbs(void)
{
	for (const struct cli_verb *v = cli_verbs; v->name; v++)
		add(&expected, "%s%s%s\n", v->name, *v->arguments ? " " : "",
		    v->arguments);
}

/* ".BR stage  [PAYLOAD]", of which the second blank was a quoted one */
static void add_heading(const char *line)
{
	char verb[32] = "", arguments[64] = "";

	sscanf(line, ".%*[BR] %31s %63s", verb, arguments);
	add(&found, "%s%s%s\n", verb, *arguments ? " " : "", arguments);
}

static void man_page_has_the_verbs(void **state)
{
	char *page = cli_file(UNIT_SOURCE, MAN "fastreboot.1");
	bool inside = false, heading = false;

	begin();
	expect_verbs();
	for_each_line(line, page)
	{
		plain(line);
		if (!strncmp(line, ".SH ", 4))
			inside = !strcmp(line, ".SH VERBS");
		else if (inside && heading)
			add_heading(line);
		heading = !strcmp(line, ".TP");
	}
	compare("fastreboot.1");
	free(page);
}

static void synopsis_has_the_verbs(void **state)
{
	char *page = cli_file(UNIT_SOURCE, MAN "fastreboot.1");

	for (const struct cli_verb *v = cli_verbs; v->name; v++) {
		char line[64];

		/* the default stands behind the options */
		if (v->id == CLI_STATUS)
			snprintf(line, sizeof(line), ".RB [ %s ]\n", v->name);
		else
			snprintf(line, sizeof(line), ".B fastreboot %s\n",
				 v->name);
		assert_non_null(strstr(page, line));
	}
	free(page);
}

static void man_page_has_the_exit_statuses(void **state)
{
	char *page = cli_file(UNIT_SOURCE, MAN "fastreboot.1");
	int number = -1;

	begin();
	add(&expected, "0 done\n");
	for (int i = 1; i == FR_FAILED || strcmp(fr_failure_name(i), "Failed");
	     i++)
		add(&expected, "%d %s\n", i, fr_failure_name(i));
	for_each_line(line, page)
	{
		char name[64];

		if (number >= 0 && sscanf(line, ".BR %63s", name) == 1)
			add(&found, "%d %s\n", number, name);
		if (sscanf(line, ".B %d", &number) != 1)
			number = -1;
	}
	compare("fastreboot.1");
	free(page);
}

static void help_fits_a_terminal(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	cli_print_help(out, NULL);
	for (const struct cli_verb *v = cli_verbs; v->name; v++)
		cli_print_help(out, v);
	fclose(out);
	for_each_line(line, text)
	{
		if (strlen(line) > 79)
			fail_msg("longer than 79: %s", line);
	}
	free(text);
}

/* What bash would offer for a line, one word a line. */
static void complete(const char *line, struct text *to)
{
	char command[1024], word[256];
	FILE *out;

	snprintf(command, sizeof(command),
		 "bash -c 'source \"%s/" COMPLETIONS "fastreboot.bash\" && "
		 "COMP_WORDS=(fastreboot %s) && "
		 "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) && "
		 "_fastreboot && printf \"%%s\\n\" \"${COMPREPLY[@]}\"'",
		 UNIT_SOURCE, line);
	out = popen(command, "re");
	assert_non_null(out);
	while (fgets(word, sizeof(word), out))
		add(to, "%s", word);
	assert_int_equal(pclose(out), 0);
}

static void bash_offers_the_verbs(void **state)
{
	begin();
	for (const struct cli_verb *v = cli_verbs; v->name; v++)
		add(&expected, "%s\n", v->name);
	complete("\"\"", &found);
	compare("fastreboot.bash");
}

static void expect_bash_options(const struct cli_verb *verb)
{
	for (const struct cli_option *o = cli_options; o->name; o++) {
		if (!is_for(o, verb))
			continue;
		if (o->short_name)
			add(&expected, "-%c\n", o->short_name);
		add(&expected, "--%s%s\n", o->name, o->argument ? "=" : "");
	}
}

static void bash_offers_the_options(void **state)
{
	for (const struct cli_verb *v = cli_verbs; v->name; v++) {
		char line[64];

		/* test-state-cli.c, test-manifest-cli.c */
		if (v->id == CLI_STATE || v->id == CLI_MANIFEST)
			continue;
		begin();
		expect_bash_options(NULL);
		expect_bash_options(v);
		snprintf(line, sizeof(line), "%s -", v->name);
		complete(line, &found);
		compare(v->name);
	}
}

static void bash_offers_files(void **state)
{
	begin();
	add(&expected, "%s/unit.h\n", UNIT_SOURCE);
	complete("stage --kernel = " UNIT_SOURCE "/unit.h", &found);
	complete("stage --kernel " UNIT_SOURCE "/unit.h", &expected);
	complete("stage --uki = " UNIT_SOURCE "/unit.h", &found);
	compare("fastreboot.bash");
}

/* What stands behind the verb is offered, although a value before it is one. */
static void expect_bash_skips(const struct cli_option *options,
			      const char *format, const char *offered)
{
	for (const struct cli_option *o = options; o->name; o++) {
		char option[64], line[128];

		if (!o->argument)
			continue;
		begin();
		add(&expected, "%s%s", offered, offered);
		snprintf(option, sizeof(option), "--%s", o->name);
		snprintf(line, sizeof(line), format, option);
		complete(line, &found);
		snprintf(option, sizeof(option), "--%s =", o->name);
		snprintf(line, sizeof(line), format, option);
		complete(line, &found);
		compare(o->name);
	}
}

static void bash_takes_no_value_for_a_verb(void **state)
{
	static const char list[] = "-h\n--help\n-j\n--json\n--root=\n";

	expect_bash_skips(cli_options, "%s state rollback --rea",
			  "--reason=\n");
	expect_bash_skips(state_options, "state %s save list -", list);
	begin();
	add(&expected, "--reason=\n%s%s", list, list);
	complete("--reason = a : b @ c rollback --rea", &found);
	complete("--cmdline = root = stage state list -", &found);
	complete("--no-progress -j state --json list -", &found);
	compare("fastreboot.bash");
}

/* The first argument is an object, and there are none here. */
static void bash_offers_a_file_to_save(void **state)
{
	begin();
	add(&expected, "\n%s/unit.h\n", UNIT_SOURCE);
	complete("state save --mode = 0600 " UNIT_SOURCE "/unit.h", &found);
	complete("state save x --mode 0600 " UNIT_SOURCE "/unit.h", &found);
	compare("fastreboot.bash");
}

/* In a word of zsh's _arguments, ":" has a backslash before it. */
static void zsh_word(const char *summary, char to[128])
{
	for (; *summary; summary++) {
		if (*summary == ':')
			*to++ = '\\';
		*to++ = *summary;
	}
	*to = '\0';
}

static void zsh_has_the_options(void **state)
{
	char *text = cli_file(UNIT_SOURCE, COMPLETIONS "_fastreboot");

	for (const struct cli_option *o = cli_options; o->name; o++) {
		char summary[128], wanted[256];

		if (o->argument)
			zsh_word(o->summary, summary);
		else
			snprintf(summary, sizeof(summary), "%s", o->summary);
		if (o->short_name)
			snprintf(wanted, sizeof(wanted), "{-%c,--%s}'[%s]",
				 o->short_name, o->name, summary);
		else
			snprintf(wanted, sizeof(wanted), "--%s%s[%s]", o->name,
				 o->argument ? "=" : "", summary);
		if (!strstr(text, wanted))
			fail_msg("_fastreboot lacks %s", wanted);
	}
	free(text);
}

static void zsh_has_the_verbs(void **state)
{
	char *text = cli_file(UNIT_SOURCE, COMPLETIONS "_fastreboot");

	for (const struct cli_verb *v = cli_verbs; v->name; v++) {
		char wanted[256];

		snprintf(wanted, sizeof(wanted), "'%s:%s'\n", v->name,
			 v->summary);
		if (!strstr(text, wanted))
			fail_msg("_fastreboot lacks %s", wanted);
	}
	free(text);
}

/* The default file has "[Section]" and "#Key=default". */
static void expect_settings(void)
{
	char *file = cli_file(UNIT_SOURCE, "../../units/fastreboot.conf");
	char key[64], value[128];

	for_each_line(line, file)
	{
		if (*line == '[')
			add(&expected, "%s\n", line);
		value[0] = '\0';
		if (sscanf(line, "#%63[A-Za-z]=%127[^\n]", key, value) >= 1)
			add(&expected, "%s=%s\n", key, value);
	}
	free(file);
}

static void find_settings(void)
{
	char *page = cli_file(UNIT_SOURCE, MAN "fastreboot.conf.5");
	char key[64] = "", value[128];

	for_each_line(line, page)
	{
		plain(line);
		if (!strncmp(line, ".SH SECTION ", 12))
			add(&found, "%s\n", line + 12);
		sscanf(line, ".BI %63[A-Za-z]=", key);
		if (sscanf(line, "Default: %127[^\n]", value) != 1)
			continue;
		/* what stands behind a comma explains it */
		value[strcspn(value, ",")] = '\0';
		if (strlen(value) && value[strlen(value) - 1] == '.')
			value[strlen(value) - 1] = '\0';
		if (!strcmp(value, "none"))
			value[0] = '\0';
		add(&found, "%s=%s\n", key, value);
		key[0] = '\0';
	}
	free(page);
}

static void man_page_has_the_settings(void **state)
{
	begin();
	expect_settings();
	find_settings();
	compare("fastreboot.conf.5");
}

static void expect_in_page(const char *page, const char *name,
			   const char *source)
{
	regex_t word;
	char pattern[128];

	snprintf(pattern, sizeof(pattern), "(^|[^A-Za-z])%s([^A-Za-z]|$)",
		 name);
	assert_int_equal(regcomp(&word, pattern, REG_EXTENDED | REG_NOSUB), 0);
	if (regexec(&word, page, 0, NULL, 0))
		fail_msg("org.fastreboot1.5 lacks %s of %s", name, source);
	regfree(&word);
}

static int expect_members_of(const char *source, const char *page)
{
	static const char member[] =
		"SD_BUS_(WRITABLE_)?(METHOD|SIGNAL|PROPERTY)[A-Z_]*\\("
		"[[:space:]]*\"([A-Za-z]+)\"";
	char *text = cli_file(UNIT_SOURCE, source), name[64];
	regmatch_t match[4];
	regex_t macro;
	int n = 0;

	assert_int_equal(regcomp(&macro, member, REG_EXTENDED), 0);
	for (char *at = text; !regexec(&macro, at, 4, match, 0);
	     at += match[0].rm_eo, n++) {
		snprintf(name, sizeof(name), "%.*s",
			 (int)(match[3].rm_eo - match[3].rm_so),
			 at + match[3].rm_so);
		expect_in_page(page, name, source);
	}
	regfree(&macro);
	free(text);
	return n;
}

/* Everything that the daemon has on D-Bus is described. */
static void man_page_has_the_interface(void **state)
{
	char *page = cli_file(UNIT_SOURCE, MAN "org.fastreboot1.5");
	glob_t sources;
	int n = 0;

	assert_int_equal(glob(UNIT_SOURCE "/../../daemon/fastrebootd/{,*/}*.c",
			      GLOB_BRACE, NULL, &sources),
			 0);
	for (size_t i = 0; i < sources.gl_pathc; i++)
		n += expect_members_of(
			sources.gl_pathv[i] + strlen(UNIT_SOURCE "/"), page);
	globfree(&sources);
	free(page);
	assert_true(n > 0);
}

/* The checks of a commit, in their order. */
static void man_page_has_the_checks(void **state)
{
	char *source = cli_file(UNIT_SOURCE,
				"../../daemon/fastrebootd/jobs/preflight.c");
	char *page = cli_file(UNIT_SOURCE, MAN "fastreboot-hooks.7");
	bool inside = false, heading = false;
	char name[32];

	begin();
	for_each_line(line, source)
	{
		if (sscanf(line, "\t{ \"%31[a-z-]\", check_", name) == 1 &&
		    strstr(line, "check_"))
			add(&expected, "%s\n", name);
	}
	for_each_line(line, page)
	{
		if (!strncmp(line, ".S", 2))
			inside = !strcmp(line, ".SS Checks");
		else if (inside && heading)
			add(&found, "%s\n", line + strlen(".B "));
		heading = !strcmp(line, ".TP");
	}
	compare("fastreboot-hooks.7");
	free(source);
	free(page);
}

/* Units name pages that exist. */
static void units_have_their_pages(void **state)
{
	char command[1024];

	snprintf(
		command, sizeof(command),
		"cd '%s/../..' && for page in $(grep -rhoE "
		"'man:(org\\.)?fastreboot[a-z0-9.-]*\\([0-9]\\)' units | "
		"sed 's/^man://; s/(/./; s/)//' | sort -u); do "
		"[ -e tools/man/$page ] || { echo \"no page $page\"; exit 1; }; "
		"done",
		UNIT_SOURCE);
	assert_int_equal(system(command), 0);
}

static void pages_are_clean(void **state)
{
	if (system("command -v mandoc >/dev/null"))
		skip();
	assert_int_equal(system("mandoc -Tlint -Wwarning '" UNIT_SOURCE
				"'/../../tools/man/*"),
			 0);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(man_page_has_the_options),
	UNIT_TEST(no_text_has_unknown_options),
	UNIT_TEST(man_page_has_the_verbs),
	UNIT_TEST(synopsis_has_the_verbs),
	UNIT_TEST(man_page_has_the_exit_statuses),
	UNIT_TEST(help_fits_a_terminal),
	UNIT_TEST(bash_offers_the_verbs),
	UNIT_TEST(bash_offers_the_options),
	UNIT_TEST(bash_offers_files),
	UNIT_TEST(bash_takes_no_value_for_a_verb),
	UNIT_TEST(bash_offers_a_file_to_save),
	UNIT_TEST(zsh_has_the_options),
	UNIT_TEST(zsh_has_the_verbs),
	UNIT_TEST(man_page_has_the_settings),
	UNIT_TEST(man_page_has_the_interface),
	UNIT_TEST(man_page_has_the_checks),
	UNIT_TEST(units_have_their_pages),
	UNIT_TEST(pages_are_clean),
};
UNIT_MAIN(tests)
