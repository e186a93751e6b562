#include "channel/parts/writing.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/currency.h"
#include "base/text.h"

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
		repertoire_words(w->repertoire)); /* fits */
	writing_obstacle(w, field, what,
		w->standard == STANDARD_EDIFACT
			? "agree with the partner on a wider charset (interchange.syntax, UNOY has "
			  "all), or send the event with a text in his letters"
			: "agree with the partner on a wider charset (x12.charset, utf-8 has all), or "
			  "send the event with a text in his letters");
}

static void obstacle_mark(struct writing *w, const char *field, uint8_t mark)
{
	char what[32];
	if (mark > ' ')
		(void)snprintf(what, sizeof(what), "holds the mark %c", mark); /* fits */
	else
		(void)snprintf(what, sizeof(what), "holds the mark 0x%02x", mark); /* fits */
	writing_obstacle(w, field, what,
		"X12 releases none: agree with the partner on others (x12.marks), or send the event "
		"without it");
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
	buffer_append_byte(writing->out, writing->marks.terminator);
	if (writing->marks.terminator != '\n' && writing->marks.terminator != '\r')
		buffer_append_text(writing->out, "\r\n"); /* for people; readers pass over it */
	writing->status = writing->out->status;
}

/* The separators up to that place. */
static void writing_go(struct writing *w, unsigned element, unsigned component)
{
	for (; w->element < element; w->element++) {
		buffer_append_byte(w->out, w->marks.element);
		w->component = 1;
	}
	for (; w->component < component; w->component++)
		buffer_append_byte(w->out, w->marks.component);
}

static size_t count_characters(struct slice text)
{
	size_t count = 0;
	for (size_t i = 0; i < text.len; i++)
		count += (text.data[i] & 0xc0u) != 0x80;
	return count;
}

static bool is_mark(const struct marks *marks, uint8_t byte)
{
	return byte == marks->component || byte == marks->element || byte == marks->terminator ||
	       (byte == marks->release && byte != 0) || (byte == marks->repetition && byte != 0);
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
		uint8_t byte = w->text.data[i];
		bool mark = is_mark(&w->marks, byte);
		if (mark && w->marks.release == 0) {
			obstacle_mark(w, field, byte);
			return;
		}
		if (mark)
			buffer_append_byte(w->out, w->marks.release);
		buffer_append_byte(w->out, byte);
	}
	w->status = status != CH_OK ? status : w->out->status;
}

void writing_code(struct writing *writing, unsigned element, unsigned component, const char *code)
{
	writing_put(writing, "code", element, component, slice_text(code), 14);
}

void writing_least(struct writing *writing, const char *field, struct slice text, unsigned min)
{
	char what[64];
	if (text.len == 0 || count_characters(text) >= min)
		return;
	(void)snprintf(what, sizeof(what), "is shorter than %u characters", min); /* fits */
	writing_obstacle(writing, field, what, "the standard asks for more");
}

/* ---- Values ---- */

void writing_count(struct writing *writing, const char *field, unsigned element, unsigned component,
	uint64_t count)
{
	char text[24];
	(void)snprintf(text, sizeof(text), "%" PRIu64, count); /* fits */
	writing_put(writing, field, element, component, slice_text(text), sizeof(text));
}

/* ".5" for "0.5": X12 has no nought in front. */
static void drop_nought(char *text)
{
	text += *text == '-';
	if (text[0] == '0' && text[1] == '.')
		memmove(text, text + 1, strlen(text));
}

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
	if (w->standard == STANDARD_X12)
		drop_nought(text);
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

/* CCYYMMDD, with HHMM or HHMMSS behind it or without. */
static void put_date(struct writing *w, const char *qualifier, const char *digits)
{
	size_t len = strlen(digits);
	writing_segment(w, "DTM");
	writing_code(w, 1, 1, qualifier);
	if (w->standard == STANDARD_X12) {
		writing_put(w, "date", 2, 1, slice_of(digits, 8), 8);
		writing_put(w, "time", 3, 1, slice_text(digits + 8), 6);
	} else {
		writing_code(w, 1, 2, digits);
		writing_code(w, 1, 3, len == 8 ? "102" : len == 12 ? "203" : "204");
	}
	writing_end(w);
}

/* CCYYMMDDHHMM by the zone's clocks, with the seconds when there are some. */
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
	if (of_day % 60 == 0)
		digits[12] = 0;
	return true;
}

/* CCYYMMDD of "2026-11-22". */
static bool day_digits(struct writing *w, const char *field, const char *day, char digits[9])
{
	size_t count = 0;
	for (size_t i = 0; day[i] != 0 && i < 11; i++) {
		bool dash = i == 4 || i == 7;
		if (dash ? day[i] != '-' : day[i] < '0' || day[i] > '9')
			break;
		if (!dash && count < 8)
			digits[count++] = day[i];
	}
	digits[count] = 0;
	if (count == 8 && strlen(day) == 10)
		return true;
	writing_obstacle(w, field, "is no day", "write it as 2026-11-22");
	return false;
}

void writing_moment(
	struct writing *writing, const char *field, const char *qualifier, int64_t time_us)
{
	char digits[40];
	if (time_us != 0 && writing->status == CH_OK &&
		civil_digits(writing, field, time_us, digits))
		put_date(writing, qualifier, digits);
}

void writing_day_of(
	struct writing *writing, const char *field, const char *qualifier, int64_t time_us)
{
	char digits[40];
	if (time_us == 0 || writing->status != CH_OK ||
		!civil_digits(writing, field, time_us, digits))
		return;
	digits[8] = 0;
	put_date(writing, qualifier, digits);
}

void writing_day(struct writing *writing, const char *field, const char *qualifier, const char *day)
{
	char digits[9];
	if (day[0] != 0 && writing->status == CH_OK && day_digits(writing, field, day, digits))
		put_date(writing, qualifier, digits);
}

void writing_date_of(struct writing *writing, const char *field, unsigned element, const char *day)
{
	char digits[40];
	if (writing->status != CH_OK)
		return;
	if (day[0] == 0 ? civil_digits(writing, field, writing->time_us, digits)
			: day_digits(writing, field, day, digits))
		writing_put(writing, field, element, 1, slice_of(digits, 8), 8);
}

void writing_time_of(struct writing *writing, const char *field, unsigned element)
{
	char digits[40];
	if (writing->status == CH_OK && civil_digits(writing, field, writing->time_us, digits))
		writing_put(writing, field, element, 1, slice_text(digits + 8), 6);
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
	bool x12 = w->standard == STANDARD_X12;
	bool other = !slice_equal(currency, w->currency);
	writing_segment(w, x12 ? "AMT" : "MOA");
	writing_code(w, 1, 1, qualifier);
	put_decimal(w, field, x12 ? 2 : 1, x12 ? 1 : 2,
		(struct decimal){money->minor_units, currency_exponent(currency)}, AMOUNT_DIGITS);
	if (other && x12)
		writing_obstacle(w, field, "is not in the document's currency",
			"a set of X12 has one for all its amounts");
	else if (other)
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
