# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Completion for bash. The lists of words are compared with the command by
# tests/unit/test-cli-docs.c.

# Ids of Boot Loader Specification entries, without a counter of tries
_fastreboot_entries() {
	local file id

	for file in /boot/loader/entries/*.conf \
		    /boot/efi/loader/entries/*.conf \
		    /efi/loader/entries/*.conf; do
		[ -e "$file" ] || continue
		id=${file##*/}
		id=${id%.conf}
		printf '%s\n' "${id%+*}"
	done
}

_fastreboot_slots() {
	local folder

	for folder in /sys/kernel/fastreboot/slot*; do
		[ ! -e "$folder" ] || printf '%s\n' "${folder##*/slot}"
	done
}

# Words to choose from, the current word being $2
_fastreboot_words() {
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

_fastreboot_files() {
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

_fastreboot_takes_value() {
	case $1 in
	--entry | --uki | --kernel | --initrd | --root-image | --devicetree | \
	--cmdline | --manifest | --signature | --max-blackout | --reason | \
	--cmdline-words | --payload-version | --compatible | --output | --key | \
	--certificate | --trusted-certificates | --revocation-lists | -o | \
	--root | --owner | --mode | --size | --schema | --schema-version | \
	--device | --state-size | --delay | --message)
		return 0 ;;
	esac
	return 1
}

# The value of option $1, if it takes one; $2 is what is there of it
_fastreboot_value() {
	_fastreboot_takes_value "$1" || return 1
	case $1 in
	--entry)
		_fastreboot_words "$(_fastreboot_entries)" "$2" ;;
	--uki | --kernel | --initrd | --root-image | --devicetree | \
	--manifest | --signature | --output | -o | --key | --certificate | \
	--trusted-certificates | --revocation-lists | --root | --device)
		_fastreboot_files "$2" ;;
	--owner)
		mapfile -t COMPREPLY < <(compgen -u -- "$2") ;;
	esac
	return 0
}

# The words before the current one that are neither options nor their values: a
# verb, and what stands behind it. bash breaks a word at "=", ":" and "@", which
# are words then, and what follows belongs to what was before.
_fastreboot_arguments() {
	local word is_value=''

	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		if [[ $word == [=:@]* ]]; then
			is_value=yes
		elif [ "$is_value" ]; then
			is_value=
		elif [[ $word == -* ]]; then
			! _fastreboot_takes_value "$word" || is_value=yes
		else
			printf '%s\n' "$word"
		fi
	done
}

_fastreboot_options() {
	printf '%s\n' '-h --help --version -j --json --no-progress --private'
	case $1 in
	status)
		printf '%s\n' '--last-log' ;;
	stage)
		printf '%s\n' '--entry= --uki= --kernel= --initrd=' \
			'--root-image= --devicetree= --cmdline= --manifest=' \
			'--signature= --replace --wipe-state -n --dry-run' ;;
	commit)
		printf '%s\n' '--now --ignore-inhibitors --unconfirmed --max-blackout=' \
			'--delay= --message= -n --dry-run' ;;
	rollback)
		printf '%s\n' '--reason=' ;;
	setup)
		printf '%s\n' '--size= --state-size= --undo -n --dry-run' ;;
	esac
}

_fastreboot_argument() {
	case $1 in
	'')
		_fastreboot_words 'status stage verify commit confirm rollback
			unstage timeline monitor list history cancel disarm
			check setup state manifest' "$2" ;;
	stage)
		case $2 in
		*/* | .*) _fastreboot_files "$2" ;;
		*) _fastreboot_words "$(_fastreboot_entries)" "$2" ;;
		esac ;;
	verify | commit | unstage)
		_fastreboot_words "$(_fastreboot_slots)" "$2" ;;
	esac
}

_fastreboot_objects() {
	fastreboot state list --json 2>/dev/null |
		grep -o '"name": *"[^"]*"' | cut -d '"' -f 4
}

_fastreboot_state_options() {
	printf '%s\n' '-h --help -j --json'
	case $1 in
	create | save)
		printf '%s\n' '--root= --owner= --mode= --size= --schema=' \
			'--schema-version= --in-place' ;;
	make)
		printf '%s\n' '--device= --force' ;;
	*)
		printf '%s\n' '--root=' ;;
	esac
}

# $1: what is there of the word, $2: the verb behind "state", others: what is
# behind that
_fastreboot_state() {
	if [[ $1 == -* ]]; then
		_fastreboot_words "$(_fastreboot_state_options "${2-}")" "$1"
		[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2>/dev/null
		return
	fi
	case ${2-} in
	'')
		_fastreboot_words 'list save restore create remove verify
			check make' "$1" ;;
	check)
		_fastreboot_files "$1" ;;
	remove | verify)
		_fastreboot_words "$(_fastreboot_objects)" "$1" ;;
	save | restore)
		if [ $# -eq 2 ]; then
			_fastreboot_words "$(_fastreboot_objects)" "$1"
		else
			_fastreboot_files "$1"
		fi ;;
	esac
}

_fastreboot_manifest_options() {
	printf '%s\n' '-h --help -j --json'
	case $1 in
	create | verify)
		printf '%s\n' '--kernel= --uki= --initrd= --root-image=' \
			'--devicetree= --cmdline=' ;;
	esac
	case $1 in
	create)
		printf '%s\n' '--cmdline-words= --payload-version= --compatible=' \
			'-o --output= --key= --certificate=' ;;
	verify)
		printf '%s\n' '--signature= --trusted-certificates=' \
			'--revocation-lists=' ;;
	esac
}

# $1: what is there of the word, $2: the verb behind "manifest"
_fastreboot_manifest() {
	if [[ $1 == -* ]]; then
		_fastreboot_words "$(_fastreboot_manifest_options "${2-}")" "$1"
		[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2>/dev/null
		return
	fi
	case ${2-} in
	'')
		_fastreboot_words 'create verify show' "$1" ;;
	verify | show)
		_fastreboot_files "$1" ;;
	esac
}

# bash breaks an option and its value into three words at the "=" between them.
_fastreboot() {
	local word=${COMP_WORDS[COMP_CWORD]} before=''
	local -a arguments

	COMPREPLY=()
	if [ "$word" = = ]; then
		before=${COMP_WORDS[COMP_CWORD - 1]}
		word=
	elif [ "${COMP_WORDS[COMP_CWORD - 1]}" = = ]; then
		before=${COMP_WORDS[COMP_CWORD - 2]}
	else
		before=${COMP_WORDS[COMP_CWORD - 1]}
	fi
	_fastreboot_value "$before" "$word" && return
	mapfile -t arguments < <(_fastreboot_arguments)
	if [ "${arguments[0]-}" = state ]; then
		_fastreboot_state "$word" "${arguments[@]:1}"
		return 0
	fi
	if [ "${arguments[0]-}" = manifest ]; then
		_fastreboot_manifest "$word" "${arguments[@]:1}"
		return 0
	fi
	if [[ $word == -* ]]; then
		_fastreboot_words "$(_fastreboot_options "${arguments[0]-}")" "$word"
		[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2>/dev/null
	else
		_fastreboot_argument "${arguments[0]-}" "$word"
	fi
	return 0
}

complete -F _fastreboot fastreboot
