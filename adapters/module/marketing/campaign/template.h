/* The text of a campaign with places for what is the customer's own.
 *
 *     Subject: {{name|尊敬的客户}}，春季优惠
 *
 *     {{greeting|您好}}，...
 *     不再接收: {{unsubscribe}}
 *
 * A mail's text begins with its subject, then an empty line; a task's is what the agent says, with a subject of
 * one line or none.  A place is {{word}}, or {{word|what stands there when it is not known}}; a place that
 * has neither a value nor a fallback cannot be filled, and such a message is withheld rather than sent with a
 * hole.  In HTML values are escaped; the text around them is taken as it is.
 *
 * All that is wrong with a text is told in one pass, with its line: unknown words, braces that do not close,
 * a missing subject, bytes that are not UTF-8. */
#ifndef MARKETING_TEMPLATE_H
#define MARKETING_TEMPLATE_H

#include <stdbool.h>

#include "base/problem.h"
#include "base/slice.h"

/* What can stand in a place: words of `template_words`, in this order. */
enum template_word {
	TEMPLATE_NAME,        /* the whole name, as the record has it */
	TEMPLATE_FAMILY,      /* family name */
	TEMPLATE_GIVEN,       /* given name */
	TEMPLATE_ADDRESSED,   /* form of address: "Mr", "女士" */
	TEMPLATE_LEVEL,       /* star level of the member */
	TEMPLATE_ANSWER,      /* the link to the survey or offer, with the token */
	TEMPLATE_UNSUBSCRIBE, /* the link that says: no more, with the token */
	TEMPLATE_WORDS,
};
extern const char *const template_words[TEMPLATE_WORDS];

enum template_kind {
	TEMPLATE_MAIL, /* needs a subject */
	TEMPLATE_HTML, /* the same mail for who reads HTML; has no subject of its own */
	TEMPLATE_CALL, /* what an agent says */
};

/* An empty slice is not known. */
struct template_values {
	struct slice words[TEMPLATE_WORDS];
};

struct template;

/* Reads `text`; what is wrong goes to the problems under `file`, and CH_INVALID comes back.  CH_NOMEM. */
enum ch_status template_read(struct slice text, enum template_kind kind, const char *file,
	struct problems *problems, struct template **out_template);
void template_free(struct template *template); /* NULL is fine */

/* Whether a place for this word is in it. */
bool template_has(const struct template *template, enum template_word word);

/* The first word that has neither value nor fallback; TEMPLATE_WORDS: all can be filled. */
enum template_word template_lacks(
	const struct template *template, const struct template_values *values);

/* Append.  The subject is one line without line breaks, whatever the values hold: a value with a control
 * character in it has a blank there.  A word that is lacking gives nothing. */
void template_subject(
	const struct template *template, const struct template_values *values, struct buffer *out);
void template_body(
	const struct template *template, const struct template_values *values, struct buffer *out);

#endif
