// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fastreboot-wipe-state: overwrite the state volume before a payload runs that
 * must not see what is in it.
 *
 * It is needed in two places. `fastreboot commit --now` jumps out of a running
 * system; there fastrebootd has this program run, as a unit or by itself, after
 * the quiesce hooks, and does not jump if it fails. In the orderly way the volume
 * is in use until the last service has ended, long after the daemon; there
 * systemd-shutdown runs the program, with "kexec" as its argument, when all is
 * unmounted, and jumps whatever it returns. So then
 *
 *	- it finds out itself what will be booted: the source of the armed slot,
 *	  which the kernel keeps, says whether it is to wipe;
 *	- before it wipes it takes away what would be jumped to: it disarms the
 *	  slot, and arms it again when the volume is wiped. However the wipe ends,
 *	  be it killed or stuck, systemd-shutdown then falls back to a reset by
 *	  firmware. If it may not even disarm, it resets the machine itself;
 *	- it gives up before systemd-shutdown does, which waits for 90 s.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "cleanup.h"
#include "payload.h"
#include "pool.h"
#include "root.h"
#include "standard-fds.h"
#include "wipe.h"

/* Less than the time that systemd-shutdown gives, with some for arming. */
#define TIMEOUT_SEC 75

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	stop = number;
}

static void catch_signals(void)
{
	const struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
}

#ifdef FR_TESTING
static void reset_machine(void)
{
	fputs("the machine is reset\n", stderr);
}
#else
/* Without sync(2), which a dead file system may keep for ever. */
static void reset_machine(void)
{
	reboot(RB_AUTOBOOT);
}
#endif

/* When the system is down, the kernel's log is what can still be read. */
static void complain(const char *text)
{
	_cleanup_close_ int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	char line[600];

	fprintf(stderr, "fastreboot-wipe-state: %s\n", text);
	snprintf(line, sizeof(line), "<3>fastreboot-wipe-state: %s\n", text);
	if (fd >= 0 && write(fd, line, strlen(line)) < 0)
		return;
}

static int wipe(void)
{
	struct fr_error error = { 0 };

	if (!fr_wipe_state(fr_root(), &stop, &error))
		return EXIT_SUCCESS;
	complain(error.text);
	return EXIT_FAILURE;
}

/*
 * Does the payload that is jumped to want it? So it is assumed if that can't be
 * told. @ret_slot: that is armed, or -1.
 */
static bool is_wanted(int *ret_slot)
{
	_cleanup_pool_status_ struct fr_pool_status pool = { 0 };
	struct fr_error error = { 0 };

	*ret_slot = -1;
	if (fr_pool_read(&pool, &error))
		return error.failure != FR_UNSUPPORTED;
	*ret_slot = pool.armed;
	return pool.armed >= 0 && (size_t)pool.armed < pool.n_slots &&
	       fr_payload_source_wipes(pool.slots[pool.armed].source);
}

/* The volume is wiped: what was armed may be jumped to. */
static int arm_again(int slot)
{
	struct fr_error error = { 0 };

	if (slot < 0) {
		complain("what is armed can't be found out: firmware boots");
		return EXIT_FAILURE;
	}
	if (!fr_pool_arm((unsigned int)slot, &error))
		return EXIT_SUCCESS;
	complain(error.text);
	complain(
		"the payload is not booted, firmware boots instead; the state volume is wiped");
	return EXIT_FAILURE;
}

static int before_jump(void)
{
	struct fr_error error = { 0 };
	int slot;

	if (!is_wanted(&slot))
		return EXIT_SUCCESS;
	if (fr_pool_disarm(&error)) {
		complain(error.text);
		reset_machine();
		return EXIT_FAILURE;
	}
	alarm(TIMEOUT_SEC);
	if (wipe() == EXIT_SUCCESS)
		return arm_again(slot);
	complain(
		"the state volume could not be wiped: the payload is not booted, firmware boots instead");
	return EXIT_FAILURE;
}

/* How the system goes down otherwise: memory is lost, or the same kernel stays. */
static bool is_other_shutdown(const char *word)
{
	static const char *const words[] = { "reboot", "poweroff", "halt",
					     "exit" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(word, words[i]))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	if (fr_standard_fds_init() < 0)
		return EXIT_FAILURE;
	catch_signals();
	if (argc == 1)
		return wipe();
	if (argc == 2 && !strcmp(argv[1], "kexec"))
		return before_jump();
	if (argc == 2 && is_other_shutdown(argv[1]))
		return EXIT_SUCCESS;
	fputs("Usage: fastreboot-wipe-state [kexec | reboot | poweroff | halt | exit]\n",
	      stderr);
	return 2;
}
