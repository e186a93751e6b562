/* Customer numbers: ten digits given out in order and two check digits by ISO/IEC 7064, MOD 97-10,
 * kept and sent as one integer.  A typing mistake in one digit, or two digits swapped, never gives
 * another valid number. */
#ifndef CORE_CUSTOMER_NUMBER_H
#define CORE_CUSTOMER_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#define CUSTOMER_SERIAL_FIRST UINT64_C(1000000001)
#define CUSTOMER_SERIAL_LAST  UINT64_C(9999999999)

/* `serial` is between the two bounds. */
uint64_t customer_number_make(uint64_t serial);

bool customer_number_is_valid(uint64_t number);

#endif
