/* The smallest texts that strangers write: times, decimal numbers, amounts, addresses, patterns, hex.  Whatever is
 * taken is written, read again, and is the same. */
#include <stdlib.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/currency.h"
#include "base/invariant.h"
#include "base/limits.h"
#include "base/pattern.h"
#include "base/text.h"

/* The years 0 to 9999 in UTC, which an offset may leave, and beyond which nothing is written. */
#define FIRST_US INT64_C(-62167219200000000)
#define LAST_US  INT64_C(253402300799999999)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void fuzz_time(struct slice text)
{
	char words[CLOCK_TEXT_BYTES];
	int64_t time_us;
	int64_t again_us;
	if (clock_parse(text, &time_us) != CH_OK || time_us < FIRST_US || time_us > LAST_US)
		return;
	invariant(clock_parse(slice_text(clock_format(time_us, words)), &again_us) == CH_OK);
	invariant(again_us == time_us);
}

static void fuzz_amount(struct decimal value, struct slice code)
{
	struct decimal again;
	int64_t units;
	bool exact;
	if (!currency_is_code(code) || currency_minor_units(value, code, &units, &exact) != CH_OK)
		return;
	const struct decimal rounded = {units, currency_exponent(code)};
	invariant(!exact || decimal_compare(rounded, value) == 0);
	if (decimal_rescale(value, rounded.scale, &again) == CH_OK)
		invariant(exact && again.unscaled == units);
}

/* The text may have a currency behind a blank. */
static void fuzz_decimal(struct slice text)
{
	char words[DECIMAL_TEXT_BYTES];
	struct slice number;
	struct decimal value;
	struct decimal again;
	struct decimal sum;
	struct slice code = text;
	(void)text_split(&code, ' ', &number); /* false: an empty text, and no number */
	if (decimal_parse(number, &value) != CH_OK)
		return;
	invariant(value.scale <= DECIMAL_SCALE_MAX);
	invariant(decimal_parse(slice_text(decimal_format(value, words)), &again) == CH_OK);
	invariant(decimal_compare(value, again) == 0);
	const struct decimal one = {1, DECIMAL_SCALE_MAX};
	invariant(decimal_compare(value, one) == -decimal_compare(one, value));
	if (decimal_add(value, one, &sum) == CH_OK)
		invariant(decimal_compare(sum, value) > 0);
	fuzz_amount(value, code);
}

static void fuzz_number(struct slice text)
{
	struct buffer words = {0};
	uint64_t value;
	int64_t whole;
	if (text_parse_u64(text, UINT64_MAX, &value) == CH_OK) {
		uint64_t again = 0;
		text_append_u64(&words, value);
		invariant(text_parse_u64(buffer_slice(&words), value, &again) == CH_OK);
		invariant(again == value);
		invariant(value == 0 ||
			  text_parse_u64(buffer_slice(&words), value - 1, &again) == CH_INVALID);
		if (text_parse_i64(text, &whole) == CH_OK)
			invariant(whole >= 0 && (uint64_t)whole == value);
	} else if (text_parse_i64(text, &whole) == CH_OK) {
		invariant(whole <= 0);
	}
	buffer_fini(&words);
}

static void fuzz_hex(struct slice text)
{
	struct buffer words = {0};
	uint8_t *bytes = malloc(text.len / 2 + 1);
	uint8_t *again = malloc(text.len / 2 + 1);
	invariant(bytes != NULL && again != NULL);
	if (text_parse_hex(text, bytes) == CH_OK) {
		text_append_hex(&words, slice_of(bytes, text.len / 2));
		invariant(words.len == text.len);
		invariant(text_parse_hex(buffer_slice(&words), again) == CH_OK);
		invariant(memcmp(bytes, again, text.len / 2) == 0);
	}
	buffer_fini(&words);
	free(bytes);
	free(again);
}

static void fuzz_address(struct slice text)
{
	char host[ADDRESS_HOST_MAX];
	int port;
	if (address_parse(text, host, &port) != CH_OK)
		return;
	invariant(strlen(host) < ADDRESS_HOST_MAX && port >= 0 && port <= 65535);
}

/* Whatever covers a pattern covers what that one covers. */
static void fuzz_pattern(struct slice text)
{
	struct slice ours;
	struct slice theirs = text;
	(void)text_split(&theirs, ' ', &ours); /* false: both are empty */
	if (pattern_fault(ours) == NULL) {
		invariant(ours.len <= LIMIT_PATTERN_BYTES && pattern_covers(ours, ours));
		invariant(pattern_covers(SLICE_LITERAL(">"), ours));
		if (pattern_fault(theirs) == NULL && pattern_covers(ours, theirs))
			invariant(!pattern_covers(theirs, SLICE_LITERAL("a.b")) ||
				  pattern_covers(ours, SLICE_LITERAL("a.b")));
	}
	if (pattern_source_fault(ours) == NULL) {
		invariant(pattern_source_covers(ours, ours));
		if (pattern_source_covers(ours, theirs))
			invariant(theirs.len + 1 >= ours.len);
	}
}

static void fuzz_utf8(struct slice text)
{
	struct buffer html = {0};
	size_t good = text_utf8_prefix(text);
	invariant(good <= text.len && text_is_utf8(slice_sub(text, 0, good)));
	invariant(text_is_utf8(text) == (good == text.len));
	text_append_html(&html, text);
	invariant(html.len >= text.len);
	invariant(html.len == 0 || (memchr(html.data, '<', html.len) == NULL &&
					   memchr(html.data, '"', html.len) == NULL));
	buffer_fini(&html);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice text = slice_of(data, len);
	fuzz_time(text);
	fuzz_decimal(text);
	fuzz_number(text);
	fuzz_hex(text);
	fuzz_address(text);
	fuzz_pattern(text);
	fuzz_utf8(text);
	return 0;
}
