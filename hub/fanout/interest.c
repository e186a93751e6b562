#include "fanout/interest.h"

#include <inttypes.h>
#include <stdlib.h>

#include "wire/types.h"

static void type_set_add(struct type_set *set, uint16_t type)
{
	if (type < TYPE_SET_BITS)
		set->bits[type / 64] |= UINT64_C(1) << (type % 64);
}

void type_set_allowed(
	struct type_set *set, bool (*may)(void *peer, struct slice pattern), void *peer)
{
	memset(set, 0, sizeof(*set));
	for (size_t i = 0; i < event_type_count; i++) {
		if (may(peer, slice_text(event_types[i].name)))
			type_set_add(set, event_types[i].id);
	}
}

/* ---- A stranger's filter ---- */

static enum ch_status interest_complain(
	enum ch_status status, struct buffer *detail, const char *what, struct slice pattern)
{
	buffer_printf(detail, "%s: ", what);
	buffer_append_slice(detail, pattern);
	return status;
}

static bool interest_matches_any(struct slice pattern)
{
	for (size_t i = 0; i < event_type_count; i++) {
		if (types_match(pattern, slice_text(event_types[i].name)))
			return true;
	}
	return false;
}

enum ch_status interest_check(const struct subscribe_filter *filter, struct buffer *detail)
{
	for (uint32_t i = 0; i < filter->type_count; i++) {
		const char *fault = pattern_fault(filter->types[i]);
		if (fault != NULL) {
			buffer_printf(detail, "a type pattern %s", fault);
			return CH_INVALID;
		}
		if (!interest_matches_any(filter->types[i]))
			return interest_complain(
				CH_UNKNOWN_TYPE, detail, "no event type is", filter->types[i]);
	}
	for (uint32_t i = 0; i < filter->source_count; i++) {
		const char *fault = pattern_source_fault(filter->sources[i]);
		if (fault != NULL) {
			buffer_printf(detail, "a source %s", fault);
			return CH_INVALID;
		}
	}
	return CH_OK;
}

/* ---- Compiling ---- */

static void interest_compile_types(const struct subscribe_filter *filter,
	const struct type_set *allowed, struct type_set *types, bool *out_any)
{
	for (size_t i = 0; i < event_type_count; i++) {
		const struct event_type *type = &event_types[i];
		bool wanted = filter->type_count == 0;
		for (uint32_t p = 0; p < filter->type_count && !wanted; p++)
			wanted = types_match(filter->types[p], slice_text(type->name));
		if (!wanted || !type_set_has(allowed, type->id))
			continue;
		type_set_add(types, type->id);
		*out_any = true;
	}
}

static int interest_compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static enum ch_status interest_copy_lists(
	const struct subscribe_filter *filter, struct arena *arena, struct interest *interest)
{
	size_t customers = filter->customer_count * sizeof(uint64_t);
	interest->sources = arena_alloc(arena, filter->source_count * sizeof(struct slice) + 1);
	interest->customers = arena_alloc(arena, customers + 1);
	if (interest->sources == NULL || interest->customers == NULL)
		return CH_NOMEM;
	for (; interest->source_count < filter->source_count; interest->source_count++) {
		struct slice copy = arena_copy(arena, filter->sources[interest->source_count]);
		if (copy.data == NULL)
			return CH_NOMEM;
		interest->sources[interest->source_count] = copy;
	}
	memcpy(interest->customers, filter->customers, customers);
	interest->customer_count = filter->customer_count;
	if (filter->customer_count > 1)
		qsort(interest->customers, filter->customer_count, sizeof(uint64_t),
			interest_compare);
	return CH_OK;
}

enum ch_status interest_compile(const struct subscribe_filter *filter,
	const struct type_set *allowed, struct arena *arena, struct interest *out_interest)
{
	struct interest interest = {0};
	bool any = false;
	interest_compile_types(filter, allowed, &interest.types, &any);
	if (!any)
		return CH_DENIED;
	enum ch_status status = interest_copy_lists(filter, arena, &interest);
	if (status != CH_OK)
		return status;
	interest.derived = interest_source(&interest, SLICE_LITERAL(INTEREST_HUB_SOURCE));
	*out_interest = interest;
	return CH_OK;
}

bool interest_source(const struct interest *interest, struct slice source)
{
	for (uint32_t i = 0; i < interest->source_count; i++) {
		if (pattern_source_covers(interest->sources[i], source))
			return true;
	}
	return interest->source_count == 0;
}

bool interest_customer(const struct interest *interest, uint64_t customer)
{
	return interest->customer_count == 0 ||
	       bsearch(&customer, interest->customers, interest->customer_count, sizeof(uint64_t),
		       interest_compare) != NULL;
}

/* ---- Comparing ---- */

static bool interest_list_within(
	const struct slice *a, uint32_t a_count, const struct slice *b, uint32_t b_count)
{
	for (uint32_t i = 0; i < a_count; i++) {
		uint32_t j = 0;
		while (j < b_count && !slice_equal(a[i], b[j]))
			j++;
		if (j == b_count)
			return false;
	}
	return true;
}

static bool interest_customers_within(
	const struct subscribe_filter *a, const struct subscribe_filter *b)
{
	for (uint32_t i = 0; i < a->customer_count; i++) {
		uint32_t j = 0;
		while (j < b->customer_count && a->customers[i] != b->customers[j])
			j++;
		if (j == b->customer_count)
			return false;
	}
	return true;
}

static bool interest_within(const struct subscribe_filter *a, const struct subscribe_filter *b)
{
	return interest_list_within(a->types, a->type_count, b->types, b->type_count) &&
	       interest_list_within(a->sources, a->source_count, b->sources, b->source_count) &&
	       interest_customers_within(a, b);
}

bool interest_same(const struct subscribe_filter *a, const struct subscribe_filter *b)
{
	return interest_within(a, b) && interest_within(b, a);
}
