/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connection to fastrebootd.
 *
 * There are two ways to it that carry the same interface: the system bus, which
 * starts the daemon when it has to, and the daemon's private socket, which only
 * root may use and which is there when no bus is, as in an initramfs. The bus is
 * tried first, since a machine that has one has the policy there.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <stdbool.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "cleanup.h"
#include "error.h"
#include "json.h"

#define CLIENT_NAME "org.fastreboot1"
#define CLIENT_OBJECT "/org/fastreboot1"
#define CLIENT_MANAGER "org.fastreboot1.Manager"
#define CLIENT_JOB "org.fastreboot1.Job"
#define CLIENT_SOCKET "/run/fastreboot/private"

#define _cleanup_error_ _cleanup_(sd_bus_error_free)
#define _cleanup_message_ _cleanup_(sd_bus_message_unrefp)

/**
 * struct client - a connection
 * @bus: the connection; NULL if there is none
 * @peer: it is the private socket, where messages have no sender and no
 *	destination
 * @error: why there is none, for a verb that goes on without
 */
struct client {
	sd_bus *bus;
	bool peer;
	struct fr_error error;
};

/**
 * client_open() - connect to the daemon
 * @private_socket: don't try the system bus
 * @ret: the connection; the caller calls client_close()
 * @error: says why there is none
 *
 * FASTREBOOT_SOCKET in the environment is another name for the socket.
 *
 * Return: 0, or a negative errno with FR_NO_DAEMON or FR_NOT_PERMITTED.
 */
int client_open(bool private_socket, struct client *ret,
		struct fr_error *error);

/**
 * client_close() - end a connection; what was sent gets there
 * @client: connection, or one that client_open() left all zero
 */
void client_close(struct client *client);

/**
 * client_name() - whom to send to
 * @client: connection
 *
 * Return: the daemon's bus name, NULL on the private socket.
 */
const char *client_name(const struct client *client);

/**
 * client_message() - begin a call of the daemon's manager
 * @client: connection
 * @method: name of the method
 * @ret: the message, to be filled
 * @error: says what is wrong
 *
 * Return: 0, or a negative errno.
 */
int client_message(struct client *client, const char *method,
		   sd_bus_message **ret, struct fr_error *error);

/**
 * client_call() - call and wait for the reply
 * @client: connection
 * @message: the call
 * @ret: the reply; NULL: it is of no interest
 * @error: the daemon's answer when it refuses
 *
 * Return: 0, or a negative errno.
 */
int client_call(struct client *client, sd_bus_message *message,
		sd_bus_message **ret, struct fr_error *error);

/**
 * client_fetch() - call a method that gives a JSON text
 * @client: connection
 * @method: name of the method
 * @schema: what the text has to be of
 * @ret: the object; the caller releases it
 * @error: what is wrong
 *
 * Return: 0, or a negative errno.
 */
int client_fetch(struct client *client, const char *method, const char *schema,
		 struct json_object **ret, struct fr_error *error);

/**
 * client_fail() - turn an error of sd-bus into one of ours
 * @error: where to
 * @from: what came as the reply; may be unset
 * @err: negative errno
 *
 * Return: @err.
 */
int client_fail(struct fr_error *error, const sd_bus_error *from, int err);

/**
 * client_watch() - call a function when the daemon is gone
 * @client: connection
 * @gone: called on the private socket when it is closed, on the bus with
 *	NameOwnerChanged of the daemon's name
 * @userdata: passed on
 * @ret: the subscription, to be released with sd_bus_slot_unref()
 *
 * Return: 0, or a negative errno.
 */
int client_watch(struct client *client, sd_bus_message_handler_t gone,
		 void *userdata, sd_bus_slot **ret);

#endif
