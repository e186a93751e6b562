#include "unit/marketing/history_world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "carehub/v1/control.pb-c.h"
#include "carehub/v1/module.pb-c.h"
#include "wire/pbedit.h"

#define HOUR_US INT64_C(3600000000)

uint64_t world_draw(uint64_t *state, uint64_t below)
{
	/* SplitMix64. */
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (z ^ z >> 31) % below;
}

struct world *world_attach(int fd)
{
	struct world *world = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return world != MAP_FAILED ? world : NULL;
}

struct world *world_create(uint64_t seed)
{
	int fd = memfd_create("world", 0); /* open across exec */
	if (fd < 0 || ftruncate(fd, sizeof(struct world)) != 0)
		return NULL;
	struct world *world = world_attach(fd);
	if (world == NULL)
		return NULL;
	world->fd = fd;
	world->random = seed;
	world->server_random = seed * 31 + 7;
	world->now_us = INT64_C(1772438400000000);
	world->kill_in = -1;
	/* Few, so that campaigns meet at the same people; or as many as keep several at work. */
	world->customers = world_draw(&world->random, 2) == 0
				   ? WORLD_CUSTOMERS
				   : 1 + world_draw(&world->random, WORLD_CUSTOMERS);
	return world;
}

void world_free(struct world *world)
{
	(void)close(world->fd);
	(void)munmap(world, sizeof(*world));
}

/* ---- The journal ---- */

static struct world_entry *world_append(struct world *world)
{
	if (world->entries == WORLD_ENTRIES)
		abort();
	struct world_entry *entry = &world->entry[world->entries + 1];
	*entry = (struct world_entry){.arrival_us = world->now_us};
	return entry;
}

/* Only now it is there: whoever dies in between has appended nothing. */
static void world_sync(struct world *world)
{
	__atomic_add_fetch(&world->entries, 1, __ATOMIC_SEQ_CST);
}

void world_put_consent(struct world *world, const struct world_consent *consent)
{
	struct world_entry *entry = world_append(world);
	entry->is_consent = true;
	entry->consent = *consent;
	world_sync(world);
}

struct slice world_event(const struct world *world, uint64_t sequence)
{
	const struct world_entry *entry = &world->entry[sequence];
	if (entry->is_consent || entry->gone)
		return (struct slice){NULL, 0};
	return slice_of(world->bytes + entry->at, entry->len);
}

static bool world_keeps(const struct world *world, const struct envelope *head)
{
	return world->plant != PLANT_DEAF_TO_DOUBT ||
	       !slice_equal(head->type, SLICE_LITERAL("marketing.message.uncertain"));
}

void world_publish(struct world *world, const struct envelope *head, struct ch_receipt *out_receipt)
{
	struct buffer bytes = {0};
	struct envelope event = *head;
	struct envelope known;
	const char *field;
	*out_receipt = (struct ch_receipt){.outcome = CH_OUTCOME_ACCEPTED};
	world_step(world);
	if (world->faulty && world_draw(&world->random, 30) == 0) {
		*out_receipt = (struct ch_receipt){
			.outcome = CH_OUTCOME_RETRY_AFTER, .retry_after_ms = 200};
		return;
	}
	event.source = SLICE_LITERAL(WORLD_SOURCE);
	for (uint64_t i = 1; i <= world->entries; i++) {
		struct slice stored = world_event(world, i);
		if (stored.len == 0 || envelope_parse(stored, &known, &field) != CH_OK ||
			!slice_equal(known.id, event.id))
			continue;
		bool same = known.time_us == event.time_us && slice_equal(known.data, event.data);
		out_receipt->outcome = same ? CH_OUTCOME_DUPLICATE : CH_OUTCOME_CONFLICT;
		out_receipt->sequence = i;
		return;
	}
	envelope_encode(&event, &bytes);
	if (bytes.status != CH_OK || world->used + bytes.len > WORLD_BYTES)
		abort();
	if (world_keeps(world, head)) {
		struct world_entry *entry = world_append(world);
		entry->at = world->used;
		entry->len = (uint32_t)bytes.len;
		memcpy(world->bytes + world->used, bytes.data, bytes.len);
		world->used += (uint32_t)bytes.len;
		world_sync(world);
	}
	out_receipt->sequence = world->entries;
	if (world->faulty && world_draw(&world->random, 30) == 0)
		out_receipt->outcome = CH_OUTCOME_NONE;
	buffer_fini(&bytes);
	world_step(world);
}

/* ---- Operators ---- */

/* They say it again until it is there. */
static void world_tell(
	struct world *world, const char *type, const char *id, const ProtobufCMessage *message)
{
	uint8_t data[512];
	struct ch_receipt receipt;
	size_t len = protobuf_c_message_pack(message, data);
	const struct envelope head = {.id = slice_text(id),
		.source = SLICE_LITERAL(WORLD_SOURCE),
		.type = slice_text(type),
		.time_us = world->now_us,
		.data = slice_of(data, len)};
	do
		world_publish(world, &head, &receipt);
	while (receipt.outcome == CH_OUTCOME_RETRY_AFTER);
}

void world_start(struct world *world, const char *campaign, const char *version)
{
	Carehub__V1__MarketingCampaignStarted started =
		CAREHUB__V1__MARKETING_CAMPAIGN_STARTED__INIT;
	char id[80];
	char name[40];
	char segment[] = "all";
	char digest[40];
	(void)world_standing(world, campaign, &started.start);
	started.start++;
	(void)snprintf(id, sizeof(id), "started/%s/%u", campaign, started.start);
	(void)snprintf(name, sizeof(name), "%s", campaign);
	(void)snprintf(digest, sizeof(digest), "%s", version);
	started.campaign_id = name;
	started.segment_id = segment;
	started.definition_version = digest;
	world_tell(world, "marketing.campaign.started", id, &started.base);
}

void world_stop(struct world *world, const char *campaign)
{
	Carehub__V1__MarketingCampaignEnded ended = CAREHUB__V1__MARKETING_CAMPAIGN_ENDED__INIT;
	char id[80];
	char name[40];
	char reason[] = "stopped";
	(void)world_standing(world, campaign, &ended.start);
	(void)snprintf(id, sizeof(id), "stopped/%s/%u", campaign, ended.start);
	(void)snprintf(name, sizeof(name), "%s", campaign);
	ended.campaign_id = name;
	ended.reason_code = reason;
	world_tell(world, "marketing.campaign.ended", id, &ended.base);
}

static bool world_is(
	const struct world *world, uint64_t sequence, const char *type, struct envelope *out_head)
{
	const char *field;
	struct slice event = world_event(world, sequence);
	return event.len > 0 && envelope_parse(event, out_head, &field) == CH_OK &&
	       slice_equal(out_head->type, slice_text(type));
}

static bool world_names(const struct envelope *head, uint32_t field, const char *text)
{
	struct slice value = {NULL, 0};
	return pbedit_get_bytes(head->data, field, &value) && slice_equal(value, slice_text(text));
}

enum world_standing world_standing(
	const struct world *world, const char *campaign, uint32_t *out_start)
{
	const uint32_t start_field = 2;
	const uint32_t reason_field = 3;
	enum world_standing standing = WORLD_NOT_STARTED;
	uint64_t start = 0;
	for (uint64_t i = 1; i <= world->entries; i++) {
		struct envelope head;
		uint64_t number = 0;
		bool started = world_is(world, i, "marketing.campaign.started", &head);
		if (!started && !world_is(world, i, "marketing.campaign.ended", &head))
			continue;
		if (!world_names(&head, 1, campaign))
			continue;
		(void)pbedit_get_uint(head.data, start_field, &number);
		if (started) {
			start = number;
			standing = WORLD_RUNS;
		} else if (number == start && standing != WORLD_DONE) {
			standing = world_names(&head, reason_field, "stopped") ? WORLD_STOPPED
									       : WORLD_DONE;
		}
	}
	*out_start = (uint32_t)start;
	return standing;
}

unsigned world_intents(const struct world *world, uint64_t customer, unsigned *out_campaigns)
{
	char seen[8][40];
	unsigned messages = 0;
	unsigned count = 0;
	for (uint64_t i = 1; i <= world->entries; i++) {
		struct envelope head;
		struct slice campaign = {NULL, 0};
		uint64_t whose = 0;
		unsigned at = 0;
		if (!world_is(world, i, "marketing.message.intended", &head))
			continue;
		(void)pbedit_get_uint(head.data, 2, &whose);
		(void)pbedit_get_bytes(head.data, 3, &campaign);
		messages += whose == customer;
		while (at < count && !slice_equal(campaign, slice_text(seen[at])))
			at++;
		if (whose == customer && at == count && count < 8)
			(void)snprintf(seen[count++], sizeof(seen[0]), "%.*s", (int)campaign.len,
				(const char *)campaign.data);
	}
	*out_campaigns = count;
	return messages;
}

/* ---- What happens ---- */

static void world_flap(struct world *world)
{
	uint64_t customer = 1 + world_draw(&world->random, world->customers);
	if (world->habits[customer] != HABIT_FLAPS)
		return;
	struct world_consent consent = {.customer = customer,
		.purpose = 1,
		.channel = world_draw(&world->random, 2) == 0 ? 1 : 3,
		.granted = world_draw(&world->random, 2) == 0,
		.occurred_us = world->now_us};
	/* Some come late, and some withdraw all. */
	if (world_draw(&world->random, 5) == 0)
		consent.occurred_us -= (int64_t)world_draw(&world->random, HOUR_US);
	if (!consent.granted && world_draw(&world->random, 3) == 0) {
		consent.channel = 0;
		consent.purpose = (uint8_t)world_draw(&world->random, 2);
	}
	world_put_consent(world, &consent);
}

void world_step(struct world *world)
{
	if (world_draw(&world->random, 1000) < world->flaps)
		world_flap(world);
	if (world->kill_in >= 0 && world->kill_in-- == 0)
		(void)kill(getpid(), SIGKILL);
}

/* ---- Records ---- */

struct states {
	Carehub__V1__ConsentState state[16];
	Carehub__V1__ConsentScope scope[16];
	Carehub__V1__Provenance provenance[16];
	Carehub__V1__ConsentState *list[16];
	size_t count;
};

/* The newest of each scope, by when it happened, as the golden record keeps it. */
static void states_add(
	struct states *states, const struct world_consent *consent, uint64_t sequence)
{
	size_t i = 0;
	while (i < states->count && ((uint8_t)states->scope[i].purpose != consent->purpose ||
					    (uint8_t)states->scope[i].channel != consent->channel))
		i++;
	if (i < states->count && states->provenance[i].occurred_time_us > consent->occurred_us)
		return;
	if (i == states->count)
		states->count++;
	carehub__v1__consent_state__init(&states->state[i]);
	carehub__v1__consent_scope__init(&states->scope[i]);
	carehub__v1__provenance__init(&states->provenance[i]);
	states->list[i] = &states->state[i];
	states->state[i].scope = &states->scope[i];
	states->state[i].provenance = &states->provenance[i];
	states->state[i].granted =
		consent->granted ? CAREHUB__V1__ANSWER__ANSWER_YES : CAREHUB__V1__ANSWER__ANSWER_NO;
	states->scope[i].purpose = (Carehub__V1__ConsentPurpose)consent->purpose;
	states->scope[i].channel = (Carehub__V1__ContactChannel)consent->channel;
	states->provenance[i].sequence = sequence;
	states->provenance[i].occurred_time_us = consent->occurred_us;
}

static bool world_is_intent_for(const struct world *world, uint64_t sequence, uint64_t customer)
{
	struct slice event = world_event(world, sequence);
	struct envelope head;
	const char *field;
	if (event.len == 0 || envelope_parse(event, &head, &field) != CH_OK ||
		!slice_equal(head.type, SLICE_LITERAL("marketing.message.intended")))
		return false;
	Carehub__V1__MarketingMessageIntended *intended =
		carehub__v1__marketing_message_intended__unpack(
			NULL, head.data.len, head.data.data);
	bool his = intended != NULL && intended->customer_number == customer;
	carehub__v1__marketing_message_intended__free_unpacked(intended, NULL);
	return his;
}

void world_reply(struct world *world, uint64_t customer, struct buffer *out)
{
	static char type[] = "marketing.message.intended";
	Carehub__V1__CustomerReply reply = CAREHUB__V1__CUSTOMER_REPLY__INIT;
	Carehub__V1__CustomerView view = CAREHUB__V1__CUSTOMER_VIEW__INIT;
	Carehub__V1__CustomerView *views[] = {&view};
	Carehub__V1__Customer record = CAREHUB__V1__CUSTOMER__INIT;
	Carehub__V1__FieldValue email = CAREHUB__V1__FIELD_VALUE__INIT;
	Carehub__V1__FieldValue phone = CAREHUB__V1__FIELD_VALUE__INIT;
	Carehub__V1__FieldValue *values[] = {&email, &phone};
	Carehub__V1__TimelineEntry lines[64];
	Carehub__V1__TimelineEntry *line[64];
	struct states states = {.count = 0};
	char address[64];
	char number[32];
	uint64_t head = world->entries;
	if (world->plant == PLANT_STALE_RECORDS) {
		for (uint32_t i = 0; i < world->asks; i++) {
			if (world->ask[i].customer == customer) {
				head = world->ask[i].sequence;
				break;
			}
		}
	}
	for (uint64_t i = 1; i <= head; i++) {
		const struct world_entry *entry = &world->entry[i];
		if (entry->is_consent && entry->consent.customer == customer)
			states_add(&states, &entry->consent, i);
		if (view.n_timeline < 64 && world_is_intent_for(world, i, customer)) {
			carehub__v1__timeline_entry__init(&lines[view.n_timeline]);
			lines[view.n_timeline].event_type = type;
			lines[view.n_timeline].arrived_time_us = entry->arrival_us;
			line[view.n_timeline] = &lines[view.n_timeline];
			view.n_timeline++;
		}
	}
	(void)snprintf(address, sizeof(address), "c%llu@example.org", (unsigned long long)customer);
	(void)snprintf(number, sizeof(number), "+86138000000%02llu", (unsigned long long)customer);
	email.field = CAREHUB__V1__CUSTOMER_FIELD__CUSTOMER_FIELD_EMAIL;
	email.value = address;
	phone.field = CAREHUB__V1__CUSTOMER_FIELD__CUSTOMER_FIELD_PHONE;
	phone.value = number;
	record.customer_number = customer;
	record.state = CAREHUB__V1__CUSTOMER_STATE__CUSTOMER_STATE_ACTIVE;
	record.as_of_sequence = world->entries;
	record.n_consents = states.count;
	record.consents = states.list;
	record.n_values = 2;
	record.values = values;
	view.customer = &record;
	view.timeline = line;
	reply.n_customers = 1;
	reply.customers = views;
	size_t len = carehub__v1__customer_reply__get_packed_size(&reply);
	uint8_t *room = buffer_reserve(out, len);
	if (room == NULL)
		abort();
	(void)carehub__v1__customer_reply__pack(&reply, room);
	if (world->asks < WORLD_ASKS) {
		world->ask[world->asks] = (struct world_ask){customer, world->entries};
		__atomic_add_fetch(&world->asks, 1, __ATOMIC_SEQ_CST);
	}
}

bool world_agrees(const struct world *world, uint64_t customer, uint8_t purpose, uint8_t channel,
	uint64_t sequence)
{
	/* Of all that speaks about it, what happened last; of two at once, what came last. */
	bool agrees = false;
	int64_t newest_us = INT64_MIN;
	for (uint64_t i = 1; i <= sequence; i++) {
		const struct world_entry *entry = &world->entry[i];
		const struct world_consent *consent = &entry->consent;
		if (!entry->is_consent || consent->customer != customer)
			continue;
		bool about =
			consent->granted
				? consent->purpose == purpose && consent->channel == channel
				: (consent->purpose == 0 || consent->purpose == purpose) &&
					  (consent->channel == 0 || consent->channel == channel);
		if (about && consent->occurred_us >= newest_us) {
			newest_us = consent->occurred_us;
			agrees = consent->granted;
		}
	}
	return agrees;
}
