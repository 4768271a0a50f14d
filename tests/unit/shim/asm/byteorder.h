/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host stand-in for <asm/byteorder.h>, on top of the real userspace header. */
#ifndef _SHIM_ASM_BYTEORDER_H
#define _SHIM_ASM_BYTEORDER_H

#include_next <asm/byteorder.h>
#include <endian.h>

#include <linux/types.h>

#ifdef __CHECKER__
#define __force __attribute__((force))
#else
#define __force
#endif

static inline __le16 cpu_to_le16(u16 value)
{
	return (__force __le16)htole16(value);
}

static inline __le32 cpu_to_le32(u32 value)
{
	return (__force __le32)htole32(value);
}

static inline __le64 cpu_to_le64(u64 value)
{
	return (__force __le64)htole64(value);
}

static inline u16 le16_to_cpu(__le16 value)
{
	return le16toh((__force u16)value);
}

static inline u32 le32_to_cpu(__le32 value)
{
	return le32toh((__force u32)value);
}

static inline u64 le64_to_cpu(__le64 value)
{
	return le64toh((__force u64)value);
}

#endif /* _SHIM_ASM_BYTEORDER_H */
