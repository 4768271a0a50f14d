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

# The value of option $1, if it takes one; $2 is what is there of it
_fastreboot_value() {
	case $1 in
	--entry)
		_fastreboot_words "$(_fastreboot_entries)" "$2" ;;
	--uki | --kernel | --initrd | --root-image | --devicetree | \
	--signature)
		_fastreboot_files "$2" ;;
	--cmdline | --max-blackout | --reason)
		COMPREPLY=() ;;
	--root | --device)
		_fastreboot_files "$2" ;;
	--owner)
		mapfile -t COMPREPLY < <(compgen -u -- "$2") ;;
	--mode | --size | --schema | --schema-version)
		COMPREPLY=() ;;
	*)
		return 1 ;;
	esac
}

_fastreboot_verb() {
	local word

	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		case $word in
		status | stage | verify | commit | confirm | rollback | \
		unstage | timeline | monitor | state)
			printf '%s\n' "$word"
			return ;;
		esac
	done
}

_fastreboot_options() {
	printf '%s\n' '-h --help --version -j --json --no-progress --private'
	case $1 in
	status)
		printf '%s\n' '--last-log' ;;
	stage)
		printf '%s\n' '--entry= --uki= --kernel= --initrd=' \
			'--root-image= --devicetree= --cmdline= --signature=' \
			'--replace --wipe-state -n --dry-run' ;;
	commit)
		printf '%s\n' '--now --max-blackout= -n --dry-run' ;;
	rollback)
		printf '%s\n' '--reason=' ;;
	esac
}

_fastreboot_argument() {
	case $1 in
	'')
		_fastreboot_words 'status stage verify commit confirm rollback
			unstage timeline monitor state' "$2" ;;
	stage)
		case $2 in
		*/* | .*) _fastreboot_files "$2" ;;
		*) _fastreboot_words "$(_fastreboot_entries)" "$2" ;;
		esac ;;
	verify | commit | unstage)
		_fastreboot_words "$(_fastreboot_slots)" "$2" ;;
	esac
}

# The word behind "state" that is no option
_fastreboot_state_verb() {
	local word seen=''

	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		if [ "$seen" ] && [[ $word != -* ]]; then
			printf '%s\n' "$word"
			return
		fi
		[ "$word" != state ] || seen=yes
	done
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

# $1: what is there of the word, $2: the verb behind "state"
_fastreboot_state() {
	if [[ $1 == -* ]]; then
		_fastreboot_words "$(_fastreboot_state_options "$2")" "$1"
		[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2>/dev/null
		return
	fi
	case $2 in
	'')
		_fastreboot_words 'list save restore create remove verify
			check make' "$1" ;;
	check)
		_fastreboot_files "$1" ;;
	remove | verify)
		_fastreboot_words "$(_fastreboot_objects)" "$1" ;;
	save | restore)
		if [ "${COMP_WORDS[COMP_CWORD - 1]}" = "$2" ]; then
			_fastreboot_words "$(_fastreboot_objects)" "$1"
		else
			_fastreboot_files "$1"
		fi ;;
	esac
}

# bash breaks an option and its value into three words at the "=" between them.
_fastreboot() {
	local word=${COMP_WORDS[COMP_CWORD]} before='' verb

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
	verb=$(_fastreboot_verb)
	if [ "$verb" = state ]; then
		_fastreboot_state "$word" "$(_fastreboot_state_verb)"
		return 0
	fi
	if [[ $word == -* ]]; then
		_fastreboot_words "$(_fastreboot_options "$verb")" "$word"
		[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2>/dev/null
	else
		_fastreboot_argument "$verb" "$word"
	fi
	return 0
}

complete -F _fastreboot fastreboot
