// SPDX-License-Identifier: GPL-2.0-or-later
/* A declaration of schemas; what was understood is understood again. */
#include "fuzz.h"

#include <string.h>

#include "schemas.h"

static void check_again(const struct fr_schemas *schemas)
{
	struct fr_schemas again;
	char *text;

	if (fr_schemas_format(schemas, &text) < 0)
		return;
	fuzz_require(
		!fr_schemas_parse(text, strlen(text), "again", &again, NULL));
	fuzz_require(again.count == schemas->count);
	fuzz_require(!again.count ||
		     !memcmp(again.list, schemas->list,
			     again.count * sizeof(*again.list)));
	fr_schemas_done(&again);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fr_error error = { 0 };
	struct fr_schemas schemas;
	int r;

	r = fr_schemas_parse((const char *)data, size, "file", &schemas,
			     &error);
	fuzz_require(r < 0 ? error.failure != FR_OK : error.failure == FR_OK);
	if (r < 0)
		return 0;
	fuzz_require(schemas.declared && schemas.count <= FR_SCHEMAS_MAX);
	for (size_t i = 0; i < schemas.count; i++) {
		const struct fr_schema *schema = &schemas.list[i];

		fuzz_require(*schema->name && schema->min <= schema->max);
		fuzz_require(fr_schemas_understand(&schemas, schema->name,
						   schema->max));
	}
	check_again(&schemas);
	fr_schemas_done(&schemas);
	return 0;
}
