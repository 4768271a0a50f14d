// SPDX-License-Identifier: GPL-2.0-or-later
#include "client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECOND 1000000ULL
/* Without a password: systemd gives a daemon 90 s to start. */
#define CALL_TIMEOUT (120 * SECOND)
/* polkit may ask for a password; the daemon gives it 5 minutes. */
#define ASKING_TIMEOUT (330 * SECOND)

/* What the bus and libsystemd say for themselves. */
struct known_error {
	const char *name;
	enum fr_failure failure;
};

#define DBUS_ERROR(name) "org.freedesktop.DBus.Error." name

static const struct known_error known_errors[] = {
	{ DBUS_ERROR("AccessDenied"), FR_NOT_PERMITTED },
	{ DBUS_ERROR("InteractiveAuthorizationRequired"), FR_NOT_PERMITTED },
	{ DBUS_ERROR("AuthFailed"), FR_NOT_PERMITTED },
	{ DBUS_ERROR("UnknownMethod"), FR_UNSUPPORTED },
	{ DBUS_ERROR("UnknownInterface"), FR_UNSUPPORTED },
	{ DBUS_ERROR("UnknownObject"), FR_UNSUPPORTED },
	{ DBUS_ERROR("NoMemory"), FR_NO_MEMORY },
	{ DBUS_ERROR("ServiceUnknown"), FR_NO_DAEMON },
	{ DBUS_ERROR("NameHasNoOwner"), FR_NO_DAEMON },
	{ DBUS_ERROR("NoServer"), FR_NO_DAEMON },
	{ DBUS_ERROR("NoReply"), FR_NO_DAEMON },
	{ DBUS_ERROR("Timeout"), FR_NO_DAEMON },
	{ DBUS_ERROR("TimedOut"), FR_NO_DAEMON },
	{ DBUS_ERROR("Disconnected"), FR_NO_DAEMON },
};

/* Never FR_OK: an error whose name says so is one of the daemon's, too. */
static enum fr_failure failure_of(const sd_bus_error *from)
{
	static const char ours[] = CLIENT_NAME ".Error.";
	static const char spawn[] = DBUS_ERROR("Spawn.");

	if (!strncmp(from->name, ours, strlen(ours)))
		return fr_failure_from_name(from->name + strlen(ours)) ?:
			       FR_FAILED;
	/* systemd's own names for a unit that does not start among them */
	if (!strncmp(from->name, spawn, strlen(spawn)) ||
	    !strncmp(from->name, "org.freedesktop.systemd1.", 25))
		return FR_NO_DAEMON;
	for (size_t i = 0; i < sizeof(known_errors) / sizeof(*known_errors);
	     i++)
		if (!strcmp(known_errors[i].name, from->name))
			return known_errors[i].failure;
	return FR_FAILED;
}

/* What to do about a failure whose text is not the daemon's. */
static const char *advice_for(enum fr_failure failure)
{
	switch (failure) {
	case FR_NOT_PERMITTED:
		return "; run it as root";
	case FR_UNSUPPORTED:
		return "; fastrebootd is older than this command, restart it";
	case FR_NO_DAEMON:
		return "; 'systemctl status fastrebootd' tells more";
	default:
		return "";
	}
}

int client_fail(struct fr_error *error, const sd_bus_error *from, int err)
{
	const char *advice, *message;
	enum fr_failure failure;

	if (!from || !sd_bus_error_is_set(from))
		return fr_fail(error, FR_FAILED, err,
			       "Talking to fastrebootd: %s", strerror(-err));
	failure = failure_of(from);
	message = from->message ?: from->name;
	advice = strncmp(from->name, CLIENT_NAME, strlen(CLIENT_NAME)) ?
			 advice_for(failure) :
			 "";
	return fr_fail(error, failure, err, "%s%s", message, advice);
}

const char *client_name(const struct client *client)
{
	return client->peer ? NULL : CLIENT_NAME;
}

int client_message(struct client *client, const char *method,
		   sd_bus_message **ret, struct fr_error *error)
{
	int err = sd_bus_message_new_method_call(client->bus, ret,
						 client_name(client),
						 CLIENT_OBJECT, CLIENT_MANAGER,
						 method);

	return err < 0 ? client_fail(error, NULL, err) : 0;
}

int client_call(struct client *client, sd_bus_message *message,
		sd_bus_message **ret, struct fr_error *error)
{
	_cleanup_error_ sd_bus_error from = SD_BUS_ERROR_NULL;
	int err = sd_bus_call(client->bus, message, 0, &from, ret);

	return err < 0 ? client_fail(error, &from, err) : 0;
}

/* Everything that is not a plain letter, digit or one of a few more is escaped,
 * as the D-Bus specification wants it in an address.
 */
static void escape_address(const char *path, char *to)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz"
				    "0123456789-_/.";

	for (; *path; path++) {
		if (strchr(plain, *path))
			*to++ = *path;
		else
			to += sprintf(to, "%%%02x", (unsigned char)*path);
	}
	*to = '\0';
}

static int connect_socket(const char *path, sd_bus **ret)
{
	static const char transport[] = "unix:path=";
	_cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
	_cleanup_free_ char *address = NULL;
	int err;

	address = malloc(sizeof(transport) + 3 * strlen(path));
	if (!address)
		return -ENOMEM;
	strcpy(address, transport);
	escape_address(path, address + strlen(transport));
	err = sd_bus_new(&bus);
	if (err >= 0)
		err = sd_bus_set_address(bus, address);
	if (err >= 0)
		err = sd_bus_start(bus);
	if (err < 0)
		return err;
	*ret = fr_steal_pointer(bus);
	return 0;
}

static const char *socket_path(void)
{
	const char *path = getenv("FASTREBOOT_SOCKET");

	return path && *path ? path : CLIENT_SOCKET;
}

static int fail_socket(struct fr_error *error, int err)
{
	const char *path = socket_path();

	if (err == -EACCES || err == -EPERM)
		return fr_fail(error, FR_NOT_PERMITTED, err,
			       "Only root may use %.128s; run it as root",
			       path);
	return fr_fail(error, FR_NO_DAEMON, err,
		       "fastrebootd does not run: %.128s: %s; start it with "
		       "'systemctl start fastrebootd', or by itself where "
		       "there is no systemd",
		       path, strerror(-err));
}

/* Is the daemon there? It also makes the bus start it. */
static int ping(struct client *client, struct fr_error *error)
{
	_cleanup_error_ sd_bus_error from = SD_BUS_ERROR_NULL;
	int err = sd_bus_call_method(client->bus, client_name(client),
				     CLIENT_OBJECT, "org.freedesktop.DBus.Peer",
				     "Ping", &from, NULL, NULL);

	/* The bus's policy may forbid to ping: the next call tells more. */
	if (err >= 0 ||
	    sd_bus_error_has_name(&from, DBUS_ERROR("AccessDenied")))
		return 0;
	return client_fail(error, &from, err);
}

static void set_up(struct client *client)
{
	bool ask = isatty(STDIN_FILENO);

	sd_bus_set_method_call_timeout(client->bus,
				       ask ? ASKING_TIMEOUT : CALL_TIMEOUT);
	if (!client->peer)
		sd_bus_set_allow_interactive_authorization(client->bus, ask);
}

static int open_socket(struct client *client, struct fr_error *error)
{
	int err = connect_socket(socket_path(), &client->bus);

	if (err < 0)
		return fail_socket(error, err);
	client->peer = true;
	set_up(client);
	err = ping(client, error);
	if (err < 0)
		client_close(client);
	return err;
}

/* After a failure there is a connection if there is a bus. */
static int open_bus(struct client *client, struct fr_error *error)
{
	int err = sd_bus_open_system(&client->bus);

	if (err < 0)
		return fr_fail(error, FR_NO_DAEMON, err,
			       "There is no system bus: %.128s; without one, "
			       "only root can use fastrebootd",
			       strerror(-err));
	client->peer = false;
	set_up(client);
	return ping(client, error);
}

/*
 * Root needs no bus. If the socket fails, too, the reason is the bus's where there is
 * one: it has tried to start the daemon.
 */
static int open_without_bus(struct client *client, struct fr_error *error)
{
	bool has_bus = client->bus != NULL;
	struct fr_error other = { 0 };
	int err;

	client_close(client);
	err = open_socket(client, &other);
	if (err < 0 && !has_bus)
		*error = other;
	return err;
}

int client_open(bool private_socket, struct client *ret, struct fr_error *error)
{
	struct client client = { 0 };
	int err = -ENOTCONN;

	if (!private_socket)
		err = open_bus(&client, error);
	if (private_socket)
		err = open_socket(&client, error);
	else if (err < 0 && error->failure == FR_NO_DAEMON && geteuid() == 0)
		err = open_without_bus(&client, error);
	if (err < 0) {
		client_close(&client);
		return err;
	}
	*error = (struct fr_error){ 0 };
	*ret = client;
	return 0;
}

void client_close(struct client *client)
{
	client->bus = sd_bus_flush_close_unref(client->bus);
}

int client_fetch(struct client *client, const char *method, const char *schema,
		 struct json_object **ret, struct fr_error *error)
{
	_cleanup_message_ sd_bus_message *call = NULL;
	_cleanup_message_ sd_bus_message *reply = NULL;
	const char *text;
	int err;

	err = client_message(client, method, &call, error);
	if (err >= 0)
		err = client_call(client, call, &reply, error);
	if (err < 0)
		return err;
	err = sd_bus_message_read(reply, "s", &text);
	if (err < 0)
		return client_fail(error, NULL, err);
	return cli_json_parse(text, schema, ret, error);
}

int client_watch(struct client *client, sd_bus_message_handler_t gone,
		 void *userdata, sd_bus_slot **ret)
{
	int err;

	if (client->peer)
		err = sd_bus_match_signal(client->bus, ret, NULL,
					  "/org/freedesktop/DBus/Local",
					  "org.freedesktop.DBus.Local",
					  "Disconnected", gone, userdata);
	else
		err = sd_bus_add_match(client->bus, ret,
				       "type='signal',"
				       "sender='org.freedesktop.DBus',"
				       "interface='org.freedesktop.DBus',"
				       "member='NameOwnerChanged',"
				       "arg0='" CLIENT_NAME "'",
				       gone, userdata);
	return err < 0 ? err : 0;
}
