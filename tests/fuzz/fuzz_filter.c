/* A SUBSCRIBE from a stranger as the fan-out judges it: refused in words, or compiled; what is compiled wants what its
 * patterns cover and nothing else, and says the same in any order. */
#include "base/invariant.h"
#include "fanout/interest.h"
#include "fanout/wish.h"
#include "wire/types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Half of all types, so that rights have something to take away. */
static bool fuzz_may(void *peer, struct slice pattern)
{
	(void)peer;
	return pattern.data[0] < 'q';
}

static bool fuzz_wants(const struct subscribe_filter *filter, const struct event_type *type)
{
	bool wanted = filter->type_count == 0;
	for (uint32_t i = 0; i < filter->type_count; i++)
		wanted = wanted || types_match(filter->types[i], slice_text(type->name));
	return wanted;
}

static void fuzz_compiled(
	const struct subscribe_filter *filter, const struct type_set *allowed, struct arena *arena)
{
	struct interest interest;
	if (interest_compile(filter, allowed, arena, &interest) != CH_OK)
		return;
	for (size_t i = 0; i < event_type_count; i++) {
		uint16_t id = event_types[i].id;
		invariant(type_set_has(&interest.types, id) ==
			  (fuzz_wants(filter, &event_types[i]) && type_set_has(allowed, id)));
	}
	for (uint32_t i = 0; i < filter->source_count; i++)
		invariant(filter->sources[i].len == 0 ||
			  interest_source(&interest, filter->sources[i]));
	for (uint32_t i = 0; i < filter->customer_count; i++)
		invariant(interest_customer(&interest, filter->customers[i]));
	invariant(filter->source_count > 0 || interest_source(&interest, SLICE_LITERAL("urn:x")));
}

/* The same filter from its other end. */
static void fuzz_turned(const struct subscribe_filter *filter)
{
	static struct subscribe_filter turned;
	turned = *filter;
	for (uint32_t i = 0; i < filter->type_count; i++)
		turned.types[i] = filter->types[filter->type_count - 1 - i];
	for (uint32_t i = 0; i < filter->source_count; i++)
		turned.sources[i] = filter->sources[filter->source_count - 1 - i];
	for (uint32_t i = 0; i < filter->customer_count; i++)
		turned.customers[i] = filter->customers[filter->customer_count - 1 - i];
	invariant(interest_same(filter, &turned));
	if (turned.customer_count == 0)
		turned.customers[turned.customer_count++] = 7;
	else
		turned.customer_count = 0;
	invariant(!interest_same(filter, &turned));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct subscribe wish;
	static struct consumer consumer = {.snapshots = 3};
	struct type_set allowed;
	struct arena arena;
	struct buffer detail = {0};
	const char *field;
	if (subscribe_parse(slice_of(data, len), &wish, &field) != CH_OK)
		return 0;
	enum ch_status status = wish_check(&consumer, &wish, &detail);
	invariant((status == CH_OK) == (detail.len == 0));
	arena_init(&arena);
	type_set_allowed(&allowed, fuzz_may, NULL);
	/* One that is stored was checked once, by another registry. */
	fuzz_compiled(&wish.filter, &allowed, &arena);
	fuzz_turned(&wish.filter);
	arena_fini(&arena);
	buffer_fini(&detail);
	return 0;
}
