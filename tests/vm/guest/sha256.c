// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SHA-256 of files, as FIPS 180-4 has it: the initramfs has no libraries.
 *
 * With the CPU's own instructions, which all of QEMU's models have. Also
 * because the usual way keeps its words in memory: where that page held code of
 * an earlier kernel, QEMU 7.2 takes each store to it for a change of that code,
 * and hashing takes a hundred times as long.
 */
#include <arm_neon.h>
#include <stdio.h>
#include <string.h>

#include "guest.h"

#define BLOCK 64
#define WORDS 8
#define ROUNDS 64

/**
 * struct hash - a hash under way
 * @state: after all whole blocks so far
 * @length: bytes so far
 * @block: what came after the last whole block
 */
struct hash {
	uint32_t state[WORDS];
	uint64_t length;
	uint8_t block[BLOCK];
};

static const uint32_t initial[WORDS] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
	0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static const uint32_t constants[ROUNDS] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
	0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
	0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
	0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/* Words 16 to 63 of a block are made of the 16 before each, four at a time. */
static uint32x4_t next_words(const uint32x4_t *words)
{
	return vsha256su1q_u32(vsha256su0q_u32(words[0], words[1]), words[2],
			       words[3]);
}

static void add_block(uint32_t *state, const uint8_t *block)
{
	uint32x4_t low = vld1q_u32(state), high = vld1q_u32(state + 4);
	uint32x4_t first = low, second = high;
	uint32x4_t words[4];

	for (int i = 0; i < 4; i++)
		words[i] = vreinterpretq_u32_u8(
			vrev32q_u8(vld1q_u8(block + 16 * i)));
	for (int round = 0; round < ROUNDS; round += 4) {
		uint32x4_t sum =
			vaddq_u32(words[0], vld1q_u32(constants + round));
		uint32x4_t before = low, next = next_words(words);

		low = vsha256hq_u32(low, high, sum);
		high = vsha256h2q_u32(high, before, sum);
		words[0] = words[1];
		words[1] = words[2];
		words[2] = words[3];
		words[3] = next;
	}
	vst1q_u32(state, vaddq_u32(low, first));
	vst1q_u32(state + 4, vaddq_u32(high, second));
}

static void add(void *context, const uint8_t *data, size_t size)
{
	struct hash *hash = context;

	while (size) {
		size_t used = hash->length % BLOCK, take = BLOCK - used;

		if (take > size)
			take = size;
		if (take == BLOCK) {
			add_block(hash->state, data);
		} else {
			memcpy(hash->block + used, data, take);
			if (used + take == BLOCK)
				add_block(hash->state, hash->block);
		}
		hash->length += take;
		data += take;
		size -= take;
	}
}

/* The padding: a bit, zeros up to the end of a block, the length in bits. */
static void finish(struct hash *hash)
{
	static const uint8_t padding[BLOCK] = { 0x80 };
	uint64_t bits = hash->length * 8;
	size_t used = hash->length % BLOCK;
	uint8_t length[8];

	add(hash, padding, (used < BLOCK - 8 ? BLOCK : 2 * BLOCK) - 8 - used);
	for (int i = 0; i < 8; i++)
		length[i] = bits >> (56 - 8 * i);
	add(hash, length, sizeof(length));
}

/* sha256 PATH [offset=N] [length=N] */
int command_sha256(char **args)
{
	uint64_t offset = 0, length = UINT64_MAX;
	char text[8 * WORDS + 1];
	struct hash hash = { 0 };
	int error;

	memcpy(hash.state, initial, sizeof(initial));
	error = option_number(args + 1, "offset", &offset)	   ?:
			option_number(args + 1, "length", &length) ?:
			read_each(args[0], offset, length, add, &hash);
	if (error)
		return error;
	finish(&hash);
	for (int i = 0; i < WORDS; i++)
		sprintf(text + 8 * i, "%08x", hash.state[i]);
	out("%s", text);
	return 0;
}
