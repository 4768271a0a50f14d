// SPDX-License-Identifier: GPL-2.0-or-later
/* fastreboot state, as it is typed; and that its man page knows all of it. */
#include "state-fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-c/json.h>

#include "cli-fixture.h"

#include "../../tools/fastreboot/state.h"

static struct cli_run result;

/* fastreboot state <words>, divided at blanks, with --root. */
static void run(const char *line)
{
	const char *words[16] = { "state", "--root", state_root() };
	char copy[512], *state = NULL;
	int n = 3;

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok_r(copy, " ", &state); word;
	     word = strtok_r(NULL, " ", &state))
		words[n++] = word;
	words[n] = NULL;
	cli_run(&result, words);
}

static void expect(int status, const char *out, const char *err)
{
	cli_expect(&result, status, out, err);
}

static struct json_object *json(const char *schema)
{
	struct json_object *object = json_tokener_parse(result.out);

	assert_non_null(object);
	assert_string_equal(cli_json_text(object, "schema"), schema);
	return object;
}

static const char *file(const char *name, const char *content)
{
	static char path[128];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", state_root(), name);
	if (content) {
		out = fopen(path, "we");
		assert_non_null(out);
		fputs(content, out);
		fclose(out);
	}
	return path;
}

static void runf(const char *format, const char *name)
{
	char line[256];

	snprintf(line, sizeof(line), format, name);
	run(line);
}

static void nothing_there(void **state)
{
	state_clear();
	run("");
	expect(FR_OK, "There are no objects.", "");
	run("list --json");
	expect(FR_OK, "\"objects\":[]", "");
	run("verify");
	expect(FR_OK, "as published: 0 of 0", "");
	run("restore one");
	expect(FR_NOT_FOUND, "", "fastreboot: ");
	run("remove one");
	expect(FR_NOT_FOUND, "", "");
	run("list --root /nonexistent");
	expect(FR_NOT_FOUND, "", "is a state volume mounted there?");
}

static void from_file_to_file(void **state)
{
	struct stat stat_;
	char *text;

	state_clear();
	runf("save one --schema=test --schema-version=3 --mode 0644 %s",
	     file("in", "what is to be kept"));
	expect(FR_OK, "one is saved\n", "");
	run("list");
	expect(FR_OK, "published   double    test 3", "");
	expect(FR_OK, "18 bytes  0644", "");
	runf("restore one %s", file("out", NULL));
	expect(FR_OK, "one is restored\n", "");
	text = cli_file(state_root(), "out");
	assert_string_equal(text, "what is to be kept");
	free(text);
	assert_int_equal(stat(file("out", NULL), &stat_), 0);
	assert_int_equal(stat_.st_mode & 07777, 0600);
	run("restore one");
	expect(FR_OK, "what is to be kept", "");
	assert_int_equal(strlen(result.out), 18);
	run("restore one --json");
	expect(FR_USAGE, "\"exit_status\":2", "");
	unlink(file("in", NULL));
	/* The link stays, what it leads to is replaced. */
	assert_int_equal(symlink("out", file("link", NULL)), 0);
	file("out", "before");
	runf("restore one %s", file("link", NULL));
	expect(FR_OK, "one is restored", "");
	assert_int_equal(lstat(file("link", NULL), &stat_), 0);
	assert_true(S_ISLNK(stat_.st_mode));
	text = cli_file(state_root(), "out");
	assert_string_equal(text, "what is to be kept");
	free(text);
	unlink(file("link", NULL));
	unlink(file("out", NULL));
	runf("save one %s", file("in", NULL));
	expect(FR_NOT_FOUND, "", "/in: No such file");
}

/* A file that is not there yet is made where the links lead to. */
static void restored_behind_links(void **state)
{
	char *text, out[128];
	struct stat stat_;

	state_clear();
	state_make("one", FR_STATE_DOUBLE, 100);
	state_publish("one", "content", 7);
	snprintf(out, sizeof(out), "%s", file("out", NULL));
	assert_int_equal(symlink("second", file("first", NULL)), 0);
	assert_int_equal(symlink(out, file("second", NULL)), 0);
	runf("restore one %s", file("first", NULL));
	expect(FR_OK, "one is restored", "");
	assert_int_equal(lstat(file("first", NULL), &stat_), 0);
	assert_true(S_ISLNK(stat_.st_mode));
	assert_int_equal(lstat(file("second", NULL), &stat_), 0);
	assert_true(S_ISLNK(stat_.st_mode));
	text = cli_file(state_root(), "out");
	assert_string_equal(text, "content");
	free(text);
	unlink(out);
	unlink(file("second", NULL));
	assert_int_equal(symlink("first", file("second", NULL)), 0);
	runf("restore one %s", file("first", NULL));
	expect(FR_FAILED, "", "/first: Too many levels of symbolic links");
	assert_int_equal(lstat(file("first", NULL), &stat_), 0);
	unlink(file("second", NULL));
	unlink(file("first", NULL));
}

/* A name of 255 bytes is one, and one more is none. */
static void restored_into_a_long_name(void **state)
{
	char name[257] = "", line[400];

	state_clear();
	state_make("one", FR_STATE_DOUBLE, 100);
	state_publish("one", "content", 7);
	for (size_t size = 247; size <= 256; size++) {
		memset(name, 'n', size);
		snprintf(line, sizeof(line), "restore one %s/%s", state_root(),
			 name);
		run(line);
		if (size < 256)
			expect(FR_OK, "one is restored", "");
		else
			expect(FR_FAILED, "", "File name too long");
		snprintf(line, sizeof(line), "%s/%s", state_root(), name);
		assert_int_equal(unlink(line), size < 256 ? 0 : -1);
	}
}

/* A pipe stands for all that is no file, such as /dev/null. */
static void restored_into_a_pipe(void **state)
{
	const char *path = file("pipe", NULL);
	struct stat before, after;
	char text[16] = "";
	int fd;

	state_clear();
	state_make("one", FR_STATE_DOUBLE, 100);
	state_publish("one", "content", 7);
	assert_int_equal(mkfifo(path, 0640), 0);
	assert_int_equal(lstat(path, &before), 0);
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	runf("restore one %s", path);
	expect(FR_OK, "one is restored", "");
	assert_int_equal(read(fd, text, sizeof(text)), 7);
	assert_string_equal(text, "content");
	close(fd);
	assert_int_equal(lstat(path, &after), 0);
	assert_int_equal(after.st_ino, before.st_ino);
	assert_int_equal(after.st_mode, before.st_mode);
	unlink(path);
}

static void verified_without_a_hash(void **state)
{
	struct fr_state_error error = { "" };
	struct fr_state_object *object;
	u8 *data;

	state_clear();
	state_make("hashed", FR_STATE_DOUBLE, 100);
	state_publish("hashed", "1", 1);
	state_make("plain", FR_STATE_DOUBLE, 100);
	object = state_write("plain", &data);
	expect_state_success(fr_state_claim(object, 0, &error), error);
	expect_state_success(fr_state_publish(object, 1, 0, &error), error);
	fr_state_close(object);
	run("verify");
	expect(FR_OK, "as published: 1 of 2; not compared, without a hash: 1",
	       "");
	run("verify --json");
	expect(FR_OK, "\"not_hashed\":1", "");
}

/* The target keeps its content unless there is something better. */
static void damaged_is_not_restored(void **state)
{
	char *text;
	FILE *out;

	state_clear();
	state_make("one", FR_STATE_IN_PLACE, 100);
	runf("restore one %s", file("out", "before"));
	expect(FR_NOT_FOUND, "", "never published");
	state_publish("one", "after!", 6);
	out = fopen(state_file("one"), "r+e");
	fseek(out, OBJECT_HEADER_SIZE, SEEK_SET);
	fputc('A', out);
	fclose(out);
	runf("restore one %s", file("out", NULL));
	expect(FR_VERIFICATION_FAILED, "", "not what was published");
	text = cli_file(state_root(), "out");
	assert_string_equal(text, "before");
	free(text);
	unlink(file("out", NULL));
	run("verify one");
	expect(FR_VERIFICATION_FAILED, "", "damaged");
	run("verify");
	expect(FR_VERIFICATION_FAILED, "one                  bad: object 'one'",
	       "damaged");
}

static void created(void **state)
{
	struct json_object *list, *one;
	uint64_t number;
	size_t n;

	state_clear();
	run("create one --size 16K --schema=test --owner 0:0 --in-place");
	if (getuid())
		skip();
	expect(FR_OK, "one is there, and nothing is published", "");
	run("create one --size 16K");
	expect(FR_REFUSED, "", "there is an object 'one' already");
	run("list --json");
	expect(FR_OK, "", "");
	list = json("org.fastreboot.state-list/1");
	assert_string_equal(cli_json_text(list, "root"), state_root());
	one = json_object_array_get_idx(cli_json_array(list, "objects", &n), 0);
	assert_int_equal(n, 1);
	assert_string_equal(cli_json_text(one, "name"), "one");
	assert_string_equal(cli_json_text(one, "status"), "new");
	assert_string_equal(cli_json_text(one, "kind"), "in-place");
	assert_string_equal(cli_json_text(one, "schema"), "test");
	assert_string_equal(cli_json_text(one, "owner"), "root");
	assert_string_equal(cli_json_text(one, "mode"), "0600");
	assert_true(cli_json_number(one, "capacity", &number));
	assert_int_equal(number, 16384);
	assert_null(cli_json_member(one, "sha256"));
	json_object_put(list);
	run("verify");
	expect(FR_OK, "new: object 'one' was never published", "");
	run("verify one");
	expect(FR_NOT_FOUND, "", "never published");
	run("remove one");
	expect(FR_OK, "one is wiped and removed", "");
}

static void states(void **state)
{
	struct fr_state_error error = { "" };
	struct fr_state_object *object;
	u8 *data;

	state_clear();
	state_make("cache", FR_STATE_IN_PLACE, 100);
	state_publish("cache", "1", 1);
	object = state_write("cache", &data);
	fr_state_claim(object, 0, &error);
	run("list");
	expect(FR_OK, "cache                writing     in-place", "");
	run("verify");
	expect(FR_OK, "cache                writing: ", "");
	run("verify cache");
	expect(FR_STALE, "", "made anew");
	run("remove cache");
	expect(FR_BUSY, "", "stop the program");
	fr_state_close(object);
	assert_int_equal(truncate(state_file("cache"), 100), 0);
	run("list");
	expect(FR_OK, "cache                damaged     ", "");
}

static void understood(void **state)
{
	state_clear();
	state_make("one", FR_STATE_DOUBLE, 100);
	state_publish("one", "1", 1);
	runf("check %s", file("schemas", "test 1-2\n"));
	expect(FR_OK, "1 objects, all are understood", "");
	runf("check %s", file("schemas", "test 2\n"));
	expect(FR_REFUSED, "", "does not understand one (test 1)");
	runf("check %s", file("schemas", "test\n"));
	expect(FR_INVALID_PAYLOAD, "", "schemas:1:");
	unlink(file("schemas", NULL));
	runf("check %s", file("schemas", NULL));
	expect(FR_NOT_FOUND, "", "");
}

static void usage(void **state)
{
	static const struct {
		const char *line, *part;
	} cases[] = {
		{ "what", "there is no verb 'what'" },
		{ "--what", "there is no option '--what'" },
		{ "list -xh", "there is no option '-x'" },
		{ "save", "save needs NAME [FILE]" },
		{ "save a b c", "one argument too many: 'c'" },
		{ "remove a --force", "--force does not go with 'remove'" },
		{ "create a", "create needs --size" },
		{ "create a --size", "an argument is missing to '--size'" },
		{ "create a --size x", "--size takes a number" },
		{ "create a --size 0", "--size takes a number" },
		{ "create a --size 1 --mode 9", "--mode takes" },
		{ "create a --size 1 --mode 4755", "--mode takes" },
		{ "create a --size 1 --owner no-such-user", "no-such-user" },
		{ "create a --size 1 --owner 0:no-such-group",
		  "no-such-group" },
		{ "create a --size 1 --schema-version 1", "needs --schema" },
		{ "create a --size 1 --schema a --schema-version 0",
		  "from 1 on" },
		{ "create A --size 1", "no name of an object" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		run(cases[i].line);
		expect(FR_USAGE, "", cases[i].part);
	}
}

static void help(void **state)
{
	static const char *const all[] = { "state", "--help", NULL };
	static const char *const one[] = { "--help", "state", "save", NULL };
	char *next;

	cli_run(&result, all);
	expect(FR_OK, "Usage: fastreboot state [VERB]", "");
	for (const struct cli_verb *v = state_verbs; v->name; v++)
		assert_non_null(strstr(result.out, v->summary));
	for (char *line = strtok_r(result.out, "\n", &next); line;
	     line = strtok_r(NULL, "\n", &next))
		if (strlen(line) > 79)
			fail_msg("longer than 79: %s", line);
	cli_run(&result, one);
	expect(FR_OK, "Usage: fastreboot state save [OPTION]... NAME [FILE]",
	       "");
	assert_null(strstr(result.out, "--force"));
}

static int asked(const char *line)
{
	char *words[8] = { (char *)"fastreboot" };
	char copy[128], *next;
	int n = 1;

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok_r(copy, " ", &next); word;
	     word = strtok_r(NULL, " ", &next))
		words[n++] = word;
	return cli_is_asked(n, words, "state");
}

/* The verb may be behind options, but is not what they are about. */
static void verb_is_no_argument(void **state)
{
	assert_int_equal(asked(""), 0);
	assert_int_equal(asked("state list"), 1);
	assert_int_equal(asked("-j --private state save one"), 3);
	assert_int_equal(asked("--root=/tmp state"), 2);
	assert_int_equal(asked("-- state"), 2);
	assert_int_equal(asked("stage state"), 0);
	assert_int_equal(asked("--reason state rollback"), 0);
	assert_int_equal(asked("--reason=x state"), 2);
	assert_int_equal(asked("-n --cmdline state stage a"), 0);
}

/* By its man page, and by what is completed. */
static void is_documented(void **state)
{
	cli_expect_documented(UNIT_SOURCE, "fastreboot-state.1", state_verbs,
			      state_options);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(nothing_there),
	UNIT_TEST(from_file_to_file),
	UNIT_TEST(restored_behind_links),
	UNIT_TEST(restored_into_a_long_name),
	UNIT_TEST(restored_into_a_pipe),
	UNIT_TEST(verified_without_a_hash),
	UNIT_TEST(damaged_is_not_restored),
	UNIT_TEST(created),
	UNIT_TEST(states),
	UNIT_TEST(understood),
	UNIT_TEST(usage),
	UNIT_TEST(help),
	UNIT_TEST(verb_is_no_argument),
	UNIT_TEST(is_documented),
};
STATE_UNIT_MAIN(tests)
