/* Deciding and folding: identity of events, quarantine, promises, and that nothing else has a say. */
#include "world.h"

#include "base/bytes.h"
#include "wire/pbedit.h"

#define SALE .type = "pos.sale.completed"

static void test_the_same_event_is_taken_once(void **state)
{
	struct world world;
	struct told sale = {.id = "1", SALE, .phone = "13912345678", .time_us = WORLD_START_US};
	(void)state;
	world_open(&world);
	world_tell(&world, sale);
	uint64_t first = world.sequence;
	for (int i = 0; i < 3; i++) {
		const struct decision *again = world_tell(&world, sale);
		assert_int_equal(again->verdict, DECIDED_KNOWN);
		assert_int_equal(again->reason, CH_DUPLICATE);
		assert_int_equal(again->first_sequence, first);
	}
	assert_int_equal(world.sequence, first);
	/* The same id from another source is another event. */
	sale.source = "urn:other";
	assert_int_equal(world_tell(&world, sale)->reason, CH_OK);
	world_close(&world);
}

static void test_the_same_id_with_other_bytes_is_a_conflict(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	world_tell(&world, (struct told){.id = "1", SALE, .phone = "13912345678"});
	uint64_t first = world.sequence;
	struct told other = {
		.id = "1", SALE, .phone = "13800001111", .time_us = WORLD_START_US + 5};
	const struct decision *conflict = world_tell(&world, other);
	assert_int_equal(conflict->verdict, DECIDED_ENTRY);
	assert_int_equal(conflict->reason, CH_CONFLICT);
	assert_int_equal(conflict->entry.outcome, ENTRY_CONFLICT);
	assert_int_equal(conflict->first_sequence, first);
	assert_true(world_derived(&world, "hub.event.conflicted"));
	/* Sent again it is the same conflict, and no second entry. */
	uint64_t head = world.sequence;
	assert_int_equal(world_tell(&world, other)->reason, CH_CONFLICT);
	assert_int_equal(world.last.verdict, DECIDED_KNOWN);
	assert_int_equal(world.sequence, head);
	world_close(&world);
}

static void test_what_is_wrong_is_kept_and_its_id_stays_free(void **state)
{
	struct world world;
	struct buffer item = {0};
	uint8_t key[9] = {'s'};
	(void)state;
	world_open(&world);
	struct told bad = {
		.id = "1", SALE, .time_us = WORLD_START_US, .data = SLICE_LITERAL("\x0a\x00")};
	const struct decision *refused = world_tell(&world, bad);
	assert_int_equal(refused->entry.outcome, ENTRY_QUARANTINED);
	assert_int_equal(refused->reason, CH_MISSING);
	assert_string_equal(refused->field, "transaction.ref.store_id");
	uint64_t quarantined = world.sequence;
	struct slice told;
	uint64_t where = 0;
	assert_true(world_derived_data(&world, "hub.event.quarantined", &told));
	assert_true(pbedit_get_uint(told, 2, &where) && where == quarantined);
	assert_int_equal(world_tell(&world, bad)->verdict, DECIDED_KNOWN);
	assert_int_equal(world.last.first_sequence, quarantined);
	/* Corrected under the same id it is taken, and what it corrects is released. */
	assert_int_equal(
		world_tell(&world, (struct told){.id = "1", SALE, .releases = quarantined})->reason,
		CH_OK);
	assert_true(world_derived_data(&world, "hub.event.released", &told));
	assert_true(pbedit_get_uint(told, 2, &where) && where == quarantined);
	assert_true(pbedit_get_uint(told, 3, &where) && where == world.sequence);
	store_be64(key + 1, quarantined);
	assert_int_equal(
		world_get(&world, TABLE_QUARANTINE, slice_of(key, sizeof(key)), &item), CH_OK);
	assert_int_equal(item.data[0], 2);
	buffer_fini(&item);
	world_close(&world);
}

/* An operator mends what somebody else has said: it means what it would have meant from him. */
static void test_a_correction_is_decided_as_its_publishers(void **state)
{
	struct world world;
	struct told bad = {.id = "1", SALE, .peer = "kowloon", .data = SLICE_LITERAL("\x0a\x00")};
	struct told good = {
		.id = "1", SALE, .peer = "kowloon", .corrected_by = "desk", .phone = "23456789"};
	(void)state;
	world_open(&world);
	world_set(&world, "peer.desk.assurance=verified\npeer.desk.region=CN\n"
			  "peer.kowloon.region=HK\n");
	assert_int_equal(world_tell(&world, bad)->reason, CH_MISSING);
	good.releases = world.sequence;
	uint64_t chan = world_file(&world, good);
	assert_true(slice_equal(world.last.entry.peer, SLICE_LITERAL("kowloon")));
	assert_true(slice_equal(world.last.entry.corrected_by, SLICE_LITERAL("desk")));
	assert_true(world.last.entry.refers_to == good.releases);
	/* His region, and claimed as he claims: the desk's verified number finds somebody else. */
	struct told later = {.id = "2", SALE, .peer = "kowloon", .phone = "+852 2345 6789"};
	assert_true(world_file(&world, later) == chan);
	later.id = "3";
	later.peer = "desk";
	assert_true(world_file(&world, later) != chan);
	world_close(&world);
}

static void test_a_correction_can_fail_too(void **state)
{
	struct world world;
	struct told bad = {.id = "1", SALE, .peer = "web", .data = SLICE_LITERAL("\x0a\x00")};
	(void)state;
	world_open(&world);
	world_tell(&world, bad);
	uint64_t first = world.sequence;
	bad.data = SLICE_LITERAL("\x0a\x02\x0a\x00");
	bad.releases = first;
	bad.corrected_by = "ops";
	assert_int_equal(world_tell(&world, bad)->entry.outcome, ENTRY_QUARANTINED);
	/* Kept as what it is: his words no more, yet his to be corrected once more. */
	assert_true(slice_equal(world.last.entry.peer, SLICE_LITERAL("web")));
	assert_true(slice_equal(world.last.entry.corrected_by, SLICE_LITERAL("ops")));
	assert_true(world.last.entry.refers_to == first);
	/* He was faster, with other content: the conflict names the entry that has the id. */
	world_tell(&world, (struct told){.id = "1", SALE, .peer = "web"});
	uint64_t taken = world.sequence;
	world_tell(&world, (struct told){.id = "1",
				   SALE,
				   .peer = "web",
				   .corrected_by = "ops",
				   .releases = first,
				   .time_us = WORLD_START_US + 5});
	assert_int_equal(world.last.entry.outcome, ENTRY_CONFLICT);
	assert_true(world.last.entry.refers_to == taken);
	world_close(&world);
}

static void test_refusals_say_what_and_where(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	assert_int_equal(
		world_tell(&world, (struct told){.id = "1", .type = "pos.sale.eaten"})->reason,
		CH_UNKNOWN_TYPE);
	assert_string_equal(world.last.field, "type");
	/* What the hub says itself, nobody else may say. */
	assert_int_equal(
		world_tell(&world, (struct told){.id = "2", .type = "customer.record.created"})
			->reason,
		CH_DENIED);
	assert_int_equal(world_tell(&world,
				 (struct told){.id = "3", SALE, .data = SLICE_LITERAL("\xff\xff")})
				 ->reason,
		CH_FORMAT);
	assert_string_equal(world.last.field, "data");
	assert_int_equal(
		world_tell(&world, (struct told){.id = "4", SALE, .name = "\xff\xfe"})->reason,
		CH_FORMAT);
	assert_string_equal(world.last.field, "customer.name.full");
	/* No id: not even kept. */
	assert_int_equal(
		world_tell(&world, (struct told){.id = "", SALE})->verdict, DECIDED_REFUSED);
	world_close(&world);
}

static void test_a_wrong_clock_is_corrected_and_never_refused(void **state)
{
	struct world world;
	const int64_t day = INT64_C(86400000000);
	(void)state;
	world_open(&world);
	/* The station's clock is 400 days behind: an hour before it sent, by its own clock. */
	world_tell(&world, (struct told){.id = "1",
				   SALE,
				   .time_us = WORLD_START_US - 400 * day - 3600000000,
				   .sent_us = WORLD_START_US - 400 * day});
	assert_int_equal(world.last.entry.occurred_us, world.now_us - 3600000000);
	/* In the year 2099 by its clock, and nothing to correct it with: then it is now. */
	world_tell(&world, (struct told){.id = "2", SALE, .time_us = WORLD_START_US + 26000 * day});
	assert_int_equal(world.last.reason, CH_OK);
	assert_int_equal(world.last.entry.occurred_us, world.now_us);
	world_close(&world);
}

/* ---- The record ---- */

static struct buffer world_customer(struct world *world, uint64_t number)
{
	struct rtxn *rtxn;
	struct buffer message = {0};
	assert_int_equal(rtxn_begin(world->state, &rtxn), CH_OK);
	assert_int_equal(view_customer(rtxn, number, &message), CH_OK);
	rtxn_end(rtxn);
	return message;
}

/* The value of a field, as text; the first of several. */
static void assert_value(struct world *world, uint64_t number, uint64_t field, const char *text)
{
	struct buffer message = world_customer(world, number);
	struct pb_reader reader = pb_read(buffer_slice(&message));
	struct pb_field at;
	bool found = false;
	while (pb_next(&reader, &at)) {
		uint64_t is = 0;
		struct slice value = {NULL, 0};
		if (at.number != 100 || found)
			continue;
		(void)pbedit_get_uint(at.bytes, 1, &is);
		(void)pbedit_get_bytes(at.bytes, 2, &value);
		found = is == field;
		if (found)
			assert_memory_equal(value.data, text, strlen(text));
	}
	assert_true(found);
	buffer_fini(&message);
}

static void test_the_later_of_two_values_survives(void **state)
{
	struct world world;
	const int64_t day = INT64_C(86400000000);
	(void)state;
	world_open(&world);
	uint64_t wang = world_file(
		&world, (struct told){.id = "1", SALE, .card = "M-100", .address = "南京路 1"});
	world_file(&world, (struct told){.id = "2", SALE, .card = "M-100", .address = "北京路 2"});
	assert_value(&world, wang, 4, "北京路 2");
	/* Told late about an earlier time: it does not win. */
	world_file(&world, (struct told){.id = "3",
				   SALE,
				   .card = "M-100",
				   .address = "天津路 3",
				   .time_us = WORLD_START_US - day});
	assert_value(&world, wang, 4, "北京路 2");
	/* Claimed never beats verified. */
	world_file(&world, (struct told){.id = "4",
				   SALE,
				   .peer = "web",
				   .card = "M-100",
				   .assurance = 1,
				   .address = "上海路 4"});
	assert_value(&world, wang, 4, "北京路 2");
	world_close(&world);
}

static void test_a_form_of_address_is_no_name(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	uint64_t wang = world_file(
		&world, (struct told){.id = "1", SALE, .phone = "13912345678", .name = "王先生"});
	assert_value(&world, wang, 1, "||王先生");
	world_file(&world, (struct told){.id = "2", SALE, .phone = "13912345678", .name = "王伟"});
	assert_value(&world, wang, 1, "||王伟");
	world_file(
		&world, (struct told){.id = "3", SALE, .phone = "13912345678", .name = "王先生"});
	assert_value(&world, wang, 1, "||王伟");
	world_close(&world);
}

static void test_everything_is_filed_under_one_number(void **state)
{
	struct world world;
	uint8_t prefix[8];
	(void)state;
	world_open(&world);
	uint64_t wang = world_file(&world, (struct told){.id = "1", SALE, .card = "M-100"});
	for (int i = 0; i < 39; i++) {
		char id[8];
		snprintf(id, sizeof(id), "s%d", i);
		world_file(&world, (struct told){.id = id, SALE, .card = "M-100"});
	}
	/* Two full pages behind the newest lines. */
	assert_int_equal(
		world_count(&world, TABLE_TIMELINE, slice_of(prefix, key_activity(prefix, wang))),
		2);
	struct buffer lines = {0};
	struct rtxn *rtxn;
	assert_int_equal(rtxn_begin(world.state, &rtxn), CH_OK);
	assert_int_equal(view_timeline(rtxn, wang, 30, 1, &lines), CH_OK);
	rtxn_end(rtxn);
	/* Newest first, without a hole, and no more than asked. */
	struct pb_reader reader = pb_read(buffer_slice(&lines));
	struct pb_field line;
	uint64_t expected = world.sequence;
	unsigned count = 0;
	while (pb_next(&reader, &line)) {
		uint64_t sequence = 0;
		assert_true(pbedit_get_uint(line.bytes, 1, &sequence));
		assert_int_equal(sequence, expected--);
		count++;
	}
	assert_int_equal(count, 30);
	buffer_fini(&lines);
	world_close(&world);
}

static void test_consent_is_closed_when_in_doubt(void **state)
{
	struct world world;
	struct buffer message;
	(void)state;
	world_open(&world);
	/* ConsentScope {purpose = 1, channel = 3}, and one that names no channel. */
	struct slice given = SLICE_LITERAL("\x0a\x04\x08\x01\x10\x03\x0a\x02\x08\x02");
	uint64_t wang = world_file(&world,
		(struct told){
			.id = "1", .type = "pos.consent.given", .card = "M-100", .data = given});
	message = world_customer(&world, wang);
	unsigned consents = 0;
	struct pb_reader reader = pb_read(buffer_slice(&message));
	struct pb_field field;
	while (pb_next(&reader, &field))
		consents += field.number == 11;
	assert_int_equal(consents, 1);
	buffer_fini(&message);
	world_close(&world);
}

/* "given 1/3 until 2026-05-01 by v2; withdrawn 1/3; " */
static const char *consents_of(struct world *world, uint64_t number)
{
	static char text[400];
	struct buffer message = world_customer(world, number);
	struct pb_reader reader = pb_read(buffer_slice(&message));
	struct pb_field field;
	text[0] = 0;
	while (pb_next(&reader, &field)) {
		uint64_t purpose = 0;
		uint64_t channel = 0;
		uint64_t answer = 0;
		struct slice scope = {NULL, 0};
		struct slice policy = {NULL, 0};
		struct slice expiry = {NULL, 0};
		if (field.number != 11)
			continue;
		(void)pbedit_get_bytes(field.bytes, 1, &scope);
		(void)pbedit_get_uint(scope, 1, &purpose);
		(void)pbedit_get_uint(scope, 2, &channel);
		(void)pbedit_get_uint(field.bytes, 2, &answer);
		(void)pbedit_get_bytes(field.bytes, 3, &policy);
		(void)pbedit_get_bytes(field.bytes, 4, &expiry);
		size_t len = strlen(text);
		(void)snprintf(text + len, sizeof(text) - len, "%s %d/%d until %.*s by %.*s; ",
			answer == 1 ? "given" : "withdrawn", (int)purpose, (int)channel,
			(int)expiry.len, (const char *)expiry.data, (int)policy.len,
			(const char *)policy.data);
	}
	buffer_fini(&message);
	return text;
}

/* The day's file of a station comes after the customer has said no on the website. */
static void test_a_late_consent_brings_nothing_back(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	struct slice given = SLICE_LITERAL("\x0a\x04\x08\x01\x10\x03\x12\x02v2\x22\x0a"
					   "2026-05-01");
	struct slice withdrawn = SLICE_LITERAL("\x0a\x04\x08\x01\x10\x03");
	uint64_t wang = world_file(&world,
		(struct told){
			.id = "1", .type = "pos.consent.given", .card = "M-100", .data = given});
	assert_string_equal(consents_of(&world, wang), "given 1/3 until 2026-05-01 by v2; ");
	world.now_us += 7200000000;
	(void)world_file(&world, (struct told){.id = "2",
					 .type = "pos.consent.withdrawn",
					 .card = "M-100",
					 .data = withdrawn});
	assert_string_equal(consents_of(&world, wang), "withdrawn 1/3 until  by ; ");
	world.now_us += 3600000000;
	(void)world_file(&world, (struct told){.id = "3",
					 .type = "pos.consent.given",
					 .card = "M-100",
					 .time_us = WORLD_START_US + 3600000000,
					 .data = given});
	assert_string_equal(consents_of(&world, wang), "withdrawn 1/3 until  by ; ");
	world_close(&world);
}

/* Whoever asks him: from then on the record says no, to all that a withdrawal without a scope covers. */
static void test_a_consent_is_withdrawn_by_each_channel(void **state)
{
	struct world world;
	unsigned channels = 0;
	(void)state;
	struct slice given = SLICE_LITERAL("\x0a\x04\x08\x01\x10\x03");
	struct slice withdrawn = SLICE_LITERAL("\x12\x01p"); /* by form p; of everything */
	for (size_t i = 0; i < event_type_count; i++) {
		if (!types_match(SLICE_LITERAL("*.consent.withdrawn"),
			    slice_text(event_types[i].name)) ||
			slice_starts(slice_text(event_types[i].name), SLICE_LITERAL("marketing.")))
			continue;
		channels++;
		world_open(&world);
		uint64_t wang = world_file(&world, (struct told){.id = "1",
							   .type = "pos.consent.given",
							   .card = "M-100",
							   .data = given});
		assert_int_equal(world_file(&world, (struct told){.id = "2",
							    .type = event_types[i].name,
							    .card = "M-100",
							    .data = withdrawn}),
			wang);
		assert_string_equal(consents_of(&world, wang),
			"withdrawn 0/0 until  by ; given 1/3 until  by ; ");
		world_close(&world);
	}
	assert_int_equal(channels, 4); /* website, callcenter, repair, pos */
}

/* A module knows nothing but the number: what it says is filed under him, if there is such a one. */
static void test_a_module_names_a_customer(void **state)
{
	struct world world;
	struct buffer data = {0};
	(void)state;
	world_open(&world);
	struct slice given = SLICE_LITERAL("\x0a\x04\x08\x01\x10\x03");
	uint64_t wang = world_file(&world,
		(struct told){
			.id = "1", .type = "pos.consent.given", .card = "M-100", .data = given});
	/* MarketingConsentWithdrawn {scopes = 1, customer_number = 3}. */
	buffer_append_slice(&data, given);
	pb_put_uint(&data, 3, wang);
	assert_int_equal(world_file(&world, (struct told){.id = "2",
						    .type = "marketing.consent.withdrawn",
						    .data = buffer_slice(&data)}),
		wang);
	assert_string_equal(consents_of(&world, wang), "withdrawn 1/3 until  by ; ");
	buffer_clear(&data);
	buffer_append_slice(&data, given);
	pb_put_uint(&data, 3, wang + 97);
	assert_int_equal(world_file(&world, (struct told){.id = "3",
						    .type = "marketing.consent.withdrawn",
						    .data = buffer_slice(&data)}),
		0);
	buffer_fini(&data);
	world_close(&world);
}

/* ---- Promises ---- */

static uint64_t deadline_state(struct world *world, const char *id)
{
	struct buffer info = {0};
	uint64_t value = 0;
	assert_int_equal(world_get(world, TABLE_DEADLINE, slice_text(id), &info), CH_OK);
	(void)pbedit_get_uint(buffer_slice(&info), 6, &value);
	buffer_fini(&info);
	return value;
}

static void world_tick(struct world *world)
{
	struct change *change = state_begin(world->state);
	enum ch_status status = core_decide_clock(world->core, change, world->now_us, &world->last);
	if (status == CH_OK)
		world_publish(world, change, &world->last.entry);
	else
		change_abort(change);
}

static void test_a_promise_is_kept_missed_and_corrected(void **state)
{
	struct world world;
	const int64_t day = INT64_C(86400000000);
	(void)state;
	world_open(&world);
	world_file(
		&world, (struct told){.id = "1", .type = "repair.order.received", .record = "R1"});
	world_file(&world, (struct told){.id = "2",
				   .type = "repair.order.received",
				   .record = "R2",
				   .serial = "SN-2"});
	assert_true(world_derived(&world, "deadline.promise.set"));
	/* Kept in time. */
	world_file(
		&world, (struct told){.id = "3", .type = "repair.order.repaired", .record = "R1"});
	assert_int_equal(deadline_state(&world, "repair.fix/R1"), 3);
	/* Five days later the other is late, and the clock says so once. */
	assert_true(core_next_due_us(world.core) > world.now_us);
	world.now_us += 5 * day;
	assert_true(core_next_due_us(world.core) <= world.now_us);
	world_tick(&world);
	assert_int_equal(world.last.entry.kind, ENTRY_CLOCK);
	assert_true(world_derived(&world, "deadline.promise.missed"));
	assert_int_equal(deadline_state(&world, "repair.fix/R2"), 4);
	uint64_t head = world.sequence;
	world_tick(&world);
	assert_int_equal(world.sequence, head);
	/* The station was off-line: it had been repaired in time. */
	world_file(&world, (struct told){.id = "4",
				   .type = "repair.order.repaired",
				   .record = "R2",
				   .time_us = world.now_us - 3 * day});
	assert_true(world_derived(&world, "deadline.promise.corrected"));
	assert_int_equal(deadline_state(&world, "repair.fix/R2"), 3);
	world_close(&world);
}

static void test_a_late_event_does_not_turn_a_repair_back(void **state)
{
	struct world world;
	struct buffer record = {0};
	uint64_t value = 0;
	(void)state;
	world_open(&world);
	world_file(
		&world, (struct told){.id = "1", .type = "repair.order.received", .record = "R1"});
	world.now_us += 3600000000;
	world_file(
		&world, (struct told){.id = "2", .type = "repair.order.returned", .record = "R1"});
	world_file(&world, (struct told){.id = "3",
				   .type = "repair.order.diagnosed",
				   .record = "R1",
				   .time_us = WORLD_START_US + 1800000000});
	assert_int_equal(world_get(&world, TABLE_REPAIR, SLICE_LITERAL("R1"), &record), CH_OK);
	assert_true(pbedit_get_uint(buffer_slice(&record), 6, &value));
	assert_int_equal(value, 10);
	/* But when it happened is known. */
	assert_true(pbedit_get_uint(buffer_slice(&record), 10, &value));
	assert_int_equal(value, WORLD_START_US + 1800000000);
	buffer_fini(&record);
	world_close(&world);
}

/* ---- What people decide ---- */

/* A decision about the clock, as the control bus writes it. */
static enum ch_status accept_clock(struct world *world, int64_t time_us)
{
	struct buffer data = {0};
	struct buffer event = {0};
	struct envelope envelope;
	const char *field = "";
	pb_put_int(&data, 2, time_us);
	struct envelope made = {.id = SLICE_LITERAL("clock-1"),
		.source = SLICE_LITERAL("urn:carehub:operators"),
		.type = SLICE_LITERAL("hub.clock.accepted"),
		.data = buffer_slice(&data)};
	envelope_encode(&made, &event);
	struct input input = {.envelope = &envelope,
		.form = envelope_parse(buffer_slice(&event), &envelope, &field),
		.form_field = field,
		.peer = SLICE_LITERAL("ops"),
		.arrival_us = ++world->now_us};
	struct change *change = state_begin(world->state);
	enum ch_status status = core_decide_operator(world->core, change, &input, &world->last);
	if (status == CH_OK)
		world_publish(world, change, &world->last.entry);
	else
		change_abort(change);
	buffer_fini(&data);
	buffer_fini(&event);
	return status;
}

/* It is part of the fold, so a restart knows it too. */
static void test_a_time_that_was_accepted_is_kept(void **state)
{
	struct world world;
	struct core *core = NULL;
	struct rtxn *rtxn = NULL;
	(void)state;
	world_open(&world);
	assert_int_equal(core_accepted_us(world.core), 0);
	assert_int_equal(accept_clock(&world, 0), CH_MISSING);
	assert_int_equal(accept_clock(&world, WORLD_START_US - 1), CH_INVALID); /* it has passed */
	int64_t later_us = WORLD_START_US + INT64_C(3) * 86400 * 1000000;
	assert_int_equal(accept_clock(&world, later_us), CH_OK);
	assert_int_equal(world.last.entry.kind, ENTRY_OPERATOR);
	assert_int_equal(core_accepted_us(world.core), later_us);
	assert_int_equal(core_create(&core), CH_OK);
	assert_int_equal(rtxn_begin(world.state, &rtxn), CH_OK);
	assert_int_equal(core_load(core, rtxn), CH_OK);
	rtxn_end(rtxn);
	assert_int_equal(core_accepted_us(core), later_us);
	assert_true(slice_equal(core_settings(core), core_settings(world.core)));
	core_free(core);
	world_close(&world);
}

/* ---- Nothing depends on personal bytes ---- */

static void test_the_fold_lives_without_personal_parts(void **state)
{
	struct world world;
	struct entry entry;
	(void)state;
	world_open(&world);
	world_tell(&world, (struct told){.id = "1", SALE, .phone = "13912345678", .name = "王伟"});
	assert_int_equal(entry_parse(buffer_slice(&world.entry), &entry), CH_OK);
	entry.effects_personal = (struct slice){NULL, 0};
	entry.input_personal = (struct slice){NULL, 0};
	entry.fingerprint[0] ^= 1;
	struct change *change = state_begin(world.state);
	assert_int_equal(
		core_fold(world.core, change, ++world.sequence, world.now_us, &entry), CH_OK);
	assert_int_equal(change_publish(change, world.sequence), CH_OK);
	world_close(&world);
}

/* Entries that cannot be read any more may have made customers and named sources. */
static void test_what_lost_entries_gave_out_stays_theirs(void **state)
{
	struct world world;
	struct entry entry;
	(void)state;
	world_open(&world);
	uint64_t first = world_file(&world, (struct told){.id = "1", SALE, .phone = "13912345678"});
	struct change *change = state_begin(world.state);
	assert_int_equal(core_fold_lost(world.core, change, 10), CH_OK);
	assert_int_equal(change_publish(change, ++world.sequence), CH_OK);
	uint64_t next = world_file(&world, (struct told){.id = "2", SALE, .phone = "13912345679"});
	assert_int_equal(next / 100, first / 100 + 11);

	/* The next entry speaks of source 7, and nobody has said who that is. */
	assert_int_equal(entry_parse(buffer_slice(&world.entry), &entry), CH_OK);
	entry.fingerprint[0] ^= 1;
	entry.source_code = 7;
	change = state_begin(world.state);
	assert_int_equal(
		core_fold(world.core, change, ++world.sequence, world.now_us, &entry), CH_OK);
	assert_int_equal(change_publish(change, world.sequence), CH_OK);
	world_tell(&world, (struct told){.id = "3", SALE, .source = "urn:new"});
	assert_int_equal(world.last.entry.source_code, 8);
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_same_event_is_taken_once),
		cmocka_unit_test(test_the_same_id_with_other_bytes_is_a_conflict),
		cmocka_unit_test(test_what_is_wrong_is_kept_and_its_id_stays_free),
		cmocka_unit_test(test_a_correction_is_decided_as_its_publishers),
		cmocka_unit_test(test_a_correction_can_fail_too),
		cmocka_unit_test(test_refusals_say_what_and_where),
		cmocka_unit_test(test_a_wrong_clock_is_corrected_and_never_refused),
		cmocka_unit_test(test_the_later_of_two_values_survives),
		cmocka_unit_test(test_a_form_of_address_is_no_name),
		cmocka_unit_test(test_everything_is_filed_under_one_number),
		cmocka_unit_test(test_consent_is_closed_when_in_doubt),
		cmocka_unit_test(test_a_late_consent_brings_nothing_back),
		cmocka_unit_test(test_a_consent_is_withdrawn_by_each_channel),
		cmocka_unit_test(test_a_module_names_a_customer),
		cmocka_unit_test(test_a_promise_is_kept_missed_and_corrected),
		cmocka_unit_test(test_a_late_event_does_not_turn_a_repair_back),
		cmocka_unit_test(test_a_time_that_was_accepted_is_kept),
		cmocka_unit_test(test_the_fold_lives_without_personal_parts),
		cmocka_unit_test(test_what_lost_entries_gave_out_stays_theirs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
