// SPDX-License-Identifier: GPL-2.0-or-later
/* The headers of a PE file; what is found has to lie within the file. */
#include "fuzz.h"

#include "pe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fr_error error = { 0 };
	struct fr_pe pe;
	int r = fr_pe_parse(data, size, size, "file", &pe, &error);

	if (r < 0) {
		fuzz_require(error.failure == FR_INVALID_PAYLOAD);
		return 0;
	}
	fuzz_require(fr_pe_machine(data, size) == 0xaa64);
	for (int i = 0; i < FR_PE_SECTIONS; i++) {
		const struct fr_pe_section *section = &pe.section[i];

		fuzz_require(section->offset + section->size <= size);
		fuzz_require(section->present ||
			     (!section->offset && !section->size));
	}
	return 0;
}
