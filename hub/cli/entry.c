#include "cli/entry.h"

#include <stdio.h>

#include "cli/cloudevent.h"
#include "cli/term.h"
#include "cli/words.h"
#include "wire/envelope.h"
#include "wire/json.h"

/* Cut where it does not fit, which no valid attribute does. */
static void entry_copy(char *out, size_t size, struct slice text)
{
	size_t len = text.len < size ? text.len : size - 1;
	if (len > 0)
		memcpy(out, text.data, len);
	out[len] = 0;
}

void entry_event_read(const ProtobufCBinaryData *event, struct entry_event *out_event)
{
	struct envelope envelope = {0};
	const char *field;
	*out_event = (struct entry_event){{0}, {0}, {0}, {0}};
	/* What can be read of a bad one is what is shown. */
	(void)envelope_parse(slice_of(event->data, event->len), &envelope, &field);
	entry_copy(out_event->type, sizeof(out_event->type), envelope.type);
	entry_copy(out_event->subject, sizeof(out_event->subject), envelope.subject);
	entry_copy(out_event->source, sizeof(out_event->source), envelope.source);
	entry_copy(out_event->id, sizeof(out_event->id), envelope.id);
}

static void entry_put_event(struct buffer *out, const ProtobufCBinaryData *event)
{
	if (cloudevent_write_bytes(
		    ch_bytes_of(event->data, event->len), ch_bytes_of(NULL, 0), out) != CH_OK)
		buffer_append_text(out, "null");
}

void entry_print_json(Carehub__V1__EntryInfo *entry)
{
	struct buffer line = {0};
	Carehub__V1__EntryInfo bare = *entry;
	struct json_error error;
	bare.event = (ProtobufCBinaryData){0, NULL};
	bare.n_derived = 0;
	if (json_encode(&bare.base, 0, &line, &error) == CH_OK) {
		line.len--; /* the brace */
		if (entry->event.len > 0) {
			buffer_append_text(&line, ",\"event\":");
			entry_put_event(&line, &entry->event);
		}
		for (size_t i = 0; i < entry->n_derived; i++) {
			buffer_append_text(&line, i == 0 ? ",\"derived\":[" : ",");
			entry_put_event(&line, &entry->derived[i]);
		}
		buffer_append_text(&line, entry->n_derived > 0 ? "]}\n" : "}\n");
		(void)fwrite(line.data, 1, line.len, stdout);
	}
	buffer_fini(&line);
}

/* ---- For people ---- */

static void entry_line(const char *name, const char *text)
{
	struct buffer safe = {0};
	if (text[0] != 0) {
		term_append(&safe, slice_text(text));
		printf("  %s%-10s%s %s\n", term_ink(INK_DIM), name, term_plain(),
			buffer_text(&safe));
	}
	buffer_fini(&safe);
}

/* JSON, indented: the attributes are above. */
static void entry_body(const ProtobufCBinaryData *event)
{
	struct buffer out = {0};
	struct buffer safe = {0};
	entry_put_event(&out, event);
	term_append(&safe, buffer_slice(&out));
	printf("    %s\n", buffer_text(&safe));
	buffer_fini(&out);
	buffer_fini(&safe);
}

void entry_print(const Carehub__V1__EntryInfo *entry)
{
	char a[WORDS_BYTES];
	char text[256];
	struct entry_event event;
	bool good = strcmp(entry->outcome, "accepted") == 0;
	entry_event_read(&entry->event, &event);
	printf("%s%llu%s  %s  %s%s%s", term_ink(INK_BOLD), (unsigned long long)entry->sequence,
		term_plain(), entry->kind, term_ink(good ? INK_GOOD : INK_BAD), entry->outcome,
		term_plain());
	if (!good)
		printf("  %s %s", ch_status_name((enum ch_status)entry->reason), entry->field);
	(void)putchar('\n');
	entry_line("type", event.type);
	entry_line("source", event.source);
	entry_line("id", event.id);
	entry_line("subject", event.subject);
	entry_line("peer", entry->peer);
	if (entry->corrected_by[0] != 0) {
		(void)snprintf(text, sizeof(text), "by %s", entry->corrected_by);
		entry_line("corrected", text);
	}
	entry_line("arrived", words_time(entry->arrival_us, a));
	if (entry->occurred_us != 0)
		entry_line("occurred", words_time(entry->occurred_us, a));
	if (entry->customer != 0)
		entry_line("customer", words_customer(entry->customer, a));
	if (entry->refers_to != 0) {
		(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)entry->refers_to);
		entry_line("refers to", text);
	}
	if (entry->event.len > 0) {
		entry_line("event", " ");
		entry_body(&entry->event);
	}
	for (size_t i = 0; i < entry->n_effects; i++)
		entry_line(i == 0 ? "effects" : "", entry->effects[i]);
	for (size_t i = 0; i < entry->n_derived; i++) {
		struct entry_event derived;
		entry_event_read(&entry->derived[i], &derived);
		(void)snprintf(text, sizeof(text), "%s  %.120s", derived.type, derived.subject);
		entry_line(i == 0 ? "derived" : "", text);
	}
}
