/* What a transaction means: who it is, which of its lines count, and what became of it.
 *
 * Vendors write the same thing in different ways; here it becomes one way.
 * - Goods that come back are lines with the action RETURN and positive amounts, whether they were a
 *   Return or a Sale of a negative quantity.
 * - A VoidFlag line cancels the line that its ItemLink names; without one, and with negative amounts
 *   (NCR), the newest earlier line of the same article and size; else itself alone.  Neither of the two
 *   counts.  One that takes back only a part of an earlier line counts as a return.
 * - Change is what is given back, positive, on the payment; a negative payment that only says so again
 *   is nought.
 * - Rewards help the customer when positive.  Of rewards told in detail and in summary the details
 *   count. */
#ifndef POS_SALE_H
#define POS_SALE_H

#include "channel/pos/transaction.h"

/* Settles a transaction that has no fault.  May find one: identity missing, amounts without currency.
 * `currency` is that of files that name none; may be empty. */
void sale_settle(struct transaction *transaction, struct slice currency);

#endif
