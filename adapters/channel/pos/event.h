/* A settled transaction as events of proto/carehub/v1/pos.proto, ready for the bus.
 *
 *     outcome      type                      id
 *     SALE         pos.sale.completed        9/34/2017-09-30/161
 *     RETURN       pos.return.completed      ... store/workstation/business day/sequence,
 *     VOIDED       pos.sale.voided               with /TransactionID where the till gives one
 *     CANCELLED    pos.sale.cancelled
 *     SUSPENDED    pos.sale.suspended
 *     TRAINING     pos.training.completed
 *     ORDER        pos.order.placed
 *     CONTROL      pos.control.recorded
 *     CASH         pos.cash.moved            the same; #2, #3 ... for further kinds of tender
 *
 * and pos.loyalty.seen, id ...#loyalty, behind each of the first five and an order where a loyalty
 * account was seen.  All events of a transaction carry the digest of its bytes, so a file sent again
 * gives the same ids with the same digests. */
#ifndef POS_EVENT_H
#define POS_EVENT_H

#include "channel/pos/transaction.h"
#include "wire/envelope.h"

/* Memory for the events of one transaction after the other. */
struct event_writer {
	struct slice source; /* "{store}" in it stands for the store's number */
	struct buffer id;
	struct buffer main_id;
	struct buffer source_text;
	struct buffer key;
	struct buffer subject;
	struct buffer data;
	struct buffer personal;
};

/* `source` must outlive the writer; empty: "urn:pos:{store}". */
void event_writer_init(struct event_writer *writer, struct slice source);
void event_writer_fini(struct event_writer *writer);

/* How many events the transaction gives; 0 when it is skipped. */
size_t event_count(const struct transaction *transaction);

/* Event `index` of it, in slices that hold until the next call; sets neither checkpoint nor trace.
 * CH_TOO_LARGE: over LIMIT_EVENT_BYTES, LIMIT_ID_BYTES or LIMIT_SOURCE_BYTES; CH_NOMEM. */
enum ch_status event_write(struct event_writer *writer, const struct transaction *transaction,
	size_t index, struct envelope *out_envelope);

#endif
