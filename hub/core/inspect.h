/* What can be said of an event without the state: which one it is, and whether its form is right.  That
 * is half of the work of deciding, and whoever reads frames can do it for the writer, who alone sees the
 * state and for whom everybody waits.
 *
 * Pure: the same envelope gives the same answer, whoever asks.  An inspector does not change, so any
 * number of threads use one at once. */
#ifndef CORE_INSPECT_H
#define CORE_INSPECT_H

#include <stdbool.h>

#include "wire/check.h"
#include "wire/entry.h"
#include "wire/envelope.h"
#include "wire/types.h"

struct inspector;

struct inspection {
	uint8_t fingerprint[ENTRY_FINGERPRINT_BYTES];
	uint8_t digest[ENTRY_DIGEST_BYTES];
	const struct event_type *type; /* NULL: not known */
	bool fit; /* type, schema and form are right and nothing mandatory is missing */
};

/* CH_NOMEM. */
enum ch_status inspector_create(struct inspector **out_inspector);
void inspector_free(struct inspector *inspector); /* NULL is fine */

/* `envelope` has been found good by envelope_parse. */
void inspect(const struct inspector *inspector, const struct envelope *envelope,
	struct inspection *out_inspection);

/* Why an event is not fit: CH_UNKNOWN_TYPE, CH_DENIED, CH_VERSION, CH_FORMAT, CH_MISSING, with the field
 * at fault, which may be written into `path`; CH_OK when it is. */
enum ch_status inspect_fault(const struct inspector *inspector, const struct event_type *type,
	const struct envelope *envelope, char path[CHECK_PATH_BYTES], const char **out_field);

/* The inbox's name for an event.  `source` and `id` are within their limits. */
void core_fingerprint(struct slice source, struct slice id, uint8_t out[ENTRY_FINGERPRINT_BYTES]);

#endif
