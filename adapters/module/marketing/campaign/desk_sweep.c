/* Intents that no job sees to:
 *
 * | by | and | becomes |
 * |---|---|---|
 * | phone | a note, and the hub has the task that was taken back | sent |
 * | any | a note, and the campaign has ended | withheld, "ended" |
 * | any | a note | nothing: it is tried again when it is due |
 * | mail | | uncertain: somebody died over it |
 * | phone | the task was never said, or waits in the outbox | a note: he is judged anew |
 * | phone | the hub has the task | sent |
 * | phone | the hub did not take it | failed, "refused" | */
#include "carehub/v1/module.pb-c.h"
#include "module/marketing/book_tables.h"
#include "module/marketing/campaign/desk_inside.h"
#include "module/marketing/campaign/desk_notes.h"
#include "wire/pbedit.h"

static bool desk_is_job(const struct desk *desk, const struct ledger_place *place)
{
	for (uint32_t i = 0; i < desk->job_count; i++) {
		const struct job *job = &desk->jobs[i];
		if (job->state != JOB_FREE && job->intent.place.customer == place->customer &&
			job->intent.place.round == place->round &&
			strcmp(job->intent.place.campaign, place->campaign) == 0)
			return true;
	}
	return false;
}

static enum ch_status sweep_take_standing(
	struct desk *desk, struct book_txn *txn, const char *name, struct sweep *sweep)
{
	struct ledger_start start;
	const struct campaign *campaign = campaigns_find(&desk->campaigns, slice_text(name));
	if (strcmp(sweep->campaign, name) == 0)
		return CH_OK;
	enum ch_status status = ledger_start(txn, name, &start);
	if (status != CH_OK)
		return status;
	memcpy(sweep->campaign, name, strlen(name) + 1);
	sweep->runs = ledger_runs(&start);
	/* Without a definition nothing goes out; but while it runs whoever took that away may bring it back. */
	sweep->over = campaign != NULL ? campaign_is_over(campaign, desk->now_us) : !sweep->runs;
	return CH_OK;
}

/* One with a note: it goes out when it is due, unless nothing does any more, or it has: a task that was taken back was
 * on its way all the same. */
static enum ch_status sweep_noted(struct desk *desk, struct book_txn *txn,
	const struct ledger_place *place, struct sweep *sweep, enum job_todo *out_todo)
{
	bool asked = true;
	enum voice_stage stage = VOICE_UNSAID;
	char id[LEDGER_ID_BYTES];
	ledger_message_id(place, id);
	enum ch_status status = intent_stage(txn, id, "callback", &stage);
	if (status == CH_OK && stage == VOICE_SAID)
		*out_todo = TODO_SENT;
	if (status != CH_OK || stage == VOICE_SAID)
		return status;
	status = sweep_take_standing(desk, txn, place->campaign, sweep);
	if (status == CH_OK && !sweep->runs)
		status = ledger_was_asked_for(txn, place, &asked);
	if (status == CH_OK && (sweep->over || !asked))
		*out_todo = TODO_WITHHOLD;
	return status;
}

static enum ch_status sweep_task(
	struct book_txn *txn, const struct ledger_place *place, enum job_todo *out_todo)
{
	enum voice_stage stage = VOICE_UNSAID;
	char id[LEDGER_ID_BYTES];
	ledger_message_id(place, id);
	enum ch_status status = intent_stage(txn, id, "callback", &stage);
	if (stage == VOICE_SAID)
		*out_todo = TODO_SENT;
	else if (stage == VOICE_REFUSED)
		*out_todo = TODO_FAILED;
	else if (status == CH_OK)
		*out_todo = TODO_NOTE;
	return status;
}

static enum ch_status sweep_look(struct desk *desk, struct book_txn *txn,
	const struct ledger_place *place, struct sweep *sweep, enum job_todo *out_todo)
{
	struct ledger_message message;
	uint64_t channel = 0;
	bool has = false;
	char id[LEDGER_ID_BYTES];
	*out_todo = TODO_NOTHING;
	if (desk_is_job(desk, place))
		return CH_OK;
	/* It goes with the outcome: whoever has a note has none. */
	enum ch_status status = notes_has_place(txn, place, &has);
	if (status == CH_OK && has)
		return sweep_noted(desk, txn, place, sweep, out_todo);
	ledger_message_id(place, id);
	if (status == CH_OK)
		status = intent_has_outcome(txn, id, &has);
	if (status == CH_OK && !has)
		status = ledger_get(txn, place, &message);
	if (status != CH_OK || has)
		return status;
	(void)pbedit_get_uint(message.facts[LEDGER_INTENDED].data, 5, &channel);
	if (channel == CAMPAIGN_CHANNEL(PHONE))
		return sweep_task(txn, place, out_todo);
	*out_todo = TODO_UNCERTAIN;
	return CH_OK;
}

enum ch_status desk_sweep(struct desk *desk, struct book_txn *txn, struct sweep *sweep)
{
	struct book_walk *walk = NULL;
	struct slice key;
	struct slice value;
	enum ch_status status = book_walk_begin(
		txn, TABLE_CAMPAIGN_CARE, SLICE_LITERAL("o"), (struct slice){NULL, 0}, &walk);
	while (status == CH_OK && sweep->count < LOOK_OPEN) {
		struct ledger_place *place = &sweep->places[sweep->count];
		status = book_walk_next(walk, &key, &value);
		if (status == CH_OK && !ledger_place_of(slice_sub(key, 1, key.len), place))
			status = CH_CORRUPT;
		if (status == CH_OK)
			status = sweep_look(desk, txn, place, sweep, &sweep->todo[sweep->count]);
		if (status == CH_OK && sweep->todo[sweep->count] != TODO_NOTHING)
			sweep->count++;
	}
	book_walk_end(walk);
	return status == CH_END ? CH_OK : status;
}

/* ---- What is said of them ---- */

static enum ch_status sweep_say(
	struct book_txn *txn, const struct intent *intent, enum job_todo todo, int64_t now_us)
{
	const struct mail_result nobody = {.stage = MAIL_CONNECT};
	notes_drop_place(txn, &intent->place);
	switch (todo) {
	case TODO_UNCERTAIN:
		return intent_say_uncertain(txn, intent, "process_ended", 0, now_us);
	case TODO_SENT:
		return intent_say_sent(txn, intent, 0, now_us);
	case TODO_FAILED:
		return intent_say_failed(txn, intent, "refused", &nobody, now_us);
	case TODO_WITHHOLD:
		return intent_say_withheld(txn, intent, "ended", true, now_us);
	case TODO_NOTE:
		intent_take_back_callback(txn, intent->id);
		notes_put(txn, &(struct desk_note){.place = intent->place, .due_us = now_us});
		return book_status(txn);
	default:
		return CH_INTERNAL;
	}
}

/* All of it is told as the message was meant: its campaign may be another by now, or gone. */
static enum ch_status sweep_write(struct desk *desk, struct book_txn *txn,
	const struct ledger_place *place, enum job_todo todo, int64_t now_us)
{
	struct intent intent;
	struct ledger_message message;
	enum ch_status status = ledger_get(txn, place, &message);
	if (status != CH_OK)
		return status;
	const struct slice data = message.facts[LEDGER_INTENDED].data;
	Carehub__V1__MarketingMessageIntended *meant =
		carehub__v1__marketing_message_intended__unpack(NULL, data.len, data.data);
	if (meant == NULL)
		return CH_NOMEM;
	intent_init(&intent, place, NULL, &desk->key);
	intent_recall(&intent, meant);
	status = sweep_say(txn, &intent, todo, now_us);
	carehub__v1__marketing_message_intended__free_unpacked(meant, NULL);
	return status;
}

enum ch_status desk_write_swept(
	struct desk *desk, const struct sweep *sweep, struct book_txn *txn, int64_t now_us)
{
	enum ch_status status = CH_OK;
	for (size_t i = 0; i < sweep->count && status == CH_OK; i++)
		status = sweep_write(desk, txn, &sweep->places[i], sweep->todo[i], now_us);
	return status;
}

void desk_count_swept(struct desk *desk, const struct sweep *sweep)
{
	for (size_t i = 0; i < sweep->count; i++) {
		const char *campaign = sweep->places[i].campaign;
		if (sweep->todo[i] == TODO_UNCERTAIN)
			campaign_meter_count(desk->meter, campaign, METER_UNCERTAIN);
		else if (sweep->todo[i] == TODO_SENT)
			campaign_meter_count(desk->meter, campaign, METER_SENT);
		else if (sweep->todo[i] == TODO_FAILED)
			campaign_meter_count(desk->meter, campaign, METER_REFUSED);
		else if (sweep->todo[i] == TODO_WITHHOLD)
			campaign_meter_withheld(desk->meter, campaign, "ended");
	}
}
