#include "core/phone.h"
#include "unit/draw.h"

static struct phones *phones;

static int make_phones(void **state)
{
	(void)state;
	return phones_create(&phones) != CH_OK;
}

static int free_phones(void **state)
{
	(void)state;
	phones_free(phones);
	return 0;
}

static void brings_numbers_to_e164(void **state)
{
	(void)state;
	static const struct {
		const char *raw;
		const char *e164;
	} known[] = {
		{"13912345678", "+8613912345678"},
		{"139 1234 5678", "+8613912345678"},
		{"+86-139-1234-5678", "+8613912345678"},
		{"tel:+86-139-1234-5678", "+8613912345678"},
		{"010-65551234转8001", "+861065551234;ext=8001"},
		{"010-65551234 ext. 8001", "+861065551234;ext=8001"},
		{"010-65551234x8001", "+861065551234;ext=8001"},
		{"+1 650 253 0000", "+16502530000"},
	};
	char e164[PHONE_BYTES];
	for (int turn = 0; turn < 2; turn++) { /* asked, and remembered */
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
			assert_int_equal(
				phone_normalize(phones, slice_text(known[i].raw), "CN", e164),
				CH_OK);
			assert_string_equal(e164, known[i].e164);
		}
	}
}

/* Letters that spell a number must never merge anybody, wherever they stand. */
static void refuses_what_cannot_be_dialled(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "110", "1391234567", "139123456789", "unknown",
		"1-800-FLOWERS", "tel:1-800-FLOWERS", "800-356-9377 x FLOWERS",
		"tel:+1-800-FLOWERS", "+1-800-FLOWERS", "13912345678/13912345679", "00000000000",
		"1390000000a"};
	char e164[PHONE_BYTES] = "untouched";
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (phone_normalize(phones, slice_text(bad[i]), "US", e164) != CH_INVALID)
			fail_msg("%s gave %s", bad[i], e164);
	}
	assert_int_equal(phone_normalize(phones, slice_of("139\0", 4), "CN", e164), CH_INVALID);
	assert_string_equal(e164, "untouched");
}

/* The first five digits decide; the library is asked about each number of 20 000. */
static void the_fast_path_agrees_with_the_library(void **state)
{
	(void)state;
	uint64_t seed = 12;
	for (int i = 0; i < 20000; i++) {
		char raw[16];
		char want[PHONE_BYTES];
		char got[PHONE_BYTES];
		bool abroad = i % 2 == 0;
		(void)snprintf(raw, sizeof(raw), "%s1%010llu", abroad ? "+86" : "",
			(unsigned long long)draw(&seed, UINT64_C(10000000000)));
		enum ch_status library = phone_lib_normalize(raw, "CN", want);
		enum ch_status ours = phone_normalize(phones, slice_text(raw), "CN", got);
		if (library == CH_OK && strlen(want) != 14)
			continue; /* read as something else than a mobile */
		if (library != ours)
			fail_msg("%s: library %d, ours %d", raw, library, ours);
		if (library == CH_OK)
			assert_string_equal(got, want);
	}
}

/* Vectors of another maker: default region, input, E.164, region, type, valid, possible, extension. */
static void agrees_with_the_vectors(void **state)
{
	(void)state;
	const char *root = getenv("CAREHUB_SAMPLES");
	char path[4096];
	char line[512];
	unsigned asked = 0;
	(void)snprintf(path, sizeof(path), "%s/identity/phone-vectors.tsv",
		root != NULL ? root : "../shared/samples");
	FILE *file = fopen(path, "r");
	if (file == NULL) {
		print_message("no %s: set CAREHUB_SAMPLES\n", path);
		skip();
	}
	assert_non_null(fgets(line, sizeof(line), file)); /* the header */
	while (fgets(line, sizeof(line), file) != NULL) {
		char *rest = line;
		char *columns[8] = {NULL};
		char e164[PHONE_BYTES];
		for (int i = 0; i < 8; i++)
			columns[i] = strsep(&rest, "\t\n");
		if (columns[7] == NULL || strcmp(columns[5], "1") != 0 || columns[7][0] != 0 ||
			strlen(columns[0]) != 2)
			continue;
		if (strpbrk(columns[1], "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != NULL)
			continue; /* vanity numbers: ours to refuse */
		char region[3] = {columns[0][0], columns[0][1], 0};
		enum ch_status status =
			phone_normalize(phones, slice_text(columns[1]), region, e164);
		if (status != CH_OK || strncmp(e164, columns[2], strlen(columns[2])) != 0)
			fail_msg("%s in %s: %d %s, not %s", columns[1], region, status,
				status == CH_OK ? e164 : "", columns[2]);
		asked++;
	}
	assert_int_equal(fclose(file), 0);
	assert_true(asked > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(brings_numbers_to_e164),
		cmocka_unit_test(refuses_what_cannot_be_dialled),
		cmocka_unit_test(the_fast_path_agrees_with_the_library),
		cmocka_unit_test(agrees_with_the_vectors),
	};
	return cmocka_run_group_tests(tests, make_phones, free_phones);
}
