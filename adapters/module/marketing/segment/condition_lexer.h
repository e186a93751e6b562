/* A condition's text as tokens, one looked at ahead, and the first mistake in it with its line and column.
 *
 *     struct lexer lexer = {.text = text, .error = &error};
 *     lexer_next(&lexer);
 *     if (lexer_accept(&lexer, "not")) ...
 *     lexer_expect(&lexer, "(");                          else: "'x' stands where '(' is expected"
 *
 * The status sticks with the first mistake: from then on nothing is accepted, and no other is told. */
#ifndef MARKETING_CONDITION_LEXER_H
#define MARKETING_CONDITION_LEXER_H

#include "module/marketing/segment/condition.h"

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_NUMBER, TOKEN_STRING, TOKEN_SIGN };

struct token {
	enum token_kind kind;
	struct slice text; /* looks into the lexer's; of a string with its quotes */
};

struct lexer {
	struct slice text; /* UTF-8; outlives it */
	struct condition_error *error;
	enum ch_status status;
	struct token token; /* the one to be looked at */
	size_t at;          /* behind it */
};

/* To the next token. */
void lexer_next(struct lexer *lexer);

/* Whether it is this word or sign; and goes on if it is, or else blames the text. */
bool lexer_is(const struct lexer *lexer, const char *text);
bool lexer_accept(struct lexer *lexer, const char *text);
void lexer_expect(struct lexer *lexer, const char *text);

/* Blames the token: `what` is expected in its place. */
void lexer_expected(struct lexer *lexer, const char *what);

/* Blames what stands at `where` in the text. */
void lexer_blame(struct lexer *lexer, enum ch_status status, const uint8_t *where,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* For messages: a piece of the text, cut between characters.  Returns `word`. */
#define LEXER_SHOWN 24u
const char *lexer_show(struct slice text, char word[LEXER_SHOWN]);

#endif
