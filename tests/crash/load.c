#include "crash/load.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "wire/pb.h"

/* How far back a conflict or a correction looks. */
#define BACK 200u

#define TIME_US INT64_C(1772409600000000) /* 2026-03-02 */

enum salt { SALT_KIND, SALT_BACK, SALT_ID, SALT_WHAT, SALT_WHO, SALT_FILL };

/* The finalizer of splitmix64. */
uint64_t load_mix(uint64_t seed, uint64_t index, uint64_t salt)
{
	uint64_t x = seed + (index * 8 + salt + 1) * UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static uint64_t load_draw(const struct load *load, uint32_t index, enum salt salt)
{
	return load_mix(load->seed, index, salt);
}

static enum load_kind load_own_kind(const struct load *load, uint32_t index)
{
	switch (load_draw(load, index, SALT_KIND) % 20) {
	case 0:
		return LOAD_BAD;
	case 1:
		return index > BACK ? LOAD_CONFLICT : LOAD_GOOD;
	case 2:
		return index > BACK ? LOAD_FIXED : LOAD_GOOD;
	default:
		return LOAD_GOOD;
	}
}

/* An earlier event of that kind; each bad one is corrected at most once, by whoever comes to it: two
 * that would correct the same one would be each other's conflict. */
struct load_plan load_plan(const struct load *load, uint32_t index)
{
	struct load_plan plan = {.kind = load_own_kind(load, index)};
	if (plan.kind == LOAD_FIXED) {
		plan.about = index - BACK;
		if (load_own_kind(load, plan.about) != LOAD_BAD)
			plan.kind = LOAD_GOOD;
	} else if (plan.kind == LOAD_CONFLICT) {
		plan.about = index - 1 - (uint32_t)(load_draw(load, index, SALT_BACK) % BACK);
		if (load_own_kind(load, plan.about) != LOAD_GOOD)
			plan.kind = LOAD_GOOD;
	}
	return plan;
}

/* ---- Data ---- */

static void put_party(const struct load *load, uint32_t index, struct buffer *personal)
{
	char phone[32];
	uint64_t who = load_draw(load, index, SALT_WHO) % load->customers;
	(void)snprintf(phone, sizeof(phone), "+86139%08" PRIu64, who); /* room for it */
	size_t party = pb_begin(personal, 100);
	size_t contact = pb_begin(personal, 4);
	pb_put_text(personal, 1, phone);
	pb_end(personal, contact);
	size_t name = pb_begin(personal, 6);
	pb_put_text(personal, 1, who % 2 == 0 ? "王小明" : "Li Na");
	pb_end(personal, name);
	pb_end(personal, party);
}

/* Of a repeated word and a few drawn bytes: an archive is made of it, but not of nothing. */
static void put_filler(const struct load *load, uint32_t index, struct buffer *out, uint32_t number,
	uint32_t bytes)
{
	char text[16384];
	uint32_t len = 0;
	while (len + 17 < sizeof(text) && len + 17 <= bytes) {
		uint64_t draw = load_draw(load, index + len, SALT_FILL);
		len += (uint32_t)snprintf(text + len, sizeof(text) - len, "%08" PRIx64 " carehub ",
			draw & 0xffffffff);
	}
	pb_put_bytes(out, number, slice_of(text, len));
}

static void put_sale(const struct load *load, uint32_t index, bool whole, struct buffer *data)
{
	char number[24];
	(void)snprintf(number, sizeof(number), "%" PRIu32, index); /* room for it */
	size_t transaction = pb_begin(data, 1);
	size_t ref = pb_begin(data, 1);
	pb_put_text(data, 1, "8");
	pb_put_text(data, 2, "34");
	pb_put_text(data, 3, "2026-03-02");
	pb_put_text(data, 4, number);
	pb_end(data, ref);
	if (whole) {
		size_t line = pb_begin(data, 6);
		pb_put_uint(data, 1, 1);
		pb_put_text(data, 7, "A-1");
		put_filler(load, index, data, 12, load->filler_bytes);
		pb_end(data, line);
	}
	pb_end(data, transaction);
}

static void put_repair(const struct load *load, uint32_t index, bool received, struct buffer *data)
{
	char order[32];
	(void)snprintf(order, sizeof(order), "R%" PRIu64,
		load_draw(load, index, SALT_BACK) % 4000); /* room for it */
	pb_put_text(data, 1, order);
	size_t station = pb_begin(data, 2);
	pb_put_text(data, 1, "S-17");
	pb_end(data, station);
	if (!received)
		return;
	size_t unit = pb_begin(data, 3);
	pb_put_text(data, 2, "KDL-55");
	pb_end(data, unit);
}

static void put_complaint(uint32_t index, struct buffer *data)
{
	char id[32];
	(void)snprintf(id, sizeof(id), "C%" PRIu32, index); /* room for it */
	pb_put_text(data, 1, id);
	pb_put_text(data, 4, "late");
}

/* The type, and its data in `data` and `personal`. */
static const char *load_data(const struct load *load, uint32_t index, bool good,
	struct buffer *data, struct buffer *personal)
{
	uint64_t what = load_draw(load, index, SALT_WHAT) % 10;
	if (what != 0)
		put_party(load, index, personal);
	if (!good && what < 5)
		return "pos.sale.exploded"; /* no such type */
	switch (good ? what : 0) {
	case 1:
		put_repair(load, index, true, data);
		return "repair.order.received";
	case 2:
		put_repair(load, index, false, data);
		return "repair.order.repaired";
	case 3:
		put_repair(load, index, false, data);
		return "repair.order.returned";
	case 4:
		put_complaint(index, data);
		return "website.complaint.filed";
	default:
		put_sale(load, index, good, data);
		return "pos.sale.completed";
	}
}

/* ---- The event ---- */

void load_event(const struct load *load, uint32_t index, struct buffer *out)
{
	static const char *const sources[] = {
		"urn:crash:till", "urn:crash:station", "urn:crash:web"};
	struct buffer data = {0};
	struct buffer personal = {0};
	char id[40];
	char subject[16];
	struct load_plan plan = load_plan(load, index);
	bool borrowed = plan.kind == LOAD_CONFLICT || plan.kind == LOAD_FIXED;
	uint32_t named = borrowed ? plan.about : index;
	(void)snprintf(id, sizeof(id), "%016" PRIx64 "-%" PRIu32, load_draw(load, named, SALT_ID),
		named); /* room for it */
	(void)snprintf(subject, sizeof(subject), "%" PRIu32, index);
	const char *type = load_data(load, index, plan.kind != LOAD_BAD, &data, &personal);
	struct envelope envelope = {
		.id = slice_text(id),
		.source = slice_text(sources[named % 3]),
		.type = slice_text(type),
		.subject = slice_text(subject),
		.time_us = TIME_US + index,
		.data = buffer_slice(&data),
		.personal = buffer_slice(&personal),
	};
	envelope_encode(&envelope, out);
	if (data.status != CH_OK || personal.status != CH_OK)
		out->status = CH_NOMEM;
	buffer_fini(&data);
	buffer_fini(&personal);
}

uint32_t load_index(struct slice subject)
{
	uint64_t index;
	if (text_parse_u64(subject, UINT32_MAX - 1, &index) != CH_OK)
		return UINT32_MAX;
	return (uint32_t)index;
}
