// SPDX-License-Identifier: GPL-2.0-or-later
#include "manager-fixture.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../../daemon/fastrebootd/transport/bus.h"

#define OBJECT "/org/freedesktop/systemd1"
#define MANAGER "org.freedesktop.systemd1.Manager"
#define UNIT "org.freedesktop.systemd1.Unit"
#define UNITS OBJECT "/unit"

/* Of the thread, between manager_begin() and manager_end(). */
static struct {
	struct manager_unit *units;
	const char *system_state;
	pthread_t thread;
	sd_event *event;
	struct bus bus;
	unsigned int jobs;
	int end_fd;
} manager;

static struct manager_unit *find(const char *name)
{
	for (struct manager_unit *unit = manager.units; unit->name; unit++)
		if (!strcmp(unit->name, name))
			return unit;
	return NULL;
}

static struct manager_unit *find_by_path(const char *path)
{
	struct manager_unit *unit = NULL;
	char *name = NULL;

	if (sd_bus_path_decode(path, UNITS, &name) > 0)
		unit = find(name);
	free(name);
	return unit;
}

static int start(sd_bus_message *message, struct manager_unit *unit)
{
	const char *result = unit->result ? unit->result : "done";
	char job[64];
	int err;

	unit->starts++;
	snprintf(job, sizeof(job), OBJECT "/job/%u", ++manager.jobs);
	err = sd_bus_reply_method_return(message, "o", job);
	if (err < 0 || !*result)
		return err;
	if (!strcmp(result, "done"))
		unit->active_state = "active";
	return sd_bus_emit_signal(sd_bus_message_get_bus(message), OBJECT,
				  MANAGER, "JobRemoved", "uoss", manager.jobs,
				  job, unit->name, result);
}

static int on_start_unit(sd_bus_message *message, void *userdata,
			 sd_bus_error *error)
{
	struct manager_unit *unit;
	const char *name, *mode;

	if (sd_bus_message_read(message, "ss", &name, &mode) < 0)
		return -EINVAL;
	unit = find(name);
	if (unit && !unit->refused)
		return start(message, unit);
	return sd_bus_reply_method_errorf(message,
					  "org.freedesktop.systemd1.NoSuchUnit",
					  "Unit %s not found.", name);
}

static int on_load_unit(sd_bus_message *message, void *userdata,
			sd_bus_error *error)
{
	const char *name;
	char *path = NULL;
	int err;

	err = sd_bus_message_read(message, "s", &name);
	if (err >= 0)
		err = sd_bus_path_encode(UNITS, name, &path);
	if (err >= 0)
		err = sd_bus_reply_method_return(message, "o", path);
	free(path);
	return err;
}

static int on_subscribe(sd_bus_message *message, void *userdata,
			sd_bus_error *error)
{
	return sd_bus_reply_method_return(message, "");
}

static int get_system_state(sd_bus *bus, const char *path,
			    const char *interface, const char *property,
			    sd_bus_message *reply, void *userdata,
			    sd_bus_error *error)
{
	return sd_bus_message_append(reply, "s", manager.system_state);
}

static int get_state(sd_bus *bus, const char *path, const char *interface,
		     const char *property, sd_bus_message *reply,
		     void *userdata, sd_bus_error *error)
{
	const struct manager_unit *unit = find_by_path(path);
	const char *state = *property == 'L' ? "not-found" : "inactive";

	if (unit && *property == 'L')
		state = unit->load_state ? unit->load_state : "loaded";
	else if (unit)
		state = unit->active_state ? unit->active_state : "inactive";
	return sd_bus_message_append(reply, "s", state);
}

static int get_required_by(sd_bus *bus, const char *path, const char *interface,
			   const char *property, sd_bus_message *reply,
			   void *userdata, sd_bus_error *error)
{
	const struct manager_unit *unit = find_by_path(path);

	if (!unit || !unit->required_by)
		return sd_bus_message_append(reply, "as", 0);
	return sd_bus_message_append(reply, "as", 1, unit->required_by);
}

static const sd_bus_vtable manager_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("StartUnit", "ss", "o", on_start_unit,
		      SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("LoadUnit", "s", "o", on_load_unit,
		      SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Subscribe", "", "", on_subscribe,
		      SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_SIGNAL("JobRemoved", "uoss", 0),
	SD_BUS_PROPERTY("SystemState", "s", get_system_state, 0, 0),
	SD_BUS_VTABLE_END,
};

static const sd_bus_vtable unit_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("LoadState", "s", get_state, 0, 0),
	SD_BUS_PROPERTY("ActiveState", "s", get_state, 0, 0),
	SD_BUS_PROPERTY("RequiredBy", "as", get_required_by, 0, 0),
	SD_BUS_VTABLE_END,
};

static int find_object(sd_bus *bus, const char *path, const char *interface,
		       void *userdata, void **ret_found, sd_bus_error *error)
{
	*ret_found = NULL;
	return 1;
}

static int add_objects(void *userdata, sd_bus *bus)
{
	int err = sd_bus_add_object_vtable(bus, NULL, OBJECT, MANAGER,
					   manager_vtable, NULL);

	return err < 0 ? err :
			 sd_bus_add_fallback_vtable(bus, NULL, UNITS, UNIT,
						    unit_vtable, find_object,
						    NULL);
}

static int on_end(sd_event_source *event_source, int fd, uint32_t events,
		  void *userdata)
{
	return sd_event_exit(manager.event, 0);
}

static void *serve(void *userdata)
{
	sd_event_loop(manager.event);
	return NULL;
}

void manager_begin(struct manager_unit *units, const char *system_state)
{
	struct fr_error error = { 0 };
	char address[300];

	manager.units = units;
	manager.system_state = system_state;
	manager.end_fd = eventfd(0, EFD_CLOEXEC);
	assert_true(manager.end_fd >= 0);
	assert_true(sd_event_new(&manager.event) >= 0);
	assert_true(sd_event_add_io(manager.event, NULL, manager.end_fd,
				    EPOLLIN, on_end, NULL) >= 0);
	bus_init(&manager.bus, manager.event, add_objects, NULL);
	expect_ok(bus_listen(&manager.bus, &error), &error);
	snprintf(address, sizeof(address), "unix:path=%s",
		 machine_path("/private"));
	setenv("FASTREBOOT_SYSTEMD", address, 1);
	assert_int_equal(pthread_create(&manager.thread, NULL, serve, NULL), 0);
}

void manager_end(void)
{
	uint64_t one = 1;

	assert_int_equal(write(manager.end_fd, &one, sizeof(one)), sizeof(one));
	pthread_join(manager.thread, NULL);
	bus_done(&manager.bus);
	sd_event_unref(manager.event);
	close(manager.end_fd);
	unsetenv("FASTREBOOT_SYSTEMD");
}
