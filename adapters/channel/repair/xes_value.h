/* The typed values of XES attributes, as XML Schema writes them. */
#ifndef REPAIR_XES_VALUE_H
#define REPAIR_XES_VALUE_H

#include "base/slice.h"

/* Is `text` a value of the attribute type `type` ("int", "date" ...; IEEE 1849 section 4.2)?  NULL, or
 * what is wrong with it, constant text.  Types that hold any text are always fine. */
const char *xes_value_fault(const char *type, struct slice text);

#endif
