/* The language in which segments and levels are defined: a condition over a customer's record and behaviour.
 *
 *     level >= 2 and bought(category "TV", 90d) >= 1 and consent(email, marketing) and not open_complaint
 *
 *     condition  = unary { "and" unary } | unary { "or" unary }      both in one need parentheses
 *     unary      = "not" unary | "(" condition ")" | test
 *     test       = flag | number ( "<" | "<=" | "=" | "!=" | ">=" | ">" ) literal
 *                | text ( "=" | "!=" ) string | text [ "not" ] "in" "(" string { "," string } ")"
 *
 *     flags      everybody, open_complaint, consent(CHANNEL, PURPOSE), has(FIELD)
 *     counts     level, frequency(PERIOD), bought(WHAT, PERIOD), owns(WHAT), complaints, age       1
 *     amounts    monetary(PERIOD), spent(WHAT, PERIOD)                                         99.90
 *     spans      recency                                                                         30d
 *     texts      group, language, gender                                                "high-value"
 *
 *     PERIOD     12h, 90d, 4w, ever              WHAT  category "TV", product "KDL-46", brand "Sony", anything
 *
 * Everything is typed: an amount is not compared with a span.  Two values of truth: what is not known fails
 * every comparison, `!=` too.  docs/marketing.md says what each word means.
 *
 * A condition is read once, cannot be changed, and is judged (judge.h) as often as one likes, by any thread. */
#ifndef MARKETING_CONDITION_H
#define MARKETING_CONDITION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct condition;

enum value_kind { VALUE_FLAG, VALUE_COUNT, VALUE_AMOUNT, VALUE_SPAN, VALUE_TEXT };

enum term {
	TERM_EVERYBODY,
	TERM_OPEN_COMPLAINT,
	TERM_CONSENT,
	TERM_HAS,
	TERM_LEVEL,
	TERM_FREQUENCY,
	TERM_BOUGHT,
	TERM_OWNS,
	TERM_COMPLAINTS,
	TERM_AGE,
	TERM_MONETARY,
	TERM_SPENT,
	TERM_RECENCY,
	TERM_GROUP,
	TERM_LANGUAGE,
	TERM_GENDER,
};

enum relation { IS_LESS, IS_AT_MOST, IS_EQUAL, IS_OTHER, IS_AT_LEAST, IS_MORE };

enum selector { SELECT_ANYTHING, SELECT_CATEGORY, SELECT_PRODUCT, SELECT_BRAND };

#define PERIOD_EVER INT64_MAX

/* One comparison with all that it needs. */
struct test {
	enum term term;
	enum value_kind kind;
	enum relation relation; /* of texts IS_EQUAL or IS_OTHER: any, or none, of them */
	int64_t number;         /* a count, an amount in minor units, a span in microseconds */
	int64_t period_us;      /* or PERIOD_EVER */
	enum selector selector;
	struct slice name; /* what is selected */
	uint8_t channel;   /* numbers of ContactChannel, ConsentPurpose, CustomerField */
	uint8_t purpose;
	uint8_t field;
	struct slice *texts;
	uint32_t text_count;
	struct slice source; /* as it was written */
};

enum node_kind { NODE_TEST, NODE_NOT, NODE_AND, NODE_OR };

/* The tree, its root last: `left` and `right` are nodes with lower numbers. */
struct node_view {
	enum node_kind kind;
	uint16_t left;
	uint16_t right;
	const struct test *test; /* of NODE_TEST */
};

/* Where and why a text is no condition. */
struct condition_error {
	uint32_t line;   /* of the text, from 1 */
	uint32_t column; /* in bytes, from 1 */
	char reason[160];
};

struct condition_options {
	struct slice currency; /* of amounts: how many digits they have */
	bool with_level;       /* whether `level` may be asked for: not where it is being found */
};

/* `text` is copied.  CH_FORMAT: not in this language, CH_INVALID: in it, but no such name or not of that kind,
 * CH_TOO_LARGE: over LIMIT_CONDITION_BYTES, _NODES or _DEPTH, CH_NOMEM; all but the last with *out_error. */
enum ch_status condition_parse(struct slice text, const struct condition_options *options,
	struct condition **out_condition, struct condition_error *out_error);
void condition_free(struct condition *condition); /* NULL is fine */

struct node_view condition_node(const struct condition *condition, uint16_t node);
uint16_t condition_nodes(const struct condition *condition);

/* The condition as it was written. */
struct slice condition_text(const struct condition *condition);

/* The currency of its amounts; empty when memory ran out for it. */
struct slice condition_currency(const struct condition *condition);

/* How far back it looks at purchases: the longest period in it, 0 when it looks at none. */
int64_t condition_reach_us(const struct condition *condition);

#endif
