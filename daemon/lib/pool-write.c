// SPDX-License-Identifier: GPL-2.0-or-later
/* The writing half of pool.h: one request to the kernel a function. */
#include "pool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pool-files.h"

/*
 * What an errno of the ABI document means to people. An entry with a word of
 * NULL is for all files; the first that fits counts.
 */
static const struct {
	const char *word;
	int err;
	enum fr_failure failure;
	const char *text;
} reasons[] = {
	{ "begin", EPERM, FR_NOT_PERMITTED,
	  "the kernel refuses new kernels: kernel.kexec_load_disabled is set, it is locked down, "
	  "or a security module forbids it" },
	{ "begin", EACCES, FR_NOT_PERMITTED,
	  "IMA's policy, or a security module, forbids kernels that are no file: load it with "
	  "kexec -s -l, which obeys IMA and takes a slot, too" },
	{ "begin", EOPNOTSUPP, FR_UNSUPPORTED,
	  "no kexec can turn this machine's other CPUs off: spin-table, protected KVM, or a CPU "
	  "that failed to start" },
	{ "begin", EBUSY, FR_BUSY,
	  "the slot is in use: it is being staged, armed or running" },
	{ "begin", EEXIST, FR_BUSY,
	  "the slot holds a sealed payload: unstage it first" },
	{ "seal", EBADFD, FR_FAILED,
	  "the slot is not staging any more: something else has aborted it" },
	{ "seal", ENOENT, FR_INVALID_PAYLOAD, "no kernel was written" },
	{ "seal", ENODATA, FR_INVALID_PAYLOAD,
	  "the kernel is truncated: it is shorter than its header says; copy it again" },
	{ "seal", EPERM, FR_NOT_PERMITTED,
	  "the kernel is locked down and checks no signatures" },
	{ "seal", EFBIG, FR_TOO_LARGE,
	  "the device tree would be larger than 2 MiB, or does not fit behind the root image, "
	  "or what does not fit into the slot takes more than half of the memory" },
	{ "seal", EINVAL, FR_INVALID_PAYLOAD,
	  "the device tree is not one, or not of this machine: its memory differs, or a region with "
	  "no-map is missing; start from /sys/firmware/fdt, the kernel's log has more" },
	{ "seal", EKEYREJECTED, FR_SIGNATURE,
	  "the running kernel trusts no signature of the new one: sign it with a key "
	  "that the kernel knows" },
	{ "seal", EINTR, FR_CANCELLED, "interrupted" },
	{ "abort", EBADFD, FR_NOT_STAGED, "nothing is being staged" },
	{ "abort", EBUSY, FR_BUSY, "a kexec load into the slot is under way" },
	{ "clear", EBUSY, FR_BUSY,
	  "the slot is running or armed, or a kexec load into it is under way" },
	{ "verify", EBADMSG, FR_VERIFICATION_FAILED,
	  "the content has changed since it was sealed, the slot is bad now: stage it again, "
	  "and suspect the memory" },
	{ "verify", EINVAL, FR_NOT_STAGED, "nothing is sealed in the slot" },
	{ "verify", EINTR, FR_CANCELLED, "interrupted" },
	{ "armed", EINVAL, FR_NOT_STAGED, "the slot is not sealed" },
	{ "armed", EACCES, FR_NOT_PERMITTED,
	  "IMA's policy forbids kernels that are no file: load it with kexec -s -l" },
	{ "armed", EPERM, FR_NOT_PERMITTED,
	  "the kernel refuses: kernel.kexec_load_disabled is set, kernel.kexec_load_limit_reboot "
	  "is used up, or it is locked down" },
	{ "armed", ESTALE, FR_STALE,
	  "memory or a CPU has come or gone since the payload was sealed: stage it again" },
	{ "armed", EBADMSG, FR_VERIFICATION_FAILED,
	  "the content has changed since it was sealed, the slot is bad now: stage it again, "
	  "and suspect the memory" },
	{ "armed", EBUSY, FR_BUSY,
	  "a kexec load is under way, or CPUs can't be stopped: try again" },
	{ "armed", EINTR, FR_CANCELLED, "interrupted" },
	{ "root", ENOENT, FR_UNSUPPORTED,
	  "the running kernel takes no root images: it needs CONFIG_FASTREBOOT_ROOT" },
	{ "root", EFBIG, FR_TOO_LARGE,
	  "it does not fit into the slot behind the kernel: make the root image smaller, or the pool "
	  "larger" },
	{ "segment", EBADFD, FR_FAILED,
	  "the slot is not staging any more: something else has aborted it" },
	{ "segment", EFBIG, FR_TOO_LARGE,
	  "what does not fit into the slot takes more than half of the memory, or the device "
	  "tree is larger than 2 MiB" },
	{ "segment", EPERM, FR_NOT_PERMITTED,
	  "the kernel is locked down and takes no device tree: stage without one" },
	{ "segment", ENOEXEC, FR_INVALID_PAYLOAD,
	  "the kernel is not an Image for this architecture" },
	{ "segment", EOPNOTSUPP, FR_INVALID_PAYLOAD,
	  "that kernel can't run here: it has another endianness, a page size that the CPU lacks, "
	  "or is older than 5.8" },
	{ "cmdline", E2BIG, FR_TOO_LARGE,
	  "the command line has more than 2047 bytes" },
	{ "cmdline", EINVAL, FR_INVALID_PAYLOAD,
	  "the command line must be one line of text" },
	{ "source", EINVAL, FR_INVALID_PAYLOAD,
	  "the description of the payload's source must be one line of text" },
	{ "source", EBADFD, FR_FAILED, "the slot is not staging any more" },
	{ "cmdline", EBADFD, FR_FAILED, "the slot is not staging any more" },
	{ "source", E2BIG, FR_TOO_LARGE,
	  "the description of the payload's source has more than 4000 bytes: use shorter names" },
	{ NULL, EPERM, FR_NOT_PERMITTED, "it needs CAP_SYS_BOOT" },
	{ NULL, EACCES, FR_NOT_PERMITTED, "it needs root" },
	{ NULL, ENODEV, FR_NO_POOL, "there is no pool" },
	{ NULL, ENOENT, FR_NO_POOL, "there is no such slot" },
	{ NULL, EBUSY, FR_BUSY, "a reboot is under way" },
	{ NULL, ENOMEM, FR_NO_MEMORY, "the kernel has no memory left" },
};

/* @what begins the text: "slot 1: can't seal". */
static int write_failed(struct fr_error *error, const char *word, int err,
			const char *what)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].err == -err &&
		    (!reasons[i].word || !strcmp(reasons[i].word, word)))
			return fr_fail(error, reasons[i].failure, err, "%s: %s",
				       what, reasons[i].text);
	return fr_fail(error, FR_FAILED, err,
		       "%s: %s; the kernel's log has more", what,
		       strerror(-err));
}

#ifdef FR_TESTING
static int write_ordinary_file(const char *path, const void *data, size_t size,
			       uint64_t offset)
{
	int flags = O_WRONLY | O_CLOEXEC | (offset ? 0 : O_TRUNC);
	_cleanup_close_ int fd = open(path, flags);

	if (fd < 0)
		return -errno;
	if (pwrite(fd, data, size, (off_t)offset) != (ssize_t)size)
		return -EIO;
	return 0;
}

int (*fr_pool_testing_write)(const char *path, const void *data, size_t size,
			     uint64_t offset) = write_ordinary_file;

static int write_value(const char *name, const char *value)
{
	_cleanup_free_ char *path = file_path(name);

	if (!path)
		return -ENOMEM;
	return fr_pool_testing_write(path, value, strlen(value), 0);
}
#else
/* One write(2), which is what makes it one request to the kernel. */
static int write_value(const char *name, const char *value)
{
	_cleanup_close_ int fd = -1;
	ssize_t n;

	fd = open_file(name, O_WRONLY);
	if (fd < 0)
		return fd;
	n = write(fd, value, strlen(value));
	if (n < 0)
		return -errno;
	return (size_t)n == strlen(value) ? 0 : -EIO;
}
#endif

static int control(unsigned int slot, const char *word, struct fr_error *error)
{
	char name[NAME_MAX_LENGTH];
	char what[NAME_MAX_LENGTH];
	int err;

	slot_file(name, slot, "control");
	err = write_value(name, word);
	if (!err)
		return 0;
	snprintf(what, sizeof(what), "slot %u: %s failed", slot, word);
	return write_failed(error, word, err, what);
}

int fr_slot_begin(unsigned int slot, struct fr_error *error)
{
	return control(slot, "begin", error);
}

int fr_slot_seal(unsigned int slot, struct fr_error *error)
{
	return control(slot, "seal", error);
}

int fr_slot_abort(unsigned int slot, struct fr_error *error)
{
	return control(slot, "abort", error);
}

int fr_slot_clear(unsigned int slot, struct fr_error *error)
{
	return control(slot, "clear", error);
}

int fr_slot_verify(unsigned int slot, struct fr_error *error)
{
	return control(slot, "verify", error);
}

/* One write(2), or its stand-in. Returns the bytes that it took. */
static ssize_t write_part(int fd, const char *name, const void *data,
			  size_t size)
{
#ifdef FR_TESTING
	/* The descriptor keeps the offset, as in the real thing. */
	_cleanup_free_ char *path = file_path(name);
	off_t offset = lseek(fd, 0, SEEK_CUR);
	int err;

	size = size < 4096 ? size : 4096;
	err = path ? fr_pool_testing_write(path, data, size, (uint64_t)offset) :
		     -ENOMEM;
	if (err)
		return err;
	return lseek(fd, (off_t)size, SEEK_CUR) < 0 ? -errno : (ssize_t)size;
#else
	ssize_t n = write(fd, data, size);

	(void)name;
	return n < 0 ? -errno : n;
#endif
}

/* The kernel takes a page at a time: go on with what is left. */
static int write_parts(int fd, const char *name, const void *data, size_t size)
{
	const char *at = data;

	while (size) {
		ssize_t n = write_part(fd, name, at, size);

		if (n == -EINTR)
			continue;
		if (n <= 0)
			return n ? (int)n : -EIO;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

static int segment_failed(struct fr_error *error, unsigned int slot,
			  enum fr_segment segment, int err)
{
	bool is_roots = segment == FR_SEGMENT_ROOT &&
			(err == -ENOENT || err == -EFBIG);
	char what[NAME_MAX_LENGTH];

	snprintf(what, sizeof(what), "slot %u: can't write the %s", slot,
		 segment == FR_SEGMENT_ROOT ? "root image" :
					      fr_segment_name(segment));
	return write_failed(error, is_roots ? "root" : "segment", err, what);
}

int fr_slot_write(struct fr_slot_writer *writer, enum fr_segment segment,
		  const void *data, size_t size, struct fr_error *error)
{
	int *fd = &writer->fds[segment];
	char name[NAME_MAX_LENGTH];
	int err = 0;

	slot_file(name, writer->slot, fr_segment_name(segment));
	if (*fd < 0) {
		*fd = open_file(name, O_WRONLY);
		err = *fd < 0 ? *fd : 0;
	}
	if (!err)
		err = write_parts(*fd, name, data, size);
	if (!err)
		return 0;
	return segment_failed(error, writer->slot, segment, err);
}

void fr_slot_writer_close(struct fr_slot_writer *writer)
{
	for (int i = 0; i < FR_SEGMENTS; i++) {
		fr_closep(&writer->fds[i]);
		writer->fds[i] = -1;
	}
}

int fr_slot_set_cmdline(unsigned int slot, const char *cmdline,
			struct fr_error *error)
{
	char name[NAME_MAX_LENGTH];
	int err;

	slot_file(name, slot, "cmdline");
	/* An empty write does not reach the kernel; a line with nothing does. */
	err = write_value(name, *cmdline ? cmdline : "\n");
	return err ? write_failed(error, "cmdline", err,
				  "can't set the command line") :
		     0;
}

int fr_slot_set_source(unsigned int slot, const char *source,
		       struct fr_error *error)
{
	char name[NAME_MAX_LENGTH];
	int err;

	slot_file(name, slot, "source");
	err = write_value(name, source);
	if (!err || err == -ENOENT)
		return 0;
	return write_failed(error, "source", err,
			    "can't record the payload's source");
}

int fr_pool_arm(unsigned int slot, struct fr_error *error)
{
	char number[16];
	char what[NAME_MAX_LENGTH];
	int err;

	snprintf(number, sizeof(number), "%u", slot);
	err = write_value("armed", number);
	if (!err)
		return 0;
	snprintf(what, sizeof(what), "slot %u: arming failed", slot);
	return write_failed(error, "armed", err, what);
}

int fr_pool_disarm(struct fr_error *error)
{
	int err = write_value("armed", "none");

	return err ? write_failed(error, "armed", err, "can't disarm") : 0;
}

int fr_pool_confirm(struct fr_error *error)
{
	int err = write_value("tries", "0");

	return err ? write_failed(error, "tries", err, "can't confirm") : 0;
}

int fr_pool_set_source(const char *source, struct fr_error *error)
{
	int err = write_value("source", source);

	return err ? write_failed(error, "source", err,
				  "can't record the running payload's source") :
		     0;
}
