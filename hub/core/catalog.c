#include "core/catalog.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "core/apply.h"
#include "wire/pb.h"
#include "wire/pbedit.h"

/* Numbers of types, and of the messages' fields. */
enum {
	TYPE_PRODUCT = 600,
	TYPE_PROMOTION = 601,
	TYPE_PRICE = 602,
	TYPE_STATION = 603,
	PROMOTION_START = 4,
	PROMOTION_END = 5,
	PROMOTION_PRODUCTS = 6,
	PRICE_FROM = 8,
	PRICE_UNTIL = 9,
	UNIT_MODEL = 2,
	UNIT_PRODUCT = 5,
	ANSWER_YES = 1,
};

#define VALUE_HEAD 16u /* time, sequence: see reference.c */
#define DAY_US     INT64_C(86400000000)

static const struct {
	const char *kind;
	uint16_t type;
	uint32_t retired; /* the field that says so */
} kinds[] = {
	{"product", TYPE_PRODUCT, 17},
	{"promotion", TYPE_PROMOTION, 12},
	{"price", TYPE_PRICE, 11},
	{"station", TYPE_STATION, 19},
	{"stock", 604, 9},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

const struct event_type *catalog_type(struct slice kind)
{
	for (size_t i = 0; i < KINDS; i++) {
		if (slice_equal(kind, slice_text(kinds[i].kind)))
			return types_by_id(kinds[i].type);
	}
	return NULL;
}

/* ---- Days ---- */

static bool days_number(struct slice text, size_t at, size_t len, int64_t *out_number)
{
	int64_t number = 0;
	if (text.len < at + len)
		return false;
	for (size_t i = at; i < at + len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		number = number * 10 + (text.data[i] - '0');
	}
	*out_number = number;
	return true;
}

/* Days since 1970 of a date of the proleptic Gregorian calendar; months beyond twelve run on. */
static int64_t days_since_1970(int64_t year, int64_t month, int64_t day)
{
	year += (month - 1) / 12;
	month = (month - 1) % 12 + 1;
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = y / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* "2026-03-15", "2026-03" or "2026": when it begins, or when it is over.  False: no date. */
static bool day_bound(struct slice date, bool end, const struct zone *zone, int64_t *out_us)
{
	int64_t year;
	int64_t month = 1;
	int64_t day = 1;
	if (!days_number(date, 0, 4, &year))
		return false;
	if (date.len >= 7 && (date.data[4] != '-' || !days_number(date, 5, 2, &month)))
		return false;
	if (date.len >= 10 && (date.data[7] != '-' || !days_number(date, 8, 2, &day)))
		return false;
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 ||
		(date.len != 4 && date.len != 7 && date.len != 10))
		return false;
	day += end && date.len == 10;
	month += end && date.len == 7;
	year += end && date.len == 4;
	int64_t civil_us = days_since_1970(year, month, day) * DAY_US;
	*out_us = zone != NULL ? zone_to_utc(zone, civil_us) : civil_us;
	return true;
}

/* ---- Versions ---- */

static int64_t catalog_int(struct slice message, uint32_t field)
{
	uint64_t value = 0;
	(void)pbedit_get_uint(message, field, &value); /* absent is 0 */
	return (int64_t)value;
}

static struct slice catalog_bytes(struct slice message, uint32_t field)
{
	struct slice value = {NULL, 0};
	(void)pbedit_get_bytes(message, field, &value); /* absent is empty */
	return value;
}

static void catalog_add(struct catalog *catalog, const struct event_type *type, struct slice stored,
	const struct zone *zone)
{
	struct catalog_version version = {.published_us = (int64_t)load_le64(stored.data),
		.sequence = load_le64(stored.data + 8),
		.message = slice_sub(stored, VALUE_HEAD, stored.len)};
	uint32_t at = catalog->count;
	version.from_us = version.published_us;
	for (size_t i = 0; i < KINDS; i++) {
		if (kinds[i].type == type->id)
			version.retired =
				catalog_int(version.message, kinds[i].retired) == ANSWER_YES;
	}
	if (type->id == TYPE_PRICE) {
		(void)day_bound(catalog_bytes(version.message, PRICE_FROM), false, zone,
			&version.from_us); /* no day: from when it was published */
		(void)day_bound(catalog_bytes(version.message, PRICE_UNTIL), true, zone,
			&version.until_us); /* no day: without end */
	} else if (type->id == TYPE_PROMOTION) {
		version.until_us = catalog_int(version.message, PROMOTION_END);
	}
	while (at > 0 && (catalog->versions[at - 1].published_us < version.published_us ||
				 (catalog->versions[at - 1].published_us == version.published_us &&
					 catalog->versions[at - 1].sequence < version.sequence))) {
		catalog->versions[at] = catalog->versions[at - 1];
		at--;
	}
	catalog->versions[at] = version;
	catalog->count++;
}

enum ch_status catalog_read(struct rtxn *rtxn, const struct event_type *type, struct slice key,
	const struct zone *zone, struct catalog *out_catalog)
{
	uint8_t newest[LIMIT_KEY_BYTES];
	uint8_t past[LIMIT_KEY_BYTES];
	struct slice value;
	out_catalog->count = 0;
	if (key.len > LIMIT_KEY_BYTES - 64)
		return CH_NOT_FOUND;
	newest[0] = (uint8_t)(type->id >> 8);
	newest[1] = (uint8_t)type->id;
	newest[2] = '/';
	memcpy(newest + 3, key.data, key.len);
	struct slice reference = slice_of(newest, key.len + 3);
	enum ch_status status = rtxn_get(rtxn, TABLE_REFERENCE, reference, &value);
	/* The slots of the ring are filled from the first on, and past values have a newest one. */
	for (uint32_t slot = 0; status == CH_OK; slot++) {
		if (value.len < VALUE_HEAD)
			return CH_CORRUPT;
		catalog_add(out_catalog, type, value, zone);
		if (slot == LIMIT_REFERENCE_PAST)
			return CH_OK;
		status = rtxn_get(rtxn, TABLE_REFERENCE,
			slice_of(past, key_reference_past(past, reference, (uint8_t)slot)), &value);
	}
	return status == CH_NOT_FOUND && out_catalog->count > 0 ? CH_OK : status;
}

const struct catalog_version *catalog_at(const struct catalog *catalog, int64_t at_us)
{
	for (uint32_t i = 0; i < catalog->count; i++) {
		const struct catalog_version *version = &catalog->versions[i];
		if (version->from_us > at_us)
			continue;
		bool over = version->until_us != 0 && version->until_us <= at_us;
		return over || version->retired ? NULL : version;
	}
	return NULL;
}

/* ---- What an agent is shown ---- */

static void wish_add(struct slice *list, uint32_t *count, struct slice id)
{
	for (uint32_t i = 0; i < *count; i++) {
		if (slice_equal(list[i], id))
			return;
	}
	if (id.len > 0 && id.len <= LIMIT_ID_BYTES && *count < CATALOG_SHOWN)
		list[(*count)++] = id;
}

static bool catalog_newest(
	struct rtxn *rtxn, uint16_t type, struct slice id, struct slice *out_message)
{
	uint8_t key[3 + LIMIT_ID_BYTES] = {(uint8_t)(type >> 8), (uint8_t)type, '/'};
	struct slice value;
	if (id.len > LIMIT_ID_BYTES)
		return false;
	memcpy(key + 3, id.data, id.len);
	if (rtxn_get(rtxn, TABLE_REFERENCE, slice_of(key, id.len + 3), &value) != CH_OK ||
		value.len < VALUE_HEAD)
		return false;
	*out_message = slice_sub(value, VALUE_HEAD, value.len);
	return true;
}

void catalog_wish_unit(struct rtxn *rtxn, struct slice unit, struct catalog_wish *wish)
{
	uint8_t key[LIMIT_KEY_BYTES];
	struct slice product = catalog_bytes(unit, UNIT_PRODUCT);
	struct slice model = catalog_bytes(unit, UNIT_MODEL);
	struct slice list;
	struct slice message;
	if (product.len > 0 && catalog_newest(rtxn, TYPE_PRODUCT, product, &message)) {
		wish_add(wish->products, &wish->product_count, product);
		return;
	}
	size_t len = key_reference_model(key, model);
	/* Of several with one model the first by its number. */
	if (len > 0 && rtxn_get(rtxn, TABLE_REFERENCE, slice_of(key, len), &list) == CH_OK &&
		list.len > 2)
		wish_add(wish->products, &wish->product_count,
			slice_sub(list, 2, load_le16(list.data)));
}

void catalog_wish_station(struct slice station_id, struct catalog_wish *wish)
{
	wish_add(wish->stations, &wish->station_count, station_id);
}

static void catalog_put_newest(struct rtxn *rtxn, uint16_t type, uint32_t retired,
	const struct slice *ids, uint32_t count, uint32_t field, struct buffer *out)
{
	struct slice message;
	for (uint32_t i = 0; i < count; i++) {
		if (catalog_newest(rtxn, type, ids[i], &message) &&
			catalog_int(message, retired) != ANSWER_YES)
			pb_put_element(out, field, message);
	}
}

/* Whether a promotion is on one of the products; one that names none is on all. */
static bool promotion_concerns(struct slice promotion, const struct catalog_wish *wish)
{
	struct pb_reader reader = pb_read(promotion);
	struct pb_field field;
	bool all = true;
	while (pb_next(&reader, &field)) {
		if (field.number != PROMOTION_PRODUCTS)
			continue;
		all = false;
		for (uint32_t i = 0; i < wish->product_count; i++) {
			if (slice_equal(field.bytes, wish->products[i]))
				return true;
		}
	}
	return all;
}

enum ch_status catalog_put(struct rtxn *rtxn, const struct catalog_wish *wish,
	const struct catalog_fields *fields, struct buffer *out)
{
	struct slice list = {NULL, 0};
	uint32_t shown = 0;
	catalog_put_newest(rtxn, TYPE_PRODUCT, kinds[0].retired, wish->products,
		wish->product_count, fields->products, out);
	catalog_put_newest(rtxn, TYPE_STATION, kinds[3].retired, wish->stations,
		wish->station_count, fields->stations, out);
	enum ch_status status = rtxn_get(rtxn, TABLE_REFERENCE, KEY_PROMOTIONS, &list);
	if (status != CH_OK && status != CH_NOT_FOUND)
		return status;
	for (size_t at = 0; at + 2 <= list.len && shown < CATALOG_SHOWN;) {
		struct slice id = slice_sub(list, at + 2, load_le16(list.data + at));
		struct slice message;
		if (catalog_newest(rtxn, TYPE_PROMOTION, id, &message) &&
			promotion_concerns(message, wish)) {
			pb_put_element(out, fields->promotions, message);
			shown++;
		}
		at += 2 + id.len;
	}
	return out->status;
}
