/* Editing an encoded message without knowing its type: how the fold keeps linked records.  A record
 * is one message of customer.proto; a rule's effect replaces a field or appends to a repeated one. */
#ifndef WIRE_PBEDIT_H
#define WIRE_PBEDIT_H

#include "base/slice.h"

/* Appends to `out` the message with the fields of `partial` in it: every field number that occurs in
 * `partial` replaces all its occurrences.  Fields stay in number order.  CH_FORMAT, CH_NOMEM. */
enum ch_status pbedit_merge(struct slice message, struct slice partial, struct buffer *out);

/* Appends to `out` the message with `encoded` (whole fields numbered `field`) behind those it has. */
enum ch_status pbedit_add(
	struct slice message, uint32_t field, struct slice encoded, struct buffer *out);

/* Appends the message without its fields of that number. */
enum ch_status pbedit_drop(struct slice message, uint32_t field, struct buffer *out);

/* The last occurrence of an integer or bytes field; false when absent or not of that form. */
bool pbedit_get_uint(struct slice message, uint32_t field, uint64_t *out_value);
bool pbedit_get_bytes(struct slice message, uint32_t field, struct slice *out_value);

/* True when the message already holds exactly `encoded` as its `field`. */
bool pbedit_same(struct slice message, uint32_t field, struct slice encoded);

#endif
