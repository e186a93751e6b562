/* The screen pop: when a telephone rings for somebody in a queue, his record is looked up by his number and
 * pushed before the agent answers.
 *
 *     {"type":"call.offered","time":"2026-11-21T19:42:16.225000Z",
 *      "call":{"callId":"cc01-1795290136.1","uniqueid":"cc01-1795290136.3","queue":"repair",
 *              "group":"appliances","dialled":"400","waitedMs":12},
 *      "agent":{"id":"201","name":"Agent Wang","interface":"Local/201@agents/n"},
 *      "caller":{"number":"13800138000","name":"Wang Fang"},
 *      "lookup":"found","customers":[{"customer":{...},"repairs":[...],"cases":[...], ...,
 *                                     "keyAssurance":"ASSURANCE_VERIFIED","proven":"ANSWER_YES"}]}
 *
 * `customers` are the hub's CustomerView messages, in its order; a number that several share gives several, and the agent
 * chooses.  First stand those who have shown that the number is theirs (keyAssurance VERIFIED), then those who claimed it
 * and have shown another key (CLAIMED, proven YES), last those who have shown nothing (proven NO): a caller's number
 * is only claimed, so whoever called before and was not known has a record of the last kind.  `lookup` is found, several, none (no record), anonymous (no number), or failed, with `reason`: the agent
 * is told of the call all the same.
 *
 * Nothing here waits: the question is asked, and the rest follows from its answer.  One thread. */
#ifndef CALLCENTER_POP_H
#define CALLCENTER_POP_H

#include "carehub/v1/control.pb-c.h"
#include "channel/callcenter/call_event.h"
#include "channel/callcenter/exchange.h"

struct pop_options {
	const struct call_names *names;
	/* Asks for the record.  It will be answered by pop_answer, once, for this ticket; anything but CH_OK:
	 * it will not. */
	enum ch_status (*ask)(void *context, struct slice number, uint64_t ticket);
	/* Brings it to the screens; `agent` is the agent's number. */
	void (*push)(void *context, struct slice agent, struct slice line);
	void *context;
};

struct pop_counts {
	uint64_t offers;
	uint64_t pushed;
	uint64_t failed;  /* without an answer of the hub's */
	uint64_t dropped; /* too many were under way */
};

struct pop;

enum ch_status pop_create(const struct pop_options *options, struct pop **out_pop); /* CH_NOMEM */
void pop_free(struct pop *pop);

/* A telephone rings. */
void pop_offer(struct pop *pop, const struct call_offer *offer);

/* The answer: CH_OK with the reply; CH_NOT_FOUND: nobody has this number; others: why there is none. */
void pop_answer(struct pop *pop, uint64_t ticket, enum ch_status status,
	const Carehub__V1__CustomerReply *reply);

void pop_look(const struct pop *pop, struct pop_counts *out_counts);

#endif
