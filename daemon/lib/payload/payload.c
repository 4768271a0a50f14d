// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From a request to bytes.
 *
 *	input	an open file, as it was when it was checked
 *	part	a range of an input that becomes (a piece of) a segment, perhaps
 *		decompressed
 *	pass	reading a part once
 *	source	the request as a line of JSON, which the ledger keeps
 *
 * Between check and use
 * ---------------------
 * A file can change after it was checked. What protects against that:
 *
 * - Files are opened once.
 * - When all is written, each file has to have the device, inode, size and
 *   times that it had when it was opened.
 * - Of a bound file, one that a signed manifest or its own signature is about,
 *   every pass reads all bytes, also those that are not handed over, and their
 *   SHA-256 has to be the one that was signed. Headers are read before, and decide which range is the kernel: each
 *   such look is noted, and every pass compares its bytes with the note. So the
 *   decisions too were made from bytes that were signed: an attacker who exchanges
 *   them for the moment of the look, and sets the times back, is found out.
 *
 * All this is known only when a pass has ended, so what went into a slot by then
 * must not be sealed unless fr_payload_write() succeeds.
 *
 * A boot loader entry is not signed: the manifest says what may be in it, and what
 * its command line may be. A UKI that is signed keeps its own.
 *
 * Files of this folder
 * --------------------
 *	payload.c	opens and closes a payload, and answers questions about it
 *	write.c		hands it over
 *	entry.c		finds out what an entry or a kernel consists of
 *	uki.c		the same for a UKI
 *	text.c		checks and sets command line and title
 *	parts.c		checks and adds the pieces of segments
 *	binding.c	says whether files and command line are what was signed
 *	pass.c		reads a part once
 *	input.c		opens files and looks into them
 *	request.c	checks what was asked for
 *	source.c	writes and reads the ledger's line
 *
 * Each uses only those below it, and source.c is used by none.
 */
#include "payload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "binding.h"
#include "cleanup.h"
#include "entry.h"
#include "internal.h"
#include "request.h"
#include "strv.h"
#include "text.h"
#include "uki.h"

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

/* What was verified before needs no certificate, which may have run out. */
static int copy_trust(struct fr_payload *payload,
		      const struct fr_config *config, bool verified)
{
	payload->binding.wanted = *config->trusted_certificates && !verified;
	if (fr_strv_copy(config->trusted_certificates, &payload->certificates) <
	    0)
		return -ENOMEM;
	return fr_strv_copy(config->revocation_lists,
			    &payload->revocation_lists);
}

static int prepare(struct fr_payload *payload, const struct fr_config *config,
		   const struct fr_payload_request *request,
		   struct fr_error *error)
{
	int err;

	payload->max_kernel_size = config->max_kernel_size;
	payload->max_initrd_size = config->max_initrd_size;
	payload->max_root_image_size = config->max_root_image_size;
	if (request_copy(request, &payload->request) < 0 ||
	    copy_trust(payload, config, request->verified) < 0)
		return fr_fail_memory(error);
	err = request_check(request, error);
	if (err < 0)
		return err;
	if ((request->manifest || request->signature) &&
	    !payload->binding.wanted && !request->verified)
		return fr_fail(
			error, FR_SIGNATURE, -ENOKEY,
			"%s can't be checked: TrustedCertificates= in fastreboot.conf names no certificate",
			request->manifest ?: request->signature);
	if (request->cmdline)
		return payload_set_cmdline(payload, request->cmdline, NULL,
					   error);
	return 0;
}

int fr_payload_open(const struct fr_config *config,
		    const struct fr_payload_request *request,
		    struct fr_payload **ret, struct fr_error *error)
{
	_cleanup_payload_ struct fr_payload *payload =
		calloc(1, sizeof(*payload));
	int err;

	if (!payload)
		return fr_fail_memory(error);
	err = prepare(payload, config, request, error);
	if (err < 0)
		return err;
	if (request->entry)
		err = payload_open_entry(payload, config->boot_roots, error);
	else if (request->uki)
		err = payload_open_uki(payload, request->uki, request->initrds,
				       request->devicetree, error);
	else
		err = payload_open_kernel(payload, request->kernel,
					  request->initrds, request->root_image,
					  request->devicetree, error);
	if (err < 0)
		return err;
	err = binding_close(payload, error);
	if (err < 0)
		return err;
	err = payload_complete_cmdline(payload, error);
	if (err < 0)
		return err;
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
	fr_strv_free(payload->revocation_lists);
	binding_done(&payload->binding);
	free(payload->cmdline);
	free(payload->title);
	free(payload);
	return NULL;
}

const char *fr_payload_cmdline(const struct fr_payload *payload)
{
	return payload->cmdline;
}

const char *fr_payload_title(const struct fr_payload *payload)
{
	return payload->title;
}

const char *fr_payload_version(const struct fr_payload *payload)
{
	return payload->binding.version;
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
