// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a fuzz target on the inputs that are kept, or on the files named on the
 * command line, and prints TAP like the unit tests: one test, that fails when
 * there is no input or when the program dies.
 */
#include <dirent.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_SIZE_MAX (1 << 20)

extern const char fuzz_program[];
extern const char fuzz_corpus[];
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Runs one input, in memory of its exact size. */
static bool run_file(const char *path)
{
	static uint8_t buffer[INPUT_SIZE_MAX];
	FILE *file = fopen(path, "re");
	uint8_t *input;
	size_t size;

	if (!file)
		return false;
	size = fread(buffer, 1, sizeof(buffer), file);
	fclose(file);
	input = malloc(size ? size : 1);
	if (!input)
		return false;
	memcpy(input, buffer, size);
	LLVMFuzzerTestOneInput(input, size);
	free(input);
	return true;
}

static unsigned int run_corpus(void)
{
	DIR *dir = opendir(fuzz_corpus);
	unsigned int count = 0;
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char path[4096];

		if (*entry->d_name == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", fuzz_corpus,
			 entry->d_name);
		if (!run_file(path)) {
			printf("# can't read %s\n", path);
			closedir(dir);
			return 0;
		}
		count++;
	}
	if (dir)
		closedir(dir);
	return count;
}

/* As cmocka's tests: a pattern without wildcards means "contains". */
static bool is_wanted(const char *name)
{
	const char *only = getenv("ONLY");

	if (!only || !*only)
		return true;
	if (!strpbrk(only, "*?"))
		return strstr(name, only);
	return !fnmatch(only, name, 0);
}

static int replay(void)
{
	unsigned int count;
	char name[64];

	snprintf(name, sizeof(name), "fuzz.%s.replay", fuzz_program);
	if (!is_wanted(name)) {
		puts("1..0");
		return 0;
	}
	puts("1..1");
	fflush(stdout);
	count = run_corpus();
	printf("# %u inputs\n", count);
	printf("%s 1 - %s\n", count ? "ok" : "not ok", name);
	return !count;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return replay();
	for (int i = 1; i < argc; i++)
		if (!run_file(argv[i])) {
			fprintf(stderr, "can't read %s\n", argv[i]);
			return 1;
		}
	return 0;
}
