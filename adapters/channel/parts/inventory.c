/* INVRPT, X12 846: what lies in a warehouse.  The report is one event, or several pages of it; and each of
 * its lines is reference data besides, by warehouse and article: all reports together are the one view of
 * the stock. */
#include <stdlib.h>

#include "channel/parts/trade.h"

/* So that a page is well below what an event may have. */
#define PAGE_LINES 400u

struct inventory_state {
	Carehub__V1__PartsInventoryReported *report;
	Carehub__V1__TradeParty *party;
	Carehub__V1__InventoryLine *line;
	struct flaw begin_at;
	struct flaw line_at;
	struct moment as_of;
	bool is_as_of;
};

static struct inventory_state *state_of(struct reading *r)
{
	return r->state;
}

static void inventory_begin(struct reading *r)
{
	struct inventory_state *state = state_of(r);
	state->report = reading_new(r, &carehub__v1__parts_inventory_reported__descriptor);
	state->begin_at = (struct flaw){.offset = r->message->offset, .segment = 1};
}

static void take_bgm(struct reading *r)
{
	state_of(r)->begin_at = segment_flaw(r->segment, FLAW_MISSING, 2, 0, NULL);
	state_of(r)->report->report_id = reading_text(r, 2, 1);
}

/* BIA*purpose*type*number*date*time */
static void take_bia(struct reading *r)
{
	state_of(r)->begin_at = segment_flaw(r->segment, FLAW_MISSING, 3, 0, NULL);
	state_of(r)->report->report_id = reading_text(r, 3, 1);
	r->dated = date_parse_pair(segment_get(r->segment, 4, 1), segment_get(r->segment, 5, 1),
			   &r->date) == CH_OK;
	if (!r->dated)
		reading_flaw(r, FLAW_DATE, 4, 0, NULL);
}

static void take_date(struct reading *r)
{
	struct inventory_state *state = state_of(r);
	if (state->line != NULL)
		return;
	if (!trade_document_date(r) &&
		(trade_date(r, "366", &state->as_of) || trade_date(r, "179", &state->as_of) ||
			trade_date(r, "184", &state->as_of) || trade_date(r, "405", &state->as_of)))
		state->is_as_of = true;
}

static void take_party(struct reading *r)
{
	struct inventory_state *state = state_of(r);
	if (state->line != NULL)
		return;
	state->party = trade_party(r);
	READING_ADD(r, state->report, parties, state->party);
}

static void take_place(struct reading *r)
{
	if (state_of(r)->line == NULL)
		trade_party_place(r, state_of(r)->party);
}

/* ---- Lines ---- */

static void end_line(struct reading *r)
{
	struct inventory_state *state = state_of(r);
	if (state->line != NULL && trade_item_code(state->line->item)[0] == 0)
		reading_flaw_at(r, state->line_at, FLAW_MISSING, "the line names no article");
	state->line = NULL;
	r->item = NULL;
}

static void take_lin(struct reading *r)
{
	struct inventory_state *state = state_of(r);
	end_line(r);
	state->line_at = segment_flaw(r->segment, FLAW_MISSING, 0, 0, NULL);
	state->line = reading_new(r, &carehub__v1__inventory_line__descriptor);
	if (state->line == NULL)
		return;
	r->item = &state->line->item;
	state->line->line_id = reading_text(r, 1, 1);
	READING_ADD(r, state->report, lines, state->line);
	if (r->interchange->standard == STANDARD_X12)
		trade_pairs(r, &state->line->item, 2);
	else
		trade_line_item(r, &state->line->item);
}

/* LOC+18+shelf, REF*LU*shelf */
static void take_loc(struct reading *r)
{
	bool x12 = r->interchange->standard == STANDARD_X12;
	if (state_of(r)->line != NULL && (!x12 || segment_says(r->segment, 1, 1, "LU")))
		reading_set(r, &state_of(r)->line->location_id, 2, 1);
}

static void take_sts(struct reading *r)
{
	if (state_of(r)->line != NULL)
		reading_set(r, &state_of(r)->line->status_code, 2, 1);
}

#define FIELD(name) offsetof(Carehub__V1__InventoryLine, name)
static const struct quantity_row quantities[] = {
	{{"145"}, {"17"}, FIELD(on_hand)},
	{{"17"}, {""}, FIELD(on_hand)},
	{{"33"}, {"33"}, FIELD(available)},
	{{"124"}, {"XU"}, FIELD(reserved)},
	{{"73"}, {"27"}, FIELD(reserved)},
	{{"21"}, {"63"}, FIELD(on_order)},
	{{"48"}, {"87"}, FIELD(received)},
	{{"48"}, {"02"}, FIELD(received)},
	{{"12"}, {"32"}, FIELD(issued)},
};
#undef FIELD

/* QTY+145:2400:PCE, QTY*33*2400*EA.  Several of one kind, by shelf or state, are told apart by no one
 * here: they add up. */
static void take_qty(struct reading *r)
{
	Carehub__V1__InventoryLine *line = state_of(r)->line;
	bool x12 = r->interchange->standard == STANDARD_X12;
	unsigned element = x12 ? 2 : 1;
	unsigned component = x12 ? 1 : 2;
	struct decimal sum;
	if (line == NULL)
		return;
	Carehub__V1__Decimal **field = TRADE_QUANTITY(r, line, quantities);
	Carehub__V1__Decimal *number = reading_number(r, element, component);
	reading_set(r, &line->unit, x12 ? 3 : 1, x12 ? 1 : 3);
	if (number == NULL)
		return;
	if (field == NULL) {
		line->quantity = number;
		line->quantity_qualifier = reading_text(r, 1, 1);
		return;
	}
	if (*field == NULL)
		*field = number;
	else if (decimal_add(reading_value(*field), reading_value(number), &sum) == CH_OK)
		*field = reading_decimal(r, sum);
	else
		reading_flaw(r, FLAW_NUMBER, element, component, "the sum is too large");
}

static void take_summary(struct reading *r)
{
	end_line(r);
}

/* ---- The events ---- */

/* The lines from `first` on, in an event of their own. */
static void make_page(struct reading *r, const Carehub__V1__PartsInventoryReported *report,
	size_t first, size_t page, size_t pages)
{
	Carehub__V1__PartsInventoryReported *event =
		reading_new(r, &carehub__v1__parts_inventory_reported__descriptor);
	if (event == NULL)
		return;
	*event = *report;
	event->lines = report->lines + first;
	event->n_lines =
		report->n_lines - first < PAGE_LINES ? report->n_lines - first : PAGE_LINES;
	if (pages > 1) {
		event->page = (uint32_t)page;
		event->pages = (uint32_t)pages;
	}
	reading_make(r, "parts.inventory.reported", event, page > 1 ? "#page" : "",
		page > 1 ? (uint32_t)page : 0);
}

/* What one article has on several shelves, or in several lots, is one value. */
struct stock {
	const char *code;
	const char *unit;
	size_t line;
	const Carehub__V1__InventoryLine *told;
	const struct stock *next; /* of the same article */
	bool told_before;         /* it is not the article's first */
};

static int stock_by_article(const void *a, const void *b)
{
	const struct stock *x = *(const struct stock *const *)a;
	const struct stock *y = *(const struct stock *const *)b;
	int order = strcmp(x->code, y->code);
	if (order == 0)
		order = strcmp(x->unit, y->unit);
	return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

static void stock_add(struct reading *r, Carehub__V1__Decimal **sum, Carehub__V1__Decimal *more)
{
	struct decimal value;
	if (more == NULL)
		return;
	if (*sum == NULL)
		*sum = more; /* mostly all there is */
	else if (decimal_add(reading_value(*sum), reading_value(more), &value) == CH_OK)
		*sum = reading_decimal(r, value);
	else
		reading_flaw_at(r, state_of(r)->begin_at, FLAW_NUMBER, "the stock of an article");
}

static void make_stock(struct reading *r, const Carehub__V1__PartsInventoryReported *report,
	const struct stock *stock)
{
	size_t number = stock->line + 1;
	Carehub__V1__ReferenceStockPublished *event =
		reading_new(r, &carehub__v1__reference_stock_published__descriptor);
	if (event == NULL)
		return;
	event->location_id = report->warehouse_id;
	event->item_code = reading_constant(stock->code);
	event->as_of_time_us = report->as_of_time_us;
	event->unit = stock->told->unit;
	for (; stock != NULL && r->status == CH_OK; stock = stock->next) {
		stock_add(r, &event->on_hand, stock->told->on_hand);
		stock_add(r, &event->available, stock->told->available);
		stock_add(r, &event->on_order, stock->told->on_order);
	}
	reading_make(r, "reference.stock.published", event, "#stock", (uint32_t)number);
}

static bool stock_is_same(const struct stock *a, const struct stock *b)
{
	return strcmp(a->code, b->code) == 0 && strcmp(a->unit, b->unit) == 0;
}

/* In the order of the lines that name an article first. */
static void make_stocks(struct reading *r, const Carehub__V1__PartsInventoryReported *report)
{
	size_t count = 0;
	struct stock *stocks = arena_alloc(r->arena, report->n_lines * sizeof(*stocks));
	struct stock **sorted = arena_alloc(r->arena, report->n_lines * sizeof(struct stock *));
	if (stocks == NULL || sorted == NULL) {
		r->status = CH_NOMEM;
		return;
	}
	for (size_t i = 0; i < report->n_lines; i++) {
		const Carehub__V1__InventoryLine *told = report->lines[i];
		if (told->on_hand == NULL && told->available == NULL)
			continue; /* a movement: it says nothing of what lies there */
		stocks[count] = (struct stock){.code = trade_item_code(told->item),
			.unit = told->unit,
			.line = i,
			.told = told};
		sorted[count] = &stocks[count];
		count++;
	}
	qsort(sorted, count, sizeof(struct stock *), stock_by_article);
	for (size_t i = 1; i < count; i++) {
		if (!stock_is_same(sorted[i - 1], sorted[i]))
			continue;
		sorted[i - 1]->next = sorted[i];
		sorted[i]->told_before = true;
	}
	for (size_t i = 0; i < count && r->status == CH_OK; i++) {
		if (!stocks[i].told_before)
			make_stock(r, report, &stocks[i]);
	}
}

static void inventory_end(struct reading *r)
{
	struct inventory_state *state = state_of(r);
	Carehub__V1__PartsInventoryReported *report = state->report;
	end_line(r);
	report->interchange = reading_origin(r);
	report->warehouse_id = trade_party_id(report->parties, report->n_parties, "WH GY WS SF SU");
	if (report->warehouse_id[0] == 0)
		report->warehouse_id = reading_copy(r, r->interchange->sender.id);
	if (report->report_id[0] == 0)
		reading_flaw_at(r, state->begin_at, FLAW_MISSING, "the report's number");
	if (report->n_lines == 0)
		reading_flaw_at(r, state->begin_at, FLAW_MISSING, "there is no line");
	if (!state->is_as_of && r->dated) {
		state->as_of = r->date;
		state->is_as_of = true;
	}
	if (state->is_as_of)
		report->as_of_time_us = reading_utc(r, &state->as_of);
	if (r->dated)
		report->report_date = reading_day(r, &r->date);
	size_t pages = (report->n_lines + PAGE_LINES - 1) / PAGE_LINES;
	for (size_t page = 1; page <= pages && r->status == CH_OK; page++)
		make_page(r, report, (page - 1) * PAGE_LINES, page, pages);
	if (report->n_lines > 0)
		make_stocks(r, report);
}

static const struct segment_rows edifact_rows = {
	SEGMENT_ROW('B', 'G', 'M', take_bgm),
	SEGMENT_ROW('D', 'T', 'M', take_date),
	SEGMENT_ROW('N', 'A', 'D', take_party),
	SEGMENT_ROW('L', 'I', 'N', take_lin),
	SEGMENT_ROW('P', 'I', 'A', trade_pia),
	SEGMENT_ROW('I', 'M', 'D', trade_imd),
	SEGMENT_ROW('L', 'O', 'C', take_loc),
	SEGMENT_ROW('S', 'T', 'S', take_sts),
	SEGMENT_ROW('Q', 'T', 'Y', take_qty),
	SEGMENT_ROW('U', 'N', 'S', take_summary),
};

static const struct segment_rows x12_rows = {
	SEGMENT_ROW('B', 'I', 'A', take_bia),
	SEGMENT_ROW('D', 'T', 'M', take_date),
	SEGMENT_ROW('N', '1', 0, take_party),
	SEGMENT_ROW('N', '4', 0, take_place),
	SEGMENT_ROW('L', 'I', 'N', take_lin),
	SEGMENT_ROW('R', 'E', 'F', take_loc),
	SEGMENT_ROW('P', 'I', 'D', trade_imd),
	SEGMENT_ROW('Q', 'T', 'Y', take_qty),
	SEGMENT_ROW('C', 'T', 'T', take_summary),
};

const struct document document_inventory = {
	.edifact = &edifact_rows,
	.x12 = &x12_rows,
	.state_bytes = sizeof(struct inventory_state),
	.begin = inventory_begin,
	.end = inventory_end,
};
