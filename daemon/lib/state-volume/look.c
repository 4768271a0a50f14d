// SPDX-License-Identifier: GPL-2.0-or-later
/* What there is on a volume, told from noise; make.c says what that means. */
#include "internal.h"

#include <blkid.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cleanup.h"
#include "io.h"

FR_DEFINE_CLEANUP(blkid_probe, blkid_free_probe);

static int read_super(const struct volume *volume, uint64_t offset,
		      struct super *ret)
{
	uint8_t super[SUPER_SIZE] = { 0 };
	ssize_t n = fr_pread_full(volume->fd, super, sizeof(super), offset);

	if (n < 0)
		return fr_fail(volume->error, FR_FAILED, (int)n,
			       "%s: reading it: %s", volume->device,
			       strerror((int)-n));
	super_parse(super, ret);
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
	if (super->block_size != volume_page_size())
		return fr_fail(
			volume->error, FR_UNSUPPORTED, -EPROTONOSUPPORT,
			"%s has a state volume with blocks of %u bytes, and this kernel "
			"needs %llu, the size of its pages: boot the kernel that it was made "
			"with, or 'fastreboot state make --force' to lose what is on it",
			volume->device, super->block_size,
			(unsigned long long)volume_page_size());
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
		if (!super_is_ours(&super) || super.incomplete)
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

int volume_look(const struct volume *volume, enum found *ret)
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
