#include "core/settings.h"

#include <stdlib.h>

#include "base/text.h"
#include "core/party.h"

#define US_PER_S INT64_C(1000000)
#define DAY      INT64_C(86400)

static const struct {
	const char *name;
	uint32_t limit;
} key_kinds[KEY_KINDS] = {
	[KEY_PHONE] = {"phone", 5},
	[KEY_EMAIL] = {"email", 5},
	[KEY_COMMON_ID] = {"common_id", 1},
	[KEY_MEMBER_CARD] = {"member_card", 1},
	[KEY_LOCAL_ID] = {"local_id", 1},
	[KEY_IDENTIFIER] = {"identifier", 1},
	[KEY_SERIAL] = {"serial", 3},
};

/* Numbers of Severity and CaseKind.  A complaint is a case with promises of its own, and a case that we
 * opened ourselves waits for nobody. */
static const char *const severities[PROMISE_GRADES] = {
	[1] = "low", [2] = "normal", [3] = "high", [4] = "critical"};
static const char *const case_kinds[PROMISE_GRADES] = {[1] = "consult",
	[2] = "sales",
	[3] = "repair",
	[4] = "status",
	[6] = "outbound",
	[7] = "other"};

#define COMPLAINT_LADDER "0:supervisor 86400:service-manager 259200:director"

static const struct {
	const char *name;
	int64_t seconds;
	const char *ladder;
	const char *const *grades; /* NULL: none */
} promises[PROMISE_COUNT] = {
	[PROMISE_REPAIR_RETURN] = {"repair.return", 14 * DAY, "0:station-manager", NULL},
	[PROMISE_REPAIR_FIX] = {"repair.fix", 4 * DAY, "0:station-manager", NULL},
	[PROMISE_COMPLAINT_ACKNOWLEDGE] = {"complaint.acknowledge", DAY, COMPLAINT_LADDER,
		severities},
	[PROMISE_COMPLAINT_ANSWER] = {"complaint.answer", 3 * DAY, COMPLAINT_LADDER, severities},
	[PROMISE_APPOINTMENT_KEEP] = {"appointment.keep", DAY / 48, "0:supervisor", NULL},
	[PROMISE_PART_SUPPLY] = {"part.supply", 3 * DAY, "0:parts-manager", NULL},
	[PROMISE_PART_OVERSEAS] = {"part.overseas", 7 * DAY, "0:parts-manager", NULL},
	[PROMISE_CALLBACK_DO] = {"callback.do", DAY, "0:supervisor", NULL},
	[PROMISE_ORDER_SUPPLY] = {"order.supply", 3 * DAY, "0:parts-manager", NULL},
	[PROMISE_ORDER_OVERSEAS] = {"order.overseas", 7 * DAY, "0:parts-manager", NULL},
	[PROMISE_CASE_ACKNOWLEDGE] = {"case.acknowledge", 0, "0:supervisor", case_kinds},
	[PROMISE_CASE_ANSWER] = {"case.answer", 0, "0:supervisor", case_kinds},
};

static const struct peer_rules peer_default = {
	.name = "", .region = "CN", .assurance = ASSURANCE_CLAIMED, .scope = ""};

struct blocked_key {
	size_t len;
	uint8_t bytes[]; /* kind, value */
};

const char *key_kind_name(unsigned kind)
{
	return kind < KEY_KINDS ? key_kinds[kind].name : NULL;
}

const char *promise_name(enum promise promise)
{
	return promises[promise].name;
}

bool promise_find(struct slice name, enum promise *out_promise)
{
	for (int i = 0; i < PROMISE_COUNT; i++) {
		if (slice_equal(name, slice_text(promises[i].name))) {
			*out_promise = (enum promise)i;
			return true;
		}
	}
	return false;
}

/* ---- Ladders ---- */

static bool settings_role_fits(struct slice role)
{
	for (size_t i = 0; i < role.len; i++) {
		uint8_t c = role.data[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			    c == '-' || c == '_' || c == '.'))
			return false;
	}
	return role.len > 0 && role.len <= LIMIT_ROLE_BYTES;
}

/* "0:supervisor 86400:manager": rising, and the first at once, for whoever misses a promise is told so. */
static enum ch_status ladder_parse(struct slice text, struct ladder *out_ladder)
{
	struct ladder ladder = {.count = 0};
	struct slice rest = text_trim(text);
	struct slice word;
	while (text_split(&rest, ' ', &word)) {
		struct slice role = word;
		struct slice after;
		uint64_t seconds = 0;
		if (word.len == 0)
			continue;
		(void)text_split(&role, ':', &after); /* a word always has a first part */
		if (ladder.count == LIMIT_LADDER_RUNGS || !settings_role_fits(role) ||
			text_parse_u64(after, 3650 * (uint64_t)DAY, &seconds) != CH_OK)
			return CH_INVALID;
		struct ladder_rung *rung = &ladder.rungs[ladder.count];
		rung->after_us = (int64_t)seconds * US_PER_S;
		if (ladder.count == 0 ? seconds != 0 : rung->after_us <= rung[-1].after_us)
			return CH_INVALID;
		memcpy(rung->role, role.data, role.len);
		ladder.count++;
	}
	if (ladder.count == 0)
		return CH_INVALID;
	*out_ladder = ladder;
	return CH_OK;
}

void settings_init(struct settings *settings)
{
	*settings = (struct settings){0};
	for (int i = 0; i < KEY_KINDS; i++)
		settings->limits[i] = key_kinds[i].limit;
	for (int i = 0; i < PROMISE_COUNT; i++) {
		settings->durations_us[i] = promises[i].seconds * US_PER_S;
		for (unsigned j = 0; j < PROMISE_GRADES; j++)
			settings->graded_us[i][j] = -1;
		(void)ladder_parse(
			slice_text(promises[i].ladder), &settings->ladders[i]); /* ours */
	}
	table_init(&settings->peers);
	table_init(&settings->blocked);
	buffer_init(&settings->text);
}

static void settings_free_values(struct table *table)
{
	size_t at = 0;
	void *value;
	while ((value = table_next(table, &at)) != NULL)
		free(value);
	table_fini(table);
}

void settings_fini(struct settings *settings)
{
	settings_free_values(&settings->peers);
	settings_free_values(&settings->blocked);
	buffer_fini(&settings->text);
}

static int key_kind_find(struct slice name)
{
	for (int i = 0; i < KEY_KINDS; i++) {
		if (key_kinds[i].name != NULL && slice_equal(name, slice_text(key_kinds[i].name)))
			return i;
	}
	return -1;
}

static enum ch_status settings_block(
	struct settings *settings, struct slice name, struct slice value)
{
	int kind = key_kind_find(name);
	if (kind < 0 || value.len == 0)
		return CH_INVALID;
	struct blocked_key *key = malloc(sizeof(*key) + 1 + value.len);
	if (key == NULL)
		return CH_NOMEM;
	key->len = 1 + value.len;
	key->bytes[0] = (uint8_t)kind;
	memcpy(key->bytes + 1, value.data, value.len);
	enum ch_status status = table_put(&settings->blocked, slice_of(key->bytes, key->len), key);
	if (status != CH_OK)
		free(key);
	return status == CH_EXISTS ? CH_OK : status;
}

static enum ch_status settings_limit(
	struct settings *settings, struct slice name, struct slice value)
{
	int kind = key_kind_find(name);
	uint64_t limit;
	if (kind < 0 || text_parse_u64(value, 1000, &limit) != CH_OK)
		return CH_INVALID;
	settings->limits[kind] = (uint32_t)limit;
	return CH_OK;
}

/* "complaint.answer", or with a grade behind it "complaint.answer.high": where it is kept. */
static int64_t *settings_duration_place(struct settings *settings, struct slice name)
{
	for (int i = 0; i < PROMISE_COUNT; i++) {
		struct slice promise = slice_text(promises[i].name);
		if (!slice_starts(name, promise))
			continue;
		struct slice grade = slice_sub(name, promise.len + 1, name.len);
		if (name.len == promise.len)
			return &settings->durations_us[i];
		if (name.data[promise.len] != '.' || promises[i].grades == NULL)
			continue;
		for (unsigned j = 0; j < PROMISE_GRADES; j++) {
			if (promises[i].grades[j] != NULL &&
				slice_equal(grade, slice_text(promises[i].grades[j])))
				return &settings->graded_us[i][j];
		}
	}
	return NULL;
}

static enum ch_status settings_deadline(
	struct settings *settings, struct slice name, struct slice value)
{
	int64_t *place = settings_duration_place(settings, name);
	uint64_t seconds;
	if (place == NULL || text_parse_u64(value, 3650 * (uint64_t)DAY, &seconds) != CH_OK)
		return CH_INVALID;
	*place = (int64_t)seconds * US_PER_S;
	return CH_OK;
}

int64_t settings_duration(const struct settings *settings, enum promise promise, uint64_t grade)
{
	int64_t graded = grade < PROMISE_GRADES ? settings->graded_us[promise][grade] : -1;
	return graded >= 0 ? graded : settings->durations_us[promise];
}

static enum ch_status settings_ladder(
	struct settings *settings, struct slice name, struct slice value)
{
	enum promise promise;
	return promise_find(name, &promise) ? ladder_parse(value, &settings->ladders[promise])
					    : CH_INVALID;
}

static enum ch_status settings_copy_text(char *out, size_t room, struct slice value)
{
	if (value.len >= room)
		return CH_INVALID;
	memcpy(out, value.data, value.len);
	out[value.len] = 0;
	return CH_OK;
}

static enum ch_status settings_peer_set(
	struct settings *settings, struct slice name, struct slice value)
{
	/* The peer's name may hold dots: the key is what follows the last one. */
	size_t dot = name.len;
	while (dot > 0 && name.data[dot - 1] != '.')
		dot--;
	if (dot < 2)
		return CH_INVALID;
	struct slice key = slice_sub(name, dot, name.len);
	name = slice_sub(name, 0, dot - 1);
	if (name.len >= sizeof(peer_default.name))
		return CH_INVALID;
	struct peer_rules *peer = table_get(&settings->peers, name);
	if (peer == NULL) {
		peer = malloc(sizeof(*peer));
		if (peer == NULL)
			return CH_NOMEM;
		*peer = peer_default;
		memcpy(peer->name, name.data, name.len);
		peer->name[name.len] = 0;
		enum ch_status status =
			table_put(&settings->peers, slice_of(peer->name, name.len), peer);
		if (status != CH_OK) {
			free(peer);
			return status;
		}
	}
	if (slice_equal(key, SLICE_LITERAL("region")))
		return value.len == 2 ? settings_copy_text(peer->region, 3, value) : CH_INVALID;
	if (slice_equal(key, SLICE_LITERAL("scope")))
		return settings_copy_text(peer->scope, sizeof(peer->scope), value);
	if (!slice_equal(key, SLICE_LITERAL("assurance")))
		return CH_INVALID;
	bool verified = slice_equal(value, SLICE_LITERAL("verified"));
	if (!verified && !slice_equal(value, SLICE_LITERAL("claimed")))
		return CH_INVALID;
	peer->assurance = verified ? ASSURANCE_VERIFIED : ASSURANCE_CLAIMED;
	return CH_OK;
}

/* One row a group of settings. */
static const struct {
	const char *prefix;
	enum ch_status (*set)(struct settings *settings, struct slice name, struct slice value);
} groups[] = {
	{"block.", settings_block},
	{"deadline.", settings_deadline},
	{"ladder.", settings_ladder},
	{"limit.", settings_limit},
	{"peer.", settings_peer_set},
};

static enum ch_status settings_line(struct settings *settings, struct slice line)
{
	struct slice value = line;
	struct slice name;
	(void)text_split(&value, '=', &name); /* a line always has a first part */
	if (value.data == NULL)
		return CH_INVALID;
	name = text_trim(name);
	value = text_trim(value);
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		struct slice prefix = slice_text(groups[i].prefix);
		if (slice_starts(name, prefix))
			return groups[i].set(
				settings, slice_sub(name, prefix.len, name.len), value);
	}
	return CH_INVALID;
}

enum ch_status settings_parse(struct settings *settings, struct slice text, uint32_t *out_line)
{
	struct settings fresh;
	struct slice rest = text;
	struct slice line;
	uint32_t number = 0;
	enum ch_status status = CH_OK;
	settings_init(&fresh);
	while (status == CH_OK && text_split(&rest, '\n', &line)) {
		number++;
		if (text_trim(line).len > 0)
			status = settings_line(&fresh, line);
	}
	buffer_append_slice(&fresh.text, text);
	if (status == CH_OK)
		status = fresh.text.status;
	if (status != CH_OK) {
		*out_line = number;
		settings_fini(&fresh);
		return status;
	}
	settings_fini(settings);
	*settings = fresh;
	return CH_OK;
}

const struct peer_rules *settings_peer(const struct settings *settings, struct slice name)
{
	const struct peer_rules *peer = table_get(&settings->peers, name);
	return peer != NULL ? peer : &peer_default;
}

bool settings_blocks(const struct settings *settings, enum key_kind kind, struct slice value)
{
	uint8_t key[512];
	if (settings->blocked.count == 0 || value.len >= sizeof(key))
		return false;
	key[0] = (uint8_t)kind;
	if (value.len > 0)
		memcpy(key + 1, value.data, value.len);
	return table_get(&settings->blocked, slice_of(key, value.len + 1)) != NULL;
}
