/* PRICAT, X12 832: a price list.  The list is one event, or several pages of it; and each price is
 * reference data besides, by list and article. */
#include "base/currency.h"
#include "channel/parts/trade.h"

#define PAGE_LINES 400u

struct prices_state {
	Carehub__V1__PartsPriceListed *list;
	Carehub__V1__TradeParty *party;
	Carehub__V1__PriceLine *line;
	char *series; /* the list that each new edition takes the place of: RFF+PL */
	struct flaw begin_at;
	struct flaw line_at;
};

static struct prices_state *state_of(struct reading *r)
{
	return r->state;
}

static void prices_begin(struct reading *r)
{
	struct prices_state *state = state_of(r);
	state->list = reading_new(r, &carehub__v1__parts_price_listed__descriptor);
	state->series = reading_copy(r, (struct slice){NULL, 0});
	state->begin_at = (struct flaw){.offset = r->message->offset, .segment = 1};
}

static void take_bgm(struct reading *r)
{
	state_of(r)->begin_at = segment_flaw(r->segment, FLAW_MISSING, 2, 0, NULL);
	state_of(r)->list->price_list_id = reading_text(r, 2, 1);
}

/* BCT*PC*number*... */
static void take_bct(struct reading *r)
{
	state_of(r)->begin_at = segment_flaw(r->segment, FLAW_MISSING, 2, 0, NULL);
	state_of(r)->list->price_list_id = reading_text(r, 2, 1);
}

static void take_date(struct reading *r)
{
	struct prices_state *state = state_of(r);
	struct moment moment;
	bool line = state->line != NULL;
	if (!line && trade_document_date(r))
		return;
	if (!line && trade_date(r, "097", &moment)) {
		r->date = moment;
		r->dated = true;
		return;
	}
	if (trade_date(r, "194", &moment) || trade_date(r, "157", &moment) ||
		trade_date(r, "007", &moment)) {
		if (line)
			state->line->valid_from_date = reading_day(r, &moment);
		else
			state->list->valid_from_date = reading_day(r, &moment);
	} else if (trade_date(r, "206", &moment) || trade_date(r, "036", &moment)) {
		if (line)
			state->line->valid_until_date = reading_day(r, &moment);
		else
			state->list->valid_until_date = reading_day(r, &moment);
	}
}

static void take_reference(struct reading *r)
{
	if (segment_says(r->segment, 1, 1, "PL") && state_of(r)->line == NULL)
		reading_set(r, &state_of(r)->series,
			r->interchange->standard == STANDARD_X12 ? 2 : 1,
			r->interchange->standard == STANDARD_X12 ? 1 : 2);
}

static void take_party(struct reading *r)
{
	struct prices_state *state = state_of(r);
	if (state->line != NULL)
		return;
	state->party = trade_party(r);
	READING_ADD(r, state->list, parties, state->party);
}

static void take_currency(struct reading *r)
{
	trade_currency(r, &state_of(r)->list->currency);
}

/* ---- Lines ---- */

static void end_line(struct reading *r)
{
	struct prices_state *state = state_of(r);
	Carehub__V1__PriceLine *line = state->line;
	state->line = NULL;
	r->item = NULL;
	if (line == NULL)
		return;
	if (trade_item_code(line->item)[0] == 0)
		reading_flaw_at(r, state->line_at, FLAW_MISSING, "the line names no article");
	if (line->unit_price == NULL && strcmp(line->action, "2") != 0)
		reading_flaw_at(r, state->line_at, FLAW_MISSING, "the line has no price");
}

static void take_lin(struct reading *r)
{
	struct prices_state *state = state_of(r);
	end_line(r);
	state->line_at = segment_flaw(r->segment, FLAW_MISSING, 0, 0, NULL);
	state->line = reading_new(r, &carehub__v1__price_line__descriptor);
	if (state->line == NULL)
		return;
	r->item = &state->line->item;
	state->line->line_id = reading_text(r, 1, 1);
	READING_ADD(r, state->list, lines, state->line);
	if (r->interchange->standard == STANDARD_X12) {
		trade_pairs(r, &state->line->item, 2);
	} else {
		state->line->action = reading_text(r, 2, 1);
		trade_line_item(r, &state->line->item);
	}
}

/* PRI+AAA:14.58:CT:AAE:1:PCE; net before gross before any other. */
static void take_pri(struct reading *r)
{
	Carehub__V1__PriceLine *line = state_of(r)->line;
	if (line == NULL)
		return;
	bool better = segment_says(r->segment, 1, 1, "AAA") ||
		      (segment_says(r->segment, 1, 1, "AAB") &&
			      strcmp(line->price_qualifier, "AAA") != 0);
	if (line->unit_price != NULL && !better)
		return;
	line->unit_price = reading_number(r, 1, 2);
	line->price_qualifier = reading_text(r, 1, 1);
	line->price_basis = reading_number(r, 1, 5);
	line->unit = reading_text(r, 1, 6);
}

/* CTP*class*kind*price*quantity*unit */
static void take_ctp(struct reading *r)
{
	Carehub__V1__PriceLine *line = state_of(r)->line;
	if (line == NULL || line->unit_price != NULL)
		return;
	line->price_qualifier = reading_text(r, 2, 1);
	line->unit_price = reading_number(r, 3, 1);
	line->minimum_quantity = reading_number(r, 4, 1);
	line->unit = reading_text(r, 5, 1);
}

static void take_qty(struct reading *r)
{
	Carehub__V1__PriceLine *line = state_of(r)->line;
	if (line != NULL && segment_says(r->segment, 1, 1, "53"))
		line->minimum_quantity = reading_number(r, 1, 2);
}

static void take_summary(struct reading *r)
{
	end_line(r);
}

/* ---- The events ---- */

static void make_page(struct reading *r, const Carehub__V1__PartsPriceListed *list, size_t first,
	size_t page, size_t pages)
{
	Carehub__V1__PartsPriceListed *event =
		reading_new(r, &carehub__v1__parts_price_listed__descriptor);
	if (event == NULL)
		return;
	*event = *list;
	event->lines = list->lines + first;
	event->n_lines = list->n_lines - first < PAGE_LINES ? list->n_lines - first : PAGE_LINES;
	if (pages > 1) {
		event->page = (uint32_t)page;
		event->pages = (uint32_t)pages;
	}
	reading_make(r, "parts.price.listed", event, page > 1 ? "#page" : "",
		page > 1 ? (uint32_t)page : 0);
}

/* Exact where a price has more digits than its currency: 0.7066 for one is 70.66 for a hundred. */
static bool price_for(struct reading *r, const Carehub__V1__PriceLine *line, struct slice currency,
	Carehub__V1__ReferencePricePublished *event)
{
	struct decimal price = reading_value(line->unit_price);
	struct decimal basis = {1, 0};
	bool told = line->price_basis != NULL;
	int64_t minor_units = 0;
	bool exact = false;
	if (told)
		basis = reading_value(line->price_basis);
	while (!exact) {
		if (currency_minor_units(price, currency, &minor_units, &exact) != CH_OK)
			return false;
		if (exact)
			break;
		if (price.scale == 0 || __builtin_mul_overflow(basis.unscaled, 10, &basis.unscaled))
			return false;
		price.scale--;
		told = true;
	}
	event->price = reading_new(r, &carehub__v1__money__descriptor);
	if (event->price == NULL)
		return false;
	event->price->minor_units = minor_units;
	event->price->currency = reading_copy(r, currency);
	if (told)
		event->basis = reading_decimal(r, basis);
	return true;
}

static void make_price(struct reading *r, const struct prices_state *state,
	const Carehub__V1__PriceLine *line, uint32_t number)
{
	const Carehub__V1__PartsPriceListed *list = state->list;
	bool retired = strcmp(line->action, "2") == 0;
	if (!retired && !currency_is_code(r->currency))
		return; /* of no currency that anybody knows */
	Carehub__V1__ReferencePricePublished *event =
		reading_new(r, &carehub__v1__reference_price_published__descriptor);
	if (event == NULL)
		return;
	event->price_list_id = state->series;
	event->item_code = reading_constant(trade_item_code(line->item));
	event->kind = CAREHUB__V1__ITEM_KIND__ITEM_KIND_PART;
	event->description = line->item->description;
	event->unit = line->unit;
	event->valid_from_date =
		line->valid_from_date[0] != 0 ? line->valid_from_date : list->valid_from_date;
	event->valid_until_date =
		line->valid_until_date[0] != 0 ? line->valid_until_date : list->valid_until_date;
	if (retired)
		event->retired = CAREHUB__V1__ANSWER__ANSWER_YES;
	else if (!price_for(r, line, r->currency, event))
		return;
	reading_make(r, "reference.price.published", event, "#price", number);
}

static void prices_end(struct reading *r)
{
	struct prices_state *state = state_of(r);
	Carehub__V1__PartsPriceListed *list = state->list;
	end_line(r);
	list->interchange = reading_origin(r);
	if (list->price_list_id[0] == 0)
		reading_flaw_at(r, state->begin_at, FLAW_MISSING, "the list's number");
	if (list->n_lines == 0)
		reading_flaw_at(r, state->begin_at, FLAW_MISSING, "there is no line");
	if (r->message->flaws.count > 0)
		return;
	if (state->series[0] == 0)
		state->series = trade_party_id(list->parties, list->n_parties, "SU SE MF");
	if (state->series[0] == 0)
		state->series = reading_copy(r, r->interchange->sender.id);
	if (r->dated)
		list->list_date = reading_day(r, &r->date);
	size_t pages = (list->n_lines + PAGE_LINES - 1) / PAGE_LINES;
	for (size_t page = 1; page <= pages && r->status == CH_OK; page++)
		make_page(r, list, (page - 1) * PAGE_LINES, page, pages);
	for (size_t i = 0; i < list->n_lines && r->status == CH_OK; i++)
		make_price(r, state, list->lines[i], (uint32_t)i + 1);
}

static const struct segment_rows edifact_rows = {
	SEGMENT_ROW('B', 'G', 'M', take_bgm),
	SEGMENT_ROW('D', 'T', 'M', take_date),
	SEGMENT_ROW('R', 'F', 'F', take_reference),
	SEGMENT_ROW('N', 'A', 'D', take_party),
	SEGMENT_ROW('C', 'U', 'X', take_currency),
	SEGMENT_ROW('L', 'I', 'N', take_lin),
	SEGMENT_ROW('P', 'I', 'A', trade_pia),
	SEGMENT_ROW('I', 'M', 'D', trade_imd),
	SEGMENT_ROW('P', 'R', 'I', take_pri),
	SEGMENT_ROW('Q', 'T', 'Y', take_qty),
	SEGMENT_ROW('U', 'N', 'S', take_summary),
};

static const struct segment_rows x12_rows = {
	SEGMENT_ROW('B', 'C', 'T', take_bct),
	SEGMENT_ROW('C', 'U', 'R', take_currency),
	SEGMENT_ROW('D', 'T', 'M', take_date),
	SEGMENT_ROW('R', 'E', 'F', take_reference),
	SEGMENT_ROW('N', '1', 0, take_party),
	SEGMENT_ROW('L', 'I', 'N', take_lin),
	SEGMENT_ROW('P', 'I', 'D', trade_imd),
	SEGMENT_ROW('C', 'T', 'P', take_ctp),
	SEGMENT_ROW('C', 'T', 'T', take_summary),
};

const struct document document_prices = {
	.edifact = &edifact_rows,
	.x12 = &x12_rows,
	.state_bytes = sizeof(struct prices_state),
	.begin = prices_begin,
	.end = prices_end,
};
