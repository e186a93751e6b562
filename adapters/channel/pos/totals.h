/* Does a transaction add up?
 *
 *     sales - returns - discounts + taxes = grand total          voided lines left out
 *     payments - refunds - change         = grand total
 *
 * The standard leaves room, and vendors use all of it: ExtendedAmount may be before or after the line's
 * discounts, a discount of the whole may be spread over the lines as well, and prices may hold
 * the tax.  A transaction is believed when one of these readings fits, to the last minor unit; which one is
 * the vendor's affair.  Returns and post-voids may be written with either sign.
 *
 * One that does not add up is no reason to refuse it: the goods are out of the door.  It says so
 * in its event (totals_differ). */
#ifndef POS_TOTALS_H
#define POS_TOTALS_H

#include "channel/pos/transaction.h"

/* After sale_settle's other steps.  UNSPECIFIED where there is nothing to check against: no grand
 * total, or lines in several currencies. */
Carehub__V1__Answer totals_check(const struct transaction *transaction);

#endif
