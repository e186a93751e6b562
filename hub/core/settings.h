/* What the rules may be told: durations of promises, limits and blocked values of keys, and what is
 * said about each peer.  Settings are journal entries, so that deciding stays a function of journal
 * and state.
 *
 * Text form, one `name=value` a line, sorted:
 *     block.phone=+8613800138000
 *     deadline.repair.return=1209600          seconds
 *     deadline.complaint.answer.critical=14400        by severity: low, normal, high, critical
 *     deadline.case.answer.sales=86400        by kind of case; 0: none is promised
 *     ladder.complaint.answer=0:supervisor 86400:service-manager
 *                                             who must act so many seconds after it fell due
 *     limit.phone=5                           customers that may share one
 *     peer.till-7.assurance=verified
 *     peer.till-7.region=CN
 *     peer.till-7.scope=WEST                  prefix of record ids that are the peer's own */
#ifndef CORE_SETTINGS_H
#define CORE_SETTINGS_H

#include <stdint.h>

#include "base/limits.h"
#include "base/slice.h"
#include "base/table.h"

/* Kinds of match keys: the numbers of CustomerField in customer.proto. */
enum key_kind {
	KEY_PHONE = 2,
	KEY_EMAIL = 3,
	KEY_COMMON_ID = 8,
	KEY_MEMBER_CARD = 9,
	KEY_LOCAL_ID = 10,
	KEY_IDENTIFIER = 11,
	KEY_SERIAL = 16,
	KEY_KINDS = 17,
};

/* Promises with a deadline, in the order of their table in deadline.c. */
enum promise {
	PROMISE_REPAIR_RETURN,
	PROMISE_REPAIR_FIX,
	PROMISE_COMPLAINT_ACKNOWLEDGE,
	PROMISE_COMPLAINT_ANSWER,
	PROMISE_APPOINTMENT_KEEP,
	PROMISE_PART_SUPPLY,
	PROMISE_PART_OVERSEAS,
	PROMISE_CALLBACK_DO,
	PROMISE_ORDER_SUPPLY,
	PROMISE_ORDER_OVERSEAS,
	PROMISE_CASE_ACKNOWLEDGE, /* of a case that is no complaint */
	PROMISE_CASE_ANSWER,
	PROMISE_COUNT,
};

/* Some promises differ by grade: those of complaints by Severity, those of cases by CaseKind. */
#define PROMISE_GRADES 8u

struct ladder_rung {
	int64_t after_us; /* since it fell due; 0 for the first */
	char role[LIMIT_ROLE_BYTES + 1];
};

/* Who must act when a promise is missed, and who if it stays so. */
struct ladder {
	struct ladder_rung rungs[LIMIT_LADDER_RUNGS]; /* each later than the one before */
	uint32_t count;                               /* at least 1 */
};

struct peer_rules {
	char name[64 + 1];
	char region[3];    /* for telephone numbers; "CN" by default */
	uint8_t assurance; /* of keys that say nothing: enum assurance */
	char scope[32 + 1];
};

struct settings {
	uint32_t limits[KEY_KINDS];
	int64_t durations_us[PROMISE_COUNT];
	int64_t graded_us[PROMISE_COUNT][PROMISE_GRADES]; /* -1: as durations_us */
	struct ladder ladders[PROMISE_COUNT];
	struct table peers;   /* name -> struct peer_rules */
	struct table blocked; /* kind byte and value -> struct blocked_key */
	struct buffer text;   /* as parsed */
};

/* The defaults. */
void settings_init(struct settings *settings);
void settings_fini(struct settings *settings);

/* Replaces all: what the text does not name has its default.  CH_INVALID with the line's number in
 * *out_line and nothing changed; CH_NOMEM. */
enum ch_status settings_parse(struct settings *settings, struct slice text, uint32_t *out_line);

/* A peer's rules; the defaults for one that is not named. */
const struct peer_rules *settings_peer(const struct settings *settings, struct slice name);

/* Whether settings block this value from matching. */
bool settings_blocks(const struct settings *settings, enum key_kind kind, struct slice value);

/* "phone", "member_card"...; NULL for a number that is no key. */
const char *key_kind_name(unsigned kind);

/* "repair.return" ... */
const char *promise_name(enum promise promise);

/* False: no promise is called so. */
bool promise_find(struct slice name, enum promise *out_promise);

/* How long the promise runs for that grade; 0 of a case: none is promised. */
int64_t settings_duration(const struct settings *settings, enum promise promise, uint64_t grade);

#endif
