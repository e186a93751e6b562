/* DESADV and 856: what was sent, package by package. */
#include <inttypes.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/table.h"
#include "channel/parts/script.h"
#include "channel/parts/shipment.h"
#include "channel/parts/trade.h"

/* What 004010 allows. */
#define DISPATCH_ID_MAX  30u
#define ORDER_NUMBER_MAX 22u
#define LINE_ID_MAX      20u
#define CARRIER_MAX      35u
#define WEIGHT_MAX       10u

/* ---- DESADV: the order of lines ---- */

/* For each line the number of its package, from 0 on; that of packages for one of none. */
static enum ch_status find_packages(
	const Carehub__V1__PartsDispatchAdvised *advice, size_t *out_packages)
{
	enum ch_status status = CH_OK;
	struct table by_id;
	table_init(&by_id);
	for (size_t i = 0; i < advice->n_packages && status != CH_NOMEM; i++)
		status = table_put(&by_id, slice_text(advice->packages[i]->package_id),
			&advice->packages[i]); /* of two of one name the first is meant */
	for (size_t i = 0; i < advice->n_lines && status != CH_NOMEM; i++) {
		Carehub__V1__PartsPackage **package =
			table_get(&by_id, slice_text(advice->lines[i]->package_id));
		out_packages[i] =
			package != NULL ? (size_t)(package - advice->packages) : advice->n_packages;
	}
	table_fini(&by_id);
	return status == CH_NOMEM ? status : CH_OK;
}

/* In the message lines stand within their packages, so they are put into that order; those of one package keep
 * theirs, and those of none come last. */
static enum ch_status settle_dispatch(
	struct arena *arena, const struct script **script, ProtobufCMessage **document)
{
	Carehub__V1__PartsDispatchAdvised *advice = (void *)*document;
	size_t places = advice->n_packages + 1;
	Carehub__V1__DispatchLine **lines =
		arena_alloc(arena, (advice->n_lines + 1) * sizeof(Carehub__V1__DispatchLine *));
	size_t *packages = arena_alloc(arena, (advice->n_lines + 1) * sizeof(*packages));
	size_t *next = arena_alloc(arena, (places + 1) * sizeof(*next));
	(void)script;
	if (lines == NULL || packages == NULL || next == NULL)
		return CH_NOMEM;
	enum ch_status status = find_packages(advice, packages);
	if (status != CH_OK)
		return status;
	memset(next, 0, (places + 1) * sizeof(*next));
	for (size_t i = 0; i < advice->n_lines; i++)
		next[packages[i] + 1]++;
	for (size_t i = 1; i < places; i++)
		next[i] += next[i - 1];
	for (size_t i = 0; i < advice->n_lines; i++)
		lines[next[packages[i]]++] = advice->lines[i];
	advice->lines = lines;
	return CH_OK;
}

/* ---- DESADV: packing ---- */

static void write_package(struct writing *w, const Carehub__V1__PartsPackage *package)
{
	unsigned max = w->long_texts ? 35 : 12;
	writing_segment(w, "CPS");
	writing_put(w, "packages.package_id", 1, 1, slice_text(package->package_id), max);
	writing_put(w, "packages.parent_id", 2, 1, slice_text(package->parent_id), max);
	writing_end(w);
	if (package->packaging[0] != 0 || package->sscc[0] != 0) {
		writing_segment(w, "PAC");
		writing_put(w, "packages.packaging", 3, 1, slice_text(package->packaging), 17);
		writing_end(w);
	}
	if (package->weight_kg != NULL) {
		writing_segment(w, "MEA");
		writing_code(w, 1, 1, "PD");
		writing_code(w, 2, 1, "AAB");
		writing_code(w, 3, 1, "KGM");
		writing_number(w, "packages.weight_kg", 3, 2, package->weight_kg, 18);
		writing_end(w);
	}
	if (package->sscc[0] == 0)
		return;
	writing_segment(w, "PCI");
	writing_code(w, 1, 1, "33E");
	writing_end(w);
	writing_segment(w, "GIN");
	writing_code(w, 1, 1, "BJ");
	writing_put(w, "packages.sscc", 2, 1, slice_text(package->sscc), 35);
	writing_end(w);
}

/* Lines of no package stand in one of their own: the message has no place for them outside. */
static void write_rest(struct writing *w, const Carehub__V1__PartsDispatchAdvised *advice)
{
	char number[24];
	(void)snprintf(number, sizeof(number), "%zu", advice->n_packages + 1); /* fits */
	for (size_t i = 0; i < advice->n_packages; i++) {
		if (strcmp(advice->packages[i]->package_id, number) == 0)
			writing_obstacle(w, "lines.package_id", "is missing",
				"say in which package each line is");
	}
	writing_segment(w, "CPS");
	writing_code(w, 1, 1, number);
	writing_end(w);
}

/* ---- DESADV: lines ---- */

static void write_line(struct writing *w, const Carehub__V1__DispatchLine *line)
{
	script_line(w, line->line_id, "", line->item);
	script_quantity(w, "quantity", "12", line->quantity, line->unit);
	script_quantity(w, "ordered_quantity", "21", line->ordered_quantity, line->unit);
	script_numbers(w, "serial_numbers", "BN", line->serial_numbers, line->n_serial_numbers);
	writing_day(w, "expiry_date", "361", line->expiry_date);
	/* The place for the line's number beside the order's is a short one. */
	bool beside = line->parts_order_id[0] != 0 && strlen(line->order_line_id) <= 6;
	script_reference(
		w, "parts_order_id", "ON", line->parts_order_id, beside ? line->order_line_id : "");
	if (!beside)
		script_reference(w, "order_line_id", "LI", line->order_line_id, "");
	script_repair(w, line->repair_order_id);
	if (line->variance == NULL && line->variance_code[0] == 0)
		return;
	writing_segment(w, "QVR");
	writing_number(w, "variance", 1, 1, line->variance, 15);
	if (line->variance != NULL)
		writing_code(w, 1, 2, "21");
	writing_put(w, "variance_code", 2, 1, slice_text(line->variance_code), 3);
	writing_end(w);
}

static bool belongs(const Carehub__V1__PartsDispatchAdvised *advice, size_t line, size_t package)
{
	return line < advice->n_lines &&
	       strcmp(advice->lines[line]->package_id, advice->packages[package]->package_id) == 0;
}

static void write_goods(struct writing *w, const Carehub__V1__PartsDispatchAdvised *advice)
{
	size_t line = 0;
	for (size_t package = 0; package < advice->n_packages; package++) {
		write_package(w, advice->packages[package]);
		while (belongs(advice, line, package))
			write_line(w, advice->lines[line++]);
	}
	if (line < advice->n_lines)
		write_rest(w, advice);
	for (; line < advice->n_lines; line++)
		write_line(w, advice->lines[line]);
}

static void write_dispatch(struct writing *w, const ProtobufCMessage *document)
{
	const Carehub__V1__PartsDispatchAdvised *advice = (const void *)document;
	script_begin(w, "351", "dispatch_id", advice->dispatch_id, "9");
	writing_moment(w, "time", "137", w->time_us);
	if (advice->dispatch_time_us != 0)
		writing_moment(w, "dispatch_time_us", "11", advice->dispatch_time_us);
	else
		writing_day(w, "dispatch_date", "11", advice->dispatch_date);
	writing_moment(w, "expected_time_us", "17", advice->expected_time_us);
	for (size_t i = 0; i < advice->n_parts_order_ids; i++)
		script_reference(w, "parts_order_ids", "ON", advice->parts_order_ids[i], "");
	for (size_t i = 0; i < advice->n_tracking_numbers; i++)
		script_reference(w, "tracking_numbers", "CN", advice->tracking_numbers[i], "");
	script_references(w, advice->references, advice->n_references);
	script_parties(w, advice->parties, advice->n_parties);
	script_place(w, "station_id", advice->station_id, advice->parties, advice->n_parties,
		"DP ST CN BY OB");
	script_place(w, "warehouse_id", advice->warehouse_id, advice->parties, advice->n_parties,
		"WH SF SH SU");
	if (advice->carrier[0] != 0) {
		writing_segment(w, "TDT");
		writing_code(w, 1, 1, "20");
		writing_put(w, "carrier", 5, 4, slice_text(advice->carrier), 35);
		writing_end(w);
	}
	script_remarks(w, advice->remarks);
	write_goods(w, advice);
	script_line_count(w, advice->n_lines);
}

/* ---- 856: the tree ---- */

/* The number of a level, as text of the arena's; NULL: no memory. */
static char *number_text(struct arena *arena, uint32_t number)
{
	char text[12];
	int len = snprintf(text, sizeof(text), "%" PRIu32, number); /* fits */
	struct slice copy = arena_copy(arena, slice_of(text, (size_t)len + 1));
	return (char *)(uintptr_t)copy.data; /* the arena's, and ours */
}

static bool same_number(const Carehub__V1__Decimal *a, struct decimal b)
{
	return a->scale <= DECIMAL_SCALE_MAX &&
	       decimal_compare((struct decimal){a->unscaled, a->scale}, b) == 0;
}

/* What was sent less what was ordered is not told by a number of its own. */
static void settle_variance(Carehub__V1__DispatchLine *line)
{
	struct decimal sum;
	if (line->variance == NULL || line->quantity == NULL || line->ordered_quantity == NULL ||
		line->variance->scale > DECIMAL_SCALE_MAX ||
		line->ordered_quantity->scale > DECIMAL_SCALE_MAX)
		return;
	if (decimal_add((struct decimal){line->variance->unscaled, line->variance->scale},
		    (struct decimal){
			    line->ordered_quantity->unscaled, line->ordered_quantity->scale},
		    &sum) == CH_OK &&
		same_number(line->quantity, sum))
		line->variance = NULL;
}

static void settle_line(
	const Carehub__V1__PartsDispatchAdvised *advice, Carehub__V1__DispatchLine *line)
{
	/* A line is of the head's order when there is one and the line names none. */
	if (line->parts_order_id[0] == 0 && advice->n_parts_order_ids == 1)
		line->parts_order_id = advice->parts_order_ids[0];
	settle_variance(line);
}

/* Lists in the tree's order; packages go by their numbers in it, which are theirs in this message alone. */
static enum ch_status settle_tree(struct arena *arena, Carehub__V1__PartsDispatchAdvised *advice,
	const struct shipment *shipment)
{
	Carehub__V1__PartsPackage **packages =
		arena_alloc(arena, (shipment->count + 1) * sizeof(Carehub__V1__PartsPackage *));
	Carehub__V1__DispatchLine **lines =
		arena_alloc(arena, (shipment->count + 1) * sizeof(Carehub__V1__DispatchLine *));
	char **orders = arena_alloc(arena, (shipment->count + 1) * sizeof(char *));
	char **names = arena_alloc(arena, (shipment->count + 1) * sizeof(char *));
	struct table known;
	size_t n_packages = 0;
	size_t n_lines = 0;
	size_t n_orders = 0;
	enum ch_status status = CH_OK;
	if (packages == NULL || lines == NULL || orders == NULL || names == NULL)
		return CH_NOMEM;
	table_init(&known);
	for (uint32_t number = 1; number <= shipment->count && status != CH_NOMEM; number++) {
		struct shipment_level *level = &shipment->levels[number - 1];
		/* The package that a level is in. */
		names[number] = level->parent > 0 ? names[level->parent] : script_empty();
		if (level->package != NULL) {
			if (level->package->parent_id[0] != 0 && names[number][0] != 0)
				level->package->parent_id = names[number];
			names[number] = number_text(arena, number);
			level->package->package_id = names[number];
			packages[n_packages++] = level->package;
			status = names[number] != NULL ? status : CH_NOMEM;
		} else if (level->line != NULL) {
			if (level->line->package_id[0] != 0 && names[number][0] != 0)
				level->line->package_id = names[number];
			lines[n_lines++] = level->line;
		} else if (level->order_id != NULL) {
			status = table_put(&known, slice_text(level->order_id), level);
			if (status == CH_OK)
				orders[n_orders++] = level->order_id;
		}
	}
	table_fini(&known);
	if (status == CH_NOMEM)
		return status;
	/* Of a ring of packages nothing is in the tree, and the comparison will miss it. */
	if (n_packages == advice->n_packages && n_lines == advice->n_lines) {
		advice->packages = packages;
		advice->lines = lines;
	}
	advice->parts_order_ids = orders;
	advice->n_parts_order_ids = n_orders;
	return CH_OK;
}

static enum ch_status settle_856(
	struct arena *arena, const struct script **script, ProtobufCMessage **document)
{
	Carehub__V1__PartsDispatchAdvised *advice = (void *)*document;
	struct shipment shipment;
	(void)script;
	for (size_t i = 0; i < advice->n_lines; i++)
		settle_line(advice, advice->lines[i]);
	enum ch_status status = shipment_plan(arena, advice, &shipment);
	return status == CH_OK ? settle_tree(arena, advice, &shipment) : status;
}

/* ---- 856: levels ---- */

static void write_shipment(struct writing *w, const Carehub__V1__PartsDispatchAdvised *advice)
{
	if (advice->carrier[0] != 0) {
		writing_segment(w, "TD5");
		writing_put(w, "carrier", 5, 1, slice_text(advice->carrier), CARRIER_MAX);
		writing_end(w);
	}
	for (size_t i = 0; i < advice->n_tracking_numbers; i++)
		script_reference(w, "tracking_numbers", "CN", advice->tracking_numbers[i], "");
	script_references(w, advice->references, advice->n_references);
	script_notes(w, advice->remarks);
	if (advice->dispatch_time_us != 0)
		writing_moment(w, "dispatch_time_us", "011", advice->dispatch_time_us);
	else
		writing_day(w, "dispatch_date", "011", advice->dispatch_date);
	writing_moment(w, "expected_time_us", "017", advice->expected_time_us);
	script_parties(w, advice->parties, advice->n_parties);
	script_place(w, "station_id", advice->station_id, advice->parties, advice->n_parties,
		"ST CN BY OB");
	script_place(w, "warehouse_id", advice->warehouse_id, advice->parties, advice->n_parties,
		"WH SF SH SU");
}

/* TD1*kind*count****G*weight*KG, MAN*GM*container */
static void write_pack(struct writing *w, const Carehub__V1__PartsPackage *package)
{
	if (package->packaging[0] != 0 || package->weight_kg != NULL) {
		writing_segment(w, "TD1");
		writing_least(w, "packages.packaging", slice_text(package->packaging), 3);
		writing_put(w, "packages.packaging", 1, 1, slice_text(package->packaging), 5);
		if (package->packaging[0] != 0)
			writing_code(w, 2, 1, "1");
		if (package->weight_kg != NULL) {
			writing_code(w, 6, 1, "G");
			writing_number(
				w, "packages.weight_kg", 7, 1, package->weight_kg, WEIGHT_MAX);
			writing_code(w, 8, 1, "KG");
		}
		writing_end(w);
	}
	if (package->sscc[0] == 0)
		return;
	writing_segment(w, "MAN");
	writing_code(w, 1, 1, "GM");
	writing_put(w, "packages.sscc", 2, 1, slice_text(package->sscc), 48);
	writing_end(w);
}

/* LIN*line*pairs, SN1*order's line*sent*unit**ordered*unit */
static void write_item(struct writing *w, const Carehub__V1__DispatchLine *line)
{
	writing_segment(w, "LIN");
	if (trade_item_code(line->item)[0] == 0)
		writing_obstacle(w, "item", "has no number", "name the article by one");
	writing_put(w, "line_id", 1, 1, slice_text(line->line_id), LINE_ID_MAX);
	script_pairs(w, 2, line->item);
	writing_end(w);
	writing_segment(w, "SN1");
	writing_put(w, "order_line_id", 1, 1, slice_text(line->order_line_id), LINE_ID_MAX);
	script_measure(w, "quantity", 2, 10, line->quantity, line->unit);
	script_measure(w, "ordered_quantity", 5, 15, line->ordered_quantity, line->unit);
	writing_end(w);
	script_description(w, line->item);
	script_repair(w, line->repair_order_id);
	script_numbers(w, "serial_numbers", "SE", line->serial_numbers, line->n_serial_numbers);
	writing_day(w, "expiry_date", "036", line->expiry_date);
}

static void write_level(struct writing *w, const struct shipment *shipment, uint32_t number,
	const Carehub__V1__PartsDispatchAdvised *advice)
{
	const struct shipment_level *level = &shipment->levels[number - 1];
	const char code[] = {level->code, 0};
	w->line += level->line != NULL;
	writing_segment(w, "HL");
	writing_count(w, "level", 1, 1, number);
	if (level->parent > 0)
		writing_count(w, "level", 2, 1, level->parent);
	writing_code(w, 3, 1, code);
	writing_code(w, 4, 1, level->has_levels ? "1" : "0");
	writing_end(w);
	if (level->package != NULL) {
		write_pack(w, level->package);
	} else if (level->line != NULL) {
		write_item(w, level->line);
	} else if (level->order_id != NULL) {
		writing_segment(w, "PRF");
		writing_put(
			w, "parts_order_id", 1, 1, slice_text(level->order_id), ORDER_NUMBER_MAX);
		writing_end(w);
	} else {
		write_shipment(w, advice);
	}
}

/* Beside a single order a line of none would be taken for one of it. */
static void check_orders(struct writing *w, const Carehub__V1__PartsDispatchAdvised *advice)
{
	for (size_t i = 0; i < advice->n_lines && advice->n_parts_order_ids == 1; i++) {
		if (advice->lines[i]->parts_order_id[0] == 0)
			writing_obstacle(w, "lines.parts_order_id", "is missing",
				"say of which order each line is");
	}
}

/* BSN*purpose*number*date*time*structure */
static void write_856(struct writing *w, const ProtobufCMessage *document)
{
	const Carehub__V1__PartsDispatchAdvised *advice = (const void *)document;
	struct arena arena;
	struct shipment shipment = {.count = 0};
	arena_init(&arena);
	check_orders(w, advice);
	writing_segment(w, "BSN");
	writing_code(w, 1, 1, "00");
	writing_least(w, "dispatch_id", slice_text(advice->dispatch_id), 2);
	writing_put(w, "dispatch_id", 2, 1, slice_text(advice->dispatch_id), DISPATCH_ID_MAX);
	writing_date_of(w, "time", 3, "");
	writing_time_of(w, "time", 4);
	writing_code(w, 5, 1, advice->n_packages > 0 ? "0003" : "0004");
	writing_end(w);
	if (w->status == CH_OK)
		w->status = shipment_plan(&arena, advice, &shipment);
	for (uint32_t number = 1; number <= shipment.count && w->status == CH_OK; number++)
		write_level(w, &shipment, number, advice);
	script_line_count(w, shipment.count); /* of an 856 it is that of its levels */
	arena_fini(&arena);
}

const struct script script_dispatch = {
	.event = "parts.dispatch.advised",
	.message = &carehub__v1__parts_dispatch_advised__descriptor,
	.faces =
		{
			[STANDARD_EDIFACT] = {"DESADV", NULL, settle_dispatch, write_dispatch},
			[STANDARD_X12] = {"856", "SH", settle_856, write_856},
		},
};
