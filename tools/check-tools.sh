#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# check-tools.sh [--list]: tests of the scripts that set machines up.

# shellcheck disable=SC2317 # run_test calls the functions
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=test-lib.sh
. tools/test-lib.sh
# shellcheck source-path=SCRIPTDIR source=apt-lib.sh
. tools/apt-lib.sh

OUT=$BUILD/tools

# Mirrors are the machine's: a script that names one is wrong behind a proxy, in a
# company with its own, and when the release has moved to an archive.
test_no_mirror() {
	! git grep -nE '(deb|ftp|security|archive|snapshot)(\.[a-z]+)?\.debian\.(org|net)' \
		-- ':!tools/check-tools.sh'
}

# release FILE ORIGIN CODENAME: lists as apt has them for a mirror
release() {
	printf 'Origin: %s\nCodename: %s\nArchitectures: amd64 arm64\nComponents: main contrib\n' \
		"$2" "$3" >"$OUT/lists/$1_InRelease"
	: >"$OUT/lists/$1_main_binary-amd64_Packages"
	: >"$OUT/lists/$1_contrib_binary-amd64_Packages"
}

# An apt with other sources than the machine's, some of which are not Debian's.
other_apt() {
	rm -rf "$OUT"
	mkdir -p "$OUT/lists/partial" "$OUT/sources" "$OUT/trusted" "$OUT/cache"
	cat >"$OUT/apt.conf" <<-END
		Dir::Etc::sourcelist "$OUT/sources.list";
		Dir::Etc::sourceparts "$OUT/sources";
		Dir::Etc::trusted "/dev/null";
		Dir::Etc::trustedparts "$OUT/trusted";
		Dir::State::lists "$OUT/lists";
		Dir::Cache "$OUT/cache";
		APT::Architecture "amd64";
		APT::Architectures { "amd64"; };
		Acquire::http::Proxy "http://proxy.example:3142";
		Acquire::Retries "7";
	END
	cat >"$OUT/sources.list" <<-END
		deb [signed-by=$OUT/own.gpg] http://mirror.example/debian oldstable main contrib
		deb http://mirror.example/debian bookworm-updates main
		deb http://mirror.example/debian bookworm-backports main
		deb http://other.example/apt bookworm main
	END
	cat >"$OUT/sources/security.sources" <<-END
		Types: deb
		URIs: http://mirror.example/security
		Suites: bookworm-security
		Components: main
		Signed-By: $OUT/security.asc
	END
	touch "$OUT"/{own.gpg,security.asc,unrelated.gpg} "$OUT/trusted/all.gpg"
	release mirror.example_debian_dists_oldstable Debian bookworm
	release mirror.example_debian_dists_bookworm-updates Debian bookworm-updates
	release mirror.example_debian_dists_bookworm-backports Debian \
		bookworm-backports
	release mirror.example_security_dists_bookworm-security Debian \
		bookworm-security
	release other.example_apt_dists_bookworm Other bookworm
}

# with_other_apt COMMAND...: on a machine with Debian 12
with_other_apt() (
	machine_release() { say bookworm; }
	other_apt
	export APT_CONFIG=$OUT/apt.conf
	"$@"
)

test_sources() {
	diff - <(with_other_apt apt_sources trixie amd64 2>&1 | sort) <<-END
		deb http://mirror.example/debian/ trixie main
		deb http://mirror.example/debian/ trixie-updates main
		deb http://mirror.example/security/ trixie-security main
	END
}

test_options() {
	diff - <(with_other_apt apt_options 2>&1 | grep 'Proxy\|Retries' | sort) \
		<<-END
		Acquire::Retries "7"
		Acquire::http::Proxy "http://proxy.example:3142"
	END
}

keys() {
	mkdir "$OUT/keys" && apt_keys "$OUT/keys" && ls "$OUT/keys"
}

test_keys() {
	diff - <(with_other_apt keys 2>&1) <<-END
		all.gpg
		own.gpg
		security.asc
	END
}

mkdir -p "$OUT"
run_test tools.no_mirror test_no_mirror
run_test tools.apt_sources test_sources
run_test tools.apt_options test_options
run_test tools.apt_keys test_keys
end_of_tests
