/* What FreeSWITCH tells, in the words that exchange.h knows: its events of channels and of mod_callcenter's queues become
 * those that Asterisk would send.
 *
 *     CHANNEL_CREATE                       Newchannel
 *     callcenter::info member-queue-start  QueueCallerJoin
 *                      agent-offering      AgentCalled
 *                      bridge-agent-fail   AgentRingNoAnswer, unless the offer was taken back
 *                      bridge-agent-start  AgentConnect
 *                      member-queue-end    AgentComplete; QueueCallerAbandon and, when he did not hang up
 *                                            himself, why
 *     CHANNEL_HOLD, CHANNEL_UNHOLD         Hold, Unhold
 *     CHANNEL_HANGUP_COMPLETE              Cdr, then Hangup
 *     any other CUSTOM                     UserEvent of its subclass's name, with all that it holds
 *
 * A call is joined by its caller's channel: agents' legs name it (cc_member_session_uuid), other legs by
 * Channel-Call-UUID.  Times are the exchange's own, microseconds; queues tell whole seconds.
 *
 * Pure. */
#ifndef CALLCENTER_ESL_WORDS_H
#define CALLCENTER_ESL_WORDS_H

#include "base/limits.h"
#include "channel/callcenter/esl.h"

#define ESL_WORDS_MESSAGES 2u
#define ESL_WORDS_FIELDS   24u /* of our own making, at most, in one message */
#define ESL_WORDS_NUMBERS  12u
#define ESL_NUMBER_BYTES   32u

/* All of it looks into the event and into itself. */
struct esl_words {
	size_t count;
	struct ami_message messages[ESL_WORDS_MESSAGES];
	size_t field_count;
	struct ami_field fields[LIMIT_AMI_FIELDS + ESL_WORDS_MESSAGES * ESL_WORDS_FIELDS];
	size_t number_count;
	char numbers[ESL_WORDS_NUMBERS][ESL_NUMBER_BYTES];
};

/* As many messages as the event says something of; none for others than events. */
void esl_words_of(const struct esl_message *event, struct esl_words *out_words);

/* One message made by hand, as the lists need it: begin, then put as often as wanted, then end. */
void esl_words_begin(struct esl_words *words, const char *event);
void esl_words_put(
	struct esl_words *words, const char *key, struct slice value); /* empty: left out */
void esl_words_end(struct esl_words *words);

#endif
