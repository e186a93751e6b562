/* DESADV: what was sent, package by package. */
#include <stdio.h>

#include "base/table.h"
#include "channel/parts/script.h"

/* ---- The order of lines ---- */

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

/* ---- Packing ---- */

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

/* ---- Lines ---- */

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
	if (w->repair_reference.len > 0 && line->repair_order_id[0] != 0) {
		writing_segment(w, "RFF");
		writing_put(w, "repair_order_id", 1, 1, w->repair_reference, 3);
		writing_put(w, "repair_order_id", 1, 2, slice_text(line->repair_order_id), 35);
		writing_end(w);
	}
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

const struct script script_dispatch = {
	.event = "parts.dispatch.advised",
	.name = "DESADV",
	.message = &carehub__v1__parts_dispatch_advised__descriptor,
	.settle = settle_dispatch,
	.write = write_dispatch,
};
