// SPDX-License-Identifier: GPL-2.0-or-later
/* What is looked at before a commit. */
#include "files-fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../daemon/fastrebootd/jobs/preflight.h"

static void root_devices(void **state)
{
	static const struct {
		const char *cmdline;
		enum preflight_has has;
		bool ok;
		const char *text;
	} cases[] = {
		{ "quiet", PREFLIGHT_KERNEL_ONLY, false,
		  "neither root= nor an initrd" },
		{ "quiet", PREFLIGHT_INITRD, true, "the initrd knows" },
		{ "root=/dev/vda1 ro", PREFLIGHT_KERNEL_ONLY, true,
		  "/dev/vda1 is there" },
		{ "root=/dev/vdb1 ro", PREFLIGHT_KERNEL_ONLY, false,
		  "is not there" },
		{ "root=/dev/vdb1 ro", PREFLIGHT_INITRD, true,
		  "initrd has to find" },
		{ "root=UUID=1-2", PREFLIGHT_KERNEL_ONLY, false,
		  "without an initrd" },
		{ "root=UUID=1-2", PREFLIGHT_INITRD, true,
		  "UUID=1-2 is there" },
		{ "root=UUID=1-3", PREFLIGHT_INITRD, true,
		  "initrd has to find" },
		{ "root=PARTUUID=7-7", PREFLIGHT_KERNEL_ONLY, true,
		  "PARTUUID=7-7 is there" },
		{ "root=PARTUUID=7-8", PREFLIGHT_KERNEL_ONLY, false,
		  "is not there" },
		{ "root=LABEL=a/b", PREFLIGHT_INITRD, true,
		  "LABEL=a/b is there" },
		{ "root=/dev/vdb root=/dev/vda1", PREFLIGHT_KERNEL_ONLY, true,
		  "vda1" },
		{ "root=/dev/vda1 -- root=/dev/vdb", PREFLIGHT_KERNEL_ONLY,
		  true, "vda1" },
		{ "root=/dev/nfs nfsroot=x", PREFLIGHT_KERNEL_ONLY, true,
		  "not looked for" },
		{ "root=8:1", PREFLIGHT_KERNEL_ONLY, true,
		  "the kernel has to know" },
		{ "root=\"/dev/vda1\"", PREFLIGHT_KERNEL_ONLY, true,
		  "vda1 is there" },
		{ "root=/dev/fastreboot", PREFLIGHT_ROOT_IMAGE, true,
		  "is the root image" },
		{ "root=/dev/fastreboot", PREFLIGHT_KERNEL_ONLY, false,
		  "has none" },
		{ "root=/dev/fastreboot", PREFLIGHT_INITRD, false, "has none" },
		{ "quiet", PREFLIGHT_ROOT_IMAGE, false, "neither root=" },
		{ "root=/dev/vda1", PREFLIGHT_ROOT_IMAGE, true, "is there" },
	};
	char note[256];

	file_make_folder("dev");
	file_make_folder("dev/disk");
	file_make_folder("dev/disk/by-uuid");
	file_make_folder("dev/disk/by-partuuid");
	file_make_folder("dev/disk/by-label");
	file_write_text("dev/vda1", "");
	file_write_text("dev/disk/by-uuid/1-2", "");
	file_write_text("dev/disk/by-partuuid/7-7", "");
	file_write_text("dev/disk/by-label/a\\x2fb", "");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fr_error error = { 0 };
		int err = preflight_root(cases[i].cmdline, cases[i].has,
					 file_path("."), note, sizeof(note),
					 &error);

		assert_int_equal(err, cases[i].ok ? 0 : -ENODEV);
		if (!strstr(err ? error.text : note, cases[i].text))
			fail_msg("%s: %s", cases[i].cmdline,
				 err ? error.text : note);
	}
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(root_devices),
};
FILES_UNIT_MAIN(tests)
