/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of the interface org.fastreboot1(5): an ABI. */
#ifndef FASTREBOOTD_TRANSPORT_NAMES_H
#define FASTREBOOTD_TRANSPORT_NAMES_H

#define BUS_NAME "org.fastreboot1"
#define BUS_OBJECT "/org/fastreboot1"
#define BUS_JOBS BUS_OBJECT "/job"
#define BUS_MANAGER "org.fastreboot1.Manager"
#define BUS_JOB "org.fastreboot1.Job"
#define BUS_ERROR "org.fastreboot1.Error"

#endif
