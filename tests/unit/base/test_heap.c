#include "base/heap.h"
#include "unit/draw.h"

static void gives_the_next_thing_due(void **state)
{
	(void)state;
	struct heap heap;
	struct heap_item late = {.due_us = 9, .place = HEAP_OUT};
	struct heap_item soon = {.due_us = -1, .place = HEAP_OUT};
	heap_init(&heap);
	assert_null(heap_top(&heap));
	assert_null(heap_pop(&heap));
	assert_int_equal(heap_push(&heap, &late), CH_OK);
	assert_int_equal(heap_push(&heap, &soon), CH_OK);
	assert_ptr_equal(heap_top(&heap), &soon);
	heap_remove(&heap, &soon);
	assert_int_equal(soon.place, HEAP_OUT);
	heap_remove(&heap, &soon);
	assert_ptr_equal(heap_pop(&heap), &late);
	assert_null(heap_pop(&heap));
	heap_fini(&heap);
}

/* The first by time, then by tie, found the slow way. */
static struct heap_item *model_top(struct heap_item *items, size_t count)
{
	struct heap_item *top = NULL;
	for (size_t i = 0; i < count; i++) {
		struct heap_item *item = &items[i];
		if (item->place == HEAP_OUT)
			continue;
		if (top == NULL || item->due_us < top->due_us ||
			(item->due_us == top->due_us && item->tie < top->tie))
			top = item;
	}
	return top;
}

/* Few different times, so that ties decide all the time. */
static void agrees_with_a_model(void **state)
{
	enum { ITEMS = 150 };
	(void)state;
	struct heap heap;
	struct heap_item items[ITEMS];
	uint64_t seed = 1;
	heap_init(&heap);
	for (size_t i = 0; i < ITEMS; i++)
		items[i] = (struct heap_item){.tie = i, .place = HEAP_OUT};
	for (int step = 0; step < 20000; step++) {
		struct heap_item *item = &items[draw(&seed, ITEMS)];
		struct heap_item *top = model_top(items, ITEMS);
		assert_ptr_equal(heap_top(&heap), top);
		if (draw(&seed, 4) == 0) {
			assert_ptr_equal(heap_pop(&heap), top);
		} else if (item->place == HEAP_OUT) {
			item->due_us = (int64_t)draw(&seed, 8);
			assert_int_equal(heap_push(&heap, item), CH_OK);
		} else {
			heap_remove(&heap, item);
		}
	}
	heap_fini(&heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_the_next_thing_due),
		cmocka_unit_test(agrees_with_a_model),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
