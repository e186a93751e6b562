/* What a condition compares with, as it is written: each takes the lexer's token and goes on behind it.  A token that
 * is none is blamed, and 0 or nothing comes back. */
#ifndef MARKETING_CONDITION_LITERAL_H
#define MARKETING_CONDITION_LITERAL_H

#include "base/arena.h"
#include "module/marketing/segment/condition_lexer.h"

/* "KDL-46": unquoted, in the arena. */
struct slice literal_string(struct lexer *lexer, struct arena *arena);

/* 90d, in microseconds; the number in front of the unit is whole. */
int64_t literal_span(struct lexer *lexer);

/* The same, or `ever`: PERIOD_EVER. */
int64_t literal_period(struct lexer *lexer);

int64_t literal_count(struct lexer *lexer);

/* In minor units of the currency: 99.90 of CNY is 9990. */
int64_t literal_amount(struct lexer *lexer, struct slice currency);

#endif
