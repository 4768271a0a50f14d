// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An application that publishes all the time, to be killed at any moment.
 *
 *	state-writer NAME [COUNT]	publish, COUNT times or for ever, and print
 *					"published <generation>" each time
 *	state-writer --check NAME	print "<status> <generation> <good|bad>"
 *
 * The data is a pattern that follows from the generation, so that what is found
 * can be told to be one publication and not a mixture of two.
 */
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fastreboot-state.h>

static const struct fr_state_schema schema = { "writer", 1, 1 };

struct work {
	struct fr_state_object *object;
	struct fr_state_info info;
	uint64_t *data;
	size_t words;
};

static uint64_t pattern(uint64_t generation, size_t i)
{
	return (generation * 0x9e3779b97f4a7c15) ^ (i * 0xbf58476d1ce4e5b9);
}

static void open_object(const char *name, unsigned int flags, struct work *ret)
{
	struct fr_state_error error;
	void *data;

	if (fr_state_open(NULL, name, &schema, flags | FR_STATE_REBUILD,
			  &ret->object, &error) ||
	    fr_state_map(ret->object, &data, NULL, &error))
		errx(1, "%s", error.text);
	fr_state_get_info(ret->object, &ret->info);
	ret->data = data;
	ret->words = ret->info.capacity / sizeof(*ret->data);
}

static bool is_good(const struct work *work)
{
	for (size_t i = 0; i < work->words; i++)
		if (work->data[i] != pattern(work->info.generation, i))
			return false;
	return true;
}

static int check(const char *name)
{
	struct work work;
	bool published;

	open_object(name, 0, &work);
	published = work.info.status == FR_STATE_PUBLISHED;
	printf("%s %llu %s\n", published ? "published" : "writing",
	       (unsigned long long)work.info.generation,
	       !published || is_good(&work) ? "good" : "bad");
	fr_state_close(work.object);
	return 0;
}

static void publish(struct work *work)
{
	struct fr_state_error error;

	if (fr_state_claim(work->object, 0, &error))
		errx(1, "%s", error.text);
	for (size_t i = 0; i < work->words; i++)
		work->data[i] = pattern(work->info.generation + 1, i);
	if (fr_state_publish(work->object, work->words * sizeof(*work->data),
			     FR_STATE_HASH, &error))
		errx(1, "%s", error.text);
	fr_state_get_info(work->object, &work->info);
	printf("published %llu\n", (unsigned long long)work->info.generation);
	fflush(stdout);
}

static int write_on(const char *name, unsigned long count)
{
	struct work work;

	open_object(name, FR_STATE_WRITE, &work);
	if (work.info.status == FR_STATE_PUBLISHED && !is_good(&work))
		errx(1, "%s is not as it was published", name);
	printf("direct %d\n", fr_state_is_direct(work.object));
	for (unsigned long i = 0; !count || i < count; i++)
		publish(&work);
	fr_state_close(work.object);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--check"))
		return check(argv[2]);
	if (argc < 2 || argc > 3)
		errx(2, "usage: state-writer NAME [COUNT] | --check NAME");
	return write_on(argv[1], argc == 3 ? strtoul(argv[2], NULL, 10) : 0);
}
