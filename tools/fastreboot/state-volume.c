// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The state volume's file system
 *
 * The volume is RAM. It keeps its content across reboots of the kernel and across
 * resets that leave RAM alone, and has none when the machine was without power:
 * then it is noise, or zeros, or what is left of either after the firmware had its
 * way with it. So its file system is made when it is first used, by whoever finds
 * none, with nobody to ask; and what is there must be told from noise for sure,
 * because a wrong guess destroys what an operator relies on.
 *
 * What is found, and what is done:
 *
 *	nothing that libblkid knows	make it
 *	ours				repair what a reset left (e2fsck -p),
 *					and use it
 *	ours, not completed		make it again
 *	ours, another layout		refuse
 *	ours, but damaged		refuse
 *	anything else			refuse
 *
 * Refusing leaves the machine without its state volume until somebody says
 * --force. That is the right side to err on: noise is practically never taken for
 * something. libblkid looks for magic numbers together with fields that have to
 * make sense; ext4's superblocks have a checksum on top, that is verified. The
 * shortest magic number, the two bytes of a partition table, turns up once in
 * 65536 cold starts, and its table has to be sane as well.
 *
 * The reason for the kernel's start ("cold", when it has found no ledger) is not
 * asked. It tells about the ledger's memory and not about the volume's: a pool
 * that was moved has a new ledger and may have a volume, a ledger may be spoilt
 * where the volume is not. What is there speaks for itself: a file system whose
 * superblock is whole, and that e2fsck -p has nothing against, has survived, and
 * each object in it has a record with a checksum of its own, and its data one if
 * its application wants that. One whose superblock is gone, and of
 * which another copy is whole, was there until something broke it, whatever that
 * was: there may be objects in it that can be rescued, and it is not for us to
 * write over them. After a real loss of memory no copy is whole, and the volume
 * counts as empty.
 *
 * Ours is an ext4 whose label is "fastreboot-state" and whose UUID is of version 8
 * (RFC 9562: custom): 48 bits that say "frstat", the number of the layout in the
 * 12 bits behind the variant, the rest random. The layout is the meaning of the
 * files on it, 1 so far. Another one belongs to a later version, and is refused.
 *
 * A volume that is being made has the label "fastreboot-new" until mkfs has
 * ended: it is not mounted before, so nothing can be on it, and one that was cut
 * is made again. The block groups of small volumes are small, so that there is
 * always another copy of the superblock.
 *
 * What mkfs makes does not depend on /etc/mke2fs.conf: the kernel before or after,
 * with its own e2fsck, has to understand it as well.
 *
 * The size of its blocks is that of the kernel's pages, since DAX needs that. A
 * kernel with another page size can't use the volume, and is told so.
 */
#include "state.h"

#include <blkid.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "io.h"
#include "record.h"

#define LABEL "fastreboot-state"
#define LABEL_NEW "fastreboot-new"
#define LAYOUT 1

/* ext4's superblock: where the first one is, and offsets in it. */
#define SUPER_OFFSET 1024
#define SUPER_SIZE 1024
#define SUPER_MAGIC_AT 0x38
#define SUPER_LOG_BLOCK_SIZE_AT 0x18
#define SUPER_RO_COMPAT_AT 0x64
#define SUPER_UUID_AT 0x68
#define SUPER_LABEL_AT 0x78
#define SUPER_CRC_AT 0x3fc
#define SUPER_MAGIC 0xef53
#define SUPER_METADATA_CSUM 0x400
#define LABEL_SIZE 16

/*
 * Other copies are at the starts of block groups. Those have GROUP_MAX blocks, the
 * most that is a power of two, or on volumes with less than two such groups only
 * 8 MiB, or the least that mke2fs takes. 8 MiB is what all of them, with all sizes
 * of blocks, are multiples of.
 */
#define GROUP_STEP (8ULL << 20)
#define GROUP_MAX 32768
#define GROUP_MIN 256

#define OUTPUT_MAX 4096
/* Below these there is no room for a journal: mke2fs counts it in blocks. */
#define SIZE_MIN (16ULL << 20)
#define BLOCKS_MIN 2048

/* All that e2fsprogs 1.45 and Linux 5.15 understand, and no more. */
#define FEATURES                                                             \
	"none,has_journal,ext_attr,dir_index,filetype,extent,64bit,flex_bg," \
	"sparse_super,large_file,huge_file,dir_nlink,extra_isize,metadata_csum"

#ifdef FR_TESTING
long state_volume_page_size;

static uint64_t page_size(void)
{
	return (uint64_t)(state_volume_page_size ?: sysconf(_SC_PAGESIZE));
}
#else
static uint64_t page_size(void)
{
	return (uint64_t)sysconf(_SC_PAGESIZE);
}
#endif

enum found {
	FOUND_NOTHING,
	FOUND_OURS,
	FOUND_INCOMPLETE,
};

struct volume {
	const char *device;
	int fd;
	uint64_t size;
	struct fr_error *error;
};

/* What a superblock says of itself. */
struct super {
	bool whole;
	bool labelled;
	bool incomplete;
	bool has_uuid;
	unsigned int layout;
	uint32_t block_size;
};

FR_DEFINE_CLEANUP(blkid_probe, blkid_free_probe);

/* "frstat" and the version, in the first 8 bytes; the layout in the next 2. */
static const uint8_t uuid_start[8] = {
	'f', 'r', 's', 't', 'a', 't', 0x80, 0x00
};

static void make_uuid(uint8_t uuid[16])
{
	memcpy(uuid, uuid_start, sizeof(uuid_start));
	uuid[8] = 0x80 | LAYOUT >> 8;
	uuid[9] = LAYOUT & 0xff;
	if (getrandom(uuid + 10, 6, 0) != 6)
		memset(uuid + 10, 0, 6);
}

static void format_uuid(const uint8_t uuid[16], char text[37])
{
	char *at = text;

	for (int i = 0; i < 16; i++)
		at += sprintf(at, "%s%02x",
			      i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
			      uuid[i]);
}

static uint32_t field32(const uint8_t *super, size_t at)
{
	uint32_t value;

	memcpy(&value, super + at, sizeof(value));
	return le32toh(value);
}

static bool label_is(const uint8_t *super, const char *label)
{
	char padded[LABEL_SIZE] = { 0 };

	memcpy(padded, label, strlen(label));
	return !memcmp(super + SUPER_LABEL_AT, padded, LABEL_SIZE);
}

/* ext4's CRC32C is not inverted at its end. */
static bool crc_fits(const uint8_t *super)
{
	if (!(field32(super, SUPER_RO_COMPAT_AT) & SUPER_METADATA_CSUM))
		return true;
	return field32(super, SUPER_CRC_AT) ==
	       ~record_crc32c(super, SUPER_CRC_AT, 0);
}

static void parse_super(const uint8_t *super, struct super *ret)
{
	const uint8_t *uuid = super + SUPER_UUID_AT;
	uint32_t shift = field32(super, SUPER_LOG_BLOCK_SIZE_AT);

	*ret = (struct super){
		.whole = (field32(super, SUPER_MAGIC_AT) & 0xffff) ==
				 SUPER_MAGIC &&
			 crc_fits(super),
		.labelled = label_is(super, LABEL),
		.incomplete = label_is(super, LABEL_NEW),
		.has_uuid = !memcmp(uuid, uuid_start, sizeof(uuid_start)),
		.layout = (uuid[8] & 0x3fU) << 8 | uuid[9],
		.block_size = shift < 7 ? 1024U << shift : 0,
	};
}

static bool is_ours(const struct super *super)
{
	return super->whole && (super->labelled || super->incomplete) &&
	       super->has_uuid;
}

static int read_super(const struct volume *volume, uint64_t offset,
		      struct super *ret)
{
	uint8_t super[SUPER_SIZE] = { 0 };
	ssize_t n = fr_pread_full(volume->fd, super, sizeof(super), offset);

	if (n < 0)
		return fr_fail(volume->error, FR_FAILED, (int)n,
			       "%s: reading it: %s", volume->device,
			       strerror((int)-n));
	parse_super(super, ret);
	return 0;
}

static int check_super(const struct volume *volume, const struct super *super,
		       enum found *ret)
{
	if (super->incomplete && super->has_uuid) {
		*ret = FOUND_INCOMPLETE;
		return 0;
	}
	if (!super->labelled || !super->has_uuid || super->layout != LAYOUT)
		return fr_fail(
			volume->error, FR_UNSUPPORTED, -EPROTONOSUPPORT,
			"%s has a state volume of another layout, and is left alone: use the "
			"version of fastreboot that made it, or 'fastreboot state make "
			"--force' to lose what is on it",
			volume->device);
	if (super->block_size != page_size())
		return fr_fail(
			volume->error, FR_UNSUPPORTED, -EPROTONOSUPPORT,
			"%s has a state volume with blocks of %u bytes, and this kernel "
			"needs %llu, the size of its pages: boot the kernel that it was made "
			"with, or 'fastreboot state make --force' to lose what is on it",
			volume->device, super->block_size,
			(unsigned long long)page_size());
	*ret = FOUND_OURS;
	return 0;
}

/* Nothing is known: noise, or one of ours without its first superblock. */
static int check_remains(const struct volume *volume, enum found *ret)
{
	uint64_t offset = 0;

	for (;; offset += GROUP_STEP) {
		struct super super;
		int err;

		if (offset >= volume->size)
			break;
		err = read_super(volume, offset ?: SUPER_OFFSET, &super);
		if (err)
			return err;
		if (!is_ours(&super) || super.incomplete)
			continue;
		return fr_fail(
			volume->error, FR_VERIFICATION_FAILED, -EUCLEAN,
			"%s has a state volume that is damaged, a superblock is left at "
			"%" PRIu64 ": rescue it with 'e2fsck -b %" PRIu64
			" -B %u %s', or "
			"'fastreboot state make --force' to lose what is on it",
			volume->device, offset,
			super.block_size ? offset / super.block_size : 0,
			super.block_size, volume->device);
	}
	*ret = FOUND_NOTHING;
	return 0;
}

/* Something has a name that libblkid knows. */
static int check_known(const struct volume *volume, blkid_probe probe,
		       enum found *ret)
{
	const char *type = NULL, *label = NULL;
	struct super super;
	int err;

	blkid_probe_lookup_value(probe, "TYPE", &type, NULL);
	if (!type)
		blkid_probe_lookup_value(probe, "PTTYPE", &type, NULL);
	blkid_probe_lookup_value(probe, "LABEL", &label, NULL);
	err = read_super(volume, SUPER_OFFSET, &super);
	if (err)
		return err;
	if (super.whole && (super.labelled || super.has_uuid))
		return check_super(volume, &super, ret);
	/* Older versions of libblkid don't mind a checksum that is wrong. */
	if (!super.whole && super.labelled && super.has_uuid)
		return check_remains(volume, ret);
	return fr_fail(
		volume->error, FR_REFUSED, -EEXIST,
		"%s has something on it that is no state volume (%s%s%s), and is left "
		"alone: move that away, or 'fastreboot state make --force' to lose it",
		volume->device, type ?: "unknown", label ? ", label " : "",
		label ?: "");
}

static int look(const struct volume *volume, enum found *ret)
{
	_cleanup_(blkid_free_probep) blkid_probe probe = blkid_new_probe();

	if (!probe || blkid_probe_set_device(probe, volume->fd, 0, 0))
		return fr_fail(volume->error, FR_FAILED, -EIO,
			       "%s: libblkid can't look at it", volume->device);
	blkid_probe_enable_superblocks(probe, 1);
	blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_LABEL |
							 BLKID_SUBLKS_UUID |
							 BLKID_SUBLKS_TYPE);
	blkid_probe_enable_partitions(probe, 1);
	errno = 0;
	switch (blkid_do_safeprobe(probe)) {
	case 0:
		return check_known(volume, probe, ret);
	case 1:
		return check_remains(volume, ret);
	case -2:
		return fr_fail(
			volume->error, FR_REFUSED, -EEXIST,
			"%s has the marks of several file systems, and is left alone: "
			"'wipefs %s' names them, 'fastreboot state make --force' formats it",
			volume->device, volume->device);
	}
	return fr_fail(volume->error, FR_FAILED, errno ? -errno : -EIO,
		       "%s: looking at what it has: %m", volume->device);
}

/* The programs are found also where PATH is not root's. */
static void run_child(const char *const *words, int output)
{
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("LC_ALL", "C", 1);
	execvp(words[0], (char *const *)words);
	dprintf(STDERR_FILENO, "%s: %m\n", words[0]);
	_exit(127);
}

static int wait_child(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* Keep the end of what a program prints. */
static void read_output(int fd, char output[OUTPUT_MAX])
{
	char piece[OUTPUT_MAX / 2];
	size_t used = 0;
	ssize_t n;

	while ((n = fr_read_full(fd, piece, sizeof(piece))) > 0) {
		if (used + (size_t)n >= OUTPUT_MAX) {
			size_t rest = OUTPUT_MAX - 1 - (size_t)n;

			memmove(output, output + used - rest, rest);
			used = rest;
		}
		memcpy(output + used, piece, (size_t)n);
		used += (size_t)n;
	}
	while (used && strchr(" \n", output[used - 1]))
		used--;
	output[used] = '\0';
}

/* Run a program; its exit status, or a negative errno. */
static int run(const char *const *words, char output[OUTPUT_MAX])
{
	_cleanup_close_ int from = -1, to = -1;
	int fds[2];
	pid_t child;

	output[0] = '\0';
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	from = fds[0];
	to = fds[1];
	child = fork();
	if (child < 0)
		return -errno;
	if (!child)
		run_child(words, to);
	close(fr_steal_fd(&to));
	read_output(from, output);
	return wait_child(child);
}

/* The last line is the one that says what is wrong. */
static const char *last_line(const char *output)
{
	const char *line = strrchr(output, '\n');

	return line ? line + 1 : output;
}

static int run_checked(const struct volume *volume, const char *const *words,
		       int worst)
{
	char output[OUTPUT_MAX];
	int status = run(words, output);

	if (status >= 0 && status <= worst)
		return 0;
	return fr_fail(volume->error, FR_FAILED, status < 0 ? status : -EIO,
		       "%s: %s ended with status %d: %s", volume->device,
		       words[0], status, last_line(output));
}

/* What a reset has left behind is repaired; anything that takes a decision not. */
static int repair(const struct volume *volume)
{
	const char *const words[] = { "e2fsck", "-p", volume->device, NULL };
	char output[OUTPUT_MAX];
	int status = run(words, output);

	if (status == 0 || status == 1)
		return 0;
	return fr_fail(
		volume->error, FR_VERIFICATION_FAILED, -EUCLEAN,
		"%s has a state volume that 'e2fsck -p' can't repair by itself (%s): "
		"use 'e2fsck %s', or 'fastreboot state make --force' to lose what is on "
		"it",
		volume->device, last_line(output), volume->device);
}

/* Blocks of a block group; see GROUP_STEP. */
static uint64_t group_blocks(uint64_t size, uint64_t block)
{
	uint64_t blocks = GROUP_STEP / block;

	if (size >= 2 * GROUP_MAX * block)
		return GROUP_MAX;
	return blocks < GROUP_MIN ? GROUP_MIN : blocks;
}

static int format(const struct volume *volume)
{
	char uuid[37], block[24], group[24];
	/* One word, or one option, a line. */
	const char *const words[] = {
		"mkfs.ext4",
		"-q",
		"-F",
		"-L" LABEL_NEW,
		"-m0",
		"-I256",
		"-i16384",
		"-O" FEATURES,
		"-Elazy_itable_init=0,lazy_journal_init=0,nodiscard",
		"-U",
		uuid,
		"-b",
		block,
		"-g",
		group,
		volume->device,
		NULL,
	};
	uint8_t raw[16];

	make_uuid(raw);
	format_uuid(raw, uuid);
	snprintf(block, sizeof(block), "%" PRIu64, page_size());
	snprintf(group, sizeof(group), "%" PRIu64,
		 group_blocks(volume->size, page_size()));
	return run_checked(volume, words, 0);
}

/* From here on it is ours, and complete. */
static int label(const struct volume *volume)
{
	const char *const words[] = { "e2label", volume->device, LABEL, NULL };
	int err = run_checked(volume, words, 0);

	if (!err && fsync(volume->fd) < 0)
		err = fr_fail(volume->error, FR_FAILED, -errno, "%s: %m",
			      volume->device);
	return err;
}

static int check_size(const struct volume *volume)
{
	uint64_t min = BLOCKS_MIN * page_size();

	if (min < SIZE_MIN)
		min = SIZE_MIN;
	if (volume->size >= min)
		return 0;
	return fr_fail(
		volume->error, FR_REFUSED, -EINVAL,
		"%s has %" PRIu64
		" bytes, and the file system with its journal needs %" PRIu64
		" MiB: make the pool's state volume larger",
		volume->device, volume->size, min >> 20);
}

/*
 * O_EXCL: not while it is mounted, nor while somebody else makes it. Not for
 * writing: udev looks at a device again when a writer closes it, and what it
 * finds may have this started once more.
 */
static int open_volume(struct volume *volume)
{
	struct stat st;
	off_t end;

	volume->fd =
		open(volume->device, O_RDONLY | O_CLOEXEC | O_EXCL | O_NONBLOCK);
	if (volume->fd < 0 && errno == EBUSY)
		return fr_fail(volume->error, FR_BUSY, -EBUSY,
			       "%s is in use: is it mounted? Nothing was done",
			       volume->device);
	if (volume->fd < 0 && errno == ENOENT)
		return fr_fail(
			volume->error, FR_NOT_FOUND, -ENOENT,
			"%s is not there: the machine's pool has no state volume, or the "
			"kernel no driver for it",
			volume->device);
	if (volume->fd < 0)
		return fr_fail(volume->error,
			       errno == EACCES ? FR_NOT_PERMITTED : FR_FAILED,
			       -errno, "%s: %m", volume->device);
	end = lseek(volume->fd, 0, SEEK_END);
	if (fstat(volume->fd, &st) < 0 || end < 0 ||
	    !(S_ISBLK(st.st_mode) || S_ISREG(st.st_mode)))
		return fr_fail(volume->error, FR_USAGE, -ENOTBLK,
			       "%s is no block device", volume->device);
	volume->size = (uint64_t)end;
	return check_size(volume);
}

/* The programs open it by themselves, and exclusively. */
static int make(struct volume *volume, bool exists)
{
	int err;

	close(volume->fd);
	volume->fd = -1;
	if (exists)
		return repair(volume);
	err = format(volume);
	if (err)
		return err;
	volume->fd = open(volume->device, O_RDONLY | O_CLOEXEC);
	return label(volume);
}

int state_volume_make(const char *device, bool force, const char **ret_message,
		      struct fr_error *error)
{
	struct volume volume = { .device = device, .fd = -1, .error = error };
	enum found found = FOUND_NOTHING;
	int err = open_volume(&volume);

	if (!err && !force)
		err = look(&volume, &found);
	if (!err)
		err = make(&volume, found == FOUND_OURS);
	fr_closep(&volume.fd);
	if (err)
		return err;
	*ret_message = found == FOUND_OURS ?
			       "the state volume is there, and in order" :
			       "the state volume was made, and is empty";
	return 0;
}
