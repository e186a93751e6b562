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

static const struct {
	const char *name;
	int64_t seconds;
} promises[PROMISE_COUNT] = {
	[PROMISE_REPAIR_RETURN] = {"repair.return", 14 * DAY},
	[PROMISE_REPAIR_FIX] = {"repair.fix", 4 * DAY},
	[PROMISE_COMPLAINT_ACKNOWLEDGE] = {"complaint.acknowledge", DAY},
	[PROMISE_COMPLAINT_ANSWER] = {"complaint.answer", 3 * DAY},
	[PROMISE_APPOINTMENT_KEEP] = {"appointment.keep", DAY / 48},
	[PROMISE_PART_SUPPLY] = {"part.supply", 3 * DAY},
	[PROMISE_PART_OVERSEAS] = {"part.overseas", 7 * DAY},
	[PROMISE_CALLBACK_DO] = {"callback.do", DAY},
	[PROMISE_ORDER_SUPPLY] = {"order.supply", 3 * DAY},
	[PROMISE_ORDER_OVERSEAS] = {"order.overseas", 7 * DAY},
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

void settings_init(struct settings *settings)
{
	*settings = (struct settings){0};
	for (int i = 0; i < KEY_KINDS; i++)
		settings->limits[i] = key_kinds[i].limit;
	for (int i = 0; i < PROMISE_COUNT; i++)
		settings->durations_us[i] = promises[i].seconds * US_PER_S;
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

static enum ch_status settings_deadline(
	struct settings *settings, struct slice name, struct slice value)
{
	uint64_t seconds;
	for (int i = 0; i < PROMISE_COUNT; i++) {
		if (!slice_equal(name, slice_text(promises[i].name)))
			continue;
		if (text_parse_u64(value, 3650 * (uint64_t)DAY, &seconds) != CH_OK)
			return CH_INVALID;
		settings->durations_us[i] = (int64_t)seconds * US_PER_S;
		return CH_OK;
	}
	return CH_INVALID;
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
