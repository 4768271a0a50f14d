/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest: process 1 of a test machine. It does what the harness tells it
 * over the console, one command a line, and reports what came of it. main.c
 * describes the conversation.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a line, of input or output; a /dev/kmsg record takes no more. */
#define LINE_SIZE 900
/* Bytes of a command line from the harness. */
#define INPUT_SIZE 8192
#define ARGUMENTS_MAX 32

#define FASTREBOOT "/sys/kernel/fastreboot"

/**
 * struct command - what the harness can ask for
 * @name: first word of the command
 * @usage: the other words, for "list" and for complaints
 * @least: number of arguments that it needs
 * @run: does it; @args is NULL-terminated and starts after the name. Returns
 *	0, or a negative errno and has then called fail() to say what failed
 */
struct command {
	const char *name;
	const char *usage;
	int least;
	int (*run)(char **args);
};

/* commands.c: all commands, the last without a name */
extern const struct command commands[];
int run_command(char **args);

/* talk.c */
void talk_open(void);
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void answer_to(const char *id);
void out(const char *format, ...) __attribute__((format(printf, 1, 2)));
int fail(int error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
const char *failure(void);
void answer(int error);
bool read_input(char *line, size_t size);

/* words.c */
int split_words(char *line, char **ret_words, int max);
size_t unescape(char *text);
const char *option(char **args, const char *name);
int option_number(char **args, const char *name, uint64_t *value);
int parse_number(const char *text, uint64_t *ret_value);

/* mounts.c */
void mount_all(void);

/* facts.c */
void say_ready(void);

/* files.c */
int read_text(const char *path, char *text, size_t size);
int write_text(const char *path, const void *data, size_t size);
int stream_file(const char *from, const char *to);
int read_each(const char *path, uint64_t offset, uint64_t length,
	      void (*each)(void *context, const uint8_t *data, size_t size),
	      void *context);
int command_read(char **args);
int command_mode(char **args);
int command_write(char **args);
int command_write_repeat(char **args);
int command_stream(char **args);
int command_zeros(char **args);
int command_hex(char **args);
int command_await(char **args);
int command_appear(char **args);

/* sha256.c */
int command_sha256(char **args);

/* slots.c */
int command_stage(char **args);
int command_arm(char **args);

/* memory.c */
int command_peek(char **args);
int command_poke(char **args);
int command_poke_hex(char **args);
int command_flip(char **args);
int command_wild_write(char **args);

/* kexec.c */
int command_reboot(char **args);
int command_kexec_file_load(char **args);
int command_kexec_unload(char **args);
int command_kexec_load_at(char **args);

/* processes.c */
int command_without_capability(char **args);
int command_parallel(char **args);
int command_spin(char **args);
int command_load(char **args);

/* faults.c */
int command_fail_nth(char **args);
int command_make_it_fail(char **args);
int command_fetch(char **args);
int command_leaks(char **args);
int command_page_owners(char **args);

/* bench.c */
extern uint64_t bench_begin;
int command_copy(char **args);
int command_counted_reboot(char **args);
int command_punctual_reboot(char **args);
int command_timed(char **args);
int command_lowest(char **args);
int command_lines(char **args);

/* script.c */
void run_script(void (*obey)(char *line));

/* programs.c */
int command_run(char **args);

#endif /* GUEST_H */
