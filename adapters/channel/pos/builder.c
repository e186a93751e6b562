#include "channel/pos/builder.h"

#include "base/limits.h"
#include "base/text.h"
#include "channel/pos/value.h"

#define LIST_MAX 16u /* mailboxes, lines of an address */

void builder_begin(struct builder *builder, struct transaction *transaction)
{
	struct transaction *t = transaction;
	builder->transaction = t;
	builder->scratch = (struct scratch){0};
	memset(builder->objects, 0, sizeof(builder->objects));
	builder->objects[OBJECT_TRANSACTION] = t;
	builder->objects[OBJECT_SCRATCH] = &builder->scratch;
	builder->tails = (struct builder_tails){.sales = &t->sales,
		.tenders = &t->tenders,
		.taxes = &t->taxes,
		.discounts = &t->discounts,
		.rewards = &t->rewards,
		.links = &t->links,
		.phones = &t->party.phones,
		.movements = &t->movements};
}

/* ---- Texts ---- */

/* The first one told stays. */
static enum ch_status builder_keep(struct builder *b, struct slice text, struct slice *place)
{
	if (place->len > 0)
		return CH_OK;
	*place = arena_copy(b->transaction->arena, text);
	return place->data != NULL ? CH_OK : CH_NOMEM;
}

static enum ch_status builder_set_time(
	struct builder *b, struct slice text, struct moment *out_moment)
{
	struct transaction *t = b->transaction;
	if (out_moment->told)
		return CH_OK;
	enum ch_status status = value_time(
		text, b->scratch.offset, b->zone, &out_moment->time_us, &t->zone_assumed);
	if (status != CH_OK)
		return status;
	out_moment->told = true;
	return builder_keep(b, slice_sub(text, 0, 10), &t->civil_date);
}

static enum ch_status builder_set_date(struct builder *b, struct slice text, struct slice *place)
{
	struct slice date;
	enum ch_status status = value_date(text, &date);
	return status == CH_OK ? builder_keep(b, date, place) : status;
}

static enum ch_status builder_set_count(struct slice text, uint32_t *place)
{
	uint64_t count;
	if (text_parse_u64(text, UINT32_MAX, &count) != CH_OK)
		return CH_FORMAT;
	if (*place == 0)
		*place = (uint32_t)count;
	return CH_OK;
}

/* Of several flags one is enough. */
static enum ch_status builder_set_flag(struct slice text, bool *place)
{
	bool flag;
	enum ch_status status = value_flag(text, &flag);
	if (status == CH_OK)
		*place = *place || flag;
	return status;
}

static enum ch_status builder_set_answer(struct slice text, Carehub__V1__Answer *place)
{
	bool flag;
	enum ch_status status = value_flag(text, &flag);
	if (status == CH_OK)
		*place = flag ? CAREHUB__V1__ANSWER__ANSWER_YES : CAREHUB__V1__ANSWER__ANSWER_NO;
	return status;
}

static enum ch_status builder_append(struct builder *b, struct slice text, struct text_item **list)
{
	size_t count = 0;
	for (; *list != NULL; list = &(*list)->next) {
		if (++count == LIST_MAX)
			return CH_TOO_LARGE;
	}
	struct text_item *item = arena_alloc(b->transaction->arena, sizeof(*item));
	if (item == NULL)
		return CH_NOMEM;
	*item = (struct text_item){0};
	*list = item;
	return builder_keep(b, text, &item->text);
}

static enum ch_status builder_store(struct builder *b, const struct row *row, struct slice text)
{
	void *place = (char *)b->objects[row->object] + row->offset;
	switch (row->form) {
	case FORM_ID:
		return value_all_noughts(text) ? CH_OK : builder_keep(b, text, place);
	case FORM_TEXT:
		return builder_keep(b, text, place);
	case FORM_NUMBER:
		return ((struct number *)place)->told ? CH_OK : value_number(text, place);
	case FORM_AMOUNT:
		return ((struct amount *)place)->told ? CH_OK : value_amount(text, place);
	case FORM_COUNT:
		return builder_set_count(text, place);
	case FORM_SECONDS:
		return value_seconds(text, place);
	case FORM_TIME:
		return builder_set_time(b, text, place);
	case FORM_DATE:
		return builder_set_date(b, text, place);
	case FORM_FLAG:
		return builder_set_flag(text, place);
	case FORM_ANSWER:
		return builder_set_answer(text, place);
	case FORM_ENTRY:
		*(Carehub__V1__EntryMethod *)place = dialect_entry(text);
		return CH_OK;
	case FORM_LIST:
		return builder_append(b, text, place);
	case FORM_NONE:
		break;
	}
	return CH_OK;
}

enum ch_status builder_set(
	struct builder *builder, const struct row *row, struct slice text, const char **out_reason)
{
	enum ch_status status = CH_TOO_LARGE;
	if (text.len > 0 && (text.data[0] <= ' ' || text.data[text.len - 1] <= ' '))
		text = text_trim(text);
	if (text.len == 0)
		return CH_OK;
	if (text.len <= LIMIT_POS_TEXT_BYTES)
		status = builder_store(builder, row, text);
	if (status != CH_OK)
		*out_reason = value_reason(row->form, status);
	return status;
}

enum ch_status builder_set_currency(
	struct builder *builder, const struct row *row, struct slice code)
{
	struct amount *amount = (void *)((char *)builder->objects[row->object] + row->offset);
	if (amount->told || code.len == 0 || code.len > LIMIT_POS_TEXT_BYTES)
		return CH_OK;
	amount->currency = arena_copy(builder->transaction->arena, code);
	return amount->currency.data != NULL ? CH_OK : CH_NOMEM;
}

/* ---- What happens on entering a place ---- */

/* A zeroed object, which counts as a line of the transaction. */
static enum ch_status builder_new(
	struct builder *b, enum object object, size_t len, const char **out_reason)
{
	if (++b->transaction->line_count > LIMIT_POS_LINES) {
		*out_reason = "too many lines";
		return CH_TOO_LARGE;
	}
	void *new = arena_alloc(b->transaction->arena, len);
	if (new == NULL)
		return CH_NOMEM;
	memset(new, 0, len);
	b->objects[object] = new;
	return CH_OK;
}

#define APPEND(tail, item) (*(tail) = (item), (tail) = &(item)->next)

/* RetailTransaction and its like: the first one is what the transaction is. */
static enum ch_status enter_body(struct builder *b, const struct row *row, const char **out_reason)
{
	(void)out_reason; /* a second one is no mistake */
	if (b->transaction->body != BODY_NONE)
		return CH_NOT_FOUND;
	b->transaction->body = (enum body)row->argument;
	return CH_OK;
}

static enum ch_status enter_scratch(
	struct builder *b, const struct row *row, const char **out_reason)
{
	(void)row; /* has no argument */
	(void)out_reason;
	b->scratch = (struct scratch){0};
	return CH_OK;
}

static enum ch_status enter_line(struct builder *b, const struct row *row, const char **out_reason)
{
	(void)row; /* has no argument */
	return builder_new(b, OBJECT_LINE, sizeof(struct line), out_reason);
}

static enum ch_status enter_sale(struct builder *b, const struct row *row, const char **out_reason)
{
	enum ch_status status = builder_new(b, OBJECT_SALE, sizeof(struct sale_line), out_reason);
	if (status != CH_OK)
		return status;
	struct sale_line *sale = b->objects[OBJECT_SALE];
	sale->line = b->objects[OBJECT_LINE];
	sale->ordered = row->argument == SALE_FORM_ORDER;
	sale->action = row->argument == SALE_FORM_RETURN
			       ? CAREHUB__V1__SALE_ACTION__SALE_ACTION_RETURN
			       : CAREHUB__V1__SALE_ACTION__SALE_ACTION_SALE;
	b->tails.sale_taxes = &sale->taxes;
	b->tails.sale_discounts = &sale->discounts;
	APPEND(b->tails.sales, sale);
	return CH_OK;
}

static enum ch_status enter_modifier(
	struct builder *b, const struct row *row, const char **out_reason)
{
	enum ch_status status =
		builder_new(b, OBJECT_DISCOUNT, sizeof(struct discount), out_reason);
	if (status != CH_OK)
		return status;
	struct discount *discount = b->objects[OBJECT_DISCOUNT];
	if (row->argument == 0) {
		APPEND(b->tails.sale_discounts, discount);
		return CH_OK;
	}
	discount->line = b->objects[OBJECT_LINE];
	APPEND(b->tails.discounts, discount);
	return CH_OK;
}

static enum ch_status enter_tax(struct builder *b, const struct row *row, const char **out_reason)
{
	enum ch_status status = builder_new(b, OBJECT_TAX, sizeof(struct tax), out_reason);
	if (status != CH_OK)
		return status;
	struct tax *tax = b->objects[OBJECT_TAX];
	if (row->argument == 0) {
		APPEND(b->tails.sale_taxes, tax);
		return CH_OK;
	}
	tax->line = b->objects[OBJECT_LINE];
	APPEND(b->tails.taxes, tax);
	return CH_OK;
}

static enum ch_status enter_tender(
	struct builder *b, const struct row *row, const char **out_reason)
{
	(void)row; /* looked at on leaving */
	enum ch_status status = builder_new(b, OBJECT_TENDER, sizeof(struct tender), out_reason);
	if (status != CH_OK)
		return status;
	struct tender *tender = b->objects[OBJECT_TENDER];
	tender->line = b->objects[OBJECT_LINE];
	APPEND(b->tails.tenders, tender);
	return CH_OK;
}

static enum ch_status enter_reward(
	struct builder *b, const struct row *row, const char **out_reason)
{
	(void)row; /* has no argument */
	enum ch_status status = builder_new(b, OBJECT_REWARD, sizeof(struct reward), out_reason);
	if (status != CH_OK)
		return status;
	struct reward *reward = b->objects[OBJECT_REWARD];
	reward->line = b->objects[OBJECT_LINE];
	APPEND(b->tails.rewards, reward);
	return CH_OK;
}

static enum ch_status enter_loyalty(
	struct builder *b, const struct row *row, const char **out_reason)
{
	(void)out_reason;
	struct loyalty *loyalty = &b->transaction->loyalty;
	if (row->argument != 0 && loyalty->line == NULL)
		loyalty->line = b->objects[OBJECT_LINE];
	return CH_OK;
}

static enum ch_status enter_link(struct builder *b, const struct row *row, const char **out_reason)
{
	enum ch_status status = builder_new(b, OBJECT_LINK, sizeof(struct link), out_reason);
	if (status != CH_OK)
		return status;
	struct link *link = b->objects[OBJECT_LINK];
	struct sale_line *sale = b->objects[OBJECT_SALE];
	if (row->argument == 0)
		APPEND(b->tails.links, link);
	else if (sale->link == NULL)
		sale->link = link;
	return CH_OK;
}

static enum ch_status enter_phone(struct builder *b, const struct row *row, const char **out_reason)
{
	enum ch_status status = builder_new(b, OBJECT_PHONE, sizeof(struct phone), out_reason);
	if (status != CH_OK)
		return status;
	struct phone *phone = b->objects[OBJECT_PHONE];
	phone->kind = (Carehub__V1__ContactKind)row->argument;
	APPEND(b->tails.phones, phone);
	return CH_OK;
}

static enum ch_status enter_address(
	struct builder *b, const struct row *row, const char **out_reason)
{
	(void)out_reason;
	b->objects[OBJECT_ADDRESS] = row->argument == 0 ? &b->transaction->party.address
							: &b->transaction->delivery_address;
	return CH_OK;
}

static enum ch_status enter_control_kind(
	struct builder *b, const struct row *row, const char **out_reason)
{
	(void)out_reason;
	struct transaction *t = b->transaction;
	if (t->control_name.len == 0) {
		t->control = (Carehub__V1__ControlKind)row->argument;
		t->control_name = slice_text(row->name);
	}
	return CH_OK;
}

static enum ch_status enter_movement(
	struct builder *b, const struct row *row, const char **out_reason)
{
	enum ch_status status =
		builder_new(b, OBJECT_MOVEMENT, sizeof(struct movement), out_reason);
	if (status != CH_OK)
		return status;
	struct movement *movement = b->objects[OBJECT_MOVEMENT];
	movement->kind = (Carehub__V1__CashKind)row->argument;
	APPEND(b->tails.movements, movement);
	return CH_OK;
}

/* The first kind of tender of a movement is the movement itself, each further one another. */
static enum ch_status enter_movement_tender(
	struct builder *b, const struct row *row, const char **out_reason)
{
	(void)row; /* has no argument */
	const struct movement *first = b->objects[OBJECT_MOVEMENT];
	if (!first->amount.told)
		return CH_OK;
	enum ch_status status = builder_new(b, OBJECT_MOVEMENT, sizeof(*first), out_reason);
	if (status != CH_OK)
		return status;
	struct movement *next = b->objects[OBJECT_MOVEMENT];
	next->kind = first->kind;
	next->reason_code = first->reason_code;
	APPEND(b->tails.movements, next);
	return CH_OK;
}

static enum ch_status (*const enter_hooks[NODE_COUNT])(
	struct builder *, const struct row *, const char **) = {
	[NODE_RETAIL] = enter_body,
	[NODE_CONTROL] = enter_body,
	[NODE_CASH] = enter_body,
	[NODE_UNIT_ID] = enter_scratch,
	[NODE_TIME] = enter_scratch,
	[NODE_LOGGED] = enter_scratch,
	[NODE_TOTAL] = enter_scratch,
	[NODE_HIERARCHY] = enter_scratch,
	[NODE_NAME_PART] = enter_scratch,
	[NODE_POINTS] = enter_scratch,
	[NODE_LINE] = enter_line,
	[NODE_SALE] = enter_sale,
	[NODE_MODIFIER] = enter_modifier,
	[NODE_TAX] = enter_tax,
	[NODE_TENDER] = enter_tender,
	[NODE_REWARD] = enter_reward,
	[NODE_MEMBER] = enter_loyalty,
	[NODE_LOYALTY] = enter_loyalty,
	[NODE_LINK] = enter_link,
	[NODE_PHONE] = enter_phone,
	[NODE_ADDRESS] = enter_address,
	[NODE_CONTROL_KIND] = enter_control_kind,
	[NODE_MOVEMENT] = enter_movement,
	[NODE_MOVEMENT_TENDER] = enter_movement_tender,
};

enum ch_status builder_enter(
	struct builder *builder, const struct row *row, const char **out_reason)
{
	if (enter_hooks[row->node] == NULL)
		return CH_OK;
	return enter_hooks[row->node](builder, row, out_reason);
}

/* ---- What happens on leaving it ---- */

/* The unit called a store, else the first one. */
static enum ch_status leave_unit_id(
	struct builder *b, const struct row *row, const char **out_reason)
{
	(void)row; /* has no argument */
	(void)out_reason;
	struct transaction *t = b->transaction;
	bool sure = slice_equal(b->scratch.kind, SLICE_LITERAL("RetailStore"));
	if (b->scratch.text.len == 0 || (t->ref.store_id.len > 0 && (!sure || t->store_sure)))
		return CH_OK;
	t->ref.store_id = b->scratch.text;
	t->store_name = b->scratch.name;
	t->store_sure = sure;
	return CH_OK;
}

static enum ch_status leave_logged(
	struct builder *b, const struct row *row, const char **out_reason)
{
	(void)row; /* has no argument */
	bool sent = slice_equal(b->scratch.kind, SLICE_LITERAL("Message"));
	if (b->scratch.text.len == 0)
		return CH_OK;
	*out_reason = value_reason(FORM_TIME, CH_FORMAT);
	return builder_set_time(
		b, b->scratch.text, sent ? &b->transaction->sent : &b->transaction->logged);
}

static enum ch_status leave_total(struct builder *b, const struct row *row, const char **out_reason)
{
	(void)row; /* has no argument */
	struct amount *total = dialect_total(&b->transaction->totals, b->scratch.kind);
	if (total == NULL || total->told || b->scratch.text.len == 0)
		return CH_OK;
	total->currency = b->scratch.name;
	enum ch_status status = value_amount(b->scratch.text, total);
	*out_reason = value_reason(FORM_AMOUNT, status);
	return status;
}

static bool text_ends(struct slice text, struct slice end)
{
	return text.len >= end.len &&
	       slice_equal(slice_sub(text, text.len - end.len, end.len), end);
}

/* The level called a department ("Department", "POSDepartment"), else the first one. */
static enum ch_status leave_hierarchy(
	struct builder *b, const struct row *row, const char **out_reason)
{
	(void)row; /* has no argument */
	(void)out_reason;
	struct sale_line *sale = b->objects[OBJECT_SALE];
	struct slice word = SLICE_LITERAL("Department");
	bool sure = text_ends(b->scratch.kind, word) || text_ends(b->scratch.name, word);
	if (b->scratch.text.len == 0 ||
		(sale->department.len > 0 && (!sure || sale->department_sure)))
		return CH_OK;
	sale->department = b->scratch.text;
	sale->department_sure = sure;
	return CH_OK;
}

static enum ch_status leave_name_part(
	struct builder *b, const struct row *row, const char **out_reason)
{
	(void)row; /* has no argument */
	(void)out_reason;
	struct party *party = &b->transaction->party;
	struct slice *place = dialect_name_part(party, b->scratch.kind);
	if (place->len == 0)
		*place = b->scratch.text;
	return CH_OK;
}

static enum ch_status leave_points(
	struct builder *b, const struct row *row, const char **out_reason)
{
	(void)row; /* has no argument */
	struct number *number = dialect_points(&b->transaction->loyalty, b->scratch.kind);
	if (number == NULL || number->told || b->scratch.text.len == 0)
		return CH_OK;
	enum ch_status status = value_number(b->scratch.text, number);
	*out_reason = value_reason(FORM_NUMBER, status);
	return status;
}

/* A TenderChange that is a line of its own may call its amount simply Amount. */
static enum ch_status leave_tender(
	struct builder *b, const struct row *row, const char **out_reason)
{
	(void)out_reason;
	struct tender *tender = b->objects[OBJECT_TENDER];
	if (row->argument == 0)
		return CH_OK;
	if (!tender->change.told)
		tender->change = tender->amount;
	tender->amount = (struct amount){0};
	return CH_OK;
}

static enum ch_status leave_phone(struct builder *b, const struct row *row, const char **out_reason)
{
	(void)out_reason;
	struct phone *phone = b->objects[OBJECT_PHONE];
	if (row->argument == 0)
		phone->kind = dialect_contact(phone->type_code);
	return CH_OK;
}

static enum ch_status (*const leave_hooks[NODE_COUNT])(
	struct builder *, const struct row *, const char **) = {
	[NODE_UNIT_ID] = leave_unit_id,
	[NODE_LOGGED] = leave_logged,
	[NODE_TOTAL] = leave_total,
	[NODE_HIERARCHY] = leave_hierarchy,
	[NODE_NAME_PART] = leave_name_part,
	[NODE_POINTS] = leave_points,
	[NODE_TENDER] = leave_tender,
	[NODE_PHONE] = leave_phone,
};

enum ch_status builder_leave(
	struct builder *builder, const struct row *row, const char **out_reason)
{
	if (leave_hooks[row->node] == NULL)
		return CH_OK;
	return leave_hooks[row->node](builder, row, out_reason);
}

enum ch_status builder_unknown(struct builder *builder, enum node parent, const char *localname)
{
	struct transaction *t = builder->transaction;
	bool telling = parent == NODE_TRANSACTION || parent == NODE_CONTROL || parent == NODE_CASH;
	if (!telling)
		return CH_OK;
	struct slice name = slice_text(localname);
	if (name.len > LIMIT_NAME_BYTES)
		return CH_OK;
	if (parent == NODE_TRANSACTION && text_ends(name, SLICE_LITERAL("Transaction")))
		return builder_keep(builder, name, &t->other);
	if (parent == NODE_TRANSACTION || t->control_name.len > 0)
		return CH_OK;
	t->control = CAREHUB__V1__CONTROL_KIND__CONTROL_KIND_OTHER;
	return builder_keep(builder, name, &t->control_name);
}
