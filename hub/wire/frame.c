#include "wire/frame.h"

#include "base/limits.h"
#include "wire/pb.h"

enum ch_status frame_parse(struct slice frame, enum frame_kind *out_kind, struct slice *out_body)
{
	if (frame.len > LIMIT_FRAME_BYTES)
		return CH_TOO_LARGE;
	if (frame.len < FRAME_HEADER_BYTES || frame.data[0] != 'C' || frame.data[1] != 'H')
		return CH_FORMAT;
	if (frame.data[2] != FRAME_VERSION)
		return CH_VERSION;
	*out_kind = (enum frame_kind)frame.data[3];
	*out_body = slice_sub(frame, FRAME_HEADER_BYTES, frame.len);
	return CH_OK;
}

void frame_begin(struct buffer *out, enum frame_kind kind)
{
	uint8_t header[FRAME_HEADER_BYTES] = {'C', 'H', FRAME_VERSION, (uint8_t)kind};
	buffer_append(out, header, sizeof(header));
}

enum ch_status publish_parse(struct slice body, struct publish *out)
{
	struct pb_reader reader = pb_read(body);
	struct pb_field field;
	bool too_many = false;
	out->frame = 0;
	out->count = 0;
	while (pb_next(&reader, &field)) {
		if (field.number == 1 && field.wire == PB_VARINT)
			out->frame = field.integer;
		else if (field.number == 2 && field.wire == PB_LEN) {
			if (out->count == LIMIT_EVENTS_PER_FRAME)
				too_many = true;
			else
				out->events[out->count++] = field.bytes;
		}
	}
	if (reader.status != CH_OK)
		return reader.status;
	if (too_many)
		return CH_TOO_LARGE;
	return out->count > 0 ? CH_OK : CH_MISSING;
}
