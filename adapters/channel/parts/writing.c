#include "channel/parts/writing.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/currency.h"
#include "base/text.h"

#define US_PER_DAY    INT64_C(86400000000)
#define YEAR_MIN      1900
#define YEAR_MAX      9999
#define AMOUNT_DIGITS 18u

void writing_fini(struct writing *writing)
{
	buffer_fini(&writing->text);
	buffer_fini(&writing->words);
}

/* ---- What is in the way ---- */

void writing_obstacle(
	struct writing *writing, const char *field, const char *what, const char *remedy)
{
	struct writing *w = writing;
	char line[24] = "";
	char place[64] = "";
	if (w->status != CH_OK)
		return;
	w->status = CH_INVALID;
	if (w->line > 0)
		(void)snprintf(line, sizeof(line), "line %" PRIu32 ", ", w->line); /* fits */
	if (w->tag[0] != 0)
		(void)snprintf(place, sizeof(place), " (segment %" PRIu32 ", %s)", w->segments + 1,
			w->tag); /* fits */
	(void)snprintf(w->obstacle.words, sizeof(w->obstacle.words), "%s%s%s: %s%s%s", line, field,
		place, what, remedy != NULL ? "; " : "",
		remedy != NULL ? remedy : ""); /* as much as fits */
}

static void obstacle_character(struct writing *w, const char *field, uint32_t character)
{
	char what[64];
	if (character < 0x20 || (character >= 0x7f && character < 0xa0)) {
		(void)snprintf(what, sizeof(what), "holds the control U+%04" PRIX32, character);
		writing_obstacle(w, field, what, "controls cannot be sent; take it out");
		return;
	}
	(void)snprintf(what, sizeof(what), "U+%04" PRIX32 " is not in %s", character,
		repertoire_name(w->repertoire)); /* fits */
	writing_obstacle(w, field, what,
		"agree with the partner on a wider charset (interchange.syntax, UNOY has all), or "
		"send the event with a text in his letters");
}

static void obstacle_length(struct writing *w, const char *field, unsigned max, const char *unit)
{
	char what[64];
	(void)snprintf(what, sizeof(what), "is longer than %u %s", max, unit); /* fits */
	writing_obstacle(w, field, what, "the message has no room for more");
}

/* ---- Segments ---- */

void writing_segment(struct writing *writing, const char *tag)
{
	(void)snprintf(writing->tag, sizeof(writing->tag), "%s", tag); /* three letters */
	writing->element = 0;
	writing->component = 1;
	if (writing->status == CH_OK)
		buffer_append_text(writing->out, tag);
}

void writing_end(struct writing *writing)
{
	writing->tag[0] = 0;
	writing->segments++;
	if (writing->status != CH_OK)
		return;
	buffer_append_text(writing->out, "'\r\n");
	writing->status = writing->out->status;
}

/* The separators up to that place. */
static void writing_go(struct writing *w, unsigned element, unsigned component)
{
	for (; w->element < element; w->element++) {
		buffer_append_byte(w->out, '+');
		w->component = 1;
	}
	for (; w->component < component; w->component++)
		buffer_append_byte(w->out, ':');
}

static size_t count_characters(struct slice text)
{
	size_t count = 0;
	for (size_t i = 0; i < text.len; i++)
		count += (text.data[i] & 0xc0u) != 0x80;
	return count;
}

void writing_put(struct writing *writing, const char *field, unsigned element, unsigned component,
	struct slice text, unsigned max)
{
	struct writing *w = writing;
	uint32_t bad;
	if (w->status != CH_OK || text.len == 0)
		return;
	if (!text_is_utf8(text)) {
		writing_obstacle(w, field, "is not UTF-8", NULL);
		return;
	}
	if (count_characters(text) > max) {
		obstacle_length(w, field, max, "characters");
		return;
	}
	buffer_clear(&w->text);
	enum ch_status status = repertoire_write(w->repertoire, text, &w->text, &bad);
	if (status == CH_FORMAT) {
		obstacle_character(w, field, bad);
		return;
	}
	writing_go(w, element, component);
	/* The marks are ASCII in every repertoire, and no byte of another character is. */
	for (size_t i = 0; i < w->text.len; i++) {
		if (memchr("'+:?*", w->text.data[i], w->syntax4 ? 5 : 4) != NULL)
			buffer_append_byte(w->out, '?');
		buffer_append_byte(w->out, w->text.data[i]);
	}
	w->status = status != CH_OK ? status : w->out->status;
}

void writing_code(struct writing *writing, unsigned element, unsigned component, const char *code)
{
	writing_put(writing, "code", element, component, slice_text(code), 14);
}

/* ---- Values ---- */

static void put_decimal(struct writing *w, const char *field, unsigned element, unsigned component,
	struct decimal value, unsigned max)
{
	char text[DECIMAL_TEXT_BYTES];
	unsigned digits = 0;
	if (value.scale > DECIMAL_SCALE_MAX) {
		writing_obstacle(w, field, "is no decimal number", NULL);
		return;
	}
	(void)decimal_format(value, text);
	for (const char *c = text; *c != 0; c++)
		digits += *c >= '0' && *c <= '9';
	if (digits > max)
		obstacle_length(w, field, max, "digits");
	writing_put(w, field, element, component, slice_text(text), DECIMAL_TEXT_BYTES);
}

void writing_number(struct writing *writing, const char *field, unsigned element,
	unsigned component, const Carehub__V1__Decimal *number, unsigned max)
{
	if (number != NULL)
		put_decimal(writing, field, element, component,
			(struct decimal){number->unscaled, number->scale}, max);
}

static void put_date(
	struct writing *w, const char *qualifier, const char *digits, const char *format)
{
	writing_segment(w, "DTM");
	writing_code(w, 1, 1, qualifier);
	writing_code(w, 1, 2, digits);
	writing_code(w, 1, 3, format);
	writing_end(w);
}

/* CCYYMMDDHHMMSS by the zone's clocks. */
static bool civil_digits(struct writing *w, const char *field, int64_t time_us, char digits[40])
{
	int64_t year;
	unsigned month;
	unsigned day;
	int64_t seconds = time_us / 1000000 - (time_us % 1000000 < 0);
	seconds += w->zone != NULL ? zone_offset_s(w->zone, seconds) : 0;
	int64_t days = seconds / 86400 - (seconds % 86400 < 0);
	unsigned of_day = (unsigned)(seconds - days * 86400);
	clock_date_from_days(days, &year, &month, &day);
	if (year < YEAR_MIN || year > YEAR_MAX) {
		writing_obstacle(w, field, "is no time of the years 1900 to 9999", NULL);
		return false;
	}
	(void)snprintf(digits, 40, "%04d%02u%02u%02u%02u%02u", (int)year, month, day, of_day / 3600,
		of_day / 60 % 60, of_day % 60); /* fits */
	return true;
}

void writing_moment(
	struct writing *writing, const char *field, const char *qualifier, int64_t time_us)
{
	char digits[40];
	if (time_us == 0 || writing->status != CH_OK ||
		!civil_digits(writing, field, time_us, digits))
		return;
	bool whole = strcmp(digits + 12, "00") == 0;
	if (whole)
		digits[12] = 0;
	put_date(writing, qualifier, digits, whole ? "203" : "204");
}

void writing_day_of(
	struct writing *writing, const char *field, const char *qualifier, int64_t time_us)
{
	char digits[40];
	if (time_us == 0 || writing->status != CH_OK ||
		!civil_digits(writing, field, time_us, digits))
		return;
	digits[8] = 0;
	put_date(writing, qualifier, digits, "102");
}

void writing_day(struct writing *writing, const char *field, const char *qualifier, const char *day)
{
	char digits[9];
	size_t count = 0;
	if (day[0] == 0 || writing->status != CH_OK)
		return;
	for (size_t i = 0; day[i] != 0 && i < 11; i++) {
		bool dash = i == 4 || i == 7;
		if (dash ? day[i] != '-' : day[i] < '0' || day[i] > '9')
			break;
		if (!dash && count < 8)
			digits[count++] = day[i];
	}
	digits[count] = 0;
	if (count != 8 || strlen(day) != 10) {
		writing_obstacle(writing, field, "is no day", "write it as 2026-11-22");
		return;
	}
	put_date(writing, qualifier, digits, "102");
}

void writing_amount(struct writing *writing, const char *field, const char *qualifier,
	const Carehub__V1__Money *money)
{
	struct writing *w = writing;
	if (money == NULL)
		return;
	struct slice currency = slice_text(money->currency);
	if (!currency_is_code(currency)) {
		writing_obstacle(w, field, "has no currency", "name one of ISO 4217");
		return;
	}
	writing_segment(w, "MOA");
	writing_code(w, 1, 1, qualifier);
	put_decimal(w, field, 1, 2,
		(struct decimal){money->minor_units, currency_exponent(currency)}, AMOUNT_DIGITS);
	if (!slice_equal(currency, w->currency))
		writing_put(w, field, 1, 3, currency, 3);
	writing_end(w);
}

/* ---- Free text ---- */

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

struct slice writing_words(struct writing *writing, const char *text)
{
	uint8_t between = 0;
	buffer_clear(&writing->words);
	for (; *text != 0; text++) {
		uint8_t c = (uint8_t)*text;
		if (is_blank(c)) {
			if (between != '\n')
				between = c == '\n' || c == '\r' ? '\n' : ' ';
			continue;
		}
		if (between != 0 && writing->words.len > 0)
			buffer_append_byte(&writing->words, between);
		between = 0;
		buffer_append_byte(&writing->words, c);
	}
	if (writing->words.status != CH_OK && writing->status == CH_OK)
		writing->status = CH_NOMEM;
	return buffer_slice(&writing->words);
}

bool writing_piece(struct slice *rest, unsigned max, struct slice *out_piece)
{
	size_t at = 0;
	size_t blank = 0;
	unsigned characters = 0;
	while (rest->len > 0 && is_blank(rest->data[0]))
		*rest = slice_sub(*rest, 1, rest->len);
	if (rest->len == 0)
		return false;
	for (; at < rest->len && rest->data[at] != '\n' && rest->data[at] != '\r'; at++) {
		if ((rest->data[at] & 0xc0u) != 0x80 && characters++ == max)
			break;
		if (is_blank(rest->data[at]))
			blank = at;
	}
	bool whole = at == rest->len || is_blank(rest->data[at]);
	if (!whole && blank > 0)
		at = blank;
	*out_piece = slice_sub(*rest, 0, at);
	*rest = slice_sub(*rest, at, rest->len);
	while (is_blank(out_piece->data[out_piece->len - 1]))
		out_piece->len--;
	return true;
}
