# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Debian as the machine's own apt knows it: from which mirrors, checked with
# which keys. So no script names a mirror, and what works for apt works here.
# Source lib.sh first.

# The name of the Debian that this machine runs, such as bookworm.
machine_release() {
	(. /etc/os-release && say "${VERSION_CODENAME:?/etc/os-release has no VERSION_CODENAME}")
}

# apt_sources RELEASE ARCHITECTURE: the machine's sources of Debian, a line each as
# in sources.list, with the name of RELEASE where they have that of the machine's.
# Prints nothing where the package lists are not there.
apt_sources() {
	local own uri suite component

	own=$(machine_release)
	# shellcheck disable=SC2016 # apt-get replaces these
	apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT)' \
		'Identifier: Packages' 'Origin: Debian' "Architecture: $2" |
	while read -r uri suite component; do
		case $component:$suite in
		"main:$own" | "main:$own-updates" | "main:$own-security")
			say "deb $uri $1${suite#"$own"} main" ;;
		esac
	done
}

# need_apt_sources RELEASE ARCHITECTURE: the same; fetches the lists, or dies
need_apt_sources() {
	local found

	found=$(apt_sources "$@")
	if [ -z "$found" ]; then
		"$ROOT/tools/setup.sh" --update >&2
		found=$(apt_sources "$@")
	fi
	[ -n "$found" ] ||
		die "apt has no source of Debian $(machine_release) for $2"
	say "$found"
}

# How the machine's apt gets at its mirrors: proxies, and the checks that it leaves
# out. A line each, as in apt.conf.
apt_options() {
	apt-config dump |
		sed -nE '/^Acquire::(https?::|Retries|Check-|ForceIPv)/s/;$//p'
}

# apt_keys FOLDER: copies the keys that the machine's apt checks its sources with
apt_keys() {
	local TRUSTED='' TRUSTED_PARTS='' LIST='' LIST_PARTS='' key

	eval "$(apt-config shell TRUSTED Dir::Etc::trusted/f \
		TRUSTED_PARTS Dir::Etc::trustedparts/d \
		LIST Dir::Etc::sourcelist/f LIST_PARTS Dir::Etc::sourceparts/d)"
	while read -r key; do
		[ ! -f "$key" ] || install -m 644 -t "$1" "$key"
	done < <(
		printf '%s\n' "$TRUSTED" "$TRUSTED_PARTS"*
		grep -hioE '(signed-by=|^signed-by: *)/[^], ]+' "$LIST" \
			"$LIST_PARTS"*.list "$LIST_PARTS"*.sources 2>/dev/null |
			sed 's,^[^/]*,,')
}

# bootstrap RELEASE ARCHITECTURE FILE OPTION...: a minimal Debian from the machine's
# sources as the tar archive FILE, by mmdebstrap. Runs as root. Hooks find the
# machine's keys in the folder FASTREBOOT_KEYS.
bootstrap() {
	local release=$1 architecture=$2 file=$3 keys sources options status=0
	shift 3

	# What runs as the user _apt has to reach them.
	keys=$(mktemp -d) && chmod 755 "$keys" && apt_keys "$keys" &&
		sources=$(need_apt_sources "$release" "$architecture") &&
		mapfile -t options < <(apt_options) &&
		mapfile -t sources <<<"$sources" || return
	FASTREBOOT_KEYS=$keys mmdebstrap --quiet --format=tar --variant=minbase \
		--architectures="$architecture" --keyring="$keys" \
		"${options[@]/#/--aptopt=}" "$@" "$release" "$file" \
		"${sources[@]}" || status=$?
	rm -rf "$keys"
	return "$status"
}
