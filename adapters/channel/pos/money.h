/* The amounts of a transaction in minor units of a named currency.
 *
 * POSLog names the currency once (CurrencyCode), at each amount (@Currency), at the totals
 * (@CurrencyCode), or nowhere; "XXX" means that there is none to name.  An amount with more digits than
 * its currency has is rounded, half a unit away from nought: tills reckon taxes and shares of discounts
 * so.  totals.h checks what is left after that, so a transaction that rounding has broken says so. */
#ifndef POS_MONEY_H
#define POS_MONEY_H

#include "channel/pos/transaction.h"

/* `otherwise` is the currency of files that name none; may be empty.  Sets transaction->currency.  A
 * fault where an amount has no currency, one that is no ISO 4217 code, or is too large. */
void money_settle(struct transaction *transaction, struct slice otherwise);

#endif
