/* A small world for tests of the rules: a real state in a temporary folder, a core, and events in one
 * line each.  Time stands still but for what a test moves. */
#ifndef TEST_CORE_WORLD_H
#define TEST_CORE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/apply.h"
#include "core/view.h"
#include "support/scratch.h"
#include "wire/pb.h"
#include "wire/types.h"

#define WORLD_START_US INT64_C(1772409600000000) /* 2026-03-02T00:00:00Z */

struct world {
	char dir[64];
	struct state *state;
	struct core *core;
	uint64_t sequence;
	int64_t now_us;
	struct buffer entry; /* the last one, encoded */
	struct decision last;
	bool forgets; /* entries are folded as when their personal parts are gone */
};

/* What a test says of an event; the rest has its default. */
struct told {
	const char *id;
	const char *source; /* "urn:test" */
	const char *type;
	int64_t time_us; /* 0: now */
	int64_t sent_us;
	const char *peer; /* "desk": whose keys are verified by the settings of world_open */
	const char *phone;
	const char *phone2;
	const char *email;
	const char *card;
	const char *common_id;
	const char *local_id;
	const char *name;
	uint8_t assurance;
	const char *serial; /* of the unit, for repair events */
	const char *record; /* repair order, case, appointment: field 1 */
	struct slice data;  /* instead of all that is made for the type */
	const char *address;
	const char *problem; /* what the customer says of it: personal field 101 */
	uint64_t releases;
	const char *corrected_by;
};

static const char world_settings[] = "peer.desk.assurance=verified\npeer.desk.region=CN\n"
				     "peer.web.assurance=claimed\npeer.west.assurance=verified\n"
				     "peer.west.scope=WEST\n";

static void world_publish(struct world *world, struct change *change, const struct entry *entry)
{
	world->sequence++;
	buffer_clear(&world->entry);
	entry_encode(entry, &world->entry);
	/* From its bytes, as from a journal. */
	struct entry read;
	assert_int_equal(entry_parse(buffer_slice(&world->entry), &read), CH_OK);
	if (world->forgets)
		read.effects_personal = (struct slice){NULL, 0};
	assert_int_equal(
		core_fold(world->core, change, world->sequence, world->now_us, &read), CH_OK);
	assert_int_equal(change_publish(change, world->sequence), CH_OK);
}

static inline void world_set(struct world *world, const char *settings)
{
	uint32_t line = 0;
	struct change *change = state_begin(world->state);
	assert_int_equal(core_decide_settings(world->core, change, slice_text(settings),
				 world->now_us, &world->last, &line),
		CH_OK);
	world_publish(world, change, &world->last.entry);
}

static inline void world_open(struct world *world)
{
	*world = (struct world){.now_us = WORLD_START_US};
	scratch_make(world->dir, "core");
	struct state_options options = {.dir = world->dir, .no_projector = true};
	assert_int_equal(state_open(&options, 1, &world->state), CH_OK);
	assert_int_equal(core_create(&world->core), CH_OK);
	world_set(world, world_settings);
}

static inline void world_close(struct world *world)
{
	core_free(world->core);
	state_close(world->state);
	buffer_fini(&world->entry);
	scratch_remove(world->dir);
}

static inline void world_put_unit(struct buffer *data, uint32_t field, const char *serial)
{
	size_t unit = pb_begin(data, field);
	pb_put_text(data, 1, serial);
	pb_put_text(data, 2, "KDL-46");
	pb_end(data, unit);
}

/* The mandatory fields of the types that tests use. */
static inline void world_put_data(const struct told *told, struct buffer *data)
{
	const char *record = told->record != NULL ? told->record : "R1";
	if (strcmp(told->type, "pos.sale.completed") == 0) {
		size_t transaction = pb_begin(data, 1);
		size_t ref = pb_begin(data, 1);
		for (uint32_t i = 1; i <= 4; i++)
			pb_put_text(data, i, "9");
		pb_end(data, ref);
		size_t line = pb_begin(data, 6);
		pb_put_uint(data, 1, 1);
		pb_put_text(data, 7, "A");
		pb_end(data, line);
		size_t totals = pb_begin(data, 11);
		size_t grand = pb_begin(data, 3);
		pb_put_uint(data, 1, 100);
		pb_put_text(data, 2, "CNY");
		pb_end(data, grand);
		pb_end(data, totals);
		pb_end(data, transaction);
		return;
	}
	pb_put_text(data, 1, record);
	if (strncmp(told->type, "repair.", 7) == 0 && strstr(told->type, "consent") == NULL &&
		strstr(told->type, "appointment") == NULL) {
		size_t station = pb_begin(data, 2);
		pb_put_text(data, 1, "S1");
		pb_end(data, station);
	}
	if (strcmp(told->type, "repair.order.received") == 0)
		world_put_unit(data, 3, told->serial != NULL ? told->serial : "SN-1");
	if (strcmp(told->type, "website.warranty.registered") == 0)
		world_put_unit(data, 2, told->serial != NULL ? told->serial : "SN-1");
}

static inline void world_put_contact(
	const struct told *told, struct buffer *out, uint32_t field, const char *value)
{
	if (value == NULL)
		return;
	size_t contact = pb_begin(out, field);
	pb_put_text(out, 1, value);
	pb_put_uint(out, 2, told->assurance);
	pb_end(out, contact);
}

static inline void world_put_personal(const struct told *told, struct buffer *out)
{
	size_t party = pb_begin(out, 100);
	pb_put_text(out, 1, told->local_id);
	pb_put_text(out, 2, told->common_id);
	pb_put_text(out, 3, told->card);
	world_put_contact(told, out, 4, told->phone);
	world_put_contact(told, out, 4, told->phone2);
	world_put_contact(told, out, 5, told->email);
	if (told->name != NULL) {
		size_t name = pb_begin(out, 6);
		pb_put_text(out, 1, told->name);
		pb_end(out, name);
	}
	if (told->address != NULL) {
		size_t address = pb_begin(out, 7);
		pb_put_text(out, 7, told->address);
		pb_end(out, address);
	}
	pb_end(out, party);
	pb_put_text(out, 101, told->problem);
}

/* Decides, and when there is an entry folds and publishes it.  What was decided is in world->last. */
static inline const struct decision *world_tell(struct world *world, struct told told)
{
	struct buffer data = {0};
	struct buffer personal = {0};
	struct buffer event = {0};
	struct envelope envelope;
	const char *field = "";
	world_put_data(&told, &data);
	world_put_personal(&told, &personal);
	struct envelope made = {
		.id = slice_text(told.id),
		.source = slice_text(told.source != NULL ? told.source : "urn:test"),
		.type = slice_text(told.type),
		.time_us = told.time_us != 0 ? told.time_us : world->now_us,
		.sent_us = told.sent_us,
		.data = told.data.data != NULL ? told.data : buffer_slice(&data),
		.personal = buffer_slice(&personal),
	};
	envelope_encode(&made, &event);
	struct input input = {
		.envelope = &envelope,
		.form = envelope_parse(buffer_slice(&event), &envelope, &field),
		.form_field = field,
		.peer = slice_text(told.peer != NULL ? told.peer : "desk"),
		.arrival_us = ++world->now_us,
		.sequence = world->sequence + 1,
		.releases = told.releases,
		.corrected_by = slice_text(told.corrected_by),
	};
	struct change *change = state_begin(world->state);
	assert_int_equal(core_decide(world->core, change, &input, &world->last), CH_OK);
	if (world->last.verdict == DECIDED_ENTRY)
		world_publish(world, change, &world->last.entry);
	else
		change_abort(change);
	buffer_fini(&data);
	buffer_fini(&personal);
	buffer_fini(&event);
	return &world->last;
}

static inline uint64_t world_file(struct world *world, struct told told)
{
	const struct decision *decision = world_tell(world, told);
	if (decision->reason != CH_OK)
		print_message("%s: %s\n", ch_status_name(decision->reason), decision->field);
	assert_int_equal(decision->reason, CH_OK);
	return decision->customer;
}

/* How many rows a table holds under a prefix. */
static inline bool world_count_row(void *context, struct slice key, struct slice value)
{
	(void)key;
	(void)value;
	++*(unsigned *)context;
	return true;
}

static inline unsigned world_count(struct world *world, enum store_table table, struct slice prefix)
{
	unsigned count = 0;
	struct rtxn *rtxn;
	assert_int_equal(rtxn_begin(world->state, &rtxn), CH_OK);
	assert_int_equal(rtxn_scan(rtxn, table, prefix, world_count_row, &count), CH_OK);
	rtxn_end(rtxn);
	return count;
}

/* The stored value, copied into a buffer that the caller frees. */
static inline enum ch_status world_get(
	struct world *world, enum store_table table, struct slice key, struct buffer *out)
{
	struct rtxn *rtxn;
	struct slice value;
	assert_int_equal(rtxn_begin(world->state, &rtxn), CH_OK);
	enum ch_status status = rtxn_get(rtxn, table, key, &value);
	if (status == CH_OK)
		buffer_append_slice(out, value);
	rtxn_end(rtxn);
	return status;
}

/* Whether the last entry tells of a derived event of this type. */
/* The open data of the last entry's derived event of this type; false: it has none. */
static inline bool world_derived_data(
	const struct world *world, const char *type, struct slice *out_data)
{
	struct entry entry;
	struct derived derived;
	assert_int_equal(entry_parse(buffer_slice(&world->entry), &entry), CH_OK);
	struct derived_reader reader = derived_read(entry.derived, entry.derived_personal);
	while (derived_next(&reader, &derived)) {
		*out_data = derived.data;
		if (strcmp(types_by_id(derived.type)->name, type) == 0)
			return true;
	}
	return false;
}

static inline bool world_derived(const struct world *world, const char *type)
{
	struct slice data;
	return world_derived_data(world, type, &data);
}

#endif
