// SPDX-License-Identifier: GPL-2.0-or-later
/* Files that change between check and use. */
#include "payload-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void overwrite_byte(const char *name, off_t at, char with)
{
	int fd = open(file_path(name), O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, &with, 1, at), 1);
	close(fd);
}

/* So that the times differ, however coarse the clock of the files is. */
static void touch(const char *name)
{
	const struct timespec times[] = { { 1, 0 }, { 1, 0 } };

	assert_int_equal(utimensat(AT_FDCWD, file_path(name), times, 0), 0);
}

static void change_end(void)
{
	overwrite_byte("s-kernel", KERNEL_SIZE - 1, 'x');
	touch("s-kernel");
}

static void change_initrd(void)
{
	overwrite_byte("s-initrd", 0, 'x');
	touch("s-initrd");
}

static void make_shorter(void)
{
	assert_int_equal(truncate(file_path("s-kernel"), KERNEL_SIZE - 1), 0);
}

static void make_longer(void)
{
	assert_int_equal(truncate(file_path("s-kernel"), KERNEL_SIZE + 1), 0);
}

static void touch_only(void)
{
	touch("s-kernel");
}

static void expect_changed(void (*meanwhile)(void), bool trust)
{
	struct fr_payload_request request = signed_request();
	_cleanup_config_ struct fr_config config = { 0 };
	_cleanup_(fr_payload_closep) struct fr_payload *payload = NULL;
	_cleanup_catcher_ struct catcher catcher = { .meanwhile = meanwhile };
	struct fr_error error = { 0 };

	prepare_config(&config);
	if (trust)
		trust_root(&config);
	payload = open_well(&config, &request);
	expect_error(catch_payload(payload, &catcher, &error), -ESTALE, &error,
		     FR_SOURCE_CHANGED, "has changed since it was checked");
	assert_null(fr_payload_sha256(payload, FR_SEGMENT_KERNEL));
}

static void changes_while_it_is_read(void **state)
{
	static void (*const changes[])(void) = { change_end, change_initrd,
						 make_shorter, make_longer,
						 touch_only };

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		expect_changed(changes[i], false);
		expect_changed(changes[i], true);
	}
}

/* A compressed file of which a part is new makes no sense: say why. */
static void change_of_compressed_data(void **state)
{
	struct fr_payload_request request = {
		.kernel = (char *)file_path("gz2"),
	};
	struct blob packed =
		make_compressed(FR_STREAM_GZIP, kernel_image.data, KERNEL_SIZE);
	_cleanup_config_ struct fr_config config = { 0 };
	_cleanup_(fr_payload_closep) struct fr_payload *payload = NULL;
	_cleanup_catcher_ struct catcher catcher = { 0 };
	struct fr_error error = { 0 };

	file_write_blob("gz2", &packed);
	prepare_config(&config);
	payload = open_well(&config, &request);
	overwrite_byte("gz2", packed.size / 2, 'x');
	overwrite_byte("gz2", packed.size / 2 + 1, 'y');
	touch("gz2");
	expect_error(catch_payload(payload, &catcher, &error), -ESTALE, &error,
		     FR_SOURCE_CHANGED, "gz2: has changed");
	blob_free(&packed);
}

/* The name leads to another file now: what was checked is not what is there. */
static void replaced_between_check_and_read(void **state)
{
	struct fr_payload_request request = signed_request();
	_cleanup_config_ struct fr_config config = { 0 };
	_cleanup_(fr_payload_closep) struct fr_payload *payload = NULL;
	_cleanup_catcher_ struct catcher catcher = { 0 };
	struct blob other = make_image(KERNEL_SIZE, 2);
	struct fr_error error = { 0 };
	int r;

	prepare_config(&config);
	trust_root(&config);
	payload = open_well(&config, &request);
	file_write_blob("other", &other);
	assert_int_equal(rename(file_path("other"), file_path("s-kernel")), 0);
	r = catch_payload(payload, &catcher, &error);
	/* Refused, or if the file system does not tell, the file of before. */
	if (!r)
		expect_segment(payload, &catcher, FR_SEGMENT_KERNEL,
			       kernel_image.data, KERNEL_SIZE);
	else
		expect_error(r, -ESTALE, &error, FR_SOURCE_CHANGED,
			     "has changed");
	blob_free(&other);
}

/* The digest tells at the end of the file, before the times are looked at. */
static void signed_bytes_are_read_again(void **state)
{
	struct fr_payload_request request = signed_request();
	_cleanup_config_ struct fr_config config = { 0 };
	_cleanup_(fr_payload_closep) struct fr_payload *payload = NULL;
	_cleanup_catcher_ struct catcher catcher = { 0 };
	struct fr_error error = { 0 };

	prepare_config(&config);
	trust_root(&config);
	payload = open_well(&config, &request);
	overwrite_byte("s-kernel", KERNEL_SIZE / 2, 'x');
	expect_error(catch_payload(payload, &catcher, &error), -ESTALE, &error,
		     FR_SOURCE_CHANGED, "has changed since it was checked");
	/* Noticed at the kernel's end, not behind the initrd's. */
	assert_int_equal(catcher.segments[FR_SEGMENT_INITRD].size, 0);
}

/*
 * An attacker exchanges bytes of a signed file for the moment at which its header
 * or command line is looked at, and makes it right again, times included. To
 * have that without a race, read calls of at most @size bytes see @byte at @at.
 */
static struct {
	size_t size;
	off_t at;
	char byte;
} lie;

ssize_t pread64(int fd, void *buffer, size_t size, off_t offset);

ssize_t pread64(int fd, void *buffer, size_t size, off_t offset)
{
	ssize_t n = syscall(SYS_pread64, fd, buffer, size, offset);

	if (n > 0 && size <= lie.size && offset <= lie.at &&
	    lie.at < offset + n)
		((char *)buffer)[lie.at - offset] = lie.byte;
	return n;
}

static off_t find_in_file(const char *name, const char *text)
{
	_cleanup_close_ int fd = file_open(name);
	char *content = calloc(1, 4096);
	char *found;
	off_t at;

	assert_int_equal(read(fd, content, 4096), 4096);
	found = memmem(content, 4096, text, strlen(text));
	assert_non_null(found);
	at = found - content;
	free(content);
	return at;
}

static void bytes_exchanged_for_a_look(void **state)
{
	struct fr_payload_request request = {
		.uki = (char *)file_path("uki"),
	};
	_cleanup_config_ struct fr_config config = { 0 };
	_cleanup_(fr_payload_closep) struct fr_payload *payload = NULL;
	_cleanup_catcher_ struct catcher catcher = { 0 };
	struct fr_error error = { 0 };

	put_uki("uki", KERNEL_SIZE);
	sign_manifest(&request, NULL);
	prepare_config(&config);
	trust_root(&config);
	lie.at = find_in_file("uki", "root=/dev/vda") + 12;
	lie.byte = 'b';
	lie.size = 64;
	payload = open_well(&config, &request);
	lie.size = 0;
	assert_string_equal(fr_payload_cmdline(payload), "root=/dev/vdb quiet");
	expect_error(catch_payload(payload, &catcher, &error), -ESTALE, &error,
		     FR_SOURCE_CHANGED, "uki: has changed");
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(changes_while_it_is_read),
	UNIT_TEST(change_of_compressed_data),
	UNIT_TEST(replaced_between_check_and_read),
	UNIT_TEST(signed_bytes_are_read_again),
	UNIT_TEST(bytes_exchanged_for_a_look),
};
PAYLOAD_UNIT_MAIN(tests, payload_begin)
