/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers in files, wherever they lie. */
#ifndef FR_BYTES_H
#define FR_BYTES_H

#include <stdint.h>

static inline uint32_t fr_le16(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8;
}

static inline uint32_t fr_le32(const uint8_t *at)
{
	return fr_le16(at) | fr_le16(at + 2) << 16;
}

static inline uint32_t fr_be32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	       (uint32_t)at[2] << 8 | at[3];
}

#endif
