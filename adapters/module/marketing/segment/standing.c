#include "module/marketing/segment/standing.h"

#include <stdio.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/text.h"
#include "carehub/v1/module.pb-c.h"
#include "module/marketing/book_tables.h"
#include "module/marketing/fact/held.h"
#include "module/marketing/segment/judge.h"
#include "wire/pb.h"

#define DAY_US INT64_C(86400000000)

enum {
	STANDING_LEVEL = 1,
	STANDING_LEVEL_TURN = 2,
	STANDING_LEVEL_SINCE = 3,
	STANDING_DUE = 4,
	STANDING_MEMBERSHIP = 5,
	MEMBERSHIP_SEGMENT = 1,
	MEMBERSHIP_MEMBER = 2,
	MEMBERSHIP_TURN = 3,
	MEMBERSHIP_SINCE = 4,
};

/* ---- Stored form ---- */

static struct slice standing_key(struct key *key, uint64_t customer)
{
	key_start(key);
	key_u64(key, customer);
	return key_slice(key);
}

static enum ch_status membership_read(struct slice bytes, struct membership *membership)
{
	struct pb_reader reader = pb_read(bytes);
	struct pb_field field;
	*membership = (struct membership){0};
	while (pb_next(&reader, &field)) {
		if (field.number == MEMBERSHIP_SEGMENT)
			membership->segment = field.bytes;
		else if (field.number == MEMBERSHIP_MEMBER)
			membership->member = field.integer != 0;
		else if (field.number == MEMBERSHIP_TURN)
			membership->turn = (uint32_t)field.integer;
		else if (field.number == MEMBERSHIP_SINCE)
			membership->since_us = (int64_t)field.integer;
	}
	return reader.status == CH_OK ? CH_OK : CH_CORRUPT;
}

enum ch_status standing_decode(struct slice bytes, struct standing *standing)
{
	struct pb_reader reader = pb_read(bytes);
	struct pb_field field;
	enum ch_status status = CH_OK;
	standing->level = 0;
	standing->level_turn = 0;
	standing->level_since_us = 0;
	standing->due_us = 0;
	standing->count = 0;
	while (status == CH_OK && pb_next(&reader, &field)) {
		if (field.number == STANDING_LEVEL)
			standing->level = (uint32_t)field.integer;
		else if (field.number == STANDING_LEVEL_TURN)
			standing->level_turn = (uint32_t)field.integer;
		else if (field.number == STANDING_LEVEL_SINCE)
			standing->level_since_us = (int64_t)field.integer;
		else if (field.number == STANDING_DUE)
			standing->due_us = (int64_t)field.integer;
		else if (field.number == STANDING_MEMBERSHIP &&
			 standing->count < 2 * LIMIT_SEGMENTS)
			status = membership_read(
				field.bytes, &standing->memberships[standing->count++]);
	}
	return reader.status == CH_OK ? status : CH_CORRUPT;
}

static void standing_encode(const struct standing *standing, struct buffer *out)
{
	pb_put_uint(out, STANDING_LEVEL, standing->level);
	pb_put_uint(out, STANDING_LEVEL_TURN, standing->level_turn);
	pb_put_int(out, STANDING_LEVEL_SINCE, standing->level_since_us);
	pb_put_int(out, STANDING_DUE, standing->due_us);
	for (uint32_t i = 0; i < standing->count; i++) {
		const struct membership *membership = &standing->memberships[i];
		size_t mark = pb_begin(out, STANDING_MEMBERSHIP);
		pb_put_bytes(out, MEMBERSHIP_SEGMENT, membership->segment);
		pb_put_bool(out, MEMBERSHIP_MEMBER, membership->member);
		pb_put_uint(out, MEMBERSHIP_TURN, membership->turn);
		pb_put_int(out, MEMBERSHIP_SINCE, membership->since_us);
		pb_end(out, mark);
	}
}

enum ch_status standing_read(struct book_txn *txn, uint64_t customer, struct standing *out_standing)
{
	struct key key;
	struct slice value;
	enum ch_status status =
		book_get(txn, TABLE_STANDINGS, standing_key(&key, customer), &value);
	return status == CH_OK ? standing_decode(value, out_standing) : status;
}

/* As it is in the book, in memory of the bench's own; an empty one when there is none. */
static enum ch_status standing_load(struct bench *bench, struct book_txn *txn, uint64_t customer,
	struct standing *standing, bool *out_known)
{
	struct key key;
	struct slice value;
	buffer_clear(&bench->stored);
	enum ch_status status =
		book_get(txn, TABLE_STANDINGS, standing_key(&key, customer), &value);
	*out_known = status == CH_OK;
	if (status == CH_OK)
		buffer_append_slice(&bench->stored, value);
	if (status == CH_NOT_FOUND)
		status = CH_OK;
	if (bench->stored.status != CH_OK)
		return CH_NOMEM;
	return status == CH_OK ? standing_decode(buffer_slice(&bench->stored), standing) : status;
}

static void due_key(struct key *key, int64_t due_us, uint64_t customer)
{
	key_start(key);
	key_time(key, due_us);
	key_u64(key, customer);
}

/* Writes it, unless it is as it was; the due list follows. */
static void standing_store(struct bench *bench, struct book_txn *txn, uint64_t customer,
	const struct standing *standing, int64_t due_before_us, bool known)
{
	struct key key;
	struct buffer *out = &bench->scratch;
	if (due_before_us != standing->due_us && due_before_us != 0) {
		due_key(&key, due_before_us, customer);
		book_delete(txn, TABLE_DUE, key_slice(&key));
	}
	if (due_before_us != standing->due_us && standing->due_us != 0) {
		due_key(&key, standing->due_us, customer);
		book_put(txn, TABLE_DUE, key_slice(&key), (struct slice){NULL, 0});
	}
	buffer_clear(out);
	standing_encode(standing, out);
	if (out->status != CH_OK)
		book_fail(txn, out->status);
	else if (!known || !slice_equal(buffer_slice(out), buffer_slice(&bench->stored)))
		book_put(txn, TABLE_STANDINGS, standing_key(&key, customer), buffer_slice(out));
}

static void member_key(struct key *key, struct slice segment, uint64_t customer)
{
	key_start(key);
	key_text(key, segment);
	key_u64(key, customer);
}

static void member_put(struct book_txn *txn, struct slice segment, uint64_t customer, bool member,
	int64_t since_us)
{
	struct key key;
	uint8_t since[8];
	member_key(&key, segment, customer);
	store_le64(since, (uint64_t)since_us);
	if (member)
		book_put(txn, TABLE_MEMBERS, key_slice(&key), slice_of(since, sizeof(since)));
	else
		book_delete(txn, TABLE_MEMBERS, key_slice(&key));
}

/* ---- Saying ---- */

static enum ch_status say(struct book_txn *txn, const char *type, const char *what,
	struct slice about, uint64_t customer, uint32_t turn, int64_t since_us,
	const ProtobufCMessage *message)
{
	char id[VOICE_ID_BYTES];
	uint8_t numbers[12];
	store_be64(numbers, customer);
	store_be32(numbers + 8, turn);
	const struct slice parts[] = {about, slice_of(numbers, sizeof(numbers))};
	voice_id(what, parts, 2, id);
	return voice_say(txn, &(struct saying){.type = type,
				      .id = slice_text(id),
				      .time_us = since_us,
				      .message = message});
}

/* Names end with a NUL where messages want them. */
static char *text_of(struct slice text, char *out, size_t size)
{
	size_t len = text.len < size - 1 ? text.len : size - 1;
	if (len > 0)
		memcpy(out, text.data, len);
	out[len] = 0;
	return out;
}

static enum ch_status say_membership(struct book_txn *txn, uint64_t customer,
	const struct membership *membership, const char *version, const char *reason)
{
	char segment[LIMIT_SEGMENT_NAME + 1];
	char digest[DEFINITION_VERSION_BYTES];
	char why[16];
	(void)text_of(membership->segment, segment, sizeof(segment));
	(void)text_of(slice_text(version), digest, sizeof(digest));
	(void)text_of(slice_text(reason), why, sizeof(why));
	if (membership->member) {
		Carehub__V1__MarketingSegmentEntered entered =
			CAREHUB__V1__MARKETING_SEGMENT_ENTERED__INIT;
		entered.segment_id = segment;
		entered.customer_number = customer;
		entered.turn = membership->turn;
		entered.definition_version = digest;
		return say(txn, "marketing.segment.entered", "segment", membership->segment,
			customer, membership->turn, membership->since_us, &entered.base);
	}
	Carehub__V1__MarketingSegmentLeft left = CAREHUB__V1__MARKETING_SEGMENT_LEFT__INIT;
	left.segment_id = segment;
	left.customer_number = customer;
	left.turn = membership->turn;
	left.definition_version = digest;
	left.reason_code = why;
	return say(txn, "marketing.segment.left", "segment", membership->segment, customer,
		membership->turn, membership->since_us, &left.base);
}

static void format_day(int64_t time_us, char out[CLOCK_TEXT_BYTES])
{
	(void)clock_format(time_us, out);
	out[10] = 0;
}

static enum ch_status say_level(const struct bench *bench, struct book_txn *txn, uint64_t customer,
	uint32_t before, int64_t now_us)
{
	const struct standing *after = &bench->after;
	int64_t period_us = bench->definitions->level_period_us;
	struct rfm rfm = judge_rfm(&bench->profile, now_us, period_us);
	char old_level[12];
	char new_level[12];
	char currency[4];
	char rule[DEFINITION_VERSION_BYTES];
	char first[CLOCK_TEXT_BYTES];
	char last[CLOCK_TEXT_BYTES];
	Carehub__V1__Money money = CAREHUB__V1__MONEY__INIT;
	Carehub__V1__MarketingLevelChanged changed = CAREHUB__V1__MARKETING_LEVEL_CHANGED__INIT;
	const struct definition *definition = definitions_level(bench->definitions, after->level);
	(void)snprintf(old_level, sizeof(old_level), "%u", (unsigned)before);
	(void)snprintf(new_level, sizeof(new_level), "%u", (unsigned)after->level);
	(void)text_of(
		slice_text(definition != NULL ? definition->version : ""), rule, sizeof(rule));
	format_day(now_us - period_us, first);
	format_day(now_us, last);
	money.minor_units = rfm.monetary;
	money.currency = text_of(bench->currency, currency, sizeof(currency));
	changed.customer_number = customer;
	changed.old_level = old_level;
	changed.new_level = new_level;
	changed.rule = rule;
	changed.recency_days = rfm.recency_us < 0 ? 0 : (uint32_t)(rfm.recency_us / DAY_US);
	changed.frequency = rfm.frequency;
	changed.monetary = &money;
	changed.period_start_date = first;
	changed.period_end_date = last;
	changed.turn = after->level_turn;
	return say(txn, "marketing.level.changed", "level", (struct slice){NULL, 0}, customer,
		after->level_turn, after->level_since_us, &changed.base);
}

/* ---- Judging ---- */

void bench_init(struct bench *bench)
{
	*bench = (struct bench){0};
	profile_init(&bench->profile);
}

void bench_fini(struct bench *bench)
{
	profile_fini(&bench->profile);
	buffer_fini(&bench->scratch);
	buffer_fini(&bench->stored);
}

static void sooner(int64_t *next_us, int64_t at_us)
{
	if (at_us < *next_us)
		*next_us = at_us;
}

/* The highest level whose condition holds. */
static uint32_t judge_level(const struct bench *bench, int64_t now_us, int64_t *next_us)
{
	uint32_t level = 0;
	for (size_t i = 0; i < bench->definitions->level_count; i++) {
		const struct definition *it = &bench->definitions->levels[i];
		struct verdict verdict = judge(it->condition, &bench->profile, now_us, bench->zone);
		sooner(next_us, verdict.next_us);
		if (verdict.holds)
			level = it->level;
	}
	return level;
}

static struct membership *membership_of(struct standing *standing, struct slice segment)
{
	for (uint32_t i = 0; i < standing->count; i++) {
		if (slice_equal(standing->memberships[i].segment, segment))
			return &standing->memberships[i];
	}
	return NULL;
}

/* His membership, with room made for a new one; NULL: there are too many that once were. */
static struct membership *membership_make(struct standing *standing, struct slice segment)
{
	struct membership *membership = membership_of(standing, segment);
	if (membership != NULL || standing->count == 2 * LIMIT_SEGMENTS)
		return membership;
	membership = &standing->memberships[standing->count++];
	*membership = (struct membership){.segment = segment};
	return membership;
}

static enum ch_status membership_turn(struct bench *bench, struct book_txn *txn, uint64_t customer,
	struct membership *membership, bool member, const struct definition *definition,
	const char *reason, int64_t since_us)
{
	if (membership->member == member)
		return CH_OK;
	membership->member = member;
	membership->turn++;
	membership->since_us = since_us;
	bench->entered += member;
	bench->left += !member;
	member_put(txn, membership->segment, customer, member, since_us);
	return say_membership(
		txn, customer, membership, definition != NULL ? definition->version : "", reason);
}

/* Segments that are defined, then those that he is still in though they are not. */
static enum ch_status judge_segments(struct bench *bench, struct book_txn *txn, uint64_t customer,
	bool current, int64_t now_us, int64_t since_us, int64_t *next_us)
{
	enum ch_status status = CH_OK;
	const char *reason = current ? "condition" : "no_customer";
	for (size_t i = 0; i < bench->definitions->segment_count && status == CH_OK; i++) {
		const struct definition *it = &bench->definitions->segments[i];
		struct slice name = slice_text(it->name);
		struct verdict verdict = {false, JUDGE_NEVER};
		if (current)
			verdict = judge(it->condition, &bench->profile, now_us, bench->zone);
		sooner(next_us, verdict.next_us);
		struct membership *membership = verdict.holds ? membership_make(&bench->after, name)
							      : membership_of(&bench->after, name);
		if (membership != NULL)
			status = membership_turn(bench, txn, customer, membership, verdict.holds,
				it, reason, since_us);
	}
	for (uint32_t i = 0; i < bench->after.count && status == CH_OK; i++) {
		struct membership *membership = &bench->after.memberships[i];
		if (membership->member &&
			definitions_segment(bench->definitions, membership->segment) == NULL)
			status = membership_turn(bench, txn, customer, membership, false, NULL,
				"no_segment", since_us);
	}
	return status;
}

enum ch_status standing_judge(struct bench *bench, struct book_txn *txn, uint64_t customer,
	int64_t now_us, int64_t since_us)
{
	uint64_t owner = 0;
	bool known = false;
	int64_t next_us = JUDGE_NEVER;
	int64_t reach_us = bench->definitions->reach_us;
	const struct held_options options = {
		.since_us = reach_us < now_us ? now_us - reach_us : INT64_MIN,
		.currency = bench->currency,
		.zone = bench->zone,
	};
	enum ch_status status = standing_load(bench, txn, customer, &bench->after, &known);
	if (status == CH_OK)
		status = held_owner(txn, customer, 0, &owner);
	if (status != CH_OK)
		return status;
	/* A number that was merged or erased is nobody: it leaves what it was in, and keeps its counts for the
	 * day that it is in use again. */
	bool current = owner == customer;
	if (!current && !known)
		return CH_OK;
	profile_clear(&bench->profile);
	if (current)
		status = held_load(txn, customer, &options, &bench->profile);
	if (status != CH_OK)
		return status;
	bench->judged++;
	int64_t due_before_us = bench->after.due_us;
	uint32_t level_before = bench->after.level;
	if (current) {
		bench->profile.level = judge_level(bench, now_us, &next_us);
		bench->after.level = bench->profile.level;
	}
	if (bench->after.level != level_before) {
		bench->after.level_turn++;
		bench->after.level_since_us = since_us;
		bench->level_changes++;
		status = say_level(bench, txn, customer, level_before, now_us);
	}
	if (status == CH_OK)
		status = judge_segments(bench, txn, customer, current, now_us, since_us, &next_us);
	if (status != CH_OK)
		return status;
	bench->after.due_us = next_us != JUDGE_NEVER ? next_us : 0;
	standing_store(bench, txn, customer, &bench->after, due_before_us, known);
	return book_status(txn);
}

/* ---- Hearing itself ---- */

static enum ch_status hear_membership(struct bench *bench, struct book_txn *txn, uint64_t customer,
	const char *segment, uint32_t turn, bool member, int64_t since_us)
{
	bool known = false;
	enum ch_status status = standing_load(bench, txn, customer, &bench->after, &known);
	if (status != CH_OK)
		return status;
	int64_t due_us = bench->after.due_us;
	struct membership *membership = membership_make(&bench->after, slice_text(segment));
	if (membership == NULL || turn <= membership->turn)
		return CH_OK;
	membership->member = member;
	membership->turn = turn;
	membership->since_us = since_us;
	member_put(txn, membership->segment, customer, member, since_us);
	standing_store(bench, txn, customer, &bench->after, due_us, known);
	standing_put_stale(txn, customer);
	return book_status(txn);
}

static enum ch_status hear_level(struct bench *bench, struct book_txn *txn,
	const Carehub__V1__MarketingLevelChanged *changed, int64_t since_us)
{
	bool known = false;
	uint64_t level = 0;
	enum ch_status status =
		standing_load(bench, txn, changed->customer_number, &bench->after, &known);
	if (status != CH_OK)
		return status;
	if (changed->turn <= bench->after.level_turn ||
		text_parse_u64(slice_text(changed->new_level), UINT32_MAX, &level) != CH_OK)
		return CH_OK;
	int64_t due_us = bench->after.due_us;
	bench->after.level = (uint32_t)level;
	bench->after.level_turn = changed->turn;
	bench->after.level_since_us = since_us;
	standing_store(bench, txn, changed->customer_number, &bench->after, due_us, known);
	standing_put_stale(txn, changed->customer_number);
	return book_status(txn);
}

enum ch_status standing_hear(
	struct bench *bench, struct book_txn *txn, const struct feed_event *event)
{
	const ProtobufCMessageDescriptor *type = event->message->descriptor;
	int64_t since_us = event->head.time_us;
	if (!event->own)
		return CH_OK;
	if (type == &carehub__v1__marketing_segment_entered__descriptor) {
		const Carehub__V1__MarketingSegmentEntered *it = (const void *)event->message;
		return hear_membership(
			bench, txn, it->customer_number, it->segment_id, it->turn, true, since_us);
	}
	if (type == &carehub__v1__marketing_segment_left__descriptor) {
		const Carehub__V1__MarketingSegmentLeft *it = (const void *)event->message;
		return hear_membership(
			bench, txn, it->customer_number, it->segment_id, it->turn, false, since_us);
	}
	if (type == &carehub__v1__marketing_level_changed__descriptor)
		return hear_level(bench, txn, (const void *)event->message, since_us);
	return CH_OK;
}

/* ---- Whom to judge when ---- */

void standing_put_stale(struct book_txn *txn, uint64_t customer)
{
	struct key key;
	book_put(txn, TABLE_STALE, standing_key(&key, customer), (struct slice){NULL, 0});
}

enum ch_status standing_take_stale(struct book_txn *txn, uint64_t *out_customer)
{
	const struct slice all = {NULL, 0};
	struct book_walk *walk = NULL;
	struct slice key;
	struct slice value;
	struct key copy;
	uint64_t customer = 0;
	enum ch_status status = book_walk_begin(txn, TABLE_STALE, all, all, &walk);
	if (status == CH_OK)
		status = book_walk_next(walk, &key, &value);
	if (status == CH_OK && !key_take_u64(&key, &customer))
		status = CH_CORRUPT;
	book_walk_end(walk);
	if (status != CH_OK)
		return status;
	book_delete(txn, TABLE_STALE, standing_key(&copy, customer));
	*out_customer = customer;
	return CH_OK;
}

enum ch_status standing_next_due(
	struct book_txn *txn, int64_t now_us, uint64_t *out_customer, int64_t *out_due_us)
{
	const struct slice all = {NULL, 0};
	struct book_walk *walk = NULL;
	struct slice key;
	struct slice value;
	uint64_t customer = 0;
	int64_t due_us = INT64_MAX;
	enum ch_status status = book_walk_begin(txn, TABLE_DUE, all, all, &walk);
	if (status == CH_OK)
		status = book_walk_next(walk, &key, &value);
	if (status == CH_OK && !(key_take_i64(&key, &due_us) && key_take_u64(&key, &customer)))
		status = CH_CORRUPT;
	book_walk_end(walk);
	if (status == CH_OK && due_us > now_us)
		status = CH_END;
	if (status != CH_OK && status != CH_END)
		return status;
	*out_due_us = due_us;
	*out_customer = customer;
	return status;
}
