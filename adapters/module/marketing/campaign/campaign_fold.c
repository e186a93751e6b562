/* Folds of what the journal says about campaigns into the tables of the ledger. */
#include "module/marketing/campaign/campaign_fold.h"

#include "carehub/v1/callcenter.pb-c.h"
#include "carehub/v1/care.pb-c.h"
#include "carehub/v1/hub.pb-c.h"
#include "carehub/v1/module.pb-c.h"
#include "carehub/v1/website.pb-c.h"
#include "module/marketing/book_tables.h"
#include "module/marketing/campaign/ledger_inside.h"
#include "wire/pb.h"
#include "wire/pbedit.h"

/* ---- Messages ---- */

/* The same in all messages about messages. */
enum { MESSAGE_ID = 1, MESSAGE_CUSTOMER = 2, MESSAGE_CAMPAIGN = 3, INTENDED_DIGEST = 12 };

static const struct message_type {
	const char *name;
	enum ledger_fact_kind kind;
	uint32_t round; /* the field */
} message_types[] = {
	{"marketing.message.intended", LEDGER_INTENDED, 10},
	{"marketing.message.sent", LEDGER_SENT, 12},
	{"marketing.message.failed", LEDGER_FAILED, 4},
	{"marketing.message.withheld", LEDGER_WITHHELD, 8},
	{"marketing.message.uncertain", LEDGER_UNCERTAIN, 4},
	{"marketing.message.settled", LEDGER_SETTLED, 4},
};

struct message_names {
	struct ledger_place place;
	struct slice id;
	struct slice digest;
};

static bool message_names(
	const struct message_type *type, struct slice data, struct message_names *out)
{
	struct pb_reader reader = pb_read(data);
	struct pb_field field;
	struct message_names names = {.id = {NULL, 0}};
	while (pb_next(&reader, &field)) {
		if (field.number == MESSAGE_ID)
			names.id = pb_text_or_empty(&field);
		else if (field.number == MESSAGE_CUSTOMER)
			names.place.customer = field.integer;
		else if (field.number == type->round)
			names.place.round = (uint32_t)field.integer;
		else if (field.number == INTENDED_DIGEST && type->kind == LEDGER_INTENDED)
			names.digest = pb_text_or_empty(&field);
		else if (field.number == MESSAGE_CAMPAIGN &&
			 field.bytes.len < sizeof(names.place.campaign))
			memcpy(names.place.campaign, field.bytes.data, field.bytes.len);
	}
	*out = names;
	return reader.status == CH_OK && names.id.len > 0 && names.place.campaign[0] != 0;
}

static bool message_has_next(struct book_txn *txn, const struct ledger_place *place)
{
	struct ledger_place next = *place;
	struct slice value;
	struct key key;
	next.round++;
	ledger_place_key(&next, &key);
	return book_get(txn, TABLE_CAMPAIGN_MESSAGES, key_slice(&key), &value) == CH_OK;
}

/* Puts the message on the lists that it belongs on, and takes it off the others. */
static void message_care(struct book_txn *txn, const struct ledger_place *place,
	const struct ledger_message *message)
{
	static const struct {
		char kind;
		enum ledger_state state;
	} kinds[] = {{'o', LEDGER_IS_OPEN}, {'u', LEDGER_IS_UNCERTAIN}, {'r', LEDGER_IS_RESEND}};
	enum ledger_state state = ledger_state(message);
	struct key key;
	if (state == LEDGER_IS_RESEND && message_has_next(txn, place))
		state = LEDGER_NONE; /* it was */
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct slice at = ledger_care_key(&key, kinds[i].kind, place);
		if (kinds[i].state == state)
			book_put(txn, TABLE_CAMPAIGN_CARE, at, SLICE_LITERAL("."));
		else
			book_delete(txn, TABLE_CAMPAIGN_CARE, at);
	}
	if (place->round > 0) {
		struct ledger_place before = *place;
		before.round--;
		book_delete(txn, TABLE_CAMPAIGN_CARE, ledger_care_key(&key, 'r', &before));
	}
}

enum ch_status campaign_fold_message(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const struct message_type *type = NULL;
	struct message_names names;
	struct ledger_message message = {0};
	struct key at;
	struct key key;
	(void)self;
	for (size_t i = 0; i < sizeof(message_types) / sizeof(message_types[0]); i++) {
		if (slice_equal(event->head.type, slice_text(message_types[i].name)))
			type = &message_types[i];
	}
	if (type == NULL)
		return CH_OK;
	/* What no campaign of ours sent is no matter of this ledger. */
	if (!message_names(type, event->head.data, &names))
		return CH_OK;
	enum ledger_fact_kind kind = type->kind;
	const Carehub__V1__MarketingMessageWithheld *withheld = (const void *)event->message;
	if (kind == LEDGER_WITHHELD && withheld->intended != CAREHUB__V1__ANSWER__ANSWER_YES)
		kind = LEDGER_PASSED_OVER;
	ledger_place_key(&names.place, &at);
	enum ch_status status = ledger_facts_add(txn, TABLE_CAMPAIGN_MESSAGES, key_slice(&at),
		message.facts, LEDGER_FACTS, kind, event);
	if (status == CH_OK)
		status = ledger_get(txn, &names.place, &message); /* as it stands now */
	if (status != CH_OK)
		return status;
	message_care(txn, &names.place, &message);
	book_put(txn, TABLE_CAMPAIGN_IDS, ledger_kind_key(&key, 'm', names.id), key_slice(&at));
	if (names.digest.len > 0)
		book_put(txn, TABLE_CAMPAIGN_IDS, ledger_kind_key(&key, 'd', names.digest),
			key_slice(&at));
	return book_status(txn);
}

/* ---- Starts ---- */

static enum ch_status fold_start(struct book_txn *txn, const struct feed_event *event,
	const char *campaign, uint32_t start, size_t kind)
{
	struct ledger_fact facts[2] = {{0}};
	struct key key;
	if (strlen(campaign) >= sizeof(((struct ledger_place *)NULL)->campaign))
		return CH_TOO_LARGE;
	key_start(&key);
	key_text(&key, slice_text(campaign));
	key_u32(&key, start);
	return ledger_facts_add(txn, TABLE_CAMPAIGN_STARTS, key_slice(&key), facts, 2, kind, event);
}

enum ch_status campaign_fold_started(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__MarketingCampaignStarted *started = (const void *)event->message;
	(void)self;
	return fold_start(txn, event, started->campaign_id, started->start, 0);
}

enum ch_status campaign_fold_ended(void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__MarketingCampaignEnded *ended = (const void *)event->message;
	(void)self;
	return fold_start(txn, event, ended->campaign_id, ended->start, 1);
}

/* ---- Answers ---- */

static enum ch_status fold_answer(struct book_txn *txn, const struct feed_event *event, char kind,
	struct slice name, struct slice value)
{
	struct key key;
	struct ledger_fact fact = {true, event->sequence, event->stamp, value};
	struct buffer row = {0};
	(void)ledger_kind_key(&key, kind, name);
	for (size_t i = 0; i < STAMP_BYTES; i++)
		key_byte(&key, event->stamp.bytes[i]);
	ledger_fact_put(&row, 1, &fact);
	if (row.status == CH_OK)
		book_put(txn, TABLE_CAMPAIGN_ANSWERS, key_slice(&key), buffer_slice(&row));
	else
		book_fail(txn, CH_NOMEM);
	buffer_fini(&row);
	return book_status(txn);
}

/* An agent has no link with a token, but the number of his task, which is the message's.  From the website nobody may
 * answer by that: it can be guessed. */
static enum ch_status fold_called_answer(
	struct book_txn *txn, struct slice message_id, char digest[LEDGER_ID_BYTES])
{
	struct ledger_place place;
	struct ledger_message message;
	struct slice known = {NULL, 0};
	enum ch_status status = ledger_by_id(txn, message_id, &place);
	if (status == CH_OK)
		status = ledger_get(txn, &place, &message);
	if (status == CH_OK &&
		pbedit_get_bytes(message.facts[LEDGER_INTENDED].data, INTENDED_DIGEST, &known) &&
		known.len == LEDGER_ID_BYTES - 1)
		memcpy(digest, known.data, known.len);
	return status == CH_NOT_FOUND ? CH_OK : status;
}

/* The words he wrote are personal, and not kept. */
enum ch_status campaign_fold_survey(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__SurveyAnswered *answered = (const void *)event->message;
	char digest[LEDGER_ID_BYTES];
	enum ch_status status = CH_OK;
	(void)self;
	ledger_digest(slice_text(answered->response_id), digest);
	if (slice_equal(event->head.type, SLICE_LITERAL("callcenter.survey.answered")))
		status = fold_called_answer(txn, slice_text(answered->response_id), digest);
	return status == CH_OK ? fold_answer(txn, event, 'a', slice_text(digest), event->head.data)
			       : status;
}

enum ch_status campaign_fold_order(void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__WebsiteOrderPlaced *placed = (const void *)event->message;
	(void)self;
	if (placed->campaign[0] == 0 || placed->test == CAREHUB__V1__ANSWER__ANSWER_YES)
		return CH_OK;
	return fold_answer(
		txn, event, 'b', slice_text(placed->campaign), slice_text(placed->order_id));
}

/* Only those that are ours have such a number. */
static bool is_message_id(const char *id)
{
	return strlen(id) == LEDGER_ID_BYTES - 1 &&
	       strspn(id, "0123456789abcdef") == LEDGER_ID_BYTES - 1;
}

enum ch_status campaign_fold_called(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__CallcenterCallbackDone *done = (const void *)event->message;
	(void)self;
	if (!is_message_id(done->callback_id))
		return CH_OK;
	return fold_answer(txn, event, 'c', slice_text(done->callback_id), SLICE_LITERAL("done"));
}

enum ch_status campaign_fold_not_reached(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__CallcenterCallbackFailed *failed = (const void *)event->message;
	bool given_up = failed->given_up == CAREHUB__V1__ANSWER__ANSWER_YES;
	(void)self;
	if (!is_message_id(failed->callback_id))
		return CH_OK;
	return fold_answer(txn, event, 'c', slice_text(failed->callback_id),
		given_up ? SLICE_LITERAL("given up") : SLICE_LITERAL("not reached"));
}

/* The hub is told whose consent it is: with the event that told us in the journal, and before anything else is sent. */
enum ch_status campaign_fold_unsubscribed(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__WebsiteMessageUnsubscribed *said = (const void *)event->message;
	Carehub__V1__MarketingConsentWithdrawn withdrawn =
		CAREHUB__V1__MARKETING_CONSENT_WITHDRAWN__INIT;
	Carehub__V1__ConsentScope scope = CAREHUB__V1__CONSENT_SCOPE__INIT;
	Carehub__V1__ConsentScope *scopes[] = {&scope};
	struct ledger_place place;
	struct ledger_message message;
	char digest[LEDGER_ID_BYTES];
	char message_id[LEDGER_ID_BYTES];
	char id[VOICE_ID_BYTES];
	(void)self;
	ledger_digest(slice_text(said->token), digest);
	enum ch_status status = ledger_by_digest(txn, slice_text(digest), &place);
	if (status == CH_NOT_FOUND)
		return CH_OK; /* a token of nobody: guessed, or mangled on its way */
	if (status == CH_OK)
		status = ledger_get(txn, &place, &message);
	if (status != CH_OK)
		return status;
	const struct slice intent = message.facts[LEDGER_INTENDED].data;
	Carehub__V1__MarketingMessageIntended *intended =
		carehub__v1__marketing_message_intended__unpack(NULL, intent.len, intent.data);
	if (intended == NULL)
		return CH_CORRUPT;
	scope.purpose = intended->purpose;
	scope.channel = intended->channel;
	carehub__v1__marketing_message_intended__free_unpacked(intended, NULL);
	ledger_message_id(&place, message_id);
	withdrawn.n_scopes = 1;
	withdrawn.scopes = scopes;
	withdrawn.evidence_id = digest;
	withdrawn.customer_number = place.customer;
	withdrawn.message_id = message_id;
	voice_id("withdrawn", (struct slice[]){event->head.source, event->head.id}, 2, id);
	status = fold_answer(txn, event, 'u', slice_text(digest), (struct slice){NULL, 0});
	if (status == CH_OK)
		status = voice_say(txn, &(struct saying){.type = "marketing.consent.withdrawn",
						.id = slice_text(id),
						.time_us = event->occurred_us,
						.cause = event,
						.message = &withdrawn.base});
	return status;
}

/* ---- People ---- */

static struct slice merge_key(struct key *key, uint64_t customer, uint64_t retired)
{
	key_start(key);
	key_u64(key, customer);
	key_u64(key, retired);
	return key_slice(key);
}

enum ch_status campaign_fold_merged(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__CustomerRecordMerged *merged = (const void *)event->message;
	struct key key;
	(void)self;
	book_put(txn, TABLE_CAMPAIGN_MERGES,
		merge_key(&key, merged->customer_number, merged->retired_number),
		SLICE_LITERAL("."));
	return book_status(txn);
}

/* What went out under a number is that number's again.  It may have been retired into one that was retired itself
 * since. */
enum ch_status campaign_fold_unmerged(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__CustomerRecordUnmerged *unmerged = (const void *)event->message;
	uint64_t numbers[1 + LEDGER_RETIRED_MOST] = {unmerged->customer_number};
	size_t count = 0;
	struct key key;
	(void)self;
	enum ch_status status = ledger_retired(
		txn, unmerged->customer_number, numbers + 1, LEDGER_RETIRED_MOST, &count);
	for (size_t i = 0; i <= count && status == CH_OK; i++)
		book_delete(txn, TABLE_CAMPAIGN_MERGES,
			merge_key(&key, numbers[i], unmerged->restored_number));
	return status == CH_OK ? book_status(txn) : status;
}
