#include "../draw.h"

#include "channel/parts/scanner.h"

/* All segments as "TAG|e1c1:e1c2|e2", each with a line end. */
static void scan(const char *text, const struct marks *marks, size_t step, struct buffer *out)
{
	struct scanner *scanner;
	const struct segment *segment;
	size_t used = 0;
	size_t at = 0;
	size_t end = step;
	size_t len = strlen(text);
	assert_int_equal(scanner_create(&scanner), CH_OK);
	scanner_begin(scanner, marks, 0);
	assert_int_equal(scanner_set_charset(scanner, CHARSET_LATIN1), CH_OK);
	if (marks == &marks_edifact)
		scanner_set_repetition(scanner, '*');
	for (;;) {
		bool last = end >= len;
		enum ch_status status = scanner_next(scanner,
			slice_of(text + at, (last ? len : end) - at), last, &segment, &used);
		if (status == CH_END && !last) {
			end += step;
			continue;
		}
		if (status != CH_OK) {
			buffer_printf(out, "%s", ch_status_name(status));
			break;
		}
		assert_true(segment->offset >= at && segment->end == at + used);
		buffer_append_slice(out, segment->tag);
		for (unsigned i = 0; i < segment->element_count; i++) {
			const struct segment_element *element = &segment->elements[i];
			buffer_append_byte(out, element->repetition > 0 ? '*' : '|');
			for (unsigned c = 0; c < element->count; c++) {
				if (c > 0)
					buffer_append_byte(out, ':');
				buffer_append_slice(out, segment->values[element->first + c]);
			}
		}
		if (segment->flaw.kind != FLAW_NONE)
			buffer_printf(out, " !%s at %llu in %u:%u",
				flaw_codes(segment->flaw.kind)->edifact,
				(unsigned long long)segment->flaw.offset, segment->flaw.element,
				segment->flaw.component);
		buffer_append_byte(out, '\n');
		at += used;
	}
	scanner_free(scanner);
}

static void expect(const char *text, const struct marks *marks, const char *want)
{
	for (size_t step = 1; step < 40; step += 3) {
		struct buffer out = {0};
		scan(text, marks, step, &out);
		assert_string_equal(buffer_text(&out), want);
		buffer_fini(&out);
	}
}

static void test_usage(void **state)
{
	struct scanner *scanner;
	const struct segment *segment;
	struct slice rest = slice_text("QTY+21:48:PCE'\nUNS+S'");
	(void)state;
	assert_int_equal(scanner_create(&scanner), CH_OK);
	assert_int_equal(scanner_take(scanner, &rest, &segment), CH_OK);
	assert_true(segment_is(segment, "QTY"));
	assert_slice_text(segment_get(segment, 1, 2), "48");
	assert_true(segment_says(segment, 1, 3, "PCE"));
	assert_int_equal(segment_get(segment, 2, 1).len, 0);
	assert_int_equal(scanner_take(scanner, &rest, &segment), CH_OK);
	assert_int_equal(segment->offset, 15);
	assert_int_equal(scanner_take(scanner, &rest, &segment), CH_END);
	scanner_free(scanner);
}

/* What is asked of a segment that nobody has listed. */
static void test_values_are_found_where_they_stand(void **state)
{
	struct scanner *scanner;
	const struct segment *segment;
	struct slice rest = slice_text("PIA+5+A1:SA+:B2+'TAG:1+2'UNS+S'NO'+'");
	(void)state;
	assert_int_equal(scanner_create(&scanner), CH_OK);
	assert_int_equal(scanner_pass(scanner, &rest, &segment), CH_OK);
	assert_int_equal(segment->form, SEGMENT_PLAIN);
	assert_slice_text(segment->tag, "PIA");
	assert_slice_text(segment_get(segment, 1, 1), "5");
	assert_slice_text(segment_get(segment, 2, 1), "A1");
	assert_slice_text(segment_get(segment, 2, 2), "SA");
	assert_slice_text(segment_get(segment, 2, 3), "");
	assert_slice_text(segment_get(segment, 3, 1), "");
	assert_slice_text(segment_get(segment, 3, 2), "B2");
	assert_slice_text(segment_get(segment, 4, 1), "");
	assert_slice_text(segment_get(segment, 4, 2), "");
	assert_slice_text(segment_get(segment, 5, 1), "");
	assert_slice_text(segment_get_again(segment, 2, 0, 2), "SA");
	assert_slice_text(segment_get_again(segment, 2, 1, 2), "");
	static const unsigned counts[] = {1, 2, 2, 1, 0, 0};
	for (unsigned i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		assert_int_equal(segment_count(segment, i + 1), counts[i]);
	/* A component where the first element belongs. */
	assert_int_equal(scanner_pass(scanner, &rest, &segment), CH_OK);
	assert_slice_text(segment_get(segment, 1, 1), "1");
	assert_slice_text(segment_get(segment, 2, 1), "2");
	assert_int_equal(scanner_pass(scanner, &rest, &segment), CH_OK);
	assert_true(segment_says(segment, 1, 1, "S"));
	/* Without an element, and without a tag. */
	assert_int_equal(scanner_pass(scanner, &rest, &segment), CH_OK);
	assert_slice_text(segment->tag, "NO");
	assert_slice_text(segment_get(segment, 1, 1), "");
	assert_int_equal(scanner_pass(scanner, &rest, &segment), CH_OK);
	assert_slice_text(segment->tag, "");
	assert_int_equal(segment_count(segment, 1), 1);
	assert_int_equal(scanner_pass(scanner, &rest, &segment), CH_END);
	scanner_free(scanner);
}

/* One that just goes into a look, and one that does not. */
static void test_segments_of_any_length_are_alike(void **state)
{
	char text[2048];
	struct scanner *scanner;
	const struct segment *segment;
	(void)state;
	assert_int_equal(scanner_create(&scanner), CH_OK);
	for (size_t len = 6; len < 1200; len++) {
		memset(text, 'x', len);
		memcpy(text, "FTX+a+", 6);
		memcpy(text + len, ":b'UNS+S'", 10);
		struct slice rest = slice_text(text);
		scanner_begin(scanner, &marks_edifact, 0);
		assert_int_equal(scanner_pass(scanner, &rest, &segment), CH_OK);
		assert_int_equal(segment->form, len + 3 <= 64    ? SEGMENT_PLAIN
						: len + 2 <= 511 ? SEGMENT_CLOSED
								 : SEGMENT_LISTED);
		scanner_cut(scanner);
		assert_int_equal(segment_get(segment, 2, 1).len, len - 6);
		assert_slice_text(segment_get(segment, 2, 2), "b");
		assert_int_equal(segment_count(segment, 2), 2);
		assert_int_equal(segment->end, len + 3);
		assert_int_equal(scanner_pass(scanner, &rest, &segment), CH_OK);
		assert_slice_text(segment_get(segment, 1, 1), "S");
	}
	scanner_free(scanner);
}

static void test_a_sweep_passes_over_plain_segments(void **state)
{
	const char *text = "LIN+1++A1:SA'\r\nIMD+F++:::a?+b'QTY+21:4'  \n QTY+12:4'UNT+4+1'";
	struct slice whole = slice_text(text);
	struct slice rest = whole;
	struct scanner *scanner;
	const struct segment *segment;
	struct seam seams[4];
	(void)state;
	assert_int_equal(scanner_create(&scanner), CH_OK);
	assert_int_equal(scanner_sweep(scanner, &rest, 0, seams, 4), 1);
	assert_int_equal(scanner_sweep(scanner, &rest, 0, seams + 1, 3), 0); /* released */
	assert_int_equal(scanner_pass(scanner, &rest, &segment), CH_OK);
	seams[1] = scanner_seam(scanner, 0);
	assert_int_equal(scanner_sweep(scanner, &rest, 0, seams + 2, 1), 1); /* room */
	assert_int_equal(scanner_sweep(scanner, &rest, 0, seams + 3, 1), 1);
	assert_int_equal(scanner_sweep(scanner, &rest, 0, seams, 1), 0); /* the envelope's */
	assert_int_equal(scanner_pass(scanner, &rest, &segment), CH_OK);
	assert_true(segment_is(segment, "UNT"));
	assert_int_equal(scanner_sweep(scanner, &rest, 0, seams, 1), 0); /* the end */
	/* In any order, and as often as one likes. */
	for (uint32_t i = 0; i < 8; i++) {
		static const char *const values[] = {"A1", "a+b", "21", "12"};
		static const unsigned places[][2] = {{3, 1}, {3, 4}, {1, 1}, {1, 1}};
		uint32_t at = i * 3 % 4;
		assert_int_equal(scanner_recall(scanner, &seams[at], i, whole, 0, &segment), CH_OK);
		assert_slice_text(segment_get(segment, places[at][0], places[at][1]), values[at]);
		assert_int_equal(segment->position, i);
		assert_int_equal(segment->offset, seams[at].at);
	}
	struct seam none = {.cuts = 0, .at = (uint32_t)whole.len};
	assert_int_equal(scanner_recall(scanner, &none, 1, whole, 0, &segment), CH_INTERNAL);
	scanner_free(scanner);
}

static void test_released_marks_are_text(void **state)
{
	(void)state;
	expect("IFT+3+A ?' B??+C??"
	       "?'D?+E?:F:G'",
		&marks_edifact, "IFT|3|A ' B?|C?'D+E:F:G\nend");
	expect("IFT+?\r\n'+x'", &marks_edifact, "IFT|'|x\nend");
	/* A release with nothing behind it, and an end that is none. */
	expect("IFT+3?'", &marks_edifact, "format");
	expect("IFT+3?", &marks_edifact, "format");
}

static void test_lines_wrapped_anywhere_are_whole(void **state)
{
	(void)state;
	expect("L\r\nIN+1+\n+400\r\n0862141404:E\nN'\r\n\r\nU\nNS+S'\r\n", &marks_edifact,
		"LIN|1||4000862141404:EN\nUNS|S\nend");
}

static void test_repetitions_are_elements_of_one_number(void **state)
{
	(void)state;
	expect("COM+a:TE*b:EM*c+d'", &marks_edifact, "COM|a:TE*b:EM*c|d\nend");
	/* A tag is none. */
	expect("COM*a\n:b+c'", &marks_edifact, "COM|a:b|c !12 at 3 in 0:0\nend");
}

static void test_the_marks_of_x12(void **state)
{
	static const struct marks star = {
		.component = '>', .element = '*', .decimal = '.', .terminator = '~'};
	static const struct marks lines = {
		.component = ':', .element = '*', .decimal = '.', .terminator = '\n'};
	static const struct marks returns = {
		.component = ':', .element = '*', .decimal = '.', .terminator = '\r'};
	(void)state;
	expect("PO1*1*25*EA?*36~\r\nAK4*1>2**7~", &star, "PO1|1|25|EA?|36\nAK4|1:2||7\nend");
	expect("ST*850*1\r\nSE*2*1\r\n", &lines, "ST|850|1\nSE|2|1\nend");
	expect("ST*850*1\r\nSE*2*1\r\n", &returns, "ST|850|1\nSE|2|1\nend");
}

static void test_charsets(void **state)
{
	struct scanner *scanner;
	const struct segment *segment;
	struct slice rest = slice_text("FTX+Gr\xf6\xdf"
				       "e'FTX+\x93quoted\x94+x'FTX+a+b:\x01"
				       "c'");
	struct slice ascii = slice_text("FTX+a+b:Gr\xc3\xb6'");
	(void)state;
	assert_int_equal(scanner_create(&scanner), CH_OK);
	assert_int_equal(scanner_set_charset(scanner, CHARSET_LATIN1), CH_OK);
	assert_int_equal(scanner_take(scanner, &rest, &segment), CH_OK);
	assert_slice_text(segment_get(segment, 1, 1), "Größe");
	/* Typographic quotes of Windows are controls in ISO 8859. */
	assert_int_equal(scanner_take(scanner, &rest, &segment), CH_OK);
	assert_int_equal(segment->flaw.kind, FLAW_CHARACTER);
	assert_int_equal(segment->flaw.element, 1);
	assert_slice_text(segment_get(segment, 2, 1), "x");
	assert_int_equal(scanner_take(scanner, &rest, &segment), CH_OK);
	assert_int_equal(segment->flaw.kind, FLAW_CHARACTER);
	assert_int_equal(segment->flaw.component, 2);
	/* Without a charset there is nothing beyond ASCII. */
	scanner_begin(scanner, &marks_edifact, 0);
	assert_int_equal(scanner_take(scanner, &ascii, &segment), CH_OK);
	assert_int_equal(segment->flaw.kind, FLAW_CHARACTER);
	assert_int_equal(segment->flaw.offset, 8);
	scanner_free(scanner);
}

static void test_bounds(void **state)
{
	struct buffer text = {0};
	struct scanner *scanner;
	const struct segment *segment;
	(void)state;
	assert_int_equal(scanner_create(&scanner), CH_OK);
	buffer_append_text(&text, "FTX");
	for (unsigned i = 0; i <= LIMIT_PARTS_VALUES; i++)
		buffer_append_text(&text, "+x");
	buffer_append_text(&text, "'");
	struct slice rest = buffer_slice(&text);
	assert_int_equal(scanner_take(scanner, &rest, &segment), CH_OK);
	assert_int_equal(segment->flaw.kind, FLAW_TOO_MANY);
	assert_int_equal(segment->value_count, LIMIT_PARTS_VALUES);
	buffer_clear(&text);
	buffer_append_text(&text, "FTX+");
	while (text.len <= LIMIT_PARTS_SEGMENT_BYTES + 10)
		buffer_append_byte(&text, 'x');
	buffer_append_byte(&text, '\'');
	rest = buffer_slice(&text);
	assert_int_equal(scanner_take(scanner, &rest, &segment), CH_TOO_LARGE);
	/* Two megabytes in one line are many segments, and no matter. */
	buffer_clear(&text);
	while (text.len < 2u * 1024 * 1024)
		buffer_append_text(&text, "LIN+1++4000862141404:EN'QTY+21:48'");
	rest = buffer_slice(&text);
	size_t count = 0;
	while (scanner_take(scanner, &rest, &segment) == CH_OK)
		count++;
	assert_int_equal(count, 2 * (text.len / 34));
	buffer_fini(&text);
	scanner_free(scanner);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_values_are_found_where_they_stand),
		cmocka_unit_test(test_segments_of_any_length_are_alike),
		cmocka_unit_test(test_a_sweep_passes_over_plain_segments),
		cmocka_unit_test(test_released_marks_are_text),
		cmocka_unit_test(test_lines_wrapped_anywhere_are_whole),
		cmocka_unit_test(test_repetitions_are_elements_of_one_number),
		cmocka_unit_test(test_the_marks_of_x12),
		cmocka_unit_test(test_charsets),
		cmocka_unit_test(test_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
