#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# check-dts.sh [--list]: tests of the device tree files in dts/.

# shellcheck disable=SC2317 # run_test calls the functions
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=test-lib.sh
. tools/test-lib.sh

OUT=$BUILD/dts
BINDING=dts/bindings/reserved-memory/fastreboot,pool.yaml
OVERLAY=dts/qemu-virt-fastreboot.dtso

# compile FROM TO: a warning is an error
compile() {
	local warnings

	warnings=$(dtc -@ -I dts -O dtb -o "$2" "$1" \
		   -Wno-avoid_unnecessary_addr_size 2>&1)
	printf '%s' "$warnings"
	[ -s "$2" ] && [ -z "$warnings" ]
}

# A board that has nothing but the pool.
board() {
	cat <<-END
	/dts-v1/;
	/ {
		compatible = "test,board";
		model = "board";
		#address-cells = <2>;
		#size-cells = <2>;
	};
	/include/ "$ROOT/dts/fastreboot-pool.dtsi"
	END
}

test_include() {
	board >"$OUT/board.dts" && compile "$OUT/board.dts" "$OUT/board.dtb"
}

test_overlay() {
	compile "$OVERLAY" "$OUT/pool.dtbo"
}

node_says() {
	fdtget ${1:+-t "$1"} "$OUT/virt-pool.dtb" \
		/reserved-memory/pool@60000000 "$2"
}

# The overlay on the tree of QEMU's machine: the pool is where it says.
test_overlay_applied() {
	compile "$OVERLAY" "$OUT/pool.dtbo" &&
	qemu-system-aarch64 -M "virt,dumpdtb=$OUT/virt.dtb" -cpu cortex-a72 \
		-m 1G -nic none -display none &&
	fdtoverlay -i "$OUT/virt.dtb" -o "$OUT/virt-pool.dtb" "$OUT/pool.dtbo" &&
	[ "$(node_says '' compatible)" = fastreboot,pool ] &&
	[ "$(node_says x reg)" = "0 60000000 0 10000000" ]
}

#
# With dt-schema
#

have_schema_tools() {
	command -v dt-validate >/dev/null || skip "no dt-schema"
}

# Debian 12's dt-schema is older than the schema of reserved-memory nodes;
# this one has its properties, for the binding to refer to.
reserved_memory_schema() {
	cat <<-'END'
	# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
	%YAML 1.2
	---
	$id: http://devicetree.org/schemas/reserved-memory/reserved-memory.yaml#
	$schema: http://devicetree.org/meta-schemas/core.yaml#
	title: Stand-in for dt-schema's own
	maintainers:
	  - The fastreboot developers <fastreboot@localhost>
	properties:
	  reg: true
	  size: &number
	    oneOf:
	      - $ref: /schemas/types.yaml#/definitions/uint32
	      - $ref: /schemas/types.yaml#/definitions/uint64
	  alignment: *number
	  alloc-ranges: true
	  no-map:
	    type: boolean
	  reusable:
	    type: boolean
	additionalProperties: true
	END
}

have_reserved_memory_schema() {
	local dtschema

	dtschema=$(/usr/bin/python3 -c 'import dtschema, os
print(os.path.dirname(dtschema.__file__))')
	[ -n "$(find "$dtschema" /usr/share -name reserved-memory.yaml \
		-print -quit 2>/dev/null)" ]
}

# The folder as the schema tools want it.
make_bindings() {
	rm -rf "$OUT/bindings"
	mkdir -p "$OUT/bindings/reserved-memory"
	cp "$BINDING" "$OUT/bindings/reserved-memory/"
	have_reserved_memory_schema || reserved_memory_schema \
		>"$OUT/bindings/reserved-memory/reserved-memory.yaml"
	dt-mk-schema -j -o "$OUT/schema.json" "$OUT/bindings"
}

# The tools' exit status tells nothing in some versions.
silent() {
	local output

	output=$("$@" 2>&1)
	[ -z "$output" ] || { printf '%s\n' "$output"; return 1; }
}

validate() {
	[ -e "$OUT/schema.json" ] || make_bindings || return
	dt-validate -s "$OUT/schema.json" -l fastreboot "$1"
}

test_binding() {
	have_schema_tools || return
	make_bindings &&
	silent dt-doc-validate -u "$OUT/bindings" \
		"$OUT/bindings/reserved-memory/${BINDING##*/}"
}

test_board_is_valid() {
	have_schema_tools || return
	test_include && silent validate "$OUT/board.dtb"
}

test_machine_is_valid() {
	have_schema_tools || return
	test_overlay_applied && silent validate "$OUT/virt-pool.dtb"
}

example() {
	dt-extract-example "$BINDING" >"$OUT/example.dts" 2>/dev/null &&
	sed "$1" "$OUT/example.dts" >"$OUT/variant.dts" &&
	dtc -q -O dtb -o "$OUT/variant.dtb" "$OUT/variant.dts"
}

test_example_is_valid() {
	have_schema_tools || return
	example '' && silent validate "$OUT/variant.dtb"
}

# The example with a line that the binding must refuse, by naming it.
test_refuses() {
	local complaints

	have_schema_tools || return
	example "s/slots = <2>;/$1/" || return
	complaints=$(validate "$OUT/variant.dtb" 2>&1) || :
	grep -q "$2" <<<"$complaints" && return
	say "accepted: $1"
	return 1
}

[ -n "$LISTING" ] || { rm -rf "$OUT"; mkdir -p "$OUT"; }
run_test dts.include test_include
run_test dts.overlay test_overlay
run_test dts.overlay-applied test_overlay_applied
run_test dts.binding test_binding
run_test dts.binding.include test_board_is_valid
run_test dts.binding.overlay test_machine_is_valid
run_test dts.binding.example test_example_is_valid
run_test dts.binding.refuses-no-map test_refuses 'no-map;' no-map
run_test dts.binding.refuses-reusable test_refuses 'reusable;' reusable
run_test dts.binding.refuses-1-slot test_refuses 'slots = <1>;' slots
run_test dts.binding.refuses-9-slots test_refuses 'slots = <9>;' slots
run_test dts.binding.refuses-unknown test_refuses 'copies = <1>;' copies
end_of_tests
