/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting a job of the daemon, or cancelling one, and following it to its end. */
#ifndef JOB_H
#define JOB_H

#include "client.h"
#include "json.h"
#include "progress.h"

/**
 * struct job_outcome - how a job has ended
 * @failure: FR_OK, or why it failed
 * @result: the daemon's word: "done" or the name of the failure
 * @message: one line for people; NULL where the daemon has answered that it took no job
 * @details: JSON that depends on the kind of job; NULL if there is none
 */
struct job_outcome {
	enum fr_failure failure;
	char *result;
	char *message;
	struct json_object *details;
};

/**
 * job_run() - start a job and wait for its end
 * @client: connection
 * @call: the method call that starts it
 * @progress: shows how far it is
 * @ret: how it has ended; the caller calls job_outcome_done()
 * @error: why there was no job, or why its end is not known
 *
 * Ctrl-C, and SIGTERM, cancel the job; this function then goes on waiting for
 * its end, which may be a good one when it was too late. The second one ends the
 * waiting, and the job goes on without us. The signals are blocked afterwards.
 *
 * Return: 0 for a job that has ended, well or not; a negative errno.
 */
int job_run(struct client *client, sd_bus_message *call,
	    struct progress *progress, struct job_outcome *ret,
	    struct fr_error *error);

/**
 * job_cancel() - cancel a job that another program has started
 * @client: connection
 * @path: the job's object
 * @progress: as of job_run()
 * @ret: how it has ended, FR_CANCELLED if it was not too late; the caller calls
 *	job_outcome_done()
 * @error: why it can't be cancelled, or why its end is not known
 *
 * Signals are as with job_run().
 *
 * Return: 0 for a job that has ended; a negative errno.
 */
int job_cancel(struct client *client, const char *path,
	       struct progress *progress, struct job_outcome *ret,
	       struct fr_error *error);

/**
 * job_outcome_done() - release what one of the two above returned
 * @outcome: all zero afterwards
 */
void job_outcome_done(struct job_outcome *outcome);

#endif
