/* Customers as far as quality needs them: since when the organisation knows one
 * and which member level he had, so that a report can say of which group he was
 * at the time. */
#ifndef QUALITY_CUSTOMER_FACT_H
#define QUALITY_CUSTOMER_FACT_H

#include "module/quality/fact/facts.h"

struct quality_settings;

enum customer_group {
	GROUP_UNKNOWN, /* nobody, or erased */
	GROUP_NEW,
	GROUP_LONG_STANDING,
	GROUP_HIGH_VALUE,
	GROUP_COUNT,
};

extern const struct module_part customer_part;

/* For fact_put: whoever has a fact was there at its moment.  The earliest
 * stays. */
enum ch_status customer_seen(struct book_txn *txn, uint64_t customer, int64_t moment_us);

const char *group_name(enum customer_group group); /* "long-standing" */
bool group_is_name(struct slice name);
enum customer_group group_find(struct slice name); /* of a source's own word; GROUP_UNKNOWN */

/* All customers under the numbers by which they are known now: 24 to 48 bytes
 * of memory each. */
struct customers;

/* `settings` outlive them.  CH_NOMEM. */
enum ch_status customers_create(
	const struct quality_settings *settings, struct customers **out_customers);
void customers_free(struct customers *customers); /* NULL is fine */

/* What is asked from now on is read in this transaction. */
void customers_look(struct customers *customers, struct book_txn *txn);

/* Takes in who there is.  CH_NOMEM, CH_CORRUPT, what the book says. */
enum ch_status customers_load(struct customers *customers);

/* The number that one filed at `sequence` has now; 0: nobody, or erased. */
enum ch_status customers_now(
	struct customers *customers, uint64_t customer, uint64_t sequence, uint64_t *out_customer);

/* The group of a customer (his number of now) at that moment: high-value by his
 * level, else new within settings->new_us of when he was first heard of, else
 * long-standing. */
enum customer_group customers_group(
	const struct customers *customers, uint64_t customer, int64_t moment_us);

#endif
