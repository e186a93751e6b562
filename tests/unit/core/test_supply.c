/* Parts ordered between firms: the promises run until the last line has come. */
#include "world.h"

#include "wire/pbedit.h"

#define DAY INT64_C(86400000000)

enum { RUNNING = 1, MET = 3, MISSED = 4, CANCELLED = 5 };

/* A line of any of the documents; quantities in pieces, -1: not told. */
struct line {
	const char *id;
	const char *part;
	const char *gtin;
	int64_t quantity;
	int64_t more; /* of a receipt: what of it is damaged */
	const char *order;
};

static void put_quantity(struct buffer *out, uint32_t number, int64_t pieces)
{
	if (pieces < 0)
		return;
	size_t at = pb_begin(out, number);
	pb_put_int(out, 1, pieces * 10); /* 2 is 2.0 */
	pb_put_uint(out, 2, 1);
	pb_end(out, at);
}

static void put_item(struct buffer *out, uint32_t number, const struct line *line)
{
	size_t at = pb_begin(out, number);
	pb_put_text(out, 1, line->part);
	pb_put_text(out, 2, line->gtin);
	pb_end(out, at);
}

struct document {
	const char *id;
	const char *type;
	const char *order;
	const char *buyer;
	const struct line *lines;
	size_t count;
	int64_t time_us;
	const char *peer;
};

/* Where each document has its lines and its buyer. */
static const struct {
	const char *type;
	uint32_t lines;
	uint32_t buyer;
} shapes[] = {
	{"parts.order.placed", 6, 14},
	{"parts.order.amended", 4, 8},
	{"parts.order.cancelled", 3, 6},
	{"parts.order.backordered", 2, 7},
	{"parts.goods.received", 5, 9},
};

static void put_line(struct buffer *data, size_t shape, const struct line *line)
{
	size_t at = pb_begin(data, shapes[shape].lines);
	switch (shape) {
	case 0:
	case 1:
		pb_put_text(data, 1, line->id);
		put_item(data, 2, line);
		put_quantity(data, 3, line->quantity);
		break;
	case 3:
		pb_put_text(data, 1, line->id);
		put_item(data, 2, line);
		put_quantity(data, 6, line->quantity);
		break;
	default:
		pb_put_text(data, 1, "9"); /* the receipt's own number */
		if (line->order != NULL)
			pb_put_text(data, 2, line->order);
		pb_put_text(data, 3, line->id);
		put_item(data, 4, line);
		put_quantity(data, 5, line->quantity);
		put_quantity(data, 7, line->more > 0 ? line->more : -1);
		break;
	}
	pb_end(data, at);
}

static void tell(struct world *world, struct document document)
{
	struct buffer data = {0};
	size_t shape = 0;
	while (strcmp(shapes[shape].type, document.type) != 0)
		shape++;
	bool received = shape == 4;
	if (received) {
		pb_put_text(&data, 1, "G");
		pb_put_text(&data, 3, "ST-7");
		pb_put_text(&data, 8, document.order);
	} else {
		pb_put_text(&data, 1, document.order);
	}
	pb_put_text(&data, shapes[shape].buyer, document.buyer);
	for (size_t i = 0; i < document.count; i++) {
		if (shape == 2)
			pb_put_text(&data, 3, document.lines[i].id);
		else
			put_line(&data, shape, &document.lines[i]);
	}
	world_file(world, (struct told){.id = document.id,
				  .type = document.type,
				  .data = buffer_slice(&data),
				  .peer = document.peer,
				  .time_us = document.time_us});
	buffer_fini(&data);
}

/* 0: nothing is promised. */
static uint64_t state_of(struct world *world, const char *promise)
{
	struct buffer info = {0};
	uint64_t value = 0;
	if (world_get(world, TABLE_DEADLINE, slice_text(promise), &info) == CH_OK)
		(void)pbedit_get_uint(buffer_slice(&info), 6, &value); /* it has one */
	buffer_fini(&info);
	return value;
}

static void world_tick(struct world *world)
{
	struct change *change = state_begin(world->state);
	enum ch_status status = core_decide_clock(world->core, change, world->now_us, &world->last);
	assert_int_equal(status, CH_OK);
	world_publish(world, change, &world->last.entry);
}

#define DOCUMENT(id_, type_, order_, buyer_)                                                       \
	.id = (id_), .type = (type_), .order = (order_), .buyer = (buyer_)
#define LINE(id_, part_, gtin_, quantity_)                                                         \
	.id = (id_), .part = (part_), .gtin = (gtin_), .quantity = (quantity_)
#define LINES(...)                                                                                 \
	.lines = (const struct line[]){__VA_ARGS__},                                               \
	.count = sizeof((const struct line[]){__VA_ARGS__}) / sizeof(struct line)

static void test_an_order_is_supplied(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	tell(&world, (struct document){DOCUMENT("1", "parts.order.placed", "A1", ""),
			     LINES({LINE("1", "P-1", "", 2)}, {LINE("2", "P-2", "", 1)})});
	assert_true(world_derived(&world, "deadline.promise.set"));
	assert_int_equal(state_of(&world, "order.supply/A1"), RUNNING);
	tell(&world, (struct document){DOCUMENT("2", "parts.goods.received", "A1", ""),
			     LINES({LINE("1", "P-1", "", 2)}, {LINE("2", "P-2", "", 1)})});
	assert_true(world_derived(&world, "deadline.promise.met"));
	assert_int_equal(state_of(&world, "order.supply/A1"), MET);
	/* Another comes too late. */
	tell(&world, (struct document){DOCUMENT("3", "parts.order.placed", "A2", ""),
			     LINES({LINE("1", "P-1", "", 2)})});
	world.now_us += 4 * DAY;
	world_tick(&world);
	assert_int_equal(state_of(&world, "order.supply/A2"), MISSED);
	world_close(&world);
}

static void test_half_of_it_is_not_all_of_it(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	tell(&world, (struct document){DOCUMENT("1", "parts.order.placed", "A1", ""),
			     LINES({LINE("1", "P-1", "", 10)}, {LINE("2", "P-2", "", 1)})});
	tell(&world, (struct document){"2", "parts.goods.received", "A1", "",
			     LINES({LINE("1", "P-1", "", 4)})});
	tell(&world, (struct document){"3", "parts.goods.received", "A1", "",
			     LINES({LINE("2", "P-2", "", 1)})});
	assert_int_equal(state_of(&world, "order.supply/A1"), RUNNING);
	/* Six come, two of them in pieces; then those two. */
	tell(&world, (struct document){"4", "parts.goods.received", "A1", "",
			     LINES({LINE("1", "P-1", "", 6), .more = 2})});
	assert_int_equal(state_of(&world, "order.supply/A1"), RUNNING);
	tell(&world, (struct document){"5", "parts.goods.received", "A1", "",
			     LINES({LINE("1", "P-1", "", 2)})});
	assert_int_equal(state_of(&world, "order.supply/A1"), MET);
	world_close(&world);
}

static void test_what_is_out_of_stock_has_longer(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	tell(&world, (struct document){DOCUMENT("1", "parts.order.placed", "A1", ""),
			     LINES({LINE("1", "P-1", "", 10)}, {LINE("2", "P-2", "", 1)})});
	/* Four of the first line come later: the three days go on for the rest. */
	tell(&world, (struct document){"2", "parts.order.backordered", "A1", "",
			     LINES({LINE("1", "P-1", "", 4)})});
	assert_int_equal(state_of(&world, "order.supply/A1"), RUNNING);
	assert_int_equal(state_of(&world, "order.overseas/A1"), RUNNING);
	tell(&world, (struct document){DOCUMENT("3", "parts.goods.received", "A1", ""),
			     LINES({LINE("1", "P-1", "", 6)}, {LINE("2", "P-2", "", 1)})});
	assert_int_equal(state_of(&world, "order.supply/A1"), MET);
	assert_int_equal(state_of(&world, "order.overseas/A1"), RUNNING);
	world.now_us += 5 * DAY;
	tell(&world, (struct document){"4", "parts.goods.received", "A1", "",
			     LINES({LINE("1", "P-1", "", 4)})});
	assert_int_equal(state_of(&world, "order.overseas/A1"), MET);
	/* All of an order, without a quantity: nothing is left for the three days. */
	tell(&world, (struct document){"5", "parts.order.placed", "A2", "",
			     LINES({LINE("1", "P-1", "", 10)})});
	tell(&world, (struct document){"6", "parts.order.backordered", "A2", "",
			     LINES({LINE("1", "", "", -1)})});
	assert_int_equal(state_of(&world, "order.supply/A2"), CANCELLED);
	assert_int_equal(state_of(&world, "order.overseas/A2"), RUNNING);
	world_close(&world);
}

static void test_what_is_given_up_is_not_waited_for(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	tell(&world, (struct document){DOCUMENT("1", "parts.order.placed", "A1", ""),
			     LINES({LINE("1", "P-1", "", 1)}, {LINE("2", "P-2", "", 1)},
				     {LINE("3", "P-3", "", 1)})});
	tell(&world, (struct document){
			     DOCUMENT("2", "parts.order.cancelled", "A1", ""), LINES({.id = "1"})});
	assert_int_equal(state_of(&world, "order.supply/A1"), RUNNING);
	/* The second is struck off by a change: its quantity is none. */
	tell(&world, (struct document){"3", "parts.order.amended", "A1", "",
			     LINES({LINE("2", "P-2", "", 0)})});
	assert_int_equal(state_of(&world, "order.supply/A1"), RUNNING);
	tell(&world, (struct document){
			     DOCUMENT("4", "parts.order.cancelled", "A1", ""), LINES({.id = "3"})});
	assert_int_equal(state_of(&world, "order.supply/A1"), CANCELLED);
	/* A change that asks for more makes a promise again. */
	world.now_us += DAY;
	tell(&world, (struct document){"5", "parts.order.amended", "A1", "",
			     LINES({LINE("4", "P-4", "", 1)})});
	assert_int_equal(state_of(&world, "order.supply/A1"), RUNNING);
	tell(&world, (struct document){
			     DOCUMENT("6", "parts.order.cancelled", "A1", ""),
		     });
	assert_int_equal(state_of(&world, "order.supply/A1"), CANCELLED);
	world_close(&world);
}

static void test_an_order_number_is_its_buyers(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	tell(&world, (struct document){DOCUMENT("1", "parts.order.placed", "1001", "EAST"),
			     LINES({LINE("1", "P-1", "", 1)})});
	tell(&world, (struct document){DOCUMENT("2", "parts.order.placed", "1001", "北京"),
			     LINES({LINE("1", "P-9", "", 5)})});
	tell(&world, (struct document){DOCUMENT("3", "parts.goods.received", "1001", "北京"),
			     LINES({LINE("1", "P-9", "", 5)})});
	assert_int_equal(state_of(&world, "order.supply/EAST/1001"), RUNNING);
	assert_int_equal(state_of(&world, "order.supply/北京/1001"), MET);
	/* One of nobody's, and one under a publisher's own scope. */
	tell(&world, (struct document){"4", "parts.order.placed", "1001", "",
			     LINES({LINE("1", "P-1", "", 1)})});
	tell(&world, (struct document){DOCUMENT("5", "parts.order.placed", "1001", "EAST"),
			     LINES({LINE("1", "P-1", "", 1)}), .peer = "west"});
	tell(&world, (struct document){DOCUMENT("6", "parts.goods.received", "1001", "EAST"),
			     LINES({LINE("1", "P-1", "", 1)}), .peer = "west"});
	assert_int_equal(state_of(&world, "order.supply/1001"), RUNNING);
	assert_int_equal(state_of(&world, "order.supply/EAST/1001"), RUNNING);
	assert_int_equal(state_of(&world, "order.supply/WEST/EAST/1001"), MET);
	world_close(&world);
}

static void test_documents_come_in_any_order(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	/* Goods before their order; it was on a line that was down. */
	tell(&world, (struct document){DOCUMENT("1", "parts.goods.received", "A1", ""),
			     LINES({LINE("", "P-1", "", 2)}), .time_us = world.now_us + DAY / 2});
	assert_int_equal(state_of(&world, "order.supply/A1"), 0);
	world.now_us += DAY;
	tell(&world, (struct document){DOCUMENT("2", "parts.order.placed", "A1", ""),
			     LINES({LINE("1", "P-1", "", 2)}), .time_us = world.now_us - DAY});
	assert_int_equal(state_of(&world, "order.supply/A1"), MET);
	/* A cancellation before its order. */
	tell(&world, (struct document){DOCUMENT("3", "parts.order.cancelled", "A2", ""),
			     .time_us = world.now_us});
	tell(&world, (struct document){DOCUMENT("4", "parts.order.placed", "A2", ""),
			     LINES({LINE("1", "P-1", "", 2)}), .time_us = world.now_us - DAY});
	assert_int_equal(state_of(&world, "order.supply/A2"), CANCELLED);
	/* A back-order before its order. */
	tell(&world, (struct document){"5", "parts.order.backordered", "A3", "",
			     LINES({LINE("1", "P-1", "", 2)})});
	tell(&world, (struct document){DOCUMENT("6", "parts.order.placed", "A3", ""),
			     LINES({LINE("1", "P-1", "", 2)})});
	assert_int_equal(state_of(&world, "order.supply/A3"), CANCELLED);
	assert_int_equal(state_of(&world, "order.overseas/A3"), RUNNING);
	world_close(&world);
}

static void test_a_change_that_overtakes_its_order_stands(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	tell(&world, (struct document){DOCUMENT("1", "parts.order.amended", "A1", ""),
			     LINES({LINE("1", "P-1", "", 2)}, {LINE("2", "P-2", "", 0)})});
	tell(&world, (struct document){DOCUMENT("2", "parts.order.placed", "A1", ""),
			     LINES({LINE("1", "P-1", "", 10)}, {LINE("2", "P-2", "", 1)})});
	assert_int_equal(state_of(&world, "order.supply/A1"), RUNNING);
	tell(&world, (struct document){DOCUMENT("3", "parts.goods.received", "A1", ""),
			     LINES({LINE("1", "P-1", "", 2)})});
	assert_int_equal(state_of(&world, "order.supply/A1"), MET);
	world_close(&world);
}

static void test_a_late_receipt_corrects_what_was_said(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	tell(&world, (struct document){DOCUMENT("1", "parts.order.placed", "A1", ""),
			     LINES({LINE("1", "P-1", "", 2)})});
	world.now_us += 4 * DAY;
	world_tick(&world);
	assert_int_equal(state_of(&world, "order.supply/A1"), MISSED);
	tell(&world, (struct document){DOCUMENT("2", "parts.goods.received", "A1", ""),
			     LINES({LINE("1", "P-1", "", 2)}), .time_us = world.now_us - 2 * DAY});
	assert_true(world_derived(&world, "deadline.promise.corrected"));
	assert_int_equal(state_of(&world, "order.supply/A1"), MET);
	world_close(&world);
}

static void test_an_article_goes_by_many_numbers(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	tell(&world,
		(struct document){DOCUMENT("1", "parts.order.placed", "A1", ""),
			LINES({LINE("1", "P-1", "6901234567892", 2)}, {LINE("2", "P-2", "", 1)})});
	tell(&world, (struct document){DOCUMENT("2", "parts.goods.received", "A1", ""),
			     LINES({LINE("", "", "6901234567892", 2)}, {LINE("", "P-2", "", 1)})});
	assert_int_equal(state_of(&world, "order.supply/A1"), MET);
	/* Two lines of one article are two. */
	tell(&world, (struct document){DOCUMENT("3", "parts.order.placed", "A2", ""),
			     LINES({LINE("", "P-1", "", 1)}, {LINE("", "P-1", "", 1)})});
	tell(&world, (struct document){"4", "parts.goods.received", "A2", "",
			     LINES({LINE("", "P-1", "", 1)})});
	assert_int_equal(state_of(&world, "order.supply/A2"), RUNNING);
	tell(&world, (struct document){"5", "parts.goods.received", "A2", "",
			     LINES({LINE("", "P-1", "", 1)})});
	assert_int_equal(state_of(&world, "order.supply/A2"), MET);
	/* What came for an order of one line is that line. */
	tell(&world, (struct document){DOCUMENT("6", "parts.order.placed", "A3", ""),
			     LINES({LINE("1", "P-1", "", 1)})});
	tell(&world, (struct document){"7", "parts.goods.received", "A3", "",
			     LINES({LINE("", "P-1-NEW", "", 1)})});
	assert_int_equal(state_of(&world, "order.supply/A3"), MET);
	world_close(&world);
}

static void test_a_receipt_that_says_little(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	tell(&world, (struct document){DOCUMENT("1", "parts.order.placed", "A1", ""),
			     LINES({LINE("1", "P-1", "", 2)}, {LINE("2", "P-2", "", 2)})});
	/* No quantity: the line came.  No line at all: all came. */
	tell(&world, (struct document){"2", "parts.goods.received", "A1", "",
			     LINES({LINE("1", "P-1", "", -1)})});
	assert_int_equal(state_of(&world, "order.supply/A1"), RUNNING);
	tell(&world, (struct document){DOCUMENT("3", "parts.goods.received", "A1", ""),
			     LINES({LINE("", "", "", -1)})});
	assert_int_equal(state_of(&world, "order.supply/A1"), MET);
	world_close(&world);
}

static void test_one_receipt_for_several_orders(void **state)
{
	struct world world;
	(void)state;
	world_open(&world);
	tell(&world, (struct document){DOCUMENT("1", "parts.order.placed", "A1", ""),
			     LINES({LINE("1", "P-1", "", 1)})});
	tell(&world, (struct document){DOCUMENT("2", "parts.order.placed", "A2", ""),
			     LINES({LINE("1", "P-1", "", 1)})});
	tell(&world, (struct document){DOCUMENT("3", "parts.order.placed", "A3", ""),
			     LINES({LINE("1", "P-1", "", 1)})});
	tell(&world, (struct document){DOCUMENT("4", "parts.goods.received", "A1", ""),
			     LINES({LINE("1", "P-1", "", 1), .order = "A1"},
				     {LINE("1", "P-1", "", 1), .order = "A2"})});
	assert_int_equal(state_of(&world, "order.supply/A1"), MET);
	assert_int_equal(state_of(&world, "order.supply/A2"), MET);
	assert_int_equal(state_of(&world, "order.supply/A3"), RUNNING);
	world_close(&world);
}

static void test_an_order_beyond_counting(void **state)
{
	enum { MANY = LIMIT_SUPPLY_LINES + 1 };
	static struct line lines[MANY];
	static char ids[MANY][8];
	struct world world;
	(void)state;
	world_open(&world);
	for (int i = 0; i < MANY; i++) {
		snprintf(ids[i], sizeof(ids[i]), "%d", i + 1);
		lines[i] = (struct line){LINE(ids[i], ids[i], "", 1)};
	}
	tell(&world, (struct document){DOCUMENT("1", "parts.order.placed", "A1", ""),
			     .lines = lines, .count = MANY});
	assert_int_equal(state_of(&world, "order.supply/A1"), RUNNING);
	tell(&world, (struct document){DOCUMENT("2", "parts.goods.received", "A1", ""),
			     .lines = lines, .count = 1});
	assert_int_equal(state_of(&world, "order.supply/A1"), MET);
	/* Just as many as are counted. */
	tell(&world, (struct document){DOCUMENT("3", "parts.order.placed", "A2", ""),
			     .lines = lines, .count = MANY - 1});
	tell(&world, (struct document){DOCUMENT("4", "parts.goods.received", "A2", ""),
			     .lines = lines, .count = MANY - 2});
	assert_int_equal(state_of(&world, "order.supply/A2"), RUNNING);
	tell(&world, (struct document){DOCUMENT("5", "parts.goods.received", "A2", ""),
			     .lines = &lines[MANY - 2], .count = 1});
	assert_int_equal(state_of(&world, "order.supply/A2"), MET);
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_order_is_supplied),
		cmocka_unit_test(test_half_of_it_is_not_all_of_it),
		cmocka_unit_test(test_what_is_out_of_stock_has_longer),
		cmocka_unit_test(test_what_is_given_up_is_not_waited_for),
		cmocka_unit_test(test_an_order_number_is_its_buyers),
		cmocka_unit_test(test_documents_come_in_any_order),
		cmocka_unit_test(test_a_change_that_overtakes_its_order_stands),
		cmocka_unit_test(test_a_late_receipt_corrects_what_was_said),
		cmocka_unit_test(test_an_article_goes_by_many_numbers),
		cmocka_unit_test(test_a_receipt_that_says_little),
		cmocka_unit_test(test_one_receipt_for_several_orders),
		cmocka_unit_test(test_an_order_beyond_counting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
