// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake-kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "../../daemon/lib/pool.h"

#define PATH_SIZE 512
#define VALUE_SIZE 8192
#define SLOT_SIZE 134217728

static void get(const char *root, const char *name, char value[VALUE_SIZE])
{
	char path[PATH_SIZE];
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	file = fopen(path, "re");
	n = file ? fread(value, 1, VALUE_SIZE - 1, file) : 0;
	value[n] = '\0';
	value[strcspn(value, "\n")] = '\0';
	if (file)
		fclose(file);
}

/* By renaming: a kill in between leaves the old or the new value. */
static int set(const char *root, const char *name, const char *value)
{
	char path[PATH_SIZE], new_path[PATH_SIZE + 8];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	snprintf(new_path, sizeof(new_path), "%s.new", path);
	file = fopen(new_path, "we");
	if (!file)
		return -errno;
	fprintf(file, "%s\n", value);
	if (fclose(file) || rename(new_path, path) < 0)
		return -errno;
	return 0;
}

static void slot_name(char name[64], unsigned int slot, const char *file)
{
	snprintf(name, 64, "slot%u/%s", slot, file);
}

static void get_slot(const char *root, unsigned int slot, const char *file,
		     char value[VALUE_SIZE])
{
	char name[64];

	slot_name(name, slot, file);
	get(root, name, value);
}

static int set_slot(const char *root, unsigned int slot, const char *file,
		    const char *value)
{
	char name[64];

	slot_name(name, slot, file);
	return set(root, name, value);
}

static int slot_is(const char *root, unsigned int slot, const char *status)
{
	char value[VALUE_SIZE];

	get_slot(root, slot, "status", value);
	return !strcmp(value, status);
}

static int clear(const char *root, unsigned int slot, const char *status)
{
	static const char *const texts[] = { "cmdline", "release", "sha256",
					     "placement", "source" };
	char path[PATH_SIZE + 32];

	for (int i = 0; i < FR_SEGMENTS; i++) {
		snprintf(path, sizeof(path), "%s/slot%u/%s", root, slot,
			 fr_segment_name(i));
		if (truncate(path, 0) < 0)
			return -errno;
	}
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		set_slot(root, slot, texts[i], "");
	set_slot(root, slot, "stale", "no");
	return set_slot(root, slot, "status", status);
}

static int make_file(const char *root, const char *name)
{
	char path[PATH_SIZE];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int make_slot(const char *root, unsigned int slot)
{
	char path[PATH_SIZE], size[32], name[64];
	int err = 0;

	snprintf(path, sizeof(path), "%s/slot%u", root, slot);
	if (mkdir(path, 0700) < 0)
		return -errno;
	for (int i = 0; i < FR_SEGMENTS; i++) {
		slot_name(name, slot, fr_segment_name(i));
		err |= make_file(root, name);
	}
	slot_name(name, slot, "control");
	err |= make_file(root, name);
	snprintf(size, sizeof(size), "%d", SLOT_SIZE);
	set_slot(root, slot, "size", size);
	return err ? -EIO : clear(root, slot, "empty");
}

int fake_kernel_make(const char *root, unsigned int slots)
{
	static const char *const values[][2] = {
		{ "pool", "0x60000000-0x6fffffff" },
		{ "error", "" },
		{ "version", "1.0" },
		{ "generation", "0" },
		{ "boot_reason", "cold" },
		{ "previous_release", "" },
		{ "running", "none" },
		{ "armed", "none" },
		{ "tries", "0" },
		{ "source", "" },
		{ "previous_source", "" },
		{ "timeline", "" },
		{ "state_volume", "none" },
	};
	int err = 0;

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]) && !err; i++)
		err = set(root, values[i][0], values[i][1]);
	for (unsigned int i = 0; i < slots && !err; i++)
		err = make_slot(root, i);
	return err;
}

/* Is this write to fail? */
static int wanted_failure(const char *root, const char *word)
{
	char path[PATH_SIZE], line[128], found[64];
	int err = 0, number;
	FILE *file;

	snprintf(path, sizeof(path), "%s/fail", root);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%63s %d", found, &number) == 2 &&
		    !strcmp(found, word))
			err = -number;
	if (file)
		fclose(file);
	return err;
}

static int hash_file(const char *path, char text[65], size_t *ret_size)
{
	unsigned char part[65536], hash[32];
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	FILE *file = fopen(path, "re");
	size_t n;

	if (!file || !context)
		return -EIO;
	*ret_size = 0;
	EVP_DigestInit_ex(context, EVP_sha256(), NULL);
	while ((n = fread(part, 1, sizeof(part), file))) {
		EVP_DigestUpdate(context, part, n);
		*ret_size += n;
	}
	fclose(file);
	EVP_DigestFinal_ex(context, hash, NULL);
	EVP_MD_CTX_free(context);
	for (int i = 0; i < 32; i++)
		snprintf(text + 2 * i, 3, "%02x", hash[i]);
	return 0;
}

static int describe(const char *root, unsigned int slot)
{
	char hashes[VALUE_SIZE] = "", places[VALUE_SIZE] = "";
	char path[PATH_SIZE + 32], hash[65], release[64];
	size_t size, at = 0, place_at = 0;
	char corrupt[VALUE_SIZE];

	get(root, "corrupt", corrupt);
	for (int i = 0; i < FR_SEGMENTS; i++) {
		snprintf(path, sizeof(path), "%s/slot%u/%s", root, slot,
			 fr_segment_name(i));
		if (hash_file(path, hash, &size) || (!size && !i))
			return -ENOENT;
		if (!size)
			continue;
		if (!i)
			snprintf(release, sizeof(release), "6.12.0-%.8s", hash);
		if (*corrupt)
			hash[0] = hash[0] == '0' ? '1' : '0';
		at += (size_t)sprintf(hashes + at, "%s%s %s", at ? "\n" : "",
				      fr_segment_name(i), hash);
		place_at += (size_t)sprintf(places + place_at,
					    "%s%s direct 0x%x %zu",
					    place_at ? "\n" : "",
					    fr_segment_name(i),
					    0x60200000 + (i << 24), size);
	}
	set_slot(root, slot, "sha256", hashes);
	set_slot(root, slot, "placement", places);
	return set_slot(root, slot, "release", release);
}

static int seal(const char *root, unsigned int slot)
{
	int err;

	if (!slot_is(root, slot, "staging"))
		return -EBADFD;
	err = wanted_failure(root, "seal");
	if (err == -EKEYREJECTED)
		set_slot(root, slot, "status", "bad");
	if (!err)
		err = describe(root, slot);
	return err ? err : set_slot(root, slot, "status", "sealed");
}

static int begin(const char *root, unsigned int slot)
{
	if (slot_is(root, slot, "sealed"))
		return -EEXIST;
	if (!slot_is(root, slot, "empty") && !slot_is(root, slot, "bad"))
		return -EBUSY;
	return clear(root, slot, "staging");
}

static int verify(const char *root, unsigned int slot)
{
	int err;

	if (!slot_is(root, slot, "sealed") && !slot_is(root, slot, "armed"))
		return -EINVAL;
	err = wanted_failure(root, "verify");
	if (err == -EBADMSG)
		set_slot(root, slot, "status", "bad");
	return err;
}

static int control(const char *root, unsigned int slot, const char *word)
{
	int err = wanted_failure(root, word);

	if (!strcmp(word, "seal"))
		return seal(root, slot);
	if (!strcmp(word, "verify"))
		return verify(root, slot);
	if (err)
		return err;
	if (!strcmp(word, "begin"))
		return begin(root, slot);
	if (!strcmp(word, "abort"))
		return slot_is(root, slot, "staging") ?
			       clear(root, slot, "empty") :
			       -EBADFD;
	if (strcmp(word, "clear"))
		return -EINVAL;
	if (slot_is(root, slot, "running") || slot_is(root, slot, "armed"))
		return -EBUSY;
	return clear(root, slot, "empty");
}

static int disarm(const char *root)
{
	char armed[VALUE_SIZE];

	get(root, "armed", armed);
	if (strcmp(armed, "none"))
		set_slot(root, (unsigned int)atoi(armed), "status", "sealed");
	return set(root, "armed", "none");
}

static int arm(const char *root, const char *word)
{
	unsigned int slot = (unsigned int)atoi(word);

	if (!strcmp(word, "none"))
		return disarm(root);
	if (!slot_is(root, slot, "sealed"))
		return -EINVAL;
	disarm(root);
	set_slot(root, slot, "status", "armed");
	return set(root, "armed", word);
}

/* A payload has an initrd or a root image. */
static int has_other(const char *root, unsigned int slot, const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	char other[PATH_SIZE + 32];
	struct stat st;

	if (strcmp(name, "root") && strcmp(name, "initrd"))
		return 0;
	snprintf(other, sizeof(other), "%s/slot%u/%s", root, slot,
		 *name == 'r' ? "initrd" : "root");
	return !stat(other, &st) && st.st_size;
}

static int segment(const char *root, unsigned int slot, const char *path,
		   const void *data, size_t size, uint64_t offset)
{
	char slow[VALUE_SIZE];
	int fd;

	if (!slot_is(root, slot, "staging"))
		return -EBADFD;
	if (has_other(root, slot, path))
		return -EINVAL;
	get(root, "slow", slow);
	usleep((useconds_t)atoi(slow));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (pwrite(fd, data, size, (off_t)offset) != (ssize_t)size) {
		close(fd);
		return -EIO;
	}
	close(fd);
	return 0;
}

/* A text without the newline at its end. */
static int text(const char *root, const char *name, const void *data,
		size_t size, size_t max)
{
	char value[VALUE_SIZE];

	if (size && ((const char *)data)[size - 1] == '\n')
		size--;
	if (size > max || size >= sizeof(value))
		return -E2BIG;
	if (memchr(data, '\n', size) || memchr(data, '\0', size))
		return -EINVAL;
	memcpy(value, data, size);
	value[size] = '\0';
	return set(root, name, value);
}

static int slot_write(const char *root, unsigned int slot, const char *file,
		      const char *path, const void *data, size_t size,
		      uint64_t offset)
{
	char word[32], name[64];

	snprintf(word, sizeof(word), "%.*s", (int)size, (const char *)data);
	if (!strcmp(file, "control"))
		return control(root, slot, word);
	slot_name(name, slot, file);
	if (!strcmp(file, "cmdline") || !strcmp(file, "source"))
		return slot_is(root, slot, "staging") ?
			       text(root, name, data, size,
				    *file == 'c' ? 2047 : FR_SLOT_SOURCE_MAX) :
			       -EBADFD;
	return segment(root, slot, path, data, size, offset);
}

int fake_kernel_write(const char *path, const void *data, size_t size,
		      uint64_t offset)
{
	const char *root = fr_pool_root();
	const char *name = path + strlen(root) + 1;
	const char *file = strrchr(path, '/') + 1;
	unsigned int slot;
	char word[32];
	int err = strcmp(file, "control") ? wanted_failure(root, file) : 0;

	if (err)
		return err;
	if (access(path, F_OK) < 0)
		return -ENOENT;
	if (sscanf(name, "slot%u/", &slot) == 1)
		return slot_write(root, slot, file, path, data, size, offset);
	snprintf(word, sizeof(word), "%.*s", (int)size, (const char *)data);
	if (!strcmp(name, "armed"))
		return arm(root, word);
	if (!strcmp(name, "tries"))
		return strcmp(word, "0") ? -EINVAL : set(root, "tries", "0");
	return strcmp(name, "source") ?
		       -EACCES :
		       text(root, name, data, size, FR_SLOT_SOURCE_MAX);
}

static void count(const char *root, const char *name)
{
	char value[VALUE_SIZE], next[32];

	get(root, name, value);
	snprintf(next, sizeof(next), "%d", atoi(value) + 1);
	set(root, name, next);
}

int fake_kernel_jump(const char *root)
{
	char armed[VALUE_SIZE], value[VALUE_SIZE];
	unsigned int slot;

	get(root, "armed", armed);
	if (!strcmp(armed, "none"))
		return -EINVAL;
	slot = (unsigned int)atoi(armed);
	get(root, "source", value);
	set(root, "previous_source", value);
	get_slot(root, slot, "source", value);
	set(root, "source", value);
	set(root, "running", armed);
	set(root, "armed", "none");
	set(root, "boot_reason", "fast-reboot");
	set(root, "timeline",
	    "reboot 0\ndevices_down 157000\ncpus_down 166000\njump 174000\n"
	    "kernel_entry 177000\ninit 54920000\nrelocated_bytes 0\n"
	    "relocated_ranges 0");
	count(root, "generation");
	count(root, "tries");
	for (unsigned int i = 0; i < FR_SLOTS_MAX; i++)
		if (i != slot &&
		    (slot_is(root, i, "sealed") || slot_is(root, i, "running")))
			clear(root, i, "empty");
	return set_slot(root, slot, "status", "running");
}

/*
 * The daemon of a test's build starts with it. FAKE_KERNEL_SLOTS=<n> makes the
 * files, FAKE_KERNEL_JUMP=1 makes it the daemon of the kernel after a jump.
 */
__attribute__((__constructor__)) static void take_over(void)
{
	const char *root = getenv("FASTREBOOT_SYSFS");
	const char *slots = getenv("FAKE_KERNEL_SLOTS");

	if (!root)
		return;
	fr_pool_testing_write = fake_kernel_write;
	if (slots && fake_kernel_make(root, (unsigned int)atoi(slots)))
		_exit(99);
	if (getenv("FAKE_KERNEL_JUMP") && fake_kernel_jump(root))
		_exit(98);
}
