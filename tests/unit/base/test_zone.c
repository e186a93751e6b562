#include "base/zone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"

/* The moment at which the clocks of `name` show `civil` ("2026-03-02T08:00:00"), as text. */
static char *shown(const char *name, const char *civil, char text[CLOCK_TEXT_BYTES])
{
	struct zone *zone = NULL;
	char utc[40];
	int64_t civil_us;
	(void)snprintf(utc, sizeof(utc), "%sZ", civil);
	assert_int_equal(clock_parse(slice_text(utc), &civil_us), CH_OK);
	assert_int_equal(zone_open(slice_text(name), &zone), CH_OK);
	clock_format(zone_to_utc(zone, civil_us), text);
	zone_free(zone);
	text[19] = 0;
	return text;
}

static void test_usage(void **state)
{
	(void)state;
	char text[CLOCK_TEXT_BYTES];
	assert_string_equal(shown("+08:00", "2026-03-02T08:00:00", text), "2026-03-02T00:00:00");
	assert_string_equal(shown("-0330", "2026-03-02T08:00:00", text), "2026-03-02T11:30:00");
	assert_string_equal(shown("UTC", "2026-03-02T08:00:00", text), "2026-03-02T08:00:00");
	assert_string_equal(
		shown("Asia/Shanghai", "2026-03-02T08:00:00", text), "2026-03-02T00:00:00");
	/* Shanghai had summer time from 1986 to 1991. */
	assert_string_equal(
		shown("Asia/Shanghai", "1988-07-01T08:00:00", text), "1988-06-30T23:00:00");
}

static void test_changes(void **state)
{
	(void)state;
	char text[CLOCK_TEXT_BYTES];
	/* Berlin skips 02:00 to 03:00 on 2026-03-29 and shows it twice on 2026-10-25. */
	assert_string_equal(
		shown("Europe/Berlin", "2026-03-29T01:59:59", text), "2026-03-29T00:59:59");
	assert_string_equal(
		shown("Europe/Berlin", "2026-03-29T02:30:00", text), "2026-03-29T01:30:00");
	assert_string_equal(
		shown("Europe/Berlin", "2026-03-29T03:00:00", text), "2026-03-29T01:00:00");
	assert_string_equal(
		shown("Europe/Berlin", "2026-10-25T02:30:00", text), "2026-10-25T00:30:00");
	assert_string_equal(
		shown("Europe/Berlin", "2026-10-25T03:00:00", text), "2026-10-25T02:00:00");
	/* Beyond the listed transitions the footer's rule holds, in both hemispheres. */
	assert_string_equal(
		shown("Europe/Berlin", "2091-07-01T12:00:00", text), "2091-07-01T10:00:00");
	assert_string_equal(
		shown("Australia/Sydney", "2091-01-01T12:00:00", text), "2091-01-01T01:00:00");
	assert_string_equal(
		shown("Australia/Sydney", "2091-07-01T12:00:00", text), "2091-07-01T02:00:00");
	assert_string_equal(
		shown("America/Sao_Paulo", "2091-01-01T12:00:00", text), "2091-01-01T15:00:00");
}

static void test_refused(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		enum ch_status status;
	} cases[] = {
		{"", CH_FORMAT},
		{"/etc/passwd", CH_FORMAT},
		{"../../etc/passwd", CH_FORMAT},
		{"Asia/Shang hai", CH_FORMAT},
		{"Asia/Atlantis", CH_NOT_FOUND},
		{"+24:00", CH_FORMAT},
		{"+8", CH_NOT_FOUND},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct zone *zone = NULL;
		assert_int_equal(zone_open(slice_text(cases[i].name), &zone), cases[i].status);
		assert_null(zone);
	}
}

/* Every truncation and every changed byte of a good file is read or refused, nothing else. */
static void test_damage(void **state)
{
	(void)state;
	struct buffer good = {0};
	const char *folder = getenv("TMPDIR");
	char path[300];
	assert_int_equal(file_read_all("/usr/share/zoneinfo/Europe/Berlin", 65536, &good), CH_OK);
	(void)snprintf(
		path, sizeof(path), "%s/zone-%d", folder != NULL ? folder : "/tmp", (int)getpid());
	assert_int_equal(file_make_dirs(path, 0700), CH_OK);
	assert_int_equal(setenv("TZDIR", path, 1), 0);
	(void)snprintf(path + strlen(path), 20, "/Damaged");
	for (size_t i = 0; i < 2 * good.len; i += 7) {
		struct buffer bad = {0};
		struct zone *zone = NULL;
		buffer_append(&bad, good.data, i < good.len ? i : good.len);
		if (i >= good.len)
			bad.data[i - good.len] ^= 0x55;
		assert_int_equal(file_replace(path, buffer_slice(&bad), 0600), CH_OK);
		enum ch_status status = zone_open(SLICE_LITERAL("Damaged"), &zone);
		assert_true(status == CH_CORRUPT || (status == CH_OK && i >= good.len));
		if (zone != NULL)
			(void)zone_to_utc(zone, INT64_C(1772409600000000));
		zone_free(zone);
		buffer_fini(&bad);
	}
	buffer_fini(&good);
	assert_int_equal(unlink(path), 0);
	*strrchr(path, '/') = 0;
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(unsetenv("TZDIR"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_damage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
