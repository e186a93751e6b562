#include "fanout/group.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/invariant.h"
#include "fanout/news.h"
#include "wire/envelope.h"
#include "wire/path.h"
#include "wire/types.h"

#define FIRST_PARTS 8u
#define PARTS_MOST  UINT16_MAX

/* Fields of Event that are looked at without reading all of it. */
enum { EVENT_ID = 1, EVENT_SOURCE = 2 };

uint64_t customer_now(uint64_t filed)
{
	return filed;
}

/* ---- Whose a derived event is, where the entry itself is nobody's: deadlines that fell due ---- */

static struct path customer_paths[TYPE_SET_BITS];
static pthread_once_t customer_paths_once = PTHREAD_ONCE_INIT;

static void group_resolve_customer_paths(void)
{
	static const char *const names[] = {"customer_number", "deadline.customer_number"};
	for (size_t i = 0; i < event_type_count; i++) {
		const struct event_type *type = &event_types[i];
		invariant(type->id < TYPE_SET_BITS);
		for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
			struct path path;
			if (path_resolve(type->message, names[n], &path) == CH_OK)
				customer_paths[type->id] = path;
		}
	}
}

static uint64_t group_customer_of(const struct derived *event)
{
	const struct path *path = &customer_paths[event->type];
	const struct message_parts parts = {event->data, event->personal};
	return path->count > 0 ? path_uint(path, &parts) : 0;
}

/* ---- Reading ---- */

void group_init(struct group *group)
{
	*group = (struct group){0};
	invariant(pthread_once(&customer_paths_once, group_resolve_customer_paths) == 0);
}

void group_fini(struct group *group)
{
	free(group->parts);
	buffer_fini(&group->event);
	buffer_fini(&group->encoded);
	buffer_fini(&group->values);
	buffer_fini(&group->allowed);
	*group = (struct group){0};
}

void group_begin(struct group *group, uint64_t sequence, int64_t arrival_us)
{
	group->sequence = sequence;
	group->arrival_us = arrival_us;
	group->part_count = 0;
}

enum ch_status group_add(struct group *group, const struct part *part)
{
	if (group->part_count == group->capacity) {
		uint32_t capacity = group->capacity == 0 ? FIRST_PARTS : 2 * group->capacity;
		struct part *parts = realloc(group->parts, capacity * sizeof(*parts));
		if (parts == NULL)
			return CH_NOMEM;
		group->parts = parts;
		group->capacity = capacity;
	}
	group->parts[group->part_count++] = *part;
	return CH_OK;
}

static enum ch_status group_add_derived(struct group *group, bool before)
{
	const struct entry *entry = &group->entry;
	struct derived event;
	struct derived_reader reader = derived_read(entry->derived, entry->derived_personal);
	enum ch_status status = CH_OK;
	while (status == CH_OK && derived_next(&reader, &event)) {
		if (event.before != before)
			continue;
		if (types_by_id(event.type) == NULL || group->part_count == PARTS_MOST)
			return CH_VERSION;
		status = group_add(
			group, &(struct part){.type = event.type,
				       .derived = true,
				       .customer = entry->customer != 0 ? entry->customer
									: group_customer_of(&event),
				       .event = event});
	}
	return status != CH_OK ? status : reader.status;
}

static enum ch_status group_add_input(struct group *group)
{
	const struct entry *entry = &group->entry;
	if (entry->outcome != ENTRY_ACCEPTED ||
		(entry->kind != ENTRY_INPUT && entry->kind != ENTRY_OPERATOR))
		return CH_OK;
	if (types_by_id(entry->type) == NULL)
		return CH_VERSION;
	return group_add(group, &(struct part){.type = entry->type, .customer = entry->customer});
}

enum ch_status group_read(struct group *group, const struct journal_entry *entry)
{
	group_begin(group, entry->sequence, entry->arrival_us);
	enum ch_status status = entry_parse(entry->body, &group->entry);
	bool derives = group->entry.derived.len > 0;
	if (status == CH_OK && derives)
		status = group_add_derived(group, true);
	if (status == CH_OK)
		status = group_add_input(group);
	if (status == CH_OK && derives)
		status = group_add_derived(group, false);
	return status;
}

/* ---- Wanting ---- */

/* An attribute of the input, of those at its beginning. */
static struct slice group_attribute(const struct group *group, uint32_t number)
{
	struct pb_reader reader = pb_read(group->entry.input);
	struct pb_field field;
	while (pb_next(&reader, &field)) {
		if (field.number == number)
			return pb_text_or_empty(&field);
	}
	return (struct slice){NULL, 0};
}

struct slice group_source(struct group *group, uint32_t part)
{
	struct part *one = &group->parts[part];
	if (one->derived)
		return SLICE_LITERAL(INTEREST_HUB_SOURCE);
	if (one->source.data == NULL)
		one->source = group_attribute(group, EVENT_SOURCE);
	return one->source;
}

static bool group_wants_source(struct group *group, uint32_t part, const struct interest *interest)
{
	if (interest->source_count == 0)
		return true;
	if (group->parts[part].derived)
		return interest->derived;
	return interest_source(interest, group_source(group, part));
}

bool group_wants(struct group *group, uint32_t part, const struct interest *interest)
{
	const struct part *one = &group->parts[part];
	return type_set_has(&interest->types, one->type) &&
	       interest_customer(interest, customer_now(one->customer)) &&
	       group_wants_source(group, part, interest);
}

uint32_t group_main(const struct group *group)
{
	for (uint32_t i = 0; i < group->part_count; i++) {
		if (!group->parts[i].derived)
			return i;
	}
	return 0;
}

struct slice group_type(const struct group *group, uint32_t part)
{
	return slice_text(types_by_id(group->parts[part].type)->name);
}

/* ---- Encoding ---- */

static void group_encode_derived(
	struct group *group, const struct part *part, uint32_t number, struct delivery *delivery)
{
	char id[32];
	(void)snprintf(id, sizeof(id), "%" PRIu64 ".%u", group->sequence, number); /* it fits */
	const struct envelope envelope = {
		.id = slice_text(id),
		.source = SLICE_LITERAL(INTEREST_HUB_SOURCE),
		.type = slice_text(types_by_id(part->type)->name),
		.subject = part->event.subject,
		.time_us = group->arrival_us,
		.causation_id = group_attribute(group, EVENT_ID),
		.data = part->event.data,
	};
	buffer_clear(&group->event);
	envelope_encode(&envelope, &group->event);
	delivery->event = buffer_slice(&group->event);
	delivery->personal = part->event.personal;
}

enum ch_status group_encode(struct group *group, uint32_t part, struct slice *out_encoded)
{
	struct part *one = &group->parts[part];
	uint64_t now = customer_now(one->customer);
	if (one->encoded.data != NULL) {
		*out_encoded = one->encoded;
		return CH_OK;
	}
	struct delivery delivery = {
		.sequence = group->sequence,
		.part = part,
		.arrival_us = group->arrival_us,
		.customer = one->customer,
		.customer_now = now != one->customer ? now : 0,
		.event = group->entry.input,
		.personal = group->entry.input_personal,
		.peer = group->entry.peer,
	};
	if (one->derived)
		group_encode_derived(group, one, part, &delivery);
	buffer_clear(&group->encoded);
	delivery_encode(&delivery, &group->encoded);
	if (group->event.status != CH_OK || group->encoded.status != CH_OK)
		return CH_NOMEM;
	*out_encoded = buffer_slice(&group->encoded);
	return CH_OK;
}

enum ch_status group_values(
	struct group *group, uint32_t part, uint32_t rights, struct slice *out_values)
{
	const struct part *one = &group->parts[part];
	struct slice values = one->values;
	*out_values = (struct slice){NULL, 0};
	if (!one->derived || !news_is(one->type) || rights == 0)
		return CH_OK;
	if (one->encoded.data == NULL) {
		buffer_clear(&group->values);
		news_encode(&group->entry, group_customer_of(&one->event), &group->values);
		values = buffer_slice(&group->values);
	}
	*out_values = news_allowed(values, rights, &group->allowed);
	return group->values.status == CH_OK ? group->allowed.status : CH_NOMEM;
}
