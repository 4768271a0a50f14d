// SPDX-License-Identifier: GPL-2.0-or-later
#include "transport/systemd-bus.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"

#define PRIVATE "/run/systemd/private"

#define WAIT_USEC (5 * 1000 * 1000)

static int open_address(const char *address, bool is_bus, sd_bus **ret_bus)
{
	_cleanup_bus_ sd_bus *bus = NULL;
	int err;

	err = sd_bus_new(&bus);
	if (err >= 0)
		err = sd_bus_set_address(bus, address);
	if (err >= 0)
		err = sd_bus_set_bus_client(bus, is_bus);
	if (err >= 0)
		err = sd_bus_start(bus);
	if (err < 0)
		return err;
	*ret_bus = fr_steal_pointer(bus);
	return 0;
}

#ifdef FR_TESTING
/* A test never talks to the systemd of the machine that it runs on. */
int systemd_bus_connect(sd_bus **ret_bus)
{
	const char *address = getenv("FASTREBOOT_SYSTEMD");

	return address ? open_address(address, false, ret_bus) : -ENOENT;
}
#else
int systemd_bus_connect(sd_bus **ret_bus)
{
	/* What sd_booted() looks for. */
	if (access("/run/systemd/system", F_OK) < 0)
		return -ENOENT;
	if (open_address("unix:path=" PRIVATE, false, ret_bus) >= 0)
		return 0;
	return sd_bus_open_system(ret_bus);
}
#endif

int systemd_bus_open(sd_bus **ret_bus)
{
	sd_bus *bus;
	int err;

	err = systemd_bus_connect(&bus);
	if (err < 0)
		return err;
	sd_bus_set_method_call_timeout(bus, WAIT_USEC);
	*ret_bus = bus;
	return 0;
}

int systemd_bus_process(sd_bus *bus, uint64_t until)
{
	uint64_t now = clock_usec();
	int err = sd_bus_process(bus, NULL);

	if (err)
		return err < 0 ? err : 0;
	if (now >= until)
		return -ETIMEDOUT;
	err = sd_bus_wait(bus, until - now);
	return err < 0 && err != -EINTR ? err : 0;
}

int systemd_bus_watch_jobs(sd_bus *bus, sd_bus_message_handler_t handler,
			   void *userdata)
{
	int err;

	err = sd_bus_match_signal(bus, NULL, NULL, OBJECT, MANAGER,
				  "JobRemoved", handler, userdata);
	if (err >= 0)
		err = sd_bus_call_method(bus, SERVICE, OBJECT, MANAGER,
					 "Subscribe", NULL, NULL, NULL);
	return err;
}

int systemd_bus_read_properties(sd_bus_message *reply,
				systemd_property_reader read, void *into)
{
	const char *name;
	int err;

	err = sd_bus_message_enter_container(reply, 'a', "{sv}");
	while (err >= 0) {
		err = sd_bus_message_enter_container(reply, 'e', "sv");
		if (err <= 0)
			return err;
		err = sd_bus_message_read(reply, "s", &name);
		if (err >= 0)
			err = read(reply, name, into);
		if (err >= 0)
			err = sd_bus_message_exit_container(reply);
	}
	return err;
}

int systemd_bus_read_names(sd_bus_message *reply,
			   void (*take)(const char *name, void *into),
			   void *into)
{
	const char *name;
	int err;

	err = sd_bus_message_enter_container(reply, 'v', "as");
	if (err >= 0)
		err = sd_bus_message_enter_container(reply, 'a', "s");
	if (err < 0)
		return err;
	while ((err = sd_bus_message_read(reply, "s", &name)) > 0)
		take(name, into);
	if (err >= 0)
		err = sd_bus_message_exit_container(reply);
	if (err >= 0)
		err = sd_bus_message_exit_container(reply);
	return err;
}
