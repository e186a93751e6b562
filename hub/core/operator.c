/* What people decide, as events of hub.proto: one row a decision.  They go through no mailbox of events and
 * need no customer; but they are entries with effects like all others, and are decided again by verify. */
#include "base/bytes.h"
#include "core/core.h"
#include "wire/pbedit.h"

enum {
	DISCARDED_SEQUENCE = 2, /* of HubEventDiscarded */
	ACCEPTED_TIME = 2,      /* of HubClockAccepted  */
	QUARANTINE_OPEN = 1,
	QUARANTINE_DISCARDED = 3,
};

static void operator_discard(struct ruling *ruling)
{
	uint64_t sequence = 0;
	uint8_t key[9];
	struct slice item;
	if (!pbedit_get_uint(ruling->envelope.data, DISCARDED_SEQUENCE, &sequence)) {
		ruling->status = CH_MISSING;
		return;
	}
	ruling->status = change_get(ruling->change, TABLE_QUARANTINE,
		slice_of(key, key_quarantine(key, sequence)), &item);
	if (ruling->status == CH_OK && (item.len == 0 || item.data[0] != QUARANTINE_OPEN))
		ruling->status = item.len == 0 ? CH_CORRUPT : CH_EXISTS;
	if (ruling->status == CH_OK)
		ruling_effect(ruling, &(struct effect){.op = EFFECT_RELEASED,
					      .number = sequence,
					      .field = QUARANTINE_DISCARDED});
}

/* The hub's time follows the machine's clock up to there: kept, so that a restart knows it too. */
static void operator_accept_clock(struct ruling *ruling)
{
	uint64_t accepted = 0;
	uint8_t value[8];
	if (!pbedit_get_uint(ruling->envelope.data, ACCEPTED_TIME, &accepted)) {
		ruling->status = CH_MISSING;
		return;
	}
	if ((int64_t)accepted < ruling->input->arrival_us) {
		ruling->status = CH_INVALID;
		return;
	}
	store_le64(value, accepted);
	ruling_effect(ruling, &(struct effect){.op = EFFECT_SETTING,
				      .id = SLICE_LITERAL(SETTING_CLOCK),
				      .value = slice_of(value, sizeof(value))});
}

/* That it was held changes nothing; it is told. */
static void operator_hold_clock(struct ruling *ruling)
{
	(void)ruling;
}

static const struct {
	const char *type;
	void (*apply)(struct ruling *ruling);
} operator_rules[] = {
	{"hub.event.discarded", operator_discard},
	{"hub.clock.held", operator_hold_clock},
	{"hub.clock.accepted", operator_accept_clock},
};

#define OPERATOR_RULES (sizeof(operator_rules) / sizeof(operator_rules[0]))

enum ch_status core_decide_operator(struct core *core, struct change *change,
	const struct input *input, struct decision *out_decision)
{
	struct ruling ruling = {.core = core, .change = change, .input = input};
	struct decision decision = {.field = "", .verdict = DECIDED_ENTRY};
	struct inspection seen;
	const char *field = "";
	size_t rule = 0;
	core_clear(core);
	ruling.envelope = *input->envelope;
	if (input->form != CH_OK)
		return input->form;
	ruling.type = types_find(ruling.envelope.type);
	while (rule < OPERATOR_RULES && ruling.type != NULL &&
		strcmp(ruling.type->name, operator_rules[rule].type) != 0)
		rule++;
	if (ruling.type == NULL || rule == OPERATOR_RULES)
		return CH_UNKNOWN_TYPE;
	ruling.occurred_us = input->arrival_us;
	ruling.status = inspect_form(ruling.type, &ruling.envelope, core->field, &field);
	if (ruling.status == CH_OK)
		operator_rules[rule].apply(&ruling);
	if (ruling.status != CH_OK)
		return ruling.status;
	inspect(core->inspector, &ruling.envelope, &seen);
	memcpy(decision.entry.fingerprint, seen.fingerprint, sizeof(seen.fingerprint));
	memcpy(decision.entry.digest, seen.digest, sizeof(seen.digest));
	decision.entry.outcome = ENTRY_ACCEPTED;
	ruling_entry(&ruling, &decision.entry);
	decision.entry.kind = ENTRY_OPERATOR;
	if (ruling.status == CH_OK)
		*out_decision = decision;
	return ruling.status;
}
