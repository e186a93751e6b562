/* Builds a transaction out of the rows that a reader meets and the texts that stand in them.  It knows
 * the rows of dialect.h and nothing of XML, files or places in them.
 *
 * A call that finds something wrong says what in `*out_reason` (constant text, half a sentence); the
 * transaction can be built further, and is good for nothing but telling what it was. */
#ifndef POS_BUILDER_H
#define POS_BUILDER_H

#include "base/zone.h"
#include "channel/pos/dialect.h"

/* Where the next one of a list goes. */
struct builder_tails {
	struct sale_line **sales;
	struct tender **tenders;
	struct tax **taxes;
	struct tax **sale_taxes;
	struct discount **discounts;
	struct discount **sale_discounts;
	struct reward **rewards;
	struct link **links;
	struct phone **phones;
	struct movement **movements;
};

struct builder {
	const struct zone *zone; /* of times without one; NULL: UTC is assumed */
	struct transaction *transaction;
	void *objects[OBJECT_COUNT]; /* the newest of each kind */
	struct scratch scratch;
	struct builder_tails tails;
};

/* A new transaction: zeroed but for its arena and place. */
void builder_begin(struct builder *builder, struct transaction *transaction);

/* An element with a row has begun.  CH_NOT_FOUND: pass it over with all it holds; CH_TOO_LARGE: the
 * same, over LIMIT_POS_LINES; CH_NOMEM. */
enum ch_status builder_enter(
	struct builder *builder, const struct row *row, const char **out_reason);

/* The whole text of an element, or the value of an attribute; blanks at its ends do not count, and an
 * empty one changes nothing.  CH_FORMAT; CH_TOO_LARGE: over LIMIT_POS_TEXT_BYTES, too many digits, too
 * many of a list; CH_NOMEM. */
enum ch_status builder_set(
	struct builder *builder, const struct row *row, struct slice text, const char **out_reason);

/* The currency that stands beside the amount of `row`.  CH_NOMEM. */
enum ch_status builder_set_currency(
	struct builder *builder, const struct row *row, struct slice code);

/* The element has ended; its text was set before.  CH_FORMAT, CH_TOO_LARGE. */
enum ch_status builder_leave(
	struct builder *builder, const struct row *row, const char **out_reason);

/* An element without a row has begun inside `parent`: its name may tell what the transaction is.
 * CH_NOMEM. */
enum ch_status builder_unknown(struct builder *builder, enum node parent, const char *localname);

#endif
