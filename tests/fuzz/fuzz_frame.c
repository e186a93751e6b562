/* A message from anybody, read as a frame and, whatever its kind, as a PUBLISH. */
#include "base/invariant.h"
#include "base/limits.h"
#include "wire/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct publish publish;
	struct slice frame = slice_of(data, len);
	struct slice body;
	enum frame_kind kind;
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
	return 0;
}
