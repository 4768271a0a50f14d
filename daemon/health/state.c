// SPDX-License-Identifier: GPL-2.0-or-later
#include "state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "strv.h"

#define SERVICE "org.freedesktop.systemd1"
#define OBJECT "/org/freedesktop/systemd1"
#define MANAGER SERVICE ".Manager"
#define UNIT SERVICE ".Unit"
#define PROPERTIES "org.freedesktop.DBus.Properties"

/* A system with more units than this is not looked at. */
#define UNITS_MAX 20000

void health_state_done(struct health_state *state)
{
	fr_strv_free(state->active);
	fr_strv_free(state->expected);
	fr_strv_free(state->failed);
	*state = (struct health_state){ 0 };
}

static int add(char ***list, const char *name)
{
	char *copy = strdup(name);

	return copy ? fr_strv_add(list, copy) : -ENOMEM;
}

static bool has_suffix(const char *name, const char *suffix)
{
	size_t size = strlen(name), suffix_size = strlen(suffix);

	return size > suffix_size && !strcmp(name + size - suffix_size, suffix);
}

/*
 * What runs until it is stopped. A service that has done its work and is active
 * all the same may have had nothing to do this time.
 */
static bool is_lasting(const char *name, const char *sub_state)
{
	static const char *const suffixes[] = { ".mount", ".socket", ".timer",
						".path" };

	if (has_suffix(name, ".service"))
		return !strcmp(sub_state, "running");
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++)
		if (has_suffix(name, suffixes[i]))
			return true;
	return false;
}

/**
 * struct origin - why a unit runs
 * @transient: it was made at run time
 * @wanted: another unit pulls it in
 * @triggered: a socket, a timer or the like starts it
 * @loaded: it has a file
 */
struct origin {
	bool transient;
	bool wanted;
	bool triggered;
	bool loaded;
};

/* Is the list of strings that comes next not empty? */
static int read_any(sd_bus_message *reply, bool *any)
{
	const char *name;
	int n;

	n = sd_bus_message_enter_container(reply, 'v', "as");
	if (n >= 0)
		n = sd_bus_message_enter_container(reply, 'a', "s");
	while (n >= 0 && (n = sd_bus_message_read(reply, "s", &name)) > 0)
		*any = true;
	if (n >= 0)
		n = sd_bus_message_exit_container(reply);
	if (n >= 0)
		n = sd_bus_message_exit_container(reply);
	return n;
}

static int read_property(sd_bus_message *reply, struct origin *origin)
{
	const char *name, *text;
	int flag, n;

	n = sd_bus_message_read(reply, "s", &name);
	if (n < 0)
		return n;
	if (!strcmp(name, "WantedBy") || !strcmp(name, "RequiredBy") ||
	    !strcmp(name, "UpheldBy"))
		return read_any(reply, &origin->wanted);
	if (!strcmp(name, "TriggeredBy"))
		return read_any(reply, &origin->triggered);
	if (!strcmp(name, "Transient")) {
		n = sd_bus_message_read(reply, "v", "b", &flag);
		origin->transient = n >= 0 && flag;
		return n;
	}
	if (!strcmp(name, "FragmentPath")) {
		n = sd_bus_message_read(reply, "v", "s", &text);
		origin->loaded = n >= 0 && *text;
		return n;
	}
	return sd_bus_message_skip(reply, "v");
}

static int read_origin(sd_bus *bus, const char *path, struct origin *ret)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int n;

	*ret = (struct origin){ 0 };
	n = sd_bus_call_method(bus, SERVICE, path, PROPERTIES, "GetAll", NULL,
			       &reply, "s", UNIT);
	if (n >= 0)
		n = sd_bus_message_enter_container(reply, 'a', "{sv}");
	while (n >= 0 &&
	       (n = sd_bus_message_enter_container(reply, 'e', "sv")) > 0) {
		n = read_property(reply, ret);
		if (n >= 0)
			n = sd_bus_message_exit_container(reply);
	}
	return n;
}

static bool is_started_by_boot(const struct origin *origin)
{
	return origin->loaded && origin->wanted && !origin->transient &&
	       !origin->triggered;
}

/**
 * struct listed - a unit, as ListUnits has it
 *
 * The members are those of the method's answer, as long as that.
 */
struct listed {
	const char *name;
	const char *active_state;
	const char *sub_state;
	const char *path;
};

static int add_expected(sd_bus *bus, const struct listed *unit,
			struct health_state *state)
{
	struct origin origin;
	int n;

	if (!is_lasting(unit->name, unit->sub_state))
		return 0;
	n = read_origin(bus, unit->path, &origin);
	/* It may be gone by now. */
	if (n < 0)
		return n == -ENOMEM || n == -ETIMEDOUT ? n : 0;
	return is_started_by_boot(&origin) ? add(&state->expected, unit->name) :
					     0;
}

static int add_unit(sd_bus *bus, const struct listed *unit, bool with_expected,
		    struct health_state *state)
{
	int err;

	if (!strcmp(unit->active_state, "failed"))
		return add(&state->failed, unit->name);
	if (strcmp(unit->active_state, "active") != 0 &&
	    strcmp(unit->active_state, "reloading") != 0 &&
	    strcmp(unit->active_state, "refreshing") != 0)
		return 0;
	err = add(&state->active, unit->name);
	if (err || !with_expected)
		return err;
	return add_expected(bus, unit, state);
}

static int read_listed(sd_bus_message *reply, struct listed *ret)
{
	const char *description, *load_state, *following, *job, *job_path;
	uint32_t job_id;

	return sd_bus_message_read(reply, "(ssssssouso)", &ret->name,
				   &description, &load_state,
				   &ret->active_state, &ret->sub_state,
				   &following, &ret->path, &job_id, &job,
				   &job_path);
}

static int read_units(sd_bus *bus, bool with_expected,
		      struct health_state *state)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	struct listed unit;
	unsigned int count = 0;
	int n;

	n = sd_bus_call_method(bus, SERVICE, OBJECT, MANAGER, "ListUnits", NULL,
			       &reply, "");
	if (n >= 0)
		n = sd_bus_message_enter_container(reply, 'a', "(ssssssouso)");
	while (n >= 0 && (n = read_listed(reply, &unit)) > 0) {
		if (++count > UNITS_MAX)
			return -E2BIG;
		n = add_unit(bus, &unit, with_expected, state);
	}
	return n;
}

int health_state_read(sd_bus *bus, const char *root, bool with_expected,
		      struct health_state *ret)
{
	_cleanup_health_state_ struct health_state state = { 0 };
	int err;

	err = read_units(bus, with_expected, &state);
	if (err < 0)
		return err;
	state.network = health_has_network(root);
	*ret = state;
	state = (struct health_state){ 0 };
	return 0;
}
