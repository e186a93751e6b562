/* A message from anybody, read as a frame and, whatever its kind, as a PUBLISH.  What was read is written and
 * read again the same; what is over the bound is not looked at. */
#include "base/invariant.h"
#include "base/limits.h"
#include "wire/frame.h"
#include "wire/pb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void fuzz_again(const struct publish *first)
{
	static struct publish second;
	struct buffer frame = {0};
	struct slice body;
	enum frame_kind kind;
	frame_begin(&frame, FRAME_PUBLISH);
	pb_put_uint(&frame, 1, first->frame);
	for (uint32_t i = 0; i < first->count; i++)
		pb_put_element(&frame, 2, first->events[i]);
	invariant(frame_parse(buffer_slice(&frame), &kind, &body) == CH_OK);
	invariant(kind == FRAME_PUBLISH && publish_parse(body, &second) == CH_OK);
	invariant(second.frame == first->frame && second.count == first->count);
	for (uint32_t i = 0; i < first->count; i++)
		invariant(slice_equal(second.events[i], first->events[i]));
	buffer_fini(&frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct publish publish;
	struct slice frame = slice_of(data, len);
	struct slice body;
	enum frame_kind kind;
	invariant(frame_parse(slice_of(data, LIMIT_FRAME_BYTES + 1), &kind, &body) == CH_TOO_LARGE);
	if (frame_parse(frame, &kind, &body) != CH_OK)
		return 0;
	invariant(body.len + FRAME_HEADER_BYTES == len);
	if (publish_parse(body, &publish) != CH_OK)
		return 0;
	invariant(publish.count > 0 && publish.count <= LIMIT_EVENTS_PER_FRAME);
	for (uint32_t i = 0; i < publish.count; i++) {
		invariant(publish.events[i].data >= body.data);
		invariant(publish.events[i].data + publish.events[i].len <= data + len);
	}
	fuzz_again(&publish);
	return 0;
}
