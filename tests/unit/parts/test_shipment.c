#include "../draw.h"

#include "channel/parts/shipment.h"

/* A dispatch of what a test says. */
struct goods {
	Carehub__V1__PartsDispatchAdvised advice;
	Carehub__V1__PartsPackage packages[8];
	Carehub__V1__PartsPackage *package_list[8];
	Carehub__V1__DispatchLine lines[8];
	Carehub__V1__DispatchLine *line_list[8];
	struct arena arena;
	struct shipment shipment;
	char text[256];
};

static void goods_init(struct goods *goods)
{
	memset(goods, 0, sizeof(*goods));
	carehub__v1__parts_dispatch_advised__init(&goods->advice);
	goods->advice.packages = goods->package_list;
	goods->advice.lines = goods->line_list;
	arena_init(&goods->arena);
}

static void add_package(struct goods *goods, const char *id, const char *parent)
{
	size_t i = goods->advice.n_packages++;
	carehub__v1__parts_package__init(&goods->packages[i]);
	goods->package_list[i] = &goods->packages[i];
	goods->packages[i].package_id = (char *)(uintptr_t)id;
	goods->packages[i].parent_id = (char *)(uintptr_t)parent;
}

static void add_line(struct goods *goods, const char *id, const char *package, const char *order)
{
	size_t i = goods->advice.n_lines++;
	carehub__v1__dispatch_line__init(&goods->lines[i]);
	goods->line_list[i] = &goods->lines[i];
	goods->lines[i].line_id = (char *)(uintptr_t)id;
	goods->lines[i].package_id = (char *)(uintptr_t)package;
	goods->lines[i].parts_order_id = (char *)(uintptr_t)order;
}

/* "1S 2P(A)<1 ...": number, code, what it is about and, behind <, the level above. */
static const char *plan(struct goods *goods)
{
	struct buffer text = {0};
	assert_int_equal(shipment_plan(&goods->arena, &goods->advice, &goods->shipment), CH_OK);
	for (uint32_t i = 0; i < goods->shipment.count; i++) {
		const struct shipment_level *level = &goods->shipment.levels[i];
		const char *what = level->package != NULL ? level->package->package_id
				   : level->line != NULL  ? level->line->line_id
							  : level->order_id;
		buffer_printf(&text, "%s%u%c", i > 0 ? " " : "", i + 1, level->code);
		if (what != NULL)
			buffer_printf(&text, "(%s)<%u", what, level->parent);
		if (level->has_levels)
			buffer_append_byte(&text, '+');
	}
	(void)snprintf(goods->text, sizeof(goods->text), "%s", buffer_text(&text));
	buffer_fini(&text);
	return goods->text;
}

static void test_usage(void **state)
{
	struct goods goods;
	(void)state;
	goods_init(&goods);
	add_package(&goods, "pallet", "");
	add_package(&goods, "box", "pallet");
	add_line(&goods, "1", "box", "A");
	add_line(&goods, "2", "", "B");
	assert_string_equal(
		plan(&goods), "1S+ 2T(pallet)<1+ 3P(box)<2+ 4O(A)<3+ 5I(1)<4 6O(B)<1+ 7I(2)<6");
	arena_fini(&goods.arena);
}

/* Lines of one order in one package stand together, in their own order. */
static void test_orders(void **state)
{
	struct goods goods;
	char *orders[] = {(char *)(uintptr_t) "C", (char *)(uintptr_t) "A"};
	(void)state;
	goods_init(&goods);
	goods.advice.parts_order_ids = orders;
	goods.advice.n_parts_order_ids = 2;
	add_line(&goods, "1", "", "A");
	add_line(&goods, "2", "", "B");
	add_line(&goods, "3", "", "A");
	add_line(&goods, "4", "", "");
	assert_string_equal(
		plan(&goods), "1S+ 2O(A)<1+ 3I(1)<2 4I(3)<2 5O(B)<1+ 6I(2)<5 7I(4)<1 8O(C)<1");
	arena_fini(&goods.arena);
}

/* Packages before those that they are in; of two of one name the first is meant. */
static void test_packages(void **state)
{
	struct goods goods;
	(void)state;
	goods_init(&goods);
	add_package(&goods, "c", "b");
	add_package(&goods, "b", "a");
	add_package(&goods, "a", "");
	add_package(&goods, "c", "");
	add_package(&goods, "d", "b");
	add_line(&goods, "1", "c", "");
	assert_string_equal(plan(&goods), "1S+ 2T(a)<1+ 3T(b)<2+ 4P(c)<3+ 5I(1)<4 6P(d)<3 7P(c)<1");
	arena_fini(&goods.arena);
}

/* Those that are in one another are in no shipment. */
static void test_rings(void **state)
{
	struct goods goods;
	(void)state;
	goods_init(&goods);
	add_package(&goods, "a", "b");
	add_package(&goods, "b", "a");
	add_package(&goods, "self", "self");
	add_package(&goods, "lost", "nobody");
	add_line(&goods, "1", "a", "");
	add_line(&goods, "2", "gone", "");
	assert_string_equal(plan(&goods), "1S+ 2P(lost)<1 3I(2)<1");
	arena_fini(&goods.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_orders),
		cmocka_unit_test(test_packages),
		cmocka_unit_test(test_rings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
