/* What a partner's file says: the options of [partner], [interchange], [x12], [documents] and [answers], and the terms
 * that they come to. */
#ifndef PARTS_AGREEMENT_H
#define PARTS_AGREEMENT_H

#include "base/config.h"
#include "channel/parts/terms.h"

/* Which documents a partner gets: those that name him, those, too, that name nobody in his roles, all. */
enum partner_scope { SCOPE_NAMED, SCOPE_UNNAMED, SCOPE_ALL };

struct agreement {
	/* [partner] */
	char *number;
	char *qualifier;
	char *own_number;
	char *own_qualifier;
	char *folder; /* NULL: by his name */
	/* [interchange] */
	int standard; /* enum standard */
	char *syntax;
	char *directory;
	char *association;
	char *application;
	bool test;
	/* [x12] */
	char *version;
	char *charset;
	char *marks;
	char *own_code;
	char *code;
	bool ta1;
	/* [documents] */
	struct option_list messages;
	int scope; /* enum partner_scope */
	struct option_list roles;
	struct option_list numbers;
	/* [answers] */
	int64_t patience_ms;
};

/* `agreement` is zeroed.  CH_INVALID: all that is wrong was added to `problems`; CH_NOMEM.  To be freed whatever comes
 * of it. */
enum ch_status agreement_read(
	struct agreement *agreement, const char *path, struct problems *problems);
void agreement_fini(struct agreement *agreement);

/* Its texts are the agreement's. */
struct terms agreement_terms(const struct agreement *agreement);

/* NULL is in no list. */
bool agreement_lists(const struct option_list *list, const char *item);

/* Appends a commented file with every option. */
void agreement_describe(struct buffer *out);

#endif
