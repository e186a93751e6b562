/* Events on their way to a partner, and what he would get. */
#ifndef UNIT_WRITER_H
#define UNIT_WRITER_H

#include "trader.h"

#include "channel/parts/outgoing.h"

#define TIME_US INT64_C(1795339860000000) /* 2026-11-22 09:31 UTC */

/* What a partner would get, line ends taken out; "" and the obstacle's words when there is one. */
struct writer {
	struct terms terms;
	const struct zone *zone;
	struct slice repair_reference;
	struct buffer out;
	char text[4096];
	char words[OBSTACLE_BYTES];
};

static inline struct writer writer_of(const char *syntax)
{
	return (struct writer){.terms = {.own_number = SLICE_LITERAL("PC"),
				       .own_qualifier = SLICE_LITERAL("14"),
				       .number = SLICE_LITERAL("S1"),
				       .qualifier = SLICE_LITERAL("14"),
				       .charset = slice_text(syntax),
				       .version = SLICE_LITERAL("96A"),
				       .association = SLICE_LITERAL("EAN008")}};
}

static inline enum ch_status write_message(
	struct writer *writer, const char *type, const ProtobufCMessage *message)
{
	const struct outgoing_event event = {slice_text(type), message, TIME_US};
	struct outgoing *outgoing = NULL;
	struct obstacle obstacle = {.words = ""};
	size_t len = 0;
	assert_int_equal(outgoing_create(writer->zone, writer->repair_reference, &outgoing), CH_OK);
	buffer_clear(&writer->out);
	enum ch_status status = outgoing_write(
		outgoing, &writer->terms, &event, 42, TIME_US, &writer->out, &obstacle);
	for (size_t i = 0; i < writer->out.len && len < sizeof(writer->text) - 1; i++) {
		if (writer->out.data[i] != '\r' && writer->out.data[i] != '\n')
			writer->text[len++] = (char)writer->out.data[i];
	}
	writer->text[len] = 0;
	(void)snprintf(writer->words, sizeof(writer->words), "%s", obstacle.words);
	outgoing_free(outgoing);
	return status;
}

static inline struct writer writer_x12(void)
{
	struct writer writer = {.terms = terms_usual(STANDARD_X12)};
	writer.terms.own_number = SLICE_LITERAL("PARTS");
	writer.terms.number = SLICE_LITERAL("WEST");
	writer.terms.charset = SLICE_LITERAL("utf-8");
	return writer;
}

/* The first event of a message in our reader's words, written again. */
static inline enum ch_status write_again(struct writer *writer, const char *text)
{
	struct trader trader = {.scanner = NULL};
	trader.options.repair_reference = writer->repair_reference;
	assert_true(trader_take(&trader, text) > 0);
	const struct made *made = trader_made(&trader, 0);
	enum ch_status status = write_message(writer, made->type, made->message);
	trader_close(&trader);
	return status;
}

static inline Carehub__V1__Decimal decimal_of(int64_t unscaled, uint32_t scale)
{
	Carehub__V1__Decimal number = CAREHUB__V1__DECIMAL__INIT;
	number.unscaled = unscaled;
	number.scale = scale;
	return number;
}

/* An order of one line, to be changed by who tests. */
struct small_order {
	Carehub__V1__PartsOrderPlaced order;
	Carehub__V1__PartsOrderLine line;
	Carehub__V1__PartsOrderLine *lines[1];
	Carehub__V1__PartItem item;
	Carehub__V1__TradeParty party;
	Carehub__V1__TradeParty *parties[1];
	Carehub__V1__Decimal quantity;
};

static inline void small_order_init(struct small_order *small)
{
	carehub__v1__parts_order_placed__init(&small->order);
	carehub__v1__parts_order_line__init(&small->line);
	carehub__v1__part_item__init(&small->item);
	carehub__v1__trade_party__init(&small->party);
	small->quantity = decimal_of(2, 0);
	small->item.part_number = (char *)(uintptr_t) "LCD-46";
	small->line.line_id = (char *)(uintptr_t) "1";
	small->line.item = &small->item;
	small->line.quantity = &small->quantity;
	small->party.role = (char *)(uintptr_t) "SU";
	small->party.party_id = (char *)(uintptr_t) "S1";
	small->lines[0] = &small->line;
	small->parties[0] = &small->party;
	small->order.parts_order_id = (char *)(uintptr_t) "A-1";
	small->order.order_date = (char *)(uintptr_t) "2026-11-21";
	small->order.lines = small->lines;
	small->order.n_lines = 1;
	small->order.parties = small->parties;
	small->order.n_parties = 1;
}

static inline enum ch_status write_small(struct writer *writer, const struct small_order *small)
{
	return write_message(writer, "parts.order.placed", &small->order.base);
}

/* It goes out, and `want` is in it. */
static inline void assert_goes(
	struct writer *writer, const struct small_order *small, const char *want)
{
	enum ch_status status = write_small(writer, small);
	if (status != CH_OK || strstr(writer->text, want) == NULL)
		fail_msg("not %s but %s \"%s%s\"", want, ch_status_name(status), writer->text,
			writer->words);
}

/* It does not go out, and `want` is among the words that say why. */
static inline void assert_stays(
	struct writer *writer, const struct small_order *small, const char *want)
{
	enum ch_status status = write_small(writer, small);
	if (status != CH_INVALID || writer->out.len != 0 || strstr(writer->words, want) == NULL)
		fail_msg("not %s but %s \"%s%s\"", want, ch_status_name(status), writer->text,
			writer->words);
}

/* Whatever is drawn of these texts: it is written and read as the same, or there are words.  How many of the 2000 went
 * out. */
static inline size_t write_drawn(struct writer *writer, const char *const *texts, size_t count)
{
	uint64_t seed = 7;
	size_t written = 0;
#define TEXT()      ((char *)(uintptr_t)texts[draw(&seed, count)])
#define SOME(field) (draw(&seed, 3) ? (field) : TEXT())
	for (int i = 0; i < 2000; i++) {
		struct small_order small;
		small_order_init(&small);
		small.order.remarks = TEXT();
		small.order.contact_text = TEXT();
		small.order.currency = SOME(small.order.currency);
		small.party.name = TEXT();
		small.party.city = SOME(small.party.city);
		small.party.id_agency = SOME(small.party.id_agency);
		small.item.description = TEXT();
		small.item.gtin = SOME(small.item.gtin);
		small.order.station_id = SOME(small.order.station_id);
		small.quantity =
			decimal_of((int64_t)draw(&seed, 100000) - 50000, (uint32_t)draw(&seed, 4));
		enum ch_status status = write_small(writer, &small);
		assert_true(status == CH_OK ? writer->words[0] == 0
					    : status == CH_INVALID && writer->words[0] != 0);
		written += status == CH_OK;
	}
#undef SOME
#undef TEXT
	return written;
}

#endif
