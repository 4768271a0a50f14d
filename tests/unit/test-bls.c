// SPDX-License-Identifier: GPL-2.0-or-later
#include "files-fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "bls.h"
#include "cleanup.h"

static int parse(const char *text, struct fr_bls_entry *ret,
		 struct fr_error *error)
{
	*error = (struct fr_error){ 0 };
	return fr_bls_parse(text, strlen(text), "/boot", "file", ret, error);
}

static void whole_entry(void **state)
{
	_cleanup_bls_entry_ struct fr_bls_entry entry = { 0 };
	struct fr_error error;
	int r = parse("# An entry\n"
		      "title Debian GNU/Linux 12 (bookworm)\n"
		      "version\t6.12.1-arm64\n"
		      "machine-id 0123\n"
		      "sort-key debian\n"
		      "\n"
		      "architecture   aa64\r\n"
		      "linux /0123/6.12.1/linux\n"
		      "initrd /0123/6.12.1/microcode \n"
		      "  initrd 0123/6.12.1/initrd\n"
		      "options root=UUID=1 ro\n"
		      "options quiet  splash\n"
		      "devicetree /0123/board.dtb",
		      &entry, &error);

	expect_ok(r, &error);
	assert_string_equal(entry.root, "/boot");
	assert_string_equal(entry.title, "Debian GNU/Linux 12 (bookworm)");
	assert_string_equal(entry.version, "6.12.1-arm64");
	assert_string_equal(entry.architecture, "aa64");
	assert_string_equal(entry.linux_path, "/boot/0123/6.12.1/linux");
	assert_null(entry.uki_path);
	assert_string_equal(entry.initrds[0], "/boot/0123/6.12.1/microcode");
	assert_string_equal(entry.initrds[1], "/boot/0123/6.12.1/initrd");
	assert_null(entry.initrds[2]);
	assert_string_equal(entry.options, "root=UUID=1 ro quiet  splash");
	assert_string_equal(entry.devicetree, "/boot/0123/board.dtb");
}

static void least_entry(void **state)
{
	_cleanup_bls_entry_ struct fr_bls_entry entry = { 0 };
	struct fr_error error;
	int r = parse("linux /l", &entry, &error);

	expect_ok(r, &error);
	assert_string_equal(entry.linux_path, "/boot/l");
	assert_null(entry.title);
	assert_null(entry.initrds[0]);
	assert_string_equal(entry.options, "");
}

static void root_image(void **state)
{
	_cleanup_bls_entry_ struct fr_bls_entry entry = { 0 };
	struct fr_error error;
	int r = parse("linux /l\nx-fastreboot-root-image /r.erofs\n", &entry,
		      &error);

	expect_ok(r, &error);
	assert_string_equal(entry.root_image, "/boot/r.erofs");
}

static void ukis(void **state)
{
	static const char *const texts[] = { "uki /EFI/Linux/a.efi",
					     "efi //EFI/Linux/a.efi" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_bls_entry_ struct fr_bls_entry entry = { 0 };
		struct fr_error error;

		assert_int_equal(parse(texts[i], &entry, &error), 0);
		assert_string_equal(entry.uki_path, "/boot/EFI/Linux/a.efi");
		assert_null(entry.linux_path);
	}
}

static void bad_entries(void **state)
{
	static const struct {
		const char *text;
		const char *part;
	} bad[] = {
		{ "", "file: has no key \"linux\"" },
		{ "title x\n", "file: has no key \"linux\"" },
		{ "linux /a\nuki /b\n", "has both" },
		{ "linux /a\nlinux /b\n",
		  "file:2: linux: this is given twice" },
		{ "uki /a\nefi /b\n", "file:2: efi: this is given twice" },
		{ "linux\n", "file:1: linux: there is no path" },
		{ "linux /\n", "there is no path" },
		{ "linux /../etc/shadow\n",
		  "file:1: linux: the path must not" },
		{ "linux ..\n", "the path must not" },
		{ "linux /a/..\n", "the path must not" },
		{ "linux a//..//b\n", "the path must not" },
		{ "linux /a\ninitrd ../b\n", "file:2: initrd: the path must" },
		{ "linux /a\ndevicetree /..\n",
		  "file:2: devicetree: the path" },
		{ "linux /a\ndevicetree-overlay /b\n", "not supported" },
		{ "linux /a\nx-fastreboot-root-image /../b\n",
		  "file:2: x-fastreboot-root-image: the path must" },
		{ "linux /a\ninitrd /i\nx-fastreboot-root-image /b\n",
		  "leave one of them" },
		{ "uki /a\nx-fastreboot-root-image /b\n", "and a UKI" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct fr_bls_entry entry = { 0 };
		struct fr_error error;

		expect_error(parse(bad[i].text, &entry, &error), -EINVAL,
			     &error, FR_INVALID_PAYLOAD, bad[i].part);
		/* Untouched. */
		assert_null(entry.root);
	}
}

/* Dots that lead nowhere. */
static void harmless_dots(void **state)
{
	static const char *const paths[] = { "..a", "a..", "a..b",   "...",
					     ".",   "./a", "a/.../b" };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		_cleanup_bls_entry_ struct fr_bls_entry entry = { 0 };
		struct fr_error error;
		char text[64];

		snprintf(text, sizeof(text), "linux /%s", paths[i]);
		assert_int_equal(parse(text, &entry, &error), 0);
		assert_string_equal(entry.linux_path + strlen("/boot/"),
				    paths[i]);
	}
}

static void too_many_initrds(void **state)
{
	_cleanup_bls_entry_ struct fr_bls_entry entry = { 0 };
	struct fr_error error;
	char text[1024] = "linux /l\n";

	for (int i = 0; i < 32; i++)
		strcat(text, "initrd /i\n");
	assert_int_equal(parse(text, &entry, &error), 0);
	fr_bls_entry_done(&entry);
	strcat(text, "initrd /i\n");
	expect_error(parse(text, &entry, &error), -EINVAL, &error,
		     FR_INVALID_PAYLOAD, "file:34: initrd: these are more");
}

static void no_text(void **state)
{
	_cleanup_bls_entry_ struct fr_bls_entry entry = { 0 };
	struct fr_error error = { 0 };

	expect_error(fr_bls_parse("linux /a\0b", 10, "/", "file", &entry,
				  &error),
		     -EINVAL, &error, FR_INVALID_PAYLOAD, "not a text file");
}

static void roots_with_slashes(void **state)
{
	static const char *const roots[] = { "", "/", "//" };

	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		_cleanup_bls_entry_ struct fr_bls_entry entry = { 0 };
		struct fr_error error = { 0 };

		assert_int_equal(fr_bls_parse("linux /a", 8, roots[i], "file",
					      &entry, &error),
				 0);
		assert_string_equal(entry.linux_path, "/a");
	}
}

/* Entries as files, below two roots. */

static int load(const char *name, struct fr_bls_entry *ret,
		struct fr_error *error)
{
	char *const roots[] = { (char *)file_path("none"),
				(char *)file_path("one"),
				(char *)file_path("two"), NULL };

	*error = (struct fr_error){ 0 };
	return fr_bls_load(roots, name, ret, error);
}

static void put(const char *root, const char *name, const char *title)
{
	char path[128];
	char text[128];

	snprintf(path, sizeof(path), "%s/loader/entries/%s", root, name);
	snprintf(text, sizeof(text), "title %s\nlinux /l\n", title);
	file_write_text(path, text);
}

/* The entry that is found has this title and id. */
static void expect_found(const char *name, const char *title, const char *id)
{
	_cleanup_bls_entry_ struct fr_bls_entry entry = { 0 };
	struct fr_error error;
	int r = load(name, &entry, &error);

	expect_ok(r, &error);
	assert_string_equal(entry.title, title);
	assert_string_equal(entry.id, id);
}

static void expect_missing(const char *name, int err, enum fr_failure failure,
			   const char *part)
{
	struct fr_bls_entry entry = { 0 };
	struct fr_error error;

	expect_error(load(name, &entry, &error), err, &error, failure, part);
	assert_null(entry.id);
}

static void remove_roots(void)
{
	file_remove("one");
	file_remove("two");
}

static void by_id(void **state)
{
	remove_roots();
	put("one", "6.12-a.conf", "a");
	put("one", "6.12-ab.conf", "ab");
	put("two", "6.12-c.conf", "c");
	expect_found("6.12-a", "a", "6.12-a");
	expect_found("6.12-a.conf", "a", "6.12-a");
	expect_found("6.12-ab", "ab", "6.12-ab");
	expect_found("6.12-c", "c", "6.12-c");
	expect_missing("6.12", -ENOENT, FR_NOT_FOUND,
		       "no boot loader entry '6.12'");
	expect_missing("6.12-b", -ENOENT, FR_NOT_FOUND, "bootctl list");
}

static void first_root_wins(void **state)
{
	remove_roots();
	put("two", "x.conf", "second");
	expect_found("x", "second", "x");
	put("one", "x+1.conf", "first");
	expect_found("x", "first", "x");
}

static void counters_are_no_part_of_the_id(void **state)
{
	remove_roots();
	put("one", "a+3.conf", "three left");
	put("one", "b+2-1.conf", "two left");
	put("one", "c+.conf", "not a counter");
	put("one", "d+1-.conf", "not a counter");
	put("one", "e+1-2x.conf", "not a counter");
	put("one", "f+x.conf", "not a counter");
	put("one", "+3.conf", "not a counter");
	expect_found("a", "three left", "a");
	expect_found("a+3", "three left", "a");
	expect_found("a+3.conf", "three left", "a");
	/* The counter has changed since the caller looked. */
	expect_found("a+2-1.conf", "three left", "a");
	expect_found("b", "two left", "b");
	expect_found("c+", "not a counter", "c+");
	expect_found("d+1-", "not a counter", "d+1-");
	expect_found("e+1-2x", "not a counter", "e+1-2x");
	expect_found("f+x", "not a counter", "f+x");
	expect_found("+3", "not a counter", "+3");
	expect_missing("+2", -ENOENT, FR_NOT_FOUND, "no boot loader entry");
	expect_missing("c", -ENOENT, FR_NOT_FOUND, "no boot loader entry");
	expect_missing("f", -ENOENT, FR_NOT_FOUND, "no boot loader entry");
}

static void several_with_one_id(void **state)
{
	remove_roots();
	put("one", "a+3.conf", "three");
	put("one", "a+2-1.conf", "two");
	put("one", "a+1-2.conf", "one");
	expect_missing("a", -EINVAL, FR_USAGE, "several entries");
	expect_found("a+2-1.conf", "two", "a");
	put("one", "a.conf", "exact");
	expect_found("a", "exact", "a");
}

static void by_path(void **state)
{
	char path[256];

	remove_roots();
	put("one", "a+3.conf", "by path");
	snprintf(path, sizeof(path), "%s", file_path("one/loader/entries/"));
	strcat(path, "a+3.conf");
	expect_found(path, "by path", "a");
	expect_missing(file_path("one/loader/entries/b.conf"), -ENOENT,
		       FR_NOT_FOUND, "no such file");
	expect_missing(file_path("one/entries/a.conf"), -EINVAL, FR_USAGE,
		       "ends with /loader/entries/<id>.conf");
	expect_missing(file_path("one/loader/entries/a.txt"), -EINVAL, FR_USAGE,
		       "ends with /loader/entries/<id>.conf");
	expect_missing(file_path("one/loader/entries/.conf"), -EINVAL, FR_USAGE,
		       "ends with /loader/entries/<id>.conf");
	expect_missing(file_path("one/loader/../loader/entries/a+3.conf"),
		       -EINVAL, FR_USAGE, "ends with");
	expect_missing("/", -EINVAL, FR_USAGE, "ends with");
}

/* With less tries, or none; with several one can't know. */
static void by_a_path_that_was_renamed(void **state)
{
	static const char *const names[] = { "a.conf", "a+2-1.conf", "a+3.conf",
					     "a+1-2.conf" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		for (size_t j = 0; j < ARRAY_SIZE(names); j++) {
			char path[256];

			remove_roots();
			put("one", names[i], "renamed");
			put("one", "ab.conf", "another");
			snprintf(path, sizeof(path), "%s/%s",
				 file_path("one/loader/entries"), names[j]);
			expect_found(path, "renamed", "a");
		}
	put("one", "a+9.conf", "nine");
	expect_missing(file_path("one/loader/entries/a+3.conf"), -ENOENT,
		       FR_NOT_FOUND, "no such file");
}

static void names_that_are_no_ids(void **state)
{
	static const char *const names[] = { "",   ".",	  "..",
					     ".a", "a/b", "../entries/a",
					     "a/" };

	remove_roots();
	put("one", "a.conf", "a");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		expect_missing(names[i], -EINVAL, FR_USAGE, "neither the id");
}

static void root_of_the_path(void **state)
{
	_cleanup_bls_entry_ struct fr_bls_entry entry = { 0 };
	struct fr_error error;
	char path[256];

	/* A root that is not configured. */
	put("three", "a.conf", "a");
	snprintf(path, sizeof(path), "%s",
		 file_path("three/loader/entries/a.conf"));
	assert_int_equal(load(path, &entry, &error), 0);
	assert_string_equal(entry.root, file_path("three"));
	assert_string_equal(entry.linux_path, file_path("three/l"));
}

static void files_in_disorder(void **state)
{
	char *text = malloc(65537);

	remove_roots();
	memset(text, '#', 65537);
	file_write("one/loader/entries/large.conf", text, 65537);
	expect_missing("large", -EFBIG, FR_TOO_LARGE, "larger than 64 KiB");
	free(text);
	file_make_folder("one/loader/entries/folder.conf");
	expect_missing("folder", -EISDIR, FR_FAILED, "can't read");
	assert_int_equal(
		mkfifo(file_path("one/loader/entries/fifo.conf"), 0600), 0);
	expect_missing("fifo", -EINVAL, FR_FAILED,
		       "fifo.conf: it is not a regular file");
	file_write_text("one/loader/entries/bad.conf", "linux ../x\n");
	expect_missing("bad", -EINVAL, FR_INVALID_PAYLOAD, "bad.conf:1: linux");
}

static void list_of_all(void **state)
{
	_cleanup_strv_ char **found = NULL;
	char *roots[] = { (char *)file_path("l1"), (char *)file_path("none"),
			  (char *)file_path("link"), (char *)file_path("l2"),
			  NULL };
	struct fr_error error = { 0 };
	static const char *const expected[] = {
		"l1/loader/entries/a-10.conf",
		"l1/loader/entries/a-9.conf",
		"l1/EFI/Linux/x.efi",
		"l2/loader/entries/b+3.conf",
	};

	file_write_text("l1/loader/entries/a-9.conf", "");
	file_write_text("l1/loader/entries/a-10.conf", "linux /x\n");
	file_write_text("l1/loader/entries/.hidden.conf", "");
	file_write_text("l1/loader/entries/a.txt", "");
	file_write_text("l1/EFI/Linux/x.efi", "");
	file_write_text("l2/loader/entries/b+3.conf", "");
	file_link("l1", "link");
	expect_ok(fr_bls_list(roots, &found, &error), &error);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(found[i], file_path(expected[i]));
	assert_null(found[4]);
}

static void list_of_nothing(void **state)
{
	_cleanup_strv_ char **found = NULL;
	char *roots[] = { NULL };
	struct fr_error error = { 0 };

	expect_ok(fr_bls_list(roots, &found, &error), &error);
	assert_null(found[0]);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(list_of_all),
	UNIT_TEST(list_of_nothing),
	UNIT_TEST(whole_entry),
	UNIT_TEST(least_entry),
	UNIT_TEST(root_image),
	UNIT_TEST(ukis),
	UNIT_TEST(bad_entries),
	UNIT_TEST(harmless_dots),
	UNIT_TEST(too_many_initrds),
	UNIT_TEST(no_text),
	UNIT_TEST(roots_with_slashes),
	UNIT_TEST(by_id),
	UNIT_TEST(first_root_wins),
	UNIT_TEST(counters_are_no_part_of_the_id),
	UNIT_TEST(several_with_one_id),
	UNIT_TEST(by_path),
	UNIT_TEST(by_a_path_that_was_renamed),
	UNIT_TEST(names_that_are_no_ids),
	UNIT_TEST(root_of_the_path),
	UNIT_TEST(files_in_disorder),
};
FILES_UNIT_MAIN(tests)
