/* The stored golden record: an ordered list of values, each with where it came from.
 *
 *     version(1), then per value:
 *     field(2) flags(1) source code(2) times seen(2) sub length(2) value length(2)
 *     sequence(8) learned(8) occurred(8), sub, value                              little-endian
 *
 * Ordered by (field, alternative last, sub).  A single-valued field has an empty sub; the values it
 * had before stay behind as alternatives, newest first, RECORD_ALTERNATIVES at most. */
#ifndef WIRE_RECORD_H
#define WIRE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define RECORD_ALTERNATIVES 3u

enum record_flag {
	RECORD_VERIFIED = 1u << 0,
	RECORD_ALTERNATIVE = 1u << 1,
	RECORD_MULTI = 1u << 2,
};

struct record_value {
	uint16_t field;
	uint8_t flags;
	uint16_t source_code;
	uint16_t times_seen;
	uint64_t sequence;
	int64_t learned_us;
	int64_t occurred_us;
	struct slice sub;
	struct slice value;
};

struct record_reader {
	struct slice bytes;
	size_t at;
	enum ch_status status; /* CH_OK or CH_CORRUPT */
};

/* An empty slice is an empty record. */
struct record_reader record_read(struct slice bytes);
bool record_next(struct record_reader *reader, struct record_value *out_value);

/* The surviving value of a field; false when there is none. */
bool record_find(
	struct slice bytes, uint16_t field, struct slice sub, struct record_value *out_value);

/* Whether somebody has shown that it is his: one of its values, alternatives included, was verified. */
bool record_is_proven(struct slice bytes);

/* Appends to `out` the record with this value set: it survives, and for a single-valued field the old
 * one becomes an alternative.  CH_CORRUPT, CH_TOO_LARGE (LIMIT_FIELDS_PER_RECORD), CH_NOMEM. */
enum ch_status record_set(struct slice bytes, const struct record_value *value, struct buffer *out);

/* The same without the value (all alternatives of the field and sub too). */
enum ch_status record_drop(
	struct slice bytes, uint16_t field, struct slice sub, struct buffer *out);

/* Appends the value's one text, as customer.proto describes it for each field: of a number or mailbox its
 * normalized form, of a name "family|given|full", of an address the whole as written or else its parts. */
void record_text(const struct record_value *value, struct buffer *out);

#endif
