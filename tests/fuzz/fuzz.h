/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every fuzz target includes. A target is one file, fuzz-<program>.c, with
 * its inputs in corpus/<program>/. The Makefile here builds it with clang's
 * libFuzzer; tests/unit builds it with replay.c, which runs the inputs that are
 * kept.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* For replay.c. */
const char fuzz_program[] = FUZZ_PROGRAM;
const char fuzz_corpus[] = FUZZ_CORPUS;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What has to be true whatever the input; also where assert() is off. */
#define fuzz_require(condition)   \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

#endif
