/* What somebody sees who has followed the link "no more messages": one small page that is complete in itself
 * (nothing is fetched, no script runs), in Chinese or English, for any screen, light or dark, for keyboards and
 * screen readers.
 *
 *     PAGE_ASK       200  may we stop?  with a button; looking at it changes nothing
 *     PAGE_UNSAID    400  the same, posted without a word that says so
 *     PAGE_DONE      200  it is stored
 *     PAGE_MANGLED   400  no token: a mail program has cut the link
 *     PAGE_GONE      410  none of a key that is known here (any more)
 *     PAGE_BUSY      429  too often
 *     PAGE_AWAY      503  it could not be stored now */
#ifndef WEBSITE_PAGE_H
#define WEBSITE_PAGE_H

#include "channel/website/answer.h"

enum page_kind {
	PAGE_ASK,
	PAGE_UNSAID,
	PAGE_DONE,
	PAGE_MANGLED,
	PAGE_GONE,
	PAGE_BUSY,
	PAGE_AWAY,
};

enum page_language {
	PAGE_CHINESE,
	PAGE_ENGLISH,
	PAGE_LANGUAGES,
};

struct page {
	enum page_kind kind;
	enum page_language language;
	const char *name;    /* whose page it is; "" */
	const char *contact; /* who can help, a line of text; "" */
	struct slice token;  /* of the link; empty: it is not to be told */
};

/* Of the languages that a browser would have (Accept-Language, RFC 9110, 12.5.4) the one it would have most of
 * those that there are. */
enum page_language page_language(struct slice accepted, enum page_language otherwise);

/* By its name, "zh" or "en"; else `otherwise`. */
enum page_language page_language_named(struct slice name, enum page_language otherwise);

/* Becomes the answer, with its status; what was there is replaced. */
void page_tell(const struct page *page, struct answer *answer);

#endif
