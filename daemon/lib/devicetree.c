// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A flattened device tree is a header, and three blocks that it has the offsets of:
 *
 *	reserved memory		pairs of 64-bit address and size, the last one zeros
 *	structure		tokens of 32 bits, with what belongs to each
 *	strings			names of properties, each with a NUL behind it
 *
 * All numbers are big-endian. Nothing is read behind a check of its bounds that has
 * failed: a position is only moved by what is known to be there.
 */
#include "devicetree.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "bytes.h"

#define MAGIC 0xd00dfeed
#define HEADER_SIZE 40
#define RESERVED_SIZE 16
#define VERSION_FIRST 16
#define VERSION_LAST 17

/* Offsets in the header */
enum {
	TOTAL_SIZE = 4,
	STRUCTURE = 8,
	STRINGS = 12,
	RESERVED = 16,
	VERSION = 20,
	COMPATIBLE_VERSION = 24,
	STRINGS_SIZE = 32,
	STRUCTURE_SIZE = 36, /* from version 17 on */
};

enum { BEGIN_NODE = 1, END_NODE, PROPERTY, NOTHING, END = 9 };

struct block {
	const uint8_t *data;
	size_t size;
};

/* A walk through the structure */
struct walk {
	struct block structure;
	struct block strings;
	size_t at;
	unsigned int depth;
	bool has_root;
};

static bool is_within(const struct block *tree, uint64_t offset, uint64_t size)
{
	return offset >= HEADER_SIZE && offset <= tree->size &&
	       size <= tree->size - offset;
}

static const char *check_header(const uint8_t *data, size_t size)
{
	if (size < HEADER_SIZE || fr_be32(data) != MAGIC)
		return "it has no header";
	if (fr_be32(data + TOTAL_SIZE) < HEADER_SIZE ||
	    fr_be32(data + TOTAL_SIZE) > size)
		return "it is cut off";
	if (fr_be32(data + VERSION) < VERSION_FIRST ||
	    fr_be32(data + COMPATIBLE_VERSION) > VERSION_LAST ||
	    fr_be32(data + COMPATIBLE_VERSION) > fr_be32(data + VERSION))
		return "its version is not 16 or 17";
	return NULL;
}

static const char *check_reserved(const struct block *tree)
{
	static const uint8_t last[RESERVED_SIZE];
	uint64_t at = fr_be32(tree->data + RESERVED);

	if (at % 8)
		return "its reserved memory is not aligned";
	for (; is_within(tree, at, RESERVED_SIZE); at += RESERVED_SIZE)
		if (!memcmp(tree->data + at, last, RESERVED_SIZE))
			return NULL;
	return "its reserved memory has no end";
}

static const char *find_blocks(const struct block *tree, struct walk *walk)
{
	uint32_t structure = fr_be32(tree->data + STRUCTURE);
	uint32_t strings = fr_be32(tree->data + STRINGS);
	uint32_t strings_size = fr_be32(tree->data + STRINGS_SIZE);
	uint32_t size = fr_be32(tree->data + STRUCTURE_SIZE);

	if (fr_be32(tree->data + VERSION) < VERSION_LAST)
		size = structure < tree->size ? tree->size - structure : 0;
	if (structure % 4 || !is_within(tree, structure, size))
		return "its structure is not in it";
	if (!is_within(tree, strings, strings_size))
		return "its strings are not in it";
	walk->structure = (struct block){ tree->data + structure, size };
	walk->strings = (struct block){ tree->data + strings, strings_size };
	return NULL;
}

/* Go on by what belongs to a token, with what aligns the next one. */
static bool skip(struct walk *walk, uint64_t size)
{
	size = (size + 3) & ~3ULL;
	if (size > walk->structure.size - walk->at)
		return false;
	walk->at += size;
	return true;
}

static bool take_word(struct walk *walk, uint32_t *ret)
{
	const uint8_t *word = walk->structure.data + walk->at;

	if (!skip(walk, 4))
		return false;
	*ret = fr_be32(word);
	return true;
}

static const char *begin_node(struct walk *walk)
{
	const uint8_t *name = walk->structure.data + walk->at;
	const uint8_t *end =
		memchr(name, '\0', walk->structure.size - walk->at);

	if (!walk->depth && walk->has_root)
		return "it has two roots";
	if (!end || !skip(walk, (uint64_t)(end - name) + 1))
		return "a node has no name";
	walk->has_root = true;
	walk->depth++;
	return NULL;
}

static const char *check_property(struct walk *walk)
{
	const struct block *strings = &walk->strings;
	uint32_t size, name;

	if (!walk->depth)
		return "a property is in no node";
	if (!take_word(walk, &size) || !take_word(walk, &name) ||
	    !skip(walk, size))
		return "a property goes beyond its end";
	if (name >= strings->size ||
	    !memchr(strings->data + name, '\0', strings->size - name))
		return "a property has no name";
	return NULL;
}

static const char *check_token(struct walk *walk, uint32_t token)
{
	switch (token) {
	case BEGIN_NODE:
		return begin_node(walk);
	case END_NODE:
		return walk->depth-- ? NULL : "a node ends that has not begun";
	case PROPERTY:
		return check_property(walk);
	case NOTHING:
		return NULL;
	}
	return "it has something that is no node and no property";
}

static const char *check_structure(struct walk *walk)
{
	uint32_t token;

	while (take_word(walk, &token)) {
		const char *why;

		if (token == END)
			return walk->has_root && !walk->depth ?
				       NULL :
				       "it ends within a node";
		why = check_token(walk, token);
		if (why)
			return why;
	}
	return "its structure has no end";
}

static const char *find_fault(const uint8_t *data, size_t size)
{
	const char *why = check_header(data, size);
	struct walk walk = { 0 };
	struct block tree;

	if (why)
		return why;
	tree = (struct block){ data, fr_be32(data + TOTAL_SIZE) };
	why = check_reserved(&tree);
	if (!why)
		why = find_blocks(&tree, &walk);
	return why ?: check_structure(&walk);
}

int fr_devicetree_check(const void *data, size_t size, const char **ret_why)
{
	const char *why = find_fault(data, size);

	if (!why)
		return 0;
	*ret_why = why;
	return -EINVAL;
}
