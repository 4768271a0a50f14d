// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The whole command against the daemon of fake-daemon.h, on the private socket
 * and on a bus: what it sends, what it prints, how it ends.
 */
#include "unit.h"

#include <json-c/json.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli-fixture.h"
#include "error.h"

static struct cli_run run;

static void expect(const char *line, int status, const char *out,
		   const char *err)
{
	cli_run_line(&run, line);
	if (run.status != status || !strstr(run.out, out) ||
	    !strstr(run.err, err))
		fail_msg("'%s' ended with %d, printed:\n%s%s", line, run.status,
			 run.out, run.err);
}

/* Run it with --json: the result is one line, and nothing goes to stderr. */
static struct json_object *result_of(const char *line, int status)
{
	struct json_object *result;

	expect(line, status, "\n", "");
	assert_string_equal(run.err, "");
	assert_ptr_equal(strchr(run.out, '\n'), run.out + strlen(run.out) - 1);
	result = json_tokener_parse(run.out);
	assert_non_null(result);
	return result;
}

static const char *text_at(struct json_object *object, const char *pointer)
{
	struct json_object *found;

	if (json_pointer_get(object, pointer, &found) < 0)
		fail_msg("no %s in %s", pointer,
			 json_object_to_json_string(object));
	return json_object_get_string(found);
}

static void status(void **state)
{
	expect("status", 0, "Staged  6.12.118-fastreboot-b in slot 1", "");
	expect("", 0, "Running  6.12.117-fastreboot-a in slot 0", "");
}

static void status_as_json(void **state)
{
	struct json_object *result = result_of("status --json", 0);

	assert_string_equal(text_at(result, "/schema"),
			    "org.fastreboot.status/1");
	assert_string_equal(text_at(result, "/slots/1/status"), "sealed");
	json_object_put(result);
}

static void timeline(void **state)
{
	struct json_object *result;

	expect("timeline", 0, "the jump ", "");
	result = result_of("timeline -j", 0);
	assert_string_equal(text_at(result, "/blackout_ns"), "54920123");
	json_object_put(result);
}

static void stage(void **state)
{
	expect("stage good", 0, "6.12.118-b is in slot 1\n", "");
	assert_non_null(strstr(run.out, "kernel    7.5 MiB    direct\n"));
	assert_non_null(strstr(run.out, "overflow: does not fit"));
	assert_non_null(strstr(run.out, "'fastreboot commit' reboots"));
	expect("stage good --dry-run", 0, "Nothing was changed.\n", "");
}

static void stage_sends_what_was_given(void **state)
{
	struct json_object *result = result_of(
		"-j stage --kernel=/k --initrd=/i --initrd=./j --devicetree=/d "
		"--cmdline=quiet --signature=/s --replace",
		0);
	char path[4096 + 16];

	assert_string_equal(text_at(result, "/schema"),
			    "org.fastreboot.result/1");
	assert_string_equal(text_at(result, "/verb"), "stage");
	assert_string_equal(text_at(result, "/result"), "done");
	assert_string_equal(text_at(result, "/exit_status"), "0");
	assert_string_equal(text_at(result, "/details/request/kernel"), "/k");
	assert_string_equal(text_at(result, "/details/request/initrds/0"),
			    "/i");
	assert_non_null(getcwd(path, 4096));
	strcat(path, "/./j");
	assert_string_equal(text_at(result, "/details/request/initrds/1"),
			    path);
	assert_string_equal(text_at(result, "/details/request/devicetree"),
			    "/d");
	assert_string_equal(text_at(result, "/details/request/cmdline"),
			    "quiet");
	assert_string_equal(text_at(result, "/details/request/signature"),
			    "/s");
	assert_string_equal(text_at(result, "/details/request/replace"),
			    "true");
	assert_string_equal(text_at(result, "/details/request/dry_run"),
			    "false");
	json_object_put(result);
}

static void stage_sends_no_more_than_that(void **state)
{
	struct json_object *result = result_of("-j stage --uki=/u", 0);
	struct json_object *request;

	assert_string_equal(text_at(result, "/details/request/uki"), "/u");
	json_pointer_get(result, "/details/request", &request);
	/* the two flags of the options are always there */
	assert_int_equal(json_object_object_length(request), 3);
	json_object_put(result);
}

static void stage_sends_a_root_image(void **state)
{
	struct json_object *result = result_of(
		"-j stage --kernel=/k --root-image=/r --wipe-state", 0);

	assert_string_equal(text_at(result, "/details/request/root_image"),
			    "/r");
	assert_string_equal(text_at(result, "/details/request/wipe_state"),
			    "true");
	json_object_put(result);
}

/* An argument is passed on as it is, and is no option and not divided. */
static void odd_names_are_passed_on(void **state)
{
	static const char *const words[] = {
		"--private", "--json",	   "stage", "--kernel",
		"/a b\n\"c", "--cmdline=", NULL
	};
	struct json_object *result;

	cli_run(&run, words);
	assert_int_equal(run.status, 0);
	result = json_tokener_parse(run.out);
	assert_string_equal(text_at(result, "/details/request/kernel"),
			    "/a b\n\"c");
	assert_string_equal(text_at(result, "/details/request/cmdline"), "");
	json_object_put(result);
}

/* D-Bus has strings of UTF-8 only. */
static void name_that_is_not_utf8(void **state)
{
	static const char *const words[] = { "--private", "stage",
					     "--kernel=/\377", NULL };

	cli_run(&run, words);
	assert_int_equal(run.status, FR_FAILED);
	assert_non_null(strstr(run.err, "can't be passed on"));
}

static void commit(void **state)
{
	expect("commit", 0,
	       "  ok    slot-verified   as sealed\n"
	       "  ok    root-device     /dev/vda\n"
	       "boots 6.12.118-b from slot 0\n",
	       "");
	expect("commit --dry-run 0", 0, "Nothing was changed.\n", "");
}

static void commit_that_is_refused(void **state)
{
	struct json_object *result;

	expect("commit 1", FR_REFUSED,
	       "  FAIL  root-device     UUID=1 is not there\n",
	       "fastreboot: root-device: UUID=1 is not there\n");
	result = result_of("commit 1 --json", FR_REFUSED);
	assert_string_equal(text_at(result, "/result"), "Refused");
	assert_string_equal(text_at(result, "/exit_status"), "4");
	assert_string_equal(text_at(result, "/details/checks/1/ok"), "false");
	json_object_put(result);
	expect("commit 2", FR_NOT_FOUND, "", "there is no such slot");
}

static void commit_sends_what_was_given(void **state)
{
	struct json_object *result =
		result_of("-j commit 0 --now -n --max-blackout=400ms", 0);

	assert_string_equal(text_at(result, "/details/request/now"), "true");
	assert_string_equal(text_at(result, "/details/request/dry_run"),
			    "true");
	assert_string_equal(text_at(result, "/details/request/slot"), "0");
	assert_string_equal(text_at(result,
				    "/details/request/max_blackout_usec"),
			    "400000");
	json_object_put(result);
	result = result_of("-j commit --ignore-inhibitors", 0);
	assert_string_equal(
		text_at(result, "/details/request/ignore_inhibitors"), "true");
	json_object_put(result);
	result = result_of("-j commit", 0);
	assert_string_equal(text_at(result, "/details/request"),
			    "{ \"now\": false, \"dry_run\": false }");
	json_object_put(result);
}

static void verify(void **state)
{
	expect("verify 0", 0, "slot 0 is as sealed\n", "");
	expect("verify 1", FR_VERIFICATION_FAILED, "",
	       "fastreboot: slot 1 has changed\n");
	expect("verify", FR_NOT_STAGED, "", "nothing is staged");
}

static void calls_without_a_job(void **state)
{
	expect("confirm", 0, "The running kernel is confirmed\n", "");
	expect("unstage 0", 0, "The slot is empty\n", "");
	expect("unstage", FR_NOT_STAGED, "", "nothing is staged");
	expect("unstage 5", FR_NOT_FOUND, "", "there is no such slot");
}

static void disarm_without_a_job(void **state)
{
	expect("disarm", 0, "Disarmed: firmware boots the machine", "");
}

static void rollback_has_a_reason(void **state)
{
	static const char *const words[] = { "--private", "rollback",
					     "--reason=the disk is full",
					     NULL };

	cli_run(&run, words);
	assert_string_equal(run.out, "the disk is full\n");
	expect("rollback", 0, "asked for by hand\n", "");
}

/* Each failure has its own exit status, from a call and from a job. */
static void exit_statuses(void **state)
{
	int step = FR_NO_MEMORY / unit_rounds(FR_NO_MEMORY);

	for (int i = 1; i <= FR_NO_MEMORY; i += step) {
		const char *name = fr_failure_name(i);
		char line[64];

		snprintf(line, sizeof(line), "stage refuse-%s", name);
		expect(line, i, "", "fastreboot: the call was made to fail\n");
		snprintf(line, sizeof(line), "stage fail-%s", name);
		expect(line, i, "", "fastreboot: the job was made to fail\n");
		assert_string_equal(run.out, "");
	}
	expect("stage fail-InAWayOfTheFuture", FR_FAILED, "", "made to fail");
	expect("stage refuse-InAWayOfTheFuture", FR_FAILED, "", "made to");
}

static void usage_as_json(void **state)
{
	struct json_object *result = result_of("commit --json --later", 2);

	assert_string_equal(text_at(result, "/result"), "Usage");
	json_object_put(result);
}

static void job_that_ends_before_the_reply(void **state)
{
	expect("stage early", 0, "6.12.118-b is in slot 1\n", "");
}

static void daemon_that_dies(void **state)
{
	expect("stage die", FR_NO_DAEMON, "", "ended before the job did");
	/* the next one is there */
	expect("stage good", 0, "6.12.118-b is in slot 1\n", "");
}

static void interrupt(void **state)
{
	expect("stage interrupt", FR_CANCELLED, "", "it was cancelled\n");
	assert_non_null(strstr(run.err, "Cancelling"));
}

static void interrupt_before_the_reply(void **state)
{
	expect("stage interrupt-early", FR_CANCELLED, "", "it was cancelled");
}

static void interrupt_that_comes_too_late(void **state)
{
	expect("stage interrupt-late", 0, "6.12.118-b is in slot 1\n",
	       "it is sealed already");
}

static void text_that_is_not_utf8(void **state)
{
	expect("stage good --cmdline=quiet\xe9", FR_FAILED, "",
	       "--cmdline can't be passed on: it is not UTF-8");
	expect("stage good --initrd=quiet\xc3\xa9 --initrd=\xe9", FR_FAILED, "",
	       "--initrd can't be passed on: it is not UTF-8");
}

static void second_interrupt(void **state)
{
	expect("stage interrupt-twice", FR_CANCELLED, "",
	       "Not waiting any longer");
}

static void progress_on_a_terminal(void **state)
{
	cli_run_on_terminal(&run, "stage good");
	assert_int_equal(run.status, 0);
	assert_non_null(strstr(run.err, "\rkernel               [=="));
	assert_non_null(strstr(run.err, " 50% 2 MiB of 4 MiB\033[K"));
	/* and it is gone in the end */
	assert_string_equal(run.err + strlen(run.err) - 4, "\r\033[K");
	cli_run_on_terminal(&run, "stage good --no-progress");
	assert_string_equal(run.err, "");
}

static void no_progress_without_a_terminal(void **state)
{
	expect("stage good", 0, "", "");
	assert_string_equal(run.err, "");
}

static void help_and_version(void **state)
{
	expect("--help", 0, "Usage: fastreboot ", "");
	expect("commit --help", 0, "--max-blackout=TIME", "");
	expect("--version", 0, "fastreboot ", "");
}

static void no_daemon(void **state)
{
	const char *socket = getenv("FASTREBOOT_SOCKET");
	char *saved = strdup(socket);
	struct json_object *result;

	setenv("FASTREBOOT_SOCKET", "/nowhere/private", 1);
	expect("status", FR_NO_DAEMON, "", "systemctl start fastrebootd");
	result = result_of("status --json", FR_NO_DAEMON);
	assert_string_equal(text_at(result, "/result"), "NoDaemon");
	json_object_put(result);
	setenv("FASTREBOOT_SOCKET", saved, 1);
	free(saved);
}

/* Without a bus, root gets to the socket by itself, others get a reason. */
static void no_bus(void **state)
{
	static const char *const words[] = { "confirm", NULL };
	char *saved;

	setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/bus", 1);
	cli_run(&run, words);
	if (geteuid() == 0) {
		assert_int_equal(run.status, 0);
		/* Nor a daemon: that is what root can do something about. */
		saved = strdup(getenv("FASTREBOOT_SOCKET"));
		setenv("FASTREBOOT_SOCKET", "/nowhere/private", 1);
		cli_run(&run, words);
		assert_int_equal(run.status, FR_NO_DAEMON);
		assert_non_null(strstr(run.err, "fastrebootd does not run"));
		assert_null(strstr(run.err, "only root"));
		setenv("FASTREBOOT_SOCKET", saved, 1);
		free(saved);
	} else {
		assert_int_equal(run.status, FR_NO_DAEMON);
		assert_non_null(strstr(run.err, "There is no system bus"));
	}
	unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
}

static void full_disk(void **state)
{
	FILE *full = fopen("/dev/full", "we");
	static const char *const words[] = { "--private", "status", NULL };
	char buffer[CLI_OUTPUT_MAX] = "";
	pid_t pid;
	int fds[2];

	assert_non_null(full);
	assert_int_equal(pipe(fds), 0);
	pid = cli_begin_with(words, fileno(full), fds[1]);
	close(fds[1]);
	cli_read_until(fds[0], buffer, "writing the output");
	assert_int_equal(cli_wait(pid), FR_FAILED);
	close(fds[0]);
	fclose(full);
}

static void need_bus(void)
{
	static int started = -1;

	if (started < 0)
		started = cli_start_bus();
	if (!started)
		skip();
}

static void expect_on_bus(const char *verb, const char *argument, int status,
			  const char *text)
{
	const char *const words[] = { verb, argument, NULL };

	cli_run(&run, words);
	if (run.status != status || !strstr(status ? run.err : run.out, text))
		fail_msg("'%s' ended with %d, printed:\n%s%s", verb, run.status,
			 run.out, run.err);
}

static void bus(void **state)
{
	need_bus();
	expect_on_bus("confirm", NULL, 0, "is confirmed");
	expect_on_bus("stage", "good", 0, "6.12.118-b is in slot 1\n");
	expect_on_bus("stage", "early", 0, "6.12.118-b is in slot 1\n");
	expect_on_bus("stage", "fail-TooLarge", FR_TOO_LARGE, "made to fail");
	expect_on_bus("unstage", NULL, FR_NOT_STAGED, "nothing is staged");
}

static void bus_daemon_that_dies(void **state)
{
	need_bus();
	expect_on_bus("stage", "die", FR_NO_DAEMON, "ended before the job did");
	cli_end_bus_daemon();
	if (geteuid() == 0)
		expect_on_bus("confirm", NULL, 0, "is confirmed");
	else
		expect_on_bus("confirm", NULL, FR_NO_DAEMON,
			      "systemctl status fastrebootd");
	cli_start_bus_daemon();
	expect_on_bus("confirm", NULL, 0, "is confirmed");
}

static void monitor_until(int fd, const char *const *wanted)
{
	char buffer[CLI_OUTPUT_MAX] = "";

	for (; *wanted; wanted++)
		cli_read_until(fd, buffer, *wanted);
}

static void monitor(void **state)
{
	static const char *const words[] = { "monitor", NULL };
	int fd;
	pid_t pid;

	need_bus();
	pid = cli_begin(words, &fd);
	monitor_until(fd, (const char *[]){ "watching", NULL });
	expect_on_bus("confirm", NULL, 0, "");
	expect_on_bus("stage", "good", 0, "");
	expect_on_bus("verify", "1", FR_VERIFICATION_FAILED, "");
	cli_end_bus_daemon();
	cli_start_bus_daemon();
	monitor_until(
		fd,
		(const char *[]){
			"Confirmed: true\nGeneration: 3\nRunning: 0\n"
			"BootReason: fast-reboot\n",
			"stage: begins\n  step: kernel\n  step: seal\n"
			"stage done: 6.12.118-b is in slot 1\n",
			"verify failed, VerificationFailed: slot 1 has changed\n",
			"fastrebootd: ended\nfastrebootd: started\n", NULL });
	kill(pid, SIGINT);
	assert_int_equal(cli_wait(pid), 0);
	close(fd);
}

static void monitor_as_json(void **state)
{
	static const char *const words[] = { "monitor", "--json", NULL };
	int fd;
	pid_t pid;

	need_bus();
	pid = cli_begin(words, &fd);
	monitor_until(fd, (const char *[]){ "\"watching\"}\n", NULL });
	expect_on_bus("verify", "1", FR_VERIFICATION_FAILED, "");
	monitor_until(
		fd,
		(const char *[]){
			"{\"schema\":\"org.fastreboot.event/1\",\"event\":\"job-new\","
			"\"job\":\"/org/fastreboot1/job/7\",\"kind\":\"verify\"}\n",
			"\"step\":\"verify\",\"done\":0,\"total\":0}\n",
			"\"result\":\"VerificationFailed\","
			"\"message\":\"slot 1 has changed\",\"details\":{}}\n",
			NULL });
	kill(pid, SIGTERM);
	assert_int_equal(cli_wait(pid), 0);
	close(fd);
}

/* Without an event, and with its first one. */
static void monitor_without_a_reader(void **state)
{
	static const char *const words[] = { "monitor", NULL };
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	char text[CLI_OUTPUT_MAX] = "";
	int fds[2];
	pid_t pid;

	need_bus();
	/* Not a pipe: the program has a copy of its other end. */
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	pid = cli_begin_with(words, fds[1], fds[1]);
	monitor_until(fds[0], (const char *[]){ "watching", NULL });
	assert_int_equal(shutdown(fds[0], SHUT_RDWR), 0);
	assert_int_equal(cli_wait(pid), FR_FAILED);
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = cli_begin_with(words, full, fds[1]);
	close(fds[1]);
	cli_read_until(fds[0], text, "No space left on device");
	assert_int_equal(cli_wait(pid), FR_FAILED);
	close(fds[0]);
	close(full);
}

/* The last one: the daemon is gone behind it. */
static void monitor_of_a_daemon_that_ends(void **state)
{
	static const char *const words[] = { "monitor", "--private", NULL };
	int fd;
	pid_t pid = cli_begin(words, &fd);

	monitor_until(fd, (const char *[]){ "watching", NULL });
	cli_end_daemon();
	monitor_until(fd, (const char *[]){ "fastreboot: fastrebootd ended",
					    NULL });
	assert_int_equal(cli_wait(pid), FR_NO_DAEMON);
	close(fd);
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(status),
	UNIT_TEST(status_as_json),
	UNIT_TEST(timeline),
	UNIT_TEST(stage),
	UNIT_TEST(stage_sends_what_was_given),
	UNIT_TEST(stage_sends_no_more_than_that),
	UNIT_TEST(stage_sends_a_root_image),
	UNIT_TEST(odd_names_are_passed_on),
	UNIT_TEST(name_that_is_not_utf8),
	UNIT_TEST(commit),
	UNIT_TEST(commit_that_is_refused),
	UNIT_TEST(commit_sends_what_was_given),
	UNIT_TEST(verify),
	UNIT_TEST(calls_without_a_job),
	UNIT_TEST(disarm_without_a_job),
	UNIT_TEST(rollback_has_a_reason),
	UNIT_TEST(exit_statuses),
	UNIT_TEST(usage_as_json),
	UNIT_TEST(job_that_ends_before_the_reply),
	UNIT_TEST(daemon_that_dies),
	UNIT_TEST(interrupt),
	UNIT_TEST(interrupt_before_the_reply),
	UNIT_TEST(interrupt_that_comes_too_late),
	UNIT_TEST(text_that_is_not_utf8),
	UNIT_TEST(second_interrupt),
	UNIT_TEST(progress_on_a_terminal),
	UNIT_TEST(no_progress_without_a_terminal),
	UNIT_TEST(help_and_version),
	UNIT_TEST(no_daemon),
	UNIT_TEST(no_bus),
	UNIT_TEST(full_disk),
	UNIT_TEST(bus),
	UNIT_TEST(bus_daemon_that_dies),
	UNIT_TEST(monitor),
	UNIT_TEST(monitor_as_json),
	UNIT_TEST(monitor_without_a_reader),
	UNIT_TEST(monitor_of_a_daemon_that_ends),
};
CLI_UNIT_MAIN(tests)
