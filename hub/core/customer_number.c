#include "core/customer_number.h"

#include "base/invariant.h"

uint64_t customer_number_make(uint64_t serial)
{
	invariant(serial >= CUSTOMER_SERIAL_FIRST && serial <= CUSTOMER_SERIAL_LAST);
	return serial * 100 + (98 - serial * 100 % 97);
}

bool customer_number_is_valid(uint64_t number)
{
	return number / 100 >= CUSTOMER_SERIAL_FIRST && number / 100 <= CUSTOMER_SERIAL_LAST &&
	       number % 97 == 1;
}
