/* Charges off the published price list. */
#include "module/quality/measure/measuring.h"

/* The prices of one item. */
struct item_prices {
	size_t count;
	struct mark marks[];
};

/* What a price is judged by; an empty text may stand for memory that has run
 * out, which what follows tells. */
static void price_copy(struct measuring *m, const struct mark *mark, struct mark *out)
{
	*out = *mark;
	out->source = arena_copy(&m->scratch, mark->source);
	out->id = arena_copy(&m->scratch, mark->id);
	for (size_t i = 0; i < MARK_TEXTS; i++)
		out->texts[i] = arena_copy(&m->scratch, mark->texts[i]);
}

static enum ch_status price_load(void *context, struct slice key, const struct marks *marks)
{
	struct measuring *m = context;
	struct buffer name = {0};
	enum ch_status status = CH_NOMEM;
	struct slice item = arena_copy(&m->scratch, fact_name(key, &name));
	struct item_prices *prices =
		arena_alloc(&m->scratch, sizeof(*prices) + marks->count * sizeof(*prices->marks));
	if (item.data == NULL || prices == NULL)
		goto out;
	prices->count = marks->count;
	for (size_t i = 0; i < marks->count; i++)
		price_copy(m, &marks->items[i], &prices->marks[i]);
	status = table_put(&m->prices, item, prices);
out:
	buffer_fini(&name);
	return status;
}

static int off_list_order(const void *a, const void *b)
{
	const struct off_list_charge *one = a;
	const struct off_list_charge *other = b;
	if (one->moment_us != other->moment_us)
		return one->moment_us > other->moment_us ? -1 : 1; /* the newest first */
	int order = slice_compare(one->repair_order_id, other->repair_order_id);
	return order != 0 ? order : slice_compare(one->item_code, other->item_code);
}

enum ch_status measure_price_begin(struct measuring *m)
{
	shortlist_init(&m->off_list, sizeof(struct off_list_charge), off_list_order);
	return fact_walk(m->txn, FACT_PRICES, m->request->as_of_us, price_load, m);
}

static void price_count(const struct charge_judgement *judgement, struct price_row *row)
{
	if (judgement->verdict == CHARGE_UNJUDGED) {
		row->unjudged++;
		return;
	}
	row->off_list.whole++;
	row->off_list.part += judgement->verdict != CHARGE_LISTED;
	row->not_listed += judgement->verdict == CHARGE_NOT_LISTED;
	if (judgement->verdict == CHARGE_OVER &&
		__builtin_add_overflow(
			row->over_minor, judgement->difference_minor, &row->over_minor))
		row->over_minor = INT64_MAX;
	if (judgement->verdict == CHARGE_UNDER &&
		__builtin_sub_overflow(
			row->under_minor, judgement->difference_minor, &row->under_minor))
		row->under_minor = INT64_MAX;
}

static void price_list(struct measuring *m, const struct repair_fact *fact,
	const struct mark *charge, const struct charge_judgement *judgement)
{
	const struct off_list_charge off = {.repair_order_id = fact->order_id,
		.station = fact->station,
		.item_code = charge->texts[CHARGE_ITEM],
		.currency = charge->texts[CHARGE_CURRENCY],
		.charged_minor = judgement->charged_minor,
		.listed_minor = judgement->listed_minor,
		.verdict = judgement->verdict,
		.moment_us = charge->moment_us,
		.event_source = charge->source,
		.event_id = charge->id};
	struct off_list_charge *place = shortlist_place(&m->off_list, &off);
	if (place == NULL)
		return;
	place->repair_order_id = measuring_keep(m, off.repair_order_id);
	place->station = measuring_keep(m, off.station);
	place->item_code = measuring_keep(m, off.item_code);
	place->currency = measuring_keep(m, off.currency);
	place->event_source = measuring_keep(m, off.event_source);
	place->event_id = measuring_keep(m, off.event_id);
}

static void price_take_charge(struct measuring *m, const struct repair_fact *fact,
	const struct mark *charge, const struct measure_subject *subject)
{
	static const struct item_prices none = {0};
	void *rows[MEASURE_ROWS_MAX];
	struct charge_judgement judgement;
	const struct item_prices *prices = table_get(&m->prices, charge->texts[CHARGE_ITEM]);
	if (prices == NULL)
		prices = &none;
	charge_judge(charge, prices->marks, prices->count, m->settings, m->offset_us, &judgement);
	size_t count = measuring_rows(m, MEASURE_PRICE, subject, charge->moment_us, rows);
	for (size_t i = 0; i < count; i++)
		price_count(&judgement, rows[i]);
	if (judgement.verdict >= CHARGE_OVER && measuring_in_stretch(m, charge->moment_us))
		price_list(m, fact, charge, &judgement);
}

enum ch_status measure_price_take(struct measuring *m, const struct repair_fact *fact,
	const struct marks *marks, const struct measure_subject *subject)
{
	if (fact->returned.mark == NULL || !measuring_in_history(m, fact->returned.moment_us) ||
		!measuring_admits(m, subject))
		return CH_OK;
	for (size_t i = 0; i < marks->count; i++) {
		const struct mark *mark = &marks->items[i];
		/* What the last word about the return says; one before it was replaced by
     * it. */
		if (mark->kind == REPAIR_CHARGED &&
			slice_equal(mark->id, fact->returned.mark->id) &&
			slice_equal(mark->source, fact->returned.mark->source))
			price_take_charge(m, fact, mark, subject);
	}
	return CH_OK;
}

enum ch_status measure_price_end(struct measuring *m)
{
	return shortlist_finish(&m->off_list, m->arena, &m->out->off_list, &m->out->off_list_count,
		&m->out->off_list_total);
}
