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
	uint32_t
		spares; /* of a skim: the steps behind it that are not asked when it knows; of a fold 0 */
};

/* What is done with one type. */
struct route {
	uint32_t first; /* step; the next route's ends them */
	bool unpack;    /* at once: somebody looks at the message in any case */
};

struct router {
	const struct module *module;
	void *const *selves;
	struct route *
		routes; /* of each type of the registry, by its place there; one more for the end */
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

static bool router_folds(const struct module_fold *fold, const struct event_type *type)
{
	return types_match(slice_text(fold->type), slice_text(type->name));
}

/* A part's steps for one type, or with `steps` NULL only their number. */
static uint32_t router_plan_part(const struct module_part *part, void *self,
	const struct event_type *type, struct step *steps)
{
	uint32_t skims = 0;
	uint32_t folds = 0;
	for (size_t i = 0; i < part->skim_count && skims == 0; i++) {
		if (!router_folds(&part->skims[i], type))
			continue;
		if (steps != NULL)
			steps[0] = (struct step){.self = self, .fold = part->skims[i].fold};
		skims = 1;
	}
	for (size_t i = 0; i < part->fold_count; i++) {
		if (!router_folds(&part->folds[i], type))
			continue;
		if (steps != NULL)
			steps[skims + folds] =
				(struct step){.self = self, .fold = part->folds[i].fold};
		folds++;
	}
	if (steps != NULL && skims > 0)
		steps[0].spares = folds;
	return folds > 0 ? skims + folds : 0;
}

/* All steps for one type, or with `steps` NULL only their number. */
static uint32_t router_plan(
	const struct router *router, const struct event_type *type, struct step *steps)
{
	uint32_t count = 0;
	for (size_t i = 0; i < router->module->part_count; i++)
		count += router_plan_part(router->module->parts[i], router->selves[i], type,
			steps != NULL ? steps + count : NULL);
	return count;
}

static void router_lay(struct router *router, const struct event_type *type, struct route *route)
{
	struct step *steps = router->steps + route->first;
	uint32_t count = router_plan(router, type, steps);
	route->unpack = types_match(slice_text(PEOPLE_TOPIC), slice_text(type->name));
	for (uint32_t i = 0; i < count; i += 1 + steps[i].spares)
		route->unpack = route->unpack || steps[i].spares == 0;
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
	router->routes = calloc(event_type_count + 1, sizeof(*router->routes));
	if (router->routes == NULL)
		goto out;
	for (size_t i = 0; i < event_type_count; i++) {
		router->routes[i].first = count;
		count += router_plan(router, &event_types[i], NULL);
	}
	router->routes[event_type_count].first = count;
	router->steps = calloc(count > 0 ? count : 1, sizeof(*router->steps));
	if (router->steps == NULL)
		goto out;
	for (size_t i = 0; i < event_type_count; i++)
		router_lay(router, &event_types[i], &router->routes[i]);
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
	free(router->routes);
	free(router);
}

/* ---- Folding ---- */

/* Open and personal part are two encodings of one message, and so is one behind the other. */
static enum ch_status router_unpack(
	struct router *router, const struct event_type *type, struct feed_event *event)
{
	const struct envelope *head = &event->head;
	buffer_clear(&router->bytes);
	buffer_append_slice(&router->bytes, head->data);
	buffer_append_slice(&router->bytes, head->personal);
	if (router->bytes.status != CH_OK)
		return CH_NOMEM;
	arena_reset(&router->arena);
	event->message = protobuf_c_message_unpack(
		type->message, &router->allocator, router->bytes.len, router->bytes.data);
	if (event->message == NULL)
		return CH_FORMAT;
	event->stamp = stamp_of(event->occurred_us, head->source, head->id);
	return CH_OK;
}

/* *out_spared: so many steps behind it are done with. */
static enum ch_status router_step(struct router *router, const struct event_type *type,
	const struct step *step, struct book_txn *txn, struct feed_event *event,
	uint32_t *out_spared)
{
	if (step->spares == 0) {
		enum ch_status status =
			event->message == NULL ? router_unpack(router, type, event) : CH_OK;
		return status == CH_OK ? step->fold(step->self, txn, event) : status;
	}
	if (event->message != NULL)
		return CH_OK; /* another part could not do without it */
	enum ch_status status = step->fold(step->self, txn, event);
	if (status == CH_UNSUPPORTED)
		return CH_OK;
	*out_spared = step->spares;
	return status;
}

static enum ch_status router_run(struct router *router, const struct event_type *type,
	struct book_txn *txn, struct feed_event *event)
{
	const struct route *route = &router->routes[type - event_types];
	enum ch_status status = route->unpack ? router_unpack(router, type, event) : CH_OK;
	if (status != CH_OK)
		return status;
	if (event->message != NULL)
		people_fold(txn, event);
	if (event->own)
		voice_hear(txn, event);
	for (uint32_t i = route->first; i < route[1].first; i++) {
		uint32_t spared = 0;
		enum ch_status folded =
			router_step(router, type, &router->steps[i], txn, event, &spared);
		if (folded == CH_NOMEM)
			book_fail(txn, CH_NOMEM);
		if (book_status(txn) != CH_OK)
			return book_status(txn);
		/* What one part cannot take another may: all are asked. */
		if (folded != CH_OK && status == CH_OK)
			status = folded;
		i += spared;
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
