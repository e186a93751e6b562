#include "crash/ledger.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "journal/reader.h"
#include "wire/entry.h"

#define VIOLATIONS_TOLD 20u

enum ch_status ledger_init(struct ledger *ledger, const struct load *load, uint32_t capacity)
{
	*ledger = (struct ledger){.load = load, .capacity = capacity};
	ledger->items = calloc(capacity, sizeof(*ledger->items));
	return ledger->items != NULL ? CH_OK : CH_NOMEM;
}

void ledger_fini(struct ledger *ledger)
{
	for (uint32_t i = 0; ledger->sent != NULL && i < ledger->capacity; i++)
		buffer_fini(&ledger->sent[i]);
	free(ledger->sent);
	free(ledger->items);
	*ledger = (struct ledger){0};
}

void ledger_violation(struct ledger *ledger, const char *format, ...)
{
	va_list arguments;
	if (ledger->violations++ >= VIOLATIONS_TOLD || ledger->silent)
		return;
	va_start(arguments, format);
	fputs("VIOLATION ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
}

/* ---- Receipts ---- */

static bool ledger_expected(enum load_kind kind, enum outcome outcome)
{
	switch (kind) {
	case LOAD_CONFLICT:
		return outcome == OUTCOME_CONFLICT;
	case LOAD_BAD:
		return outcome == OUTCOME_REFUSED;
	default:
		return outcome == OUTCOME_ACCEPTED || outcome == OUTCOME_DUPLICATE;
	}
}

bool ledger_receipt(struct ledger *ledger, uint32_t index, const struct receipt *receipt)
{
	struct ledger_item *item = &ledger->items[index];
	struct load_plan plan = load_plan(ledger->load, index);
	if (receipt->outcome == OUTCOME_RETRY_AFTER)
		return false;
	ledger->receipts++;
	ledger->duplicates += receipt->outcome == OUTCOME_DUPLICATE;
	if (!ledger_expected(plan.kind, receipt->outcome))
		ledger_violation(ledger, "event %" PRIu32 " of kind %d: outcome %d, reason %s",
			index, (int)plan.kind, (int)receipt->outcome,
			ch_status_name(receipt->reason));
	if (receipt->sequence == 0)
		ledger_violation(ledger, "event %" PRIu32 ": a receipt without a sequence", index);
	if (plan.kind == LOAD_CONFLICT && receipt->sequence != ledger->items[plan.about].sequence)
		ledger_violation(ledger,
			"event %" PRIu32 ": a conflict with %" PRIu64 " instead of %" PRIu64, index,
			receipt->sequence, ledger->items[plan.about].sequence);
	if (receipt->outcome == OUTCOME_ACCEPTED && item->outcome != 0)
		ledger_violation(ledger, "event %" PRIu32 " was accepted a second time", index);
	if (item->outcome != 0 && receipt->sequence != item->sequence)
		ledger_violation(ledger,
			"event %" PRIu32 ": sequence %" PRIu64 ", and before it was %" PRIu64,
			index, receipt->sequence, item->sequence);
	if (receipt->outcome == OUTCOME_ACCEPTED) {
		item->customer = receipt->customer;
		item->told = true;
	}
	ledger->answered += item->outcome == 0;
	item->outcome = (uint8_t)receipt->outcome;
	item->reason = (uint8_t)receipt->reason;
	item->sequence = receipt->sequence;
	item->receipts++;
	while (ledger->low < ledger->count && ledger->items[ledger->low].outcome != 0)
		ledger->low++;
	return true;
}

/* ---- Against the journal ---- */

enum ch_status ledger_remember(struct ledger *ledger)
{
	ledger->sent = calloc(ledger->capacity, sizeof(*ledger->sent));
	if (ledger->sent == NULL)
		return CH_NOMEM;
	for (uint32_t i = 0; i < ledger->count; i++) {
		load_event(ledger->load, i, &ledger->sent[i]);
		if (ledger->sent[i].status != CH_OK)
			return ledger->sent[i].status;
	}
	return CH_OK;
}

static const struct buffer *ledger_sent(
	const struct ledger *ledger, uint32_t index, struct buffer *scratch)
{
	if (ledger->sent != NULL)
		return &ledger->sent[index];
	buffer_clear(scratch);
	load_event(ledger->load, index, scratch);
	return scratch;
}

/* A reading of the journal, from its first entry to its head. */
struct reading {
	struct ledger *ledger;
	uint32_t before;
	struct ledger_result result;
	struct buffer found; /* the event that stands there */
	struct buffer sent;  /* and the one that should */
};

static void reading_check_outcome(struct reading *reading, uint32_t index,
	const struct journal_entry *at, const struct entry *entry)
{
	static const uint8_t outcomes[] = {
		[LOAD_GOOD] = ENTRY_ACCEPTED,
		[LOAD_CONFLICT] = ENTRY_CONFLICT,
		[LOAD_BAD] = ENTRY_QUARANTINED,
		[LOAD_FIXED] = ENTRY_ACCEPTED,
	};
	struct ledger *ledger = reading->ledger;
	const struct ledger_item *item = &ledger->items[index];
	struct load_plan plan = load_plan(ledger->load, index);
	if (entry->outcome != outcomes[plan.kind])
		ledger_violation(ledger, "event %" PRIu32 ": journaled with outcome %d", index,
			entry->outcome);
	if (item->outcome == 0 || item->mark >= reading->before)
		return; /* it may have been lost after this and taken again */
	uint64_t named = plan.kind == LOAD_CONFLICT ? entry->refers_to : at->sequence;
	if (named != item->sequence)
		ledger_violation(ledger,
			"event %" PRIu32 ": journaled at %" PRIu64 ", the receipt says %" PRIu64,
			index, named, item->sequence);
	if (item->told && entry->customer != item->customer)
		ledger_violation(ledger,
			"event %" PRIu32 ": filed under %" PRIu64 ", the receipt says %" PRIu64,
			index, entry->customer, item->customer);
}

static enum ch_status reading_check_input(
	struct reading *reading, const struct journal_entry *at, const struct entry *entry)
{
	struct ledger *ledger = reading->ledger;
	struct envelope envelope;
	const char *field;
	buffer_clear(&reading->found);
	entry_event(entry, &reading->found);
	if (reading->found.status != CH_OK)
		return reading->found.status;
	struct slice found = buffer_slice(&reading->found);
	enum ch_status status = envelope_parse(found, &envelope, &field);
	uint32_t index = status == CH_OK ? load_index(envelope.subject) : UINT32_MAX;
	if (index >= ledger->count) {
		ledger_violation(ledger, "sequence %" PRIu64 " is of nobody", at->sequence);
		return CH_OK;
	}
	const struct buffer *sent = ledger_sent(ledger, index, &reading->sent);
	if (sent->status != CH_OK)
		return sent->status;
	if (!slice_equal(found, buffer_slice(sent)))
		ledger_violation(
			ledger, "event %" PRIu32 ": other bytes at %" PRIu64, index, at->sequence);
	if (ledger->items[index].found++ > 0)
		ledger_violation(ledger, "event %" PRIu32 " is journaled again at %" PRIu64, index,
			at->sequence);
	reading_check_outcome(reading, index, at, entry);
	return CH_OK;
}

static enum ch_status reading_check_entry(struct reading *reading, const struct journal_entry *at)
{
	struct ledger_result *result = &reading->result;
	struct entry entry;
	if (entry_parse(at->body, &entry) != CH_OK)
		return CH_CORRUPT;
	if (at->sequence != result->head + 1)
		ledger_violation(reading->ledger, "sequence %" PRIu64 " follows upon %" PRIu64,
			at->sequence, result->head);
	result->head = at->sequence;
	result->clock += entry.kind == ENTRY_CLOCK;
	result->settings += entry.kind == ENTRY_SETTINGS;
	if (entry.kind != ENTRY_INPUT)
		return CH_OK;
	result->entries++;
	result->quarantined += entry.outcome == ENTRY_QUARANTINED;
	result->conflicts += entry.outcome == ENTRY_CONFLICT;
	return reading_check_input(reading, at, &entry);
}

static void reading_check_receipts(struct reading *reading)
{
	const struct ledger *ledger = reading->ledger;
	for (uint32_t i = 0; i < ledger->count; i++) {
		const struct ledger_item *item = &ledger->items[i];
		if (item->outcome == 0 || item->mark >= reading->before)
			continue;
		reading->result.receipts++;
		if (item->found == 0)
			ledger_violation(reading->ledger,
				"event %" PRIu32 " has a receipt, outcome %d sequence %" PRIu64
				", and is not in the journal",
				i, item->outcome, item->sequence);
	}
}

enum ch_status ledger_check(struct ledger *ledger, struct journal *journal, uint32_t before,
	struct ledger_result *out_result)
{
	struct reading reading = {.ledger = ledger, .before = before};
	struct reader *reader = NULL;
	struct journal_entry at;
	for (uint32_t i = 0; i < ledger->count; i++)
		ledger->items[i].found = 0;
	enum ch_status status = reader_open(journal, &reader);
	if (status == CH_OK)
		status = reader_seek(reader, 1);
	while (status == CH_OK) {
		status = reader_next(reader, &at);
		if (status == CH_OK)
			status = reading_check_entry(&reading, &at);
	}
	reader_close(reader);
	buffer_fini(&reading.found);
	buffer_fini(&reading.sent);
	if (status != CH_END)
		return status;
	if (reading.result.head != journal_head(journal))
		ledger_violation(ledger, "the journal ends at %" PRIu64 ", its head is %" PRIu64,
			reading.result.head, journal_head(journal));
	reading_check_receipts(&reading);
	*out_result = reading.result;
	return CH_OK;
}
