// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An update begins with the commit, or with the decision to roll back, and goes on in
 * the next boot: how that was started, and whether it was confirmed. It ends, at the
 * latest, with the next one.
 *
 *	leaving		committed, and nothing has followed yet
 *	unconfirmed	came up, and is on trial or was left so
 *	confirmed	came up, and was declared good
 *	rolled-back	came up, and was given up
 *	failed		did not come up, was left by a reset, or the machine stayed
 */
#include "updates.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "text.h"

/**
 * struct update - an update that is being put together
 * @begin: the event that it began with; NULL: there is none
 * @rollback: it goes back
 * @from: release that was left
 * @to: release that was started, or was to be
 * @started: how it was started; NULL if it was not
 * @status: a word, see above
 * @reason: why, where it is not as it should be; NULL if there is nothing to say
 */
struct update {
	const struct update_event *begin;
	bool rollback;
	const char *from;
	const char *to;
	const struct update_event *started;
	const char *status;
	const char *reason;
};

/* Where the story is: @running is the release that the journal has named last. */
struct story {
	struct json_object *list;
	struct update update;
	const char *running;
};

static const char *text_or_null(const char *text)
{
	return text && *text ? text : NULL;
}

static int add_when(struct json_object *to, uint64_t usec)
{
	char text[TEXT_MAX];

	text_time((time_t)(usec / 1000000), text);
	return cli_json_add_text(to, "at", text_or_null(text));
}

static int add_number(struct json_object *to, const char *name, uint64_t number)
{
	if (!number)
		return cli_json_add_text(to, name, NULL);
	return cli_json_add(to, name, json_object_new_uint64(number));
}

static int add_start(struct json_object *to, const struct update_event *started)
{
	int err = cli_json_add_text(to, "boot_reason",
				    started ? started->boot_reason : NULL);

	if (!err)
		err = add_number(to, "generation",
				 started ? started->generation : 0);
	return err   ?:
		       add_number(to, "blackout_ns",
				  started ? started->blackout_ns : 0);
}

/* Put the update that has ended in front of those before. */
static int end_update(struct story *story)
{
	const struct update *update = &story->update;
	struct json_object *object;
	int err;

	if (!update->begin)
		return 0;
	object = json_object_new_object();
	err = object ? add_when(object, update->begin->usec) : -ENOMEM;
	if (!err)
		err = cli_json_add_text(object, "kind",
					update->rollback ? "rollback" :
							   "update");
	if (!err)
		err = cli_json_add_text(object, "from", update->from);
	if (!err)
		err = cli_json_add_text(object, "to", update->to);
	if (!err)
		err = cli_json_add_text(object, "status", update->status);
	if (!err)
		err = cli_json_add_text(object, "reason", update->reason);
	if (!err)
		err = add_start(object, update->started);
	if (!err && json_object_array_add(story->list, object))
		err = -ENOMEM;
	if (err)
		json_object_put(object);
	story->update = (struct update){ 0 };
	return err;
}

static int begin_update(struct story *story, const struct update_event *event,
			bool rollback)
{
	const char *release = text_or_null(event->release);
	int err = end_update(story);

	story->update = (struct update){
		.begin = event,
		.rollback = rollback,
		.from = rollback ? release : story->running,
		.to = rollback ? NULL : release,
		.status = "leaving",
		.reason = rollback ? text_or_null(event->reason) : NULL,
	};
	return err;
}

/* The kernel that runs is given up: that is how the update to it has ended. */
static int roll_back(struct story *story, const struct update_event *event)
{
	struct update *update = &story->update;

	if (update->started) {
		update->status = "rolled-back";
		update->reason = text_or_null(event->reason);
	}
	return begin_update(story, event, true);
}

static int fail(struct story *story, const char *reason)
{
	story->update.status = "failed";
	story->update.reason = text_or_null(reason);
	return end_update(story);
}

static int start(struct story *story, const struct update_event *event)
{
	struct update *update = &story->update;
	bool jumped = !strcmp(event->boot_reason, "fast-reboot");

	story->running = text_or_null(event->release);
	if (!update->begin)
		return 0;
	if (!jumped || update->started)
		return fail(story, update->started ?
					   "left before it was confirmed" :
					   "firmware has booted the machine");
	update->started = event;
	update->to = story->running;
	update->status = "unconfirmed";
	return 0;
}

static int confirm(struct story *story)
{
	if (!story->update.started)
		return 0;
	story->update.status = "confirmed";
	return end_update(story);
}

/* The machine stays; what was refused before a commit is no update. */
static int stay(struct story *story, const struct update_event *event)
{
	if (!story->update.begin || story->update.started)
		return 0;
	return fail(story, event->message);
}

static int go_on(struct story *story, const struct update_event *event)
{
	switch (event->event) {
	case FR_EVENT_COMMITTED:
		return begin_update(story, event, false);
	case FR_EVENT_ROLLED_BACK:
		return roll_back(story, event);
	case FR_EVENT_ROLLBACK_FAILED:
		return story->update.begin ? fail(story, event->message) : 0;
	case FR_EVENT_STARTED:
		return start(story, event);
	case FR_EVENT_CONFIRMED:
		return confirm(story);
	case FR_EVENT_COMMIT_REFUSED:
	case FR_EVENT_DISARMED:
		return stay(story, event);
	default:
		return 0;
	}
}

static int turn_around(struct json_object *list, unsigned int max,
		       struct json_object **ret)
{
	struct json_object *turned = json_object_new_array();
	size_t n = json_object_array_length(list);

	if (!turned)
		return -ENOMEM;
	for (size_t i = n; i > 0 && n - i < max; i--) {
		struct json_object *update =
			json_object_array_get_idx(list, i - 1);

		if (json_object_array_add(turned, json_object_get(update))) {
			json_object_put(update);
			json_object_put(turned);
			return -ENOMEM;
		}
	}
	*ret = turned;
	return 0;
}

int updates_from_events(const struct update_event *events, size_t n,
			unsigned int max, struct json_object **ret)
{
	_cleanup_json_ struct json_object *list = json_object_new_array();
	struct story story = { .list = list };
	int err = list ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < n; i++)
		err = go_on(&story, &events[i]);
	if (!err)
		err = end_update(&story);
	return err ?: turn_around(list, max, ret);
}
