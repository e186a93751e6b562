/* A list of numbers that grows; zeroed it is an empty one. */
#ifndef MARKETING_NUMBER_LIST_H
#define MARKETING_NUMBER_LIST_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

struct number_list {
	uint32_t *items;
	size_t count;
	size_t capacity;
};

static inline void number_list_fini(struct number_list *list)
{
	free(list->items);
	*list = (struct number_list){0};
}

/* Room for so many in all; what is behind the last is 0 at first.  CH_NOMEM. */
static inline enum ch_status number_list_reserve(struct number_list *list, size_t capacity)
{
	if (capacity <= list->capacity)
		return CH_OK;
	capacity += capacity / 2;
	uint32_t *items = realloc(list->items, capacity * sizeof(*items));
	if (items == NULL)
		return CH_NOMEM;
	memset(items + list->capacity, 0, (capacity - list->capacity) * sizeof(*items));
	list->items = items;
	list->capacity = capacity;
	return CH_OK;
}

/* All of its room is 0 again. */
static inline void number_list_zero(struct number_list *list)
{
	if (list->items != NULL)
		memset(list->items, 0, list->capacity * sizeof(*list->items));
}

static inline enum ch_status number_list_push(struct number_list *list, uint32_t number)
{
	enum ch_status status = number_list_reserve(list, list->count + 1);
	if (status == CH_OK)
		list->items[list->count++] = number;
	return status;
}

#endif
