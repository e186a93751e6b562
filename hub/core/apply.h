/* The heart: one input and the state give effects; effects change the state.
 *
 *     decide(input, arrival, state) -> entry with effects     looks, changes nothing
 *     fold(entry)                   -> changes of the state   knows nothing but the entry
 *
 * Deciding sees no clock, no randomness, no float, no locale, no thread, no socket: only its
 * arguments.  So `verify` can decide every input again and compare, and records can be folded again
 * whatever becomes of the rules.
 *
 * One `struct core` belongs to one thread: the writer's, or a verifier's. */
#ifndef CORE_APPLY_H
#define CORE_APPLY_H

#include <stdint.h>

#include "base/limits.h"
#include "base/slice.h"
#include "core/inspect.h"
#include "store/state.h"
#include "wire/entry.h"
#include "wire/envelope.h"

/* Rises when the same input and state would give other effects. */
#define RULES_VERSION 6u

struct core;

enum ch_status core_create(struct core **out_core);
void core_free(struct core *core);

/* Takes up what the state holds: settings, dictionary, next customer number, what the clock waits for.  Once,
 * before the first decision.  CH_CORRUPT, CH_NOMEM. */
enum ch_status core_load(struct core *core, struct rtxn *rtxn);

/* What arrived, read at the door: rights and size are settled there.  Everything lives as long as the
 * decision is used. */
struct input {
	const struct envelope *envelope; /* as envelope_parse gave it              */
	enum ch_status form;             /* its status                             */
	const char *form_field;          /* the attribute at fault, when it is bad */
	/* What the door has already found out, when `form` is CH_OK; NULL: it is found out here. */
	const struct inspection *inspection;
	struct slice peer; /* who published it: his rules say what it means */
	int64_t arrival_us;
	uint64_t sequence; /* the entry's, when it becomes one */
	/* The quarantined entry that this one corrects, and the person who sends it in the place of that
	 * entry's publisher, who is still the peer.  0 and empty: none. */
	uint64_t releases;
	struct slice corrected_by;
};

enum verdict_kind {
	DECIDED_ENTRY,   /* `entry` is to be appended and folded; its outcome tells the rest */
	DECIDED_KNOWN,   /* taken before: `first_sequence`; nothing to append                */
	DECIDED_REFUSED, /* cannot even be kept: no readable id, source or type              */
};

struct decision {
	enum verdict_kind verdict;
	/* Slices into the input and the core's scratch, until the next decision. */
	struct entry entry;
	/* CH_OK, CH_DUPLICATE, CH_CONFLICT, or why it was not accepted. */
	enum ch_status reason;
	/* The field at fault; "" when none.  Until the next decision. */
	const char *field;
	/* Of a duplicate, a conflict, or one that was set aside before. */
	uint64_t first_sequence;
	uint64_t customer; /* filed under; 0: nobody */
};

/* Decides about one event.  CH_OK with *out_decision set; otherwise the machine failed (CH_NOMEM,
 * CH_CORRUPT of the state) and nothing is decided. */
enum ch_status core_decide(struct core *core, struct change *change, const struct input *input,
	struct decision *out_decision);

/* An event whose turn comes soon: what it says of its customer is read now, and the memory of the
 * look-ups that it will need is asked for; it takes several events' time to come.  `near`: for the
 * second time, and nearer.  A hint, for an event with an inspection, whose bytes and rules stay as they
 * are until its decision or core_forget. */
void core_foresee(struct core *core, struct change *change, const struct input *input, bool near);

/* Nothing has been foreseen: when a batch begins. */
void core_forget(struct core *core);

/* When a deadline is due at `arrival_us`: an entry of kind ENTRY_CLOCK, else CH_END. */
enum ch_status core_decide_clock(struct core *core, struct change *change, int64_t arrival_us,
	struct decision *out_decision);

/* When the next deadline is due; INT64_MAX for none. */
int64_t core_next_due_us(const struct core *core);

/* New settings (text form of core/settings.h): an entry, or CH_END when they are as they stand, or
 * CH_INVALID with the line. */
enum ch_status core_decide_settings(struct core *core, struct change *change, struct slice text,
	int64_t arrival_us, struct decision *out_decision, uint32_t *out_line);

/* A person's decision, as an event of hub.proto: an entry of kind ENTRY_OPERATOR.
 *
 *     hub.event.discarded   the entry in quarantine that it names is given up
 *     hub.clock.accepted    the machine's clock is right although it has jumped
 *     hub.clock.held        no decision, but what asks for one: the hub's own word that it has jumped
 *
 * CH_UNKNOWN_TYPE: no decision; CH_FORMAT, CH_MISSING: it cannot be read; CH_NOT_FOUND: nothing was set
 * aside under that sequence; CH_EXISTS: it was settled before; CH_INVALID: a time that has passed;
 * CH_NOMEM, CH_CORRUPT as core_decide. */
enum ch_status core_decide_operator(struct core *core, struct change *change,
	const struct input *input, struct decision *out_decision);

/* Puts an entry's effects into the change.  CH_CORRUPT: the entry or a record it touches cannot be
 * read; CH_NOMEM.  The same for a fresh entry and for one from the journal. */
enum ch_status core_fold(struct core *core, struct change *change, uint64_t sequence,
	int64_t arrival_us, const struct entry *entry);

/* A state that was made by an earlier fold, and cannot be made anew, is given what follows from its records of
 * what this one adds: indexes.  Once, after core_load, when `state` holds anything.  CH_CORRUPT, CH_NOMEM,
 * CH_FULL. */
enum ch_status core_upgrade(struct core *core, struct state *state);

/* Whether the state is as this fold makes it; CH_VERSION: an earlier one has made it. */
enum ch_status core_check_fold(struct state *state);

/* So many entries cannot be read any more and are passed over: what they may have given out (customer
 * numbers) is not given out again.  CH_NOMEM. */
enum ch_status core_fold_lost(struct core *core, struct change *change, uint64_t count);

/* The settings in force, as text; until the next fold. */
struct slice core_settings(const struct core *core);

/* What waits for somebody, as of the last fold: counted along, so that asking costs nothing. */
#define CORE_CASE_KINDS      8u /* CaseKind; a kind of a later schema counts as the last, other */
#define CORE_CASE_SEVERITIES 5u /* Severity; likewise */

struct core_cases {
	uint64_t open[CORE_CASE_KINDS][CORE_CASE_SEVERITIES];
	uint64_t breached[CORE_CASE_KINDS][CORE_CASE_SEVERITIES]; /* of them, up some ladder */
};

struct core_open {
	uint64_t quarantined;
	uint64_t reviews;
	uint64_t deadlines;
	struct core_cases cases;
};
struct core_open core_open(const struct core *core);

/* The newest time that an operator has found right; 0: none. */
int64_t core_accepted_us(const struct core *core);

/* ---- For queries and dump: stored values as messages of customer.proto ---- */

/* Keys of the tables, for those who look things up; each returns the length it wrote. */
size_t key_customer(uint8_t key[9], uint64_t number, char part);
size_t key_activity(uint8_t key[8], uint64_t number);
size_t key_quarantine(uint8_t key[9], uint64_t sequence);

/* Open cases by the time they were opened, in TABLE_META: prefix time(8) id -> (). */
#define KEY_OPEN_CASES "case/"
size_t key_open_case(uint8_t key[LIMIT_KEY_BYTES + 16], int64_t opened_us, struct slice id);

/* In TABLE_DUE, behind the time, before the id of a promotion; all else there are promises. */
#define WATCH_PROMOTION "reference.promotion/"

/* In TABLE_REFERENCE, whose newest values stand under type(2) '/' key, and behind them what begins with
 * KEY_REFERENCE_MORE: past values in slots of a ring, the product of a model (0: no model), and the
 * promotions that run. */
#define KEY_REFERENCE_MORE 0xffu
#define KEY_PROMOTIONS     SLICE_LITERAL("\xffr")
size_t key_reference_past(uint8_t key[LIMIT_KEY_BYTES], struct slice reference, uint8_t slot);
size_t key_reference_model(uint8_t key[LIMIT_KEY_BYTES], struct slice model);

#endif
