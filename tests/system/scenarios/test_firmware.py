# SPDX-License-Identifier: GPL-2.0-or-later
"""Real firmware and boot loaders, from the first boot to the cold one.

A scenario installs a boot loader on a disk of the machine's, as an operator does,
and has firmware boot from it. Then `fastreboot setup` asks for the pool.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from harness import check
from harness.errors import ScenarioSkipped
from harness.options import (AAVMF, AAVMF_SECURE, AAVMF_SECURE_VARIABLES,
                             AAVMF_VARIABLES, COMMAND_LINE, U_BOOT)
from system import fastreboot, payloads
from system.fastreboot import Exit
from system.machine import APPEND, Disks, SystemMachine
from system.world import System, scenario

CMDLINE = f"{COMMAND_LINE} root=$root {APPEND}"

# A partition that firmware boots from, at /efi.
ESP = """\
printf 'label: gpt\\ntype=uefi\\n' | sfdisk -q $boot
udevadm settle
mkfs.vfat -n ESP ${boot}1 >/dev/null
mkdir -p /efi
echo "${boot}1 /efi vfat umask=0077 0 2" >>/etc/fstab
systemctl daemon-reload
mount /efi
"""

# The disk's own entries are for tests without a boot loader. Images are where
# Debian's packages have them.
NO_ENTRIES = """\
rm -r /boot/loader
for release in $(ls /boot | grep fastreboot); do
	cp /boot/$release/linux /boot/vmlinuz-$release
done
"""

SYSTEMD_BOOT = f"""\
bootctl install --esp-path=/efi --no-variables
echo 'layout=bls' >/etc/kernel/install.conf
echo "{CMDLINE}" >/etc/kernel/cmdline
for image in /boot/vmlinuz-*; do
	kernel-install add ${{image#*-}} $image
done
printf 'timeout 0\\ndefault *-a*.conf\\n' >/efi/loader/loader.conf
"""

# With counters, as systemd's Automatic Boot Assessment wants it.
COUNTING = "echo 3 >/etc/kernel/tries\n" + SYSTEMD_BOOT

GRUB = f"""\
cat >/etc/default/grub <<END
GRUB_TIMEOUT=0
GRUB_DISABLE_LINUX_UUID=true
GRUB_CMDLINE_LINUX="{CMDLINE}"
END
grub-install --target=arm64-efi --efi-directory=/efi --removable --no-nvram
update-grub
"""


def install(system: System, disks: Disks, script: str) -> dict[str, str]:
    """Boot without the firmware, run a script; return releases by variant.

    In the script $root is the device with the system, and $boot the other one.
    """
    machine = system.machine(disks=disks)
    machine.start()
    found = fastreboot.releases(machine)
    machine.mount_payload()
    machine.sh(f"set -e; root={disks.root_device}; boot={disks.boot_device}\n"
               f'sed -i "s|^[^ ]* / |$root / |" /etc/fstab\n{script}',
               timeout=300)
    machine.sh("sync; umount /efi 2>/dev/null || :; sync")
    machine.close()
    system.machines.remove(machine)
    return found


def cmdline(disks: Disks) -> str:
    """Of a kernel in a UKI, which is made on the host."""
    return (CMDLINE.replace("$root", disks.root_device)
            + " fastreboot=192M@0x60000000")


def address(machine: SystemMachine) -> str:
    """Of the pool."""
    found: str = fastreboot.status(machine)["pool"]["start"]
    return found


def check_doctor(machine: SystemMachine, *words: str) -> None:
    """The doctor finds nothing wrong, and knows the firmware."""
    found = json.loads(machine.sh("fastreboot check --json",
                                  check=False).text)
    problems = [one for one in found["checks"] if one["status"] == "problem"]
    check.equal("problems", problems, [])
    firmware, = (one["message"] for one in found["checks"]
                 if one["name"] == "firmware")
    for word in words:
        check.true(f"the doctor tells of {word}", word in firmware, firmware)


Stage = Callable[[SystemMachine, str], Any]


def stage_entry(machine: SystemMachine, release: str) -> None:
    """Stage what the boot loader has under a release."""
    listed = json.loads(machine.sh("fastreboot list --json").text)["entries"]
    # Behind the release there may be a counter.
    name, = (entry["name"] for entry in listed
             if entry["name"].partition("+")[0].endswith(release))
    fastreboot.stage(machine, "--entry", name)


def stage_kernel(machine: SystemMachine, release: str) -> None:
    """Stage a kernel that has no entry, with the running command line."""
    fastreboot.stage(machine, "--kernel", f"/boot/vmlinuz-{release}")


def update(machine: SystemMachine, release: str, stage: Stage) -> None:
    """Stage, commit; the kernel runs, and is confirmed."""
    stage(machine, release)
    boot = machine.jump("fastreboot commit")
    check.equal("release", boot.release, release)
    check.equal("boot_reason", fastreboot.wait_confirmed(machine)
                ["boot_reason"], "fast-reboot")


def journey(machine: SystemMachine, releases: dict[str, str], stage: Stage,
            *words: str, setup: str = "fastreboot setup --size=192M") -> None:
    """From the first boot by firmware to one after jumps and a rollback.

    words -- that the doctor's line about the firmware has
    """
    machine.start_by_firmware()
    fastreboot.status(machine, expect=Exit.NO_POOL)
    machine.sh(setup)
    machine.restart()
    place = address(machine)
    check_doctor(machine, *words)
    order = [releases["system-b"], releases["system-a"]]
    for count in range(6):
        update(machine, order[count % 2], stage)
        check.equal("the pool's place", address(machine), place)
    boot = machine.jump("fastreboot rollback")
    check.equal("release after the rollback", boot.release, order[0])
    fastreboot.wait_confirmed(machine)
    machine.restart()
    check.equal("the pool's place after a cold boot", address(machine), place)
    check.true("it was no fast reboot", fastreboot.status(machine)
               ["boot_reason"] != "fast-reboot")
    update(machine, order[0], stage)
    failed = machine.sh("systemctl --failed --plain --no-legend").text
    check.equal("failed units", failed, "")


def edk2_disks(system: System, boot_first: bool = False) -> Disks:
    """Disks for a machine with EDK2, or the scenario is skipped."""
    if not AAVMF.exists():
        raise ScenarioSkipped("no EDK2; qemu-efi-aarch64 has it")
    return system.disks(AAVMF_VARIABLES, boot_first)


MACHINES: dict[str, dict[str, Any]] = {
    "acpi": {"firmware": AAVMF},
    "dt": {"firmware": AAVMF, "acpi": False}}


def installed(system: System, loader: str, **options: Any
              ) -> tuple[SystemMachine, dict[str, str]]:
    """A machine with EDK2 and a boot loader, off; releases by variant.

    loader -- the script that installs it
    """
    disks = edk2_disks(system)
    releases = install(system, disks, ESP + NO_ENTRIES + loader)
    return system.machine(disks=disks, **options), releases


@scenario(timeout=2400, variants=MACHINES)
def systemd_boot(system: System, **options: Any) -> None:
    """EDK2 and systemd-boot; entries are kernel-install's."""
    journey(*installed(system, SYSTEMD_BOOT, **options), stage_entry, "EFI")


@scenario(timeout=2400, variants=MACHINES)
def grub(system: System, **options: Any) -> None:
    """EDK2 and GRUB; kernels as Debian's packages have them."""
    journey(*installed(system, GRUB, **options), stage_kernel, "EFI")


@scenario(timeout=2400)
def state_volume(system: System) -> None:
    """The state volume has a place that the EFI stub keeps off."""
    journey(*installed(system, SYSTEMD_BOOT, firmware=AAVMF), stage_entry,
            "ACPI", "EFI",
            setup="fastreboot setup --size=256M --state-size=32M")


@scenario(timeout=1200)
def boot_counting(system: System) -> None:
    """The counter of an entry belongs to the boot that firmware made."""
    machine, releases = installed(system, COUNTING, firmware=AAVMF)
    machine.start_by_firmware()
    machine.sh("fastreboot setup --size=192M")
    machine.restart()
    fastreboot.wait_confirmed(machine)
    machine.sh("systemctl start systemd-bless-boot.service")
    good = machine.sh("ls /efi/loader/entries").lines
    check.true("the entry that was booted is good",
               any(name.endswith("-a.conf") for name in good), good)
    check.true("the other one is to be tried",
               any(name.endswith("-b+3.conf") for name in good), good)
    update(machine, releases["system-b"], stage_entry)
    check.equal("entries after a fast reboot",
                machine.sh("ls /efi/loader/entries").lines, good)
    failed = machine.sh("systemctl --failed --plain --no-legend").text
    check.equal("failed units", failed, "")


@scenario(timeout=2400, variants=MACHINES | {
    "bootefi": {"firmware": U_BOOT, "acpi": False}})
def uki(system: System, **options: Any) -> None:
    """Firmware boots a UKI, U-Boot by bootefi; UKIs are what is staged."""
    disks = edk2_disks(system, options["firmware"] == U_BOOT)
    paths = [system.payload_file(f"{name}.efi", payloads.bootable_uki(
        system.build.kernel(name).read_bytes(),
        cmdline(disks), system.folder("uki")))
        for name in ("system-a", "system-b")]
    releases = install(system, disks, ESP + NO_ENTRIES + f"""
mkdir -p /efi/EFI/BOOT /efi/EFI/Linux
cp {paths[0]} /efi/EFI/BOOT/BOOTAA64.EFI
for release in $(ls /boot | grep fastreboot); do
	cp {paths[0].replace("system-a", "system-${release##*-}")} \\
		/efi/EFI/Linux/$release.efi
done
""")
    machine = system.machine(disks=disks, **options)

    def stage_uki(machine: SystemMachine, release: str) -> None:
        fastreboot.stage(machine, "--uki", f"/efi/EFI/Linux/{release}.efi")

    machine.start_by_firmware()
    place = address(machine)
    for name in ("system-b", "system-a", "system-b"):
        update(machine, releases[name], stage_uki)
    machine.jump("fastreboot rollback")
    fastreboot.wait_confirmed(machine)
    machine.restart()
    check.equal("the pool's place after a cold boot", address(machine), place)
    update(machine, releases["system-b"], stage_uki)


@scenario(timeout=2400)
def u_boot(system: System) -> None:
    """U-Boot by extlinux.conf, the line by `fastreboot setup`."""
    if not U_BOOT.exists():
        raise ScenarioSkipped("no U-Boot; u-boot-qemu has it")
    disks = system.disks(AAVMF_VARIABLES, boot_first=True)
    releases = install(system, disks, f"""
printf 'label: gpt\\ntype=linux,bootable\\n' | sfdisk -q $boot
udevadm settle
mkfs.ext4 -q ${{boot}}1
echo "${{boot}}1 /boot ext4 defaults 0 2" >>/etc/fstab
mount ${{boot}}1 /mnt
cp -r /boot/. /mnt
mkdir /mnt/extlinux
umount /mnt
systemctl daemon-reload
mount /boot
{{
	echo 'default a'
	for release in $(ls /boot | grep fastreboot); do
		cp /boot/$release/linux /boot/vmlinuz-$release
		echo "label ${{release##*-}}"
		echo "  linux /vmlinuz-$release"
		echo "  append {CMDLINE}"
	done
}} >/boot/extlinux/extlinux.conf
umount /boot
""")
    machine = system.machine(disks=disks, firmware=U_BOOT)
    journey(machine, releases, stage_kernel, "device tree")


def lockdown(machine: SystemMachine) -> str:
    """The kernel's level of lockdown."""
    text = machine.sh("cat /sys/kernel/security/lockdown").text
    return text.partition("[")[2].partition("]")[0]


@scenario(timeout=2400)
def secure_boot(system: System) -> None:
    """Secure Boot with keys of one's own: what sbsign has signed is staged."""
    if not AAVMF_SECURE.exists():
        raise ScenarioSkipped("no EDK2 with keys; qemu-efi-aarch64 has it")
    disks = system.disks(AAVMF_SECURE_VARIABLES)
    folder = system.folder("signed")
    images = {name: payloads.secure_boot_signed(
        system.build.kernel(name).read_bytes(), folder)
        for name in ("system-a", "system-b")}
    for name, image in images.items():
        system.payload_file(f"Image-{name}.signed", image)
    first = system.payload_file("first.efi", payloads.secure_boot_signed(
        payloads.bootable_uki(images["system-a"],
                              cmdline(disks), folder), folder))
    releases = install(system, disks, ESP + f"""
mkdir -p /efi/EFI/BOOT
cp {first} /efi/EFI/BOOT/BOOTAA64.EFI
for release in $(ls /boot | grep fastreboot); do
	cp /payload/scenarios/*/Image-system-${{release##*-}}.signed \\
		/boot/vmlinuz-$release
done
""")
    machine = system.machine(disks=disks, firmware=AAVMF_SECURE)
    machine.start_by_firmware()
    check.equal("lockdown", lockdown(machine), "integrity")
    release = releases["system-b"]
    fastreboot.run(machine, "stage", "--kernel", f"/boot/{release}/linux",
                   expect=Exit.SIGNATURE)
    for name in ("system-b", "system-a", "system-b"):
        update(machine, releases[name], stage_kernel)
        check.equal("lockdown after the jump", lockdown(machine), "integrity")
    fastreboot.run(machine, "stage", "--kernel", f"/boot/{release}/linux",
                   expect=Exit.SIGNATURE)
