// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The state volume's file system
 *
 * The volume is RAM. It keeps its content across reboots of the kernel and across
 * resets that leave RAM alone, and has none when the machine was without power:
 * then it is noise, or zeros, or what is left of either after the firmware had its
 * way with it. So its file system is made when it is first used, while no operator
 * is there to be asked; and what is there must be told from noise for sure, because
 * a wrong guess destroys what an operator relies on.
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
 * Refusing leaves the machine without its state volume until an operator
 * says --force. That is the right side to err on: noise is practically never taken for
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
#include "state-volume.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"
#include "cleanup.h"
#include "internal.h"

/* Below these there is no room for a journal: mke2fs counts it in blocks. */
#define SIZE_MIN (16ULL << 20)
#define BLOCKS_MIN 2048

/* All that e2fsprogs 1.45 and Linux 5.15 understand, and no more. */
#define FEATURES                                                             \
	"none,has_journal,ext_attr,dir_index,filetype,extent,64bit,flex_bg," \
	"sparse_super,large_file,huge_file,dir_nlink,extra_isize,metadata_csum"

static int run_checked(const struct volume *volume, const char *const *words,
		       int worst)
{
	char output[OUTPUT_MAX];
	int status = child_run(words, output);

	if (status >= 0 && status <= worst)
		return 0;
	return fr_fail(volume->error, FR_FAILED, status < 0 ? status : -EIO,
		       "%s: %s ended with status %d: %s", volume->device,
		       words[0], status, child_last_line(output));
}

/* What a reset has left behind is repaired; anything that takes a decision not. */
static int repair(const struct volume *volume)
{
	const char *const words[] = { "e2fsck", "-p", volume->device, NULL };
	char output[OUTPUT_MAX];
	int status = child_run(words, output);

	if (status == 0 || status == 1)
		return 0;
	return fr_fail(
		volume->error, FR_VERIFICATION_FAILED, -EUCLEAN,
		"%s has a state volume that 'e2fsck -p' can't repair by itself (%s): "
		"use 'e2fsck %s', or 'fastreboot state make --force' to lose what is on "
		"it",
		volume->device, child_last_line(output), volume->device);
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

	super_make_uuid(raw);
	super_format_uuid(raw, uuid);
	snprintf(block, sizeof(block), "%" PRIu64, volume_page_size());
	snprintf(group, sizeof(group), "%" PRIu64,
		 group_blocks(volume->size, volume_page_size()));
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
	uint64_t min = BLOCKS_MIN * volume_page_size();

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
 * O_EXCL: not while it is mounted, nor while another process makes it. Not for
 * writing: udev looks at a device again when a writer closes it, and what it
 * finds may have this started once more.
 */
static int open_volume(struct volume *volume)
{
	struct stat st;
	off_t end;

	volume->fd = open(volume->device,
			  O_RDONLY | O_CLOEXEC | O_EXCL | O_NONBLOCK);
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

int fr_state_volume_make(const char *device, bool force,
			 const char **ret_message, struct fr_error *error)
{
	struct volume volume = { .device = device, .fd = -1, .error = error };
	enum found found = FOUND_NOTHING;
	int err = open_volume(&volume);

	if (!err && !force)
		err = volume_look(&volume, &found);
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
