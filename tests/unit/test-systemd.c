// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The main thread's connection to systemd, with a manager in the same loop. That
 * one is served as the daemon serves its own callers.
 */
#include "daemon-fixture.h"

#include "../../daemon/fastrebootd/transport/bus.h"
#include "../../daemon/fastrebootd/transport/systemd.h"

#define OBJECT "/org/freedesktop/systemd1"
#define MANAGER "org.freedesktop.systemd1.Manager"
#define UNIT "org.freedesktop.systemd1.Unit"
#define TARGET OBJECT "/unit/boot_2dcomplete_2etarget"

/**
 * struct manager - what is asked of the manager, and what it answers
 */
static struct manager {
	sd_event *event;
	struct bus bus;
	char started[128];
	bool refuses;
	bool subscribed;
	const char *target_state;
	bool target_required;
	uint64_t default_reached_usec;
} manager;

/* What the client has told. */
static struct {
	char refused[128];
	char failed[128];
	bool timed;
	bool waiting;
} told;

static struct systemd systemd;

static int on_start_unit(sd_bus_message *message, void *userdata,
			 sd_bus_error *error)
{
	const char *unit, *mode;

	assert_true(sd_bus_message_read(message, "ss", &unit, &mode) >= 0);
	snprintf(manager.started, sizeof(manager.started), "%s %s", unit, mode);
	if (manager.refuses)
		return sd_bus_reply_method_errorf(
			message, "org.freedesktop.systemd1.UnitMasked",
			"it is masked");
	return sd_bus_reply_method_return(message, "o", OBJECT "/job/1");
}

static int on_subscribe(sd_bus_message *message, void *userdata,
			sd_bus_error *error)
{
	manager.subscribed = true;
	return sd_bus_reply_method_return(message, "");
}

static int on_list(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	return sd_bus_reply_method_return(message, "a(ssssssouso)", 2,
					  "a.service", "", "loaded", "failed",
					  "failed", "", "/", (uint32_t)0, "",
					  "/", "b.mount", "", "loaded",
					  "failed", "failed", "", "/",
					  (uint32_t)0, "", "/");
}

static int get_stamp(sd_bus *bus, const char *path, const char *interface,
		     const char *property, sd_bus_message *reply,
		     void *userdata, sd_bus_error *error)
{
	const struct {
		const char *name;
		uint64_t usec;
	} stamps[] = {
		{ "InitRDTimestampMonotonic", 0 },
		{ "UserspaceTimestampMonotonic", 1000000 },
		{ "FinishTimestampMonotonic", 3500000 },
		{ "ActiveEnterTimestampMonotonic",
		  manager.default_reached_usec },
	};

	for (size_t i = 0; i < ARRAY_SIZE(stamps); i++)
		if (!strcmp(stamps[i].name, property))
			return sd_bus_message_append(reply, "t",
						     stamps[i].usec);
	return -EINVAL;
}

static int get_target(sd_bus *bus, const char *path, const char *interface,
		      const char *property, sd_bus_message *reply,
		      void *userdata, sd_bus_error *error)
{
	if (!strcmp(property, "ActiveState"))
		return sd_bus_message_append(reply, "s", manager.target_state);
	if (!strcmp(property, "Job"))
		return sd_bus_message_append(reply, "(uo)", 0, "/");
	return manager.target_required ?
		       sd_bus_message_append(reply, "as", 1,
					     "fastreboot-confirm.service") :
		       sd_bus_message_append(reply, "as", 0);
}

static const sd_bus_vtable manager_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("StartUnit", "ss", "o", on_start_unit,
		      SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Subscribe", "", "", on_subscribe,
		      SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("ListUnitsFiltered", "as", "a(ssssssouso)", on_list,
		      SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_SIGNAL("JobRemoved", "uoss", 0),
	SD_BUS_PROPERTY("InitRDTimestampMonotonic", "t", get_stamp, 0, 0),
	SD_BUS_PROPERTY("UserspaceTimestampMonotonic", "t", get_stamp, 0, 0),
	SD_BUS_PROPERTY("FinishTimestampMonotonic", "t", get_stamp, 0, 0),
	SD_BUS_VTABLE_END,
};

static const sd_bus_vtable unit_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("ActiveState", "s", get_target, 0, 0),
	SD_BUS_PROPERTY("Job", "(uo)", get_target, 0, 0),
	SD_BUS_PROPERTY("RequiredBy", "as", get_target, 0, 0),
	SD_BUS_VTABLE_END,
};

static const sd_bus_vtable default_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("ActiveEnterTimestampMonotonic", "t", get_stamp, 0, 0),
	SD_BUS_VTABLE_END,
};

static int add_manager(void *userdata, sd_bus *bus)
{
	int err = sd_bus_add_object_vtable(bus, NULL, OBJECT, MANAGER,
					   manager_vtable, NULL);

	if (err >= 0)
		err = sd_bus_add_object_vtable(bus, NULL, TARGET, UNIT,
					       unit_vtable, NULL);
	if (err >= 0)
		err = sd_bus_add_object_vtable(bus, NULL,
					       OBJECT "/unit/default_2etarget",
					       UNIT, default_vtable, NULL);
	return err;
}

static void on_refused(void *userdata, const struct fr_error *error)
{
	assert_ptr_equal(userdata, &told);
	snprintf(told.refused, sizeof(told.refused), "%.120s", error->text);
}

static bool is_waiting(void *userdata)
{
	return told.waiting;
}

static void on_boot_failed(void *userdata, const char *units)
{
	snprintf(told.failed, sizeof(told.failed), "<%s>", units);
}

static void on_timed(void *userdata)
{
	told.timed = true;
}

static const struct systemd_events events = {
	.refused = on_refused,
	.is_waiting = is_waiting,
	.boot_failed = on_boot_failed,
	.timed = on_timed,
};

static void begin(void)
{
	struct fr_error error = { 0 };
	char address[300];

	manager = (struct manager){ .target_state = "active" };
	memset(&told, 0, sizeof(told));
	systemd = (struct systemd){ 0 };
	assert_true(sd_event_new(&manager.event) >= 0);
	bus_init(&manager.bus, manager.event, add_manager, NULL);
	expect_ok(bus_listen(&manager.bus, &error), &error);
	snprintf(address, sizeof(address), "unix:path=%s",
		 machine_path("/private"));
	setenv("FASTREBOOT_SYSTEMD", address, 1);
}

static void turn(void)
{
	assert_true(sd_event_run(manager.event, UINT64_MAX) >= 0);
}

static void connect_it(void)
{
	systemd_init(&systemd, manager.event, &events, &told);
	/* The stamps are asked for last: all else was answered then. */
	while (!told.timed || !manager.subscribed)
		turn();
}

static void end(void)
{
	systemd_done(&systemd);
	assert_null(systemd.bus);
	bus_done(&manager.bus);
	sd_event_unref(manager.event);
}

static void asks_how_long_the_start_took(void **state)
{
	begin();
	connect_it();
	assert_int_equal(systemd.start_usec, 2500000);
	end();
}

/* What checks the start is no part of it. */
static void a_start_ends_at_the_default_target(void **state)
{
	begin();
	manager.default_reached_usec = 3000000;
	connect_it();
	assert_int_equal(systemd.start_usec, 2000000);
	end();
}

static void starts_a_unit(void **state)
{
	begin();
	connect_it();
	assert_int_equal(systemd_start_unit(&systemd, "kexec.target"), 0);
	while (systemd.wanted)
		turn();
	assert_string_equal(manager.started,
			    "kexec.target replace-irreversibly");
	assert_string_equal(told.refused, "");
	end();
}

static void tells_what_is_refused(void **state)
{
	begin();
	manager.refuses = true;
	connect_it();
	assert_int_equal(systemd_start_unit(&systemd, "kexec.target"), 0);
	while (!*told.refused)
		turn();
	assert_string_equal(
		told.refused,
		"systemd refuses to start kexec.target: it is masked");
	end();
}

static void emit_removed(const char *unit, const char *result)
{
	assert_true(sd_bus_emit_signal(manager.bus.peers->bus, OBJECT, MANAGER,
				       "JobRemoved", "uoss", 7, OBJECT "/job/7",
				       unit, result) >= 0);
}

/* The fault is that of the units that have failed. */
static void the_boot_fails(void **state)
{
	begin();
	connect_it();
	told.waiting = true;
	emit_removed("boot-complete.target", "dependency");
	while (!*told.failed)
		turn();
	assert_string_equal(told.failed, "<a.service b.mount>");
	end();
}

/* Whatever comes before the one that counts is not asked about. */
static void what_is_no_failure(void **state)
{
	begin();
	connect_it();
	/* It does not matter: the kernel is confirmed. */
	emit_removed("boot-complete.target", "failed");
	assert_int_equal(systemd_start_unit(&systemd, "x.target"), 0);
	while (systemd.wanted)
		turn();
	told.waiting = true;
	emit_removed("other.target", "failed");
	emit_removed("boot-complete.target", "done");
	emit_removed("boot-complete.target", "canceled");
	emit_removed("boot-complete.target", "skipped");
	/* What the first answer comes behind may ask, the second would tell. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(systemd_start_unit(&systemd, "y.target"), 0);
		while (systemd.wanted)
			turn();
	}
	assert_string_equal(told.failed, "");
	end();
}

/* It has failed before this daemon came, and so did its signal. */
static void the_boot_has_failed(void **state)
{
	begin();
	manager.target_state = "inactive";
	manager.target_required = true;
	told.waiting = true;
	connect_it();
	while (!*told.failed)
		turn();
	assert_string_equal(told.failed, "<a.service b.mount>");
	end();
}

static void without_systemd(void **state)
{
	begin();
	unsetenv("FASTREBOOT_SYSTEMD");
	systemd_init(&systemd, manager.event, &events, &told);
	assert_null(systemd.bus);
	assert_null(systemd.retry);
	assert_int_equal(systemd_start_unit(&systemd, "x.target"), -ENOTCONN);
	end();
}

static void systemd_is_executed_anew(void **state)
{
	begin();
	connect_it();
	bus_done(&manager.bus);
	while (systemd.bus)
		turn();
	/* It connects again, later. */
	assert_non_null(systemd.retry);
	end();
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(asks_how_long_the_start_took),
	UNIT_TEST(a_start_ends_at_the_default_target),
	UNIT_TEST(starts_a_unit),
	UNIT_TEST(tells_what_is_refused),
	UNIT_TEST(the_boot_fails),
	UNIT_TEST(what_is_no_failure),
	UNIT_TEST(the_boot_has_failed),
	UNIT_TEST(without_systemd),
	UNIT_TEST(systemd_is_executed_anew),
};
FILES_UNIT_MAIN(tests)
