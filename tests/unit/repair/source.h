/* A mapping and a file's bytes in, events and rejects out, as text that a test can compare. */
#ifndef UNIT_REPAIR_SOURCE_H
#define UNIT_REPAIR_SOURCE_H

#include "channel/repair/repair_source.h"
#include "rows.h"
#include "wire/json.h"

/* The mapping, which must be without mistakes. */
static inline struct mapping *source_mapping(const char *text)
{
	struct problems problems = {0};
	struct buffer told = {0};
	struct mapping *mapping = NULL;
	enum ch_status status =
		mapping_parse(slice_text(text), "map.ini", NULL, &problems, &mapping);
	problems_print(&problems, &told);
	assert_string_equal(buffer_text(&told), "");
	assert_int_equal(status, CH_OK);
	problems_fini(&problems);
	buffer_fini(&told);
	return mapping;
}

/* "type id {json}" for an event; rejects as in rows.h. */
static inline void source_print_item(struct buffer *out, const struct repair_item *item)
{
	if (item->what != REPAIR_EVENT) {
		rows_print_reject(out, &item->reject);
		return;
	}
	buffer_append_slice(out, item->event.envelope.type);
	buffer_append_byte(out, ' ');
	buffer_append_slice(out, item->event.envelope.id);
	buffer_append_byte(out, ' ');
	assert_int_equal(json_encode(item->event.message, 0, out, NULL), CH_OK);
	buffer_append_byte(out, '\n');
}

/* Everything that `bytes` becomes; the text holds until the next call. */
static inline const char *source_read(const struct mapping *mapping, const char *bytes, size_t len)
{
	static struct buffer out;
	struct repair_source *source;
	struct repair_item item;
	enum ch_status status;
	buffer_clear(&out);
	assert_int_equal(repair_source_open_bytes(
				 mapping, slice_of(bytes, len), "in/SH12-20260302.csv", &source),
		CH_OK);
	while ((status = repair_source_next(source, &item)) == CH_OK)
		source_print_item(&out, &item);
	assert_int_equal(status, CH_END);
	assert_int_equal(repair_source_next(source, &item), CH_END);
	repair_source_close(source);
	return buffer_text(&out);
}

/* The same with a mapping given as text. */
static inline const char *source_run(const char *mapping_text, const char *bytes, size_t len)
{
	struct mapping *mapping = source_mapping(mapping_text);
	const char *text = source_read(mapping, bytes, len);
	mapping_free(mapping);
	return text;
}

#define RUN(mapping_text, bytes) source_run(mapping_text, bytes, sizeof(bytes) - 1)

#endif
