// SPDX-License-Identifier: GPL-2.0-or-later
#include "unit.h"

#include "cli-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../tools/fastreboot/cli.h"
#include "fake-daemon.h"

#define WORDS_MAX 16

/* One of a program: the sockets' folder, and what runs. */
static struct {
	char folder[32];
	char socket[64];
	pid_t daemon;
	pid_t bus;
	pid_t bus_daemon;
	struct fake_texts texts;
	char *status;
	char *timeline;
} fixture;

static void end_process(pid_t *pid)
{
	if (*pid <= 0)
		return;
	kill(*pid, SIGKILL);
	waitpid(*pid, NULL, 0);
	*pid = 0;
}

/* A child that ends when this process does, however that ends. */
static pid_t fork_child(void)
{
	pid_t parent = getpid(), pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* It may have ended before it was asked for the signal. */
		if (getppid() != parent)
			_exit(1);
	}
	return pid;
}

/* The daemon dies in one test, so there is always a next one. */
static void serve_forever(int fd)
{
	for (;;) {
		pid_t pid = fork_child();

		if (pid == 0)
			_exit(-fake_daemon_serve(fd, &fixture.texts));
		waitpid(pid, NULL, 0);
	}
}

void cli_fixture_begin(const char *source)
{
	int fd;

	signal(SIGPIPE, SIG_IGN);
	setenv("TZ", "UTC", 1);
	unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
	assert_true(snprintf(fixture.folder, sizeof(fixture.folder),
			     "%s/fastreboot-XXXXXX",
			     unit_folder()) < (int)sizeof(fixture.folder));
	assert_non_null(mkdtemp(fixture.folder));
	snprintf(fixture.socket, sizeof(fixture.socket), "%s/private, 1",
		 fixture.folder);
	setenv("FASTREBOOT_SOCKET", fixture.socket, 1);
	fixture.status = cli_file(source, "golden/cli-status-staged.json");
	fixture.timeline = cli_file(source, "golden/cli-timeline.json");
	fixture.texts.status = fixture.status;
	fixture.texts.timeline = fixture.timeline;
	fd = fake_daemon_listen(fixture.socket);
	assert_true(fd >= 0);
	fixture.daemon = fork_child();
	if (fixture.daemon == 0)
		serve_forever(fd);
	close(fd);
}

int cli_fixture_teardown(void **state)
{
	char bus[64];

	end_process(&fixture.daemon);
	end_process(&fixture.bus_daemon);
	end_process(&fixture.bus);
	unlink(fixture.socket);
	snprintf(bus, sizeof(bus), "%s/bus", fixture.folder);
	unlink(bus);
	snprintf(bus, sizeof(bus), "%s/bus.conf", fixture.folder);
	unlink(bus);
	rmdir(fixture.folder);
	free(fixture.status);
	free(fixture.timeline);
	return 0;
}

static const char bus_configuration[] =
	"<!DOCTYPE busconfig PUBLIC "
	"\"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\" "
	"\"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
	"<busconfig>\n"
	"<listen>unix:path=%s/bus</listen>\n<auth>EXTERNAL</auth>\n"
	"<policy context=\"default\"><allow own=\"*\"/>"
	"<allow send_destination=\"*\"/><allow send_type=\"signal\"/>"
	"<allow receive_sender=\"*\"/></policy>\n</busconfig>\n";

static void write_bus_configuration(char path[64])
{
	FILE *file;

	snprintf(path, 64, "%s/bus.conf", fixture.folder);
	file = fopen(path, "we");
	assert_non_null(file);
	fprintf(file, bus_configuration, fixture.folder);
	assert_int_equal(fclose(file), 0);
}

/* dbus-daemon writes its address to @fd when it is ready for callers. */
static void run_bus(const char *configuration, int fd)
{
	char file[96], address[32];

	snprintf(file, sizeof(file), "--config-file=%s", configuration);
	snprintf(address, sizeof(address), "--print-address=%d", fd);
	/* It complains about limits that it does not need. */
	dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
	fcntl(fd, F_SETFD, 0);
	execlp("dbus-daemon", "dbus-daemon", file, "--nofork", address, NULL);
	_exit(127);
}

static bool wait_for_byte(int fds[2])
{
	char byte;
	bool came;

	close(fds[1]);
	came = read(fds[0], &byte, 1) == 1;
	close(fds[0]);
	return came;
}

void cli_start_bus_daemon(void)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	fixture.bus_daemon = fork_child();
	if (fixture.bus_daemon == 0)
		_exit(-fake_daemon_serve_bus(&fixture.texts, fds[1]));
	assert_true(wait_for_byte(fds));
}

bool cli_start_bus(void)
{
	char configuration[64], address[96];
	int fds[2];

	write_bus_configuration(configuration);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	fixture.bus = fork_child();
	if (fixture.bus == 0)
		run_bus(configuration, fds[1]);
	if (!wait_for_byte(fds)) {
		end_process(&fixture.bus);
		return false;
	}
	snprintf(address, sizeof(address), "unix:path=%s/bus", fixture.folder);
	setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1);
	cli_start_bus_daemon();
	return true;
}

void cli_end_bus_daemon(void)
{
	end_process(&fixture.bus_daemon);
}

void cli_end_daemon(void)
{
	end_process(&fixture.daemon);
}

/* Of the sanitizer, where there is one: this process ends without its check. */
extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

pid_t cli_begin_with(const char *const *words, int out, int err)
{
	char *argv[WORDS_MAX + 1] = { (char *)"fastreboot" };
	pid_t pid = fork_child();
	int argc = 1, status;

	if (pid)
		return pid;
	for (; *words && argc < WORDS_MAX; words++)
		argv[argc++] = strdup(*words);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	close(STDIN_FILENO);
	open("/dev/null", O_RDONLY);
	setvbuf(stdout, NULL, _IOFBF, BUFSIZ);
	status = cli_main(argc, argv);
	fflush(NULL);
	while (argc > 1)
		free(argv[--argc]);
	if (__lsan_do_recoverable_leak_check &&
	    __lsan_do_recoverable_leak_check())
		status = 99;
	_exit(status);
}

int cli_wait(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void cli_read_until(int fd, char *buffer, const char *text)
{
	size_t size = strlen(buffer);
	ssize_t n;

	while (!text || !strstr(buffer, text)) {
		assert_true(size < CLI_OUTPUT_MAX - 1);
		n = read(fd, buffer + size, CLI_OUTPUT_MAX - 1 - size);
		/* A terminal whose other end is closed gives EIO. */
		if (n <= 0)
			break;
		size += n;
		buffer[size] = '\0';
	}
	if (text && !strstr(buffer, text))
		fail_msg("'%s' did not come, but: %s", text, buffer);
}

/* Files take all that is written without a reader. */
static int output_file(void)
{
	int fd = open(unit_folder(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	return fd;
}

static void read_output(int fd, char *to)
{
	*to = '\0';
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	cli_read_until(fd, to, NULL);
	close(fd);
}

void cli_run(struct cli_run *run, const char *const *words)
{
	int out = output_file(), err = output_file();

	run->status = cli_wait(cli_begin_with(words, out, err));
	read_output(out, run->out);
	read_output(err, run->err);
}

static void split(char *line, const char *words[WORDS_MAX + 1])
{
	int n = 0;

	words[n++] = "--private";
	for (char *at = strtok(line, " "); at; at = strtok(NULL, " ")) {
		assert_true(n < WORDS_MAX);
		words[n++] = at;
	}
	words[n] = NULL;
}

void cli_run_line(struct cli_run *run, const char *line)
{
	const char *words[WORDS_MAX + 1];
	char *copy = strdup(line);

	assert_non_null(copy);
	split(copy, words);
	cli_run(run, words);
	free(copy);
}

void cli_run_on_terminal(struct cli_run *run, const char *line)
{
	const struct winsize size = { .ws_row = 24, .ws_col = 80 };
	const char *words[WORDS_MAX + 1];
	char *copy = strdup(line);
	int out = output_file();
	int master, slave;
	pid_t pid;

	assert_non_null(copy);
	split(copy, words);
	assert_int_equal(openpty(&master, &slave, NULL, NULL, &size), 0);
	setenv("TERM", "vt100", 1);
	pid = cli_begin_with(words, out, slave);
	close(slave);
	run->err[0] = '\0';
	cli_read_until(master, run->err, NULL);
	run->status = cli_wait(pid);
	read_output(out, run->out);
	close(master);
	free(copy);
}

pid_t cli_begin(const char *const *words, int *ret_fd)
{
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = cli_begin_with(words, fds[1], fds[1]);
	close(fds[1]);
	*ret_fd = fds[0];
	return pid;
}

char *cli_file(const char *source, const char *name)
{
	char path[512], *content = NULL;
	size_t size = 0;
	ssize_t length;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", source, name);
	file = fopen(path, "re");
	if (!file)
		fail_msg("%s: %s", path, strerror(errno));
	length = getdelim(&content, &size, '\0', file);
	fclose(file);
	if (length < 0)
		fail_msg("%s: empty", path);
	return content;
}

static void write_golden(const char *source, const char *name, const char *text)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/golden/%s", source, name);
	file = fopen(path, "we");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

void cli_expect_golden(const char *source, const char *name, const char *text)
{
	const char *golden = getenv("UNIT_GOLDEN");
	char path[128], *expected;

	if (golden && !strcmp(golden, "write")) {
		write_golden(source, name, text);
		return;
	}
	snprintf(path, sizeof(path), "golden/%s", name);
	expected = cli_file(source, path);
	if (strcmp(expected, text))
		fail_msg("not as in %s, but:\n%s", path, text);
	free(expected);
}

void cli_expect(const struct cli_run *run, int status, const char *out,
		const char *err)
{
	if (run->status != status || !strstr(run->out, out) ||
	    !strstr(run->err, err))
		fail_msg("status %d, '%s', '%s'", run->status, run->out,
			 run->err);
}

static void expect_in(const char *name, const char *text, const char *wanted)
{
	if (!strstr(text, wanted))
		fail_msg("%s lacks %s", name, wanted);
}

/* "\fB\-\-size=\fIBYTES\fR" */
static void man_option(const struct cli_option *option, char to[128])
{
	to += sprintf(to, "\\fB\\-\\-");
	for (const char *c = option->name; *c; c++)
		to += sprintf(to, *c == '-' ? "\\-" : "%c", *c);
	if (option->argument)
		sprintf(to, "=\\fI%s\\fR\n", option->argument);
	else
		sprintf(to, "\\fP\n");
}

static void expect_in_page(const char *source, const char *name,
			   const struct cli_verb *verbs,
			   const struct cli_option *options)
{
	char file[64], wanted[128];
	char *page;

	snprintf(file, sizeof(file), "../../tools/man/%s", name);
	page = cli_file(source, file);
	for (const struct cli_verb *v = verbs; v->name; v++) {
		snprintf(wanted, sizeof(wanted),
			 *v->arguments ? "\n.BR %s " : "\n.B %s\n", v->name);
		expect_in(name, page, wanted);
	}
	for (const struct cli_option *o = options; o->name; o++) {
		man_option(o, wanted);
		expect_in(name, page, wanted);
	}
	free(page);
}

static void expect_in_completions(const char *source,
				  const struct cli_verb *verbs,
				  const struct cli_option *options)
{
	char *bash =
		cli_file(source, "../../tools/completions/fastreboot.bash");
	char *zsh = cli_file(source, "../../tools/completions/_fastreboot");
	char wanted[128];

	for (const struct cli_verb *v = verbs; v->name; v++) {
		snprintf(wanted, sizeof(wanted), "%s:%s", v->name, v->summary);
		expect_in("_fastreboot", zsh, wanted);
		expect_in("fastreboot.bash", bash, v->name);
	}
	for (const struct cli_option *o = options; o->name; o++) {
		snprintf(wanted, sizeof(wanted), "--%s%s", o->name,
			 o->argument ? "=" : "");
		expect_in("_fastreboot", zsh, wanted);
		expect_in("fastreboot.bash", bash, wanted);
	}
	free(bash);
	free(zsh);
}

void cli_expect_documented(const char *source, const char *page,
			   const struct cli_verb *verbs,
			   const struct cli_option *options)
{
	expect_in_page(source, page, verbs, options);
	expect_in_completions(source, verbs, options);
}
