#include "module/marketing/segment/condition_literal.h"

#include "base/currency.h"
#include "base/limits.h"
#include "base/text.h"

#define HOUR_US INT64_C(3600000000)
#define DAY_US  (24 * HOUR_US)

struct slice literal_string(struct lexer *lexer, struct arena *arena)
{
	struct slice quoted = lexer->token.text;
	size_t len = 0;
	if (lexer->status != CH_OK || lexer->token.kind != TOKEN_STRING) {
		lexer_expected(lexer, "a text in quotes");
		return (struct slice){NULL, 0};
	}
	if (quoted.len == 2) {
		lexer_blame(lexer, CH_INVALID, quoted.data, "an empty text names nothing");
		return (struct slice){NULL, 0};
	}
	uint8_t *bytes = arena_alloc(arena, quoted.len);
	if (bytes == NULL) {
		lexer->status = CH_NOMEM;
		return (struct slice){NULL, 0};
	}
	for (size_t i = 1; i + 1 < quoted.len; i++) {
		i += quoted.data[i] == '\\';
		bytes[len++] = quoted.data[i];
	}
	lexer_next(lexer);
	return slice_of(bytes, len);
}

int64_t literal_span(struct lexer *lexer)
{
	static const struct {
		char unit;
		int64_t us;
	} units[] = {{'h', HOUR_US}, {'d', DAY_US}, {'w', 7 * DAY_US}};
	struct slice text = lexer->token.text;
	int64_t unit = 0;
	uint64_t number = 0;
	char word[LEXER_SHOWN];
	if (lexer->status != CH_OK)
		return 0;
	if (lexer->token.kind != TOKEN_NUMBER) {
		lexer_expected(lexer, "a time such as 12h, 90d or 4w");
		return 0;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (text.data[text.len - 1] == (uint8_t)units[i].unit)
			unit = units[i].us;
	}
	if (unit == 0 ||
		text_parse_u64(slice_sub(text, 0, text.len - 1), UINT64_MAX, &number) != CH_OK) {
		lexer_blame(lexer, CH_FORMAT, text.data, "'%s' is no time such as 12h, 90d or 4w",
			lexer_show(text, word));
		return 0;
	}
	if (number == 0 || number > (uint64_t)(LIMIT_CONDITION_DAYS * DAY_US / unit)) {
		lexer_blame(lexer, CH_INVALID, text.data,
			"must be more than nothing and at most %d days", (int)LIMIT_CONDITION_DAYS);
		return 0;
	}
	lexer_next(lexer);
	return (int64_t)number * unit;
}

int64_t literal_period(struct lexer *lexer)
{
	if (lexer_accept(lexer, "ever"))
		return PERIOD_EVER;
	if (lexer->token.kind != TOKEN_NUMBER)
		lexer_expected(lexer, "a period such as 90d, or ever");
	return literal_span(lexer);
}

int64_t literal_count(struct lexer *lexer)
{
	struct slice text = lexer->token.text;
	uint64_t number = 0;
	char word[LEXER_SHOWN];
	if (lexer->status != CH_OK)
		return 0;
	if (lexer->token.kind != TOKEN_NUMBER) {
		lexer_expected(lexer, "a whole number");
		return 0;
	}
	if (text_parse_u64(text, INT32_MAX, &number) != CH_OK) {
		lexer_blame(lexer, CH_FORMAT, text.data, "'%s' is no whole number up to %d",
			lexer_show(text, word), INT32_MAX);
		return 0;
	}
	lexer_next(lexer);
	return (int64_t)number;
}

int64_t literal_amount(struct lexer *lexer, struct slice currency)
{
	struct slice text = lexer->token.text;
	struct decimal amount;
	int64_t minor_units = 0;
	bool exact = false;
	char word[LEXER_SHOWN];
	if (lexer->status != CH_OK)
		return 0;
	if (lexer->token.kind != TOKEN_NUMBER) {
		lexer_expected(lexer, "an amount such as 99.90");
		return 0;
	}
	if (decimal_parse(text, &amount) != CH_OK ||
		currency_minor_units(amount, currency, &minor_units, &exact) != CH_OK) {
		lexer_blame(lexer, CH_FORMAT, text.data, "'%s' is no amount such as 99.90",
			lexer_show(text, word));
		return 0;
	}
	if (!exact) {
		lexer_blame(lexer, CH_INVALID, text.data, "has more digits than %.3s has",
			(const char *)currency.data);
		return 0;
	}
	lexer_next(lexer);
	return minor_units;
}
