/* customer: everything an agent sees when the telephone rings, with where each value came from. */
#include "base/clock.h"
#include "base/currency.h"
#include "base/text.h"
#include "carehub/v1/control.pb-c.h"
#include "cli/args.h"
#include "cli/ask.h"
#include "cli/filter.h"
#include "cli/grid.h"
#include "cli/words.h"

/* "repair state in work" of REPAIR_STATE_IN_WORK: without the enum's own name, in small letters. */
static const char *record_word(
	const ProtobufCEnumDescriptor *type, int value, size_t prefix, char text[WORDS_BYTES])
{
	const ProtobufCEnumValue *row = protobuf_c_enum_descriptor_get_value(type, value);
	size_t len = 0;
	for (const char *c = row != NULL && strlen(row->name) > prefix ? row->name + prefix : "";
		*c != 0 && len + 1 < WORDS_BYTES; c++)
		text[len++] = (char)(*c == '_' ? ' ' : *c >= 'A' && *c <= 'Z' ? *c | 0x20 : *c);
	text[len] = 0;
	return text;
}

#define WORD(type, prefix, value, text)                                                            \
	record_word(&carehub__v1__##type##__descriptor, (int)(value), sizeof(prefix) - 1, text)

static void customer_heading(const char *text)
{
	printf("\n%s%s%s\n", term_ink(INK_BOLD), text, term_plain());
}

/* ---- The golden record ---- */

/* "family|given|full": a name as it is written. */
static void customer_name(const Carehub__V1__FieldValue *value, struct buffer *out)
{
	const Carehub__V1__Name *name = value->name;
	if (name == NULL) {
		buffer_append_text(out, value->value);
	} else if (name->full != NULL && name->full[0] != 0) {
		buffer_append_text(out, name->full);
	} else {
		struct slice family = slice_text(name->family);
		/* Chinese names have no blank between their parts. */
		bool wide = family.len > 0 && family.data[0] >= 0x80;
		buffer_append_slice(out, family);
		buffer_append_text(out, wide || family.len == 0 ? "" : " ");
		buffer_append_text(out, name->given);
	}
}

static void customer_value(
	struct grid *grid, const Carehub__V1__FieldValue *value, bool alternative, const char *last)
{
	char text[WORDS_BYTES];
	struct buffer shown = {0};
	const Carehub__V1__Provenance *from = value->provenance;
	const char *field = WORD(customer_field, "CUSTOMER_FIELD_", value->field, text);
	grid_cell(grid, "%s", strcmp(field, last) == 0 ? "" : field);
	if (value->field == CAREHUB__V1__CUSTOMER_FIELD__CUSTOMER_FIELD_NAME)
		customer_name(value, &shown);
	else
		buffer_append_text(&shown, value->value);
	if (value->raw[0] != 0) {
		buffer_append_text(&shown, "  (");
		buffer_append_text(&shown, value->raw);
		buffer_append_text(&shown, ")");
	}
	grid_cell_slice(grid, buffer_slice(&shown));
	grid_ink(grid, alternative ? INK_DIM : INK_PLAIN);
	bool verified =
		from != NULL && from->assurance == CAREHUB__V1__ASSURANCE__ASSURANCE_VERIFIED;
	grid_cell(grid, "%s", alternative ? "before" : verified ? "verified" : "claimed");
	grid_ink(grid, verified && !alternative ? INK_GOOD : INK_DIM);
	grid_cell(grid, "%s", words_time(from != NULL ? from->learned_time_us : 0, text));
	grid_cell(grid, "%llu", (unsigned long long)(from != NULL ? from->sequence : 0));
	grid_cell(grid, "%s", from != NULL && from->event != NULL ? from->event->source : "");
	buffer_fini(&shown);
}

static void customer_values(const Carehub__V1__Customer *customer)
{
	struct grid *grid = grid_create("FIELD|VALUE||SINCE|>ENTRY|SOURCE");
	char last[WORDS_BYTES] = "";
	for (size_t i = 0; i < customer->n_values; i++) {
		customer_value(grid, customer->values[i], false, last);
		(void)WORD(customer_field, "CUSTOMER_FIELD_", customer->values[i]->field, last);
	}
	last[0] = 0;
	for (size_t i = 0; i < customer->n_alternatives; i++)
		customer_value(grid, customer->alternatives[i], true, last);
	grid_print(grid, "  ");
	grid_free(grid);
}

static void customer_consents(const Carehub__V1__Customer *customer)
{
	struct grid *grid = grid_create("BY|FOR||SINCE|>ENTRY");
	char text[WORDS_BYTES];
	for (size_t i = 0; i < customer->n_consents; i++) {
		const Carehub__V1__ConsentState *consent = customer->consents[i];
		bool given = consent->granted == CAREHUB__V1__ANSWER__ANSWER_YES;
		const Carehub__V1__Provenance *from = consent->provenance;
		grid_cell(grid, "%s",
			consent->scope != NULL ? WORD(contact_channel, "CONTACT_CHANNEL_",
							 consent->scope->channel, text)
					       : "");
		grid_cell(grid, "%s",
			consent->scope != NULL ? WORD(consent_purpose, "CONSENT_PURPOSE_",
							 consent->scope->purpose, text)
					       : "");
		grid_cell(grid, "%s", given ? "given" : "withdrawn");
		grid_ink(grid, given ? INK_GOOD : INK_BAD);
		grid_cell(grid, "%s", words_time(from != NULL ? from->learned_time_us : 0, text));
		grid_cell(grid, "%llu", (unsigned long long)(from != NULL ? from->sequence : 0));
	}
	if (customer->n_consents > 0)
		customer_heading("Consents");
	grid_print(grid, "  ");
	grid_free(grid);
}

/* ---- Linked records ---- */

static void customer_unit_ref(struct grid *grid, const Carehub__V1__ProductUnitRef *unit)
{
	grid_cell(grid, "%s%s%s", unit != NULL ? unit->model : "",
		unit != NULL && unit->serial_number[0] != 0 ? "  " : "",
		unit != NULL ? unit->serial_number : "");
}

static void customer_repairs(const Carehub__V1__CustomerView *view, int64_t now_us)
{
	struct grid *grid = grid_create("REPAIR|STATE|RECEIVED|>OPEN|STATION|UNIT");
	char text[WORDS_BYTES];
	for (size_t i = 0; i < view->n_repairs; i++) {
		const Carehub__V1__RepairOrder *repair = view->repairs[i];
		int64_t since_us = repair->received_time_us != 0 ? repair->received_time_us
								 : repair->registered_time_us;
		grid_cell(grid, "%s", repair->repair_order_id);
		grid_cell(grid, "%s", WORD(repair_state, "REPAIR_STATE_", repair->state, text));
		grid_cell(grid, "%s", words_time(since_us, text));
		grid_cell(grid, "%s", words_duration(since_us != 0 ? now_us - since_us : -1, text));
		grid_cell(grid, "%s", repair->station != NULL ? repair->station->station_id : "");
		customer_unit_ref(grid, repair->unit);
	}
	if (view->n_repairs > 0)
		customer_heading("Open repairs");
	grid_print(grid, "  ");
	grid_free(grid);
}

static void customer_money(struct grid *grid, const Carehub__V1__Money *money)
{
	char text[DECIMAL_TEXT_BYTES];
	if (money == NULL) {
		grid_cell(grid, "-");
		return;
	}
	/* A yen has no hundredths, a dinar thousandths. */
	const struct decimal amount = {
		money->minor_units, currency_exponent(slice_text(money->currency))};
	grid_cell(grid, "%s %s", decimal_format(amount, text), money->currency);
}

static void customer_orders(const Carehub__V1__CustomerView *view)
{
	struct grid *grid = grid_create("ORDER|STATE|PLACED|PROMISED|>TOTAL|PLACE");
	char text[WORDS_BYTES];
	for (size_t i = 0; i < view->n_orders; i++) {
		const Carehub__V1__Order *order = view->orders[i];
		grid_cell(grid, "%s", order->order_id);
		grid_cell(grid, "%s", WORD(order_state, "ORDER_STATE_", order->state, text));
		grid_cell(grid, "%s", words_time(order->placed_time_us, text));
		grid_cell(grid, "%s", words_time(order->promised_time_us, text));
		customer_money(grid, order->total);
		grid_cell(grid, "%s", order->place_id);
	}
	if (view->n_orders > 0)
		customer_heading("Open orders");
	grid_print(grid, "  ");
	grid_free(grid);
}

static void customer_cases(const Carehub__V1__CustomerView *view)
{
	struct grid *grid = grid_create("CASE|KIND|STATE|OPENED|>LEVEL|OWNER|SUBJECT");
	char text[WORDS_BYTES];
	for (size_t i = 0; i < view->n_cases; i++) {
		const Carehub__V1__Case *item = view->cases[i];
		grid_cell(grid, "%s", item->case_id);
		grid_cell(grid, "%s", WORD(case_kind, "CASE_KIND_", item->kind, text));
		grid_cell(grid, "%s", WORD(case_state, "CASE_STATE_", item->state, text));
		grid_cell(grid, "%s", words_time(item->opened_time_us, text));
		grid_cell(grid, "%u", item->level);
		grid_cell(grid, "%s", item->owner != NULL ? item->owner->agent_id : "");
		grid_cell(grid, "%s", item->subject_text);
	}
	if (view->n_cases > 0)
		customer_heading("Open cases");
	grid_print(grid, "  ");
	grid_free(grid);
}

/* As it is kept, or that its last day is past: days of ISO 8601 stand in their order. */
static const char *customer_warranty(
	const Carehub__V1__ProductUnit *unit, int64_t now_us, char text[WORDS_BYTES])
{
	if (unit->warranty == CAREHUB__V1__WARRANTY_STATE__WARRANTY_STATE_UNSPECIFIED)
		return "";
	if (unit->warranty_end_date[0] != 0 &&
		strncmp(unit->warranty_end_date, words_time(now_us, text), 10) < 0)
		return "over";
	return WORD(warranty_state, "WARRANTY_STATE_", unit->warranty, text);
}

static void customer_units(const Carehub__V1__CustomerView *view, int64_t now_us)
{
	struct grid *grid = grid_create("UNIT|MODEL  SERIAL NUMBER|WARRANTY|UNTIL|>REPAIRS");
	char text[WORDS_BYTES];
	for (size_t i = 0; i < view->n_units; i++) {
		const Carehub__V1__ProductUnit *unit = view->units[i];
		grid_cell(grid, "%s", unit->unit_id);
		customer_unit_ref(grid, unit->unit);
		grid_cell(grid, "%s", customer_warranty(unit, now_us, text));
		grid_cell(grid, "%s", unit->warranty_end_date);
		grid_cell(grid, "%zu", unit->n_repair_order_ids);
	}
	if (view->n_units > 0)
		customer_heading("Units");
	grid_print(grid, "  ");
	grid_free(grid);
}

static void customer_entitlements(const Carehub__V1__CustomerView *view)
{
	struct grid *grid = grid_create("ENTITLEMENT|KIND|UNIT|FROM|UNTIL|TERMS");
	for (size_t i = 0; i < view->n_entitlements; i++) {
		const Carehub__V1__Entitlement *item = view->entitlements[i];
		grid_cell(grid, "%s", item->entitlement_id);
		grid_cell(grid, "%s", item->kind);
		grid_cell(grid, "%s", item->unit_id);
		grid_cell(grid, "%s", item->start_date);
		grid_cell(grid, "%s", item->end_date);
		grid_cell(grid, "%s", item->terms);
	}
	if (view->n_entitlements > 0)
		customer_heading("Entitlements");
	grid_print(grid, "  ");
	grid_free(grid);
}

static void customer_appointments(const Carehub__V1__CustomerView *view)
{
	struct grid *grid = grid_create("APPOINTMENT|STATE|FROM|UNTIL|STATION|REPAIR");
	char text[WORDS_BYTES];
	for (size_t i = 0; i < view->n_appointments; i++) {
		const Carehub__V1__Appointment *item = view->appointments[i];
		grid_cell(grid, "%s", item->appointment_id);
		grid_cell(grid, "%s",
			WORD(appointment_state, "APPOINTMENT_STATE_", item->state, text));
		grid_cell(grid, "%s", words_time(item->start_time_us, text));
		grid_cell(grid, "%s", words_time(item->end_time_us, text));
		grid_cell(grid, "%s", item->station != NULL ? item->station->station_id : "");
		grid_cell(grid, "%s", item->repair_order_id);
	}
	if (view->n_appointments > 0)
		customer_heading("Appointments");
	grid_print(grid, "  ");
	grid_free(grid);
}

static void customer_promises(const Carehub__V1__CustomerView *view, int64_t now_us)
{
	struct grid *grid = grid_create("PROMISE|FOR|STATE|DUE|>LEFT");
	char text[WORDS_BYTES];
	for (size_t i = 0; i < view->n_deadlines; i++) {
		const Carehub__V1__DeadlineInfo *item = view->deadlines[i];
		int64_t left_us = item->due_time_us - now_us;
		bool missed = item->state == CAREHUB__V1__DEADLINE_STATE__DEADLINE_STATE_MISSED;
		grid_cell(grid, "%s", item->promise);
		grid_cell(grid, "%s", item->subject_id);
		grid_cell(grid, "%s", WORD(deadline_state, "DEADLINE_STATE_", item->state, text));
		grid_ink(grid, missed ? INK_BAD : INK_PLAIN);
		grid_cell(grid, "%s", words_time(item->due_time_us, text));
		grid_cell(grid, "%s", words_duration(left_us, text));
	}
	if (view->n_deadlines > 0)
		customer_heading("Promises");
	grid_print(grid, "  ");
	grid_free(grid);
}

/* What the information base says: of his units, of who repairs them, and what is on offer. */
static void customer_reference(const Carehub__V1__CustomerView *view)
{
	struct grid *grid = grid_create("|NUMBER|NAME|");
	char text[WORDS_BYTES];
	for (size_t i = 0; i < view->n_products; i++) {
		grid_cell(grid, "product");
		grid_cell(grid, "%s", view->products[i]->product_id);
		grid_cell(grid, "%s", view->products[i]->model);
		grid_cell(grid, "%s", view->products[i]->description);
	}
	for (size_t i = 0; i < view->n_stations; i++) {
		const Carehub__V1__ReferenceStationPublished *station = view->stations[i];
		grid_cell(grid, "station");
		grid_cell(grid, "%s", station->station_id);
		grid_cell(grid, "%s", station->name);
		grid_cell(
			grid, "%s  %s  %s", station->city, station->street, station->public_phone);
	}
	for (size_t i = 0; i < view->n_promotions; i++) {
		grid_cell(grid, "promotion");
		grid_cell(grid, "%s", view->promotions[i]->promotion_id);
		grid_cell(grid, "%s", view->promotions[i]->title);
		grid_cell(grid, "until %s", words_time(view->promotions[i]->end_time_us, text));
	}
	if (view->n_products + view->n_stations + view->n_promotions > 0)
		customer_heading("Information base");
	grid_print(grid, "  ");
	grid_free(grid);
}

static void customer_timeline(const Carehub__V1__CustomerView *view)
{
	struct grid *grid = grid_create(">ENTRY|HAPPENED|EVENT|SOURCE");
	char text[WORDS_BYTES];
	for (size_t i = 0; i < view->n_timeline; i++) {
		const Carehub__V1__TimelineEntry *line = view->timeline[i];
		grid_cell(grid, "%llu", (unsigned long long)line->sequence);
		grid_cell(grid, "%s", words_time(line->occurred_time_us, text));
		grid_cell(grid, "%s", line->event_type);
		grid_cell(grid, "%s", line->event != NULL ? line->event->source : "");
	}
	if (view->n_timeline > 0)
		customer_heading("Timeline, newest first");
	grid_print(grid, "  ");
	grid_free(grid);
}

/* ---- The whole ---- */

static void customer_show(const Carehub__V1__CustomerView *view, int64_t now_us)
{
	const Carehub__V1__Customer *customer = view->customer;
	char number[WORDS_BYTES];
	char text[WORDS_BYTES];
	char a[WORDS_BYTES];
	char b[WORDS_BYTES];
	char c[WORDS_BYTES];
	if (customer == NULL)
		return;
	printf("%s%s%s  %s", term_ink(INK_BOLD), words_customer(customer->customer_number, number),
		term_plain(), WORD(customer_state, "CUSTOMER_STATE_", customer->state, text));
	if (customer->redirect_to != 0)
		printf(", now %s", words_customer(customer->redirect_to, number));
	if (customer->member_level[0] != 0)
		printf("  level %s", customer->member_level);
	printf("  %s, %s, %s, %s\n",
		words_many(customer->open_repairs, "open repair", "open repairs", a),
		words_many(customer->open_orders, "order", "orders", b),
		words_many(customer->open_cases, "case", "cases", c),
		words_many(customer->units, "unit", "units", text));
	customer_values(customer);
	customer_repairs(view, now_us);
	customer_promises(view, now_us);
	customer_orders(view);
	customer_cases(view);
	customer_appointments(view);
	customer_units(view, now_us);
	customer_entitlements(view);
	customer_consents(customer);
	customer_reference(view);
	customer_timeline(view);
}

int customer_main(struct cli *cli, int argc, char **argv)
{
	const char *kind = "";
	const char *region = "";
	uint64_t timeline = 20;
	const struct flag flags[] = {
		{"--kind", FLAG_TEXT, &kind},
		{"--region", FLAG_TEXT, &region},
		{"--timeline", FLAG_NUMBER, &timeline},
		{0},
	};
	Carehub__V1__CustomerRequest request;
	ProtobufCMessage *message = NULL;
	carehub__v1__customer_request__init(&request);
	if (!args_take(flags, &argc, argv) || argc != 1)
		return cli_fail(EXIT_USAGE, NULL, "customer: a customer NUMBER, or a KEY");
	if (kind[0] != 0 || !filter_is_customer(argv[0], &request.number))
		request.key = argv[0];
	/* protobuf-c's texts are not const, but packing only reads them. */
	request.key_kind = (char *)(uintptr_t)kind;
	request.region = (char *)(uintptr_t)region;
	request.timeline = timeline < 1000 ? (uint32_t)timeline : 1000;
	request.records = true;
	request.reference = true;
	int result = ask_one(
		cli, "Customer", &request.base, &carehub__v1__customer_reply__descriptor, &message);
	if (result != EXIT_FINE)
		return result;
	Carehub__V1__CustomerReply *reply = (Carehub__V1__CustomerReply *)message;
	for (size_t i = 0; i < reply->n_customers; i++) {
		if (cli->json)
			ask_print(&reply->customers[i]->base);
		else
			customer_show(
				reply->customers[i], clock_wall_us() + cli->info.clock_offset_us);
		if (!cli->json && i + 1 < reply->n_customers)
			(void)putchar('\n');
	}
	protobuf_c_message_free_unpacked(message, NULL);
	return EXIT_FINE;
}
