/* GET /status?repair=R123&phone=1234
 *
 * It must be no oracle.  Whether there is no such record or the proof does not fit, the answer is the same, and
 * it comes after the same time: the hub is asked the same two questions, and nothing is said before
 * `status.least`.  A client may ask so often, and a record may be guessed at so often: four digits of a
 * telephone number are ten thousand guesses.
 *
 * Guesses are counted twice, by record and network and by record alone.  Were there only the second, anybody
 * could keep a customer from his own repair, with five wrong guesses an hour; were there only the first, a
 * thousand machines could guess together.  So the record's own bucket is filled as quickly as one network's, but
 * is larger: no network alone can empty it, and in the long run all together guess no more often than one. */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "carehub/v1/website.pb-c.h"
#include "channel/website/lookup.h"
#include "channel/website/post.h"
#include "channel/website/question.h"
#include "wire/check.h"

#define MINUTE_US INT64_C(60000000)
#define HOUR_US   (60 * MINUTE_US)
/* Networks that may all have used up theirs before a record is told to nobody. */
#define NETWORKS 4
/* No customer has it: it is no multiple of what MOD 97-10 asks for. */
#define NOBODY 1u

enum { CUSTOMERS = 1, VIEW_CUSTOMER = 1 };

struct looking {
	struct task task; /* first */
	struct lookup lookup;
	char client[NETWORK_BYTES];
	int64_t until_us; /* nothing is said before */
	ProtobufCMessage *record;
	struct question *question; /* under way; NULL: none */
	struct buffer told;        /* what will be said, if it was found */
	bool decided;
	bool found;
	bool away; /* the hub could not be asked */
};

static void looking_free(struct task *task)
{
	struct looking *it = (struct looking *)(void *)task;
	question_forget(it->question);
	if (it->record != NULL)
		protobuf_c_message_free_unpacked(it->record, NULL);
	buffer_fini(&it->told);
	free(it);
}

/* ---- How often may be guessed ---- */

#define GUESS_BYTES (LOOKUP_TEXT_BYTES + NETWORK_BYTES + 16)

/* `client` is "" for all together. */
static void guess_key(const struct lookup *lookup, const char *client, char key[GUESS_BYTES])
{
	(void)snprintf(key, GUESS_BYTES, "%s %s %s", client,
		lookup->kind == LOOKUP_REPAIR ? "repair" : "order", lookup->id); /* fits */
}

static bool guess_take(const struct reception *reception, const struct lookup *lookup,
	const char *client, int64_t *out_retry_us)
{
	int64_t mistakes = reception->settings->status_mistakes;
	char key[GUESS_BYTES];
	guess_key(lookup, client, key);
	return limiter_take(reception->records, slice_text(key),
		client[0] != 0 ? mistakes : mistakes * NETWORKS, HOUR_US / mistakes,
		clock_steady_us(), out_retry_us);
}

static void guess_give_back(
	const struct reception *reception, const struct lookup *lookup, const char *client)
{
	char key[GUESS_BYTES];
	guess_key(lookup, client, key);
	limiter_give_back(reception->records, slice_text(key),
		HOUR_US / reception->settings->status_mistakes);
}

/* Each look-up is a mistake until it is answered, so that many at once are no more than one after another. */
static bool looking_may_guess(const struct reception *reception, const struct lookup *lookup,
	const char *client, int64_t *out_retry_us)
{
	if (!guess_take(reception, lookup, client, out_retry_us))
		return false;
	if (guess_take(reception, lookup, "", out_retry_us))
		return true;
	guess_give_back(reception, lookup, client);
	return false;
}

static void looking_was_no_mistake(const struct looking *it)
{
	guess_give_back(it->task.reception, &it->lookup, it->client);
	guess_give_back(it->task.reception, &it->lookup, "");
}

/* ---- The event ---- */

/* That he looked; many look-ups of one repair foretell a complaint. */
static void looking_report(struct looking *it)
{
	struct reception *reception = it->task.reception;
	Carehub__V1__WebsiteStatusViewed viewed = CAREHUB__V1__WEBSITE_STATUS_VIEWED__INIT;
	uint8_t random[16];
	char id[64] = "status/";
	if (reception->settings->status_source == NULL)
		return;
	if (it->lookup.kind == LOOKUP_REPAIR)
		viewed.repair_order_id = it->lookup.id;
	else
		viewed.order_id = it->lookup.id;
	viewed.found = CAREHUB__V1__ANSWER__ANSWER_YES;
	randombytes_buf(random, sizeof(random));
	(void)sodium_bin2hex(id + strlen(id), sizeof(id) - strlen(id), random, sizeof(random));
	const struct envelope envelope = {.id = slice_text(id),
		.source = slice_text(reception->settings->status_source),
		.time_us = clock_wall_us()};
	(void)post_event(reception, "website.status.viewed", &viewed.base, &envelope, NULL, NULL,
		NULL); /* its loss is nobody's harm */
}

/* ---- The answer ---- */

static void looking_say(struct task *task)
{
	struct looking *it = (struct looking *)(void *)task;
	struct answer *answer = visit_answer(task->visit);
	if (!it->decided || it->away) {
		looking_was_no_mistake(it);
		task_give_up(task);
		return;
	}
	answer->type = "application/json";
	if (it->found) {
		answer->status = 200;
		buffer_append_slice(&answer->body, buffer_slice(&it->told));
		looking_was_no_mistake(it);
		looking_report(it);
	} else {
		answer->status = 404;
		buffer_append_text(&answer->body,
			"{\"found\":false,\"detail\":\"there is no such record, or the proof does "
			"not fit\"}\n");
	}
	task_answer(task);
}

/* All is known; it is told when its time has come. */
static void looking_decide(struct looking *it, bool found)
{
	it->decided = true;
	it->found = found;
	it->task.due_us = it->until_us;
	if (it->until_us <= clock_steady_us())
		looking_say(&it->task);
}

static void looking_is_away(struct looking *it)
{
	it->away = true;
	looking_decide(it, false);
}

/* ---- What the hub knows ---- */

static Carehub__V1__CustomerReply *looking_unpack(const struct kit_reply *reply)
{
	char path[CHECK_PATH_BYTES];
	if (reply->status != CH_OK ||
		check_message(&carehub__v1__customer_reply__descriptor, reply->body, path) != CH_OK)
		return NULL;
	return carehub__v1__customer_reply__unpack(NULL, reply->body.len, reply->body.data);
}

static void looking_judge(void *context, const struct kit_reply *reply)
{
	struct looking *it = context;
	it->question = NULL;
	if (reply->status != CH_OK && reply->status != CH_NOT_FOUND) {
		looking_is_away(it);
		return;
	}
	Carehub__V1__CustomerReply *told = looking_unpack(reply);
	bool repair = it->lookup.kind == LOOKUP_REPAIR;
	bool fits = repair && it->record != NULL &&
		    lookup_fits_unit(&it->lookup, (const Carehub__V1__RepairOrder *)it->record);
	for (size_t i = 0; told != NULL && it->record != NULL && i < told->n_customers; i++) {
		const Carehub__V1__Customer *customer = told->customers[i]->customer;
		fits = fits || (customer != NULL && lookup_fits_customer(&it->lookup, customer));
	}
	if (fits && repair)
		lookup_tell_repair((const Carehub__V1__RepairOrder *)it->record,
			told != NULL && told->n_customers > 0 ? told->customers[0] : NULL,
			&it->told);
	else if (fits)
		lookup_tell_order((const Carehub__V1__Order *)it->record, &it->told);
	if (told != NULL)
		carehub__v1__customer_reply__free_unpacked(told, NULL);
	looking_decide(it, fits);
}

static void looking_learn(void *context, const struct kit_reply *reply)
{
	struct looking *it = context;
	uint64_t number = NOBODY;
	it->question = NULL;
	if (reply->status != CH_OK && reply->status != CH_NOT_FOUND) {
		looking_is_away(it);
		return;
	}
	bool repair = it->lookup.kind == LOOKUP_REPAIR;
	it->record = question_record(reply,
		repair ? &carehub__v1__repair_order__descriptor : &carehub__v1__order__descriptor);
	if (it->record != NULL)
		number = repair ? ((const Carehub__V1__RepairOrder *)it->record)->customer_number
				: ((const Carehub__V1__Order *)it->record)->customer_number;
	/* Asked in any case: a record that is not there must take as long as one that is. */
	if (question_ask_customer(it->task.reception->hub, number != 0 ? number : NOBODY,
		    it->task.reception->settings->answer_ms, looking_judge, it,
		    &it->question) != CH_OK)
		looking_is_away(it);
}

/* ---- The request ---- */

static bool looking_may(struct reception *reception, struct visit *visit,
	const struct lookup *lookup, const char *client)
{
	const struct website_settings *settings = reception->settings;
	char key[NETWORK_BYTES + 16];
	int64_t retry_us;
	(void)snprintf(key, sizeof(key), "status %s", client); /* fits */
	if (limiter_take(reception->limiter, slice_text(key), settings->status_rate,
		    MINUTE_US / settings->status_rate, clock_steady_us(), &retry_us) &&
		looking_may_guess(reception, lookup, client, &retry_us))
		return true;
	reception_busy(visit, retry_us);
	return false;
}

void route_status(struct reception *reception, struct visit *visit, struct slice name)
{
	const struct website_settings *settings = reception->settings;
	struct lookup lookup;
	struct refusal refusal;
	char client[NETWORK_BYTES];
	(void)name; /* there is none */
	if (!settings->status) {
		reception_refuse(visit, 404, "", "look-ups are not offered here");
		return;
	}
	if (lookup_read(visit_message(visit)->query, &lookup, &refusal) != CH_OK) {
		reception_say(visit, &refusal);
		return;
	}
	reception_client(reception, visit, client);
	if (!looking_may(reception, visit, &lookup, client))
		return;
	struct looking *it = calloc(1, sizeof(*it));
	if (it == NULL) {
		reception_away(visit);
		return;
	}
	it->lookup = lookup;
	memcpy(it->client, client, sizeof(it->client));
	it->until_us = clock_steady_us() + settings->status_least_ms * 1000;
	task_begin(&it->task, reception, visit, settings->answer_ms + settings->status_least_ms,
		looking_say, looking_free);
	if (question_ask_record(reception->hub, lookup.kind == LOOKUP_REPAIR ? "repairs" : "orders",
		    settings->scope, lookup.id, settings->answer_ms, looking_learn, it,
		    &it->question) != CH_OK)
		looking_is_away(it);
}
