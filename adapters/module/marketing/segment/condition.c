#include "module/marketing/segment/condition.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/currency.h"
#include "base/limits.h"
#include "base/text.h"

#define HOUR_US INT64_C(3600000000)
#define DAY_US  (24 * HOUR_US)

struct node {
	enum node_kind kind;
	uint16_t left;
	uint16_t right;
	struct test test;
};

struct condition {
	struct arena arena; /* text, names, lists */
	struct slice text;
	struct node *nodes; /* children before their parents */
	uint16_t count;
	int64_t reach_us;
};

/* ---- The words ---- */

enum arguments {
	ARGUMENTS_NONE,
	ARGUMENTS_PERIOD,
	ARGUMENTS_WHAT,
	ARGUMENTS_WHAT_PERIOD,
	ARGUMENTS_CONSENT,
	ARGUMENTS_FIELD,
};

static const struct word {
	const char *word;
	enum term term;
	enum value_kind kind;
	enum arguments arguments;
} words[] = {
	{"everybody", TERM_EVERYBODY, VALUE_FLAG, ARGUMENTS_NONE},
	{"open_complaint", TERM_OPEN_COMPLAINT, VALUE_FLAG, ARGUMENTS_NONE},
	{"consent", TERM_CONSENT, VALUE_FLAG, ARGUMENTS_CONSENT},
	{"has", TERM_HAS, VALUE_FLAG, ARGUMENTS_FIELD},
	{"level", TERM_LEVEL, VALUE_COUNT, ARGUMENTS_NONE},
	{"frequency", TERM_FREQUENCY, VALUE_COUNT, ARGUMENTS_PERIOD},
	{"bought", TERM_BOUGHT, VALUE_COUNT, ARGUMENTS_WHAT_PERIOD},
	{"owns", TERM_OWNS, VALUE_COUNT, ARGUMENTS_WHAT},
	{"complaints", TERM_COMPLAINTS, VALUE_COUNT, ARGUMENTS_NONE},
	{"age", TERM_AGE, VALUE_COUNT, ARGUMENTS_NONE},
	{"monetary", TERM_MONETARY, VALUE_AMOUNT, ARGUMENTS_PERIOD},
	{"spent", TERM_SPENT, VALUE_AMOUNT, ARGUMENTS_WHAT_PERIOD},
	{"recency", TERM_RECENCY, VALUE_SPAN, ARGUMENTS_NONE},
	{"group", TERM_GROUP, VALUE_TEXT, ARGUMENTS_NONE},
	{"language", TERM_LANGUAGE, VALUE_TEXT, ARGUMENTS_NONE},
	{"gender", TERM_GENDER, VALUE_TEXT, ARGUMENTS_NONE},
};

struct number_word {
	const char *word;
	uint8_t number;
};

/* ContactChannel, ConsentPurpose and CustomerField of the schema. */
static const struct number_word channels[] = {
	{"phone", 1},
	{"sms", 2},
	{"email", 3},
	{"mail", 4},
	{"fax", 5},
	{"web", 6},
	{"app", 7},
	{"counter", 8},
	{NULL, 0},
};

static const struct number_word purposes[] = {
	{"marketing", 1},
	{"research", 2},
	{"service", 3},
	{"profiling", 4},
	{"sharing", 5},
	{NULL, 0},
};

static const struct number_word fields[] = {
	{"name", 1},
	{"phone", 2},
	{"email", 3},
	{"address", 4},
	{"birth_date", 5},
	{"language", 6},
	{"group", 7},
	{"common_id", 8},
	{"member_card", 9},
	{"company", 13},
	{"gender", 14},
	{NULL, 0},
};

static const struct number_word selectors[] = {
	{"anything", SELECT_ANYTHING},
	{"category", SELECT_CATEGORY},
	{"product", SELECT_PRODUCT},
	{"brand", SELECT_BRAND},
	{NULL, 0},
};

static const struct {
	const char *sign;
	enum relation relation;
} relations[] = {
	{"<=", IS_AT_MOST},
	{"<", IS_LESS},
	{">=", IS_AT_LEAST},
	{">", IS_MORE},
	{"!=", IS_OTHER},
	{"=", IS_EQUAL},
};

static const char *word_of(const struct number_word *list, uint8_t number)
{
	for (; list->word != NULL; list++) {
		if (list->number == number)
			return list->word;
	}
	return "";
}

const char *condition_channel_word(uint8_t channel)
{
	return word_of(channels, channel);
}

const char *condition_purpose_word(uint8_t purpose)
{
	return word_of(purposes, purpose);
}

/* ---- Tokens ---- */

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_NUMBER, TOKEN_STRING, TOKEN_SIGN };

struct token {
	enum token_kind kind;
	struct slice text; /* of a string with its quotes */
};

struct parser {
	struct condition *condition;
	const struct condition_options *options;
	struct condition_error *error;
	enum ch_status status; /* sticks with the first mistake */
	struct token token;    /* the one to be looked at */
	size_t at;             /* behind it */
	uint16_t capacity;
	uint32_t depth;
};

static void wrong(struct parser *parser, enum ch_status status, const uint8_t *where,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

static void wrong(
	struct parser *parser, enum ch_status status, const uint8_t *where, const char *format, ...)
{
	va_list arguments;
	if (parser->status != CH_OK)
		return;
	parser->status = status;
	*parser->error = (struct condition_error){.line = 1, .column = 1};
	for (const uint8_t *p = parser->condition->text.data; p != NULL && p < where; p++) {
		bool end = *p == '\n';
		parser->error->line += end;
		parser->error->column = end ? 1 : parser->error->column + 1;
	}
	va_start(arguments, format);
	(void)vsnprintf(parser->error->reason, sizeof(parser->error->reason), format, arguments);
	va_end(arguments);
}

/* For messages: what stands there, cut. */
static const char *shown(struct slice text, char word[24])
{
	size_t len = text.len < 23 ? text.len : 23;
	size_t whole = text_utf8_prefix(slice_of(text.data, len));
	for (size_t i = 0; i < whole; i++)
		word[i] = (char)(text.data[i] < 0x20 || text.data[i] == 0x7f ? '?' : text.data[i]);
	word[whole] = 0;
	return word;
}

static bool is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* A string ends at the next quote that no backslash stands before; 0: it does not end. */
static size_t string_length(struct slice rest)
{
	for (size_t i = 1; i < rest.len && rest.data[i] != '\n'; i++) {
		if (rest.data[i] == '"')
			return i + 1;
		i += rest.data[i] == '\\';
	}
	return 0;
}

static size_t sign_length(struct slice rest)
{
	uint8_t first = rest.data[0];
	bool longer = rest.len > 1 && rest.data[1] == '=';
	if (first == '(' || first == ')' || first == ',' || first == '=')
		return 1;
	if (first == '<' || first == '>')
		return longer ? 2 : 1;
	return first == '!' && longer ? 2 : 0;
}

static void next(struct parser *parser)
{
	struct slice text = parser->condition->text;
	char word[24];
	while (parser->at < text.len &&
		(text.data[parser->at] == ' ' || text.data[parser->at] == '\t' ||
			text.data[parser->at] == '\n' || text.data[parser->at] == '\r'))
		parser->at++;
	struct slice rest = slice_sub(text, parser->at, text.len);
	size_t len = 0;
	parser->token = (struct token){TOKEN_END, {text.data + text.len, 0}};
	if (rest.len == 0)
		return;
	if (is_letter(rest.data[0])) {
		parser->token.kind = TOKEN_WORD;
		while (len < rest.len && (is_letter(rest.data[len]) || is_digit(rest.data[len])))
			len++;
	} else if (is_digit(rest.data[0])) {
		/* With its unit: 90d, 99.90. */
		parser->token.kind = TOKEN_NUMBER;
		while (len < rest.len && (is_letter(rest.data[len]) || is_digit(rest.data[len]) ||
						 rest.data[len] == '.'))
			len++;
	} else if (rest.data[0] == '"') {
		parser->token.kind = TOKEN_STRING;
		len = string_length(rest);
		if (len == 0)
			wrong(parser, CH_FORMAT, rest.data,
				"this text has no closing quote on its line");
	} else {
		parser->token.kind = TOKEN_SIGN;
		len = sign_length(rest);
		if (len == 0)
			wrong(parser, CH_FORMAT, rest.data, "'%s' is no part of a condition",
				shown(slice_sub(rest, 0, rest.data[0] < 0x80 ? 1 : 4), word));
	}
	parser->token.text = slice_sub(rest, 0, len);
	parser->at += len;
}

static bool token_is(const struct parser *parser, const char *text)
{
	return (parser->token.kind == TOKEN_WORD || parser->token.kind == TOKEN_SIGN) &&
	       slice_equal(parser->token.text, slice_text(text));
}

static bool accept(struct parser *parser, const char *text)
{
	if (parser->status != CH_OK || !token_is(parser, text))
		return false;
	next(parser);
	return true;
}

static void expected(struct parser *parser, const char *what)
{
	char word[24];
	if (parser->token.kind == TOKEN_END)
		wrong(parser, CH_FORMAT, parser->token.text.data, "ends where %s is expected",
			what);
	else
		wrong(parser, CH_FORMAT, parser->token.text.data,
			"'%s' stands where %s is expected", shown(parser->token.text, word), what);
}

static void expect(struct parser *parser, const char *text)
{
	char what[8];
	(void)snprintf(what, sizeof(what), "'%s'", text);
	if (!accept(parser, text))
		expected(parser, what);
}

/* ---- Values ---- */

/* Unquoted, in the condition's memory. */
static struct slice parse_string(struct parser *parser)
{
	struct slice quoted = parser->token.text;
	size_t len = 0;
	if (parser->status != CH_OK || parser->token.kind != TOKEN_STRING) {
		expected(parser, "a text in quotes");
		return (struct slice){NULL, 0};
	}
	if (quoted.len == 2) {
		wrong(parser, CH_INVALID, quoted.data, "an empty text names nothing");
		return (struct slice){NULL, 0};
	}
	uint8_t *bytes = arena_alloc(&parser->condition->arena, quoted.len);
	if (bytes == NULL) {
		parser->status = CH_NOMEM;
		return (struct slice){NULL, 0};
	}
	for (size_t i = 1; i + 1 < quoted.len; i++) {
		i += quoted.data[i] == '\\';
		bytes[len++] = quoted.data[i];
	}
	next(parser);
	return slice_of(bytes, len);
}

/* "90d"; the number in front of the unit is whole. */
static int64_t parse_span(struct parser *parser)
{
	static const struct {
		char unit;
		int64_t us;
	} units[] = {{'h', HOUR_US}, {'d', DAY_US}, {'w', 7 * DAY_US}};
	struct slice text = parser->token.text;
	int64_t unit = 0;
	uint64_t number = 0;
	char word[24];
	if (parser->status != CH_OK)
		return 0;
	if (parser->token.kind != TOKEN_NUMBER) {
		expected(parser, "a time such as 12h, 90d or 4w");
		return 0;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (text.data[text.len - 1] == (uint8_t)units[i].unit)
			unit = units[i].us;
	}
	if (unit == 0 ||
		text_parse_u64(slice_sub(text, 0, text.len - 1), UINT64_MAX, &number) != CH_OK) {
		wrong(parser, CH_FORMAT, text.data, "'%s' is no time such as 12h, 90d or 4w",
			shown(text, word));
		return 0;
	}
	if (number == 0 || number > (uint64_t)(LIMIT_CONDITION_DAYS * DAY_US / unit)) {
		wrong(parser, CH_INVALID, text.data,
			"must be more than nothing and at most %d days", (int)LIMIT_CONDITION_DAYS);
		return 0;
	}
	next(parser);
	return (int64_t)number * unit;
}

static int64_t parse_period(struct parser *parser)
{
	if (accept(parser, "ever"))
		return PERIOD_EVER;
	if (parser->token.kind != TOKEN_NUMBER)
		expected(parser, "a period such as 90d, or ever");
	return parse_span(parser);
}

static int64_t parse_count(struct parser *parser)
{
	struct slice text = parser->token.text;
	uint64_t number = 0;
	char word[24];
	if (parser->status != CH_OK)
		return 0;
	if (parser->token.kind != TOKEN_NUMBER) {
		expected(parser, "a whole number");
		return 0;
	}
	if (text_parse_u64(text, INT32_MAX, &number) != CH_OK) {
		wrong(parser, CH_FORMAT, text.data, "'%s' is no whole number up to %d",
			shown(text, word), INT32_MAX);
		return 0;
	}
	next(parser);
	return (int64_t)number;
}

/* In minor units: 99.90 of CNY is 9990. */
static int64_t parse_amount(struct parser *parser)
{
	struct slice text = parser->token.text;
	struct decimal amount;
	int64_t minor_units = 0;
	bool exact = false;
	char word[24];
	if (parser->status != CH_OK)
		return 0;
	if (parser->token.kind != TOKEN_NUMBER) {
		expected(parser, "an amount such as 99.90");
		return 0;
	}
	if (decimal_parse(text, &amount) != CH_OK ||
		currency_minor_units(amount, parser->options->currency, &minor_units, &exact) !=
			CH_OK) {
		wrong(parser, CH_FORMAT, text.data, "'%s' is no amount such as 99.90",
			shown(text, word));
		return 0;
	}
	if (!exact) {
		wrong(parser, CH_INVALID, text.data, "has more digits than %.3s has",
			(const char *)parser->options->currency.data);
		return 0;
	}
	next(parser);
	return minor_units;
}

/* One of a list of words; `what` is named in the mistake. */
static uint8_t parse_choice(struct parser *parser, const struct number_word *list, const char *what)
{
	char word[24];
	if (parser->status != CH_OK)
		return 0;
	if (parser->token.kind != TOKEN_WORD) {
		expected(parser, what);
		return 0;
	}
	for (const struct number_word *row = list; row->word != NULL; row++) {
		if (accept(parser, row->word))
			return row->number;
	}
	wrong(parser, CH_INVALID, parser->token.text.data, "'%s' is not %s",
		shown(parser->token.text, word), what);
	return 0;
}

static void parse_what(struct parser *parser, struct test *test)
{
	test->selector = (enum selector)parse_choice(
		parser, selectors, "one of category, product, brand, anything");
	if (parser->status == CH_OK && test->selector != SELECT_ANYTHING)
		test->name = parse_string(parser);
}

static void parse_arguments(struct parser *parser, enum arguments arguments, struct test *test)
{
	if (arguments == ARGUMENTS_NONE)
		return;
	expect(parser, "(");
	switch (arguments) {
	case ARGUMENTS_NONE:
		break;
	case ARGUMENTS_PERIOD:
		test->period_us = parse_period(parser);
		break;
	case ARGUMENTS_WHAT:
		parse_what(parser, test);
		break;
	case ARGUMENTS_WHAT_PERIOD:
		parse_what(parser, test);
		expect(parser, ",");
		test->period_us = parse_period(parser);
		break;
	case ARGUMENTS_CONSENT:
		test->channel = parse_choice(
			parser, channels, "one of phone, sms, email, mail, fax, web, app, counter");
		expect(parser, ",");
		test->purpose = parse_choice(parser, purposes,
			"one of marketing, research, service, profiling, sharing");
		break;
	case ARGUMENTS_FIELD:
		test->field = parse_choice(parser, fields,
			"one of name, phone, email, address, birth_date, language, group, common_id, "
			"member_card, company, gender");
		break;
	}
	expect(parser, ")");
}

/* ---- Tests ---- */

static bool parse_relation(struct parser *parser, enum relation *out_relation)
{
	for (size_t i = 0; i < sizeof(relations) / sizeof(relations[0]); i++) {
		if (accept(parser, relations[i].sign)) {
			*out_relation = relations[i].relation;
			return true;
		}
	}
	return false;
}

static void parse_texts(struct parser *parser, struct test *test)
{
	struct slice texts[LIMIT_CONDITION_TEXTS];
	bool list = true;
	if (accept(parser, "in")) {
		test->relation = IS_EQUAL;
	} else if (accept(parser, "not")) {
		test->relation = IS_OTHER;
		expect(parser, "in");
	} else {
		list = false;
		if (!parse_relation(parser, &test->relation) ||
			(test->relation != IS_EQUAL && test->relation != IS_OTHER))
			expected(parser, "=, != or in, as texts have no order,");
	}
	if (list)
		expect(parser, "(");
	do {
		if (test->text_count == LIMIT_CONDITION_TEXTS) {
			wrong(parser, CH_TOO_LARGE, parser->token.text.data,
				"more than %u texts in one list", LIMIT_CONDITION_TEXTS);
			return;
		}
		texts[test->text_count++] = parse_string(parser);
	} while (list && accept(parser, ","));
	if (list)
		expect(parser, ")");
	if (parser->status != CH_OK)
		return;
	test->texts =
		arena_alloc(&parser->condition->arena, test->text_count * sizeof(*test->texts));
	if (test->texts == NULL)
		parser->status = CH_NOMEM;
	else
		memcpy(test->texts, texts, test->text_count * sizeof(*test->texts));
}

static void parse_comparison(struct parser *parser, struct test *test)
{
	if (test->kind == VALUE_FLAG || parser->status != CH_OK)
		return;
	if (test->kind == VALUE_TEXT) {
		parse_texts(parser, test);
		return;
	}
	if (!parse_relation(parser, &test->relation))
		expected(parser, "a comparison: <, <=, =, !=, >=, >");
	else if (test->kind == VALUE_COUNT)
		test->number = parse_count(parser);
	else if (test->kind == VALUE_AMOUNT)
		test->number = parse_amount(parser);
	else
		test->number = parse_span(parser);
}

static const struct word *word_find(struct slice text)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (slice_equal(text, slice_text(words[i].word)))
			return &words[i];
	}
	return NULL;
}

static void parse_test(struct parser *parser, struct test *test)
{
	struct slice text = parser->token.text;
	char shown_word[24];
	if (parser->token.kind != TOKEN_WORD) {
		expected(parser, "a condition");
		return;
	}
	const struct word *word = word_find(text);
	if (word == NULL) {
		wrong(parser, CH_INVALID, text.data, "'%s' is nothing that a condition can ask for",
			shown(text, shown_word));
		return;
	}
	if (word->term == TERM_LEVEL && !parser->options->with_level) {
		wrong(parser, CH_INVALID, text.data, "a level cannot depend on the level");
		return;
	}
	*test = (struct test){.term = word->term, .kind = word->kind};
	next(parser);
	parse_arguments(parser, word->arguments, test);
	parse_comparison(parser, test);
	/* The token that follows has been read already; what lies before it is the test. */
	const uint8_t *end = parser->token.text.data;
	if (parser->status == CH_OK)
		test->source = text_trim(slice_of(text.data, (size_t)(end - text.data)));
	int64_t reach_us = test->period_us;
	if (test->term == TERM_RECENCY) {
		/* Whoever bought too long ago for "at most" is as if he had never bought. */
		bool bounded = test->relation == IS_LESS || test->relation == IS_AT_MOST;
		reach_us = bounded ? test->number + 1 : PERIOD_EVER;
	}
	if (reach_us > parser->condition->reach_us)
		parser->condition->reach_us = reach_us;
}

/* ---- The tree ---- */

static uint16_t node_add(struct parser *parser, enum node_kind kind)
{
	struct condition *condition = parser->condition;
	if (condition->count == LIMIT_CONDITION_NODES) {
		wrong(parser, CH_TOO_LARGE, parser->token.text.data,
			"more than %u parts: cut it into two segments", LIMIT_CONDITION_NODES);
		return 0;
	}
	if (condition->count == parser->capacity) {
		uint16_t capacity = (uint16_t)(parser->capacity * 2 + 8);
		struct node *nodes = realloc(condition->nodes, capacity * sizeof(*nodes));
		if (nodes == NULL) {
			parser->status = CH_NOMEM;
			return 0;
		}
		condition->nodes = nodes;
		parser->capacity = capacity;
	}
	condition->nodes[condition->count] = (struct node){.kind = kind};
	return condition->count++;
}

static uint16_t parse_condition(struct parser *parser);

static uint16_t parse_unary(struct parser *parser)
{
	uint16_t node = 0;
	if (parser->status != CH_OK)
		return 0;
	if (parser->depth == LIMIT_CONDITION_DEPTH) {
		wrong(parser, CH_TOO_LARGE, parser->token.text.data, "nested deeper than %u",
			LIMIT_CONDITION_DEPTH);
		return 0;
	}
	parser->depth++;
	if (accept(parser, "not")) {
		uint16_t inner = parse_unary(parser);
		node = node_add(parser, NODE_NOT);
		if (parser->status == CH_OK)
			parser->condition->nodes[node].left = inner;
	} else if (accept(parser, "(")) {
		node = parse_condition(parser);
		expect(parser, ")");
	} else {
		struct test test = {0};
		parse_test(parser, &test);
		node = node_add(parser, NODE_TEST);
		if (parser->status == CH_OK)
			parser->condition->nodes[node].test = test;
	}
	parser->depth--;
	return node;
}

/* A chain of one kind: `a and b or c` means two things to two people, so it means nothing here. */
static uint16_t parse_condition(struct parser *parser)
{
	uint16_t left = parse_unary(parser);
	enum node_kind kind = token_is(parser, "or") ? NODE_OR : NODE_AND;
	while (accept(parser, kind == NODE_OR ? "or" : "and")) {
		uint16_t right = parse_unary(parser);
		uint16_t node = node_add(parser, kind);
		if (parser->status != CH_OK)
			return 0;
		parser->condition->nodes[node].left = left;
		parser->condition->nodes[node].right = right;
		left = node;
	}
	if (parser->status == CH_OK && (token_is(parser, "or") || token_is(parser, "and")))
		wrong(parser, CH_FORMAT, parser->token.text.data,
			"'and' and 'or' side by side: say with parentheses what belongs together");
	return left;
}

enum ch_status condition_parse(struct slice text, const struct condition_options *options,
	struct condition **out_condition, struct condition_error *out_error)
{
	struct parser parser = {.options = options, .error = out_error};
	struct condition *condition = calloc(1, sizeof(*condition));
	if (condition == NULL)
		return CH_NOMEM;
	arena_init(&condition->arena);
	parser.condition = condition;
	size_t good = text_utf8_prefix(text);
	condition->text = arena_copy(&condition->arena, text);
	if (condition->text.data == NULL) {
		condition->text = (struct slice){(const uint8_t *)"", 0};
		parser.status = text.len > 0 ? CH_NOMEM : CH_OK;
	}
	if (text.len > LIMIT_CONDITION_BYTES)
		wrong(&parser, CH_TOO_LARGE, condition->text.data, "longer than %u bytes",
			LIMIT_CONDITION_BYTES);
	else if (good < text.len)
		wrong(&parser, CH_FORMAT, condition->text.data + good, "is no UTF-8");
	if (parser.status == CH_OK)
		next(&parser);
	(void)parse_condition(&parser); /* the root is the last node */
	if (parser.status == CH_OK && parser.token.kind != TOKEN_END)
		expected(&parser, "'and', 'or' or the end");
	if (parser.status == CH_OK) {
		*out_condition = condition;
		condition = NULL; /* the caller's now */
	}
	condition_free(condition);
	return parser.status;
}

void condition_free(struct condition *condition)
{
	if (condition == NULL)
		return;
	arena_fini(&condition->arena);
	free(condition->nodes);
	free(condition);
}

struct node_view condition_node(const struct condition *condition, uint16_t node)
{
	const struct node *it = &condition->nodes[node];
	return (struct node_view){it->kind, it->left, it->right, &it->test};
}

uint16_t condition_nodes(const struct condition *condition)
{
	return condition->count;
}

struct slice condition_text(const struct condition *condition)
{
	return condition->text;
}

int64_t condition_reach_us(const struct condition *condition)
{
	return condition->reach_us;
}
