/* The facts that marketing keeps, folded from events: purchases, units, consents, complaints, products, and what
 * the hub's record says of a customer.
 *
 * Every fold gives the same book in whatever order, and however late, events come: what is stored of a thing is
 * all that was said of it, and what a customer holds (held.h) is reckoned from that each time.  A fold notes
 * whom it concerned; who judges customers (standing.h) asks for them at the end of a batch. */
#ifndef MARKETING_FACTS_H
#define MARKETING_FACTS_H

#include "module/kit/feed.h"
#include "module/marketing/fact/purchase.h"
#include "module/marketing/fact/slip.h"

/* Customers that a batch concerned, each number once. */
struct touched {
	uint64_t *customers;
	size_t count;
	size_t capacity;
	enum ch_status status; /* CH_NOMEM sticks */
};

void touched_fini(struct touched *touched);
void touched_clear(struct touched *touched);
void touched_add(struct touched *touched, uint64_t customer); /* 0 is nobody */
void touched_settle(struct touched *touched);                 /* sorted, each once */

struct facts {
	struct arena arena; /* of one event */
	struct buffer scratch;
	struct slip slip;
	struct touched touched;
	/* Products whose category or brand changed: their buyers are to be judged anew. */
	struct buffer changed_products; /* texts, each with its length in 2 bytes before it */
};

void facts_init(struct facts *facts);
void facts_fini(struct facts *facts);

/* After a batch, or when it is void. */
void facts_clear(struct facts *facts);

/* Any event of the topics below; others change nothing.  As module_fold_function of the kit. */
enum ch_status facts_fold(
	struct facts *facts, struct book_txn *txn, const struct feed_event *event);

/* A sale that was not unpacked.  Most name nobody and bring nothing back: they are nothing here, and CH_OK.
 * CH_UNSUPPORTED: facts_fold is to be asked. */
enum ch_status facts_skim(struct facts *facts, const struct feed_event *event);

/* What facts are folded from: patterns over types. */
extern const char *const facts_topics[];
extern const size_t facts_topic_count;

/* Moves what is not this customer's any more to whose it is now. */
enum ch_status facts_rehome(struct facts *facts, struct book_txn *txn, uint64_t customer);

/* ---- One thing each: settles who holds it now ---- */

enum ch_status purchase_change(
	struct facts *facts, struct book_txn *txn, const struct feed_event *event);
enum ch_status purchase_settle(
	struct facts *facts, struct book_txn *txn, const struct purchase_id *id);

/* Numbers of CustomerField. */
enum {
	FIELD_PHONE = 2,
	FIELD_EMAIL = 3,
	FIELD_BIRTH_DATE = 5,
	FIELD_LANGUAGE = 6,
	FIELD_GROUP = 7,
	FIELD_LOCAL_ID = 10,
	FIELD_IDENTIFIER = 11,
	FIELD_GENDER = 14,
};

struct unit_claim {
	struct slice serial; /* normalized */
	uint64_t filed;
	uint64_t sequence;
	struct slice product;
	struct slice category;
	struct slice brand;
};

enum ch_status unit_read(struct slice value, struct unit_claim *out_claim); /* CH_CORRUPT */

/* Of several who bought or registered a unit the last has it.  `id` tells claims of one moment apart. */
enum ch_status unit_claim(struct facts *facts, struct book_txn *txn, const struct stamp *stamp,
	const struct purchase_id *id, const struct unit_claim *claim);
enum ch_status unit_unclaim(struct facts *facts, struct book_txn *txn, const struct stamp *stamp,
	const struct purchase_id *id, struct slice serial);
enum ch_status unit_settle(struct facts *facts, struct book_txn *txn, struct slice serial);

/* A serial number as stations and tills write it, in one form: letters and digits, capitals.  Empty for none. */
struct slice unit_serial(struct slice raw, struct arena *arena);

enum ch_status complaint_change(
	struct facts *facts, struct book_txn *txn, const struct feed_event *event);
enum ch_status complaint_settle(struct facts *facts, struct book_txn *txn, struct slice case_id);

enum ch_status consent_change(
	struct facts *facts, struct book_txn *txn, const struct feed_event *event);

struct product_fact {
	struct stamp stamp;
	struct slice category;
	struct slice brand;
};

/* CH_NOT_FOUND: not published; CH_CORRUPT, CH_IO, CH_NOMEM.  Texts lie in the arena. */
enum ch_status product_find(struct book_txn *txn, struct slice product, struct arena *arena,
	struct product_fact *out_fact);
enum ch_status product_change(
	struct facts *facts, struct book_txn *txn, const struct feed_event *event);

/* Notes that he bought it, for product_change. */
void product_bought(struct book_txn *txn, struct slice product, uint64_t customer);

enum ch_status record_change(
	struct facts *facts, struct book_txn *txn, const struct feed_event *event);

#endif
