/* What is wrong with a request, an event or a body, for the one who sent it: where, and why.  Never a value
 * that stands in it, for answers end up in logs. */
#ifndef WEBSITE_REFUSAL_H
#define WEBSITE_REFUSAL_H

#include "base/slice.h"

#define REFUSAL_FIELD_BYTES  200u
#define REFUSAL_REASON_BYTES 160u

struct refusal {
	enum ch_status status;
	char field
		[REFUSAL_FIELD_BYTES]; /* "data.unit.serialNumber", "webhook-signature"; may be "" */
	char reason[REFUSAL_REASON_BYTES];
};

/* Fills it and returns `status`.  `field` may be a stranger's: what is not printable ASCII becomes '?'. */
enum ch_status refusal_set(struct refusal *refusal, enum ch_status status, const char *field,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* What is printable ASCII of `text`, the rest as '?', as far as it fits. */
void refusal_copy(char *out, size_t size, const char *text);

#endif
