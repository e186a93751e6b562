#include "module/marketing/segment/condition_lexer.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

void lexer_blame(
	struct lexer *lexer, enum ch_status status, const uint8_t *where, const char *format, ...)
{
	va_list arguments;
	if (lexer->status != CH_OK)
		return;
	lexer->status = status;
	*lexer->error = (struct condition_error){.line = 1, .column = 1};
	for (const uint8_t *p = lexer->text.data; p != NULL && p < where; p++) {
		bool end = *p == '\n';
		lexer->error->line += end;
		lexer->error->column = end ? 1 : lexer->error->column + 1;
	}
	va_start(arguments, format);
	(void)vsnprintf(lexer->error->reason, sizeof(lexer->error->reason), format, arguments);
	va_end(arguments);
}

const char *lexer_show(struct slice text, char word[LEXER_SHOWN])
{
	size_t len = text.len < LEXER_SHOWN - 1 ? text.len : LEXER_SHOWN - 1;
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

void lexer_next(struct lexer *lexer)
{
	struct slice text = lexer->text;
	char word[LEXER_SHOWN];
	while (lexer->at < text.len &&
		(text.data[lexer->at] == ' ' || text.data[lexer->at] == '\t' ||
			text.data[lexer->at] == '\n' || text.data[lexer->at] == '\r'))
		lexer->at++;
	struct slice rest = slice_sub(text, lexer->at, text.len);
	size_t len = 0;
	lexer->token = (struct token){TOKEN_END, {text.data + text.len, 0}};
	if (rest.len == 0)
		return;
	if (is_letter(rest.data[0])) {
		lexer->token.kind = TOKEN_WORD;
		while (len < rest.len && (is_letter(rest.data[len]) || is_digit(rest.data[len])))
			len++;
	} else if (is_digit(rest.data[0])) {
		/* With its unit: 90d, 99.90. */
		lexer->token.kind = TOKEN_NUMBER;
		while (len < rest.len && (is_letter(rest.data[len]) || is_digit(rest.data[len]) ||
						 rest.data[len] == '.'))
			len++;
	} else if (rest.data[0] == '"') {
		lexer->token.kind = TOKEN_STRING;
		len = string_length(rest);
		if (len == 0)
			lexer_blame(lexer, CH_FORMAT, rest.data,
				"this text has no closing quote on its line");
	} else {
		lexer->token.kind = TOKEN_SIGN;
		len = sign_length(rest);
		if (len == 0)
			lexer_blame(lexer, CH_FORMAT, rest.data, "'%s' is no part of a condition",
				lexer_show(slice_sub(rest, 0, rest.data[0] < 0x80 ? 1 : 4), word));
	}
	lexer->token.text = slice_sub(rest, 0, len);
	lexer->at += len;
}

bool lexer_is(const struct lexer *lexer, const char *text)
{
	return (lexer->token.kind == TOKEN_WORD || lexer->token.kind == TOKEN_SIGN) &&
	       slice_equal(lexer->token.text, slice_text(text));
}

bool lexer_accept(struct lexer *lexer, const char *text)
{
	if (lexer->status != CH_OK || !lexer_is(lexer, text))
		return false;
	lexer_next(lexer);
	return true;
}

void lexer_expected(struct lexer *lexer, const char *what)
{
	char word[LEXER_SHOWN];
	if (lexer->token.kind == TOKEN_END)
		lexer_blame(lexer, CH_FORMAT, lexer->token.text.data, "ends where %s is expected",
			what);
	else
		lexer_blame(lexer, CH_FORMAT, lexer->token.text.data,
			"'%s' stands where %s is expected", lexer_show(lexer->token.text, word),
			what);
}

void lexer_expect(struct lexer *lexer, const char *text)
{
	char what[8];
	(void)snprintf(what, sizeof(what), "'%s'", text);
	if (!lexer_accept(lexer, text))
		lexer_expected(lexer, what);
}
