// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Counts the instructions of a blackout: a plugin of QEMU's TCG.
 *
 * It counts from the first instruction of one function, which the old kernel
 * runs when a program calls reboot(2), to the first instruction of the next
 * kernel's init, in two ways:
 *
 *   by function: how many each has executed, on which CPU. A kernel runs at its
 *   virtual addresses, but for a few instructions before its MMU is on; then it
 *   is found by where it lies in memory.
 *
 *   by step: what the kernel was about, whoever worked on it. Some functions,
 *   the callers, do little themselves but call one step after the other:
 *   start_kernel(), do_one_initcall(). A step begins with the first instruction
 *   of a function that follows one of a caller, and it lasts until the next
 *   instruction of a caller. Interrupts and other CPUs count for the step that
 *   is under way, which is what a step costs the blackout.
 *
 * Instructions are what -icount makes the clock of, on all CPUs together. While
 * all CPUs are idle it jumps to the next timer; that is not counted.
 *
 * Arguments: symbols=FILE (lines "<address> <name>", hexadecimal, ascending;
 * a name that starts with '+' is a caller's), text=ADDRESS (virtual, of the
 * kernel), base=ADDRESS (physical, of a kernel; up to 4), begin=ADDRESS,
 * end=ADDRESS, out=FILE. profiling.py reads what it writes:
 *
 *	total <instructions>
 *	function <name> <instructions of CPU 0> <of CPU 1> ...
 *	step <name> <instructions>
 *
 * QEMU's header is not in its packages, so that what is used of it is declared
 * here: docs/devel/tcg-plugins.rst. Version 1 is that of QEMU 4.2 to 8.2,
 * version 2 of those after it; what is used here has not changed.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef PLUGIN_VERSION
#define PLUGIN_VERSION 1
#endif

#define EXPORT __attribute__((visibility("default")))
#define CPUS_MAX 8
#define BASES_MAX 4
#define SYMBOLS_MAX 200000
/* The virt machine's memory begins here; below it is what init runs at. */
#define MEMORY 0x40000000UL
#define MEMORY_END (MEMORY + (64UL << 30))
#define KERNEL_HALF 0xff00000000000000UL

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info_t;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
typedef uint64_t qemu_plugin_id_t;

void qemu_plugin_register_vcpu_tb_trans_cb(
	qemu_plugin_id_t id,
	void (*callback)(qemu_plugin_id_t id, struct qemu_plugin_tb *block));
void qemu_plugin_register_vcpu_insn_exec_cb(
	struct qemu_plugin_insn *instruction,
	void (*callback)(unsigned int cpu, void *data),
	enum qemu_plugin_cb_flags flags, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *
qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *instruction);

EXPORT int qemu_plugin_version = PLUGIN_VERSION;
EXPORT int qemu_plugin_install(qemu_plugin_id_t id,
			       const struct qemu_info_t *info, int argc,
			       char **argv);

/**
 * struct function - a function, or what is no function of a kernel
 * @start: virtual address
 * @name: may be there more than once
 * @caller: does it call steps?
 * @counts: instructions, by CPU
 * @step: instructions while it was the step
 */
struct function {
	uint64_t start;
	char name[80];
	bool caller;
	uint64_t counts[CPUS_MAX];
	uint64_t step;
};

/**
 * struct place - an instruction, as often as QEMU has translated it
 * @function: that it is in
 * @first: is it the first one of it?
 * @begin: does the counting begin with it?
 * @end: does it end here?
 */
struct place {
	struct function *function;
	bool first;
	bool begin;
	bool end;
};

static struct function *functions;
static size_t function_count;
static struct function user = { .name = "[user space]" };
static struct function outside = { .name = "[relocation, purgatory]" };
static struct function unknown = { .name = "[kernel, unknown]" };

static uint64_t text, bases[BASES_MAX], begin, end;
static size_t base_count;
static const char *symbols_path, *out_path;

static bool counting;
static uint64_t total;
static struct function *step = &unknown;
static struct function *last[CPUS_MAX];

static struct function *find_virtual(uint64_t address)
{
	size_t low = 0, high = function_count;

	if (!high || address < functions[0].start)
		return &unknown;
	while (high - low > 1) {
		size_t middle = (low + high) / 2;

		if (functions[middle].start <= address)
			low = middle;
		else
			high = middle;
	}
	return &functions[low];
}

/* Virtual address of code that runs at its physical address; 0: no kernel's. */
static uint64_t to_virtual(uint64_t address)
{
	uint64_t size = functions[function_count - 1].start - text;

	for (size_t i = 0; i < base_count; i++)
		if (address >= bases[i] && address - bases[i] < size)
			return address - bases[i] + text;
	return 0;
}

static void locate(uint64_t address, struct place *place)
{
	uint64_t at = address;

	if (address < KERNEL_HALF)
		at = to_virtual(address);
	if (at)
		place->function = find_virtual(at);
	else if (address >= MEMORY && address < MEMORY_END)
		place->function = &outside;
	else
		place->function = &user;
	place->first = place->function->start == at;
	place->begin = address == begin;
	place->end = address == end;
}

static void write_one(FILE *out, const struct function *function)
{
	uint64_t sum = 0;

	for (int cpu = 0; cpu < CPUS_MAX; cpu++)
		sum += function->counts[cpu];
	if (sum) {
		fprintf(out, "function %s", function->name);
		for (int cpu = 0; cpu < CPUS_MAX; cpu++)
			fprintf(out, " %llu",
				(unsigned long long)function->counts[cpu]);
		fprintf(out, "\n");
	}
	if (function->step)
		fprintf(out, "step %s %llu\n", function->name,
			(unsigned long long)function->step);
}

static void write_all(void)
{
	FILE *out = fopen(out_path, "w");

	if (!out)
		return;
	fprintf(out, "total %llu\n", (unsigned long long)total);
	for (size_t i = 0; i < function_count; i++)
		write_one(out, &functions[i]);
	write_one(out, &user);
	write_one(out, &outside);
	write_one(out, &unknown);
	fclose(out);
}

static void follow_steps(unsigned int cpu, const struct place *place)
{
	struct function *before = last[cpu];

	last[cpu] = place->function;
	if (place->function->caller ||
	    (place->first && before && before->caller))
		step = place->function;
}

static void executed(unsigned int cpu, void *data)
{
	const struct place *place = data;

	if (place->begin && !total)
		counting = true;
	if (!counting)
		return;
	if (place->end) {
		counting = false;
		write_all();
		return;
	}
	follow_steps(cpu % CPUS_MAX, place);
	place->function->counts[cpu % CPUS_MAX]++;
	step->step++;
	total++;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
	size_t count = qemu_plugin_tb_n_insns(block);
	/* Never freed: QEMU does not say when a translation is thrown away. */
	struct place *places = calloc(count, sizeof(*places));

	(void)id;
	for (size_t i = 0; places && i < count; i++) {
		struct qemu_plugin_insn *instruction =
			qemu_plugin_tb_get_insn(block, i);

		locate(qemu_plugin_insn_vaddr(instruction), &places[i]);
		qemu_plugin_register_vcpu_insn_exec_cb(instruction, executed,
						       QEMU_PLUGIN_CB_NO_REGS,
						       &places[i]);
	}
}

static int read_symbols(void)
{
	FILE *file = fopen(symbols_path, "r");
	unsigned long long address;
	char name[80];

	functions = calloc(SYMBOLS_MAX, sizeof(*functions));
	if (!file || !functions)
		return -1;
	while (function_count < SYMBOLS_MAX &&
	       fscanf(file, "%llx %79s", &address, name) == 2) {
		struct function *function = &functions[function_count++];

		function->start = address;
		function->caller = name[0] == '+';
		strcpy(function->name, name + function->caller);
	}
	fclose(file);
	return function_count ? 0 : -1;
}

static int take_argument(const char *argument)
{
	const char *value = strchr(argument, '=');
	size_t length;

	if (!value)
		return -1;
	length = value++ - argument;
	if (!strncmp(argument, "symbols", length))
		symbols_path = value;
	else if (!strncmp(argument, "out", length))
		out_path = value;
	else if (!strncmp(argument, "text", length))
		text = strtoull(value, NULL, 16);
	else if (!strncmp(argument, "begin", length))
		begin = strtoull(value, NULL, 16);
	else if (!strncmp(argument, "end", length))
		end = strtoull(value, NULL, 16);
	else if (!strncmp(argument, "base", length) && base_count < BASES_MAX)
		bases[base_count++] = strtoull(value, NULL, 16);
	else
		return -1;
	return 0;
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info_t *info,
			int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (take_argument(argv[i])) {
			fprintf(stderr, "plugin: what is %s?\n", argv[i]);
			return -1;
		}
	}
	if (!symbols_path || !out_path || read_symbols()) {
		fprintf(stderr, "plugin: no symbols, or no place to write\n");
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
