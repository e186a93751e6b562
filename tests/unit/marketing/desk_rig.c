#include "unit/marketing/desk_rig.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "carehub/v1/care.pb-c.h"
#include "carehub/v1/control.pb-c.h"
#include "carehub/v1/hub.pb-c.h"
#include "carehub/v1/module.pb-c.h"
#include "module/kit/book_inside.h"
#include "module/kit/voice_inside.h"
#include "module/marketing/book_tables.h"
#include "support/scratch.h"
#include "wire/pbedit.h"
#include "wire/types.h"

#define SOURCE     "/carehub/marketing"
#define START_US   INT64_C(1772438400000000)
#define ROUNDS_MAX 100000

static const struct module_part *const parts[] = {&segments_part, &campaign_part};
static const struct module module = {.program = "carehub-marketing",
	.source = SOURCE,
	.subscription = "marketing",
	.parts = parts,
	.part_count = 2};

/* ---- The hub: journal ---- */

/* The entry that has this source and id; 0: none. */
static uint64_t rig_find(const struct rig *rig, const struct envelope *head)
{
	for (uint64_t i = 1; i <= rig->head; i++) {
		struct envelope known;
		const char *field;
		struct slice event =
			slice_of(rig->bytes.data + rig->entries[i].at, rig->entries[i].len);
		assert_int_equal(envelope_parse(event, &known, &field), CH_OK);
		if (slice_equal(known.id, head->id) && slice_equal(known.source, head->source))
			return i;
	}
	return 0;
}

static uint64_t rig_append(struct rig *rig, const struct envelope *head, uint64_t customer)
{
	uint64_t known = rig_find(rig, head);
	if (known != 0)
		return known;
	assert_true(rig->head < RIG_ENTRIES);
	struct rig_entry *entry = &rig->entries[++rig->head];
	*entry = (struct rig_entry){
		.at = rig->bytes.len, .customer = customer, .arrival_us = ++rig->now_us};
	if (customer != 0 && customer <= RIG_CUSTOMERS &&
		types_match(SLICE_LITERAL("*.consent.withdrawn"), head->type))
		rig->records[customer].withdrawn = true;
	envelope_encode(head, &rig->bytes);
	assert_int_equal(rig->bytes.status, CH_OK);
	entry->len = rig->bytes.len - entry->at;
	return rig->head;
}

static void rig_say(struct rig *rig, const char *source, const char *type, const char *id,
	uint64_t customer, const ProtobufCMessage *message)
{
	struct buffer data = {0};
	size_t len = protobuf_c_message_get_packed_size(message);
	uint8_t *room = buffer_reserve(&data, len + 1);
	assert_non_null(room);
	data.len = protobuf_c_message_pack(message, room);
	(void)rig_append(rig,
		&(struct envelope){.id = slice_text(id),
			.source = slice_text(source),
			.type = slice_text(type),
			.time_us = rig->now_us,
			.data = buffer_slice(&data)},
		customer);
	buffer_fini(&data);
}

void rig_tell(struct rig *rig, const char *type, uint64_t customer, const ProtobufCMessage *message)
{
	char id[32];
	(void)snprintf(id, sizeof(id), "e%llu", (unsigned long long)rig->head + 1);
	rig_say(rig, "/somebody", type, id, customer, message);
}

void rig_know(struct rig *rig, uint64_t customer)
{
	Carehub__V1__CustomerRecordCreated created = CAREHUB__V1__CUSTOMER_RECORD_CREATED__INIT;
	created.customer_number = customer;
	rig->records[customer].there = true;
	rig->records[customer].agrees = true;
	rig_tell(rig, "customer.record.created", customer, &created.base);
}

void rig_merge(struct rig *rig, uint64_t from, uint64_t into)
{
	Carehub__V1__CustomerRecordMerged merged = CAREHUB__V1__CUSTOMER_RECORD_MERGED__INIT;
	merged.customer_number = into;
	merged.retired_number = from;
	rig->records[from].redirect = into;
	rig_tell(rig, "customer.record.merged", into, &merged.base);
}

void rig_unmerge(struct rig *rig, uint64_t from, uint64_t restored)
{
	Carehub__V1__CustomerRecordUnmerged unmerged = CAREHUB__V1__CUSTOMER_RECORD_UNMERGED__INIT;
	unmerged.customer_number = from;
	unmerged.restored_number = restored;
	rig->records[restored].redirect = 0;
	rig_tell(rig, "customer.record.unmerged", from, &unmerged.base);
}

/* How often it was started. */
static uint32_t rig_starts(const struct rig *rig, const char *campaign)
{
	uint32_t starts = 0;
	for (uint64_t i = 1; i <= rig->head; i++) {
		struct envelope head;
		struct slice id = {NULL, 0};
		const char *field;
		struct slice event =
			slice_of(rig->bytes.data + rig->entries[i].at, rig->entries[i].len);
		assert_int_equal(envelope_parse(event, &head, &field), CH_OK);
		starts += slice_equal(head.type, SLICE_LITERAL("marketing.campaign.started")) &&
			  pbedit_get_bytes(head.data, 1, &id) &&
			  slice_equal(id, slice_text(campaign));
	}
	return starts;
}

void rig_start(struct rig *rig, const char *name)
{
	struct problems problems = {0};
	struct campaigns campaigns = {0};
	char id[80];
	char campaign_id[40];
	char segment[] = "all";
	char version[CAMPAIGN_DIGEST_BYTES];
	Carehub__V1__MarketingCampaignStarted started =
		CAREHUB__V1__MARKETING_CAMPAIGN_STARTED__INIT;
	assert_int_equal(campaigns_read(rig->settings.folder, NULL, &problems, &campaigns), CH_OK);
	const struct campaign *campaign = campaigns_find(&campaigns, slice_text(name));
	assert_non_null(campaign);
	memcpy(version, campaign->version, sizeof(version));
	started.start = rig_starts(rig, name) + 1;
	(void)snprintf(id, sizeof(id), "started/%s/%u", name, started.start);
	(void)snprintf(campaign_id, sizeof(campaign_id), "%s", name);
	started.campaign_id = campaign_id;
	started.segment_id = segment;
	started.definition_version = version;
	rig_say(rig, SOURCE, "marketing.campaign.started", id, 0, &started.base);
	campaigns_fini(&campaigns);
	problems_fini(&problems);
}

void rig_stop(struct rig *rig, const char *name)
{
	Carehub__V1__MarketingCampaignEnded ended = CAREHUB__V1__MARKETING_CAMPAIGN_ENDED__INIT;
	char campaign_id[40];
	char reason[] = "stopped";
	char id[80];
	ended.start = rig_starts(rig, name);
	(void)snprintf(id, sizeof(id), "stopped/%s/%u", name, ended.start);
	(void)snprintf(campaign_id, sizeof(campaign_id), "%s", name);
	ended.campaign_id = campaign_id;
	ended.reason_code = reason;
	rig_say(rig, SOURCE, "marketing.campaign.ended", id, 0, &ended.base);
}

void rig_settle(struct rig *rig, const char *campaign, uint64_t customer, const char *verdict)
{
	struct ledger_place place = {.customer = customer};
	char message_id[LEDGER_ID_BYTES];
	char name[40];
	char word[16];
	char id[80];
	Carehub__V1__MarketingMessageSettled settled = CAREHUB__V1__MARKETING_MESSAGE_SETTLED__INIT;
	(void)snprintf(place.campaign, sizeof(place.campaign), "%s", campaign);
	ledger_message_id(&place, message_id);
	(void)snprintf(name, sizeof(name), "%s", campaign);
	(void)snprintf(word, sizeof(word), "%s", verdict);
	(void)snprintf(id, sizeof(id), "settled/%s", message_id);
	settled.message_id = message_id;
	settled.customer_number = customer;
	settled.campaign_id = name;
	settled.verdict = word;
	rig_say(rig, SOURCE, "marketing.message.settled", id, customer, &settled.base);
}

static bool rig_is(const struct rig *rig, uint64_t sequence, const char *type)
{
	struct envelope head;
	const char *field;
	const struct rig_entry *entry = &rig->entries[sequence];
	struct slice event = slice_of(rig->bytes.data + entry->at, entry->len);
	assert_int_equal(envelope_parse(event, &head, &field), CH_OK);
	return slice_equal(head.type, slice_text(type));
}

unsigned rig_said(const struct rig *rig, const char *type)
{
	unsigned count = 0;
	for (uint64_t i = 1; i <= rig->head; i++)
		count += rig_is(rig, i, type);
	return count;
}

bool rig_has_said(const struct rig *rig, const char *type, const char *text)
{
	struct slice wanted = slice_text(text);
	for (uint64_t i = 1; i <= rig->head; i++) {
		const struct rig_entry *entry = &rig->entries[i];
		if (!rig_is(rig, i, type))
			continue;
		for (size_t at = entry->at; at + wanted.len <= entry->at + entry->len; at++) {
			if (memcmp(rig->bytes.data + at, wanted.data, wanted.len) == 0)
				return true;
		}
	}
	return false;
}

/* ---- The hub: records ---- */

/* Purpose 0: of everything, withdrawn. */
static void rig_consent(Carehub__V1__ConsentState *state, Carehub__V1__ConsentScope *scope,
	Carehub__V1__ConsentPurpose purpose, Carehub__V1__ContactChannel channel)
{
	carehub__v1__consent_state__init(state);
	carehub__v1__consent_scope__init(scope);
	scope->purpose = purpose;
	scope->channel = channel;
	state->scope = scope;
	state->granted =
		purpose != 0 ? CAREHUB__V1__ANSWER__ANSWER_YES : CAREHUB__V1__ANSWER__ANSWER_NO;
}

static enum ch_status rig_ask(void *context, struct ch_connection *connection, uint64_t customer,
	struct buffer *out_reply)
{
	struct rig *rig = context;
	const struct rig_record *told = customer <= RIG_CUSTOMERS ? &rig->records[customer] : NULL;
	Carehub__V1__CustomerReply reply = CAREHUB__V1__CUSTOMER_REPLY__INIT;
	Carehub__V1__CustomerView view = CAREHUB__V1__CUSTOMER_VIEW__INIT;
	Carehub__V1__CustomerView *views[] = {&view};
	Carehub__V1__Customer record = CAREHUB__V1__CUSTOMER__INIT;
	Carehub__V1__FieldValue email = CAREHUB__V1__FIELD_VALUE__INIT;
	Carehub__V1__FieldValue phone = CAREHUB__V1__FIELD_VALUE__INIT;
	Carehub__V1__FieldValue name = CAREHUB__V1__FIELD_VALUE__INIT;
	Carehub__V1__Name full = CAREHUB__V1__NAME__INIT;
	Carehub__V1__FieldValue *values[] = {&email, &phone, &name};
	Carehub__V1__ConsentState states[4];
	Carehub__V1__ConsentScope scopes[4];
	Carehub__V1__ConsentState *list[] = {&states[0], &states[1], &states[2], &states[3]};
	static char type[] = "marketing.message.intended";
	Carehub__V1__TimelineEntry lines[64];
	Carehub__V1__TimelineEntry *line[64];
	char address[128];
	char number[32];
	(void)connection;
	rig->asked++;
	if (rig->deaf)
		return CH_TIMEOUT;
	if (customer != 0 && rig->deaf_to == customer)
		return CH_DENIED;
	if (told == NULL || !told->there)
		return CH_NOT_FOUND;
	(void)snprintf(address, sizeof(address), "c%llu@example.org", (unsigned long long)customer);
	(void)snprintf(number, sizeof(number), "+861380000%04llu", (unsigned long long)customer);
	if (told->email[0] != 0)
		(void)snprintf(address, sizeof(address), "%s", told->email);
	if (told->phone[0] != 0)
		(void)snprintf(number, sizeof(number), "%s", told->phone);
	email.field = CAREHUB__V1__CUSTOMER_FIELD__CUSTOMER_FIELD_EMAIL;
	email.value = address;
	phone.field = CAREHUB__V1__CUSTOMER_FIELD__CUSTOMER_FIELD_PHONE;
	phone.value = number;
	rig_consent(&states[0], &scopes[0], CAMPAIGN_PURPOSE(MARKETING), CAMPAIGN_CHANNEL(EMAIL));
	rig_consent(&states[1], &scopes[1], CAMPAIGN_PURPOSE(MARKETING), CAMPAIGN_CHANNEL(PHONE));
	rig_consent(&states[2], &scopes[2], CAMPAIGN_PURPOSE(RESEARCH), CAMPAIGN_CHANNEL(PHONE));
	rig_consent(&states[3], &scopes[3], 0, 0);
	record.customer_number = customer;
	record.state = told->redirect != 0 ? CAREHUB__V1__CUSTOMER_STATE__CUSTOMER_STATE_MERGED
					   : CAREHUB__V1__CUSTOMER_STATE__CUSTOMER_STATE_ACTIVE;
	record.redirect_to = told->redirect;
	record.as_of_sequence = rig->head;
	record.n_consents = told->withdrawn ? 4 : told->agrees ? 3 : 0;
	record.consents = list;
	name.field = CAREHUB__V1__CUSTOMER_FIELD__CUSTOMER_FIELD_NAME;
	name.name = &full;
	if (told->name != NULL)
		full.full = told->name;
	record.n_values = told->name != NULL ? 3 : 2;
	record.values = values;
	view.customer = &record;
	view.timeline = line;
	for (uint64_t i = rig->head; i >= 1 && view.n_timeline < 64; i--) {
		if (rig->entries[i].customer != customer || !rig_is(rig, i, type))
			continue;
		carehub__v1__timeline_entry__init(&lines[view.n_timeline]);
		lines[view.n_timeline].event_type = type;
		lines[view.n_timeline].arrived_time_us = rig->entries[i].arrival_us;
		line[view.n_timeline] = &lines[view.n_timeline];
		view.n_timeline++;
	}
	reply.n_customers = 1;
	reply.customers = views;
	uint8_t *room =
		buffer_reserve(out_reply, carehub__v1__customer_reply__get_packed_size(&reply));
	assert_non_null(room);
	(void)carehub__v1__customer_reply__pack(&reply, room);
	return CH_OK;
}

/* ---- The mail server ---- */

/* The server's threads ask for it while the test goes on. */
static pthread_mutex_t fault_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t fault_change = PTHREAD_COND_INITIALIZER;

void rig_fault(struct rig *rig, struct smtp_fault fault)
{
	(void)pthread_mutex_lock(&fault_lock);
	rig->fault = fault;
	(void)pthread_mutex_unlock(&fault_lock);
}

void rig_stall(struct rig *rig, bool stalled)
{
	(void)pthread_mutex_lock(&fault_lock);
	rig->stalled = stalled;
	(void)pthread_cond_broadcast(&fault_change);
	(void)pthread_mutex_unlock(&fault_lock);
}

static struct smtp_fault rig_plan(void *context, uint64_t mail)
{
	const struct rig *rig = context;
	(void)mail;
	(void)pthread_mutex_lock(&fault_lock);
	while (rig->stalled)
		(void)pthread_cond_wait(&fault_change, &fault_lock);
	struct smtp_fault fault = rig->fault;
	(void)pthread_mutex_unlock(&fault_lock);
	return fault;
}

struct mail_count {
	const char *address;
	unsigned count;
};

static void rig_look(void *context, const struct smtp_mail *mail)
{
	struct mail_count *count = context;
	count->count += count->address == NULL || strcmp(count->address, mail->to) == 0;
}

unsigned rig_mails(struct rig *rig, const char *address)
{
	struct mail_count count = {address, 0};
	(void)smtp_server_mails(rig->server, rig_look, &count);
	return count.count;
}

/* ---- The module ---- */

static bool rig_fold(struct rig *rig)
{
	struct book_txn *txn;
	uint64_t to = rig->state.position + 64 < rig->head ? rig->state.position + 64 : rig->head;
	if (rig->state.position == rig->head)
		return false;
	assert_int_equal(book_begin(rig->book, true, &txn), CH_OK);
	for (uint64_t i = rig->state.position + 1; i <= to; i++) {
		const struct rig_entry *entry = &rig->entries[i];
		const struct ch_delivery delivery = {.sequence = i,
			.last = true,
			.arrival_us = entry->arrival_us,
			.customer = entry->customer,
			.event = {rig->bytes.data + entry->at, entry->len}};
		assert_int_equal(
			router_fold(rig->router, txn, &delivery, true, &rig->state), CH_OK);
	}
	rig->state.position = to;
	feed_state_write(txn, &rig->state);
	assert_int_equal(router_settle(rig->router, txn, to == rig->head), CH_OK);
	assert_int_equal(book_commit(txn), CH_OK);
	return true;
}

static bool rig_speak(struct rig *rig)
{
	struct utterance utterances[16];
	struct book_txn *txn;
	size_t count = 0;
	int64_t due_us;
	if (rig->mute)
		return false;
	arena_reset(&rig->arena);
	assert_int_equal(book_begin(rig->book, true, &txn), CH_OK);
	assert_int_equal(
		voice_due(txn, rig->now_us, &rig->arena, utterances, 16, &count, &due_us), CH_OK);
	for (size_t i = 0; i < count; i++) {
		struct envelope head = utterances[i].head;
		head.source = SLICE_LITERAL(SOURCE);
		uint64_t customer = 0;
		struct ch_receipt receipt = {.outcome = CH_OUTCOME_REFUSED};
		if (slice_starts(head.type, SLICE_LITERAL("marketing.message.")))
			(void)pbedit_get_uint(head.data, 2, &customer);
		else if (slice_equal(head.type, SLICE_LITERAL("marketing.consent.withdrawn")))
			(void)pbedit_get_uint(head.data, 3, &customer);
		if (rig->late != NULL && slice_equal(head.type, slice_text(rig->late))) {
			receipt.outcome = CH_OUTCOME_NONE;
			buffer_clear(&rig->on_its_way);
			envelope_encode(&head, &rig->on_its_way);
		} else if (rig->refuses == NULL ||
			   !slice_equal(head.type, slice_text(rig->refuses)))
			receipt = (struct ch_receipt){.outcome = CH_OUTCOME_ACCEPTED,
				.sequence = rig_append(rig, &head, customer)};
		else if (rig->quarantines)
			receipt.sequence = rig->head;
		voice_answered(txn, &utterances[i],
			receipt.outcome == CH_OUTCOME_ACCEPTED ? CH_OK : CH_DENIED, &receipt,
			rig->now_us);
	}
	assert_int_equal(book_commit(txn), CH_OK);
	return count > 0;
}

void rig_arrive(struct rig *rig)
{
	struct envelope head;
	const char *field;
	assert_int_equal(envelope_parse(buffer_slice(&rig->on_its_way), &head, &field), CH_OK);
	(void)rig_append(rig, &head, 0);
	rig->late = NULL;
}

/* In ms, when the parts want to be called again. */
static int64_t rig_tend(struct rig *rig)
{
	int64_t again_ms = 1000;
	for (size_t i = 0; i < 2; i++) {
		struct module_turn turn = {.book = rig->book,
			.connection = (struct ch_connection *)rig, /* nobody looks into it */
			.now_us = rig->now_us,
			.feed = rig->state,
			.again_ms = -1};
		assert_int_equal(parts[i]->tend(rig->selves[i], &turn), CH_OK);
		if (turn.again_ms >= 0 && turn.again_ms < again_ms)
			again_ms = turn.again_ms;
	}
	return again_ms;
}

void rig_run(struct rig *rig, int64_t ms)
{
	int64_t until_us = rig->now_us + ms * 1000;
	for (int round = 0; rig->now_us < until_us; round++) {
		assert_true(round < ROUNDS_MAX);
		bool moved = rig_fold(rig);
		moved = rig_speak(rig) || moved;
		int64_t again_ms = rig_tend(rig);
		if (again_ms == 2) { /* a mail is under way */
			/* By no clock that goes faster than the server's: it may be a busy machine. */
			const struct timespec moment = {0, 200000};
			(void)nanosleep(&moment, NULL);
			rig->now_us += 100;
		} else {
			rig->now_us += moved || again_ms == 0 ? 1000 : again_ms * 1000;
		}
	}
}

enum ledger_state rig_state(struct rig *rig, const char *campaign, uint64_t customer)
{
	struct ledger_place place;
	struct ledger_message message;
	struct book_txn *txn;
	assert_int_equal(book_begin(rig->book, false, &txn), CH_OK);
	enum ch_status status = ledger_newest(txn, campaign, customer, &place, &message);
	enum ledger_state state = status == CH_OK ? ledger_state(&message) : LEDGER_NONE;
	book_abort(txn);
	return state;
}

void rig_reason(struct rig *rig, const char *campaign, uint64_t customer, char out[32])
{
	static const enum ledger_fact_kind kinds[] = {
		LEDGER_FAILED, LEDGER_WITHHELD, LEDGER_UNCERTAIN, LEDGER_PASSED_OVER};
	const uint32_t reason_field = 6;
	struct ledger_place place;
	struct ledger_message message;
	struct slice reason = {NULL, 0};
	struct book_txn *txn;
	assert_int_equal(book_begin(rig->book, false, &txn), CH_OK);
	assert_int_equal(ledger_newest(txn, campaign, customer, &place, &message), CH_OK);
	for (size_t i = 0; i < 4 && reason.len == 0; i++)
		(void)pbedit_get_bytes(message.facts[kinds[i]].data, reason_field, &reason);
	(void)snprintf(out, 32, "%.*s", (int)reason.len, (const char *)reason.data);
	book_abort(txn);
}

/* ---- Life ---- */

static const char *rig_path(const struct rig *rig, const char *name, char out[160])
{
	(void)snprintf(out, 160, "%s/%s", rig->folder, name);
	return out;
}

void rig_write(struct rig *rig, const char *name, const char *text)
{
	char path[160];
	assert_int_equal(file_replace(rig_path(rig, name, path), slice_text(text), 0600), CH_OK);
}

static void rig_open_parts(struct rig *rig, void *selves[2])
{
	struct problems problems = {0};
	assert_int_equal(segments_part.open(&rig->segments, NULL, &problems, &selves[0]), CH_OK);
	assert_int_equal(campaign_part_open_with(&rig->settings,
				 &(struct desk_ports){rig, rig_ask, campaign_ports.member},
				 rig->metrics, &problems, &selves[1]),
		CH_OK);
	problems_fini(&problems);
}

static void rig_close_parts(void *selves[2])
{
	campaign_part.close(selves[1]);
	segments_part.close(selves[0]);
}

/* The parts look into the book, of which nothing is known. */
static void rig_begin_parts(struct rig *rig, bool wipe)
{
	struct book_txn *txn;
	assert_int_equal(book_begin(rig->book, true, &txn), CH_OK);
	if (wipe) {
		voice_keep_ids(txn);
		book_wipe(txn);
	}
	assert_int_equal(feed_state_read(txn, &rig->state), CH_OK);
	assert_int_equal(router_begin(rig->router, txn), CH_OK);
	assert_int_equal(book_commit(txn), CH_OK);
	/* The past first: nothing is said or done before. */
	while (rig_fold(rig))
		;
}

void rig_begin(struct rig *rig)
{
	const struct book_form form = {.directory = rig->paths[0],
		.tables = marketing_tables,
		.table_count = MARKETING_TABLES,
		.version = 1,
		.map_bytes = 1 << 22};
	assert_int_equal(book_open(&form, BOOK_WRITE, &rig->book), CH_OK);
	rig->metrics = metrics_create();
	assert_non_null(rig->metrics);
	rig_open_parts(rig, rig->selves);
	assert_int_equal(router_create(&module, rig->selves, &rig->router), CH_OK);
	arena_init(&rig->arena);
	rig_begin_parts(rig, false);
}

void rig_end(struct rig *rig)
{
	rig_close_parts(rig->selves);
	router_free(rig->router);
	metrics_free(rig->metrics);
	arena_fini(&rig->arena);
	book_close(rig->book);
	rig->book = NULL;
}

void rig_reload(struct rig *rig)
{
	void *selves[2];
	struct router *router;
	rig_open_parts(rig, selves);
	rig_close_parts(rig->selves);
	router_free(rig->router);
	memcpy(rig->selves, selves, sizeof(selves));
	assert_int_equal(router_create(&module, rig->selves, &router), CH_OK);
	rig->router = router;
	rig_begin_parts(rig, false);
}

void rig_restore(struct rig *rig, uint64_t head)
{
	rig->head = head;
	rig_begin_parts(rig, true);
}

void rig_open(struct rig *rig, const char *definitions)
{
	static char host[] = "127.0.0.1";
	static char hello[] = "care.example";
	static char from[] = "care@example.com";
	static char link[] = "https://www.example.com/no?t=";
	static char currency[] = "CNY";
	static char zone[] = "UTC";
	static const char *const files[] = {
		"book", "token", "campaigns", "definitions", "password"};
	memset(rig, 0, sizeof(*rig));
	rig->now_us = START_US;
	scratch_make(rig->folder, "desk");
	for (size_t i = 0; i < 5; i++)
		(void)snprintf(
			rig->paths[i], sizeof(rig->paths[i]), "%s/%s", rig->folder, files[i]);
	assert_int_equal(file_make_dirs(rig->paths[2], 0700), CH_OK);
	rig_write(rig, "token", "a secret of many characters");
	rig_write(rig, "definitions", definitions);
	rig_write(rig, "campaigns/spring.conf",
		"[campaign]\nsegment = all\npurpose = marketing\nchannel = email\n"
		"text = spring.txt\nends = 2027-01-01T00:00:00Z\nrepeat = 1m\n");
	rig_write(rig, "campaigns/spring.txt", "Subject: 您好\n\n{{name|客户}} {{unsubscribe}}\n");
	rig_write(rig, "campaigns/calls.conf",
		"[campaign]\nsegment = all\npurpose = marketing\nchannel = phone\n"
		"text = calls.txt\n");
	rig_write(rig, "campaigns/calls.txt", "Ask {{name|him}}.\n");
	rig->server = smtp_server_start(rig_plan, rig);
	assert_non_null(rig->server);
	rig->segments = (struct segments_config){rig->paths[3], currency, zone};
	rig->settings = (struct campaign_settings){.folder = rig->paths[2],
		.token_key_file = rig->paths[1],
		.unsubscribe_link = link,
		.cap_days = 30,
		.host = host,
		.port = smtp_server_port(rig->server),
		.tls = MAIL_TLS_NONE,
		.hello = hello,
		.lines = 2,
		.connect_ms = 2000,
		.reply_ms = 2000,
		.total_ms = 4000,
		.from = from,
		.retry_ms = 1000,
		.patience_ms = INT64_C(7) * 86400000};
	rig_begin(rig);
}

void rig_close(struct rig *rig)
{
	rig_stall(rig, false); /* what a failed test left */
	rig_end(rig);
	smtp_server_stop(rig->server);
	buffer_fini(&rig->bytes);
	buffer_fini(&rig->on_its_way);
	scratch_remove(rig->folder);
}
