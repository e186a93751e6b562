#include "module/marketing/segment/condition.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/text.h"
#include "module/marketing/segment/condition_literal.h"

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
	struct slice currency; /* of amounts */
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

/* ---- Parsing ---- */

struct parser {
	struct lexer lexer;
	struct condition *condition;
	const struct condition_options *options;
	uint16_t capacity;
	uint32_t depth;
};

/* One of a list of words; `what` is named in the mistake. */
static uint8_t parse_choice(struct parser *parser, const struct number_word *list, const char *what)
{
	char word[LEXER_SHOWN];
	if (parser->lexer.status != CH_OK)
		return 0;
	if (parser->lexer.token.kind != TOKEN_WORD) {
		lexer_expected(&parser->lexer, what);
		return 0;
	}
	for (const struct number_word *row = list; row->word != NULL; row++) {
		if (lexer_accept(&parser->lexer, row->word))
			return row->number;
	}
	lexer_blame(&parser->lexer, CH_INVALID, parser->lexer.token.text.data, "'%s' is not %s",
		lexer_show(parser->lexer.token.text, word), what);
	return 0;
}

static void parse_what(struct parser *parser, struct test *test)
{
	test->selector = (enum selector)parse_choice(
		parser, selectors, "one of category, product, brand, anything");
	if (parser->lexer.status == CH_OK && test->selector != SELECT_ANYTHING)
		test->name = literal_string(&parser->lexer, &parser->condition->arena);
}

static void parse_arguments(struct parser *parser, enum arguments arguments, struct test *test)
{
	if (arguments == ARGUMENTS_NONE)
		return;
	lexer_expect(&parser->lexer, "(");
	switch (arguments) {
	case ARGUMENTS_NONE:
		break;
	case ARGUMENTS_PERIOD:
		test->period_us = literal_period(&parser->lexer);
		break;
	case ARGUMENTS_WHAT:
		parse_what(parser, test);
		break;
	case ARGUMENTS_WHAT_PERIOD:
		parse_what(parser, test);
		lexer_expect(&parser->lexer, ",");
		test->period_us = literal_period(&parser->lexer);
		break;
	case ARGUMENTS_CONSENT:
		test->channel = parse_choice(
			parser, channels, "one of phone, sms, email, mail, fax, web, app, counter");
		lexer_expect(&parser->lexer, ",");
		test->purpose = parse_choice(parser, purposes,
			"one of marketing, research, service, profiling, sharing");
		break;
	case ARGUMENTS_FIELD:
		test->field = parse_choice(parser, fields,
			"one of name, phone, email, address, birth_date, language, group, common_id, "
			"member_card, company, gender");
		break;
	}
	lexer_expect(&parser->lexer, ")");
}

/* ---- Tests ---- */

static bool parse_relation(struct parser *parser, enum relation *out_relation)
{
	for (size_t i = 0; i < sizeof(relations) / sizeof(relations[0]); i++) {
		if (lexer_accept(&parser->lexer, relations[i].sign)) {
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
	if (lexer_accept(&parser->lexer, "in")) {
		test->relation = IS_EQUAL;
	} else if (lexer_accept(&parser->lexer, "not")) {
		test->relation = IS_OTHER;
		lexer_expect(&parser->lexer, "in");
	} else {
		list = false;
		if (!parse_relation(parser, &test->relation) ||
			(test->relation != IS_EQUAL && test->relation != IS_OTHER))
			lexer_expected(&parser->lexer, "=, != or in, as texts have no order,");
	}
	if (list)
		lexer_expect(&parser->lexer, "(");
	do {
		if (test->text_count == LIMIT_CONDITION_TEXTS) {
			lexer_blame(&parser->lexer, CH_TOO_LARGE, parser->lexer.token.text.data,
				"more than %u texts in one list", LIMIT_CONDITION_TEXTS);
			return;
		}
		texts[test->text_count++] =
			literal_string(&parser->lexer, &parser->condition->arena);
	} while (list && lexer_accept(&parser->lexer, ","));
	if (list)
		lexer_expect(&parser->lexer, ")");
	if (parser->lexer.status != CH_OK)
		return;
	test->texts =
		arena_alloc(&parser->condition->arena, test->text_count * sizeof(*test->texts));
	if (test->texts == NULL)
		parser->lexer.status = CH_NOMEM;
	else
		memcpy(test->texts, texts, test->text_count * sizeof(*test->texts));
}

static void parse_comparison(struct parser *parser, struct test *test)
{
	if (test->kind == VALUE_FLAG || parser->lexer.status != CH_OK)
		return;
	if (test->kind == VALUE_TEXT) {
		parse_texts(parser, test);
		return;
	}
	if (!parse_relation(parser, &test->relation))
		lexer_expected(&parser->lexer, "a comparison: <, <=, =, !=, >=, >");
	else if (test->kind == VALUE_COUNT)
		test->number = literal_count(&parser->lexer);
	else if (test->kind == VALUE_AMOUNT)
		test->number = literal_amount(&parser->lexer, parser->options->currency);
	else
		test->number = literal_span(&parser->lexer);
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
	struct slice text = parser->lexer.token.text;
	char shown_word[LEXER_SHOWN];
	if (parser->lexer.token.kind != TOKEN_WORD) {
		lexer_expected(&parser->lexer, "a condition");
		return;
	}
	const struct word *word = word_find(text);
	if (word == NULL) {
		lexer_blame(&parser->lexer, CH_INVALID, text.data,
			"'%s' is nothing that a condition can ask for",
			lexer_show(text, shown_word));
		return;
	}
	if (word->term == TERM_LEVEL && !parser->options->with_level) {
		lexer_blame(&parser->lexer, CH_INVALID, text.data,
			"a level cannot depend on the level");
		return;
	}
	*test = (struct test){.term = word->term, .kind = word->kind};
	lexer_next(&parser->lexer);
	parse_arguments(parser, word->arguments, test);
	parse_comparison(parser, test);
	/* The token that follows has been read already; what lies before it is the test. */
	const uint8_t *end = parser->lexer.token.text.data;
	if (parser->lexer.status == CH_OK)
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
		lexer_blame(&parser->lexer, CH_TOO_LARGE, parser->lexer.token.text.data,
			"more than %u parts: cut it into two segments", LIMIT_CONDITION_NODES);
		return 0;
	}
	if (condition->count == parser->capacity) {
		uint16_t capacity = (uint16_t)(parser->capacity * 2 + 8);
		struct node *nodes = realloc(condition->nodes, capacity * sizeof(*nodes));
		if (nodes == NULL) {
			parser->lexer.status = CH_NOMEM;
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
	if (parser->lexer.status != CH_OK)
		return 0;
	if (parser->depth == LIMIT_CONDITION_DEPTH) {
		lexer_blame(&parser->lexer, CH_TOO_LARGE, parser->lexer.token.text.data,
			"nested deeper than %u", LIMIT_CONDITION_DEPTH);
		return 0;
	}
	parser->depth++;
	if (lexer_accept(&parser->lexer, "not")) {
		uint16_t inner = parse_unary(parser);
		node = node_add(parser, NODE_NOT);
		if (parser->lexer.status == CH_OK)
			parser->condition->nodes[node].left = inner;
	} else if (lexer_accept(&parser->lexer, "(")) {
		node = parse_condition(parser);
		lexer_expect(&parser->lexer, ")");
	} else {
		struct test test = {0};
		parse_test(parser, &test);
		node = node_add(parser, NODE_TEST);
		if (parser->lexer.status == CH_OK)
			parser->condition->nodes[node].test = test;
	}
	parser->depth--;
	return node;
}

/* A chain of one kind: `a and b or c` means two things to two people, so it means nothing here. */
static uint16_t parse_condition(struct parser *parser)
{
	uint16_t left = parse_unary(parser);
	enum node_kind kind = lexer_is(&parser->lexer, "or") ? NODE_OR : NODE_AND;
	while (lexer_accept(&parser->lexer, kind == NODE_OR ? "or" : "and")) {
		uint16_t right = parse_unary(parser);
		uint16_t node = node_add(parser, kind);
		if (parser->lexer.status != CH_OK)
			return 0;
		parser->condition->nodes[node].left = left;
		parser->condition->nodes[node].right = right;
		left = node;
	}
	if (parser->lexer.status == CH_OK &&
		(lexer_is(&parser->lexer, "or") || lexer_is(&parser->lexer, "and")))
		lexer_blame(&parser->lexer, CH_FORMAT, parser->lexer.token.text.data,
			"'and' and 'or' side by side: say with parentheses what belongs together");
	return left;
}

enum ch_status condition_parse(struct slice text, const struct condition_options *options,
	struct condition **out_condition, struct condition_error *out_error)
{
	struct parser parser = {.options = options, .lexer.error = out_error};
	struct condition *condition = calloc(1, sizeof(*condition));
	if (condition == NULL)
		return CH_NOMEM;
	arena_init(&condition->arena);
	parser.condition = condition;
	size_t good = text_utf8_prefix(text);
	condition->text = arena_copy(&condition->arena, text);
	condition->currency = arena_copy(&condition->arena, options->currency);
	if (condition->text.data == NULL) {
		condition->text = (struct slice){(const uint8_t *)"", 0};
		parser.lexer.status = text.len > 0 ? CH_NOMEM : CH_OK;
	}
	parser.lexer.text = condition->text;
	if (text.len > LIMIT_CONDITION_BYTES)
		lexer_blame(&parser.lexer, CH_TOO_LARGE, condition->text.data,
			"longer than %u bytes", LIMIT_CONDITION_BYTES);
	else if (good < text.len)
		lexer_blame(&parser.lexer, CH_FORMAT, condition->text.data + good, "is no UTF-8");
	if (parser.lexer.status == CH_OK)
		lexer_next(&parser.lexer);
	(void)parse_condition(&parser); /* the root is the last node */
	if (parser.lexer.status == CH_OK && parser.lexer.token.kind != TOKEN_END)
		lexer_expected(&parser.lexer, "'and', 'or' or the end");
	if (parser.lexer.status == CH_OK) {
		*out_condition = condition;
		condition = NULL; /* the caller's now */
	}
	condition_free(condition);
	return parser.lexer.status;
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

struct slice condition_currency(const struct condition *condition)
{
	return condition->currency;
}

int64_t condition_reach_us(const struct condition *condition)
{
	return condition->reach_us;
}
