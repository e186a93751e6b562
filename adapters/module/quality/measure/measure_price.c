/* Charges off the published price list. */
#include <stdlib.h>

#include "module/quality/measure/measuring.h"

/* The prices of one item. */
struct item_prices {
	size_t count;
	struct mark marks[];
};

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
	/* Their texts look into the book, and live as long as its transaction. */
	memcpy(prices->marks, marks->items, marks->count * sizeof(*prices->marks));
	prices->count = marks->count;
	status = table_put(&m->prices, item, prices);
out:
	buffer_fini(&name);
	return status;
}

enum ch_status measure_price_begin(struct measuring *m)
{
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

static enum ch_status price_list(struct measuring *m, const struct repair_fact *fact,
	const struct mark *charge, const struct charge_judgement *judgement)
{
	struct off_list_charge *off = list_add(&m->off_list, sizeof(*off));
	if (off == NULL)
		return CH_NOMEM;
	*off = (struct off_list_charge){
		.repair_order_id = measuring_keep(m, fact->order_id),
		.station = measuring_keep(m, fact->station),
		.item_code = measuring_keep(m, charge->texts[CHARGE_ITEM]),
		.currency = measuring_keep(m, charge->texts[CHARGE_CURRENCY]),
		.charged_minor = judgement->charged_minor,
		.listed_minor = judgement->listed_minor,
		.verdict = judgement->verdict,
		.moment_us = charge->moment_us,
		.event_source = measuring_keep(m, charge->source),
		.event_id = measuring_keep(m, charge->id),
	};
	return CH_OK;
}

static enum ch_status price_take_charge(struct measuring *m, const struct repair_fact *fact,
	const struct mark *charge, const struct measure_subject *subject)
{
	static const struct item_prices none = {0};
	void *rows[MEASURE_ROWS_MAX];
	struct charge_judgement judgement;
	const struct item_prices *prices = table_get(&m->prices, charge->texts[CHARGE_ITEM]);
	if (prices == NULL)
		prices = &none;
	charge_judge(charge, prices->marks, prices->count, m->settings, m->offset_us, &judgement);
	size_t count = measuring_rows(m, m->price, subject, charge->moment_us, rows);
	for (size_t i = 0; i < count; i++)
		price_count(&judgement, rows[i]);
	return judgement.verdict >= CHARGE_OVER ? price_list(m, fact, charge, &judgement) : CH_OK;
}

enum ch_status measure_price_take(struct measuring *m, const struct repair_fact *fact,
	const struct marks *marks, const struct measure_subject *subject)
{
	enum ch_status status = CH_OK;
	if (fact->returned.mark == NULL || !measuring_in_stretch(m, fact->returned.moment_us) ||
		!measuring_admits(m, subject))
		return CH_OK;
	for (size_t i = 0; i < marks->count && status == CH_OK; i++) {
		const struct mark *mark = &marks->items[i];
		/* What the last word about the return says; one before it was replaced by it. */
		if (mark->kind == REPAIR_CHARGED &&
			slice_equal(mark->id, fact->returned.mark->id) &&
			slice_equal(mark->source, fact->returned.mark->source))
			status = price_take_charge(m, fact, mark, subject);
	}
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

enum ch_status measure_price_end(struct measuring *m)
{
	return measuring_list(m, &m->off_list, sizeof(struct off_list_charge), off_list_order,
		&m->out->off_list, &m->out->off_list_count, &m->out->off_list_total);
}
