#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# system-image.sh: makes the disks of the system tests: Debian for arm64 with
# systemd, the package that deb.sh has built, and the kernels system-a and system-b
# with their boot loader entries. Makes again only what has changed.
#
#   build/system/disk.tar    Debian alone, which takes a minute and the network
#   build/system/disk.ext4   what the machines boot from
#   build/system/root.erofs  the same as a root image, without kernels and what
#                            the tests can do without
#   build/system/firmware.tar, firmware.ext4
#                            the same with boot loaders, for machines that
#                            firmware boots
#
# It is the machine's own release of Debian, from the machine's own mirrors: the
# package was built against that release's libraries.
#
# Programs of the image run here, in a chroot, by qemu-user.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=apt-lib.sh
. tools/apt-lib.sh

OUT=$BUILD/system
GUEST=$ROOT/tests/system/guest
PROGRAMS=$ROOT/tests/system/programs
RELEASE=$(machine_release)
# The last two are the applications whose state is preserved.
PACKAGES=(systemd systemd-sysv dbus polkitd udev kmod procps
	  memcached sqlite3)
LOADERS=(systemd-boot grub2-common grub-efi-arm64-bin dosfstools fdisk)
# Has to hold Debian, and what tests write to it. The file is sparse.
DISK_SIZE=2G
KERNELS=(system-a system-b)

# The kernel has to know what runs arm64 programs. Containers often come without
# the file system where this is registered, and without what registers it at boot.
enable_foreign_programs() {
	local registry=/proc/sys/fs/binfmt_misc

	[ "$(uname -m)" != aarch64 ] || return 0
	[ -e "$registry/register" ] ||
		as_root mount -t binfmt_misc binfmt_misc "$registry"
	[ -e "$registry/qemu-aarch64" ] ||
		as_root tee "$registry/register" >/dev/null \
			</usr/lib/binfmt.d/qemu-aarch64.conf ||
		die "arm64 programs can't be run: see $registry"
}

# Those of the package that is built; the newest, if there are several.
package() {
	[ -d "$BUILD/deb" ] || return 0
	find "$BUILD/deb" -maxdepth 1 -name 'fastreboot_*_arm64.deb' \
		-printf '%T@ %p\n' | sort -rn | cut -d ' ' -f 2- | sed 1q
}

# dependencies DEB...: the packages that they depend on, of alternatives the first.
# The package itself is installed by dpkg, which fetches nothing.
dependencies() {
	local deb

	for deb; do
		dpkg-deb -f "$deb" Pre-Depends Depends
	done | sed 's/^[A-Za-z-]*: *//' | tr ',' '\n' |
		sed 's/[|(].*//; s/:.*//; s/ //g; /^$/d; /^libfastreboot-/d' |
		sort -u
}

# make_base NAME PACKAGE...
make_base() {
	local new=$OUT/$1.new.tar name=$1
	shift

	as_root "$ROOT/tools/system-image.sh" --base "$new" "$@" &&
		as_root chown "$(id -u):$(id -g)" "$new" &&
		mv "$new" "$OUT/$name.tar"
}

# Runs as root.
bootstrap_base() {
	local file=$1
	shift

	bootstrap "$RELEASE" arm64 "$file" --include="$(IFS=,; echo "$*")" \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*'
}

# base NAME PACKAGE...
base() {
	local now names deb name=$1
	shift

	deb=$(package)
	mapfile -t names < <(printf '%s\n' "$@"
		dependencies ${deb:+"$deb"})
	now=$(printf '%s\n' "$RELEASE ${names[*]}" \
		"$(declare -f bootstrap_base bootstrap | hash_of /dev/stdin)")
	[ ! -e "$OUT/$name.tar" ] || ! stamp_is "$OUT/$name.tar.stamp" "$now" ||
		return 0
	rm -f "$OUT/$name.tar.stamp"
	step "Debian for arm64, $RELEASE ($name)" "system-base-$name" \
		make_base "$name" "${names[@]}"
	printf '%s\n' "$now" >"$OUT/$name.tar.stamp"
}

release_of() {
	strings -n 12 "$1" | sed -n 's/^Linux version \([^ ]*\) .*/\1/p' | sed 1q
}

# entry TREE VARIANT: the kernel, and an entry as the Boot Loader Specification
# has them, by the name of the kernel's release
entry() {
	local image=$BUILD/kernel/Image-$2 release

	release=$(release_of "$image")
	[ -n "$release" ] || die "$image does not tell its release"
	install -D -m 644 "$image" "$1/boot/$release/linux"
	install -d "$1/boot/loader/entries"
	cat >"$1/boot/loader/entries/$release.conf" <<-END
		title      Debian with kernel $2
		version    $release
		linux      /$release/linux
		options    root=/dev/vda rw console=ttyAMA0 panic=-1 loglevel=6 systemd.show_status=0
		architecture aa64
	END
}

# What makes Debian a guest of the tests: no logins, no work at odd times, a
# journal that survives, and the harness's shell.
settle() {
	local tree=$1 unit

	echo fastreboot-test >"$tree/etc/hostname"
	echo '/dev/vda / ext4 rw 0 0' >"$tree/etc/fstab"
	# Else the first boot of each machine is a first boot.
	systemd-machine-id-setup --root="$tree" >/dev/null 2>&1 ||
		echo 0123456789abcdef0123456789abcdef >"$tree/etc/machine-id"
	install -d "$tree/var/log/journal" "$tree/payload"
	for unit in getty@tty1.service serial-getty@ttyAMA0.service \
		    apt-daily.timer apt-daily-upgrade.timer \
		    dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service \
		    fstrim.timer systemd-tmpfiles-clean.timer \
		    systemd-update-utmp.service \
		    systemd-random-seed.service systemd-modules-load.service \
		    systemd-update-utmp-runlevel.service \
		    modprobe@.service; do
		ln -sf /dev/null "$tree/etc/systemd/system/$unit"
	done
	cp -r --no-preserve=ownership "$GUEST/." "$tree/"
	chroot "$tree" systemctl enable fastreboot-test-shell.service
	chroot "$tree" useradd --create-home --shell /bin/bash alice
	# A scenario that needs it starts it.
	chroot "$tree" systemctl disable memcached.service
}

# The library for applications, and one of the tests' that uses it, built as any
# application is: with what the packages have.
install_library() {
	local tree=$1 work=$OUT/library deb

	rm -rf "$work"
	mkdir "$work"
	for deb in "$BUILD"/deb/libfastreboot-state{0,-dev}_*_arm64.deb; do
		[ -e "$deb" ] || return 0
		dpkg-deb -x "$deb" "$work"
	done
	cp -a "$work"/usr/lib/aarch64-linux-gnu/libfastreboot-state.so.0 \
		"$tree/usr/lib/aarch64-linux-gnu/"
	aarch64-linux-gnu-gcc -O2 -Wall -Wextra -I"$work/usr/include" \
		-o "$tree/usr/local/bin/state-writer" \
		"$PROGRAMS/state-writer.c" \
		-L"$work/usr/lib/aarch64-linux-gnu" -lfastreboot-state -lcrypto
	rm -rf "$work"
}

install_package() {
	local tree=$1 deb=$2

	[ -n "$deb" ] || return 0
	cp "$deb" "$tree/root/package.deb"
	# What packages run when they are installed looks there.
	mount -t proc proc "$tree/proc"
	chroot "$tree" dpkg --install /root/package.deb ||
		{ umount "$tree/proc"; return 1; }
	umount "$tree/proc"
	rm "$tree/root/package.deb"
}

# Makes the tree smaller, so that two of them fit into a pool. What is in it has
# no time of day: the image is the same for the same content.
make_root_image() {
	local tree=$1

	: >"$tree/etc/fstab"
	rm -rf "${tree:?}"/boot/* "$tree"/usr/share/{doc,info,perl,perl5,zoneinfo} \
		"$tree"/usr/lib/aarch64-linux-gnu/{perl,perl-base,gconv} \
		"$tree"/usr/bin/perl* "$tree"/usr/lib/udev/hwdb.* \
		"$tree"/var/cache/* "$tree"/var/lib/apt "$tree"/var/lib/dpkg/info
	mkfs.erofs --quiet -T0 "$OUT/root.erofs.new" "$tree"
}

# make_disk NAME OWNER. Runs as root.
make_disk() {
	local tree=$OUT/tree variant name=$1 owner=$2

	rm -rf "$tree" "$OUT/$name.ext4.new" "$OUT/root.erofs.new"
	mkdir "$tree"
	tar -C "$tree" --numeric-owner -xf "$OUT/$name.tar"
	for variant in "${KERNELS[@]}"; do
		entry "$tree" "$variant"
	done
	settle "$tree"
	install_package "$tree" "$(package)"
	install_library "$tree"
	# /usr is as old as /etc and /var: nothing to bring up to date at boot
	touch "$tree/etc/.updated" "$tree/var/.updated"
	mke2fs -q -t ext4 -d "$tree" -L fastreboot-test "$OUT/$name.ext4.new" \
		"$DISK_SIZE"
	if [ "$name" = disk ]; then
		make_root_image "$tree"
		chown "$owner" "$OUT/root.erofs.new"
		mv "$OUT/root.erofs.new" "$OUT/root.erofs"
	fi
	rm -rf "$tree"
	chown "$owner" "$OUT/$name.ext4.new"
	mv "$OUT/$name.ext4.new" "$OUT/$name.ext4"
}

# disk NAME: from the base of that name
disk() {
	local now files package name=$1

	mapfile -t files < <(find "$GUEST" "$PROGRAMS" -type f | sort)
	package=$(package)
	now=$(cat "$OUT/$name.tar.stamp"
	      hash_of "$0" "${files[@]}" "${KERNELS[@]/#/$BUILD/kernel/Image-}" \
		${package:+"$package"})
	[ ! -e "$OUT/$name.ext4" ] || ! stamp_is "$OUT/$name.stamp" "$now" ||
		return 0
	rm -f "$OUT/$name.stamp"
	step "the system tests' $name.ext4" "system-disk-$name" as_root \
		"$ROOT/tools/system-image.sh" --disk "$name" "$(id -u):$(id -g)"
	printf '%s\n' "$now" >"$OUT/$name.stamp"
}

case ${1:-} in
--disk)	make_disk "$2" "$3"
	exit ;;
--base)	bootstrap_base "${@:2}"
	exit ;;
esac
lock system
mkdir -p "$OUT"
for variant in "${KERNELS[@]}"; do
	[ -e "$BUILD/kernel/Image-$variant" ] ||
		die "there is no kernel $variant: tools/kernel.sh ${KERNELS[*]}"
done
enable_foreign_programs
base disk "${PACKAGES[@]}"
disk disk
base firmware "${PACKAGES[@]}" "${LOADERS[@]}"
disk firmware
