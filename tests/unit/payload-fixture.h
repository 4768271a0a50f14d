/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of payloads share: files to make them from, a sink that keeps
 * what it gets, and what is expected of both.
 *
 * payload_begin() makes, in the folder of files-fixture.h: the kernel "Image",
 * "initrd5", "initrd8" and "dtb"; payload_begin_packed() the other kernels of
 * kernel_files as well, which takes its time under valgrind. Tests make those anew
 * that they change.
 */
#ifndef PAYLOAD_FIXTURE_H
#define PAYLOAD_FIXTURE_H

#include "files-fixture.h"

#include "cleanup.h"
#include "config.h"
#include "payload.h"

/* Program of tests with such files, made by @begin, instead of UNIT_MAIN(). */
#define PAYLOAD_UNIT_MAIN(tests, begin)                                        \
	int main(void)                                                         \
	{                                                                      \
		unit_prepare();                                                \
		return cmocka_run_group_tests_name(UNIT_PROGRAM, tests, begin, \
						   payload_end);               \
	}

int payload_begin(void **state);
int payload_begin_packed(void **state);
int payload_end(void **state);

#define KERNEL_SIZE 600000
#define DTB_SIZE 1000
#define ROOT_SIZE (2 * 4096)
/* What a command line gets for the image of put_root_image(). */
#define OUR_ROOT "root=/dev/fastreboot ro rootfstype=erofs"
/* The boot loader entry "e". */
#define ENTRY_PATH "boot/loader/entries/e.conf"

/* The kernel, and the files that have it: as it is, and packed. */
extern struct blob kernel_image;
extern const char kernel_files[4][8];

/* The signer that is trusted, see trust_root(), and one that does not count. */
extern struct signer *root_signer;
extern struct signer *stranger_signer;

/* The defaults, with the folder "boot" as the only boot root. */
void prepare_config(struct fr_config *config);
/* Have everything signed by the trusted signer. */
void trust_root(struct fr_config *config);

/**
 * struct catcher - a sink that keeps what it gets, and acts at a certain moment
 * @segments: what was written
 * @last: segment that was written to last
 * @done: bytes that were read, as reported
 * @total: how many there will be
 * @writes: number of writes
 * @fail_at: which of them fails, from 1; 0 for none
 * @fail_with: negative errno that it fails with
 * @reports: number of reports of progress
 * @cancel_at: which of them cancels, from 1; 0 for none
 * @meanwhile: what happens at the first write; may be NULL
 */
struct catcher {
	struct blob segments[FR_SEGMENTS];
	enum fr_segment last;
	u64 done;
	u64 total;
	unsigned int writes;
	unsigned int fail_at;
	int fail_with;
	unsigned int reports;
	unsigned int cancel_at;
	void (*meanwhile)(void);
};

int catch_payload(struct fr_payload *payload, struct catcher *catcher,
		  struct fr_error *error);
void catcher_done(struct catcher *catcher);

#define _cleanup_catcher_ __attribute__((__cleanup__(catcher_done)))

/* Fail unless a segment is this, and the payload's size and hash say so. */
void expect_segment(const struct fr_payload *payload,
		    const struct catcher *catcher, enum fr_segment segment,
		    const void *data, size_t size);

/* Open and catch, or fail. */
struct fr_payload *open_well(const struct fr_config *config,
			     const struct fr_payload_request *request);
void catch_well(struct fr_payload *payload, struct catcher *catcher);

/* Fail unless opening fails: with the defaults, or with trust_root() if @trust. */
void expect_refused(bool trust, const struct fr_payload_request *request,
		    int err, enum fr_failure failure, const char *part);

/* Write a UKI with kernel, initrd, device tree, command line and title. */
void put_uki(const char *name, size_t kernel_size);
/* Write what entries name: "boot/e/linux", "boot/e/initrd" and "boot/e/dtb". */
void put_entry_files(void);
/* Write what begins as an erofs of two blocks. Return: its name. */
const char *put_root_image(const char *name);

/* Have the trusted signer sign a file, beside it. */
void sign_file(const char *name);
/*
 * Write the manifest of a request with a kernel or UKI, beside that, and sign it.
 * It has any command line. The lines of @more, or NULL, stand behind the others.
 */
void sign_manifest(const struct fr_payload_request *request, const char *more);
/* A request with "s-kernel" and "s-initrd", made anew, and with a manifest. */
struct fr_payload_request signed_request(void);

#endif
