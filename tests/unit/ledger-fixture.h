/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of the ledger share: an area to hold the two copies, and
 * records to put there. Places and checksums are computed here on their own
 * account, not by the code under test.
 */
#ifndef _LEDGER_FIXTURE_H
#define _LEDGER_FIXTURE_H

#include "unit.h"

#include <linux/errno.h>

#include "ledger.h"

#define COPY_SIZE 65536
#define AREA_SIZE (2 * COPY_SIZE)
#define RECORD_SIZE sizeof(struct fastreboot_ledger)
#define HEADER_SIZE sizeof(struct fastreboot_ledger_header)

u8 *area_get(u8 fill);
int area_load(u8 *area, struct fastreboot_ledger *ret_ledger);
void area_expect(u8 *area, const struct fastreboot_ledger *expected);

struct fastreboot_ledger *record_at(u8 *area, u64 sequence);
void record_seal(void *record, size_t length);
void record_put(u8 *area, const struct fastreboot_ledger *ledger, u64 sequence);

void ledger_make(struct fastreboot_ledger *ledger, struct random *random);
void ledger_change(struct fastreboot_ledger *ledger, struct random *random);
bool ledger_is_sane(const struct fastreboot_ledger *ledger);

#endif /* _LEDGER_FIXTURE_H */
