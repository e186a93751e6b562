#include "base/arena.h"
#include "unit/draw.h"

static void hands_out_until_it_is_reset(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena);
	struct slice copy = arena_copy(&arena, SLICE_LITERAL("kept"));
	assert_slice_text(copy, "kept");
	const void *first = copy.data;
	arena_reset(&arena);
	assert_int_equal(arena.used_bytes, 0);
	assert_ptr_equal(arena_alloc(&arena, 4), first);
	assert_null(arena_copy(&arena, slice_of(NULL, 0)).data);
	arena_fini(&arena);
	arena_fini(&arena);
}

/* Every piece is aligned and keeps its bytes while others are handed out, round after round, with
 * pieces above the size of a block among them. */
static void pieces_never_overlap(void **state)
{
	enum { PIECES = 200 };
	(void)state;
	struct arena arena;
	uint64_t seed = 7;
	uint8_t *pieces[PIECES];
	size_t lens[PIECES];
	arena_init(&arena);
	for (int round = 0; round < 8; round++) {
		for (size_t i = 0; i < PIECES; i++) {
			lens[i] = draw(&seed, 50) == 0 ? 70000 + draw(&seed, 90000)
						       : draw(&seed, 3000);
			pieces[i] = arena_alloc(&arena, lens[i]);
			assert_non_null(pieces[i]);
			assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
			memset(pieces[i], (int)i, lens[i]);
		}
		for (size_t i = 0; i < PIECES; i++) {
			for (size_t at = 0; at < lens[i]; at++)
				assert_int_equal(pieces[i][at], i);
		}
		arena_reset(&arena);
	}
	arena_fini(&arena);
}

static void refuses_the_impossible(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena);
	assert_null(arena_alloc(&arena, SIZE_MAX));
	assert_null(arena_alloc(&arena, SIZE_MAX / 2 + 1));
	assert_non_null(arena_alloc(&arena, 1));
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hands_out_until_it_is_reset),
		cmocka_unit_test(pieces_never_overlap),
		cmocka_unit_test(refuses_the_impossible),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
