/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pool as the kernel shows it: slot 0 runs, slot 1 is sealed. */
#ifndef POOL_FIXTURE_H
#define POOL_FIXTURE_H

#include "pool.h"

#define TEXT(text) ((char *)(text))
#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* Its texts are constants: it is not to be cleared. */
struct fr_pool_status a_pool(void);

#endif
