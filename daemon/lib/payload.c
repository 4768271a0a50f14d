// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From a request to bytes.
 *
 *	input	an open file, as it was when it was checked
 *	part	a range of an input that becomes (a piece of) a segment, perhaps
 *		decompressed
 *	pass	reading a part once
 *
 * Between check and use
 * ---------------------
 * A file can change after it was checked. What protects against that:
 *
 * - Files are opened once.
 * - When all is written, each file has to have the device, inode, size and
 *   times that it had when it was opened.
 * - Of a signed file every pass reads all bytes, also those that are not handed
 *   over, and their SHA-256 has to be the one that the signature was verified
 *   with. Headers are read before, and decide which range is the kernel: each
 *   such look is noted, and every pass compares its bytes with the note. So the
 *   decisions too were made from bytes that were signed, even if somebody
 *   exchanged them for the moment of the look and set the times back.
 *
 * All this is known only when a pass has ended, so what went into a slot by then
 * must not be sealed unless fr_payload_write() succeeds.
 *
 * A boot loader entry is not signed, and so is its command line: whoever may
 * write there decides how the kernel is started, as with a boot loader. A UKI
 * that is signed keeps its own.
 */
#include "payload.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include <openssl/evp.h>

#include "bls.h"
#include "cleanup.h"
#include "cmdline.h"
#include "decompress.h"
#include "image.h"
#include "io.h"
#include "pe.h"
#include "rootimage.h"
#include "signature.h"

/* A kernel or UKI, initrds or a root image, a device tree. */
#define INPUTS_MAX (FR_INITRDS_MAX + 2)
/* The same, and what a UKI has. */
#define PARTS_MAX (FR_INITRDS_MAX + 3)
#define HEAD_SIZE FR_PE_HEAD
#define TEXT_SECTION_MAX 65536
/* What a UKI may have besides kernel and initrd. */
#define UKI_OTHER_MAX (16ULL << 20)
#define PIECE_SIZE (256U << 10)
#define INITRD_ALIGNMENT 4

_Static_assert(HEAD_SIZE >= FR_IMAGE_HEAD, "one look is enough for both");

struct note {
	struct note *next;
	uint64_t offset;
	size_t size;
	char data[]; /* and a NUL behind it */
};

struct input {
	char *path;
	int fd;
	struct stat stat;
	bool is_signed;
	uint8_t sha256[FR_SHA256_SIZE];
	struct note *notes;
};

struct part {
	enum fr_segment segment;
	struct input *input;
	uint64_t offset;
	uint64_t size;
	enum fr_stream_kind compression;
	bool size_appended;
};

struct fr_payload {
	struct fr_payload_request request;
	uint64_t kernel_size_max;
	uint64_t initrd_size_max;
	uint64_t root_image_size_max;
	char **certificates;
	char *cmdline;
	char *title;
	bool has_root;
	const char *root_type; /* NULL: not known */
	struct input inputs[INPUTS_MAX];
	size_t input_count;
	struct part parts[PARTS_MAX];
	size_t part_count;
	bool written;
	uint64_t size[FR_SEGMENTS];
	uint8_t sha256[FR_SEGMENTS][FR_SHA256_SIZE];
};

FR_DEFINE_CLEANUP(EVP_MD_CTX *, EVP_MD_CTX_free);
FR_DEFINE_CLEANUP(struct fr_stream *, fr_stream_close);
FR_DEFINE_CLEANUP(struct fr_payload *, fr_payload_close);
FR_DEFINE_CLEANUP(json_object *, json_object_put);
FR_DEFINE_CLEANUP(json_tokener *, json_tokener_free);

const char *fr_segment_name(enum fr_segment segment)
{
	static const char *const names[FR_SEGMENTS] = {
		[FR_SEGMENT_KERNEL] = "kernel",
		[FR_SEGMENT_INITRD] = "initrd",
		[FR_SEGMENT_ROOT] = "root",
		[FR_SEGMENT_DTB] = "dtb",
	};

	return names[segment];
}

/* Requests */

void fr_payload_request_done(struct fr_payload_request *request)
{
	free(request->entry);
	free(request->uki);
	free(request->kernel);
	fr_strv_free(request->initrds);
	free(request->root_image);
	free(request->devicetree);
	free(request->cmdline);
	free(request->signature);
	*request = (struct fr_payload_request){ 0 };
}

static int copy_string(const char *from, char **ret)
{
	if (!from)
		return 0;
	*ret = strdup(from);
	return *ret ? 0 : -ENOMEM;
}

static size_t strv_length(char *const *strv)
{
	size_t length = 0;

	while (strv && strv[length])
		length++;
	return length;
}

static int copy_strv(char *const *from, char ***ret)
{
	_cleanup_strv_ char **copy = NULL;
	size_t length = strv_length(from);

	if (!from)
		return 0;
	copy = calloc(length + 1, sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	for (size_t i = 0; i < length; i++)
		if (copy_string(from[i], &copy[i]) < 0)
			return -ENOMEM;
	*ret = fr_steal_pointer(copy);
	return 0;
}

static int copy_request(const struct fr_payload_request *from,
			struct fr_payload_request *ret)
{
	_cleanup_payload_request_ struct fr_payload_request copy = {
		.wipe_state = from->wipe_state,
	};

	if (copy_string(from->entry, &copy.entry) < 0 ||
	    copy_string(from->uki, &copy.uki) < 0 ||
	    copy_string(from->kernel, &copy.kernel) < 0 ||
	    copy_strv(from->initrds, &copy.initrds) < 0 ||
	    copy_string(from->root_image, &copy.root_image) < 0 ||
	    copy_string(from->devicetree, &copy.devicetree) < 0 ||
	    copy_string(from->cmdline, &copy.cmdline) < 0 ||
	    copy_string(from->signature, &copy.signature) < 0)
		return -ENOMEM;
	*ret = copy;
	copy = (struct fr_payload_request){ 0 };
	return 0;
}

static int check_absolute(const char *what, const char *path,
			  struct fr_error *error)
{
	if (!path || *path == '/')
		return 0;
	return fr_fail(error, FR_USAGE, -EINVAL,
		       "the path of the %s has to be absolute: '%s'", what,
		       path);
}

static int check_paths(const struct fr_payload_request *request,
		       struct fr_error *error)
{
	int r = 0;

	for (size_t i = 0; !r && i < strv_length(request->initrds); i++)
		r = check_absolute("initrd", request->initrds[i], error);
	if (!r)
		r = check_absolute("kernel", request->kernel, error);
	if (!r)
		r = check_absolute("UKI", request->uki, error);
	if (!r)
		r = check_absolute("root image", request->root_image, error);
	if (!r)
		r = check_absolute("device tree", request->devicetree, error);
	if (!r)
		r = check_absolute("signature", request->signature, error);
	return r;
}

static const char one_of_both[] =
	"a payload has either initrds or a root image, not both";

static int check_request(const struct fr_payload_request *request,
			 struct fr_error *error)
{
	int given = !!request->entry + !!request->uki + !!request->kernel;

	if (given != 1)
		return fr_fail(
			error, FR_USAGE, -EINVAL,
			"exactly one of a boot loader entry, a UKI and a kernel has to be named; this names %s",
			given ? "several" : "none");
	if (request->entry &&
	    (strv_length(request->initrds) || request->devicetree))
		return fr_fail(
			error, FR_USAGE, -EINVAL,
			"a boot loader entry names its initrds and device tree itself; name the kernel instead of the entry to use others");
	if (request->root_image && request->uki)
		return fr_fail(
			error, FR_USAGE, -EINVAL,
			"a root image does not go with a UKI; name the kernel instead of the UKI");
	if (request->root_image && strv_length(request->initrds))
		return fr_fail(error, FR_USAGE, -EINVAL, "%s", one_of_both);
	return check_paths(request, error);
}

/* Inputs */

static int describe_open_error(const char *path, int err,
			       struct fr_error *error)
{
	switch (err) {
	case -ENOENT:
	case -ENOTDIR:
		return fr_fail(error, FR_NOT_FOUND, err,
			       "%s: there is no such file", path);
	case -EISDIR:
	case -EINVAL:
		return fr_fail(error, FR_INVALID_PAYLOAD, err,
			       "%s: is not a regular file", path);
	default:
		return fr_fail(error, FR_FAILED, err, "can't read %s: %s", path,
			       strerror(-err));
	}
}

static int check_input_signature(const struct fr_payload *payload,
				 struct input *input, const char *signature,
				 struct fr_error *error)
{
	_cleanup_free_ char *beside = NULL;
	_cleanup_close_ int fd = -1;
	int r;

	if (!signature && asprintf(&beside, "%s.p7s", input->path) < 0) {
		beside = NULL;
		return fr_fail_memory(error);
	}
	if (!signature)
		signature = beside;
	fd = fr_open_file(AT_FDCWD, signature);
	if (fd == -ENOENT)
		return fr_fail(
			error, FR_SIGNATURE, -ENOKEY,
			"%s: this machine wants a signature, but there is no %s",
			input->path, signature);
	if (fd < 0)
		return fr_fail(error, FR_SIGNATURE, fd,
			       "can't read the signature %s: %s", signature,
			       strerror(-fd));
	r = fr_signature_check(input->fd, fd, payload->certificates,
			       input->path, input->sha256, error);
	if (r < 0)
		return r;
	input->is_signed = true;
	return 0;
}

static int check_input_size(const struct input *input, uint64_t limit,
			    struct fr_error *error)
{
	if (!input->stat.st_size)
		return fr_fail(error, FR_INVALID_PAYLOAD, -ENODATA,
			       "%s: is empty", input->path);
	if ((uint64_t)input->stat.st_size > limit)
		return fr_fail(
			error, FR_TOO_LARGE, -EFBIG,
			"%s: has %lld bytes, but %llu are allowed; see KernelSizeMax=, InitrdSizeMax= and RootImageSizeMax= in fastreboot.conf",
			input->path, (long long)input->stat.st_size,
			(unsigned long long)limit);
	return 0;
}

/* Open a file and check its size and signature, before a look into it. */
static int add_input(struct fr_payload *payload, const char *path,
		     uint64_t limit, const char *signature, struct input **ret,
		     struct fr_error *error)
{
	struct input *input = &payload->inputs[payload->input_count];
	int r;

	input->fd = fr_open_file(AT_FDCWD, path);
	if (input->fd < 0)
		return describe_open_error(path, input->fd, error);
	payload->input_count++;
	input->path = strdup(path);
	if (!input->path)
		return fr_fail_memory(error);
	if (fstat(input->fd, &input->stat) < 0)
		return describe_open_error(path, -errno, error);
	r = check_input_size(input, limit, error);
	if (r < 0)
		return r;
	if (*payload->certificates) {
		r = check_input_signature(payload, input, signature, error);
		if (r < 0)
			return r;
	}
	*ret = input;
	return 0;
}

static void input_done(struct input *input)
{
	free(input->path);
	close(input->fd);
	while (input->notes) {
		struct note *note = input->notes;

		input->notes = note->next;
		free(note);
	}
}

static int changed(const struct input *input, struct fr_error *error)
{
	return fr_fail(
		error, FR_SOURCE_CHANGED, -ESTALE,
		"%s: has changed since it was checked; wait until whatever writes it is done, and stage again",
		input->path);
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool is_unchanged(const struct input *input)
{
	const struct stat *before = &input->stat;
	struct stat now;

	return !fstat(input->fd, &now) && now.st_dev == before->st_dev &&
	       now.st_ino == before->st_ino && now.st_size == before->st_size &&
	       same_time(&now.st_mtim, &before->st_mtim) &&
	       same_time(&now.st_ctim, &before->st_ctim);
}

static int check_unchanged(const struct fr_payload *payload,
			   struct fr_error *error)
{
	for (size_t i = 0; i < payload->input_count; i++)
		if (!is_unchanged(&payload->inputs[i]))
			return changed(&payload->inputs[i], error);
	return 0;
}

/*
 * Look at a range of an input, which has to lie within it. The result belongs
 * to the input, and has a NUL behind it.
 */
static int look(struct input *input, uint64_t offset, size_t size,
		const char **ret, struct fr_error *error)
{
	struct note *note = malloc(sizeof(*note) + size + 1);
	ssize_t n;

	if (!note)
		return fr_fail_memory(error);
	n = fr_pread_full(input->fd, note->data, size, offset);
	if (n < 0 || (size_t)n != size) {
		free(note);
		return n < 0 ? describe_open_error(input->path, (int)n, error) :
			       changed(input, error);
	}
	note->data[size] = '\0';
	note->offset = offset;
	note->size = size;
	note->next = input->notes;
	input->notes = note;
	*ret = note->data;
	return 0;
}

/* Passes */

struct writer {
	struct fr_payload *payload;
	const struct fr_sink *sink;
	uint64_t done;
	uint64_t total;
	bool sink_failed;
};

struct pass {
	const struct part *part;
	struct writer *writer; /* NULL: just a look at the start */
	EVP_MD_CTX *digest;
	uint64_t at; /* offset in the file */
	bool notes_differ;
};

static int report_progress(struct writer *writer, size_t size)
{
	const struct fr_sink *sink = writer->sink;
	int r;

	writer->done += size;
	if (!sink->progress)
		return 0;
	r = sink->progress(sink->userdata, writer->done, writer->total);
	if (r < 0)
		writer->sink_failed = true;
	return r < 0 ? r : 0;
}

/* Do the bytes at pass->at contradict what was seen before? */
static void compare_notes(struct pass *pass, const uint8_t *data, size_t size)
{
	const struct note *note = pass->part->input->notes;

	for (; note; note = note->next) {
		uint64_t begin = note->offset > pass->at ? note->offset :
							   pass->at;
		uint64_t note_end = note->offset + note->size;
		uint64_t end = pass->at + size;

		if (end > note_end)
			end = note_end;
		if (begin < end &&
		    memcmp(data + (begin - pass->at),
			   note->data + (begin - note->offset), end - begin))
			pass->notes_differ = true;
	}
}

/* Read the next bytes of the file, which has to have them. */
static ssize_t pass_take(struct pass *pass, void *buffer, size_t size,
			 struct fr_error *error)
{
	struct input *input = pass->part->input;
	ssize_t n = fr_pread_full(input->fd, buffer, size, pass->at);
	int r;

	if (n < 0)
		return describe_open_error(input->path, (int)n, error);
	if ((size_t)n != size)
		return changed(input, error);
	if (!pass->writer) {
		pass->at += size;
		return n;
	}
	if (input->is_signed) {
		compare_notes(pass, buffer, size);
		if (EVP_DigestUpdate(pass->digest, buffer, size) != 1)
			return fr_fail_memory(error);
	}
	pass->at += size;
	r = report_progress(pass->writer, size);
	return r < 0 ? r : n;
}

/* What the stream reads from: the part, and nothing around it. */
static ssize_t pass_read(void *userdata, void *buffer, size_t size,
			 struct fr_error *error)
{
	struct pass *pass = userdata;
	uint64_t left = pass->part->offset + pass->part->size - pass->at;

	if (size > left)
		size = (size_t)left;
	return size ? pass_take(pass, buffer, size, error) : 0;
}

/* Read what is around the part: for the digest alone. */
static int pass_skip(struct pass *pass, uint64_t to, struct fr_error *error)
{
	_cleanup_free_ char *buffer = NULL;

	if (pass->at >= to)
		return 0;
	buffer = malloc(PIECE_SIZE);
	if (!buffer)
		return fr_fail_memory(error);
	while (pass->at < to) {
		uint64_t left = to - pass->at;
		size_t size = left < PIECE_SIZE ? (size_t)left : PIECE_SIZE;
		ssize_t n = pass_take(pass, buffer, size, error);

		if (n < 0)
			return (int)n;
	}
	return 0;
}

static int pass_begin(struct pass *pass, struct fr_error *error)
{
	if (!pass->part->input->is_signed) {
		pass->at = pass->part->offset;
		return 0;
	}
	pass->digest = EVP_MD_CTX_new();
	if (!pass->digest ||
	    EVP_DigestInit_ex(pass->digest, EVP_sha256(), NULL) != 1)
		return fr_fail_memory(error);
	return pass_skip(pass, pass->part->offset, error);
}

static int pass_end(struct pass *pass, struct fr_error *error)
{
	struct input *input = pass->part->input;
	uint8_t sha256[EVP_MAX_MD_SIZE];
	int r;

	if (!input->is_signed)
		return 0;
	r = pass_skip(pass, (uint64_t)input->stat.st_size, error);
	if (r < 0)
		return r;
	if (EVP_DigestFinal_ex(pass->digest, sha256, NULL) != 1)
		return fr_fail_memory(error);
	if (pass->notes_differ || memcmp(sha256, input->sha256, FR_SHA256_SIZE))
		return changed(input, error);
	return 0;
}

static uint64_t segment_limit(const struct fr_payload *payload,
			      enum fr_segment segment)
{
	switch (segment) {
	case FR_SEGMENT_KERNEL:
		return payload->kernel_size_max;
	case FR_SEGMENT_INITRD:
		return payload->initrd_size_max;
	case FR_SEGMENT_ROOT:
		return payload->root_image_size_max;
	default:
		return FR_DTB_SIZE_MAX;
	}
}

/* The stream does not know the name of its file. */
static void name_file(const struct part *part, struct fr_error *error)
{
	char text[sizeof(error->text)];

	if (!error || strstr(error->text, part->input->path))
		return;
	memcpy(text, error->text, sizeof(text));
	fr_fail(error, error->failure, 0, "%s: %s", part->input->path, text);
}

static int open_stream(struct pass *pass, uint64_t limit,
		       struct fr_stream **ret, struct fr_error *error)
{
	const struct fr_reader reader = { pass_read, pass };
	int r = fr_stream_open(&reader, pass->part->compression, limit, ret,
			       error);

	if (r < 0)
		return r;
	if (pass->part->size_appended)
		fr_stream_size_appended(*ret);
	return 0;
}

/* Parts */

static uint64_t align_initrd(uint64_t size)
{
	return (size + INITRD_ALIGNMENT - 1) & ~(INITRD_ALIGNMENT - 1ULL);
}

static int check_initrd_total(const struct fr_payload *payload,
			      struct fr_error *error)
{
	uint64_t total = 0;

	for (size_t i = 0; i < payload->part_count; i++)
		if (payload->parts[i].segment == FR_SEGMENT_INITRD)
			total += align_initrd(payload->parts[i].size);
	if (total <= payload->initrd_size_max)
		return 0;
	return fr_fail(
		error, FR_TOO_LARGE, -EFBIG,
		"the initrds have %llu bytes together, but %llu are allowed; see InitrdSizeMax= in fastreboot.conf",
		(unsigned long long)total,
		(unsigned long long)payload->initrd_size_max);
}

static struct part *add_part(struct fr_payload *payload,
			     enum fr_segment segment, struct input *input,
			     uint64_t offset, uint64_t size)
{
	struct part *part = &payload->parts[payload->part_count++];

	*part = (struct part){
		.segment = segment,
		.input = input,
		.offset = offset,
		.size = size,
	};
	return part;
}

/* The first bytes that would be handed over have to be those of an Image. */
static int check_kernel_start(const struct part *part, uint64_t limit,
			      struct fr_error *error)
{
	_cleanup_(fr_stream_closep) struct fr_stream *stream = NULL;
	struct pass pass = { .part = part, .at = part->offset };
	uint8_t head[FR_IMAGE_HEAD];
	ssize_t n;
	int r;

	r = open_stream(&pass, limit, &stream, error);
	if (r < 0)
		return r;
	n = fr_stream_read(stream, head, sizeof(head), error);
	if (n < 0) {
		name_file(part, error);
		return (int)n;
	}
	return fr_image_check_arm64(head, (size_t)n, part->input->path, error);
}

/* A kernel that is not a UKI: all of a file, or of a UKI's section. */
static int add_kernel(struct fr_payload *payload, struct input *input,
		      uint64_t offset, uint64_t size, struct fr_error *error)
{
	struct fr_image image = { 0 };
	struct part *part;
	const char *head;
	int r;

	r = look(input, offset, size < HEAD_SIZE ? (size_t)size : HEAD_SIZE,
		 &head, error);
	if (r < 0)
		return r;
	r = fr_image_probe(head, size < HEAD_SIZE ? (size_t)size : HEAD_SIZE,
			   size, input->path, &image, error);
	if (r < 0)
		return r;
	if (image.kind == FR_IMAGE_PE)
		return fr_fail(
			error, FR_INVALID_PAYLOAD, -ENOEXEC,
			"%s: is an EFI program, not a kernel; if it is a UKI, stage it as one (--uki)",
			input->path);
	if (image.size > payload->kernel_size_max)
		return fr_fail(
			error, FR_TOO_LARGE, -EFBIG,
			"%s: the kernel has %llu bytes, but %llu are allowed; see KernelSizeMax= in fastreboot.conf",
			input->path, (unsigned long long)image.size,
			(unsigned long long)payload->kernel_size_max);
	part = add_part(payload, FR_SEGMENT_KERNEL, input,
			offset + image.offset, image.size);
	part->compression = image.compression;
	part->size_appended = image.kind == FR_IMAGE_ZBOOT;
	return check_kernel_start(part, payload->kernel_size_max, error);
}

static int add_initrds(struct fr_payload *payload, char *const *paths,
		       struct fr_error *error)
{
	if (strv_length(paths) > FR_INITRDS_MAX)
		return fr_fail(error, FR_USAGE, -E2BIG,
			       "more than %d initrds; join some of them",
			       FR_INITRDS_MAX);
	for (; paths && *paths; paths++) {
		struct input *input;
		int r = add_input(payload, *paths, payload->initrd_size_max,
				  NULL, &input, error);

		if (r < 0)
			return r;
		add_part(payload, FR_SEGMENT_INITRD, input, 0,
			 (uint64_t)input->stat.st_size);
	}
	return check_initrd_total(payload, error);
}

/* The image goes into the slot as it is: what it is decides how it is mounted. */
static int add_root_image(struct fr_payload *payload, const char *path,
			  struct fr_error *error)
{
	struct input *input;
	const char *head;
	uint64_t size;
	size_t head_size;
	int r;

	r = add_input(payload, path, payload->root_image_size_max, NULL, &input,
		      error);
	if (r < 0)
		return r;
	size = (uint64_t)input->stat.st_size;
	head_size = size < FR_ROOT_IMAGE_HEAD ? (size_t)size :
						FR_ROOT_IMAGE_HEAD;
	r = look(input, 0, head_size, &head, error);
	if (r < 0)
		return r;
	r = fr_root_image_probe(head, head_size, size, input->path,
				&payload->root_type, error);
	if (r < 0)
		return r;
	payload->has_root = true;
	add_part(payload, FR_SEGMENT_ROOT, input, 0, size);
	return 0;
}

/* What the kernel gets besides itself and the device tree. */
static int add_initrds_or_root(struct fr_payload *payload, char *const *initrds,
			       const char *root_image, struct fr_error *error)
{
	if (!root_image)
		return add_initrds(payload, initrds, error);
	if (strv_length(initrds))
		return fr_fail(error, FR_INVALID_PAYLOAD, -EINVAL, "%s",
			       one_of_both);
	return add_root_image(payload, root_image, error);
}

static uint32_t be32(const char *at)
{
	const uint8_t *byte = (const uint8_t *)at;

	return (uint32_t)byte[0] << 24 | (uint32_t)byte[1] << 16 |
	       (uint32_t)byte[2] << 8 | byte[3];
}

static int add_dtb_part(struct fr_payload *payload, struct input *input,
			uint64_t offset, uint64_t size, struct fr_error *error)
{
	const char *head;
	int r;

	if (size > FR_DTB_SIZE_MAX)
		return fr_fail(error, FR_TOO_LARGE, -EFBIG,
			       "%s: the device tree is larger than 2 MiB",
			       input->path);
	r = look(input, offset, size < 8 ? (size_t)size : 8, &head, error);
	if (r < 0)
		return r;
	if (size < 8 || be32(head) != 0xd00dfeed)
		return fr_fail(error, FR_INVALID_PAYLOAD, -EINVAL,
			       "%s: is not a compiled device tree",
			       input->path);
	if (be32(head + 4) > size)
		return fr_fail(
			error, FR_INVALID_PAYLOAD, -EINVAL,
			"%s: the device tree is cut off; get the file again",
			input->path);
	add_part(payload, FR_SEGMENT_DTB, input, offset, size);
	return 0;
}

static int add_dtb(struct fr_payload *payload, const char *path,
		   struct fr_error *error)
{
	struct input *input;
	int r;

	if (!path)
		return 0;
	r = add_input(payload, path, FR_DTB_SIZE_MAX, NULL, &input, error);
	if (r < 0)
		return r;
	return add_dtb_part(payload, input, 0, (uint64_t)input->stat.st_size,
			    error);
}

/* Command line and title */

static int set_cmdline(struct fr_payload *payload, const char *cmdline,
		       const char *from, struct fr_error *error)
{
	size_t size = strlen(cmdline);

	if (size > FR_CMDLINE_MAX)
		return fr_fail(
			error, FR_TOO_LARGE, -E2BIG,
			"the command line%s%s has %zu bytes, but the kernel takes %d",
			from ? " of " : "", from ?: "", size, FR_CMDLINE_MAX);
	for (const char *c = cmdline; *c; c++)
		if ((unsigned char)*c < ' ' && *c != '\t')
			return fr_fail(
				error, FR_INVALID_PAYLOAD, -EINVAL,
				"the command line%s%s is not one line of text",
				from ? " of " : "", from ?: "");
	payload->cmdline = strdup(cmdline);
	return payload->cmdline ? 0 : fr_fail_memory(error);
}

/* Takes @title. */
static int set_title(struct fr_payload *payload, char *title,
		     struct fr_error *error)
{
	if (!title)
		return fr_fail_memory(error);
	for (char *c = title; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 127)
			*c = '?';
	payload->title = title;
	return 0;
}

static int set_title_from_path(struct fr_payload *payload, const char *path,
			       struct fr_error *error)
{
	const char *slash = strrchr(path, '/');

	return set_title(payload, strdup(slash ? slash + 1 : path), error);
}

/* UKIs */

/* A section's text without what tools leave at its end; NULL: no section. */
static int section_text(struct input *input, const struct fr_pe *pe,
			enum fr_pe_section_name name, char **ret,
			struct fr_error *error)
{
	const struct fr_pe_section *section = &pe->section[name];
	const char *data;
	size_t size;
	int r;

	*ret = NULL;
	if (!section->present)
		return 0;
	if (section->size > TEXT_SECTION_MAX)
		return fr_fail(error, FR_INVALID_PAYLOAD, -EFBIG,
			       "%s: a section with text is larger than 64 KiB",
			       input->path);
	r = look(input, section->offset, (size_t)section->size, &data, error);
	if (r < 0)
		return r;
	size = strnlen(data, (size_t)section->size);
	while (size && strchr(" \t\r\n", data[size - 1]))
		size--;
	*ret = strndup(data, size);
	return *ret ? 0 : fr_fail_memory(error);
}

static int set_uki_cmdline(struct fr_payload *payload, struct input *input,
			   const struct fr_pe *pe, struct fr_error *error)
{
	_cleanup_free_ char *cmdline = NULL;
	int r;

	r = section_text(input, pe, FR_PE_CMDLINE, &cmdline, error);
	if (r < 0 || !cmdline)
		return r;
	if (payload->cmdline && input->is_signed)
		return fr_fail(
			error, FR_REFUSED, -EPERM,
			"%s: the command line of a signed UKI can't be replaced",
			input->path);
	if (payload->cmdline)
		return 0;
	for (char *c = cmdline; *c; c++)
		if (*c == '\n' || *c == '\r')
			*c = ' ';
	return set_cmdline(payload, cmdline, input->path, error);
}

/* The value of PRETTY_NAME in an os-release file, or NULL. */
static char *pretty_name(const char *text)
{
	static const char key[] = "PRETTY_NAME=";
	const char *at = text;
	size_t size;

	while (strncmp(at, key, strlen(key))) {
		at = strchr(at, '\n');
		if (!at)
			return NULL;
		at++;
	}
	at += strlen(key);
	size = strcspn(at, "\r\n");
	if (size >= 2 && (*at == '"' || *at == '\'') && at[size - 1] == *at) {
		at++;
		size -= 2;
	}
	return strndup(at, size);
}

static int set_uki_title(struct fr_payload *payload, struct input *input,
			 const struct fr_pe *pe, struct fr_error *error)
{
	_cleanup_free_ char *release = NULL;
	_cleanup_free_ char *osrel = NULL;
	_cleanup_free_ char *name = NULL;
	char *title = NULL;
	int r;

	r = section_text(input, pe, FR_PE_OSREL, &osrel, error);
	if (r < 0)
		return r;
	r = section_text(input, pe, FR_PE_UNAME, &release, error);
	if (r < 0)
		return r;
	if (osrel)
		name = pretty_name(osrel);
	if (!name || !*name)
		return set_title_from_path(payload, input->path, error);
	if (!release || !*release)
		return set_title(payload, fr_steal_pointer(name), error);
	if (asprintf(&title, "%s (%s)", name, release) < 0)
		title = NULL;
	return set_title(payload, title, error);
}

static int add_uki_parts(struct fr_payload *payload, struct input *input,
			 const struct fr_pe *pe, bool own_dtb,
			 struct fr_error *error)
{
	const struct fr_pe_section *kernel = &pe->section[FR_PE_LINUX];
	const struct fr_pe_section *initrd = &pe->section[FR_PE_INITRD];
	const struct fr_pe_section *dtb = &pe->section[FR_PE_DTB];
	int r;

	r = add_kernel(payload, input, kernel->offset, kernel->size, error);
	if (r < 0)
		return r;
	if (initrd->present && initrd->size)
		add_part(payload, FR_SEGMENT_INITRD, input, initrd->offset,
			 initrd->size);
	if (own_dtb && dtb->present && dtb->size)
		return add_dtb_part(payload, input, dtb->offset, dtb->size,
				    error);
	return 0;
}

static int parse_uki(struct input *input, struct fr_pe *ret,
		     struct fr_error *error)
{
	uint64_t file_size = (uint64_t)input->stat.st_size;
	size_t size = file_size < HEAD_SIZE ? (size_t)file_size : HEAD_SIZE;
	struct fr_image image;
	const char *head;
	int r;

	r = look(input, 0, size, &head, error);
	if (r < 0)
		return r;
	r = fr_image_probe(head, size, file_size, input->path, &image, error);
	if (r < 0)
		return r;
	if (image.kind == FR_IMAGE_PE) {
		r = fr_pe_parse(head, size, file_size, input->path, ret, error);
		if (r < 0 || ret->section[FR_PE_LINUX].present)
			return r;
		return fr_fail(
			error, FR_INVALID_PAYLOAD, -ENOEXEC,
			"%s: is an EFI program without a .linux section, so it is no UKI",
			input->path);
	}
	return fr_fail(error, FR_INVALID_PAYLOAD, -ENOEXEC,
		       "%s: is a kernel, not a UKI; stage it as one (--kernel)",
		       input->path);
}

static int open_uki(struct fr_payload *payload, const char *path,
		    struct fr_error *error)
{
	const struct fr_payload_request *request = &payload->request;
	struct input *input;
	struct fr_pe pe = { 0 };
	int r;

	r = add_input(payload, path,
		      payload->kernel_size_max + payload->initrd_size_max +
			      UKI_OTHER_MAX,
		      request->signature, &input, error);
	if (r < 0)
		return r;
	r = parse_uki(input, &pe, error);
	if (r < 0)
		return r;
	r = set_uki_cmdline(payload, input, &pe, error);
	if (r < 0)
		return r;
	if (!payload->title) {
		r = set_uki_title(payload, input, &pe, error);
		if (r < 0)
			return r;
	}
	r = add_uki_parts(payload, input, &pe, !request->devicetree, error);
	if (r < 0)
		return r;
	r = add_initrds(payload, request->initrds, error);
	if (r < 0)
		return r;
	return add_dtb(payload, request->devicetree, error);
}

/* Kernels and entries */

static int open_kernel(struct fr_payload *payload, const char *path,
		       char *const *initrds, const char *root_image,
		       const char *devicetree, struct fr_error *error)
{
	struct input *input;
	int r;

	r = add_input(payload, path, payload->kernel_size_max,
		      payload->request.signature, &input, error);
	if (r < 0)
		return r;
	r = add_kernel(payload, input, 0, (uint64_t)input->stat.st_size, error);
	if (r < 0)
		return r;
	r = add_initrds_or_root(payload, initrds, root_image, error);
	if (r < 0)
		return r;
	r = add_dtb(payload, devicetree, error);
	if (r < 0 || payload->title)
		return r;
	return set_title_from_path(payload, path, error);
}

static int check_architecture(const struct fr_bls_entry *entry,
			      struct fr_error *error)
{
	const char *is = entry->architecture;

	if (!is || !strcasecmp(is, "aa64") || !strcasecmp(is, "arm64") ||
	    !strcasecmp(is, "aarch64"))
		return 0;
	return fr_fail(error, FR_INVALID_PAYLOAD, -ENOEXEC,
		       "the boot loader entry %s is for %s, not for arm64",
		       entry->id, is);
}

static int set_entry_title(struct fr_payload *payload,
			   const struct fr_bls_entry *entry,
			   struct fr_error *error)
{
	const char *title = entry->title ?: entry->id;
	char *joined = NULL;

	if (!entry->version || strstr(title, entry->version))
		return set_title(payload, strdup(title), error);
	if (asprintf(&joined, "%s (%s)", title, entry->version) < 0)
		joined = NULL;
	return set_title(payload, joined, error);
}

static int open_entry(struct fr_payload *payload, char *const *boot_roots,
		      struct fr_error *error)
{
	_cleanup_bls_entry_ struct fr_bls_entry entry = { 0 };
	int r;

	r = fr_bls_load(boot_roots, payload->request.entry, &entry, error);
	if (r < 0)
		return r;
	r = check_architecture(&entry, error);
	if (r < 0)
		return r;
	r = set_entry_title(payload, &entry, error);
	if (r < 0)
		return r;
	if (entry.uki_path && payload->request.root_image)
		return fr_fail(
			error, FR_USAGE, -EINVAL,
			"the boot loader entry %s is about a UKI, with which a root image does not go",
			entry.id);
	if (entry.uki_path)
		return open_uki(payload, entry.uki_path, error);
	if (!payload->cmdline) {
		r = set_cmdline(payload, entry.options, entry.id, error);
		if (r < 0)
			return r;
	}
	return open_kernel(payload, entry.linux_path, entry.initrds,
			   payload->request.root_image ?: entry.root_image,
			   entry.devicetree, error);
}

static int prepare(struct fr_payload *payload, const struct fr_config *config,
		   const struct fr_payload_request *request,
		   struct fr_error *error)
{
	int r;

	payload->kernel_size_max = config->kernel_size_max;
	payload->initrd_size_max = config->initrd_size_max;
	payload->root_image_size_max = config->root_image_size_max;
	if (copy_request(request, &payload->request) < 0 ||
	    copy_strv(config->trusted_certificates, &payload->certificates) < 0)
		return fr_fail_memory(error);
	r = check_request(request, error);
	if (r < 0)
		return r;
	if (request->signature && !*payload->certificates)
		return fr_fail(
			error, FR_SIGNATURE, -ENOKEY,
			"%s can't be checked: TrustedCertificates= in fastreboot.conf names no certificate",
			request->signature);
	if (request->cmdline)
		return set_cmdline(payload, request->cmdline, NULL, error);
	return 0;
}

/* A command line that was given has the root image mounted. */
static int complete_cmdline(struct fr_payload *payload, struct fr_error *error)
{
	_cleanup_free_ char *given = NULL;
	_cleanup_free_ char *cmdline = NULL;

	if (!payload->has_root || !payload->cmdline)
		return 0;
	if (fr_cmdline_add_root(payload->cmdline, payload->root_type, false,
				&cmdline) < 0)
		return fr_fail_memory(error);
	given = fr_steal_pointer(payload->cmdline);
	return set_cmdline(payload, cmdline, "the payload, with root=", error);
}

int fr_payload_inherit_cmdline(const struct fr_payload *payload,
			       const char *running, char **ret,
			       struct fr_error *error)
{
	_cleanup_free_ char *cmdline = NULL;
	int r = 0;

	if (payload->has_root)
		r = fr_cmdline_add_root(running, payload->root_type, true,
					&cmdline);
	else
		cmdline = strdup(running);
	if (r < 0 || !cmdline)
		return fr_fail_memory(error);
	if (strlen(cmdline) > FR_CMDLINE_MAX)
		return fr_fail(
			error, FR_TOO_LARGE, -E2BIG,
			"the running kernel's command line with root=" FR_ROOT_DEVICE
			" has %zu bytes, but the kernel takes %d; name a shorter one",
			strlen(cmdline), FR_CMDLINE_MAX);
	*ret = fr_steal_pointer(cmdline);
	return 0;
}

int fr_payload_open(const struct fr_config *config,
		    const struct fr_payload_request *request,
		    struct fr_payload **ret, struct fr_error *error)
{
	_cleanup_(fr_payload_closep) struct fr_payload *payload =
		calloc(1, sizeof(*payload));
	int r;

	if (!payload)
		return fr_fail_memory(error);
	r = prepare(payload, config, request, error);
	if (r < 0)
		return r;
	if (request->entry)
		r = open_entry(payload, config->boot_roots, error);
	else if (request->uki)
		r = open_uki(payload, request->uki, error);
	else
		r = open_kernel(payload, request->kernel, request->initrds,
				request->root_image, request->devicetree,
				error);
	if (r < 0)
		return r;
	r = complete_cmdline(payload, error);
	if (r < 0)
		return r;
	*ret = fr_steal_pointer(payload);
	return 0;
}

struct fr_payload *fr_payload_close(struct fr_payload *payload)
{
	if (!payload)
		return NULL;
	for (size_t i = 0; i < payload->input_count; i++)
		input_done(&payload->inputs[i]);
	fr_payload_request_done(&payload->request);
	fr_strv_free(payload->certificates);
	free(payload->cmdline);
	free(payload->title);
	free(payload);
	return NULL;
}

/* Writing */

static int hand_over(struct writer *writer, enum fr_segment segment,
		     EVP_MD_CTX *digest, const void *data, size_t size,
		     struct fr_error *error)
{
	const struct fr_sink *sink = writer->sink;
	int r = sink->write(sink->userdata, segment, data, size);

	if (r < 0) {
		writer->sink_failed = true;
		return r;
	}
	if (EVP_DigestUpdate(digest, data, size) != 1)
		return fr_fail_memory(error);
	writer->payload->size[segment] += size;
	return 0;
}

static int pad_initrd(struct writer *writer, EVP_MD_CTX *digest,
		      struct fr_error *error)
{
	static const char zeros[INITRD_ALIGNMENT];
	uint64_t size = writer->payload->size[FR_SEGMENT_INITRD];
	size_t padding = (size_t)(align_initrd(size) - size);

	if (!padding)
		return 0;
	return hand_over(writer, FR_SEGMENT_INITRD, digest, zeros, padding,
			 error);
}

static int copy_stream(struct writer *writer, const struct part *part,
		       struct fr_stream *stream, EVP_MD_CTX *digest,
		       struct fr_error *error)
{
	_cleanup_free_ char *buffer = malloc(PIECE_SIZE);
	bool first = part->segment == FR_SEGMENT_KERNEL;

	if (!buffer)
		return fr_fail_memory(error);
	for (;;) {
		ssize_t n = fr_stream_read(stream, buffer, PIECE_SIZE, error);
		int r;

		if (n <= 0)
			return (int)n;
		r = first ? fr_image_check_arm64(buffer, (size_t)n,
						 part->input->path, error) :
			    0;
		if (r < 0)
			return r;
		first = false;
		r = hand_over(writer, part->segment, digest, buffer, (size_t)n,
			      error);
		if (r < 0)
			return r;
	}
}

static int write_pass(struct writer *writer, struct pass *pass,
		      EVP_MD_CTX *digest, struct fr_error *error)
{
	_cleanup_(fr_stream_closep) struct fr_stream *stream = NULL;
	const struct part *part = pass->part;
	int r;

	r = pass_begin(pass, error);
	if (r < 0)
		return r;
	r = open_stream(pass, segment_limit(writer->payload, part->segment),
			&stream, error);
	if (r < 0)
		return r;
	r = copy_stream(writer, part, stream, digest, error);
	if (r < 0)
		return r;
	return pass_end(pass, error);
}

static int write_part(struct writer *writer, const struct part *part,
		      EVP_MD_CTX *digest, struct fr_error *error)
{
	struct pass pass = { .part = part, .writer = writer };
	int r = write_pass(writer, &pass, digest, error);

	EVP_MD_CTX_free(pass.digest);
	if (r < 0) {
		if (!writer->sink_failed)
			name_file(part, error);
		return r;
	}
	if (part->segment == FR_SEGMENT_INITRD)
		return pad_initrd(writer, digest, error);
	return 0;
}

static int write_segment(struct writer *writer, enum fr_segment segment,
			 struct fr_error *error)
{
	_cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *digest = EVP_MD_CTX_new();
	struct fr_payload *payload = writer->payload;
	uint8_t sha256[EVP_MAX_MD_SIZE];

	if (!digest || EVP_DigestInit_ex(digest, EVP_sha256(), NULL) != 1)
		return fr_fail_memory(error);
	for (size_t i = 0; i < payload->part_count; i++) {
		int r;

		if (payload->parts[i].segment != segment)
			continue;
		r = write_part(writer, &payload->parts[i], digest, error);
		if (r < 0)
			return r;
	}
	if (EVP_DigestFinal_ex(digest, sha256, NULL) != 1)
		return fr_fail_memory(error);
	memcpy(payload->sha256[segment], sha256, FR_SHA256_SIZE);
	return 0;
}

/* What the passes will read. */
static uint64_t total_bytes(const struct fr_payload *payload)
{
	uint64_t total = 0;

	for (size_t i = 0; i < payload->part_count; i++) {
		const struct part *part = &payload->parts[i];

		total += part->input->is_signed ?
				 (uint64_t)part->input->stat.st_size :
				 part->size;
	}
	return total;
}

static int write_all(struct writer *writer, struct fr_error *error)
{
	for (int segment = 0; segment < FR_SEGMENTS; segment++) {
		int r = write_segment(writer, (enum fr_segment)segment, error);

		if (r < 0)
			return r;
	}
	return check_unchanged(writer->payload, error);
}

/* A failure of the sink: leave the error to it, if it has filled it. */
static int sink_error(int r, struct fr_error *error)
{
	if (error && error->failure != FR_OK)
		return r;
	if (r == -ECANCELED)
		return fr_fail(error, FR_CANCELLED, r, "staging was cancelled");
	return fr_fail(error, FR_FAILED, r, "the payload can't be written: %s",
		       strerror(-r));
}

int fr_payload_write(struct fr_payload *payload, const struct fr_sink *sink,
		     struct fr_error *error)
{
	struct writer writer = {
		.payload = payload,
		.sink = sink,
		.total = total_bytes(payload),
	};
	int r;

	if (error)
		*error = (struct fr_error){ 0 };
	payload->written = false;
	memset(payload->size, 0, sizeof(payload->size));
	r = write_all(&writer, error);
	if (r < 0 && writer.sink_failed)
		return sink_error(r, error);
	/* Data that make no sense may be half of the old and half of the new. */
	if (r < 0 && r != -ENOMEM)
		return check_unchanged(payload, error) ?: r;
	payload->written = !r;
	return r;
}

/* What is known about a payload */

const char *fr_payload_cmdline(const struct fr_payload *payload)
{
	return payload->cmdline;
}

const char *fr_payload_title(const struct fr_payload *payload)
{
	return payload->title;
}

/* It is what is opened first. */
const char *fr_payload_kernel_path(const struct fr_payload *payload)
{
	return payload->inputs[0].path;
}

const uint8_t *fr_payload_sha256(const struct fr_payload *payload,
				 enum fr_segment segment)
{
	if (!payload->written || !payload->size[segment])
		return NULL;
	return payload->sha256[segment];
}

uint64_t fr_payload_size(const struct fr_payload *payload,
			 enum fr_segment segment)
{
	return payload->written ? payload->size[segment] : 0;
}

/* The request as JSON */

struct member {
	const char *name;
	size_t field;
};

#define MEMBER(name)                                             \
	{                                                        \
#name, offsetof(struct fr_payload_request, name) \
	}

static const struct member members[] = {
	MEMBER(entry),	    MEMBER(uki),     MEMBER(kernel),
	MEMBER(devicetree), MEMBER(cmdline), MEMBER(signature),
	MEMBER(root_image),
};

#define N_MEMBERS (sizeof(members) / sizeof(members[0]))

static char **member_field(const struct fr_payload_request *request,
			   const struct member *member)
{
	return (char **)((char *)request + member->field);
}

static int add_string(json_object *object, const char *name, const char *value)
{
	json_object *string = json_object_new_string(value);

	if (!string)
		return -ENOMEM;
	if (json_object_object_add(object, name, string) < 0) {
		json_object_put(string);
		return -ENOMEM;
	}
	return 0;
}

static int add_true(json_object *object, const char *name)
{
	json_object *value = json_object_new_boolean(true);

	if (value && !json_object_object_add(object, name, value))
		return 0;
	json_object_put(value);
	return -ENOMEM;
}

static int add_strings(json_object *object, const char *name,
		       char *const *values)
{
	json_object *array = json_object_new_array();

	if (!array || json_object_object_add(object, name, array) < 0) {
		json_object_put(array);
		return -ENOMEM;
	}
	for (; *values; values++) {
		json_object *string = json_object_new_string(*values);

		if (!string || json_object_array_add(array, string) < 0) {
			json_object_put(string);
			return -ENOMEM;
		}
	}
	return 0;
}

int fr_payload_source(const struct fr_payload *payload, char **ret)
{
	_cleanup_(json_object_putp)
		json_object *object = json_object_new_object();
	const struct fr_payload_request *request = &payload->request;
	const char *text;

	if (!object)
		return -ENOMEM;
	for (size_t i = 0; i < N_MEMBERS; i++) {
		const char *value = *member_field(request, &members[i]);

		if (value && add_string(object, members[i].name, value) < 0)
			return -ENOMEM;
	}
	if (request->initrds &&
	    add_strings(object, "initrds", request->initrds) < 0)
		return -ENOMEM;
	if (request->wipe_state && add_true(object, "wipe_state") < 0)
		return -ENOMEM;
	text = json_object_to_json_string_ext(
		object,
		JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	if (!text)
		return -ENOMEM;
	if (strlen(text) > FR_SOURCE_MAX)
		return -E2BIG;
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

static int bad_source(const char *why, struct fr_error *error)
{
	return fr_fail(
		error, FR_FAILED, -EINVAL,
		"what the ledger says about where the payload is from can't be used: %s",
		why);
}

/* A string without NULs in it; NULL for a member that is not there. */
static int get_string(json_object *value, char **ret, struct fr_error *error)
{
	const char *text;

	if (!value)
		return 0;
	if (!json_object_is_type(value, json_type_string))
		return bad_source("a member is not a string", error);
	text = json_object_get_string(value);
	if (strlen(text) != (size_t)json_object_get_string_len(value))
		return bad_source("a string has a NUL in it", error);
	*ret = strdup(text);
	return *ret ? 0 : fr_fail_memory(error);
}

static int get_bool(json_object *value, bool *ret, struct fr_error *error)
{
	if (value && !json_object_is_type(value, json_type_boolean))
		return bad_source("a member is neither true nor false", error);
	*ret = value && json_object_get_boolean(value);
	return 0;
}

static int get_strings(json_object *value, char ***ret, struct fr_error *error)
{
	_cleanup_strv_ char **strv = NULL;
	size_t length;

	if (!value)
		return 0;
	if (!json_object_is_type(value, json_type_array))
		return bad_source("the initrds are not a list", error);
	length = json_object_array_length(value);
	if (length > FR_INITRDS_MAX)
		return bad_source("too many initrds", error);
	strv = calloc(length + 1, sizeof(*strv));
	if (!strv)
		return fr_fail_memory(error);
	for (size_t i = 0; i < length; i++) {
		int r = get_string(json_object_array_get_idx(value, i),
				   &strv[i], error);

		if (r < 0)
			return r;
		if (!strv[i])
			return bad_source("an initrd is null", error);
	}
	*ret = fr_steal_pointer(strv);
	return 0;
}

static int parse_json(const char *source, json_object **ret,
		      struct fr_error *error)
{
	_cleanup_(json_tokener_freep)
		json_tokener *tokener = json_tokener_new_ex(4);
	_cleanup_(json_object_putp) json_object *object = NULL;
	size_t size = strlen(source);

	if (!tokener)
		return fr_fail_memory(error);
	if (size > 2 * FR_SOURCE_MAX)
		return bad_source("it is too long", error);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	/* With the NUL, so that a number at the end is complete. */
	object = json_tokener_parse_ex(tokener, source, (int)size + 1);
	if (!object || json_tokener_get_error(tokener) != json_tokener_success)
		return bad_source("it is not JSON", error);
	if (!json_object_is_type(object, json_type_object))
		return bad_source("it is not a JSON object", error);
	*ret = fr_steal_pointer(object);
	return 0;
}

static int read_members(json_object *object, struct fr_payload_request *request,
			struct fr_error *error)
{
	int r;

	for (size_t i = 0; i < N_MEMBERS; i++) {
		r = get_string(json_object_object_get(object, members[i].name),
			       member_field(request, &members[i]), error);

		if (r < 0)
			return r;
	}
	if (!request->cmdline) {
		r = get_string(json_object_object_get(object,
						      "inherited_cmdline"),
			       &request->cmdline, error);

		if (r < 0)
			return r;
	}
	r = get_bool(json_object_object_get(object, "wipe_state"),
		     &request->wipe_state, error);
	if (r < 0)
		return r;
	return get_strings(json_object_object_get(object, "initrds"),
			   &request->initrds, error);
}

int fr_payload_request_from_source(const char *source,
				   struct fr_payload_request *ret,
				   struct fr_error *error)
{
	_cleanup_payload_request_ struct fr_payload_request request = { 0 };
	_cleanup_(json_object_putp) json_object *object = NULL;
	int r;

	r = parse_json(source, &object, error);
	if (r < 0)
		return r;
	r = read_members(object, &request, error);
	if (r < 0)
		return r;
	if (!request.entry && !request.uki && !request.kernel)
		return bad_source("it names no kernel", error);
	*ret = request;
	request = (struct fr_payload_request){ 0 };
	return 0;
}

bool fr_payload_source_wipes(const char *source)
{
	_cleanup_(json_object_putp) json_object *object = NULL;
	bool wipes = false;

	if (!*source)
		return false;
	return parse_json(source, &object, NULL) ||
	       get_bool(json_object_object_get(object, "wipe_state"), &wipes,
			NULL) ||
	       wipes;
}
