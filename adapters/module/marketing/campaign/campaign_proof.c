#include "module/marketing/campaign/campaign_proof.h"

#include "module/marketing/book_tables.h"
#include "module/marketing/campaign/campaign_ledger.h"
#include "wire/pbedit.h"

/* Numbers that one customer had before: over it, the rest is not looked at. */
#define PROOF_NUMBERS 64u

/* Numbers of fields in the messages that are kept. */
enum {
	REASON = 6, /* of those that failed, were withheld, are uncertain */
	INTENDED_TEXT = 6,
	INTENDED_TEXT_VERSION = 7,
	INTENDED_RECORD = 8,
	INTENDED_CONSENT = 9,
	INTENDED_RECENT = 11,
	SENT_RECORD = 10,
	SENT_CONSENT = 11,
	SENT_REPLY = 14,
	FAILED_REPLY = 8,
	SETTLED_OPERATOR = 6,
};

static struct cell proof_number(const struct ledger_fact *fact, uint32_t field)
{
	uint64_t number = 0;
	if (!fact->there || !pbedit_get_uint(fact->data, field, &number))
		return cell_none();
	return cell_count((int64_t)number);
}

static struct cell proof_text(struct report *report, const struct ledger_fact *fact, uint32_t field)
{
	struct slice text = {NULL, 0};
	if (!fact->there || !pbedit_get_bytes(fact->data, field, &text))
		return cell_none();
	return cell_text(report_copy(report, text));
}

/* What the state rests on; NULL: it has no outcome yet. */
static const struct ledger_fact *proof_outcome(const struct ledger_message *message)
{
	static const enum ledger_fact_kind kinds[] = {LEDGER_SENT, LEDGER_FAILED, LEDGER_WITHHELD,
		LEDGER_SETTLED, LEDGER_UNCERTAIN, LEDGER_PASSED_OVER};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (message->facts[kinds[i]].there)
			return &message->facts[kinds[i]];
	}
	return NULL;
}

static struct cell proof_reason(struct report *report, const struct ledger_message *message)
{
	const struct ledger_fact *facts = message->facts;
	if (facts[LEDGER_FAILED].there)
		return proof_text(report, &facts[LEDGER_FAILED], REASON);
	if (facts[LEDGER_WITHHELD].there)
		return proof_text(report, &facts[LEDGER_WITHHELD], REASON);
	if (facts[LEDGER_UNCERTAIN].there)
		return proof_text(report, &facts[LEDGER_UNCERTAIN], REASON);
	return facts[LEDGER_INTENDED].there
		       ? cell_none()
		       : proof_text(report, &facts[LEDGER_PASSED_OVER], REASON);
}

static void proof_row(struct report *report, struct report_table *table,
	const struct ledger_place *place, const struct ledger_message *message)
{
	const struct ledger_fact *intended = &message->facts[LEDGER_INTENDED];
	const struct ledger_fact *sent = &message->facts[LEDGER_SENT];
	const struct ledger_fact *failed = &message->facts[LEDGER_FAILED];
	const struct ledger_fact *outcome = proof_outcome(message);
	char id[LEDGER_ID_BYTES];
	ledger_message_id(place, id);
	report_row(table,
		(struct cell[]){cell_text(report_text(report, "%s", place->campaign)),
			cell_text(report_text(
				report, "%012llu", (unsigned long long)place->customer)),
			cell_text(report_text(report, "%s", id)),
			cell_text(slice_text(ledger_states[ledger_state(message)])),
			intended->there ? cell_time(stamp_time(&intended->stamp)) : cell_none(),
			proof_text(report, intended, INTENDED_TEXT),
			proof_text(report, intended, INTENDED_TEXT_VERSION),
			/* The last reading, right before the text went out; else that of the intent. */
			sent->there ? proof_number(sent, SENT_RECORD)
				    : proof_number(intended, INTENDED_RECORD),
			sent->there ? proof_number(sent, SENT_CONSENT)
				    : proof_number(intended, INTENDED_CONSENT),
			proof_number(intended, INTENDED_RECENT),
			outcome != NULL ? cell_time(stamp_time(&outcome->stamp)) : cell_none(),
			failed->there ? proof_number(failed, FAILED_REPLY)
				      : proof_number(sent, SENT_REPLY),
			proof_reason(report, message),
			proof_text(report, &message->facts[LEDGER_SETTLED], SETTLED_OPERATOR)},
		14);
}

/* All rounds of one number in one campaign. */
static enum ch_status proof_rounds(struct book_txn *txn, const char *campaign, uint64_t customer,
	struct report *report, struct report_table *table)
{
	struct key prefix;
	struct slice key;
	struct slice value;
	struct book_walk *walk = NULL;
	key_start(&prefix);
	key_text(&prefix, slice_text(campaign));
	key_u64(&prefix, customer);
	enum ch_status status = book_walk_begin(
		txn, TABLE_CAMPAIGN_MESSAGES, key_slice(&prefix), (struct slice){NULL, 0}, &walk);
	while (status == CH_OK) {
		struct ledger_place place;
		struct ledger_message message;
		status = book_walk_next(walk, &key, &value);
		if (status == CH_OK && !ledger_place_of(key, &place))
			status = CH_CORRUPT;
		if (status == CH_OK)
			status = ledger_read(value, &message);
		if (status == CH_OK)
			proof_row(report, table, &place, &message);
	}
	book_walk_end(walk);
	return status == CH_END ? CH_OK : status;
}

enum ch_status campaign_proof_report(struct book_txn *txn, uint64_t customer, struct report *report)
{
	static const struct report_column columns[] = {{"campaign", "Campaign", CELL_TEXT, 0},
		{"customer", "Customer", CELL_TEXT, 0}, {"message", "Message", CELL_TEXT, 0},
		{"state", "", CELL_TEXT, 0}, {"intended", "Meant", CELL_TIME, 0},
		{"text", "Text", CELL_TEXT, 0}, {"textVersion", "Its version", CELL_TEXT, 0},
		{"record", "Record read at", CELL_COUNT, 0}, {"consent", "Consent", CELL_COUNT, 0},
		{"recent", "Before it", CELL_COUNT, 0}, {"outcome", "Outcome", CELL_TIME, 0},
		{"reply", "Reply", CELL_COUNT, 0}, {"reason", "Why", CELL_TEXT, 0},
		{"settledBy", "Settled by", CELL_TEXT, 0}};
	struct report_section *section = report_section(report, "proof", "Proof",
		"Record and consent are entries of the hub's log: `carehub get` has them.");
	struct report_table *table = report_table(section, "proof", "", columns, 14);
	struct book_walk *walk = NULL;
	struct buffer campaign = {0};
	struct buffer before = {0};
	struct slice none = {NULL, 0};
	struct slice key;
	struct slice value;
	uint64_t numbers[1 + PROOF_NUMBERS] = {customer};
	size_t count = 0;
	enum ch_status status = ledger_retired(txn, customer, numbers + 1, PROOF_NUMBERS, &count);
	if (status == CH_OK)
		status = book_walk_begin(txn, TABLE_CAMPAIGN_STARTS, none, none, &walk);
	while (status == CH_OK) {
		status = book_walk_next(walk, &key, &value);
		buffer_clear(&campaign);
		if (status == CH_OK && !key_take_text(&key, &campaign))
			status = CH_CORRUPT;
		/* Its starts stand behind each other. */
		if (status != CH_OK || slice_equal(buffer_slice(&campaign), buffer_slice(&before)))
			continue;
		buffer_clear(&before);
		buffer_append_slice(&before, buffer_slice(&campaign));
		const char *name = buffer_text(&campaign);
		if (campaign.status != CH_OK || before.status != CH_OK)
			status = CH_NOMEM;
		for (size_t i = 0; i <= count && status == CH_OK; i++)
			status = proof_rounds(txn, name, numbers[i], report, table);
	}
	book_walk_end(walk);
	buffer_fini(&campaign);
	buffer_fini(&before);
	return status == CH_END ? report->status : status;
}
