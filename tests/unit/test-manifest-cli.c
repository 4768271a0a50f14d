// SPDX-License-Identifier: GPL-2.0-or-later
/* fastreboot manifest, as it is typed; and that its man page knows all of it. */
#include "files-fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli-fixture.h"

#include "../../tools/fastreboot/manifest-cli.h"

static struct cli_run result;
static struct signer *root;

/* Words divided at blanks; "@" becomes the folder, "_" a blank. */
static void run(const char *line)
{
	static char words[16][256];
	const char *list[17] = { 0 };
	int n = 0;

	for (const char *at = line; *at && n < 16; n++) {
		char *to = words[n];

		for (; *at && *at != ' '; at++) {
			if (*at == '@')
				to += sprintf(to, "%s/", file_path(""));
			else
				*to++ = *at == '_' ? ' ' : *at;
		}
		*to = '\0';
		list[n] = words[n];
		at += *at == ' ';
	}
	cli_run(&result, list);
}

static void expect(int status, const char *out, const char *err)
{
	cli_expect(&result, status, out, err);
}

static int begin(void **state)
{
	if (files_begin(state))
		return -1;
	root = signer_make("root", NULL, 1);
	signer_certificate(root);
	signer_key(root);
	file_write_text("k", "kernel");
	file_write_text("i", "initrd");
	file_write_text("j", "another");
	return 0;
}

static int end(void **state)
{
	signer_free(root);
	return files_end(state);
}

static void there_and_back(void **state)
{
	run("manifest create --kernel=@k --initrd=@i --initrd=@j "
	    "--cmdline-words=root=*_ro --payload-version=1.2 --compatible=a,b "
	    "--key=@root.pem.key --certificate=@root.pem");
	expect(0, "k.manifest is written and signed", "");
	run("manifest verify @k.manifest --kernel=@k --initrd=@i --initrd=@j "
	    "--cmdline=root=x_ro --trusted-certificates=@root.pem");
	expect(0, "k.manifest: version 1.2, its signature is good", "");
	run("manifest show @k.manifest");
	expect(0, "format=1\nversion=1.2\nkernel=", "");
	expect(0, "\ncmdline_words=root=*\ncmdline_words=ro\n", "");
	run("--json manifest show @k.manifest");
	expect(0, "\"compatible\":[\"a,b\"]", "");
	expect(0, "\"schema\":\"org.fastreboot.manifest/1\"", "");
}

static void what_does_not_match(void **state)
{
	static const char trust[] = " --trusted-certificates=@root.pem";
	static const struct {
		const char *words;
		int status;
		const char *err;
	} cases[] = {
		{ "--kernel=@i", FR_VERIFICATION_FAILED, "i: is not what" },
		{ "--uki=@k", FR_VERIFICATION_FAILED, "k: is not what" },
		{ "--initrd=@j", FR_VERIFICATION_FAILED, "j: is not what" },
		{ "--initrd=@i --initrd=@j --initrd=@i", FR_VERIFICATION_FAILED,
		  "i: is not what" },
		{ "--root-image=@k", FR_VERIFICATION_FAILED, "k: is not what" },
		{ "--cmdline=init=/x", FR_REFUSED, "does not allow 'init=/x'" },
		{ "--kernel=@missing", FR_NOT_FOUND, "missing" },
		{ "--signature=@k", FR_SIGNATURE, "no CMS signature" },
		{ "--signature=@missing", FR_SIGNATURE, "missing" },
	};
	char line[256];

	there_and_back(state);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(line, sizeof(line), "manifest verify @k.manifest %s%s",
			 cases[i].words, trust);
		run(line);
		expect(cases[i].status, "", cases[i].err);
	}
	file_write_text("k.manifest", "format=1\n");
	snprintf(line, sizeof(line), "manifest verify @k.manifest%s", trust);
	run(line);
	expect(FR_SIGNATURE, "", "does not belong to this file");
}

static void nothing_is_written(void **state)
{
	file_remove("k.manifest");
	run("manifest create --kernel=@k --payload-version=a_b --cmdline=x");
	expect(FR_INVALID_PAYLOAD, "", "can't have the value 'a b'");
	run("manifest create --kernel=@missing --payload-version=1 --cmdline=x");
	expect(FR_NOT_FOUND, "", "missing");
	run("manifest show @k.manifest");
	expect(FR_NOT_FOUND, "", "k.manifest");
	run("manifest create --kernel=@k --payload-version=1 --cmdline=x "
	    "--output=@nowhere/m");
	expect(FR_FAILED, "", "can't write");
	run("manifest create --uki=@k --payload-version=1 --output=@m");
	expect(0, "it still has to be signed", "");
	run("manifest create --uki=@k --payload-version=1 --output=@m "
	    "--key=@k --certificate=@root.pem");
	expect(FR_SIGNATURE, "", "can't read the private key");
}

/* As root, a device would be gone otherwise. A link stays one. */
static void only_files_are_replaced(void **state)
{
	char link[256];
	int fds[2];

	assert_int_equal(mkfifo(file_path("fifo"), 0600), 0);
	fds[0] = open(file_path("fifo"), O_RDWR | O_CLOEXEC);
	run("manifest create --uki=@k --payload-version=1 --output=@fifo");
	expect(0, "fifo is written", "");
	assert_true(read(fds[0], link, sizeof(link)) > 0);
	close(fds[0]);
	file_link("behind", "link");
	run("manifest create --uki=@k --payload-version=1 --output=@link");
	expect(0, "link is written", "");
	assert_int_equal(readlink(file_path("link"), link, sizeof(link)), 6);
	run("manifest show @behind");
	expect(0, "format=1", "");
}

/* A value with a newline would be two keys. */
static void values_are_one_line(void **state)
{
	static const char *const options[] = { "--cmdline=a\nuki=b",
					       "--cmdline-words=a\nb",
					       "--compatible=a\nb" };

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		const char *words[] = { "manifest",
					"create",
					"--kernel=k",
					"--payload-version=1",
					i ? "--cmdline=x" : "--json",
					options[i],
					NULL };

		cli_run(&result, words);
		assert_int_equal(result.status, FR_USAGE);
		assert_non_null(
			strstr(i ? result.err : result.out, "is not one line"));
	}
}

static void usage(void **state)
{
	static const struct {
		const char *line;
		const char *part;
	} cases[] = {
		{ "manifest", "say create, verify or show" },
		{ "manifest sign", "there is no verb 'sign'" },
		{ "manifest show", "show needs FILE" },
		{ "manifest show a b", "one argument too many" },
		{ "manifest create --payload-version=1", "either --kernel" },
		{ "manifest create --kernel=k", "--payload-version" },
		{ "manifest create --kernel=k --payload-version=1",
		  "--cmdline-words" },
		{ "manifest create --kernel=k --payload-version=1 --cmdline=x "
		  "--key=a",
		  "go together" },
		{ "manifest create --kernel=k --kernel=k", "only once" },
		{ "manifest show --kernel=k f", "--kernel" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		run(cases[i].line);
		expect(FR_USAGE, "", cases[i].part);
	}
	run("manifest --help");
	expect(0, "Usage: fastreboot manifest VERB [OPTION]... [FILE]", "");
	run("manifest create --help");
	expect(0, "Usage: fastreboot manifest create [OPTION]...\n", "");
}

/* By its man page, and by what is completed. */
static void is_documented(void **state)
{
	cli_expect_documented(UNIT_SOURCE, "fastreboot-manifest.1",
			      manifest_verbs, manifest_options);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(there_and_back),	UNIT_TEST(what_does_not_match),
	UNIT_TEST(nothing_is_written),	UNIT_TEST(only_files_are_replaced),
	UNIT_TEST(values_are_one_line), UNIT_TEST(usage),
	UNIT_TEST(is_documented),
};

int main(void)
{
	unit_prepare();
	return cmocka_run_group_tests_name(UNIT_PROGRAM, tests, begin, end);
}
