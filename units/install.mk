# SPDX-License-Identifier: GPL-2.0-or-later
#
# Puts everything where a system expects it:
#
#	make -f units/install.mk DESTDIR=<folder> [prefix=/usr] [PROGRAMS=<folder>]
#
# PROGRAMS	the folder with fastrebootd and fastreboot; what daemon/Makefile
#		builds for this machine, by default
# It takes nothing away from DESTDIR, and configuration in /etc is the
# administrator's: nothing is installed there but what has no other place.

TOP := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))/..)
PROGRAMS ?= $(TOP)/build/daemon/native

DESTDIR ?=
prefix ?= /usr
sysconfdir ?= /etc
bindir ?= $(prefix)/bin
libexecdir ?= $(prefix)/libexec
datadir ?= $(prefix)/share
mandir ?= $(datadir)/man
# These are systemd's, whatever the prefix: it looks nowhere else.
libdir = $(prefix)/lib
shutdowndir ?= $(libdir)/systemd/system-shutdown
unitdir ?= $(libdir)/systemd/system
catalogdir ?= $(libdir)/systemd/catalog
tmpfilesdir ?= $(libdir)/tmpfiles.d
kernelinstalldir ?= $(libdir)/kernel/install.d
configdir = $(libdir)/fastreboot
generatordir ?= $(libdir)/systemd/system-generators
udevdir ?= $(libdir)/udev/rules.d
# These are not: where libraries are is the system's convention.
includedir ?= $(prefix)/include
librarydir ?= $(prefix)/lib

INSTALL = install
UNITS := $(wildcard $(TOP)/units/*.service.in $(TOP)/units/fastreboot*.socket \
	$(TOP)/units/*.timer $(TOP)/units/*.mount)
MANUALS := $(filter-out %.3,$(wildcard $(TOP)/tools/man/*.[1-8]))
STATE = $(TOP)/daemon/state
VERSION = $(shell sed -n '1s/^[^(]*(\([^)]*\)).*/\1/p' $(TOP)/debian/changelog)

# $(call data,FILE,TARGET)
data = $(INSTALL) -D -m 644 $(1) $(DESTDIR)$(2)
# $(call filled,FILE,TARGET,MODE): with the places filled in
filled = $(INSTALL) -d $(DESTDIR)$(dir $(2)) && \
	sed -e 's|@bindir@|$(bindir)|g' -e 's|@libexecdir@|$(libexecdir)|g' \
		-e 's|@libdir@|$(libdir)|g' \
		-e 's|@kernelinstalldir@|$(kernelinstalldir)|g' \
		-e 's|@unitdir@|$(unitdir)|g' $(1) >$(DESTDIR)$(2) && \
	chmod $(3) $(DESTDIR)$(2)

install: install-package install-library install-development

# All but the library for applications
install-package: install-programs install-units install-bus \
	install-configuration install-kernel-hooks install-manuals \
	install-completions install-examples

install-programs:
	$(INSTALL) -D -m 755 $(PROGRAMS)/fastreboot $(DESTDIR)$(bindir)/fastreboot
	$(INSTALL) -D -m 755 $(PROGRAMS)/fastrebootd \
		$(DESTDIR)$(libexecdir)/fastrebootd
	$(INSTALL) -D -m 755 $(PROGRAMS)/fastreboot-wipe-state \
		$(DESTDIR)$(libexecdir)/fastreboot-wipe-state
	$(INSTALL) -D -m 755 $(PROGRAMS)/fastreboot-health \
		$(DESTDIR)$(libexecdir)/fastreboot-health
	$(INSTALL) -D -m 755 $(PROGRAMS)/root-overlay \
		$(DESTDIR)$(configdir)/root-overlay
	$(INSTALL) -d $(DESTDIR)$(shutdowndir)
	ln -sf $(libexecdir)/fastreboot-wipe-state \
		$(DESTDIR)$(shutdowndir)/fastreboot-wipe-state

install-units:
	set -e; for unit in $(UNITS); do \
		name=$$(basename $$unit .in); \
		$(call filled,$$unit,$(unitdir)/$$name,644); \
	done
	$(call data,$(TOP)/units/systemd-bless-boot.conf,$(unitdir)/systemd-bless-boot.service.d/fastreboot.conf)
	$(call filled,$(TOP)/units/health-baseline.in,$(configdir)/preflight.d/10-health-baseline,755)
	$(call data,$(TOP)/units/fastreboot.tmpfiles,$(tmpfilesdir)/fastreboot.conf)
	$(call data,$(TOP)/units/60-fastreboot-state.rules,$(udevdir)/60-fastreboot-state.rules)
	$(call filled,$(TOP)/units/fastreboot-state-generator.in,$(generatordir)/fastreboot-state-generator,755)
	$(call data,$(TOP)/units/fastreboot.catalog,$(catalogdir)/fastreboot.catalog)

install-bus:
	$(call data,$(TOP)/units/org.fastreboot1.conf,$(datadir)/dbus-1/system.d/org.fastreboot1.conf)
	$(call data,$(TOP)/units/org.fastreboot1.service,$(datadir)/dbus-1/system-services/org.fastreboot1.service)
	$(call data,$(TOP)/units/org.fastreboot1.policy,$(datadir)/polkit-1/actions/org.fastreboot1.policy)

install-configuration:
	$(call data,$(TOP)/units/fastreboot.conf,$(configdir)/fastreboot.conf)
	$(call data,$(TOP)/units/kernel-install.conf,$(configdir)/kernel-install.conf)
	$(INSTALL) -d $(addprefix $(DESTDIR)$(sysconfdir)/fastreboot/,\
		fastreboot.conf.d preflight.d quiesce.d unfreeze.d)

install-kernel-hooks:
	$(call filled,$(TOP)/units/new-kernel.in,$(configdir)/new-kernel,755)
	$(call filled,$(TOP)/units/old-kernel.in,$(configdir)/old-kernel,755)
	$(call filled,$(TOP)/units/95-fastreboot.install.in,$(kernelinstalldir)/95-fastreboot.install,755)
	$(call filled,$(TOP)/units/zz-fastreboot.in,$(sysconfdir)/kernel/postinst.d/zz-fastreboot,755)
	$(call filled,$(TOP)/units/zz-fastreboot-remove.in,$(sysconfdir)/kernel/postrm.d/zz-fastreboot,755)

install-examples:
	$(call data,$(TOP)/units/examples/memcached.conf,$(datadir)/doc/fastreboot/examples/memcached.conf)

install-manuals:
	set -e; for page in $(MANUALS); do \
		$(INSTALL) -D -m 644 $$page \
			$(DESTDIR)$(mandir)/man$${page##*.}/$$(basename $$page); \
	done

install-completions:
	$(call data,$(TOP)/tools/completions/fastreboot.bash,$(datadir)/bash-completion/completions/fastreboot)
	$(call data,$(TOP)/tools/completions/_fastreboot,$(datadir)/zsh/vendor-completions/_fastreboot)

# libfastreboot-state, which applications are linked with at run time
install-library:
	$(INSTALL) -D -m 644 $(PROGRAMS)/libfastreboot-state.so.0 \
		$(DESTDIR)$(librarydir)/libfastreboot-state.so.0

# and what they are built with; each function has the man page of all
install-development:
	$(call data,$(STATE)/fastreboot-state.h,$(includedir)/fastreboot-state.h)
	$(call data,$(PROGRAMS)/libfastreboot-state.a,$(librarydir)/libfastreboot-state.a)
	ln -sf libfastreboot-state.so.0 \
		$(DESTDIR)$(librarydir)/libfastreboot-state.so
	$(INSTALL) -d $(DESTDIR)$(librarydir)/pkgconfig
	sed -e 's|@prefix@|$(prefix)|g' -e 's|@libdir@|$(librarydir)|g' \
		-e 's|@includedir@|$(includedir)|g' \
		-e 's|@version@|$(VERSION)|g' $(STATE)/fastreboot-state.pc.in \
		>$(DESTDIR)$(librarydir)/pkgconfig/fastreboot-state.pc
	$(call data,$(TOP)/tools/man/libfastreboot-state.3,$(mandir)/man3/libfastreboot-state.3)
	set -e; for name in $$(sed -n 's/^\t\(fr_state_[a-z_]*\);/\1/p' \
			$(STATE)/libfastreboot-state.map); do \
		ln -sf libfastreboot-state.3 \
			$(DESTDIR)$(mandir)/man3/$$name.3; \
	done

.PHONY: install install-package install-programs install-units install-bus \
	install-configuration install-kernel-hooks install-manuals \
	install-completions install-examples install-library \
	install-development
