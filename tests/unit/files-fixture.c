// SPDX-License-Identifier: GPL-2.0-or-later
#include "files-fixture.h"

#include <fcntl.h>
#include <ftw.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <openssl/pem.h>

#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

static char folder[64];

int files_begin(void **state)
{
	snprintf(folder, sizeof(folder), "%s/fastreboot-unit-XXXXXX",
		 unit_folder());
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *stat, int kind,
		      struct FTW *walk)
{
	return remove(path);
}

int files_end(void **state)
{
	return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void blob_add(struct blob *blob, const void *data, size_t size)
{
	blob->data = realloc(blob->data, blob->size + size + 1);
	assert_non_null(blob->data);
	if (size)
		memcpy(blob->data + blob->size, data, size);
	blob->size += size;
}

void blob_add_zeros(struct blob *blob, size_t size)
{
	blob->data = realloc(blob->data, blob->size + size + 1);
	assert_non_null(blob->data);
	memset(blob->data + blob->size, 0, size);
	blob->size += size;
}

void blob_put32(struct blob *blob, size_t offset, u32 value)
{
	assert_true(offset + 4 <= blob->size);
	for (int i = 0; i < 4; i++)
		blob->data[offset + i] = (u8)(value >> 8 * i);
}

void blob_free(struct blob *blob)
{
	free(blob->data);
	*blob = (struct blob){ 0 };
}

const char *file_path(const char *name)
{
	static char paths[256][256];
	static unsigned int count;
	char path[256];

	if (!*name)
		snprintf(path, sizeof(path), "%s", folder);
	else
		assert_true(snprintf(path, sizeof(path), "%s/%s", folder,
				     name) < (int)sizeof(path));
	for (unsigned int i = 0; i < count; i++)
		if (!strcmp(paths[i], path))
			return paths[i];
	assert_true(count < ARRAY_SIZE(paths));
	return strcpy(paths[count++], path);
}

/* Make the folders that a file lies in. */
static void make_parents(const char *path)
{
	char copy[256];

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *c = copy + strlen(folder) + 1; *c; c++)
		if (*c == '/') {
			*c = '\0';
			mkdir(copy, 0755);
			*c = '/';
		}
}

const char *file_write(const char *name, const void *data, size_t size)
{
	const char *path = file_path(name);
	FILE *file;

	make_parents(path);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
	return path;
}

const char *file_write_text(const char *name, const char *text)
{
	return file_write(name, text, strlen(text));
}

const char *file_write_blob(const char *name, const struct blob *blob)
{
	return file_write(name, blob->data, blob->size);
}

void file_remove(const char *name)
{
	nftw(file_path(name), remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void file_link(const char *target, const char *name)
{
	const char *path = file_path(name);

	make_parents(path);
	assert_int_equal(symlink(target, path), 0);
}

void file_make_folder(const char *name)
{
	const char *path = file_path(name);

	make_parents(path);
	assert_int_equal(mkdir(path, 0755), 0);
}

int file_open(const char *name)
{
	int fd = open(file_path(name), O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* An Image: half of it is noise, half compresses well. */
struct blob make_image(size_t size, u64 seed)
{
	struct random random = { seed };
	struct blob image = { 0 };

	blob_add_zeros(&image, size);
	random_fill(&random, image.data + size / 2, size - size / 2);
	memset(image.data, 'k', size / 2);
	memcpy(image.data, "MZ\0\x91", 4);
	memcpy(image.data + 56, "ARM\x64", 4);
	return image;
}

static struct blob make_gzip(const void *data, size_t size)
{
	struct blob out = { 0 };
	z_stream zlib = { 0 };

	blob_add_zeros(&out, compressBound(size) + 64);
	assert_int_equal(deflateInit2(&zlib, 6, Z_DEFLATED, 16 + MAX_WBITS, 8,
				      Z_DEFAULT_STRATEGY),
			 Z_OK);
	zlib.next_in = (void *)data;
	zlib.avail_in = size;
	zlib.next_out = out.data;
	zlib.avail_out = out.size;
	assert_int_equal(deflate(&zlib, Z_FINISH), Z_STREAM_END);
	out.size = zlib.total_out;
	deflateEnd(&zlib);
	return out;
}

static struct blob make_zstd(const void *data, size_t size)
{
	ZSTD_CCtx *context = ZSTD_createCCtx();
	struct blob out = { 0 };
	size_t n;

	assert_non_null(context);
	blob_add_zeros(&out, ZSTD_compressBound(size));
	/* With a checksum, which the library's simple call leaves out. */
	ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
	n = ZSTD_compress2(context, out.data, out.size, data, size);
	assert_false(ZSTD_isError(n));
	out.size = n;
	ZSTD_freeCCtx(context);
	return out;
}

static struct blob make_xz(const void *data, size_t size)
{
	struct blob out = { 0 };
	size_t n = 0;

	blob_add_zeros(&out, lzma_stream_buffer_bound(size));
	assert_int_equal(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL,
						 data, size, out.data, &n,
						 out.size),
			 LZMA_OK);
	out.size = n;
	return out;
}

struct blob make_compressed(enum fr_stream_kind kind, const void *data,
			    size_t size)
{
	struct blob out = { 0 };

	switch (kind) {
	case FR_STREAM_GZIP:
		return make_gzip(data, size);
	case FR_STREAM_ZSTD:
		return make_zstd(data, size);
	case FR_STREAM_XZ:
		return make_xz(data, size);
	default:
		blob_add(&out, data, size);
		return out;
	}
}

static enum fr_stream_kind zboot_kind(const char *compression)
{
	if (!strncmp(compression, "zstd", 4))
		return FR_STREAM_ZSTD;
	if (!strncmp(compression, "xz", 2))
		return FR_STREAM_XZ;
	return FR_STREAM_GZIP;
}

/* As the kernel's build makes it: header, code, the kernel, its size. */
struct blob make_zboot(const char *compression, const void *data, size_t size,
		       bool size_appended)
{
	const struct section code = { ".text", "code", 4 };
	struct blob packed =
		make_compressed(zboot_kind(compression), data, size);
	struct blob zboot = make_pe(&code, 1);
	size_t at = zboot.size;

	memcpy(zboot.data + 4, "zimg", 4);
	memset(zboot.data + 8, 0, 0x3c - 8);
	memcpy(zboot.data + 24, compression, strlen(compression) + 1);
	blob_add(&zboot, packed.data, packed.size);
	if (size_appended) {
		blob_add_zeros(&zboot, 4);
		blob_put32(&zboot, zboot.size - 4, size);
	}
	blob_put32(&zboot, 8, at);
	blob_put32(&zboot, 12, packed.size + (size_appended ? 4 : 0));
	blob_add(&zboot, "behind", 6);
	blob_free(&packed);
	return zboot;
}

struct blob make_dtb(size_t size)
{
	struct blob dtb = { 0 };

	/* Header; behind it reserved memory, a root with a property, strings */
	const u32 words[] = {
		0xd00dfeed, (u32)size,	56, 92, 40, 17, 16, 0, (u32)size - 92,
		36,	    0,		0,  0,	0,  1,	0,  3, 4,
		0,	    0x01020304, 4,  2,	9
	};

	blob_add_zeros(&dtb, size);
	for (size_t i = 0; i < ARRAY_SIZE(words) * 4; i++)
		dtb.data[i] = (u8)(words[i / 4] >> (24 - 8 * (i % 4)));
	dtb.data[92] = 'p';
	return dtb;
}

static void put16(u8 *at, u32 value)
{
	at[0] = (u8)value;
	at[1] = (u8)(value >> 8);
}

static void add_section(struct blob *pe, size_t table, size_t index,
			const struct section *section)
{
	size_t header = table + 40 * index;
	size_t aligned = (section->size + 511) & ~(size_t)511;
	size_t at = pe->size;

	blob_add(pe, section->data, section->size);
	blob_add_zeros(pe, aligned - section->size);
	strncpy((char *)pe->data + header, section->name, 8);
	blob_put32(pe, header + 8, section->size);
	blob_put32(pe, header + 16, aligned);
	blob_put32(pe, header + 20, at);
}

static struct blob begin_pe(size_t table, size_t count)
{
	struct blob pe = { 0 };

	blob_add_zeros(&pe, (table + 40 * count + 511) & ~(size_t)511);
	memcpy(pe.data, "MZ", 2);
	blob_put32(&pe, 0x3c, PE_COFF);
	memcpy(pe.data + PE_COFF, "PE\0\0", 4);
	put16(pe.data + PE_COFF + 4, 0xaa64);
	put16(pe.data + PE_COFF + 6, count);
	put16(pe.data + PE_COFF + 20, table - PE_COFF - 24);
	put16(pe.data + PE_COFF + 24, 0x20b);
	return pe;
}

struct blob make_pe(const struct section *sections, size_t count)
{
	struct blob pe = begin_pe(PE_TABLE, count);

	for (size_t i = 0; i < count; i++)
		add_section(&pe, PE_TABLE, i, &sections[i]);
	return pe;
}

struct blob make_signable_pe(const struct section *sections, size_t count)
{
	/* Sixteen data directories. */
	const size_t table = PE_TABLE + 16 * 8;
	struct blob pe = begin_pe(table, count);

	blob_put32(&pe, PE_COFF + 24 + 32, 4096);
	blob_put32(&pe, PE_COFF + 24 + 36, 512);
	blob_put32(&pe, PE_COFF + 24 + 60, pe.size);
	blob_put32(&pe, PE_COFF + 24 + 108, 16);
	for (size_t i = 0; i < count; i++)
		add_section(&pe, table, i, &sections[i]);
	return pe;
}

struct signer {
	char name[32];
	EVP_PKEY *key;
	X509 *certificate;
};

static void add_extension(X509 *certificate, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert_non_null(extension);
	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
}

/* A certificate that is valid for @days from now on; negative: expired. */
static struct signer *make_signer(const char *name, const struct signer *issuer,
				  int days, const char *purpose,
				  const char *usage)
{
	struct signer *signer = calloc(1, sizeof(*signer));
	X509_NAME *subject;

	assert_non_null(signer);
	snprintf(signer->name, sizeof(signer->name), "%s.pem", name);
	signer->key = EVP_EC_gen("P-256");
	signer->certificate = X509_new();
	X509_set_version(signer->certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(signer->certificate),
			 (long)strlen(name) + (issuer ? 100 : 0));
	X509_gmtime_adj(X509_getm_notBefore(signer->certificate),
			-86400L * 1000);
	X509_gmtime_adj(X509_getm_notAfter(signer->certificate), 86400L * days);
	subject = X509_get_subject_name(signer->certificate);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
				   (const u8 *)name, -1, -1, 0);
	X509_set_issuer_name(
		signer->certificate,
		issuer ? X509_get_subject_name(issuer->certificate) : subject);
	X509_set_pubkey(signer->certificate, signer->key);
	add_extension(signer->certificate, NID_basic_constraints,
		      issuer ? "CA:FALSE" : "CA:TRUE");
	if (purpose)
		add_extension(signer->certificate, NID_ext_key_usage, purpose);
	if (usage)
		add_extension(signer->certificate, NID_key_usage, usage);
	assert_true(X509_sign(signer->certificate,
			      issuer ? issuer->key : signer->key,
			      EVP_sha256()) > 0);
	return signer;
}

struct signer *signer_make(const char *name, const struct signer *issuer,
			   int days)
{
	/* Not what OpenSSL wants of a signer of mail. */
	return make_signer(name, issuer, days, issuer ? "codeSigning" : NULL,
			   NULL);
}

struct signer *signer_make_for(const char *name, const struct signer *issuer,
			       const char *purpose, const char *usage)
{
	return make_signer(name, issuer, 1, purpose, usage);
}

struct signer *signer_free(struct signer *signer)
{
	EVP_PKEY_free(signer->key);
	X509_free(signer->certificate);
	free(signer);
	return NULL;
}

const char *signer_key(const struct signer *signer)
{
	char name[64];
	const char *path;
	FILE *file;

	snprintf(name, sizeof(name), "%s.key", signer->name);
	path = file_path(name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(PEM_write_PrivateKey(file, signer->key, NULL, NULL, 0,
					      NULL, NULL),
			 1);
	fclose(file);
	return path;
}

static void add_revoked(X509_CRL *list, X509 *certificate)
{
	X509_REVOKED *entry = X509_REVOKED_new();
	ASN1_TIME *time = X509_gmtime_adj(NULL, -3600);

	X509_REVOKED_set_serialNumber(entry,
				      X509_get_serialNumber(certificate));
	X509_REVOKED_set_revocationDate(entry, time);
	assert_int_equal(X509_CRL_add0_revoked(list, entry), 1);
	ASN1_TIME_free(time);
}

const char *signer_revoke(const struct signer *authority,
			  const struct signer *revoked, const char *name,
			  int days)
{
	X509_CRL *list = X509_CRL_new();
	ASN1_TIME *time = X509_gmtime_adj(NULL, -86400L * 1000);
	const char *path = file_path(name);
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	X509_CRL_set_version(list, 1);
	X509_CRL_set_issuer_name(list,
				 X509_get_subject_name(authority->certificate));
	X509_CRL_set1_lastUpdate(list, time);
	X509_gmtime_adj(time, 86400L * days);
	X509_CRL_set1_nextUpdate(list, time);
	if (revoked)
		add_revoked(list, revoked->certificate);
	X509_CRL_sort(list);
	assert_true(X509_CRL_sign(list, authority->key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_X509_CRL(file, list), 1);
	fclose(file);
	ASN1_TIME_free(time);
	X509_CRL_free(list);
	return path;
}

const char *signer_certificate(const struct signer *signer)
{
	const char *path = file_path(signer->name);
	BIO *bio = BIO_new_file(path, "w");

	assert_non_null(bio);
	assert_int_equal(PEM_write_bio_X509(bio, signer->certificate), 1);
	BIO_free(bio);
	return path;
}

static CMS_ContentInfo *make_cms(const struct signer *signer, BIO *content,
				 enum signature_form form)
{
	const EVP_MD *digest = form == SIGNATURE_SHA1 ? EVP_sha1() :
							EVP_sha256();
	unsigned int flags = CMS_BINARY | CMS_PARTIAL;
	CMS_ContentInfo *cms;

	if (form != SIGNATURE_ATTACHED)
		flags |= CMS_DETACHED;
	if (form == SIGNATURE_WITHOUT_CERTIFICATE)
		flags |= CMS_NOCERTS;
	cms = CMS_sign(NULL, NULL, NULL, content, flags);
	assert_non_null(cms);
	assert_non_null(CMS_add1_signer(cms, signer->certificate, signer->key,
					digest, flags));
	assert_int_equal(CMS_final(cms, content, NULL, flags), 1);
	return cms;
}

const char *signer_sign(const struct signer *signer, const char *name,
			const char *signature, enum signature_form form)
{
	const char *path = file_path(signature);
	BIO *content = BIO_new_file(file_path(name), "r");
	BIO *out = BIO_new_file(path, "w");
	CMS_ContentInfo *cms;

	assert_non_null(content);
	assert_non_null(out);
	cms = make_cms(signer, content, form);
	if (form == SIGNATURE_PEM)
		assert_int_equal(PEM_write_bio_CMS(out, cms), 1);
	else
		assert_int_equal(i2d_CMS_bio(out, cms), 1);
	CMS_ContentInfo_free(cms);
	BIO_free(content);
	BIO_free(out);
	return path;
}

void expect_error(int r, int err, const struct fr_error *error,
		  enum fr_failure failure, const char *part)
{
	if (r != err || error->failure != failure || !strstr(error->text, part))
		print_message("# returned %d, %s: %s\n", r,
			      fr_failure_name(error->failure), error->text);
	assert_int_equal(r, err);
	assert_string_equal(fr_failure_name(error->failure),
			    fr_failure_name(failure));
	assert_non_null(strstr(error->text, part));
}

void expect_ok(int r, const struct fr_error *error)
{
	if (r < 0)
		print_message("# %s\n", error->text);
	assert_true(r >= 0);
}
