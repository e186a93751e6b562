/* What a random history must have come to, by the world's own log and the module's book. */
#ifndef MARKETING_HISTORY_CHECK_H
#define MARKETING_HISTORY_CHECK_H

#include "base/slice.h"
#include "unit/marketing/history_world.h"

struct history_verdict {
	char fault[256]; /* the first; "" when all is well */
	unsigned sent;
	unsigned uncertain;
	unsigned failed;
	unsigned withheld;
};

void history_blame(struct history_verdict *verdict, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Mails, customers and outcomes; the module is not running. */
void history_check(const struct world *world, const char *folder, struct history_verdict *verdict);

/* Appends all of the book that the journal implies, in order. */
void history_dump(const char *folder, struct buffer *out);

#endif
