/* What peers send one after the other to a hub that has a small history, decided and folded as the writer does within one
 * batch; no batch is ever published.  Deciding twice gives the same entry, an entry is read again as it was written, and
 * folding it never fails: no event that comes through the door may stop the hub.
 *
 *     input = event ...
 *     event = flags:byte, type:byte, id:byte, time:byte, data's length:2, personal part's length:2,
 *             data, personal
 *
 * flags: 1, 2 the peer; 4 a person's decision, over the control bus; 8 the clock is looked at first; 16 it says that
 * it happened long before; 32 it corrects the last one that was set aside; 64 it has another schema; 128 a
 * field of a later version stands behind all others.  type: the
 * place in the registry.  time: two to so many seconds pass before it comes. */
#include "base/bytes.h"
#include "core/apply.h"
#include "history.h"
#include "wire/pb.h"

#define HEAD_BYTES 8u
#define EVENTS_MAX 96u
#define US_PER_S   INT64_C(1000000)
#define LONG_US    (INT64_C(40) * 86400 * US_PER_S)
#define CLOCKS_MAX 1000u /* a deadline that is due at its own time again would never end */

enum {
	FROM_PEERS = 3,
	A_DECISION = 4,
	CLOCK_FIRST = 8,
	LONG_BEFORE = 16,
	A_CORRECTION = 32,
	OTHER_SCHEMA = 64,
	LATER_FIELD = 128,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct run {
	struct core *core;
	struct change *change;
	uint64_t sequence;
	uint64_t set_aside;
	int64_t now_us;
	struct buffer once;
	struct buffer twice;
};

/* From its bytes, as from the journal. */
static void fold(struct run *run, const struct entry *entry)
{
	struct entry read;
	buffer_clear(&run->once);
	entry_encode(entry, &run->once);
	invariant(entry_parse(buffer_slice(&run->once), &read) == CH_OK);
	run->sequence++;
	invariant(core_fold(run->core, run->change, run->sequence, run->now_us, &read) == CH_OK);
	invariant(change_status(run->change) == CH_OK);
}

static void look_at_the_clock(struct run *run)
{
	struct decision decision;
	for (unsigned i = 0; i < CLOCKS_MAX; i++) {
		enum ch_status status =
			core_decide_clock(run->core, run->change, run->now_us, &decision);
		if (status == CH_END)
			return;
		invariant(status == CH_OK && decision.verdict == DECIDED_ENTRY);
		fold(run, &decision.entry);
	}
	invariant(false);
}

static bool is_refusal(enum ch_status status)
{
	return status == CH_UNKNOWN_TYPE || status == CH_FORMAT || status == CH_MISSING ||
	       status == CH_NOT_FOUND || status == CH_EXISTS || status == CH_INVALID;
}

static void decide(struct run *run, const struct input *input, bool by_a_person)
{
	struct decision decision;
	enum ch_status (*const decider)(struct core *, struct change *, const struct input *,
		struct decision *) = by_a_person ? core_decide_operator : core_decide;
	core_forget(run->core); /* of the event before, which stood in the same place */
	enum ch_status status = decider(run->core, run->change, input, &decision);
	invariant(status == CH_OK || (by_a_person && is_refusal(status)));
	if (status != CH_OK || decision.verdict != DECIDED_ENTRY)
		return;
	buffer_clear(&run->twice);
	entry_encode(&decision.entry, &run->twice);
	core_foresee(run->core, run->change, input, false); /* a hint changes nothing */
	core_foresee(run->core, run->change, input, true);
	invariant(decider(run->core, run->change, input, &decision) == CH_OK);
	fold(run, &decision.entry);
	invariant(slice_equal(buffer_slice(&run->once), buffer_slice(&run->twice)));
	if (decision.reason != CH_OK)
		run->set_aside = run->sequence;
}

static void tell(struct run *run, const uint8_t *head, struct slice data, struct slice personal)
{
	static const char *const peers[] = {"desk", "web", "west", "nobody"};
	static struct inspector *inspector; /* lives as long as the fuzzer */
	const struct event_type *type = &event_types[head[1] % event_type_count];
	struct inspection inspection;
	struct envelope envelope;
	const char *field = "";
	struct buffer event = {0};
	char id[8];
	(void)snprintf(id, sizeof(id), "%u", head[2]); /* fits */
	run->now_us += (INT64_C(1) << head[3] % 25) * US_PER_S;
	if ((head[0] & CLOCK_FIRST) != 0)
		look_at_the_clock(run);
	const struct envelope made = {.id = slice_text(id),
		.source = SLICE_LITERAL("urn:fuzz"),
		.type = slice_text(type->name),
		.dataschema = slice_text((head[0] & OTHER_SCHEMA) != 0 ? "carehub/v9/x" : ""),
		.time_us = run->now_us - ((head[0] & LONG_BEFORE) != 0 ? LONG_US : 0),
		.data = data,
		.personal = personal};
	envelope_encode(&made, &event);
	if ((head[0] & LATER_FIELD) != 0)
		pb_put_text(&event, 99, "later");
	struct input input = {.envelope = &envelope,
		.form = envelope_parse(buffer_slice(&event), &envelope, &field),
		.form_field = field,
		.peer = slice_text(peers[head[0] & FROM_PEERS]),
		.arrival_us = run->now_us,
		.sequence = run->sequence + 1};
	if ((head[0] & A_CORRECTION) != 0 && run->set_aside != 0) {
		input.releases = run->set_aside;
		input.corrected_by = SLICE_LITERAL("chief");
	}
	if (inspector == NULL)
		invariant(inspector_create(&inspector) == CH_OK);
	if (input.form == CH_OK) {
		inspect(inspector, &envelope, &inspection);
		input.inspection = &inspection;
	}
	decide(run, &input, (head[0] & A_DECISION) != 0);
	buffer_fini(&event);
}

/* From what is stored, as at a start. */
static struct core *load_core(struct state *state)
{
	struct core *core = NULL;
	struct rtxn *rtxn = NULL;
	invariant(core_create(&core) == CH_OK && rtxn_begin(state, &rtxn) == CH_OK);
	invariant(core_load(core, rtxn) == CH_OK);
	invariant(slice_equal(core_settings(core), slice_text(history_settings)));
	rtxn_end(rtxn);
	return core;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct history history;
	struct run run = {.now_us = HISTORY_BEGAN_US + 3600 * US_PER_S};
	struct slice rest = slice_of(data, len);
	if (history.core == NULL)
		history_make(&history);
	run.core = load_core(history.state);
	run.change = state_begin(history.state);
	run.sequence = journal_head(history.journal);
	for (unsigned i = 0; i < EVENTS_MAX && rest.len >= HEAD_BYTES; i++) {
		const uint8_t *head = rest.data;
		size_t data_len = load_le16(head + 4);
		size_t personal_len = load_le16(head + 6);
		rest = slice_sub(rest, HEAD_BYTES, rest.len);
		struct slice open = slice_sub(rest, 0, data_len);
		rest = slice_sub(rest, data_len, rest.len);
		tell(&run, head, open, slice_sub(rest, 0, personal_len));
		rest = slice_sub(rest, personal_len, rest.len);
	}
	look_at_the_clock(&run);
	invariant(core_next_due_us(run.core) > run.now_us);
	invariant(core_open(run.core).quarantined <= run.sequence);
	(void)core_accepted_us(run.core); /* must only come back */
	change_abort(run.change);
	core_free(run.core);
	buffer_fini(&run.once);
	buffer_fini(&run.twice);
	return 0;
}
