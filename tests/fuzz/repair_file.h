/* What must hold for any bytes in a station's file: reading ends, no place lies behind the end, every
 * event passes the hub's first look, is written as a CloudEvent and read again as the same one. */
#ifndef FUZZ_REPAIR_FILE_H
#define FUZZ_REPAIR_FILE_H

#include <stdlib.h>

#include "base/invariant.h"
#include "base/text.h"
#include "channel/repair/repair_source.h"
#include "kit/cloudevent.h"

static inline struct mapping *repair_file_mapping(const char *text)
{
	struct problems problems = {0};
	struct mapping *mapping = NULL;
	invariant(mapping_parse(slice_text(text), "fuzz", NULL, &problems, &mapping) == CH_OK);
	problems_fini(&problems);
	return mapping;
}

static inline void repair_file_check_event(
	const struct mapping *native, const struct repair_event *event)
{
	struct buffer first = {0};
	struct buffer second = {0};
	struct repair_source *source = NULL;
	struct repair_item item;
	struct envelope envelope;
	const char *field;
	/* What the hub looks at first. */
	envelope_encode(&event->envelope, &second);
	invariant(envelope_parse(buffer_slice(&second), &envelope, &field) == CH_OK);
	buffer_clear(&second);
	invariant(cloudevent_write(&event->envelope, event->message, &first) == CH_OK);
	invariant(repair_source_open_bytes(native, buffer_slice(&first), "x", &source) == CH_OK);
	invariant(repair_source_next(source, &item) == CH_OK);
	invariant(item.what == REPAIR_EVENT);
	invariant(cloudevent_write(&item.event.envelope, item.event.message, &second) == CH_OK);
	invariant(slice_equal(buffer_slice(&first), buffer_slice(&second)));
	repair_source_close(source);
	buffer_fini(&first);
	buffer_fini(&second);
}

/* It points into the file, and can be shown to anybody. */
static inline void repair_file_check_reject(const struct repair_reject *reject, uint64_t bytes)
{
	struct buffer text = {0};
	reject_describe(reject, &text);
	invariant(reject->at.byte <= bytes);
	invariant(text_utf8_prefix(buffer_slice(&text)) == text.len);
	buffer_fini(&text);
}

static inline void repair_file_check(
	const struct mapping *mapping, const struct mapping *native, struct slice bytes)
{
	struct repair_source *source = NULL;
	struct repair_item item;
	enum ch_status status;
	size_t items = 0;
	bool packed = bytes.len > 1 && bytes.data[0] == 0x1f && bytes.data[1] == 0x8b;
	invariant(repair_source_open_bytes(mapping, bytes, "x", &source) == CH_OK);
	while ((status = repair_source_next(source, &item)) == CH_OK) {
		items++;
		invariant(packed || items <= (bytes.len + 1) * (mapping->rule_count + 1));
		/* Many of one input are much alike. */
		if (item.what == REPAIR_EVENT && items <= 2)
			repair_file_check_event(native, &item.event);
		else if (item.what != REPAIR_EVENT)
			repair_file_check_reject(&item.reject, packed ? UINT64_MAX : bytes.len);
	}
	invariant(status == CH_END);
	repair_source_close(source);
}

#endif
