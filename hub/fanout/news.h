/* News of a customer's record, customer.record.created and its like: the values behind the fields that they
 * name.
 *
 * What is stored of such an event names the fields and holds nothing personal.  What they have become stands in
 * the effects of the same entry, and is put together from there when the event is delivered.  So nothing is stored
 * twice, entries of every version tell it, a replay tells it again to the letter, and where the personal part of an
 * entry was destroyed there is nothing left to tell.
 *
 * A subscriber is told the values of those fields whose topic, `values.` and the field's name, his peer may
 * have. */
#ifndef FANOUT_NEWS_H
#define FANOUT_NEWS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "wire/entry.h"

/* Fields whose values may be told: a bit each, by its number in CustomerField. */
uint32_t news_rights(bool (*may)(void *peer, struct slice pattern), void *peer);

/* Whether events of this type name fields of a record. */
bool news_is(uint16_t type);

/* Appends the personal part of news about this customer: a FieldChange for each field, with what it is now.  Effects
 * that cannot be read, or are gone, tell nothing.  A sticky CH_NOMEM in out->status. */
void news_encode(const struct entry *entry, uint64_t customer, struct buffer *out);

/* What of them these rights let through; all of `values`, or what is then put into `scratch`, which may run out of
 * memory: CH_NOMEM in its status. */
struct slice news_allowed(struct slice values, uint32_t rights, struct buffer *scratch);

#endif
