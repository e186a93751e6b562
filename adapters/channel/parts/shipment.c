#include "channel/parts/shipment.h"

#include "base/table.h"

#define NONE SIZE_MAX

/* Packages and lines hang in lists of the package that they are in; index `packages` is the shipment itself. */
struct plan {
	const Carehub__V1__PartsDispatchAdvised *advice;
	struct table by_id;
	size_t packages;
	size_t *parent_of;     /* of each package */
	size_t *first_package; /* in each */
	size_t *next_package;
	size_t *first_line;
	size_t *next_line;
	uint32_t *number_of; /* of the package's level; 0: not yet */
	bool *planned;       /* lines */
	struct shipment *shipment;
	struct table orders; /* those that have a level */
};

/* ---- What is in what ---- */

static enum ch_status plan_allocate(struct plan *plan, struct arena *arena)
{
	const Carehub__V1__PartsDispatchAdvised *advice = plan->advice;
	size_t places = plan->packages + 1;
	size_t lines = advice->n_lines + 1;
	size_t **lists[] = {
		&plan->parent_of, &plan->first_package, &plan->next_package, &plan->first_line};
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		*lists[i] = arena_alloc(arena, places * sizeof(size_t));
		if (*lists[i] == NULL)
			return CH_NOMEM;
		for (size_t k = 0; k < places; k++)
			(*lists[i])[k] = NONE;
	}
	plan->next_line = arena_alloc(arena, lines * sizeof(size_t));
	plan->number_of = arena_alloc(arena, places * sizeof(uint32_t));
	plan->planned = arena_alloc(arena, lines * sizeof(bool));
	/* At the most a level for each package, and two for each line: its order and itself. */
	plan->shipment->levels = arena_alloc(arena,
		(places + 2 * lines + advice->n_parts_order_ids) * sizeof(struct shipment_level));
	if (plan->next_line == NULL || plan->number_of == NULL || plan->planned == NULL ||
		plan->shipment->levels == NULL)
		return CH_NOMEM;
	memset(plan->number_of, 0, places * sizeof(uint32_t));
	memset(plan->planned, 0, lines * sizeof(bool));
	return CH_OK;
}

/* The package of that name; the shipment for none, and for a name that is nobody's. */
static size_t package_of(const struct plan *plan, const char *id)
{
	Carehub__V1__PartsPackage *const *package = table_get(&plan->by_id, slice_text(id));
	return package != NULL ? (size_t)(package - plan->advice->packages) : plan->packages;
}

/* Lists are filled from behind, so that they are in the document's order. */
static enum ch_status plan_link(struct plan *plan)
{
	const Carehub__V1__PartsDispatchAdvised *advice = plan->advice;
	for (size_t i = 0; i < plan->packages; i++) {
		enum ch_status status = table_put(&plan->by_id,
			slice_text(advice->packages[i]->package_id), &advice->packages[i]);
		if (status == CH_NOMEM) /* of two of one name the first is meant */
			return status;
	}
	for (size_t i = plan->packages; i-- > 0;) {
		size_t parent = package_of(plan, advice->packages[i]->parent_id);
		if (advice->packages[i]->parent_id[0] == 0)
			parent = plan->packages;
		plan->parent_of[i] = parent;
		plan->next_package[i] = plan->first_package[parent];
		plan->first_package[parent] = i;
	}
	for (size_t i = advice->n_lines; i-- > 0;) {
		size_t package = package_of(plan, advice->lines[i]->package_id);
		if (advice->lines[i]->package_id[0] == 0)
			package = plan->packages;
		plan->next_line[i] = plan->first_line[package];
		plan->first_line[package] = i;
	}
	return CH_OK;
}

/* ---- Levels ---- */

static uint32_t plan_level(struct plan *plan, char code, uint32_t parent)
{
	struct shipment *shipment = plan->shipment;
	shipment->levels[shipment->count++] =
		(struct shipment_level){.code = code, .parent = parent};
	if (parent > 0)
		shipment->levels[parent - 1].has_levels = true;
	return (uint32_t)shipment->count;
}

static struct shipment_level *level_at(const struct plan *plan, uint32_t number)
{
	return &plan->shipment->levels[number - 1];
}

static enum ch_status plan_order(
	struct plan *plan, char *order_id, uint32_t parent, uint32_t *out_number)
{
	*out_number = plan_level(plan, 'O', parent);
	level_at(plan, *out_number)->order_id = order_id;
	return table_put(&plan->orders, slice_text(order_id), order_id) == CH_NOMEM ? CH_NOMEM
										    : CH_OK;
}

/* From this line on, those of its order in its package. */
static enum ch_status plan_lines_of(struct plan *plan, size_t first, uint32_t above)
{
	char *order_id = plan->advice->lines[first]->parts_order_id;
	if (order_id[0] != 0) {
		enum ch_status status = plan_order(plan, order_id, above, &above);
		if (status != CH_OK)
			return status;
	}
	for (size_t i = first; i != NONE; i = plan->next_line[i]) {
		if (plan->planned[i] ||
			strcmp(plan->advice->lines[i]->parts_order_id, order_id) != 0)
			continue;
		plan->planned[i] = true;
		level_at(plan, plan_level(plan, 'I', above))->line = plan->advice->lines[i];
	}
	return CH_OK;
}

static enum ch_status plan_lines(struct plan *plan, size_t package, uint32_t above)
{
	enum ch_status status = CH_OK;
	for (size_t i = plan->first_line[package]; i != NONE && status == CH_OK;
		i = plan->next_line[i]) {
		if (!plan->planned[i])
			status = plan_lines_of(plan, i, above);
	}
	return status;
}

/* Depth first: a package, its lines, the packages in it. */
static enum ch_status plan_packages(struct plan *plan)
{
	size_t at = plan->first_package[plan->packages];
	while (at != NONE) {
		size_t parent = plan->parent_of[at];
		bool holds = plan->first_package[at] != NONE;
		uint32_t above = parent == plan->packages ? 1 : plan->number_of[parent];
		plan->number_of[at] = plan_level(plan, holds ? 'T' : 'P', above);
		level_at(plan, plan->number_of[at])->package = plan->advice->packages[at];
		enum ch_status status = plan_lines(plan, at, plan->number_of[at]);
		if (status != CH_OK)
			return status;
		if (holds) {
			at = plan->first_package[at];
			continue;
		}
		while (at != plan->packages && plan->next_package[at] == NONE)
			at = plan->parent_of[at];
		at = at != plan->packages ? plan->next_package[at] : NONE;
	}
	return CH_OK;
}

static enum ch_status plan_all(struct plan *plan)
{
	const Carehub__V1__PartsDispatchAdvised *advice = plan->advice;
	uint32_t number;
	(void)plan_level(plan, 'S', 0); /* it is number 1 */
	enum ch_status status = plan_packages(plan);
	if (status == CH_OK)
		status = plan_lines(plan, plan->packages, 1);
	for (size_t i = 0; i < advice->n_parts_order_ids && status == CH_OK; i++) {
		if (table_get(&plan->orders, slice_text(advice->parts_order_ids[i])) == NULL)
			status = plan_order(plan, advice->parts_order_ids[i], 1, &number);
	}
	return status;
}

enum ch_status shipment_plan(struct arena *arena, const Carehub__V1__PartsDispatchAdvised *advice,
	struct shipment *out_shipment)
{
	struct shipment shipment = {.count = 0};
	struct plan plan = {
		.advice = advice, .packages = advice->n_packages, .shipment = &shipment};
	table_init(&plan.by_id);
	table_init(&plan.orders);
	enum ch_status status = plan_allocate(&plan, arena);
	if (status == CH_OK)
		status = plan_link(&plan);
	if (status == CH_OK)
		status = plan_all(&plan);
	table_fini(&plan.by_id);
	table_fini(&plan.orders);
	if (status == CH_OK)
		*out_shipment = shipment;
	return status;
}
