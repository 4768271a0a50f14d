// SPDX-License-Identifier: GPL-2.0-or-later
#include "pool-fixture.h"

struct fr_pool_status a_pool(void)
{
	return (struct fr_pool_status){
		.present = true,
		.start = 0x60000000,
		.end = 0x6fffffff,
		.error = TEXT(""),
		.boot_reason = TEXT("fast-reboot"),
		.previous_release = TEXT("6.12-a"),
		.source = TEXT("{\"kernel\":\"/b\",\"cmdline\":\"secret\"}"),
		.previous_source = TEXT(""),
		.running = 0,
		.armed = FR_SLOT_NONE,
		.tries = 1,
		.n_slots = 2,
		.slots = { { .number = 0,
			     .status = FR_SLOT_RUNNING,
			     .release = TEXT("6.12-b"),
			     .stale = TEXT("no"),
			     .cmdline = TEXT("secret"),
			     .source = TEXT("") },
			   { .number = 1,
			     .status = FR_SLOT_SEALED,
			     .release = TEXT("6.12-c"),
			     .stale = TEXT("no"),
			     .cmdline = TEXT("secret"),
			     .source = TEXT(
				     "{\"kernel\":\"/c\",\"title\":\"C\","
				     "\"staged_at\":\"2026-11-21T16:00:00Z\"}"),
			     .segments = { { .size = 5,
					     .address = 0x1000,
					     .direct = true,
					     .sha256 = HASH } } } },
	};
}
