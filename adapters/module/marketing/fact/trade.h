/* What tills and shops say about purchases, as parts of them (purchase.h).
 *
 *   pos.sale.completed        the sale; its return lines take back from what they name
 *   pos.return.completed      takes back from what it names; else takes money back at its own time
 *   pos.sale.voided           the transaction that it names is gone
 *   website.order.placed      the sale; a trial order is none
 *   website.order.amended     its lines from now on
 *   website.order.cancelled   it is gone
 *   website.refund.issued     takes back lines, or money alone
 *
 * A receipt is named by store, till, business date and number; where a void or return names it by the till's own
 * transaction number instead, that is its second name.  What it leaves out of store, till and date is its own.
 * An order is named by its shop, or where none is told by the source, and its number. */
#ifndef MARKETING_TRADE_H
#define MARKETING_TRADE_H

#include "module/kit/feed.h"
#include "module/marketing/fact/purchase.h"

struct trade_piece {
	struct purchase_id id; /* whose part it is */
	struct slice label;
	bool has_twin; /* its other name */
	struct purchase_id twin;
	struct purchase_part part;
};

/* Others than CH_OK end the reading and are returned by it. */
typedef enum ch_status trade_take(void *context, const struct trade_piece *piece);

/* Gives each part that the event tells.  What nobody bought is given no sale of.  CH_NOMEM, CH_TOO_LARGE
 * (LIMIT_PURCHASE_LINES), what `take` says.  Texts look into the event or lie in the arena. */
enum ch_status trade_read(
	const struct feed_event *event, struct arena *arena, trade_take *take, void *context);

/* What an article is called in profiles and rules: its number in the reference data, else the till's, else what
 * was scanned, else as printed. */
struct slice trade_article(
	struct slice product, struct slice item, struct slice scanned, struct slice printed);

#endif
