/* Telephone numbers to E.164 by libphonenumber: "+8613912345678", with ";ext=8001" behind it.
 *
 * The library takes about 14 us a number, so verdicts are remembered: mainland mobiles by their first
 * five digits, everything else by its raw form in a bounded cache.  Pure in its results: the same raw
 * form and region give the same answer while the library's metadata stays. */
#ifndef CORE_PHONE_H
#define CORE_PHONE_H

#include "base/slice.h"
#include "core/phone_lib.h"

struct phones;

enum ch_status phones_create(struct phones **out_phones);
void phones_free(struct phones *phones);

/* `region` is ISO 3166-1 alpha-2, for numbers without a country code.  CH_INVALID: not a number that
 * can be dialled (short codes, vanity letters, several numbers in one field, wrong length). */
enum ch_status phone_normalize(
	struct phones *phones, struct slice raw, const char region[3], char out_e164[PHONE_BYTES]);

#endif
