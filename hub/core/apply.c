/* Deciding about one input.
 *
 *     1. read the envelope; what has no readable id, source and type cannot even be kept
 *     2. known?  the inbox answers for ever: duplicate, or conflict
 *     3. valid?  type, schema, form of every field, mandatory fields; if not: quarantine  (inspect.c)
 *     4. whose is it?               match.c
 *     5. what changes about him?    golden.c
 *     6. what changes beside him?   linked.c, reference.c
 *     7. which promises?            deadline.c
 *
 * The order matters: 2 stands before 3, so that a resent event is a duplicate even when the rules have
 * become stricter since; 4 to 7 only add effects, and each sees the state as it was before this event,
 * so no step depends on another's effects.  Nothing here changes the state: the fold does, from the
 * entry alone. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/invariant.h"
#include "base/text.h"
#include "core/core.h"
#include "core/customer_number.h"

/* ---- What the steps use ---- */

void ruling_effect(struct ruling *ruling, const struct effect *effect)
{
	effects_add(&ruling->core->effects, effect);
	if (ruling->core->effects.open.status != CH_OK ||
		ruling->core->effects.personal.status != CH_OK)
		ruling->status = CH_NOMEM;
}

void ruling_derive(struct ruling *ruling, const char *type, bool before, struct slice subject,
	struct slice data, struct slice personal)
{
	const struct event_type *row = types_find(slice_text(type));
	invariant(row != NULL);
	struct derived derived = {.type = row->id,
		.before = before,
		.subject = subject,
		.data = data,
		.personal = personal};
	derived_add(&ruling->core->derived, &ruling->core->derived_personal, &derived);
	if (ruling->core->derived.status != CH_OK || ruling->core->derived_personal.status != CH_OK)
		ruling->status = CH_NOMEM;
}

void ruling_put_cause(const struct ruling *ruling, struct buffer *out, uint32_t number)
{
	if (ruling->envelope.id.len == 0)
		return; /* the clock */
	size_t mark = pb_begin(out, number);
	pb_put_bytes(out, 1, ruling->envelope.source);
	pb_put_bytes(out, 2, ruling->envelope.id);
	pb_end(out, mark);
}

size_t key_customer(uint8_t key[9], uint64_t number, char part)
{
	store_be64(key, number);
	key[8] = (uint8_t)part;
	return 9;
}

size_t key_activity(uint8_t key[8], uint64_t number)
{
	store_be64(key, number);
	return 8;
}

size_t key_quarantine(uint8_t key[9], uint64_t sequence)
{
	key[0] = 's';
	store_be64(key + 1, sequence);
	return 9;
}

/* ---- 2: known? ---- */

/* What was refused before with the same bytes is not refused again as something new: 'f' fingerprint
 * digest -> sequence of the first. */
static size_t apply_refused_key(uint8_t key[25], const struct entry *entry)
{
	key[0] = 'f';
	memcpy(key + 1, entry->fingerprint, ENTRY_FINGERPRINT_BYTES);
	memcpy(key + 17, entry->digest, ENTRY_DIGEST_BYTES);
	return 25;
}

/* CH_OK with *out_sequence 0: not known. */
static enum ch_status apply_refused_before(
	struct change *change, const struct entry *entry, uint64_t *out_sequence)
{
	uint8_t key[25];
	struct slice value;
	*out_sequence = 0;
	enum ch_status status = change_get(
		change, TABLE_QUARANTINE, slice_of(key, apply_refused_key(key, entry)), &value);
	if (status == CH_NOT_FOUND)
		return CH_OK;
	if (status == CH_OK && value.len != 8)
		status = CH_CORRUPT;
	if (status == CH_OK)
		*out_sequence = load_le64(value.data);
	return status;
}

/* The inbox's answer.  CH_NOT_FOUND: never taken. */
static enum ch_status apply_known(
	struct change *change, const struct entry *entry, struct decision *decision)
{
	struct inbox_item item;
	enum ch_status status = change_inbox_get(change, entry->fingerprint, &item);
	if (status != CH_OK)
		return status;
	bool same = memcmp(item.digest, entry->digest, ENTRY_DIGEST_BYTES) == 0;
	decision->verdict = DECIDED_KNOWN;
	decision->reason = same ? CH_DUPLICATE : CH_CONFLICT;
	decision->first_sequence = item.sequence;
	return CH_OK;
}

/* ---- The whole ---- */

void core_clear(struct core *core)
{
	arena_reset(&core->arena);
	effects_clear(&core->effects);
	buffer_clear(&core->derived);
	buffer_clear(&core->derived_personal);
}

/* The open part of the input: the bytes as they came without the personal field. */
static struct slice apply_open_bytes(struct ruling *ruling)
{
	const struct envelope *envelope = &ruling->envelope;
	if (envelope->after.len == 0)
		return envelope->before;
	uint8_t *p = arena_alloc(&ruling->core->arena, envelope->before.len + envelope->after.len);
	if (p == NULL) {
		ruling->status = CH_NOMEM;
		return (struct slice){NULL, 0};
	}
	memcpy(p, envelope->before.data, envelope->before.len);
	memcpy(p + envelope->before.len, envelope->after.data, envelope->after.len);
	return slice_of(p, envelope->before.len + envelope->after.len);
}

void ruling_entry(struct ruling *ruling, struct entry *entry)
{
	struct core *core = ruling->core;
	entry->kind = ENTRY_INPUT;
	entry->rules_version = RULES_VERSION;
	entry->type = ruling->type != NULL ? ruling->type->id : 0;
	entry->source_code = ruling->source_code;
	entry->occurred_us = ruling->occurred_us;
	entry->customer = ruling->customer;
	if (ruling->input->releases != 0 && entry->outcome != ENTRY_CONFLICT)
		entry->refers_to = ruling->input->releases;
	entry->peer = ruling->input->peer;
	entry->corrected_by = ruling->input->corrected_by;
	entry->input = apply_open_bytes(ruling);
	entry->input_personal = ruling->envelope.personal;
	entry->effects = buffer_slice(&core->effects.open);
	entry->effects_personal = buffer_slice(&core->effects.personal);
	entry->derived = buffer_slice(&core->derived);
	entry->derived_personal = buffer_slice(&core->derived_personal);
}

static void apply_released(struct ruling *ruling)
{
	struct buffer data = {0};
	const struct input *input = ruling->input;
	ruling_put_cause(ruling, &data, 1);
	pb_put_uint(&data, 2, input->releases);
	pb_put_uint(&data, 3, input->sequence);
	pb_put_bytes(&data, 4, input->corrected_by);
	ruling_effect(ruling, &(struct effect){.op = EFFECT_RELEASED, .number = input->releases});
	ruling_derive(ruling, "hub.event.released", false, ruling->envelope.id, buffer_slice(&data),
		(struct slice){NULL, 0});
	if (data.status != CH_OK)
		ruling->status = data.status;
	buffer_fini(&data);
}

static void apply_accept(struct ruling *ruling)
{
	ruling->claim = claim_of(ruling);
	ruling->source_code = sources_code(ruling, ruling->envelope.source);
	if (ruling->status == CH_OK)
		match_customer(ruling, &ruling->claim->keys);
	if (ruling->status == CH_OK)
		golden_apply(ruling, &ruling->claim->keys);
	if (ruling->status == CH_OK)
		linked_apply(ruling);
	if (ruling->status == CH_OK && (ruling->type->flags & TYPE_REFERENCE) != 0)
		reference_apply(ruling);
	if (ruling->status == CH_OK)
		deadline_apply(ruling);
	if (ruling->status == CH_OK && ruling->rules->supply != SUPPLY_NONE)
		supply_apply(ruling);
	if (ruling->envelope.checkpoint.len > 0)
		ruling_effect(ruling, &(struct effect){.op = EFFECT_CHECKPOINT,
					      .id = ruling->envelope.source,
					      .value = ruling->envelope.checkpoint});
	if (ruling->input->releases != 0)
		apply_released(ruling);
}

/* Kept with its reason: quarantine or conflict.  The operators' subscribers are told. */
static void apply_set_aside(struct ruling *ruling, struct decision *decision, uint64_t first)
{
	struct buffer data = {0};
	bool conflict = decision->reason == CH_CONFLICT;
	const struct input *input = ruling->input;
	struct slice sender = input->corrected_by.len > 0 ? input->corrected_by : input->peer;
	ruling_put_cause(ruling, &data, 1);
	if (conflict) {
		pb_put_uint(&data, 2, first);
		pb_put_bytes(&data, 4, sender);
	} else {
		pb_put_uint(&data, 2, input->sequence);
		pb_put_bytes(&data, 3, ruling->envelope.type);
		pb_put_text(&data, 4, ch_status_name(decision->reason));
		pb_put_text(&data, 5, decision->field);
		pb_put_bytes(&data, 6, sender);
	}
	ruling_derive(ruling, conflict ? "hub.event.conflicted" : "hub.event.quarantined", false,
		ruling->envelope.id, buffer_slice(&data), (struct slice){NULL, 0});
	buffer_fini(&data);
	decision->entry.outcome = conflict ? ENTRY_CONFLICT : ENTRY_QUARANTINED;
	decision->entry.reason = (uint8_t)decision->reason;
	decision->entry.refers_to = first;
	decision->entry.detail = slice_text(decision->field);
}

enum ch_status core_decide(struct core *core, struct change *change, const struct input *input,
	struct decision *out_decision)
{
	struct ruling ruling = {.core = core, .change = change, .input = input};
	struct decision decision = {.field = "", .verdict = DECIDED_ENTRY};
	struct inspection seen;
	uint8_t filed[9];
	uint64_t before = 0;
	core_clear(core);

	ruling.envelope = *input->envelope;
	decision.reason = input->form;
	decision.field = input->form != CH_OK ? input->form_field : "";
	if (ruling.envelope.id.len == 0 || ruling.envelope.source.len == 0 ||
		ruling.envelope.type.len == 0) {
		decision.verdict = DECIDED_REFUSED;
		*out_decision = decision;
		return CH_OK;
	}
	ruling.peer = settings_peer(&core->settings, input->peer);
	ruling.parts = (struct message_parts){ruling.envelope.data, ruling.envelope.personal};
	if (input->inspection != NULL)
		seen = *input->inspection;
	else
		inspect(core->inspector, &ruling.envelope, &seen);
	memcpy(decision.entry.fingerprint, seen.fingerprint, sizeof(seen.fingerprint));
	memcpy(decision.entry.digest, seen.digest, sizeof(seen.digest));
	if (input->inspection == NULL) /* so nobody has asked for it early */
		change_inbox_prefetch(change, seen.fingerprint);

	enum ch_status status = apply_known(change, &decision.entry, &decision);
	bool known = status == CH_OK;
	if (status != CH_OK && status != CH_NOT_FOUND)
		return status;
	if (!known && decision.reason == CH_OK) {
		ruling.type = seen.type;
		if (seen.type != NULL)
			ruling.rules = inspector_rules(core->inspector, seen.type);
		ruling.occurred_us = envelope_occurred(&ruling.envelope, input->arrival_us);
		if (!seen.fit)
			decision.reason = inspect_fault(core->inspector, seen.type,
				&ruling.envelope, core->field, &decision.field);
	}
	if (known && decision.reason == CH_DUPLICATE) {
		*out_decision = decision;
		return CH_OK;
	}
	if (decision.reason != CH_OK) {
		status = apply_refused_before(change, &decision.entry, &before);
		if (status != CH_OK)
			return status;
		if (before != 0) {
			/* The same bytes again: the answer of the first time, and no second entry. */
			decision.verdict = DECIDED_KNOWN;
			if (!known)
				decision.first_sequence = before;
			*out_decision = decision;
			return CH_OK;
		}
		decision.verdict = DECIDED_ENTRY;
		apply_set_aside(&ruling, &decision, decision.first_sequence);
	} else {
		apply_accept(&ruling);
		decision.entry.outcome = ENTRY_ACCEPTED;
	}
	ruling_entry(&ruling, &decision.entry);
	decision.customer = ruling.customer;
	if (ruling.customer != 0) /* while the entry is appended */
		change_prefetch_value(change, TABLE_ACTIVITY,
			slice_of(filed, key_activity(filed, ruling.customer)));
	if (ruling.status == CH_OK)
		*out_decision = decision;
	return ruling.status;
}

enum ch_status core_decide_settings(struct core *core, struct change *change, struct slice text,
	int64_t arrival_us, struct decision *out_decision, uint32_t *out_line)
{
	struct input input = {.arrival_us = arrival_us};
	struct ruling ruling = {.core = core, .change = change, .input = &input};
	struct settings trial;
	struct buffer data = {0};
	if (slice_equal(text, buffer_slice(&core->settings.text)))
		return CH_END;
	settings_init(&trial);
	enum ch_status status = settings_parse(&trial, text, out_line);
	settings_fini(&trial);
	if (status != CH_OK)
		return status;
	core_clear(core);
	ruling_effect(&ruling,
		&(struct effect){
			.op = EFFECT_SETTING, .id = SLICE_LITERAL(SETTING_RULES), .value = text});
	pb_put_text(&data, 1, SETTING_RULES);
	pb_put_uint(&data, 2, RULES_VERSION);
	ruling_derive(&ruling, "hub.settings.changed", false, SLICE_LITERAL(SETTING_RULES),
		buffer_slice(&data), (struct slice){NULL, 0});
	buffer_fini(&data);
	*out_decision = (struct decision){.verdict = DECIDED_ENTRY, .field = ""};
	out_decision->entry = (struct entry){
		.kind = ENTRY_SETTINGS,
		.outcome = ENTRY_ACCEPTED,
		.rules_version = RULES_VERSION,
		.occurred_us = arrival_us,
		.input = text,
		.effects = buffer_slice(&core->effects.open),
		.derived = buffer_slice(&core->derived),
	};
	return ruling.status;
}

/* ---- Life ---- */

enum ch_status core_create(struct core **out_core)
{
	struct core *core = calloc(1, sizeof(*core));
	if (core == NULL)
		return CH_NOMEM;
	settings_init(&core->settings);
	table_init(&core->sources);
	heap_init(&core->due);
	table_init(&core->due_by_id);
	arena_init(&core->arena);
	claims_init(core);
	effects_init(&core->effects);
	core->next_serial = CUSTOMER_SERIAL_FIRST;
	enum ch_status status = sodium_init() >= 0 ? CH_OK : CH_INTERNAL;
	if (status == CH_OK)
		status = inspector_create(&core->inspector);
	if (status == CH_OK)
		status = phones_create(&core->phones);
	if (status == CH_OK) {
		*out_core = core;
		core = NULL;
	}
	core_free(core);
	return status;
}

void core_free(struct core *core)
{
	if (core == NULL)
		return;
	watch_fini(core);
	sources_fini(core);
	settings_fini(&core->settings);
	phones_free(core->phones);
	inspector_free(core->inspector);
	arena_fini(&core->arena);
	claims_fini(core);
	effects_fini(&core->effects);
	buffer_fini(&core->derived);
	buffer_fini(&core->derived_personal);
	buffer_fini(&core->scratch);
	free(core);
}

struct slice core_settings(const struct core *core)
{
	return buffer_slice(&core->settings.text);
}

struct core_open core_open(const struct core *core)
{
	return (struct core_open){
		.quarantined = core->quarantined,
		.reviews = core->reviews,
		.deadlines = core->promises,
		.cases = core->cases,
	};
}

int64_t core_accepted_us(const struct core *core)
{
	return core->accepted_us;
}
