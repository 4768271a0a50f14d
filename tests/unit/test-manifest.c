// SPDX-License-Identifier: GPL-2.0-or-later
#include "files-fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "manifest.h"

#define H "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"
#define KERNEL "format=1\nversion=1.2\nkernel=" H "0\n"

static int parse(const char *text, struct fr_manifest *ret,
		 struct fr_error *error)
{
	*error = (struct fr_error){ 0 };
	return fr_manifest_parse(text, strlen(text), "m", ret, error);
}

static void every_key(void **state)
{
	static const char text[] =
		"# made by hand\n\nformat=1\nversion=6.12.9-3~rc1+x:_\n"
		"kernel=" H "0\ndevicetree=" H "3\n"
		"compatible=a,b\ncompatible=c\ninitrd=" H "1\ninitrd=" H
		"2\ncmdline_words=root=UUID=* ro\ncmdline_words=\tquiet";
	_cleanup_manifest_ struct fr_manifest manifest = { 0 };
	_cleanup_manifest_ struct fr_manifest again = { 0 };
	struct fr_error error;
	char *formatted, *twice;

	expect_ok(parse(text, &manifest, &error), &error);
	assert_string_equal(manifest.version, "6.12.9-3~rc1+x:_");
	assert_string_equal(manifest.kernel, H "0");
	assert_string_equal(manifest.initrds[1], H "2");
	assert_null(manifest.initrds[2]);
	assert_string_equal(manifest.devicetree, H "3");
	assert_string_equal(manifest.compatible[1], "c");
	assert_string_equal(manifest.cmdline_words[2], "quiet");
	assert_null(manifest.cmdline_words[3]);
	assert_null(manifest.uki);
	assert_null(manifest.cmdline);
	assert_int_equal(fr_manifest_format(&manifest, &formatted), 0);
	expect_ok(parse(formatted, &again, &error), &error);
	assert_int_equal(fr_manifest_format(&again, &twice), 0);
	assert_string_equal(formatted, twice);
	free(formatted);
	free(twice);
}

static void what_is_wrong(void **state)
{
	static const struct {
		const char *text;
		int err;
		enum fr_failure failure;
		const char *part;
	} cases[] = {
#define BAD(text, part) { text, -EINVAL, FR_INVALID_PAYLOAD, part }
		BAD("", "has no version"),
		BAD("version=1\n", "m:1: the first key has to be format"),
		{ "format=2\n", -EPROTONOSUPPORT, FR_UNSUPPORTED,
		  "of format 2" },
		BAD("format=1\nformat=1\n", "m:2: there is no key 'format'"),
		BAD("format=1\nfuture=1\n", "m:2: there is no key 'future'"),
		BAD("format=1\nkernel\n", "m:2: there is no = in 'kernel'"),
		BAD("format=1\nversion=\n", "can't have the value ''"),
		BAD("format=1\nversion=a b\n", "can't have the value"),
		BAD("format=1\nkernel=abc\n", "can't have the value 'abc'"),
		BAD("format=1\nkernel=" H "G\n", "can't have the value"),
		BAD("format=1\nkernel=" H "A\n", "can't have the value"),
		BAD("format=1\ncompatible=\n", "can't have the value"),
		BAD("format=1\nversion=1\r\n", "m:2: the line is not text"),
		BAD(KERNEL "cmdline=a\nkernel=" H "0\n",
		    "m:5: there is a second 'kernel'"),
		BAD("format=1\nversion=1\n", "either a kernel or a uki"),
		BAD(KERNEL "uki=" H "0\ncmdline=\n",
		    "either a kernel or a uki"),
		BAD(KERNEL, "says nothing of the command line"),
		BAD(KERNEL "cmdline=\ncmdline_words=*\n", "has both"),
		BAD(KERNEL "cmdline=\ninitrd=" H "0\nroot_image=" H "0\n",
		    "with which no initrd"),
		BAD("format=1\nversion=1\nuki=" H "0\ncmdline=x\n",
		    "a uki's own is the only one"),
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fr_manifest manifest = { 0 };
		struct fr_error error;

		expect_error(parse(cases[i].text, &manifest, &error),
			     cases[i].err, &error, cases[i].failure,
			     cases[i].part);
		assert_null(manifest.version);
	}
}

static void limits(void **state)
{
	struct fr_manifest manifest = { 0 };
	struct fr_error error = { 0 };
	struct blob text = { 0 };

	blob_add(&text, KERNEL, strlen(KERNEL));
	for (int i = 0; i < 65; i++)
		blob_add(&text, "compatible=x\n", 13);
	expect_error(fr_manifest_parse((char *)text.data, text.size, "m",
				       &manifest, &error),
		     -EINVAL, &error, FR_INVALID_PAYLOAD, "too many of 'x'");
	blob_add_zeros(&text, 1);
	expect_error(fr_manifest_parse((char *)text.data, text.size, "m",
				       &manifest, &error),
		     -EINVAL, &error, FR_INVALID_PAYLOAD, "no text");
	while (text.size <= FR_MANIFEST_SIZE_MAX)
		blob_add(&text, "#\n", 2);
	expect_error(fr_manifest_parse((char *)text.data, text.size, "m",
				       &manifest, &error),
		     -EINVAL, &error, FR_INVALID_PAYLOAD, "too long");
	blob_free(&text);
}

static void no_word_is_a_rule_too(void **state)
{
	_cleanup_manifest_ struct fr_manifest manifest = { 0 };
	struct fr_error error;
	char *text;

	expect_ok(parse(KERNEL "cmdline_words=\n", &manifest, &error), &error);
	expect_ok(fr_manifest_check_cmdline(&manifest, " ", "m", &error),
		  &error);
	expect_error(fr_manifest_check_cmdline(&manifest, "quiet", "m", &error),
		     -EPERM, &error, FR_REFUSED, "does not allow 'quiet'");
	assert_int_equal(fr_manifest_format(&manifest, &text), 0);
	assert_non_null(strstr(text, "\ncmdline_words=\n"));
	free(text);
}

static void names(void **state)
{
	static const char *const cases[][2] = {
		{ "/boot/linux", "/boot/linux.manifest" },
		{ "/boot/linux-6.12+3", "/boot/linux-6.12+3.manifest" },
		{ "/efi/u.efi", "/efi/u.efi.manifest" },
		{ "/efi/u+3.efi", "/efi/u.efi.manifest" },
		{ "/efi/u-6.12+2-1.efi", "/efi/u-6.12.efi.manifest" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *path;

		assert_int_equal(fr_manifest_path(cases[i][0], &path), 0);
		assert_string_equal(path, cases[i][1]);
		free(path);
	}
}

static void hashes(void **state)
{
	struct fr_error error = { 0 };
	char text[FR_SHA256_TEXT_SIZE];

	file_write_text("abc", "abc");
	expect_ok(fr_manifest_hash(file_path("abc"), text, &error), &error);
	/* FIPS 180-2, B.1 */
	assert_string_equal(
		text,
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	expect_error(fr_manifest_hash(file_path("missing"), text, &error),
		     -ENOENT, &error, FR_NOT_FOUND, "missing");
	expect_error(fr_manifest_hash(file_path("."), text, &error), -EISDIR,
		     &error, FR_FAILED, "can't read");
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(every_key), UNIT_TEST(what_is_wrong),
	UNIT_TEST(limits),    UNIT_TEST(no_word_is_a_rule_too),
	UNIT_TEST(names),     UNIT_TEST(hashes),
};
FILES_UNIT_MAIN(tests)
