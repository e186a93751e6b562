/* What the journal says about campaigns: who was meant to get what, and what became of it.
 *
 * | table | key | value |
 * |---|---|---|
 * | campaign.starts | campaign, start | when it was started, when it ended |
 * | campaign.messages | campaign, customer, round | its facts, each with sequence, stamp and the event's open part |
 * | campaign.ids | 'm' message id, or 'd' digest of its token | the key in campaign.messages |
 * | campaign.care | 'o' open, 'u' uncertain, 'r' to be sent again, and the key | nothing: what somebody must see to |
 * | | 'w' waiting and the key; 't' time and the key | notes of the running module: see intent_desk.h |
 * | campaign.answers | 'a' digest of the token that came, stamp | a survey's answers |
 * | | 'u' digest, stamp | somebody said: no more |
 * | | 'b' campaign, stamp | an order that names the campaign |
 * | | 'c' message id, stamp | what became of a call-back |
 * | campaign.merges | the number that stays, the one that was retired | nothing |
 *
 * Of two events about one fact the one with the newer stamp counts, so the order of arrival does not matter.  All is
 * facts: what a message's state is follows from those that are there, in the order of ledger_state. */
#ifndef MARKETING_CAMPAIGN_LEDGER_H
#define MARKETING_CAMPAIGN_LEDGER_H

#include "module/kit/module.h"

enum ledger_fact_kind {
	LEDGER_INTENDED,
	LEDGER_SENT,
	LEDGER_FAILED,
	LEDGER_WITHHELD, /* after it was intended: for good */
	LEDGER_UNCERTAIN,
	LEDGER_SETTLED,
	LEDGER_PASSED_OVER, /* withheld before it was intended: may come yet */
	LEDGER_FACTS,
};

struct ledger_fact {
	bool there;
	uint64_t sequence;
	struct stamp stamp;
	struct slice data; /* the event's typed message, its open part */
};

/* Looks into the book. */
struct ledger_message {
	struct ledger_fact facts[LEDGER_FACTS];
};

enum ledger_state {
	LEDGER_NONE,
	LEDGER_IS_PASSED_OVER,
	LEDGER_IS_OPEN, /* intended, and no outcome yet */
	LEDGER_IS_SENT,
	LEDGER_IS_FAILED,
	LEDGER_IS_WITHHELD,
	LEDGER_IS_UNCERTAIN,
	LEDGER_IS_RESEND,  /* settled: it did not arrive, and is to be sent once more */
	LEDGER_IS_DROPPED, /* settled: left alone */
	LEDGER_STATES,
};
extern const char *const ledger_states[LEDGER_STATES];

enum ledger_state ledger_state(const struct ledger_message *message);

/* Nothing went out, and not for his sake: his number was merged into another one while the message waited, or the
 * campaign had ended.  Should the number, or the campaign, come back, another message may. */
bool ledger_was_called_off(const struct ledger_message *message);

/* Who, of which campaign, for the how manieth time. */
#define LEDGER_CAMPAIGN_BYTES 65u
struct ledger_place {
	char campaign[LEDGER_CAMPAIGN_BYTES];
	uint64_t customer;
	uint32_t round;
};

void ledger_place_key(const struct ledger_place *place, struct key *out_key);
bool ledger_place_of(struct slice key, struct ledger_place *out_place);

/* Where it stands in campaign.care. */
struct slice ledger_care_key(struct key *key, char kind, const struct ledger_place *place);

/* Whether any message of the campaign stands there under this kind. */
enum ch_status ledger_cares(struct book_txn *txn, char kind, const char *campaign, bool *out_any);

/* CH_NOT_FOUND; what sticks. */
enum ch_status ledger_get(
	struct book_txn *txn, const struct ledger_place *place, struct ledger_message *out_message);
enum ch_status ledger_read(struct slice value, struct ledger_message *out_message);

/* A row of campaign.answers. */
enum ch_status ledger_read_answer(struct slice value, struct ledger_fact *out_fact);

/* The newest round of this customer, or CH_NOT_FOUND: he was not looked at. */
enum ch_status ledger_newest(struct book_txn *txn, const char *campaign, uint64_t customer,
	struct ledger_place *out_place, struct ledger_message *out_message);

/* Whether an operator asked for it: the one before it was settled, to be sent again. */
enum ch_status ledger_was_asked_for(
	struct book_txn *txn, const struct ledger_place *place, bool *out_asked);

/* By message id, or by the digest of a token.  CH_NOT_FOUND. */
enum ch_status ledger_by_id(struct book_txn *txn, struct slice id, struct ledger_place *out_place);
enum ch_status ledger_by_digest(
	struct book_txn *txn, struct slice digest, struct ledger_place *out_place);

/* Numbers that one customer had before: over it, the rest is not looked at. */
#define LEDGER_RETIRED_MOST 255u

/* Numbers that are retired into this one, directly or not; at most `most`. */
enum ch_status ledger_retired(
	struct book_txn *txn, uint64_t customer, uint64_t *out, size_t most, size_t *out_count);

/* Whether he has had the campaign's message or is to have it, under whatever number he had. */
struct ledger_reach {
	bool reached;
	bool open;              /* by a message without an outcome: it may still be called off */
	struct ledger_place by; /* that one */
	uint32_t round;         /* not reached: in which one stands that comes now */
};

/* Of more numbers than are looked at any may have had it: then he has. */
enum ch_status ledger_reached(struct book_txn *txn, const char *campaign, uint64_t customer,
	struct ledger_reach *out_reach);

/* How many of the campaign's messages were meant for him since then, under this number: so many lines of his
 * timeline, which the hub tells by number. */
enum ch_status ledger_meant_since(struct book_txn *txn, const char *campaign, uint64_t customer,
	int64_t from_us, uint32_t *out_count);

/* ---- Starts ---- */

struct ledger_start {
	uint32_t start; /* 0: it was never started */
	struct ledger_fact started;
	struct ledger_fact ended;
};

/* The newest. */
enum ch_status ledger_start(
	struct book_txn *txn, const char *campaign, struct ledger_start *out_start);

static inline bool ledger_runs(const struct ledger_start *start)
{
	return start->started.there && !start->ended.there;
}

/* ---- Names that follow from what they name ---- */

#define LEDGER_ID_BYTES 33u /* 32 hex digits and a NUL */

/* The message's number: the same for the same campaign, customer and round, for ever. */
void ledger_message_id(const struct ledger_place *place, char out[LEDGER_ID_BYTES]);

/* Of a token, so that the journal can tell whose an answer is without holding what opens it. */
void ledger_digest(struct slice token, char out[LEDGER_ID_BYTES]);

#endif
