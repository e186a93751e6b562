/* Records and reference data, asked for by what they are: "case/K-1041", "price/retail/P-7". */
#ifndef CLI_RECORD_H
#define CLI_RECORD_H

#include "cli/cli.h"

/* How one is asked for. */
struct record_wish {
	const char *name; /* "case/K-1041" */
	const char *at;   /* RFC 3339: what held then; "" now */
	const char *zone; /* where the days of a price list begin; "" UTC */
	bool history;     /* all that is kept */
};

/* Whether the word names a record and not an entry. */
bool record_is_named(const char *word);

/* Asks and prints.  The exit status. */
int record_show(struct cli *cli, const struct record_wish *wish);

#endif
