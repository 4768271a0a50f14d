// SPDX-License-Identifier: GPL-2.0-or-later
#include "files-fixture.h"

#include <errno.h>
#include <stdlib.h>

#include "pe.h"

static const struct section uki[] = {
	{ ".text", "code", 4 },
	{ ".osrel", "NAME=x\n", 7 },
	{ ".cmdline", "root=/dev/vda", 13 },
	{ ".dtb", "dtb!", 4 },
	{ ".uname", "6.12", 4 },
	{ ".linux", "the kernel", 10 },
	{ ".initrd", "the initrd", 10 },
};

static int parse(const struct blob *pe, struct fr_pe *ret,
		 struct fr_error *error)
{
	size_t size = pe->size < FR_PE_HEAD ? pe->size : FR_PE_HEAD;
	/* Just so large that reading beyond it is noticed. */
	u8 *head = malloc(size ? size : 1);
	int r;

	memcpy(head, pe->data, size);
	*error = (struct fr_error){ 0 };
	r = fr_pe_parse(head, size, pe->size, "file", ret, error);
	free(head);
	return r;
}

static void expect_section(const struct blob *pe,
			   const struct fr_pe_section *section,
			   const char *content)
{
	assert_true(section->present);
	assert_int_equal(section->size, strlen(content));
	assert_true(section->offset + section->size <= pe->size);
	assert_memory_equal(pe->data + section->offset, content,
			    strlen(content));
}

static void sections_of_a_uki(void **state)
{
	struct blob pe = make_pe(uki, ARRAY_SIZE(uki));
	struct fr_error error;
	struct fr_pe parsed;
	int r = parse(&pe, &parsed, &error);

	expect_ok(r, &error);
	expect_section(&pe, &parsed.section[FR_PE_LINUX], "the kernel");
	expect_section(&pe, &parsed.section[FR_PE_INITRD], "the initrd");
	expect_section(&pe, &parsed.section[FR_PE_CMDLINE], "root=/dev/vda");
	expect_section(&pe, &parsed.section[FR_PE_DTB], "dtb!");
	expect_section(&pe, &parsed.section[FR_PE_OSREL], "NAME=x\n");
	expect_section(&pe, &parsed.section[FR_PE_UNAME], "6.12");
	blob_free(&pe);
}

static void no_sections_of_interest(void **state)
{
	struct blob pe = make_pe(uki, 1);
	struct fr_error error;
	struct fr_pe parsed;

	assert_int_equal(parse(&pe, &parsed, &error), 0);
	for (size_t i = 0; i < FR_PE_SECTIONS; i++)
		assert_false(parsed.section[i].present);
	blob_free(&pe);
}

/* The content is the smaller of the two sizes; 0 in memory: the file's. */
static void sizes(void **state)
{
	struct blob pe = make_pe(&uki[5], 1);
	struct fr_error error;
	struct fr_pe parsed;

	blob_put32(&pe, PE_TABLE + 8, 0);
	assert_int_equal(parse(&pe, &parsed, &error), 0);
	assert_int_equal(parsed.section[FR_PE_LINUX].size, 512);
	blob_put32(&pe, PE_TABLE + 8, 100000);
	assert_int_equal(parse(&pe, &parsed, &error), 0);
	assert_int_equal(parsed.section[FR_PE_LINUX].size, 512);
	blob_put32(&pe, PE_TABLE + 8, 511);
	assert_int_equal(parse(&pe, &parsed, &error), 0);
	assert_int_equal(parsed.section[FR_PE_LINUX].size, 511);
	blob_free(&pe);
}

static void sections_lie_within_the_file(void **state)
{
	static const struct {
		u32 offset;
		u32 size;
		bool good;
	} places[] = {
		{ 0, 1024, true },	  { 1, 1024, false },
		{ 1024, 0, true },	  { 1024, 1, false },
		{ 1025, 0, false },	  { 0xffffffff, 1, false },
		{ 1, 0xffffffff, false }, { 0xffffff00, 0x200, false },
	};
	struct blob pe = make_pe(&uki[5], 1);

	assert_int_equal(pe.size, 1024);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		struct fr_error error;
		struct fr_pe parsed;
		int r;

		blob_put32(&pe, PE_TABLE + 8, 0);
		blob_put32(&pe, PE_TABLE + 16, places[i].size);
		blob_put32(&pe, PE_TABLE + 20, places[i].offset);
		r = parse(&pe, &parsed, &error);
		if (places[i].good)
			assert_int_equal(r, 0);
		else
			expect_error(r, -ENOEXEC, &error, FR_INVALID_PAYLOAD,
				     "section .linux goes beyond the end");
	}
	blob_free(&pe);
}

static void two_of_a_kind(void **state)
{
	static const struct section twice[] = {
		{ ".linux", "one", 3 },
		{ ".linux", "other", 5 },
	};
	struct blob pe = make_pe(twice, ARRAY_SIZE(twice));
	struct fr_error error;
	struct fr_pe parsed;

	expect_error(parse(&pe, &parsed, &error), -ENOEXEC, &error,
		     FR_INVALID_PAYLOAD, "two sections .linux");
	blob_free(&pe);
}

static void first_profile_counts(void **state)
{
	static const struct section profiles[] = {
		{ ".linux", "the kernel", 10 },
		{ ".cmdline", "base", 4 },
		{ ".profile", "ID=first", 8 },
		{ ".cmdline", "first", 5 },
		{ ".profile", "ID=second", 9 },
		{ ".cmdline", "second", 6 },
		{ ".dtb", "x", 1 },
	};
	struct blob pe = make_pe(profiles, ARRAY_SIZE(profiles));
	struct fr_error error;
	struct fr_pe parsed;

	assert_int_equal(parse(&pe, &parsed, &error), 0);
	expect_section(&pe, &parsed.section[FR_PE_LINUX], "the kernel");
	expect_section(&pe, &parsed.section[FR_PE_CMDLINE], "first");
	assert_false(parsed.section[FR_PE_DTB].present);
	blob_free(&pe);
}

/* Names of sections fill 8 bytes or end with a NUL; nothing like it counts. */
static void names_are_whole(void **state)
{
	static const struct section similar[] = {
		{ ".linuxx", "no", 2 },
		{ ".lin", "no", 2 },
		{ ".cmdlin", "no", 2 },
		{ "linux", "no", 2 },
	};
	struct blob pe = make_pe(similar, ARRAY_SIZE(similar));
	struct fr_error error;
	struct fr_pe parsed;

	assert_int_equal(parse(&pe, &parsed, &error), 0);
	for (size_t i = 0; i < FR_PE_SECTIONS; i++)
		assert_false(parsed.section[i].present);
	blob_free(&pe);
}

static void other_machines(void **state)
{
	struct blob pe = make_pe(uki, ARRAY_SIZE(uki));
	struct fr_error error;
	struct fr_pe parsed;

	assert_int_equal(fr_pe_machine(pe.data, pe.size), 0xaa64);
	pe.data[PE_COFF + 4] = 0x64;
	pe.data[PE_COFF + 5] = 0x86;
	assert_int_equal(fr_pe_machine(pe.data, pe.size), 0x8664);
	expect_error(parse(&pe, &parsed, &error), -ENOEXEC, &error,
		     FR_INVALID_PAYLOAD, "machine 0x8664");
	blob_free(&pe);
}

static void headers_in_disorder(void **state)
{
	static const struct {
		size_t at;
		u32 value;
		const char *part;
	} wrong[] = {
		{ 0, 0x5a4e, "not a PE file" },
		{ 0x3c, 0, "not a PE file" },
		{ 0x3c, 0xffffffff, "not a PE file" },
		{ 0x3c, 0x7fffffff, "not a PE file" },
		{ PE_COFF, 0x4551, "not a PE file" },
		{ PE_COFF, 0x01004550, "not a PE file" },
		{ PE_COFF + 20, 0xffff, "section table" },
		{ PE_COFF + 20, 1, "not a 64-bit" },
		{ PE_COFF + 24, 0x10b, "not a 64-bit" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct blob pe = make_pe(uki, ARRAY_SIZE(uki));
		struct fr_error error;
		struct fr_pe parsed;

		blob_put32(&pe, wrong[i].at, wrong[i].value);
		expect_error(parse(&pe, &parsed, &error), -ENOEXEC, &error,
			     FR_INVALID_PAYLOAD, wrong[i].part);
		blob_free(&pe);
	}
}

static void too_many_sections(void **state)
{
	struct blob pe = make_pe(uki, ARRAY_SIZE(uki));
	struct fr_error error;
	struct fr_pe parsed;

	pe.data[PE_COFF + 6] = 97;
	expect_error(parse(&pe, &parsed, &error), -ENOEXEC, &error,
		     FR_INVALID_PAYLOAD, "more than 96");
	pe.data[PE_COFF + 6] = 96;
	pe.size = 2048;
	expect_error(parse(&pe, &parsed, &error), -ENOEXEC, &error,
		     FR_INVALID_PAYLOAD, "section table");
	blob_free(&pe);
}

/* Cut off at every place, the parser looks at nothing behind the end. */
static void every_length(void **state)
{
	struct blob pe = make_pe(uki, ARRAY_SIZE(uki));
	size_t size = pe.size;
	/* The last section is padded, and needs only its content. */
	size_t whole = size - 512 + 10;

	for (pe.size = 0; pe.size < size; pe.size++) {
		struct fr_error error;
		struct fr_pe parsed;
		int r = parse(&pe, &parsed, &error);

		assert_int_equal(r, pe.size < whole ? -ENOEXEC : 0);
	}
	pe.size = size;
	blob_free(&pe);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(sections_of_a_uki),
	UNIT_TEST(no_sections_of_interest),
	UNIT_TEST(sizes),
	UNIT_TEST(sections_lie_within_the_file),
	UNIT_TEST(two_of_a_kind),
	UNIT_TEST(first_profile_counts),
	UNIT_TEST(names_are_whole),
	UNIT_TEST(other_machines),
	UNIT_TEST(headers_in_disorder),
	UNIT_TEST(too_many_sections),
	UNIT_TEST(every_length),
};
UNIT_MAIN(tests)
