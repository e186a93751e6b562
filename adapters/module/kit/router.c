#include "module/kit/router.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/log.h"
#include "module/kit/people_inside.h"
#include "module/kit/voice_inside.h"
#include "wire/types.h"

struct step {
	void *self;
	module_fold_function *fold;
};

struct router {
	const struct module *module;
	void *const *selves;
	/* For each type of the registry, by its place there, its first step; one more for the end. */
	uint32_t *first;
	struct step *steps;
	struct arena arena; /* of the message that is folded */
	struct buffer bytes;
	ProtobufCAllocator allocator;
};

/* ---- Making ---- */

static void *router_allocate(void *context, size_t size)
{
	return arena_alloc(context, size);
}

static void router_release(void *context, void *memory)
{
	(void)context; /* all of it goes at once, before the next event */
	(void)memory;
}

/* The steps of one type, or with `steps` NULL only their number. */
static uint32_t router_plan(
	const struct router *router, const struct event_type *type, struct step *steps)
{
	uint32_t count = 0;
	for (size_t i = 0; i < router->module->part_count; i++) {
		const struct module_part *part = router->module->parts[i];
		for (size_t j = 0; j < part->fold_count; j++) {
			const struct module_fold *fold = &part->folds[j];
			if (!types_match(slice_text(fold->type), slice_text(type->name)))
				continue;
			if (steps != NULL)
				steps[count] = (struct step){router->selves[i], fold->fold};
			count++;
		}
	}
	return count;
}

enum ch_status router_create(
	const struct module *module, void *const *selves, struct router **out_router)
{
	enum ch_status status = CH_NOMEM;
	uint32_t count = 0;
	struct router *router = calloc(1, sizeof(*router));
	if (router == NULL)
		goto out;
	arena_init(&router->arena);
	router->module = module;
	router->selves = selves;
	router->allocator = (ProtobufCAllocator){router_allocate, router_release, &router->arena};
	router->first = calloc(event_type_count + 1, sizeof(*router->first));
	if (router->first == NULL)
		goto out;
	for (size_t i = 0; i < event_type_count; i++) {
		router->first[i] = count;
		count += router_plan(router, &event_types[i], NULL);
	}
	router->first[event_type_count] = count;
	router->steps = calloc(count > 0 ? count : 1, sizeof(*router->steps));
	if (router->steps == NULL)
		goto out;
	for (size_t i = 0; i < event_type_count; i++)
		(void)router_plan(router, &event_types[i], router->steps + router->first[i]);
	*out_router = router;
	router = NULL; /* the caller's now */
	status = CH_OK;
out:
	router_free(router);
	return status;
}

void router_free(struct router *router)
{
	if (router == NULL)
		return;
	buffer_fini(&router->bytes);
	arena_fini(&router->arena);
	free(router->steps);
	free(router->first);
	free(router);
}

/* ---- Folding ---- */

/* Open and personal part are two encodings of one message, and so is one behind the other. */
static enum ch_status router_unpack(struct router *router, const struct event_type *type,
	const struct envelope *head, const ProtobufCMessage **out_message)
{
	buffer_clear(&router->bytes);
	buffer_append_slice(&router->bytes, head->data);
	buffer_append_slice(&router->bytes, head->personal);
	if (router->bytes.status != CH_OK)
		return CH_NOMEM;
	arena_reset(&router->arena);
	const ProtobufCMessage *message = protobuf_c_message_unpack(
		type->message, &router->allocator, router->bytes.len, router->bytes.data);
	if (message == NULL)
		return CH_FORMAT;
	*out_message = message;
	return CH_OK;
}

static enum ch_status router_run(struct router *router, const struct event_type *type,
	struct book_txn *txn, const struct feed_event *event)
{
	size_t place = (size_t)(type - event_types);
	enum ch_status status = CH_OK;
	people_fold(txn, event);
	if (event->own)
		voice_hear(txn, event);
	for (uint32_t i = router->first[place]; i < router->first[place + 1]; i++) {
		const struct step *step = &router->steps[i];
		enum ch_status folded = step->fold(step->self, txn, event);
		if (folded == CH_NOMEM)
			book_fail(txn, CH_NOMEM);
		if (book_status(txn) != CH_OK)
			return book_status(txn);
		/* What one part cannot take another may: all are asked. */
		if (folded != CH_OK && status == CH_OK)
			status = folded;
	}
	return status;
}

static enum ch_status router_read(struct router *router, const struct ch_delivery *delivery,
	struct feed_event *event, const struct event_type **out_type)
{
	const char *field;
	struct envelope *head = &event->head;
	enum ch_status status =
		envelope_parse(slice_of(delivery->event.data, delivery->event.len), head, &field);
	if (status != CH_OK)
		return status;
	if (delivery->personal.len > 0)
		head->personal = slice_of(delivery->personal.data, delivery->personal.len);
	const struct event_type *type = types_find(head->type);
	if (type == NULL)
		return CH_UNKNOWN_TYPE;
	event->own = slice_equal(head->source, slice_text(router->module->source));
	event->occurred_us = envelope_occurred(head, delivery->arrival_us);
	event->stamp = stamp_of(event->occurred_us, head->source, head->id);
	*out_type = type;
	return CH_OK;
}

enum ch_status router_fold(struct router *router, struct book_txn *txn,
	const struct ch_delivery *delivery, bool live, struct feed_state *state)
{
	const struct event_type *type = NULL;
	struct feed_event event = {
		.sequence = delivery->sequence,
		.part = delivery->part,
		.arrival_us = delivery->arrival_us,
		.customer = delivery->customer,
		.live = live,
		.peer = slice_of(delivery->peer.data, delivery->peer.len),
	};
	enum ch_status status = router_read(router, delivery, &event, &type);
	if (status == CH_OK)
		status = router_unpack(router, type, &event.head, &event.message);
	if (status == CH_OK)
		status = router_run(router, type, txn, &event);
	if (status == CH_NOMEM)
		book_fail(txn, CH_NOMEM);
	state->events++;
	state->arrival_us = delivery->arrival_us;
	/* Of a later schema: whoever wrote this release had no use for it. */
	if (status != CH_OK && status != CH_UNKNOWN_TYPE && book_status(txn) == CH_OK) {
		state->rejects++;
		feed_note_reject(txn, &event, status);
		log_warning("module.reject", "module=%s sequence=%llu part=%u status=%s",
			router->module->program, (unsigned long long)event.sequence, event.part,
			ch_status_name(status));
	}
	return book_status(txn);
}

/* ---- All parts ---- */

enum ch_status router_begin(struct router *router, struct book_txn *txn)
{
	enum ch_status status = CH_OK;
	for (size_t i = 0; i < router->module->part_count && status == CH_OK; i++) {
		const struct module_part *part = router->module->parts[i];
		if (part->begin != NULL)
			status = part->begin(router->selves[i], txn);
	}
	return status;
}

enum ch_status router_settle(struct router *router, struct book_txn *txn, bool live)
{
	enum ch_status status = book_status(txn);
	for (size_t i = 0; i < router->module->part_count && status == CH_OK; i++) {
		const struct module_part *part = router->module->parts[i];
		if (part->settle != NULL)
			status = part->settle(router->selves[i], txn, live);
	}
	if (status == CH_OK)
		return book_status(txn);
	book_fail(txn, status);
	return status;
}
