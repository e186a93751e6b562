#include "channel/callcenter/harvest.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"

#define REASON_BYTES 400

struct sheaf {
	struct sheaf *next;
	enum kit_what what;
	bool fatal;
	int64_t since_us;
	size_t len;
	uint8_t bytes[]; /* the encoded event, or the reject's line */
};

struct harvest {
	struct call_writer writer;
	struct buffer encoded;
	struct sheaf *first;
	struct sheaf **last;
	struct sheaf *taken; /* given last */
	struct envelope envelope;
	size_t count;
};

enum ch_status harvest_create(const struct call_names *names, struct harvest **out_harvest)
{
	struct harvest *harvest = calloc(1, sizeof(*harvest));
	if (harvest == NULL)
		return CH_NOMEM;
	call_writer_init(&harvest->writer, names);
	harvest->last = &harvest->first;
	*out_harvest = harvest;
	return CH_OK;
}

void harvest_free(struct harvest *harvest)
{
	if (harvest == NULL)
		return;
	while (harvest->first != NULL) {
		struct sheaf *sheaf = harvest->first;
		harvest->first = sheaf->next;
		free(sheaf);
	}
	free(harvest->taken);
	call_writer_fini(&harvest->writer);
	buffer_fini(&harvest->encoded);
	free(harvest);
}

static enum ch_status harvest_add(
	struct harvest *harvest, enum kit_what what, bool fatal, struct slice bytes)
{
	if (harvest->count >= LIMIT_CALLS_WAITING)
		return CH_FULL;
	struct sheaf *sheaf = malloc(sizeof(*sheaf) + bytes.len);
	if (sheaf == NULL)
		return CH_NOMEM;
	*sheaf = (struct sheaf){
		.what = what, .fatal = fatal, .since_us = clock_wall_us(), .len = bytes.len};
	if (bytes.len > 0)
		memcpy(sheaf->bytes, bytes.data, bytes.len);
	*harvest->last = sheaf;
	harvest->last = &sheaf->next;
	harvest->count++;
	return CH_OK;
}

enum ch_status harvest_event(struct harvest *harvest, const struct envelope *envelope)
{
	buffer_clear(&harvest->encoded);
	envelope_encode(envelope, &harvest->encoded);
	if (harvest->encoded.status != CH_OK)
		return CH_NOMEM;
	return harvest_add(harvest, KIT_EVENT, false, buffer_slice(&harvest->encoded));
}

enum ch_status harvest_call(
	struct harvest *harvest, const struct call_record *call, struct slice checkpoint)
{
	struct call_event event;
	const char *field = "";
	enum ch_status status = call_event_write(&harvest->writer, call, &event, &field);
	if (status == CH_NOMEM)
		return status;
	if (status != CH_OK)
		return harvest_reject(harvest, KIT_REJECT, false, "a call: %s: %s", field,
			ch_status_text(status));
	event.envelope.checkpoint = checkpoint;
	return harvest_event(harvest, &event.envelope);
}

enum ch_status harvest_reject(
	struct harvest *harvest, enum kit_what what, bool fatal, const char *format, ...)
{
	char text[REASON_BYTES];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments); /* cut */
	va_end(arguments);
	return harvest_add(harvest, what, fatal, slice_text(text));
}

enum ch_status harvest_take(struct harvest *harvest, struct kit_item *out_item)
{
	const char *field;
	free(harvest->taken);
	struct sheaf *sheaf = harvest->taken = harvest->first;
	if (sheaf == NULL)
		return CH_END;
	harvest->first = sheaf->next;
	if (harvest->first == NULL)
		harvest->last = &harvest->first;
	harvest->count--;
	struct slice bytes = slice_of(sheaf->bytes, sheaf->len);
	*out_item = (struct kit_item){
		.what = sheaf->what, .fatal = sheaf->fatal, .since_us = sheaf->since_us};
	if (sheaf->what != KIT_EVENT) {
		out_item->reject = bytes;
		return CH_OK;
	}
	if (envelope_parse(bytes, &harvest->envelope, &field) != CH_OK) {
		/* A source that is too long, say: the settings' own mistake. */
		out_item->what = KIT_REJECT;
		out_item->reject = slice_text(field);
		return CH_OK;
	}
	out_item->envelope = &harvest->envelope;
	return CH_OK;
}

size_t harvest_count(const struct harvest *harvest)
{
	return harvest->count;
}
