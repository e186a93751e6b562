/* A purchase as all that was ever said of it, and what is left of it.
 *
 * What a till or a shop says is kept as parts, one an event: the sale itself, what an amendment made of it, what
 * a return or refund took back, and that all of it was voided or cancelled.  Parts may come in any order and at
 * any time; what is left is reckoned from all of them, so it does not depend on the order:
 *
 *   lines     those of the newest of sale and amendments, less what came back, in the order of the returns'
 *             stamps; a return that was voided itself takes nothing back
 *   money     what the lines came to as the till or shop reckoned it, without transport; less what was given back
 *   counts    unless it was voided or cancelled, or nothing is left of it
 *   whose     the customer of the sale; else of the first part that names one
 *
 * A return that names no purchase takes money back at its own time, and is no purchase. */
#ifndef MARKETING_PURCHASE_H
#define MARKETING_PURCHASE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "module/kit/key.h"

#define PURCHASE_ID_BYTES 16u

/* A till's receipt, an order, a refund: a digest of what names it. */
struct purchase_id {
	uint8_t bytes[PURCHASE_ID_BYTES];
};

enum part_kind {
	PART_SALE = 1,
	PART_AMENDED = 2,
	PART_GONE = 3, /* voided, cancelled */
	PART_BACK = 4, /* taken back by another receipt or a refund */
	PART_LINK = 5, /* of a return: the purchase that it takes back from */
};

#define QUANTITY_ONE INT64_C(1000000)

struct purchase_line {
	struct slice id; /* of a shop's order */
	struct slice product;
	struct slice category; /* as the till or shop told it */
	struct slice brand;
	struct slice serial;
	int64_t quantity; /* in millionths */
	int64_t money;    /* minor units, positive */
	/* Goods that came back within a sale or return, and name no purchase that they were bought with. */
	bool back;
};

struct purchase_part {
	enum part_kind kind;
	struct stamp stamp;
	uint64_t filed; /* the customer as filed; 0: nobody */
	uint64_t sequence;
	int64_t time_us;
	struct slice currency;
	int64_t discount;   /* of a sale: lines less this are what it came to */
	int64_t money_back; /* of PART_BACK without lines */
	/* Of PART_BACK and PART_GONE the receipt or refund that says so; of PART_LINK the purchase. */
	struct purchase_id taker;
	uint32_t number; /* of several parts that one event tells */
	struct purchase_line *lines;
	uint32_t line_count;
};

struct purchase {
	struct slice label; /* for people: "pos S1/3/2026-03-01/17" */
	struct purchase_part *parts;
	uint32_t part_count;
	/* A till may name a receipt by its own number alone: one record points at the other. */
	bool has_twin;
	struct purchase_id twin;
	/* Whose profile it was put into last; 0: nobody's. */
	uint64_t held_by;
	int64_t held_time_us;
};

/* Reads a stored one; texts look into `bytes`, the rest lies in the arena.  CH_CORRUPT, CH_NOMEM.  Empty bytes are
 * a purchase of which nothing was said yet. */
enum ch_status purchase_read(
	struct slice bytes, struct arena *arena, struct purchase *out_purchase);

/* Appends the stored form. */
void purchase_write(const struct purchase *purchase, struct buffer *out);

/* Puts a part in, unless the same is there already: kind, taker, stamp and number name it.  `room` is memory for the list.
 * CH_EXISTS, CH_FULL (LIMIT_PURCHASE_PARTS), CH_NOMEM. */
enum ch_status purchase_add(
	struct purchase *purchase, const struct purchase_part *part, struct arena *room);

/* What is left. */
struct purchase_rest {
	uint64_t filed;
	uint64_t sequence;
	int64_t time_us;
	struct slice currency;
	int64_t money;
	bool counts;
	struct purchase_line *lines; /* with something left, `back` ones left out */
	uint32_t line_count;
};

/* Whether the receipt that a part comes from was voided itself. */
typedef bool purchase_is_gone(void *context, const struct purchase_id *id);

/* `twin` may be NULL: what was said under the other name.  False when no sale was told of yet, or it was nobody's;
 * then nothing is set.  *status CH_NOMEM. */
bool purchase_reckon(const struct purchase *purchase, const struct purchase *twin,
	purchase_is_gone *is_gone, void *context, struct arena *arena,
	struct purchase_rest *out_rest, enum ch_status *status);

/* ---- The rest as it stands in the customer's profile ---- */

void purchase_rest_write(const struct purchase_rest *rest, struct slice label, struct buffer *out);
enum ch_status purchase_rest_read(struct slice bytes, struct arena *arena,
	struct purchase_rest *out_rest, struct slice *out_label); /* CH_CORRUPT, CH_NOMEM */

#endif
