// SPDX-License-Identifier: GPL-2.0-or-later
#include "transport/bus.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>
#include <systemd/sd-id128.h>

#include "base/clock.h"
#include "base/journal.h"
#include "base/place.h"
#include "cleanup.h"
#include "transport/message.h"
#include "transport/names.h"

#define SYSTEM_ADDRESS "unix:path=/run/dbus/system_bus_socket"
#define RETRY_USEC (1000 * 1000)
#define PEERS_MAX 64

static void peer_free(struct bus_peer *peer)
{
	struct bus_peer **link = &peer->owner->peers;

	while (*link && *link != peer)
		link = &(*link)->next;
	if (*link)
		*link = peer->next;
	/* Not flushed: one that does not read would keep us. */
	sd_bus_close(peer->bus);
	sd_bus_unref(peer->bus);
	free(peer);
}

static int on_peer_gone(sd_bus_message *message, void *userdata,
			sd_bus_error *unused)
{
	peer_free(userdata);
	return 0;
}

/* root; in a test the daemon's own user, too. */
static bool is_trusted(int fd)
{
	struct ucred credentials;
	socklen_t size = sizeof(credentials);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
		return false;
	return credentials.uid == 0 || credentials.uid == geteuid();
}

static int serve(struct bus_peer *peer, int fd)
{
	sd_id128_t id;
	int err;

	err = sd_id128_randomize(&id);
	if (err >= 0)
		err = sd_bus_new(&peer->bus);
	if (err < 0) {
		close(fd);
		return err;
	}
	/* From here on the descriptor is the connection's. */
	err = sd_bus_set_fd(peer->bus, fd, fd);
	if (err < 0) {
		close(fd);
		return err;
	}
	err = sd_bus_set_server(peer->bus, 1, id);
	if (err >= 0)
		err = sd_bus_start(peer->bus);
	if (err >= 0)
		err = peer->owner->add_objects(peer->owner->userdata,
					       peer->bus);
	if (err >= 0)
		err = sd_bus_match_signal(peer->bus, NULL, NULL,
					  "/org/freedesktop/DBus/Local",
					  "org.freedesktop.DBus.Local",
					  "Disconnected", on_peer_gone, peer);
	/* The loop's end would flush it, however long that takes. */
	if (err >= 0)
		err = sd_bus_set_close_on_exit(peer->bus, 0);
	if (err >= 0)
		err = sd_bus_attach_event(peer->bus, peer->owner->event,
					  SD_EVENT_PRIORITY_NORMAL);
	return err;
}

static bool too_many_peers(const struct bus *bus)
{
	unsigned int count = 0;

	for (struct bus_peer *peer = bus->peers; peer; peer = peer->next)
		count++;
	return count >= PEERS_MAX;
}

static int on_connection(sd_event_source *event_source, int listen_fd,
			 uint32_t events, void *userdata)
{
	struct bus *bus = userdata;
	struct bus_peer *peer;
	int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return 0;
	peer = calloc(1, sizeof(*peer));
	if (!peer || !is_trusted(fd) || too_many_peers(bus)) {
		free(peer);
		close(fd);
		return 0;
	}
	*peer = (struct bus_peer){ .next = bus->peers, .owner = bus };
	bus->peers = peer;
	if (serve(peer, fd) < 0)
		peer_free(peer);
	return 0;
}

/* The one that systemd has made for us. -ENOENT if there is none. */
static int inherited_socket(void)
{
	_cleanup_strv_ char **names = NULL;
	int n = sd_listen_fds_with_names(1, &names);
	int found = -ENOENT;

	for (int i = 0; i < n; i++) {
		int fd = SD_LISTEN_FDS_START + i;

		/* systemd names it after its unit unless it is told otherwise. */
		if (found < 0 && (!strcmp(names[i], "private") ||
				  !strcmp(names[i], "fastrebootd.socket")))
			found = fd;
		else
			close(fd);
	}
	return found;
}

static int make_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = -1;
	mode_t mask;
	int err;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/* The lock is ours: whoever made it is gone. */
	unlink(path);
	mask = umask(0177);
	err = bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ?
		      -errno :
		      0;
	umask(mask);
	if (!err && listen(fd, 16) < 0)
		err = -errno;
	return err ? err : fr_steal_fd(&fd);
}

static int open_socket(struct bus *bus)
{
	char *path;
	int fd = inherited_socket();

	if (fd >= 0)
		return fd;
	if (asprintf(&path, "%s/private", place_runtime()) < 0)
		return -ENOMEM;
	fd = make_socket(path);
	if (fd < 0)
		free(path);
	else
		bus->socket_path = path;
	return fd;
}

void bus_init(struct bus *bus, sd_event *event, bus_add_objects add_objects,
	      void *userdata)
{
	*bus = (struct bus){ .event = event,
			     .add_objects = add_objects,
			     .userdata = userdata };
}

int bus_listen(struct bus *bus, struct fr_error *error)
{
	int fd = open_socket(bus);
	int err = fd;

	if (fd >= 0)
		err = sd_event_add_io(bus->event, &bus->listen, fd, EPOLLIN,
				      on_connection, bus);
	if (err >= 0) {
		sd_event_source_set_io_fd_own(bus->listen, 1);
		return 0;
	}
	fr_closep(&fd);
	return fr_fail(error, FR_FAILED, err, "can't listen at %s/private: %s",
		       place_runtime(), strerror(-err));
}

static int on_retry(sd_event_source *event_source, uint64_t usec,
		    void *userdata)
{
	bus_connect(userdata);
	return 0;
}

static void connect_later(struct bus *bus)
{
	if (bus->system) {
		sd_bus_close(bus->system);
		bus->system = sd_bus_unref(bus->system);
	}
	if (bus->retry) {
		sd_event_source_set_time_relative(bus->retry, RETRY_USEC);
		sd_event_source_set_enabled(bus->retry, SD_EVENT_ONESHOT);
		return;
	}
	sd_event_add_time_relative(bus->event, &bus->retry, CLOCK_MONOTONIC,
				   RETRY_USEC, 0, on_retry, bus);
}

static int on_system_gone(sd_bus_message *message, void *userdata,
			  sd_bus_error *unused)
{
	connect_later(userdata);
	return 0;
}

static int on_name(sd_bus_message *reply, void *userdata, sd_bus_error *unused)
{
	const sd_bus_error *failure = sd_bus_message_get_error(reply);

	if (failure)
		journal_message(
			LOG_WARNING,
			"no %s on the system bus, only root can use fastrebootd now: %s",
			BUS_NAME, failure->message);
	return 0;
}

static int set_up_system(struct bus *owner)
{
	const char *address = secure_getenv("DBUS_SYSTEM_BUS_ADDRESS");
	sd_bus *bus = owner->system;
	int err;

	err = sd_bus_set_address(bus, address ? address : SYSTEM_ADDRESS);
	if (err >= 0)
		err = sd_bus_set_bus_client(bus, 1);
	/* The socket may not be there yet. */
	if (err >= 0)
		err = sd_bus_set_watch_bind(bus, 1);
	if (err >= 0)
		err = sd_bus_negotiate_creds(bus, 1, SD_BUS_CREDS_EUID);
	if (err >= 0)
		err = sd_bus_start(bus);
	if (err >= 0)
		err = sd_bus_match_signal(bus, NULL, NULL,
					  "/org/freedesktop/DBus/Local",
					  "org.freedesktop.DBus.Local",
					  "Disconnected", on_system_gone,
					  owner);
	if (err >= 0)
		err = owner->add_objects(owner->userdata, bus);
	if (err >= 0)
		err = sd_bus_request_name_async(bus, NULL, BUS_NAME, 0, on_name,
						NULL);
	if (err >= 0)
		err = sd_bus_set_close_on_exit(bus, 0);
	if (err >= 0)
		err = sd_bus_attach_event(bus, owner->event,
					  SD_EVENT_PRIORITY_NORMAL);
	return err;
}

void bus_connect(struct bus *bus)
{
	int err;

	err = sd_bus_new(&bus->system);
	if (err >= 0)
		err = set_up_system(bus);
	if (err >= 0)
		return;
	journal_message(LOG_DEBUG, "no system bus: %s", strerror(-err));
	connect_later(bus);
}

/* Call @emit for each connection that takes messages. */
static void for_each_bus(struct bus *bus,
			 void (*emit)(sd_bus *bus, const void *userdata),
			 const void *userdata)
{
	if (bus->system && sd_bus_is_ready(bus->system) > 0)
		emit(bus->system, userdata);
	for (struct bus_peer *peer = bus->peers; peer; peer = peer->next)
		if (sd_bus_is_ready(peer->bus) > 0)
			emit(peer->bus, userdata);
}

/* A client reads slowly, or not at all: until when is there room for more? */
static bool wait_for_room(sd_bus *bus, uint64_t until)
{
	struct pollfd fd = { .fd = sd_bus_get_fd(bus), .events = POLLOUT };
	uint64_t now = clock_usec();
	int n;

	if (fd.fd < 0 || now >= until)
		return false;
	n = poll(&fd, 1, (int)((until - now) / 1000 + 1));
	return n < 0 ? errno == EINTR : n > 0;
}

/*
 * sd_bus_flush() has no deadline. What is processed may end the connection, so
 * that it is held meanwhile.
 */
static bool flush_connection(sd_bus *bus, uint64_t until)
{
	__attribute__((__cleanup__(sd_bus_unrefp)))
	sd_bus *held = sd_bus_ref(bus);
	uint64_t queued = 0;

	while (sd_bus_is_ready(held) > 0 &&
	       sd_bus_get_n_queued_write(held, &queued) >= 0 && queued)
		if (!wait_for_room(held, until) ||
		    sd_bus_process(held, NULL) < 0)
			return false;
	return true;
}

unsigned int bus_flush(struct bus *bus, uint64_t timeout_usec)
{
	uint64_t until = clock_usec() + timeout_usec;
	struct bus_peer *peer = bus->peers;
	unsigned int count = 0;

	if (bus->system && !flush_connection(bus->system, until))
		count++;
	while (peer) {
		struct bus_peer *next = peer->next;

		if (!flush_connection(peer->bus, until))
			count++;
		peer = next;
	}
	return count;
}

void bus_done(struct bus *bus)
{
	bus_flush(bus, BUS_FLUSH_USEC);
	while (bus->peers)
		peer_free(bus->peers);
	if (bus->system) {
		sd_bus_close(bus->system);
		bus->system = sd_bus_unref(bus->system);
	}
	bus->retry = sd_event_source_disable_unref(bus->retry);
	bus->listen = sd_event_source_disable_unref(bus->listen);
	if (bus->socket_path)
		unlink(bus->socket_path);
	free(bus->socket_path);
	bus->socket_path = NULL;
}

/**
 * struct job_news - what a signal tells of a job that is there
 */
struct job_news {
	const char *path;
	const char *kind;
	const char *step;
	uint64_t done;
	uint64_t total;
};

static void emit_new(sd_bus *bus, const void *userdata)
{
	const struct job_news *news = userdata;

	sd_bus_emit_signal(bus, BUS_OBJECT, BUS_MANAGER, "JobNew", "os",
			   news->path, news->kind);
}

void bus_job_new(struct bus *bus, const char *path, const char *kind)
{
	struct job_news news = { .path = path, .kind = kind };

	for_each_bus(bus, emit_new, &news);
}

static void emit_removed(sd_bus *bus, const void *userdata)
{
	const struct bus_job_end *end = userdata;

	sd_bus_emit_signal(bus, BUS_OBJECT, BUS_MANAGER, "JobRemoved", "ossss",
			   end->path, end->kind, end->result, end->message,
			   end->details);
}

void bus_job_removed(struct bus *bus, const struct bus_job_end *end)
{
	_cleanup_free_ char *message = message_text(end->message);
	_cleanup_free_ char *details = message_text(end->details);
	struct bus_job_end fit = *end;

	fit.message = message ? message : "";
	fit.details = details ? details : "{}";
	for_each_bus(bus, emit_removed, &fit);
}

static void emit_progress(sd_bus *bus, const void *userdata)
{
	const struct job_news *news = userdata;

	sd_bus_emit_signal(bus, news->path, BUS_JOB, "Progress", "stt",
			   news->step, news->done, news->total);
}

void bus_job_progress(struct bus *bus, const char *path, const char *step,
		      uint64_t done, uint64_t total)
{
	struct job_news news = {
		.path = path, .step = step, .done = done, .total = total
	};

	for_each_bus(bus, emit_progress, &news);
}

static void emit_changed(sd_bus *bus, const void *userdata)
{
	sd_bus_emit_properties_changed(bus, BUS_OBJECT, BUS_MANAGER, "Armed",
				       "Confirmed", "Job", NULL);
}

void bus_properties_changed(struct bus *bus)
{
	for_each_bus(bus, emit_changed, NULL);
}
