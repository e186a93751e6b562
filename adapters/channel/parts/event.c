#include "channel/parts/event.h"

#include <sodium.h>

#include "base/invariant.h"
#include "base/limits.h"
#include "base/text.h"
#include "wire/types.h"

void event_writer_fini(struct event_writer *writer)
{
	buffer_fini(&writer->id);
	buffer_fini(&writer->main_id);
	buffer_fini(&writer->source);
	buffer_fini(&writer->subject);
	buffer_fini(&writer->packed);
}

void event_digest(struct slice bytes, uint8_t out_digest[EVENT_DIGEST_BYTES])
{
	(void)crypto_generichash(out_digest, EVENT_DIGEST_BYTES, bytes.data, bytes.len, NULL,
		0); /* sizes are right */
}

/* ---- Names ---- */

/* What a URN takes as it is (RFC 8141). */
static void append_escaped(struct buffer *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			c == '-' || c == '.' || c == '_' || c == '~')
			buffer_append_byte(out, c);
		else
			buffer_printf(out, "%%%02X", c);
	}
}

void event_interchange_key(const struct interchange *interchange, struct buffer *out)
{
	append_escaped(out, interchange->sender.id);
	buffer_append_byte(out, '/');
	append_escaped(out, interchange->recipient.id);
	buffer_append_byte(out, '/');
	append_escaped(out, interchange->date);
	buffer_append_byte(out, '/');
	append_escaped(out, interchange->reference);
}

static void write_names(struct event_writer *w, const struct reading *r)
{
	static const char place[] = "{sender}";
	const struct interchange *x = r->interchange;
	struct slice source = r->options->source;
	if (source.len == 0)
		source = SLICE_LITERAL("urn:parts:{sender}");
	const uint8_t *at = memmem(source.data, source.len, place, sizeof(place) - 1);
	size_t before = at != NULL ? (size_t)(at - source.data) : source.len;
	buffer_append_slice(&w->source, slice_sub(source, 0, before));
	if (at != NULL) {
		append_escaped(&w->source, x->sender.id);
		buffer_append_slice(
			&w->source, slice_sub(source, before + sizeof(place) - 1, source.len));
	}
	event_interchange_key(x, &w->main_id);
	buffer_append_byte(&w->main_id, '/');
	if (x->standard == STANDARD_X12 && r->message->group != GROUP_NONE) {
		append_escaped(&w->main_id, x->groups[r->message->group].reference);
		buffer_append_byte(&w->main_id, '/');
	}
	append_escaped(&w->main_id, r->message->reference);
}

/* The document's own time; a day without one is made whole by the interchange's, if that is the same day. */
static int64_t time_of(const struct reading *r)
{
	struct moment prepared;
	bool known =
		date_parse_pair(r->interchange->date, r->interchange->time, &prepared) == CH_OK;
	if (!r->dated)
		return known ? reading_utc(r, &prepared) : 0;
	if (!r->date.has_time && known && prepared.civil_us >= r->date.civil_us &&
		prepared.civil_us - r->date.civil_us < INT64_C(86400000000))
		return reading_utc(r, &prepared);
	return reading_utc(r, &r->date);
}

void event_writer_begin(
	struct event_writer *writer, const struct reading *reading, struct slice file)
{
	const struct message *message = reading->message;
	buffer_clear(&writer->main_id);
	buffer_clear(&writer->source);
	write_names(writer, reading);
	event_digest(slice_sub(file, message->offset, (size_t)(message->end - message->offset)),
		writer->digest);
	writer->time_us = time_of(reading);
}

/* ---- One event ---- */

static enum ch_status write_message(struct event_writer *w, const struct made *made,
	struct envelope *envelope, const char **out_why)
{
	const struct event_type *type = types_find(slice_text(made->type));
	struct message_parts parts;
	invariant(type != NULL && type->message == made->message->descriptor);
	size_t len = protobuf_c_message_get_packed_size(made->message);
	*out_why = "the event is larger than the hub takes";
	if (len > LIMIT_EVENT_BYTES)
		return CH_TOO_LARGE;
	buffer_clear(&w->packed);
	uint8_t *room = buffer_reserve(&w->packed, len);
	if (room == NULL && len > 0)
		return CH_NOMEM;
	(void)protobuf_c_message_pack(made->message, room); /* exactly len */
	enum ch_status status = types_cut(buffer_slice(&w->packed), &parts);
	if (status != CH_OK)
		return CH_INTERNAL;
	const char *field;
	if (types_check_mandatory(type, &parts, &field) != CH_OK) {
		*out_why = field;
		return CH_MISSING;
	}
	envelope->type = slice_text(type->name);
	envelope->data = parts.data;
	envelope->personal = parts.personal;
	buffer_clear(&w->subject);
	types_subject(type, &parts, &w->subject);
	envelope->subject = buffer_slice(&w->subject);
	/* The envelope's own fields take less than two KiB. */
	if (len > LIMIT_EVENT_BYTES - 2048u || envelope->subject.len > LIMIT_SUBJECT_BYTES)
		return CH_TOO_LARGE;
	return w->subject.status;
}

enum ch_status event_write(struct event_writer *writer, const struct reading *reading,
	const struct made *made, struct envelope *out_envelope, const char **out_why)
{
	struct event_writer *w = writer;
	struct envelope envelope = {.time_us = w->time_us,
		.source = buffer_slice(&w->source),
		.digest = slice_of(w->digest, sizeof(w->digest))};
	enum ch_status status = write_message(w, made, &envelope, out_why);
	if (status != CH_OK)
		return status;
	buffer_clear(&w->id);
	buffer_append_slice(&w->id, buffer_slice(&w->main_id));
	buffer_append_text(&w->id, made->suffix);
	if (made->number > 0)
		text_append_u64(&w->id, made->number);
	if (w->id.status != CH_OK || w->main_id.status != CH_OK || w->source.status != CH_OK)
		return CH_NOMEM;
	envelope.id = buffer_slice(&w->id);
	*out_why = "the numbers of sender, recipient and interchange are too long";
	if (w->id.len > LIMIT_ID_BYTES || w->source.len > LIMIT_SOURCE_BYTES)
		return CH_TOO_LARGE;
	if (reading->first->next != NULL)
		envelope.correlation_id = buffer_slice(&w->main_id);
	if (made != reading->first)
		envelope.causation_id = buffer_slice(&w->main_id);
	*out_envelope = envelope;
	return CH_OK;
}

enum ch_status event_check(struct event_writer *writer, struct reading *reading)
{
	struct envelope envelope;
	const char *why = NULL;
	enum ch_status status = CH_OK;
	for (const struct made *made = reading->first; made != NULL && status == CH_OK;
		made = made->next)
		status = event_write(writer, reading, made, &envelope, &why);
	if (status != CH_TOO_LARGE && status != CH_MISSING)
		return status;
	reading->first = NULL;
	return flaws_add(&reading->message->flaws, &reading->interchange->arena,
		(struct flaw){.kind = status == CH_MISSING ? FLAW_MISSING : FLAW_TOO_LONG,
			.offset = reading->message->offset,
			.segment = 1,
			.words = why});
}
