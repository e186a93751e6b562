#include "channel/repair/outbox_source.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/text.h"

#define REASON_BYTES 512

/* One row of the batch. */
struct outbox_entry {
	uint32_t open; /* events without an answer */
	char *reason;  /* why the row, or one of its events, was not taken; the first counts */
};

struct outbox_source {
	struct outbox_link *link;
	struct message_reader *reader;
	struct outbox_entry entries[OUTBOX_BATCH_MAX];
	size_t count; /* rows of the batch; 0: none */
	size_t next;  /* the one that is given after this */
	size_t open;  /* events without an answer */
	bool unanswered;
	enum ch_status status; /* CH_OK, or what a reason could not be kept for; sticks */

	struct outbox_row row; /* being given: next - 1 */
	bool in_row;
	struct repair_item item;
	struct buffer origin;
	struct buffer reject;
};

const struct option_word outbox_release_words[] = {
	{"delete", OUTBOX_DELETE}, {"keep", OUTBOX_KEEP}, {NULL, 0}};

const char *outbox_table_fault(struct slice value)
{
	size_t dots = 0;
	for (size_t i = 0; i < value.len; i++) {
		uint8_t c = value.data[i];
		bool edge = i == 0 || i + 1 == value.len || value.data[i - 1] == '.';
		if (c == '.' && !edge && dots++ == 0)
			continue;
		if ((c >= 'a' && c <= 'z') || c == '_' || (c >= '0' && c <= '9'))
			continue;
		return "is no name of a table: small letters, digits and _, perhaps with a schema "
		       "and a dot before it";
	}
	return NULL;
}

enum ch_status outbox_source_open(
	const struct outbox_settings *settings, const struct mapping *mapping, void **out_source)
{
	struct outbox_source *source = calloc(1, sizeof(*source));
	if (source == NULL)
		return CH_NOMEM;
	enum ch_status status = outbox_link_create(settings, &source->link);
	if (status == CH_OK)
		status = message_reader_create(mapping, &source->reader);
	if (status == CH_OK) {
		*out_source = source;
		source = NULL; /* the caller's now */
	}
	outbox_source_close(source);
	return status;
}

static void outbox_forget(struct outbox_source *source)
{
	for (size_t i = 0; i < source->count; i++) {
		free(source->entries[i].reason);
		source->entries[i] = (struct outbox_entry){0};
	}
	source->count = 0;
	source->next = 0;
	source->in_row = false;
}

void outbox_source_close(void *context)
{
	struct outbox_source *source = context;
	if (source == NULL)
		return;
	outbox_forget(source);
	message_reader_free(source->reader);
	outbox_link_free(source->link);
	buffer_fini(&source->origin);
	buffer_fini(&source->reject);
	free(source);
}

/* ---- The batch ---- */

static bool outbox_is_done(const struct outbox_source *source)
{
	return source->count > 0 && source->next == source->count && !source->in_row &&
	       source->open == 0;
}

/* All of it has its answer: it goes at once. */
static enum ch_status outbox_release_batch(struct outbox_source *source)
{
	char *reasons[OUTBOX_BATCH_MAX];
	for (size_t i = 0; i < source->count; i++)
		reasons[i] = source->entries[i].reason;
	enum ch_status status = outbox_link_release(source->link, reasons);
	if (status == CH_OK)
		outbox_forget(source);
	return status;
}

enum ch_status outbox_source_tend(void *context, struct kit_wait *out_wait)
{
	struct outbox_source *source = context;
	enum ch_status status = source->status;
	if (status == CH_OK && outbox_is_done(source) && !source->unanswered)
		status = outbox_release_batch(source);
	if (status == CH_OK)
		status = outbox_link_tend(source->link, out_wait);
	if (status == CH_OK && source->count == 0)
		source->count = outbox_link_held(source->link);
	return status;
}

static void outbox_note(struct outbox_source *source, size_t index, const char *reason)
{
	struct outbox_entry *entry = &source->entries[index];
	if (entry->reason != NULL)
		return;
	/* Half a character would be refused by the database, and with it the whole batch, for ever. */
	struct slice text = slice_sub(slice_text(reason), 0, REASON_BYTES);
	entry->reason = strndup(reason, text_utf8_prefix(text));
	if (entry->reason == NULL)
		source->status = CH_NOMEM;
}

/* ---- Items ---- */

static void outbox_give(struct outbox_source *source, struct kit_item *out_item)
{
	struct slice id = source->row.columns[OUTBOX_ID];
	size_t index = source->next - 1;
	*out_item = (struct kit_item){.what = KIT_EVENT, .token = index};
	buffer_clear(&source->origin);
	buffer_printf(&source->origin, "row %.*s", (int)id.len, (const char *)id.data);
	out_item->origin = buffer_slice(&source->origin);
	if (source->item.what == REPAIR_EVENT) {
		out_item->envelope = &source->item.event.envelope;
		source->entries[index].open++;
		source->open++;
		return;
	}
	out_item->what = KIT_REJECT;
	buffer_clear(&source->reject);
	reject_describe(&source->item.reject, &source->reject);
	outbox_note(source, index, buffer_text(&source->reject));
	log_warning("outbox.rejected", "adapter=carehub-repair row=%.*s status=%s", (int)id.len,
		(const char *)id.data, ch_status_name(source->item.reject.status));
	out_item->reject = buffer_slice(&source->reject);
	out_item->raw = source->item.raw;
}

/* It is no message: what is over its bound has not been read. */
static void outbox_refuse_row(struct outbox_source *source)
{
	enum outbox_column column = source->row.over;
	source->item.what = REPAIR_REJECT;
	source->item.raw = (struct slice){NULL, 0};
	reject_fill(&source->item.reject, CH_TOO_LARGE, (struct place){.record = 0},
		slice_text(outbox_column_name(column)), "is longer than %u bytes",
		outbox_column_bound(column));
}

enum ch_status outbox_source_next(void *context, struct kit_item *out_item)
{
	struct outbox_source *source = context;
	for (;;) {
		enum ch_status status = CH_END;
		if (source->status != CH_OK)
			return source->status;
		if (source->in_row)
			status = message_next(source->reader, &source->item);
		if (status == CH_OK) {
			outbox_give(source, out_item);
			return CH_OK;
		}
		source->in_row = false;
		if (status != CH_END)
			return status;
		if (source->next == source->count)
			return outbox_link_is_resting(source->link) ? CH_END : CH_BUSY;
		outbox_link_row(source->link, source->next++, &source->row);
		if (source->row.is_over) {
			outbox_refuse_row(source);
			outbox_give(source, out_item);
			return CH_OK;
		}
		message_begin(source->reader, &source->row.message);
		source->in_row = true;
	}
}

void outbox_source_settle(void *context, const struct kit_settled *settled)
{
	struct outbox_source *source = context;
	const struct ch_receipt *receipt = &settled->receipt;
	char reason[REASON_BYTES];
	size_t index = (size_t)settled->token;
	source->entries[index].open--;
	source->open--;
	if (settled->spooled)
		return;
	if (receipt->outcome == CH_OUTCOME_NONE) {
		source->unanswered = true; /* the adapter ends: the batch stays where it is */
	} else if (receipt->outcome == CH_OUTCOME_REFUSED ||
		   receipt->outcome == CH_OUTCOME_CONFLICT) {
		(void)snprintf(reason, sizeof(reason), "%s: %s %s",
			ch_status_name(ch_receipt_status(receipt)), receipt->field,
			receipt->detail); /* cut when long */
		outbox_note(source, index, reason);
	}
}
