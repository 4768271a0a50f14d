/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of libfastreboot-state share: a folder that stands for the state
 * volume, and a recorder of stores that knows what a machine that goes away may
 * leave of them.
 *
 * The recorder watches one object. What was flushed is durable; of the stores
 * since then, any may be.
 */
#ifndef STATE_FIXTURE_H
#define STATE_FIXTURE_H

#include "unit.h"

#include <stdbool.h>

#include "fastreboot-state.h"
#include "record.h"

/* Program of tests with a state volume, instead of UNIT_MAIN(). */
#define STATE_UNIT_MAIN(tests)                                              \
	int main(void)                                                      \
	{                                                                   \
		unit_prepare();                                             \
		return cmocka_run_group_tests_name(UNIT_PROGRAM, tests,     \
						   state_begin, state_end); \
	}

int state_begin(void **state);
int state_end(void **state);

/* The folder, and the file of an object; both stay. */
const char *state_root(void);
const char *state_file(const char *name);
/* Remove all objects. */
void state_clear(void);

/* An object of this kind, with the schema "test" 1, that must not exist. */
void state_make(const char *name, enum fr_state_kind kind, u64 capacity);
/* Open it to be written, whatever it holds, and map it. */
struct fr_state_object *state_write(const char *name, u8 **ret);
/* Make, publish (hashed) and close. */
void state_publish(const char *name, const void *data, size_t size);

/* Fail unless a call has failed this way, with @part in the text. */
void expect_state_error(int r, int err, const struct fr_state_error *error,
			const char *part);

/* @r is evaluated first: @error is what it has filled. */
#define expect_state_success(r, error)                         \
	do {                                                   \
		int r_ = (r);                                  \
                                                               \
		if (r_)                                        \
			print_message("# %s\n", (error).text); \
		assert_int_equal(r_, 0);                       \
	} while (0)

#define STORES_MAX 4096

/**
 * struct state_store - a store that is not durable
 * @offset: in the file
 * @value: content after
 */
struct state_store {
	u64 offset;
	u64 value;
};

/**
 * struct state_recorder - what is durable of an object, and what is not
 * @durable: content of the file
 * @size: of it
 * @pending: stores in their order
 * @count: of them
 * @before_flush: called before each flush
 */
struct state_recorder {
	u8 *durable;
	size_t size;
	struct state_store pending[STORES_MAX];
	size_t count;
	void (*before_flush)(struct state_recorder *recorder);
};

/* Record what is done to an object from here on. */
void state_record(struct state_recorder *recorder, const char *name);
void state_record_end(struct state_recorder *recorder);

/* A store of the application, 8 bytes, to its mapping. */
void state_store(u64 *at, u64 value);

/* Let a store be durable, or a part of it. */
void state_apply(struct state_recorder *recorder,
		 const struct state_store *store);
void state_tear(struct state_recorder *recorder,
		const struct state_store *store, size_t from, size_t to);

#endif
