/* What the files of this folder share.  Nobody outside includes it. */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#include "base/arena.h"
#include "base/heap.h"
#include "base/limits.h"
#include "core/apply.h"
#include "core/party.h"
#include "core/phone.h"
#include "core/settings.h"
#include "wire/check.h"
#include "wire/effect.h"
#include "wire/path.h"
#include "wire/types.h"

/* Names in EFFECT_SETTING: text of core/settings.h; a time, 8 bytes. */
#define SETTING_RULES "rules"
#define SETTING_CLOCK "clock"

/* What the clock looks at next: a promise that falls due, the next rung of one that was missed, the begin
 * or end of a promotion. */
struct due_item {
	struct heap_item item;
	bool promise; /* else a promotion's */
	size_t id_len;
	uint8_t id[];
};

struct match_key {
	enum key_kind kind;
	bool verified;
	uint8_t contact_kind;
	struct slice value; /* normalized */
	struct slice raw;
};

#define MATCH_KEYS 24u

struct match_keys {
	struct match_key keys[MATCH_KEYS]; /* strongest kind first */
	uint32_t count;
};

/* Who an event says that its customer is.  It needs the settings but no record, so it can be read
 * before the event's turn comes. */
struct claim {
	const struct envelope *envelope; /* whose it is; NULL: nobody's */
	struct arena arena;              /* of what was normalized */
	struct party party;
	struct match_keys keys;
};

#define CLAIMS 16u /* events that can be foreseen at once */

struct core {
	struct settings settings;
	struct phones *phones;
	struct inspector *inspector;
	struct table sources; /* text -> struct source_row */
	uint16_t source_count;
	uint64_t next_serial;
	uint64_t quarantined;    /* open ones */
	uint64_t reviews;        /* open ones */
	int64_t accepted_us;     /* the newest time that an operator has found right */
	struct heap due;         /* what the clock waits for */
	struct table due_by_id;  /* id -> struct due_item */
	uint64_t promises;       /* of them that are promises */
	uint32_t fold;           /* by which the state was made; 0: by none yet */
	struct core_cases cases; /* open ones */

	/* Those that have been foreseen, in the order of their turns; the last for one that has not. */
	struct claim claims[CLAIMS + 1];
	uint32_t claims_made;

	/* Scratch of one decision. */
	struct arena arena;
	struct effects effects;
	struct buffer derived;
	struct buffer derived_personal;
	struct buffer scratch;
	char field[CHECK_PATH_BYTES];
};

/* One input while it is decided upon. */
struct ruling {
	struct core *core;
	struct change *change;
	const struct input *input;
	struct envelope envelope;
	const struct event_type *type;
	const struct type_rules *rules;
	const struct peer_rules *peer;
	struct message_parts parts;
	const struct claim *claim; /* of an event that is taken */
	uint16_t source_code;
	int64_t occurred_us; /* by the source's clock, corrected */
	uint64_t customer;   /* 0 until matched */
	bool customer_is_new;
	bool record_read; /* his golden record, once somebody wanted it */
	struct slice record;
	uint32_t changed_fields; /* bits by CustomerField, for the derived event */
	uint16_t reviews;
	enum ch_status status; /* sticks: the machine failed */
};

/* Appends an effect; the ruling's status sticks when memory runs out. */
void ruling_effect(struct ruling *ruling, const struct effect *effect);

/* The clock looks at `id` at that time, or no more (0). */
void ruling_watch(struct ruling *ruling, struct slice id, int64_t due_us);

/* Appends a derived event; `subject` and the parts are copied. */
void ruling_derive(struct ruling *ruling, const char *type, bool before, struct slice subject,
	struct slice data, struct slice personal);

/* Puts what was ruled into the entry: input, effects, derived events; its outcome is the caller's. */
void ruling_entry(struct ruling *ruling, struct entry *entry);

/* Forgets the scratch of the last decision. */
void core_clear(struct core *core);

/* The event's identity as an EventRef, for `cause` fields. */
void ruling_put_cause(const struct ruling *ruling, struct buffer *out, uint32_t number);

/* ---- keys.c ---- */

/* Normalizes what the claim's party says; what cannot be a key is left out. */
void keys_collect(struct ruling *ruling, struct claim *claim);

/* Starts the memory accesses of keys_holders; then of what they lead to. */
void keys_prefetch(struct change *change, const struct match_key *key, bool near);

struct key_holder {
	uint64_t number;
	uint8_t flags; /* EFFECT_VERIFIED */
};

#define KEY_HOLDERS 64u

struct key_holders {
	struct key_holder holders[KEY_HOLDERS];
	uint32_t count;
	bool blocked;
};

/* Who holds a key, as this batch sees it; none is CH_OK with count 0. */
enum ch_status keys_holders(struct change *change, enum key_kind kind, struct slice value,
	struct key_holders *out_holders);

/* Stored form, for the fold: adds, removes (number) or blocks. */
enum ch_status keys_fold(struct core *core, struct change *change, const struct effect *effect);

/* ---- claim.c: who the event says he is ---- */

void claims_init(struct core *core);
void claims_fini(struct core *core);

/* The claim of the ruling's event: foreseen, or read now.  The ruling's status tells when memory has
 * run out. */
const struct claim *claim_of(struct ruling *ruling);

/* ---- match.c: whose event is it ---- */
void match_customer(struct ruling *ruling, const struct match_keys *keys);

/* ---- golden.c: the golden record ---- */
void golden_apply(struct ruling *ruling, const struct match_keys *keys);
enum ch_status golden_fold(struct core *core, struct change *change, const struct effect *effect,
	uint64_t sequence, int64_t arrival_us, const struct entry *entry);

/* What a row of rules.c has done to its record, beside the copies. */
enum linked_act {
	ACT_NONE,
	ACT_COUNT, /* adds one to `count_field` */

	/* Of a repair: pause.c. */
	ACT_WAIT_BEGINS, /* if it waits for the customer */
	ACT_WAIT_ENDS,
	ACT_QUOTE_BEGINS, /* the customer is asked ... */
	ACT_QUOTE_ENDS,   /* ... and has said yes or no */
	ACT_WORK,         /* a stage of work begins */
	ACT_DONE,         /* nobody waits any more */

	/* Of a case: case.c. */
	ACT_LOGGED,
	ACT_FILED,
	ACT_TAKEN, /* acknowledged, answered, closed by somebody */
	ACT_HANDED,
	ACT_ESCALATED,
	ACT_REOPENED,
};

/* ---- linked.c: units, orders, repairs, cases, entitlements, appointments ---- */

/* The customer of the record that the event is about, when there is one: 0 for none. */
uint64_t linked_customer(struct ruling *ruling);
void linked_apply(struct ruling *ruling);
enum ch_status linked_fold(
	struct core *core, struct change *change, const struct effect *effect, uint64_t sequence);

/* The first id that is there, under the peer's scope when its numbers are its own; empty: none. */
struct slice linked_id(struct ruling *ruling, const struct path *paths, uint8_t count);

/* `id` under the peer's scope; empty: it is empty, or too long. */
struct slice linked_key(struct ruling *ruling, struct slice id);

/* The record as it stands; empty: there is none. */
struct slice linked_get(struct ruling *ruling, enum store_table table, struct slice id);

/* Puts a number into a partial message, zero written out, unless the record has it already. */
void record_put(struct slice record, uint32_t number, uint64_t value, struct buffer *partial);

/* ---- pause.c: when the clock of a repair stands still ---- */

struct pause_mark {
	uint8_t kind; /* PauseKind */
	bool begins;
	bool implied; /* by another field of the record */
	int64_t time_us;
};

#define PAUSES_MOST (LIMIT_PAUSE_MARKS + 4u)

struct pauses {
	struct pause_mark marks[PAUSES_MOST]; /* by time */
	uint32_t count;
	uint32_t told;     /* those that are not implied */
	int64_t before_ms; /* waited before there were marks */
};

struct pause_sum {
	int64_t ended_ms; /* of pauses that are over */
	int64_t open_us;  /* begin of the one that lasts; 0: none */
};

/* The pauses of a repair with what the ruling's event says of them; false: there are none, or it says
 * nothing. */
bool pauses_now(const struct ruling *ruling, enum linked_act act, struct slice repair,
	struct pauses *out_pauses);

/* What of them lies behind `since_us`; without `before_ms`. */
struct pause_sum pauses_sum(const struct pauses *pauses, int64_t since_us);

/* What of the record they change. */
void pauses_put(const struct pauses *pauses, struct slice repair, struct buffer *partial);

/* ---- case.c: who owns a case, and how high it has risen ---- */

struct linked_rule;

/* The state that the event brings: the row's, but closed when all was settled in the first contact. */
uint32_t case_state(const struct ruling *ruling, const struct linked_rule *rule);

/* What the event changes about the case, beside the row's own fields. */
void case_apply(struct ruling *ruling, const struct linked_rule *rule, struct slice record,
	struct buffer *partial);

/* What a rung that was reached changes about it: from the clock, or with an event. */
void case_escalate(struct ruling *ruling, struct slice id, uint32_t rung, const char *role);

/* Who owns it: an agent, else a group; empty: nobody. */
struct slice case_owner(struct slice record);

/* The index of open cases (KEY_OPEN_CASES), and how many there are: both follow from the record. */
void case_fold_index(struct core *core, struct change *change, struct slice id, struct slice before,
	struct slice after);

/* Counts those that the index has, at start.  CH_CORRUPT, CH_NOMEM. */
enum ch_status case_load(struct core *core, struct rtxn *rtxn);

/* ---- deadline.c: promises ---- */

enum deadline_op {
	DEADLINE_SET,    /* the promise begins to run                                      */
	DEADLINE_RENEW,  /* ... anew, because the record was opened again                  */
	DEADLINE_MEET,   /* what was promised was done                                     */
	DEADLINE_MISS,   /* the source says that it was not                                */
	DEADLINE_CANCEL, /* it fell away                                                   */
	DEADLINE_MOVE,   /* it is due at another time                                      */
	DEADLINE_LOOK,   /* only the pauses of its repair have changed, as they may with all */
};

/* What an event does to one promise. */
struct deadline_step {
	enum promise promise;
	enum deadline_op op;
	struct slice subject; /* the record as the event calls it */
	struct slice record;  /* its key */
	struct slice station; /* if `placed`: who promised, else as it was */
	int64_t base_us;      /* a time that the duration counts from; 0: arrival */
	int64_t due_us;       /* promised by the channel itself; 0: not */
	int64_t done_us; /* when it was done; 0: to be met, when the event happened; to be set, not yet */
	bool gone;       /* to be set: it has fallen away before */
	bool timed; /* of an appointed time: another time is another promise */
	bool placed;
	bool counted; /* by supply.c, whose promises never stood under another key */
};

void deadline_do(struct ruling *ruling, const struct deadline_step *step);

/* What the rows of rules.c do with the ruling's event. */
void deadline_apply(struct ruling *ruling);

/* The clock has come to this promise: it falls due, or reaches a rung. */
void deadline_due(struct ruling *ruling, struct slice id);
enum ch_status deadline_fold(
	struct core *core, struct change *change, const struct effect *effect, uint64_t sequence);

/* ---- supply.c: parts ordered between firms, and what is owed of them ---- */

enum supply_act {
	SUPPLY_NONE,
	SUPPLY_PLACED,
	SUPPLY_AMENDED,
	SUPPLY_CANCELLED,
	SUPPLY_BACKORDERED,
	SUPPLY_RECEIVED,
};

void supply_apply(struct ruling *ruling);

/* ---- watch.c: what the clock looks at ---- */
enum ch_status watch_put(struct core *core, struct change *change, struct slice id, int64_t due_us);
void watch_drop(struct core *core, struct change *change, struct slice id);
enum ch_status watch_fold(struct core *core, struct change *change, const struct effect *effect);
enum ch_status watch_load(struct core *core, struct rtxn *rtxn);
void watch_fini(struct core *core);

/* ---- reference.c: the information base ---- */
void reference_apply(struct ruling *ruling);

/* The clock has come to the begin or end of a promotion. */
void reference_due(struct ruling *ruling, struct slice id);
enum ch_status reference_fold(
	struct core *core, struct change *change, const struct effect *effect, uint64_t sequence);

/* The index of models, for a product whose newest value changes: it follows from the values. */
enum ch_status reference_fold_model(struct change *change, struct slice before, struct slice after);

/* ---- rules.c: the tables of rules, resolved ---- */

struct linked_copy {
	struct path from;
	uint32_t to; /* field number in the record */
};

#define LINKED_COPIES  12u
#define LINKED_RULES   4u
#define DEADLINE_RULES 4u

struct linked_rule {
	enum store_table table;
	struct path ids[2]; /* the first that is there */
	uint8_t id_count;
	uint32_t state;      /* new state; 0: as it was */
	uint32_t time_field; /* gets the time it happened; 0: none */
	bool time_first;     /* the first such time stays, else the last */
	enum linked_act act;
	uint32_t count_field;
	struct linked_copy copies[LINKED_COPIES];
	uint8_t copy_count;
};

struct deadline_rule {
	enum promise promise;
	enum deadline_op op;
	struct path ids[2];
	uint8_t id_count;
	struct path base; /* a time in the event that the duration counts from; count 0: arrival */
	struct path due;  /* the time promised by the channel itself; count 0 */
	struct path station;
};

struct type_rules {
	struct path requirements[8][12]; /* each: any of these */
	uint8_t requirement_counts[8];
	const char *requirement_names[8];
	uint8_t requirement_count;
	struct path subject[3];
	uint8_t subject_count;
	struct path unit; /* ProductUnitRef; count 0: none */
	struct linked_rule linked[LINKED_RULES];
	uint8_t linked_count;
	struct deadline_rule deadlines[DEADLINE_RULES];
	uint8_t deadline_count;
	enum supply_act supply;
};

/* One row a type; by type id.  CH_NOMEM. */
enum ch_status rules_create(struct type_rules **out_types);

/* ---- inspect.c ---- */

const struct type_rules *inspector_rules(
	const struct inspector *inspector, const struct event_type *type);

/* Of data and personal data: CH_FORMAT with the field at fault. */
enum ch_status inspect_form(const struct event_type *type, const struct envelope *envelope,
	char path[CHECK_PATH_BYTES], const char **out_field);

/* ---- sources.c: the dictionary ---- */

/* The code of a source text: known, or the next free one with its EFFECT_SOURCE added. */
uint16_t sources_code(struct ruling *ruling, struct slice source);
enum ch_status sources_fold(struct core *core, struct change *change, const struct effect *effect);
/* An entry, whose effects have been folded, speaks of this code.  If it is not known, what told of it was
 * lost: it and those before it get a name that says so, and are not given to others. */
enum ch_status sources_fold_lost(struct core *core, struct change *change, uint16_t code);
enum ch_status sources_load(struct core *core, struct rtxn *rtxn);
void sources_fini(struct core *core);

#endif
