// SPDX-License-Identifier: GPL-2.0-or-later
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "replace.h"
#include "schemas.h"
#include "state-volume.h"

enum fr_failure state_failure(int err)
{
	switch (err) {
	case -ENOENT:
	case -ENODEV:
	case -ENODATA:
		return FR_NOT_FOUND;
	case -EBUSY:
		return FR_BUSY;
	case -EACCES:
	case -EPERM:
	case -EROFS:
		return FR_NOT_PERMITTED;
	case -EBADMSG:
		return FR_VERIFICATION_FAILED;
	case -ESTALE:
		return FR_STALE;
	case -EPROTONOSUPPORT:
	case -EPROTO:
		return FR_UNSUPPORTED;
	case -ENOSPC:
	case -EFBIG:
		return FR_TOO_LARGE;
	case -EEXIST:
		return FR_REFUSED;
	case -EINVAL:
		return FR_USAGE;
	case -ENOMEM:
		return FR_NO_MEMORY;
	}
	return FR_FAILED;
}

/* A result looks like that of every other verb. */
static int report(const struct state_request *request,
		  const struct cli_result *result)
{
	const struct cli_verb verb = { .name = "state", .id = CLI_STATE };
	const struct cli_request as_verb = { .verb = &verb,
					     .json = request->json };

	return cli_report(&as_verb, result);
}

int state_report(const struct state_request *request, const char *message,
		 struct json_object *details)
{
	const struct cli_result result = { .name = "done",
					   .message = message,
					   .details = details };

	return report(request, &result);
}

int state_report_error(const struct state_request *request,
		       const struct fr_error *error)
{
	struct cli_result result = {
		.failure = error->failure == FR_OK ? FR_FAILED : error->failure,
		.message = error->text,
	};

	result.name = fr_failure_name(result.failure);
	return report(request, &result);
}

int state_report_failure(const struct state_request *request, int err,
			 const struct fr_state_error *error)
{
	struct fr_error as_error = { .failure = state_failure(err) };

	fr_fail(&as_error, as_error.failure, err, "%s", error->text);
	return state_report_error(request, &as_error);
}

/* A line with the name of the object in it. */
static int done(const struct state_request *request, const char *what)
{
	_cleanup_free_ char *message = NULL;

	if (asprintf(&message, "%s %s", request->name, what) < 0)
		message = NULL;
	return state_report(request, message ?: "", NULL);
}

static struct fr_state_new new_object(const struct state_request *request)
{
	return (struct fr_state_new){
		.name = request->name,
		.schema = request->schema,
		.schema_version = request->schema_version ?:
					  (request->schema ? 1 : 0),
		.kind = request->in_place ? FR_STATE_IN_PLACE : FR_STATE_DOUBLE,
		.capacity = request->size,
		.uid = request->uid,
		.gid = request->gid,
		.mode = request->mode,
	};
}

static int run_create(const struct state_request *request)
{
	const struct fr_state_new new = new_object(request);
	struct fr_state_error error = { "" };
	int err = fr_state_create(request->root, &new, &error);

	if (err)
		return state_report_failure(request, err, &error);
	return done(request, "is there, and nothing is published in it yet");
}

static int run_remove(const struct state_request *request)
{
	struct fr_state_error error = { "" };
	int err = fr_state_remove(request->root, request->name, &error);

	if (err)
		return state_report_failure(request, err, &error);
	return done(request, "is wiped and removed");
}

static int fail_file(const struct state_request *request, int err)
{
	struct fr_error error = { 0 };

	fr_fail(&error, err == -ENOENT ? FR_NOT_FOUND : FR_FAILED, err,
		"%s: %s", request->file, strerror(-err));
	return state_report_error(request, &error);
}

static int run_save(const struct state_request *request)
{
	const struct fr_state_new new = new_object(request);
	struct fr_state_error error = { "" };
	_cleanup_close_ int fd = -1;
	int from = STDIN_FILENO;
	int err;

	if (strcmp(request->file, "-")) {
		from = fd = open(request->file, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return fail_file(request, -errno);
	}
	err = fr_state_save(request->root, &new, from, &error);
	if (err)
		return state_report_failure(request, err, &error);
	return done(request, "is saved");
}

/* A copy that was not finished must not stay: it may be a secret. */
static const char *volatile unfinished;

static void on_end(int number)
{
	const char *name = unfinished;

	if (name)
		unlink(name);
	signal(number, SIG_DFL);
	raise(number);
}

static void guard(const char *name)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGTERM };
	const struct sigaction action = { .sa_handler = on_end };

	unfinished = name;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct sigaction before;

		if (!sigaction(signals[i], NULL, &before) &&
		    before.sa_handler == SIG_DFL)
			sigaction(signals[i], &action, NULL);
	}
}

/* Make @name, which has what is to be in it, the file. */
static int put_in_place(int fd, const char *name, const char *file)
{
	if (fsync(fd) < 0 || rename(name, file) < 0)
		return -errno;
	unfinished = NULL;
	return cli_sync_folder(file);
}

static int restore_file(const struct state_request *request, const char *file)
{
	_cleanup_free_ char *name = cli_temporary_name(file);
	_cleanup_close_ int fd = -1;
	struct fr_state_error error = { "" };
	int err;

	if (!name)
		return fail_file(request, -ENOMEM);
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0)
		return fail_file(request, -errno);
	guard(name);
	err = fr_state_restore(request->root, request->name, fd, &error);
	if (err) {
		unlink(name);
		unfinished = NULL;
		return state_report_failure(request, err, &error);
	}
	err = put_in_place(fd, name, file);
	if (unfinished)
		unlink(name);
	unfinished = NULL;
	return err ? fail_file(request, err) : done(request, "is restored");
}

/* A device or a pipe is written to, not replaced by a file. */
static int restore_into(const struct state_request *request)
{
	_cleanup_close_ int fd =
		open(request->file, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	struct fr_state_error error = { "" };
	int err;

	if (fd < 0)
		return fail_file(request, -errno);
	err = fr_state_restore(request->root, request->name, fd, &error);
	if (err)
		return state_report_failure(request, err, &error);
	return done(request, "is restored");
}

static int run_restore(const struct state_request *request)
{
	struct fr_state_error error = { "" };
	int err;

	if (strcmp(request->file, "-")) {
		_cleanup_free_ char *file = NULL;

		err = cli_file_to_replace(request->file, &file);
		if (err < 0)
			return fail_file(request, err);
		return file ? restore_file(request, file) :
			      restore_into(request);
	}
	err = fr_state_restore(request->root, request->name, STDOUT_FILENO,
			       &error);
	return err ? state_report_failure(request, err, &error) : FR_OK;
}

static int run_check(const struct state_request *request)
{
	_cleanup_schemas_ struct fr_schemas schemas = { 0 };
	struct fr_error error = { 0 };
	unsigned int count = 0;
	char message[64];
	int err;

	err = fr_schemas_load(request->name, &schemas, &error);
	if (!err)
		err = fr_schemas_check(&schemas, request->root, &count, &error);
	if (err)
		return state_report_error(request, &error);
	snprintf(message, sizeof(message), "%u objects, all are understood",
		 count);
	return state_report(request, message, NULL);
}

static int run_make(const struct state_request *request)
{
	struct fr_error error = { 0 };
	const char *message = "";
	int err = fr_state_volume_make(request->device, request->force,
				       &message, &error);

	return err ? state_report_error(request, &error) :
		     state_report(request, message, NULL);
}

/* In the order of enum state_verb_id. */
static int (*const functions[])(const struct state_request *request) = {
	state_list, run_save,	  run_restore, run_create,
	run_remove, state_verify, run_check,   run_make,
};

int state_main(int argc, char **argv, int at)
{
	_cleanup_free_ char **words = cli_without_word(argc, argv, at);
	struct state_request request = { 0 };
	struct fr_error error = { 0 };

	if (!words) {
		fr_fail_memory(&error);
		return state_report_error(&request, &error);
	}
	if (state_parse(argc - 1, words, &request, &error) < 0)
		return state_report_error(&request, &error);
	if (request.help) {
		state_print_help(stdout,
				 request.verb_given ? request.verb : NULL);
		return FR_OK;
	}
	return functions[request.verb->id](&request);
}
