/* One POSLog file as a source to pull from: the next event, the next reject, the end.
 *
 *     struct pos_item item;
 *     while ((status = pos_source_next(source, &item)) == CH_OK) {
 *             if (item.kind == POS_ITEM_EVENT)
 *                     publish(&item.envelope);
 *             else if (item.kind == POS_ITEM_REJECT)
 *                     note(item.fault, item.key);
 *     }
 *
 * Reading again from the start gives the same items in the same order, so a file that was half done is
 * simply read again: the hub knows the ids it has.  A transaction that stands twice in a file, byte for
 * byte, gives its events once; one that comes again with other bytes under the same identity is rejected,
 * for both cannot be true. */
#ifndef POS_SOURCE_H
#define POS_SOURCE_H

#include "base/zone.h"
#include "channel/pos/transaction.h"
#include "wire/envelope.h"

struct pos_source;

struct pos_options {
	struct slice source;     /* see event_writer_init */
	const struct zone *zone; /* NULL: UTC, and the events say that it was assumed */
	struct slice currency;   /* of files that name none; may be empty: rejected then */
};

enum pos_item_kind {
	POS_ITEM_EVENT,    /* envelope */
	POS_ITEM_REJECT,   /* fault, key: as much of the identity as is known */
	POS_ITEM_SKIPPED,  /* name: of a kind of transaction that gives no event */
	POS_ITEM_REPEATED, /* key: the same bytes once more */
};

/* Valid until the next call. */
struct pos_item {
	enum pos_item_kind kind;
	struct envelope envelope;
	const struct fault *fault;
	struct slice key;
	struct slice name;
	uint64_t line; /* where the transaction begins */
	uint64_t column;
};

/* The file is read from `fd` in order, which stays the caller's; the options' slices and zone must
 * outlive the source.  CH_NOMEM. */
enum ch_status pos_source_open(
	const struct pos_options *options, int fd, struct pos_source **out_source);
void pos_source_close(struct pos_source *source);

/* CH_OK with an item; CH_END: the file is at its end, read in full; CH_FORMAT: it could not be read any
 * further, and the last reject has said why; CH_IO, CH_NOMEM: later calls say the same. */
enum ch_status pos_source_next(struct pos_source *source, struct pos_item *out_item);

/* Appends what a reject is, "7:3: 9/34/2017-09-30/161: FIELD: REASON (STATUS)". */
void pos_item_describe(const struct pos_item *item, struct buffer *out);

/* Bytes of the file that need not be read again once all items so far are done with. */
uint64_t pos_source_offset(const struct pos_source *source);

#endif
