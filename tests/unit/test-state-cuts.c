// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An object while it is claimed, written and published, cut at any store: what a
 * machine that goes away may leave is the durable content and any part of the
 * stores since the last flush, in any order. Of a double object it is the old data
 * or the new; of one in place it is the one that is published, or "writing".
 */
#include "state-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/sha.h>

#define NAME "cut"
#define WORDS 24
#define DATA_SIZE (WORDS * sizeof(u64))
#define ROUNDS 200
/* A claim has five at most, a publish four. */
#define FLUSHES 9

/**
 * struct scene - what may be found
 * @recorder: of the stores
 * @random: for the cuts
 * @kind: of the object
 * @data: of the generations that may be found, by generation modulo 2
 * @generation: that is being made; the one before is there
 * @old_is_gone: in place, and the claim has succeeded
 * @found_old, @found_new, @found_writing: how often each was found
 */
static struct scene {
	struct state_recorder recorder;
	struct random random;
	enum fr_state_kind kind;
	u64 data[2][WORDS];
	u64 generation;
	bool old_is_gone;
	unsigned int found_old, found_new, found_writing;
} scene;

static void judge_published(const struct record *record, const u8 *data,
			    const char *what, size_t i)
{
	u8 sha256[32];

	if (record->generation != scene.generation &&
	    record->generation != scene.generation - 1)
		fail_msg("%s %zu: generation %llu", what, i,
			 (unsigned long long)record->generation);
	assert_int_equal(record->size, DATA_SIZE);
	SHA256(data, record->size, sha256);
	if (memcmp(sha256, record->sha256, sizeof(sha256)))
		fail_msg("%s %zu: generation %llu does not verify", what, i,
			 (unsigned long long)record->generation);
	assert_memory_equal(data, scene.data[record->generation % 2],
			    DATA_SIZE);
	if (record->generation == scene.generation)
		scene.found_new++;
	else
		scene.found_old++;
}

/* What the next kernel would find. */
static void judge(const char *what, size_t i)
{
	const u8 *file = scene.recorder.durable;
	struct record record;

	if (record_load(file, &record))
		fail_msg("%s %zu: no record counts", what, i);
	if (record.status == FR_STATE_WRITING) {
		if (scene.kind == FR_STATE_DOUBLE)
			fail_msg("%s %zu: nothing is published", what, i);
		scene.found_writing++;
		return;
	}
	if (scene.old_is_gone && record.generation != scene.generation)
		fail_msg("%s %zu: data that is written to is published", what,
			 i);
	judge_published(&record,
			file + OBJECT_HEADER_SIZE +
				record.area * OBJECT_ALIGNMENT,
			what, i);
}

static void revert(const u8 *was)
{
	memcpy(scene.recorder.durable, was, scene.recorder.size);
}

static void cut_after_each(struct state_recorder *recorder)
{
	judge("before store", 0);
	for (size_t i = 0; i < recorder->count; i++) {
		for (size_t at = 1; at < 8; at++) {
			state_tear(recorder, &recorder->pending[i], 0, at);
			judge("in store", i);
		}
		state_apply(recorder, &recorder->pending[i]);
		judge("after store", i);
	}
}

static void one_alone(struct state_recorder *recorder, const u8 *was)
{
	for (size_t i = 0; i < recorder->count; i++) {
		revert(was);
		state_apply(recorder, &recorder->pending[i]);
		judge("only store", i);
	}
}

static void one_missing(struct state_recorder *recorder, const u8 *was)
{
	for (size_t missing = 0; missing < recorder->count; missing++) {
		revert(was);
		for (size_t i = 0; i < recorder->count; i++)
			if (i != missing)
				state_apply(recorder, &recorder->pending[i]);
		judge("missing store", missing);
	}
}

/* Few of them up to most of them. */
static void apply_some(struct state_recorder *recorder)
{
	u32 limit = 1 + random_below(&scene.random, 16);
	bool sparse = random_below(&scene.random, 2);

	for (size_t i = 0; i < recorder->count; i++)
		if (!random_below(&scene.random, limit) == sparse)
			state_apply(recorder, &recorder->pending[i]);
}

static void some(struct state_recorder *recorder, const u8 *was)
{
	for (int i = 0; i < 20; i++) {
		revert(was);
		apply_some(recorder);
		judge("some stores,", (size_t)i);
	}
}

/* Everything that a cut before this flush may leave. */
static void cut_here(struct state_recorder *recorder)
{
	u8 *was = malloc(recorder->size);

	memcpy(was, recorder->durable, recorder->size);
	cut_after_each(recorder);
	one_alone(recorder, was);
	one_missing(recorder, was);
	some(recorder, was);
	revert(was);
	free(was);
}

static void new_data(void)
{
	u64 *data = scene.data[scene.generation % 2];
	const u64 *old = scene.data[(scene.generation - 1) % 2];

	/* Most of it as it was, so that a mixture is easy to come by. */
	for (size_t i = 0; i < WORDS; i++)
		data[i] = random_below(&scene.random, 3) ?
				  old[i] :
				  random_next(&scene.random);
}

/* The application's stores, in some order. */
static void write_data(u8 *to)
{
	const u64 *data = scene.data[scene.generation % 2];
	size_t first = random_below(&scene.random, WORDS);

	for (size_t i = 0; i < WORDS; i++) {
		size_t at = (first + i) % WORDS;

		/* One that is stored twice has a value in between. */
		if (!random_below(&scene.random, 4))
			state_store((u64 *)to + at, random_next(&scene.random));
		state_store((u64 *)to + at, data[at]);
	}
}

/* One generation: claim, write, publish. */
static void advance(struct fr_state_object *object, u8 *data, bool copy)
{
	struct fr_state_error error = { "" };

	scene.old_is_gone = false;
	new_data();
	expect_state_success(fr_state_claim(object, copy ? 0 : FR_STATE_NO_COPY,
					    &error),
			     error);
	scene.old_is_gone = scene.kind == FR_STATE_IN_PLACE;
	write_data(data);
	cut_here(&scene.recorder);
	expect_state_success(fr_state_publish(object, DATA_SIZE, FR_STATE_HASH,
					      &error),
			     error);
	scene.old_is_gone = false;
	cut_here(&scene.recorder);
}

static void set_scene(enum fr_state_kind kind, u64 seed)
{
	memset(&scene, 0, sizeof(scene));
	scene.random.state = seed;
	scene.kind = kind;
	scene.recorder.before_flush = cut_here;
	for (size_t i = 0; i < WORDS; i++)
		scene.data[1][i] = random_next(&scene.random);
	scene.generation = 1;
	state_clear();
	state_make(NAME, kind, DATA_SIZE);
	state_publish(NAME, scene.data[1], DATA_SIZE);
}

static void cut_everywhere(enum fr_state_kind kind, u64 seed)
{
	unsigned int rounds = unit_rounds(10);
	struct fr_state_object *object;
	u8 *data;

	set_scene(kind, seed);
	object = state_write(NAME, &data);
	state_record(&scene.recorder, NAME);
	for (unsigned int i = 0; i < rounds; i++) {
		scene.generation++;
		advance(object, data, i % 2);
	}
	state_record_end(&scene.recorder);
	fr_state_close(object);
	assert_true(scene.found_old && scene.found_new);
	assert_int_equal(!scene.found_writing, kind == FR_STATE_DOUBLE);
}

static void double_old_or_new(void **state)
{
	cut_everywhere(FR_STATE_DOUBLE, 1);
}

static void in_place_new_or_writing(void **state)
{
	cut_everywhere(FR_STATE_IN_PLACE, 2);
}

/* Stop the machine once, before one of the flushes that come. */
static unsigned int flushes_left;
static u8 left_behind[OBJECT_HEADER_SIZE + 2 * OBJECT_ALIGNMENT];

static void cut_once(struct state_recorder *recorder)
{
	static u8 was[sizeof(left_behind)];

	if (flushes_left-- != 1)
		return;
	memcpy(was, recorder->durable, recorder->size);
	apply_some(recorder);
	memcpy(left_behind, recorder->durable, recorder->size);
	memcpy(recorder->durable, was, recorder->size);
}

/* The machine comes back with what was left. */
static void come_back(size_t size)
{
	int fd = open(state_file(NAME), O_WRONLY | O_CLOEXEC);

	assert_int_equal(pwrite(fd, left_behind, size, 0), size);
	close(fd);
}

static u64 generation_now(void)
{
	struct fr_state_error error = { "" };
	struct fr_state_object *object;
	struct fr_state_info info;
	u8 *data;

	object = state_write(NAME, &data);
	fr_state_get_info(object, &info);
	if (info.status == FR_STATE_PUBLISHED) {
		assert_memory_equal(data, scene.data[info.generation % 2],
				    DATA_SIZE);
		expect_state_success(fr_state_verify(state_root(), NAME, NULL,
						     &error),
				     error);
	} else {
		assert_int_equal(scene.kind, FR_STATE_IN_PLACE);
		assert_int_equal(fr_state_verify(state_root(), NAME, NULL,
						 &error),
				 -ESTALE);
	}
	fr_state_close(object);
	return info.generation;
}

/* A machine that dies in publish after publish, and goes on with what is left. */
static void cut_after_cut(enum fr_state_kind kind, u64 seed)
{
	unsigned int rounds = unit_rounds(ROUNDS);
	struct fr_state_error error = { "" };

	set_scene(kind, seed);
	scene.recorder.before_flush = cut_once;
	for (unsigned int i = 0; i < rounds; i++) {
		struct fr_state_object *object;
		size_t size;
		u8 *data;

		scene.generation = generation_now() + 1;
		new_data();
		object = state_write(NAME, &data);
		state_record(&scene.recorder, NAME);
		size = scene.recorder.size;
		flushes_left = 1 + random_below(&scene.random, FLUSHES);
		fr_state_claim(object, FR_STATE_NO_COPY, &error);
		write_data(data);
		fr_state_publish(object, DATA_SIZE, FR_STATE_HASH, &error);
		state_record_end(&scene.recorder);
		fr_state_close(object);
		if (flushes_left > FLUSHES) /* it has counted past 0 */
			come_back(size);
	}
	assert_true(generation_now() > 1);
}

static void double_cut_after_cut(void **state)
{
	cut_after_cut(FR_STATE_DOUBLE, 3);
}

static void in_place_cut_after_cut(void **state)
{
	cut_after_cut(FR_STATE_IN_PLACE, 4);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(double_old_or_new),
	UNIT_TEST(in_place_new_or_writing),
	UNIT_TEST(double_cut_after_cut),
	UNIT_TEST(in_place_cut_after_cut),
};
STATE_UNIT_MAIN(tests)
