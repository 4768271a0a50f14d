// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line: what it means, and what is refused with which words. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../tools/fastreboot/options.h"

#define WORDS_MAX 40

/* Parse a line that is divided at its blanks. What is parsed refers to @line. */
static int parse(char *line, struct cli_request *request,
		 struct fr_error *error)
{
	char *argv[WORDS_MAX + 1] = { (char *)"fastreboot" };
	int argc = 1;

	for (char *at = strtok(line, " "); at; at = strtok(NULL, " "))
		argv[argc++] = at;
	assert_true(argc <= WORDS_MAX);
	*error = (struct fr_error){ 0 };
	return cli_parse(argc, argv, request, error);
}

static struct cli_request parse_good(char *line)
{
	struct cli_request request;
	struct fr_error error;

	if (parse(line, &request, &error) < 0)
		fail_msg("%s", error.text);
	return request;
}

#define GOOD(line) parse_good((char[]){ line })

static void expect_bad(const char *line, const char *text)
{
	char *copy = strdup(line);
	struct cli_request request;
	struct fr_error error;

	assert_int_equal(parse(copy, &request, &error), -EINVAL);
	assert_int_equal(error.failure, FR_USAGE);
	if (!strstr(error.text, text))
		fail_msg("'%s' gives '%s'", line, error.text);
	free(copy);
}

static void defaults(void **state)
{
	struct cli_request request = GOOD("");

	assert_int_equal(request.verb->id, CLI_STATUS);
	assert_false(request.verb_given);
	assert_false(request.json);
	assert_int_equal(request.slot, -1);
	assert_true(request.max_blackout_usec == UINT64_MAX);
	assert_null(request.initrds[0]);
}

static void verbs_have_their_numbers(void **state)
{
	for (int i = 0; cli_verbs[i].name; i++)
		assert_int_equal(cli_verbs[i].id, i);
}

static void count_of_updates(void **state)
{
	struct cli_request request = GOOD("history");

	assert_int_equal(request.count, 20);
	request = GOOD("history 3");
	assert_int_equal(request.count, 3);
	expect_bad("history 0", "from 1 on");
	expect_bad("history -1", "-1");
	expect_bad("history x", "from 1 on");
	expect_bad("history 99999999999", "from 1 on");
}

static void options_stand_anywhere(void **state)
{
	struct cli_request request = GOOD("--json commit 1 --now -n");

	assert_int_equal(request.verb->id, CLI_COMMIT);
	assert_true(request.json && request.now && request.dry_run);
	assert_int_equal(request.slot, 1);
	request = GOOD("-j status --private --no-progress");
	assert_true(request.json && request.private_socket &&
		    request.no_progress);
}

static void payload_kind_from_its_name(void **state)
{
	assert_string_equal(GOOD("stage 6.12-b").entry, "6.12-b");
	assert_string_equal(GOOD("stage 6.12-b.conf").entry, "6.12-b.conf");
	assert_string_equal(GOOD("stage ./6.12.conf").entry, "./6.12.conf");
	assert_string_equal(GOOD("stage /efi/x.efi").uki, "/efi/x.efi");
	assert_string_equal(GOOD("stage /boot/Image").kernel, "/boot/Image");
	assert_string_equal(GOOD("stage ./.conf").entry, "./.conf");
	/* no folder: an id, whatever it looks like */
	assert_string_equal(GOOD("stage x.efi").entry, "x.efi");
}

static void payload_from_options(void **state)
{
	struct cli_request request =
		GOOD("stage --kernel=Image --initrd=a --initrd b "
		     "--devicetree d --cmdline=quiet --signature=s --replace");

	assert_string_equal(request.kernel, "Image");
	assert_string_equal(request.initrds[0], "a");
	assert_string_equal(request.initrds[1], "b");
	assert_null(request.initrds[2]);
	assert_string_equal(request.devicetree, "d");
	assert_string_equal(request.cmdline, "quiet");
	assert_string_equal(request.signature, "s");
	assert_true(request.replace);
	assert_string_equal(GOOD("stage --kernel=k --root-image=r").root_image,
			    "r");
	assert_true(GOOD("stage --kernel=k --wipe-state").wipe_state);
	assert_true(GOOD("--last-log").last_log);
	assert_string_equal(GOOD("stage --entry e").entry, "e");
	assert_string_equal(GOOD("stage --uki u").uki, "u");
}

static void payload_has_to_be_one(void **state)
{
	expect_bad("stage", "name one payload");
	expect_bad("stage --uki=a --entry=b", "name one payload");
	expect_bad("stage --kernel=a 6.12", "one payload at a time");
	expect_bad("stage a b", "one argument too many: 'b'");
	expect_bad("stage --entry=a --entry=b",
		   "--entry can be given only once");
}

static void initrds_have_a_limit(void **state)
{
	char line[32 * WORDS_MAX] = "stage --kernel=a";

	for (int i = 0; i < CLI_INITRDS_MAX; i++)
		strcat(line, " --initrd=b");
	assert_non_null(parse_good(line).initrds[CLI_INITRDS_MAX - 1]);
	strcpy(line, "stage --kernel=a");
	for (int i = 0; i <= CLI_INITRDS_MAX; i++)
		strcat(line, " --initrd=b");
	expect_bad(line, "at most 32 times --initrd");
}

static void max_blackout(void **state)
{
	assert_true(GOOD("commit --max-blackout=400ms").max_blackout_usec ==
		    400000);
	assert_true(GOOD("commit --max-blackout 2").max_blackout_usec ==
		    2000000);
	expect_bad("commit --max-blackout=", "--max-blackout takes a time");
	expect_bad("commit --max-blackout=0", "--max-blackout takes a time");
	expect_bad("commit --max-blackout=-1s", "--max-blackout takes a time");
	expect_bad("commit --max-blackout=soon", "not 'soon'");
}

static void slots(void **state)
{
	assert_int_equal(GOOD("verify 0").slot, 0);
	assert_int_equal(GOOD("unstage 2147483647").slot, INT32_MAX);
	expect_bad("verify 2147483648", "a slot is a number");
	expect_bad("verify 99999999999999999999", "a slot is a number");
	expect_bad("verify -- -1", "a slot is a number");
	expect_bad("verify 1x", "a slot is a number, not '1x'");
	expect_bad("verify one", "a slot is a number");
	expect_bad("verify 0 1", "one argument too many: '1'");
	expect_bad("confirm 0", "one argument too many: '0'");
}

static void options_belong_to_verbs(void **state)
{
	expect_bad("stage --now 6.12", "--now does not go with 'stage'");
	expect_bad("timeline --last-log", "does not go with 'timeline'");
	expect_bad("--replace commit", "--replace does not go with 'commit'");
	expect_bad("confirm -n", "--dry-run does not go with 'confirm'");
	expect_bad("commit --reason=x", "--reason does not go with 'commit'");
	assert_string_equal(GOOD("rollback --reason=x").reason, "x");
}

static void unknown_words(void **state)
{
	expect_bad("reboot", "there is no verb 'reboot'");
	expect_bad("commit --later", "there is no option '--later'");
	expect_bad("-x", "there is no option '-x'");
	expect_bad("commit -nxj", "there is no option '-x'");
	expect_bad("--json=pretty", "there is no option '--json=pretty'");
	expect_bad("stage --kernel", "an argument is missing to '--kernel'");
}

/* A failure is reported as JSON even when --json stands behind it. */
static void json_is_seen_in_any_case(void **state)
{
	char line[] = "commit --later --max-blackout=x -j";
	struct cli_request request;
	struct fr_error error;

	assert_int_equal(parse(line, &request, &error), -EINVAL);
	assert_true(request.json);
	assert_non_null(strstr(error.text, "--later"));
}

static void help_comes_before_errors(void **state)
{
	struct cli_request request = GOOD("stage --help --now");

	assert_true(request.help && request.verb_given);
	assert_int_equal(request.verb->id, CLI_STAGE);
	request = GOOD("-h");
	assert_true(request.help && !request.verb_given);
	assert_true(GOOD("--version").version);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(defaults),
	UNIT_TEST(verbs_have_their_numbers),
	UNIT_TEST(count_of_updates),
	UNIT_TEST(options_stand_anywhere),
	UNIT_TEST(payload_kind_from_its_name),
	UNIT_TEST(payload_from_options),
	UNIT_TEST(payload_has_to_be_one),
	UNIT_TEST(initrds_have_a_limit),
	UNIT_TEST(max_blackout),
	UNIT_TEST(slots),
	UNIT_TEST(options_belong_to_verbs),
	UNIT_TEST(unknown_words),
	UNIT_TEST(json_is_seen_in_any_case),
	UNIT_TEST(help_comes_before_errors),
};
UNIT_MAIN(tests)
