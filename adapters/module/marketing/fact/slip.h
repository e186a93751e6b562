/* A till's receipt as far as most of those who fold one look: which it is, and which articles were sold on it.
 *
 * Most receipts name nobody and are wanted for their articles alone; to unpack all that a till tells of every line
 * would take longer than everything else that is done with them.  slip_read looks at the encoded event instead, takes
 * what it needs and passes over the rest.  Of an event that the hub has let in (wire/check.h) it gives what slip_take
 * gives of the unpacked one, or says that it cannot: a fuzz target holds one against the other.
 *
 *     struct slip slip = {0};
 *     status = slip_read(&slip, head->data, head->personal);
 *     if (status == CH_UNSUPPORTED)
 *             status = slip_take(&slip, sale->transaction);        unpacked after all
 *     ...
 *     slip_fini(&slip); */
#ifndef MARKETING_SLIP_H
#define MARKETING_SLIP_H

#include <stdbool.h>

#include "base/slice.h"
#include "carehub/v1/pos.pb-c.h"

/* What names a receipt; any of them may be empty. */
struct slip_name {
	struct slice store;
	struct slice till;
	struct slice date;
	struct slice number;
	struct slice own_number; /* the till's own, of the transaction */
};

struct slip {
	bool told; /* there is a transaction, and it has a name */
	bool back; /* goods came back on it, or on a line that does not count */
	size_t count;
	size_t capacity;
	struct slice
		*articles; /* of each line that sells, as trade_article has them; never empty */
	struct slip_name name;
};

void slip_fini(struct slip *slip);

struct slip_name slip_name_of(const Carehub__V1__TransactionRef *ref);

/* Both replace what the slip holds; texts look into what it was read from.  `transaction` may be NULL.  CH_NOMEM;
 * of slip_read CH_UNSUPPORTED: only whoever unpacks the event knows what it says, or that it says nothing. */
enum ch_status slip_read(struct slip *slip, struct slice open, struct slice personal);
enum ch_status slip_take(struct slip *slip, const Carehub__V1__RetailTransaction *transaction);

#endif
