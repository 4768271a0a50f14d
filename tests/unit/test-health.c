// SPDX-License-Identifier: GPL-2.0-or-later
/* The health gate: what it compares, and what it keeps. */
#include "files-fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../daemon/health/baseline.h"
#include "../../daemon/health/compare.h"
#include "../../daemon/health/state.h"
#include "cleanup.h"
#include "strv.h"

#define NAMES(...) ((char *[]){ __VA_ARGS__, NULL })

static void expect_problems(const struct health_state *before,
			    const struct health_state *now, const char *text,
			    const char *expected)
{
	_cleanup_config_ struct fr_config config = { 0 };
	_cleanup_strv_ char **problems = NULL;
	struct fr_error error = { 0 };
	char found[1000] = "";

	assert_int_equal(fr_config_default(&config), 0);
	expect_ok(fr_config_parse(&config, text, strlen(text), "test", &error),
		  &error);
	assert_int_equal(health_compare(before, now, &config, &problems), 0);
	for (char **line = problems; line && *line; line++) {
		strcat(found, *line);
		strcat(found, "\n");
	}
	assert_string_equal(found, expected);
}

static const struct health_state good = {
	.active = NAMES("a.service", "b.service", "c.mount"),
	.expected = NAMES("a.service", "c.mount"),
	.failed = NAMES("old.service"),
	.network = true,
};

static void as_well_as_before(void **state)
{
	struct health_state now = good;

	expect_problems(&good, &now, "", "");
	/* Better is good, too. */
	now.failed = NULL;
	expect_problems(&good, &now, "", "");
}

static void a_unit_that_has_failed(void **state)
{
	struct health_state now = good;

	now.failed = NAMES("old.service", "a.service", "new.service");
	now.active = NAMES("c.mount");
	expect_problems(&good, &now, "",
			"a.service has failed\nnew.service has failed\n");
	expect_problems(&good, &now, "[Health]\nIgnoreUnits=new* a.service\n",
			"");
}

static void a_unit_that_does_not_run(void **state)
{
	struct health_state now = good;

	now.active = NAMES("a.service");
	expect_problems(&good, &now, "",
			"c.mount does not run, and ran before the update\n");
	expect_problems(&good, &now, "[Health]\nIgnoreUnits=*.mount\n", "");
}

static void units_of_the_configuration(void **state)
{
	struct health_state now = good;

	expect_problems(&good, &now, "[Health]\nUnits=b.service\n", "");
	expect_problems(
		&good, &now, "[Health]\nUnits=x.service\n",
		"x.service does not run, and Units= in [Health] names it\n");
	expect_problems(
		NULL, &now, "[Health]\nUnits=x.service\n",
		"x.service does not run, and Units= in [Health] names it\n");
}

static void the_network(void **state)
{
	struct health_state now = good, before = good;

	now.network = false;
	expect_problems(
		&good, &now, "",
		"there is no default route, and was one before the update\n");
	expect_problems(&good, &now, "[Health]\nNetwork=no\n", "");
	before.network = false;
	expect_problems(&before, &now, "", "");
}

/* The gate does not wait for itself. */
static void the_gate_itself(void **state)
{
	struct health_state now = good, before = good;

	before.expected =
		NAMES("boot-complete.target", "fastreboot-confirm.service");
	now.failed = NAMES("fastreboot-health.service");
	expect_problems(&before, &now, "", "");
}

static void without_a_baseline(void **state)
{
	struct health_state now = { .failed = NAMES("a.service") };

	expect_problems(NULL, &now, "", "");
}

static const struct {
	const char *v4;
	const char *v6;
	bool network;
} routes[] = {
	{ "", "", false },
	{ "Iface\tDestination\tGateway\n"
	  "eth0\t00000000\t0202000A\t0003\t0\t0\t100\t00000000\t0\t0\t0\n",
	  "", true },
	{ "eth0\t0002000A\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n", "",
	  false },
	{ "",
	  "00000000000000000000000000000000 00 00000000000000000000000000000000 "
	  "00 fe800000000000000000000000000002 00000400 00000001 00000000 "
	  "00000003     eth0\n",
	  true },
	{ "",
	  "00000000000000000000000000000000 00 00000000000000000000000000000000 "
	  "00 00000000000000000000000000000000 ffffffff 00000001 00000000 "
	  "00200200       lo\n",
	  false },
};

static void default_routes(void **state)
{
	const char *root = file_path("");

	assert_false(health_has_network(root));
	for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++) {
		file_write_text("proc/net/route", routes[i].v4);
		file_write_text("proc/net/ipv6_route", routes[i].v6);
		assert_int_equal(health_has_network(file_path("")),
				 routes[i].network);
	}
}

static void there_and_back(void **state)
{
	_cleanup_health_state_ struct health_state found = { 0 };
	struct fr_error error = { 0 };

	file_make_folder("var/lib/fastreboot");
	expect_ok(baseline_store(file_path(""), &good, &error), &error);
	expect_ok(baseline_load(file_path(""), &found, &error), &error);
	assert_true(found.network);
	assert_string_equal(found.expected[0], "a.service");
	assert_string_equal(found.expected[1], "c.mount");
	assert_null(found.expected[2]);
	assert_string_equal(found.failed[0], "old.service");
	assert_null(found.failed[1]);
}

static const struct {
	const char *text;
	int err;
} bad_baselines[] = {
	{ "", -EINVAL },
	{ "[]", -EPROTONOSUPPORT },
	{ "{\"schema\":\"org.fastreboot.baseline/2\"}", -EPROTONOSUPPORT },
	{ "{\"schema\":\"org.fastreboot.baseline/1\"}", -EINVAL },
	{ "{\"schema\":\"org.fastreboot.baseline/1\",\"network\":true,"
	  "\"units\":[1],\"failed\":[]}",
	  -EINVAL },
	{ "{\"schema\":\"org.fastreboot.baseline/1\",\"network\":true,"
	  "\"units\":[],\"failed\":{}}",
	  -EINVAL },
};

static void bad_files(void **state)
{
	struct health_state found = { 0 };
	struct fr_error error = { 0 };

	file_remove("var");
	assert_int_equal(baseline_load(file_path(""), &found, &error), -ENOENT);
	for (size_t i = 0; i < sizeof(bad_baselines) / sizeof(*bad_baselines);
	     i++) {
		file_write_text("var/lib/fastreboot/baseline.json",
				bad_baselines[i].text);
		assert_int_equal(baseline_load(file_path(""), &found, &error),
				 bad_baselines[i].err);
		assert_non_null(strstr(error.text, "baseline.json"));
	}
}

static const struct CMUnitTest tests[] = {
	UNIT_TEST(as_well_as_before),
	UNIT_TEST(a_unit_that_has_failed),
	UNIT_TEST(a_unit_that_does_not_run),
	UNIT_TEST(units_of_the_configuration),
	UNIT_TEST(the_network),
	UNIT_TEST(the_gate_itself),
	UNIT_TEST(without_a_baseline),
	UNIT_TEST(default_routes),
	UNIT_TEST(there_and_back),
	UNIT_TEST(bad_files),
};
FILES_UNIT_MAIN(tests)
