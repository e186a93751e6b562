#include "unit/marketing/history_check.h"

#include <stdarg.h>
#include <stdio.h>

#include "module/marketing/book_tables.h"
#include "module/marketing/campaign/campaign_ledger.h"
#include "support/unit.h"
#include "unit/marketing/history_life.h"
#include "wire/pbedit.h"

void history_blame(struct history_verdict *verdict, const char *format, ...)
{
	va_list arguments;
	if (verdict->fault[0] != 0)
		return;
	va_start(arguments, format);
	(void)vsnprintf(verdict->fault, sizeof(verdict->fault), format, arguments);
	va_end(arguments);
}

/* The last reading of his record before the mail was taken. */
static uint64_t last_reading(const struct world *world, const struct world_mail *mail)
{
	for (uint32_t i = mail->asks; i > 0; i--) {
		if (world->ask[i - 1].customer == mail->customer)
			return world->ask[i - 1].sequence;
	}
	return 0;
}

static void check_mail(const struct world *world, struct book_txn *txn,
	const struct world_mail *mail, struct history_verdict *verdict)
{
	struct ledger_place place;
	struct ledger_message message;
	unsigned count = 0;
	for (uint32_t i = 0; i < world->mails; i++)
		count += strcmp(world->mail[i].id, mail->id) == 0;
	if (count != 1)
		history_blame(verdict, "customer %d got one message %u times", (int)mail->customer,
			count);
	uint64_t reading = last_reading(world, mail);
	if (!world_agrees(world, mail->customer, 1, 3, reading))
		history_blame(verdict, "customer %d got a mail and did not agree at %d",
			(int)mail->customer, (int)reading);
	if (ledger_by_id(txn, slice_text(mail->id), &place) != CH_OK ||
		ledger_get(txn, &place, &message) != CH_OK) {
		history_blame(
			verdict, "customer %d got a mail that nobody knows", (int)mail->customer);
		return;
	}
	if (!message.facts[LEDGER_INTENDED].there ||
		message.facts[LEDGER_INTENDED].sequence > mail->head)
		history_blame(verdict, "customer %d got a mail before its intent was there",
			(int)mail->customer);
	enum ledger_state state = ledger_state(&message);
	if (state != LEDGER_IS_SENT && state != LEDGER_IS_UNCERTAIN)
		history_blame(verdict, "customer %d got a mail that is said to be %s",
			(int)mail->customer, ledger_states[state]);
}

static unsigned mails_to(
	const struct world *world, struct book_txn *txn, const char *campaign, uint64_t customer)
{
	unsigned count = 0;
	for (uint32_t i = 0; i < world->mails; i++) {
		struct ledger_place place;
		if (world->mail[i].customer == customer &&
			ledger_by_id(txn, slice_text(world->mail[i].id), &place) == CH_OK &&
			strcmp(place.campaign, campaign) == 0)
			count++;
	}
	return count;
}

/* Why, in the module's own word; "" when it said none. */
static struct slice reason_of(const struct ledger_message *message)
{
	static const enum ledger_fact_kind kinds[] = {
		LEDGER_FAILED, LEDGER_WITHHELD, LEDGER_UNCERTAIN, LEDGER_PASSED_OVER};
	const uint32_t reason_field = 6;
	struct slice reason = {NULL, 0};
	for (size_t i = 0; i < 4 && reason.len == 0; i++)
		(void)pbedit_get_bytes(message->facts[kinds[i]].data, reason_field, &reason);
	return reason;
}

/* He has his message, or what became of it is told. */
static bool is_settled(const struct world *world, uint64_t customer, bool mail,
	enum ledger_state state, struct slice reason)
{
	unsigned campaigns;
	if (state == LEDGER_IS_SENT)
		return true;
	/* Other messages, called off ones among them, have taken what he may be written: also after he was picked. */
	if ((state == LEDGER_IS_PASSED_OVER || state == LEDGER_IS_WITHHELD) &&
		slice_equal(reason, SLICE_LITERAL("too_often")))
		return world_intents(world, customer, &campaigns) >= world->cap;
	return mail &&
	       (state == LEDGER_IS_UNCERTAIN || (world->refuses && state == LEDGER_IS_FAILED));
}

static void check_customer(const struct world *world, struct book_txn *txn, const char *campaign,
	uint64_t customer, struct history_verdict *verdict)
{
	struct ledger_place place;
	struct ledger_message message = {0};
	bool mail = strcmp(campaign, HISTORY_CALL) != 0;
	unsigned campaigns;
	unsigned got = mail ? mails_to(world, txn, campaign, customer) : 0;
	enum ch_status status = ledger_newest(txn, campaign, customer, &place, &message);
	enum ledger_state state = status == CH_OK ? ledger_state(&message) : LEDGER_NONE;
	verdict->sent += state == LEDGER_IS_SENT;
	verdict->uncertain += state == LEDGER_IS_UNCERTAIN;
	verdict->failed += state == LEDGER_IS_FAILED;
	verdict->withheld += state == LEDGER_IS_WITHHELD || state == LEDGER_IS_PASSED_OVER;
	if (got > 1)
		history_blame(
			verdict, "customer %d got %u mails of %s", (int)customer, got, campaign);
	if (mail && state == LEDGER_IS_SENT && got == 0)
		history_blame(verdict, "customer %d is said to have got a mail", (int)customer);
	if (state == LEDGER_IS_OPEN)
		history_blame(verdict, "an intent for customer %d has no outcome", (int)customer);
	(void)world_intents(world, customer, &campaigns);
	if (campaigns > world->cap)
		history_blame(verdict, "customer %d was written to too often", (int)customer);
	if (world->habits[customer] == HABIT_NEVER && state != LEDGER_IS_PASSED_OVER)
		history_blame(verdict, "customer %d never agreed, and is %s", (int)customer,
			ledger_states[state]);
	struct slice reason = reason_of(&message);
	if (world->habits[customer] == HABIT_STEADY &&
		!is_settled(world, customer, mail, state, reason))
		history_blame(verdict, "customer %d always agreed, and is %s in %s: %.*s",
			(int)customer, ledger_states[state], campaign, (int)reason.len,
			(const char *)reason.data);
}

static struct book *open_view(const char *folder)
{
	char path[300];
	struct book *book;
	(void)snprintf(path, sizeof(path), "%s/book", folder);
	const struct book_form form = {.directory = path,
		.tables = marketing_tables,
		.table_count = MARKETING_TABLES,
		.version = 1};
	assert_int_equal(book_open(&form, BOOK_READ, &book), CH_OK);
	return book;
}

void history_check(const struct world *world, const char *folder, struct history_verdict *verdict)
{
	struct book *book = open_view(folder);
	struct book_txn *txn;
	assert_int_equal(book_begin(book, false, &txn), CH_OK);
	for (uint32_t i = 0; i < world->mails; i++)
		check_mail(world, txn, &world->mail[i], verdict);
	for (uint64_t customer = 1; customer <= world->customers; customer++) {
		for (size_t i = 0; i < HISTORY_CAMPAIGNS; i++)
			check_customer(world, txn, history_campaigns[i], customer, verdict);
	}
	book_abort(txn);
	book_close(book);
}

void history_dump(const char *folder, struct buffer *out)
{
	static const enum marketing_table tables[] = {TABLE_CAMPAIGN_STARTS,
		TABLE_CAMPAIGN_MESSAGES, TABLE_CAMPAIGN_IDS, TABLE_CAMPAIGN_CARE,
		TABLE_CAMPAIGN_ANSWERS, TABLE_CAMPAIGN_MERGES};
	struct book *book = open_view(folder);
	struct book_txn *txn;
	assert_int_equal(book_begin(book, false, &txn), CH_OK);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		struct book_walk *walk;
		struct slice none = {NULL, 0};
		struct slice key;
		struct slice value;
		assert_int_equal(book_walk_begin(txn, tables[i], none, none, &walk), CH_OK);
		while (book_walk_next(walk, &key, &value) == CH_OK) {
			buffer_append_slice(out, key);
			buffer_append_slice(out, value);
		}
		book_walk_end(walk);
	}
	book_abort(txn);
	book_close(book);
}
