/* Protobuf's encoding on slices, by hand, where protobuf-c's unpacking would cost more than the work
 * itself: envelopes, frames, receipts, deliveries.  Nothing is allocated or copied by reading; a
 * reader of hostile bytes ends with a bad status, never beyond them.
 *
 * Standard: https://protobuf.dev/programming-guides/encoding/ (varint, I64, LEN, I32; groups are
 * refused, as proto3 has none). */
#ifndef WIRE_PB_H
#define WIRE_PB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum pb_wire { PB_VARINT = 0, PB_I64 = 1, PB_LEN = 2, PB_I32 = 5 };

struct pb_field {
	uint32_t number;
	enum pb_wire wire;
	uint64_t integer;     /* VARINT, I64, I32 */
	struct slice bytes;   /* LEN */
	const uint8_t *start; /* of the field's tag */
};

struct pb_reader {
	const uint8_t *at;
	const uint8_t *end;
	enum ch_status status; /* CH_OK or CH_FORMAT; sticks */
};

static inline struct pb_reader pb_read(struct slice bytes)
{
	const uint8_t *end = bytes.len > 0 ? bytes.data + bytes.len : bytes.data; /* may be NULL */
	return (struct pb_reader){bytes.data, end, CH_OK};
}

/* False at the end or at the first bad byte; see reader->status. */
bool pb_next(struct pb_reader *reader, struct pb_field *out_field);

/* The next varint without a tag: an element of a packed field.  As pb_next. */
bool pb_next_varint(struct pb_reader *reader, uint64_t *out_value);

/* What has not been read yet. */
static inline struct slice pb_rest(const struct pb_reader *reader)
{
	return slice_of(reader->at, (size_t)(reader->end - reader->at));
}

static inline struct slice pb_text_or_empty(const struct pb_field *field)
{
	return field->wire == PB_LEN ? field->bytes : (struct slice){NULL, 0};
}

/* ---- Writing: appends to a buffer whose status sticks.  Zero and empty values are left out, as
 * proto3 does. ---- */

void pb_put_varint(struct buffer *out, uint64_t value);
void pb_put_uint(struct buffer *out, uint32_t number, uint64_t value);
void pb_put_int(struct buffer *out, uint32_t number, int64_t value); /* int32, int64: no zigzag */
void pb_put_bool(struct buffer *out, uint32_t number, bool value);
void pb_put_fixed64(struct buffer *out, uint32_t number, uint64_t value);
void pb_put_bytes(struct buffer *out, uint32_t number, struct slice value);
void pb_put_text(struct buffer *out, uint32_t number, const char *value);
/* Present even when empty: an element of a repeated field. */
void pb_put_element(struct buffer *out, uint32_t number, struct slice value);

/* A nested message whose length is not known yet: begin gives a mark, end closes it.  Up to 2^28
 * bytes; marks nest. */
size_t pb_begin(struct buffer *out, uint32_t number);
void pb_end(struct buffer *out, size_t mark);

/* Writes the varint (at most 10 bytes) at `at` and returns the end: for those who made the room. */
uint8_t *pb_write_varint(uint8_t *at, uint64_t value);

/* Bytes that `value` takes as a varint. */
size_t pb_varint_len(uint64_t value);

#endif
