// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A stand-in for systemd's manager and for logind, on a socket, for tests of the daemon:
 *
 *	fake-systemd <socket> <folder>
 *
 * What it is to do stands in files of the folder, what it was asked to do goes
 * to one:
 *
 *	state		SystemState; "running" without the file
 *	refuse		StartUnit() fails
 *	stall		StartUnit() is not answered
 *	job-result	how the job of a StartUnit() ends; it does not without
 *			the file, as that of a target that takes its time
 *	units		a line for each unit that is not just inactive: its
 *			name, ActiveState, and names of others with the property
 *			that has them: "a.mount active RequiredBy=b.service"
 *	started		a line for each StartUnit(): unit and mode
 *	runtime-watchdog	RuntimeWatchdogUSec; 0 without the file
 *	inhibitors	what logind lists, a line for each: what, who and mode
 *	logind		RebootWithFlags() is accepted; without the file it is not
 *	give-up		and given up at once
 *	rebooted	a line for each that was accepted: its flags
 *	subscribed	is made when signals were asked for
 *	set		a line for each property that is set: name and value
 *
 * "refuse.<unit>" and "job-result.<unit>" are for one unit, and count more. Where
 * there is a "units.<unit>" it becomes "units" when that unit is started.
 *
 * SIGUSR1: boot-complete.target fails, by the fault of a unit. SIGUSR2: the
 * start is finished.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#define OBJECT "/org/freedesktop/systemd1"
#define MANAGER "org.freedesktop.systemd1.Manager"
#define UNIT "org.freedesktop.systemd1.Unit"
#define UNITS OBJECT "/unit"
#define UNIT_PATH UNITS "/kexec_2etarget"
#define LOGIND "/org/freedesktop/login1"
#define LOGIND_MANAGER "org.freedesktop.login1.Manager"
#define PEERS_MAX 32

static const char *folder;
static sd_bus *peers[PEERS_MAX];
static unsigned int n_peers;
static unsigned int n_jobs;

static FILE *open_in_folder(const char *name, const char *mode)
{
	char path[1024];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return fopen(path, mode);
}

static int exists(const char *name)
{
	FILE *file = open_in_folder(name, "re");

	if (file)
		fclose(file);
	return file != NULL;
}

/* The file for one unit, or else the one for all; NULL if there is neither. */
static FILE *open_for(const char *name, const char *unit)
{
	char own[512];
	FILE *file;

	snprintf(own, sizeof(own), "%s.%s", name, unit);
	file = open_in_folder(own, "re");
	return file ? file : open_in_folder(name, "re");
}

static int is_refused(const char *unit)
{
	FILE *file = open_for("refuse", unit);

	if (file)
		fclose(file);
	return file != NULL;
}

static int job_removed(sd_bus *bus, const char *job, const char *unit,
		       const char *result)
{
	return sd_bus_emit_signal(bus, OBJECT, MANAGER, "JobRemoved", "uoss", 7,
				  job, unit, result);
}

static int end_job(sd_bus *bus, const char *job, const char *unit)
{
	FILE *file = open_for("job-result", unit);
	char result[64] = "";

	if (file && !fgets(result, sizeof(result), file))
		result[0] = '\0';
	if (file)
		fclose(file);
	result[strcspn(result, "\n")] = '\0';
	return *result ? job_removed(bus, job, unit, result) : 1;
}

static void change_units(const char *unit)
{
	char from[512], to[512];

	snprintf(from, sizeof(from), "%s/units.%s", folder, unit);
	snprintf(to, sizeof(to), "%s/units", folder);
	rename(from, to);
}

static int note_started(const char *unit, const char *mode)
{
	FILE *file = open_in_folder("started", "ae");

	if (!file)
		return -EIO;
	fprintf(file, "%s %s\n", unit, mode);
	return fclose(file) ? -EIO : 0;
}

/* A start replaces the job that stops the unit, and that one ends first. */
static int on_start_unit(sd_bus_message *message, void *userdata,
			 sd_bus_error *error)
{
	sd_bus *bus = sd_bus_message_get_bus(message);
	const char *unit, *mode;
	char job[64];

	if (sd_bus_message_read(message, "ss", &unit, &mode) < 0)
		return -EINVAL;
	if (exists("stall"))
		return 1;
	if (is_refused(unit))
		return sd_bus_reply_method_errorf(
			message, "org.freedesktop.systemd1.UnitMasked",
			"Unit %s is masked.", unit);
	if (note_started(unit, mode) < 0)
		return -EIO;
	change_units(unit);
	snprintf(job, sizeof(job), OBJECT "/job/%u", 8 + n_jobs++);
	if (job_removed(bus, OBJECT "/job/7", unit, "canceled") < 0 ||
	    sd_bus_reply_method_return(message, "o", job) < 0)
		return -EIO;
	return end_job(bus, job, unit);
}

static int on_load_unit(sd_bus_message *message, void *userdata,
			sd_bus_error *error)
{
	return sd_bus_reply_method_return(message, "o", UNIT_PATH);
}

static int on_subscribe(sd_bus_message *message, void *userdata,
			sd_bus_error *error)
{
	FILE *file = open_in_folder("subscribed", "we");

	if (!file)
		return -EIO;
	fclose(file);
	return sd_bus_reply_method_return(message, "");
}

static int on_list(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	return sd_bus_reply_method_return(message, "a(ssssssouso)", 1,
					  "bad.service", "A bad one", "loaded",
					  "failed", "failed", "", UNIT_PATH,
					  (uint32_t)0, "", "/");
}

static int get_state(sd_bus *bus, const char *path, const char *interface,
		     const char *property, sd_bus_message *reply,
		     void *userdata, sd_bus_error *error)
{
	FILE *file = open_in_folder("state", "re");
	char state[64] = "running";

	if (file && !fgets(state, sizeof(state), file))
		state[0] = '\0';
	if (file)
		fclose(file);
	state[strcspn(state, "\n")] = '\0';
	return sd_bus_message_append(reply, "s", state);
}

static int get_watchdog(sd_bus *bus, const char *path, const char *interface,
			const char *property, sd_bus_message *reply,
			void *userdata, sd_bus_error *error)
{
	FILE *file = open_in_folder("runtime-watchdog", "re");
	uint64_t usec = 0;

	if (file && *property == 'R' && fscanf(file, "%ju", &usec) != 1)
		usec = 0;
	if (file)
		fclose(file);
	return sd_bus_message_append(reply, "t", usec);
}

static int set_watchdog(sd_bus *bus, const char *path, const char *interface,
			const char *property, sd_bus_message *value,
			void *userdata, sd_bus_error *error)
{
	FILE *file = open_in_folder("set", "ae");
	uint64_t usec = 0;

	if (!file || sd_bus_message_read(value, "t", &usec) < 0)
		return -EIO;
	fprintf(file, "%s %ju\n", property, (uintmax_t)usec);
	return fclose(file) ? -EIO : 0;
}

static int get_stamp(sd_bus *bus, const char *path, const char *interface,
		     const char *property, sd_bus_message *reply,
		     void *userdata, sd_bus_error *error)
{
	uint64_t stamp = *property == 'U' ? 1000000 : 9500000;

	return sd_bus_message_append(reply, "t", *property == 'I' ? 0 : stamp);
}

static int get_load_state(sd_bus *bus, const char *path, const char *interface,
			  const char *property, sd_bus_message *reply,
			  void *userdata, sd_bus_error *error)
{
	return sd_bus_message_append(reply, "s",
				     exists("masked") ? "masked" : "loaded");
}

static int append_inhibitor(sd_bus_message *reply, const char *line)
{
	char what[64], who[64], mode[64];

	if (sscanf(line, "%63s %63s %63s", what, who, mode) != 3)
		return -EINVAL;
	return sd_bus_message_append(reply, "(ssssuu)", what, who, "busy", mode,
				     UINT32_C(0), UINT32_C(7));
}

static int on_list_inhibitors(sd_bus_message *message, void *userdata,
			      sd_bus_error *error)
{
	FILE *file = open_in_folder("inhibitors", "re");
	sd_bus_message *reply = NULL;
	char line[256];
	int err;

	err = sd_bus_message_new_method_return(message, &reply);
	if (err >= 0)
		err = sd_bus_message_open_container(reply, 'a', "(ssssuu)");
	while (err >= 0 && file && fgets(line, sizeof(line), file))
		err = append_inhibitor(reply, line);
	if (err >= 0)
		err = sd_bus_message_close_container(reply);
	if (err >= 0)
		err = sd_bus_send(NULL, reply, NULL);
	sd_bus_message_unref(reply);
	if (file)
		fclose(file);
	return err;
}

static int has_file(const char *name)
{
	FILE *file = open_in_folder(name, "re");

	if (file)
		fclose(file);
	return file != NULL;
}

static int on_reboot(sd_bus_message *message, void *userdata,
		     sd_bus_error *error)
{
	uint64_t flags;
	FILE *file;
	int err = sd_bus_message_read(message, "t", &flags);

	if (err < 0 || !has_file("logind"))
		return err < 0 ? err : -EOPNOTSUPP;
	file = open_in_folder("rebooted", "ae");
	if (file) {
		fprintf(file, "%llu\n", (unsigned long long)flags);
		fclose(file);
	}
	err = sd_bus_reply_method_return(message, NULL);
	if (err >= 0 && has_file("give-up"))
		err = sd_bus_emit_signal(sd_bus_message_get_bus(message),
					 LOGIND, LOGIND_MANAGER,
					 "PrepareForShutdown", "b", 0);
	return err;
}

static const sd_bus_vtable logind_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("RebootWithFlags", "t", "", on_reboot,
		      SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_SIGNAL("PrepareForShutdown", "b", 0),
	SD_BUS_METHOD("ListInhibitors", "", "a(ssssuu)", on_list_inhibitors,
		      SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

static const sd_bus_vtable manager_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("StartUnit", "ss", "o", on_start_unit,
		      SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("LoadUnit", "s", "o", on_load_unit,
		      SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Subscribe", "", "", on_subscribe,
		      SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("ListUnitsFiltered", "as", "a(ssssssouso)", on_list,
		      SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_SIGNAL("JobRemoved", "uoss", 0),
	SD_BUS_SIGNAL("StartupFinished", "tttttt", 0),
	SD_BUS_WRITABLE_PROPERTY("RuntimeWatchdogUSec", "t", get_watchdog,
				 set_watchdog, 0, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_WRITABLE_PROPERTY("KExecWatchdogUSec", "t", get_watchdog,
				 set_watchdog, 0, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_PROPERTY("SystemState", "s", get_state, 0, 0),
	SD_BUS_PROPERTY("InitRDTimestampMonotonic", "t", get_stamp, 0, 0),
	SD_BUS_PROPERTY("UserspaceTimestampMonotonic", "t", get_stamp, 0, 0),
	SD_BUS_PROPERTY("FinishTimestampMonotonic", "t", get_stamp, 0, 0),
	SD_BUS_VTABLE_END,
};

/* The line of a unit, behind its name; NULL if there is none. */
static char *find_unit(const char *path, char *line, size_t size)
{
	FILE *file = open_in_folder("units", "re");
	char *name = NULL, *found = NULL;

	if (!file || sd_bus_path_decode(path, UNITS, &name) <= 0)
		goto out;
	while (!found && fgets(line, (int)size, file)) {
		line[strcspn(line, "\n")] = '\0';
		found = line;
		if (strcmp(strsep(&found, " "), name))
			found = NULL;
	}
out:
	free(name);
	if (file)
		fclose(file);
	return found;
}

static int get_active_state(sd_bus *bus, const char *path,
			    const char *interface, const char *property,
			    sd_bus_message *reply, void *userdata,
			    sd_bus_error *error)
{
	static char line[65536];
	char *state = find_unit(path, line, sizeof(line));

	return sd_bus_message_append(reply, "s",
				     state ? strsep(&state, " ") : "inactive");
}

static int get_names(sd_bus *bus, const char *path, const char *interface,
		     const char *property, sd_bus_message *reply,
		     void *userdata, sd_bus_error *error)
{
	static char line[65536];
	char *words = find_unit(path, line, sizeof(line)), *word;
	size_t length = strlen(property);
	int err = sd_bus_message_open_container(reply, 'a', "s");

	while (err >= 0 && (word = strsep(&words, " ")))
		if (!strncmp(word, property, length) && word[length] == '=')
			err = sd_bus_message_append(reply, "s",
						    word + length + 1);
	return err < 0 ? err : sd_bus_message_close_container(reply);
}

static const sd_bus_vtable unit_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("LoadState", "s", get_load_state, 0, 0),
	SD_BUS_PROPERTY("RequiredBy", "as", get_names, 0, 0),
	SD_BUS_PROPERTY("RequisiteOf", "as", get_names, 0, 0),
	SD_BUS_PROPERTY("WantedBy", "as", get_names, 0, 0),
	SD_BUS_PROPERTY("BoundBy", "as", get_names, 0, 0),
	SD_BUS_PROPERTY("ConsistsOf", "as", get_names, 0, 0),
	SD_BUS_PROPERTY("PropagatesStopTo", "as", get_names, 0, 0),
	SD_BUS_PROPERTY("ActiveState", "s", get_active_state, 0, 0),
	SD_BUS_VTABLE_END,
};

static int on_connection(sd_event_source *event_source, int listen_fd,
			 uint32_t events, void *userdata)
{
	sd_id128_t id =
		SD_ID128_MAKE(1, 2, 3, 4, 5, 6, 7, 8, 9, 0, a, b, c, d, e, f);
	int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	sd_bus *bus;

	if (fd < 0 || n_peers == PEERS_MAX)
		return -EIO;
	if (sd_bus_new(&bus) < 0 || sd_bus_set_fd(bus, fd, fd) < 0 ||
	    sd_bus_set_server(bus, 1, id) < 0 || sd_bus_start(bus) < 0 ||
	    sd_bus_add_object_vtable(bus, NULL, OBJECT, MANAGER, manager_vtable,
				     NULL) < 0 ||
	    sd_bus_add_object_vtable(bus, NULL, LOGIND, LOGIND_MANAGER,
				     logind_vtable, NULL) < 0 ||
	    sd_bus_add_fallback_vtable(bus, NULL, UNITS, UNIT, unit_vtable,
				       NULL, NULL) < 0 ||
	    sd_bus_attach_event(bus, sd_event_source_get_event(event_source),
				0) < 0)
		return -EIO;
	peers[n_peers++] = bus;
	return 0;
}

static int on_signal(sd_event_source *event_source,
		     const struct signalfd_siginfo *info, void *userdata)
{
	for (unsigned int i = 0; i < n_peers; i++) {
		if (sd_bus_is_ready(peers[i]) <= 0)
			continue;
		if (info->ssi_signo == SIGUSR1)
			sd_bus_emit_signal(peers[i], OBJECT, MANAGER,
					   "JobRemoved", "uoss", 7,
					   OBJECT "/job/7",
					   "boot-complete.target",
					   "dependency");
		else
			sd_bus_emit_signal(peers[i], OBJECT, MANAGER,
					   "StartupFinished", "tttttt",
					   UINT64_C(0), UINT64_C(0),
					   UINT64_C(0), UINT64_C(0),
					   UINT64_C(8500000),
					   UINT64_C(8500000));
	}
	return 0;
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
		return -1;
	strcpy(address.sun_path, path);
	unlink(path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, 16) < 0)
		return -1;
	return fd;
}

int main(int argc, char **argv)
{
	sd_event *event;
	sigset_t signals;
	int fd;

	if (argc != 3)
		return 2;
	folder = argv[2];
	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGUSR2);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	fd = listen_at(argv[1]);
	if (fd < 0 || sd_event_default(&event) < 0 ||
	    sd_event_add_io(event, NULL, fd, EPOLLIN, on_connection, NULL) <
		    0 ||
	    sd_event_add_signal(event, NULL, SIGUSR1, on_signal, NULL) < 0 ||
	    sd_event_add_signal(event, NULL, SIGUSR2, on_signal, NULL) < 0)
		return 1;
	return sd_event_loop(event) < 0;
}
