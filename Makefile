# SPDX-License-Identifier: GPL-2.0-or-later
#
# One command a job, each with its own set-up. `make` names them.
#
# BASE=<release>	which base of kernel-patches the kernel tree and the kernels are for
# KERNEL_SRC=<dir>	use this tree as the base, not Debian's source package
# VARIANT=<name>...	which kernels `make kernel` builds: a b signed debug page16
#			page64 stock
# ONLY=<pattern>	which tests `make check` and `make quick` run
# STACK=<name>		which stack of the series `make kernel-mail` writes
# BENCH=<options>	of `make bench`: --quick, --only, --strict, --jobs

BASE ?= 6.12
VARIANT ?= a b
ONLY ?=
BENCH ?=
STACK ?=
export BASE KERNEL_SRC

help:
	@echo 'make demo                 fast reboots in QEMU, and where the time went'
	@echo 'make quick                the tests that take neither a kernel nor a VM'
	@echo 'make lint                 what linters say of the code'
	@echo 'make check                all tests, these among them'
	@echo 'make check ONLY=<pattern> those whose names match: a part, or a glob;'
	@echo '                          so does make quick'
	@echo 'make check-all            and what takes too long for that, hours'
	@echo 'make check-list           names them'
	@echo 'make check-pages          those of kernels with 16 and 64 KiB pages'
	@echo 'make check-system         those of Debian with systemd, and the package'
	@echo 'make check-debug          those of a kernel that watches itself, and fails'
	@echo 'make check-fresh          the commands here, on Debian 12 and 13 with nothing else'
	@echo 'make bench                how long reboots take, stock and with the pool'
	@echo 'make bench-profile        what a blackout consists of, by function'
	@echo 'make bench-relocator      instructions that relocating a payload takes'
	@echo 'make daemon               fastrebootd and fastreboot, in build/daemon/native'
	@echo 'make deb                  the Debian package for arm64, in build/deb'
	@echo 'make install DESTDIR=     what the package has, without a package'
	@echo 'make vm                   a shell in a virtual machine, to try things by hand'
	@echo
	@echo 'make setup                install the Debian packages that all this needs'
	@echo 'make kernel-source        the files that it adds, in build/kernel-source'
	@echo 'make kernel-tree          the patched kernel, as commits in build/linux'
	@echo 'make kernel               build it; VARIANT="signed stock" for others'
	@echo 'make kernel-patches       write the commits of build/linux to kernel-patches'
	@echo 'make kernel-mail STACK=<name>  a stack of the series as mails, in build/mail'
	@echo 'make kernel-tree-reset    put build/linux back to what kernel-patches has'
	@echo 'make clean                remove what was built, but the kernel tree'
	@echo 'make distclean            remove build/ altogether'

setup:
	@tools/setup.sh kernel vm unit lint dts

daemon:
	@tools/setup.sh daemon
	@$(MAKE) -s -C daemon

deb:
	@tools/setup.sh deb
	@tools/deb.sh

# Builds nothing: `make daemon` first.
install:
	@$(MAKE) -s -f units/install.mk

kernel-source:
	@tools/setup.sh source
	@tools/kernel-source.py

kernel-tree:
	@tools/setup.sh kernel
	@tools/kernel-tree.sh

kernel-tree-reset:
	@tools/kernel-tree.sh reset

kernel-patches:
	@tools/kernel-patches.sh

kernel-mail:
	@tools/kernel-mail.sh $(STACK)

kernel: kernel-tree
	@tools/kernel.sh $(VARIANT)

vm:
	@tools/setup.sh kernel vm
	@tools/kernel-tree.sh
	@tools/kernel.sh a b
	@python3 tools/vm.py

demo:
	@tools/setup.sh kernel vm
	@tools/kernel-tree.sh
	@tools/kernel.sh a b
	@python3 tools/demo.py

quick:
	@tools/setup.sh unit
	@$(MAKE) -s --no-print-directory -j$$(nproc) -C tests/unit quick \
		ONLY='$(ONLY)'

lint:
	@tools/setup.sh lint
	@tests/tap/run tests/style/lint.py

check: setup
	@python3 tools/check.py --only '$(ONLY)'

check-list: setup
	@python3 tools/check.py --list --only '$(ONLY)'

# Their kernels take too long to build for `make check`, which runs these tests
# when it finds the kernels.
check-pages: setup
	@tools/kernel-tree.sh
	@tools/kernel.sh a b page16 page64
	@python3 tests/vm/run.py --only vm.pages.

check-debug: setup
	@tools/kernel-tree.sh
	@tools/kernel.sh debug
	@python3 tests/vm/run.py --only vm.debug. --only vm.faults.

check-system: setup
	@tools/setup.sh system
	@tools/kernel-tree.sh
	@tools/kernel.sh system-a system-b
	@tools/deb.sh
	@tools/system-image.sh
	@python3 tests/system/run.py

# Every kernel, the package and the disk, and the scenarios that take long.
check-all: setup
	@tools/setup.sh system
	@tools/kernel-tree.sh
	@tools/kernel.sh a b stock signed debug page16 page64 acpi system-a system-b
	@tools/deb.sh
	@tools/system-image.sh
	@ALL=1 python3 tools/check.py --only '$(ONLY)'

# Beside ONLY: RELEASE and TARGETS choose, see there.
check-fresh:
	@tools/setup.sh fresh
	@tools/fresh.sh

# Debian's matplotlib is for Debian's python3.
bench:
	@tools/setup.sh kernel vm bench
	@tools/kernel-tree.sh
	@tools/kernel.sh stock a
	@tools/kexec-tools.sh
	@/usr/bin/python3 tests/bench/bench.py $(BENCH)

bench-profile:
	@tools/setup.sh kernel vm bench
	@tools/kernel-tree.sh
	@tools/kernel.sh stock a
	@/usr/bin/python3 tests/bench/profiling.py

bench-relocator:
	@tools/setup.sh kernel vm
	@tools/kernel-tree.sh
	@tools/kernel.sh stock a
	@python3 tests/bench/relocator.py

clean:
	@tools/clean.sh

distclean:
	@tools/clean.sh all

.PHONY: help setup daemon deb install kernel-source kernel-tree kernel-tree-reset kernel-patches \
	kernel-mail kernel vm demo \
	quick lint check check-all check-list check-pages check-debug check-system check-fresh bench \
	bench-profile bench-relocator clean distclean
