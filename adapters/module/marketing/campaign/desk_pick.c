#include "base/log.h"
#include "module/marketing/book_tables.h"
#include "module/marketing/campaign/desk_inside.h"
#include "module/marketing/campaign/desk_notes.h"
#include "wire/pbedit.h"

/* ---- Who is next ---- */

bool campaign_is_over(const struct campaign *campaign, int64_t now_us)
{
	return now_us >= campaign->ends_us;
}

/* Whether the definition is the one that was started; told once when it is not. */
static bool desk_is_version(
	const struct campaign *campaign, const struct ledger_start *start, struct pass *pass)
{
	const uint32_t version_field = 3;
	struct slice data = start->started.data;
	struct slice version = {NULL, 0};
	if (pbedit_get_bytes(data, version_field, &version) &&
		slice_equal(version, slice_text(campaign->version)))
		return true;
	if (!pass->complained)
		log_warning("campaign.changed",
			"campaign=%s: the definition is not the one that was started; "
			"start it again",
			campaign->id);
	pass->complained = true;
	return false;
}

/* A mail wants a server, and the configuration has none. */
static bool desk_can_send(
	const struct desk *desk, const struct campaign *campaign, struct pass *pass)
{
	if (desk->office != NULL || campaign->channel == CAMPAIGN_CHANNEL(PHONE))
		return true;
	if (!pass->complained)
		log_error("campaign.no_server",
			"campaign=%s: it goes by mail, and mail.host is not set", campaign->id);
	pass->complained = true;
	return false;
}

/* How each campaign stands in the journal. */
static enum ch_status desk_take_standings(struct desk *desk, struct book_txn *txn)
{
	for (size_t i = 0; i < desk->campaigns.count; i++) {
		const struct campaign *campaign = &desk->campaigns.items[i];
		struct pass *pass = &desk->passes[i];
		struct ledger_start start;
		enum ch_status status = ledger_start(txn, campaign->id, &start);
		if (status != CH_OK)
			return status;
		if (pass->start != start.start)
			*pass = (struct pass){.start = start.start};
		pass->runs = ledger_runs(&start);
		pass->fits = pass->runs && desk_is_version(campaign, &start, pass) &&
			     desk_can_send(desk, campaign, pass);
	}
	return CH_OK;
}

/* Whether a message that was meant may go on; the sweep sees to those that never will. */
static enum ch_status desk_goes_on(struct desk *desk, struct book_txn *txn,
	const struct campaign *campaign, const struct ledger_place *place, bool *out_goes_on)
{
	bool asked = false;
	enum ch_status status = CH_OK;
	bool fits = desk_pass_of(desk, campaign->id)->fits;
	if (!fits)
		status = ledger_was_asked_for(txn, place, &asked);
	if (status == CH_OK)
		*out_goes_on = (fits || asked) && !campaign_is_over(campaign, desk->now_us);
	return status;
}

/* What the journal says of a noted one: whether its intent may still come; or `out_meant_us`, when it was meant, 0
 * when the note is void.  An operator has settled it, a restore has taken it, or it is another desk's. */
static enum ch_status desk_look_up_note(struct book_txn *txn, const struct desk_note *note,
	bool *out_may_come, int64_t *out_meant_us)
{
	const uint32_t nonce_field = 13;
	enum voice_stage stage = VOICE_UNSAID;
	struct ledger_message message;
	uint64_t nonce = 0;
	char id[LEDGER_ID_BYTES];
	enum ch_status status = ledger_get(txn, &note->place, &message);
	*out_may_come = false;
	*out_meant_us = 0;
	if (status == CH_OK && ledger_state(&message) == LEDGER_IS_OPEN) {
		const struct ledger_fact *intended = &message.facts[LEDGER_INTENDED];
		/* A task that was taken back, and was on its way all the same: see the sweep. */
		ledger_message_id(&note->place, id);
		status = intent_stage(txn, id, "callback", &stage);
		if (status != CH_OK || stage == VOICE_SAID)
			return status;
		(void)pbedit_get_uint(intended->data, nonce_field, &nonce);
		if (note->nonce == 0 || note->nonce == nonce)
			*out_meant_us = stamp_time(&intended->stamp);
		return CH_OK;
	}
	if (status == CH_OK && message.facts[LEDGER_INTENDED].there)
		return CH_OK;
	if (status != CH_OK && status != CH_NOT_FOUND)
		return status;
	ledger_message_id(&note->place, id);
	status = intent_stage(txn, id, "intended", &stage);
	if (status == CH_OK)
		*out_may_come = note->nonce != 0 && (stage == VOICE_WAITING || stage == VOICE_SAID);
	return status;
}

static enum ch_status desk_pick_note(
	struct desk *desk, struct book_txn *txn, const struct desk_note *note)
{
	bool goes_on = false;
	bool may_come = false;
	int64_t meant_us = 0;
	const struct campaign *campaign =
		campaigns_find(&desk->campaigns, slice_text(note->place.campaign));
	if (campaign == NULL || desk_free_job(desk, campaign) == NULL ||
		desk_leaves_alone(desk, note->place.customer))
		return CH_OK;
	enum ch_status status = desk_goes_on(desk, txn, campaign, &note->place, &goes_on);
	if (status == CH_OK && goes_on)
		status = desk_look_up_note(txn, note, &may_come, &meant_us);
	if (status != CH_OK || !goes_on || may_come)
		return status;
	struct job *job = desk_pick(desk, &note->place, campaign);
	job->intent.attempts = note->attempts;
	job->noted_us = note->due_us;
	job->intended_us = meant_us;
	if (meant_us == 0)
		job_finish(job, TODO_NOTHING, "");
	return CH_OK;
}

/* Deferred ones whose time has come. */
static enum ch_status desk_pick_noted(struct desk *desk, struct book_txn *txn)
{
	struct desk_note note;
	struct notes_walk *walk = NULL;
	enum ch_status status = notes_begin(txn, &walk);
	while (status == CH_OK && desk_has_room(desk)) {
		status = notes_next(walk, &note);
		if (status == CH_OK && note.due_us > desk->now_us)
			break;
		if (status == CH_OK)
			status = desk_pick_note(desk, txn, &note);
	}
	notes_end(walk);
	if (status == CH_END)
		status = CH_OK;
	/* Nobody is put off for longer: it was before the clock was set back. */
	enum ch_status last = status == CH_OK ? notes_last(txn, &note) : status;
	if (last == CH_OK && note.due_us > desk->now_us + RETRY_MOST_US && desk_has_room(desk))
		return desk_pick_note(desk, txn, &note);
	return last == CH_NOT_FOUND ? CH_OK : last;
}

/* The hub was restored from a backup since it was meant: nobody knows whether it was sent.  A task is said again,
 * and is one all the same. */
static enum ch_status job_was_meant(struct job *job, struct book_txn *txn)
{
	if (job->intent.channel == CAMPAIGN_CHANNEL(PHONE))
		return CH_OK;
	return intent_was_meant(txn, job->intent.id, &job->meant);
}

static enum ch_status desk_pick_resend(
	struct desk *desk, struct book_txn *txn, const struct ledger_place *place)
{
	enum voice_stage stage = VOICE_WAITING;
	char id[LEDGER_ID_BYTES];
	const struct campaign *campaign =
		campaigns_find(&desk->campaigns, slice_text(place->campaign));
	if (campaign == NULL || campaign_is_over(campaign, desk->now_us) ||
		desk_free_job(desk, campaign) == NULL || desk_leaves_alone(desk, place->customer))
		return CH_OK;
	ledger_message_id(place, id);
	enum ch_status status = intent_stage(txn, id, "intended", &stage);
	if (status != CH_OK || stage != VOICE_UNSAID)
		return status;
	return job_was_meant(desk_pick(desk, place, campaign), txn);
}

/* Those that an operator wants sent once more. */
static enum ch_status desk_pick_resends(struct desk *desk, struct book_txn *txn)
{
	struct book_walk *walk = NULL;
	struct slice key;
	struct slice value;
	enum ch_status status = book_walk_begin(
		txn, TABLE_CAMPAIGN_CARE, SLICE_LITERAL("r"), (struct slice){NULL, 0}, &walk);
	while (status == CH_OK && desk_has_room(desk)) {
		struct ledger_place place;
		status = book_walk_next(walk, &key, &value);
		if (status == CH_OK && !ledger_place_of(slice_sub(key, 1, key.len), &place))
			status = CH_CORRUPT;
		if (status != CH_OK)
			break;
		place.round++;
		status = desk_pick_resend(desk, txn, &place);
	}
	book_walk_end(walk);
	return status == CH_END ? CH_OK : status;
}

/* Whether this member is passed by: he has had it or is to have it; or nobody can say yet, and the pass is told so.  If
 * not, the round of `place` is that of his message. */
static enum ch_status desk_passes_by(struct desk *desk, struct book_txn *txn, struct pass *pass,
	struct ledger_place *place, bool *out_by)
{
	enum voice_stage stage = VOICE_UNSAID;
	struct ledger_reach reach;
	char id[LEDGER_ID_BYTES];
	/* Perhaps for another campaign's message, which says nothing of ours. */
	if (desk_leaves_alone(desk, place->customer)) {
		pass->left_out = true;
		*out_by = true;
		return CH_OK;
	}
	enum ch_status status = ledger_reached(txn, place->campaign, place->customer, &reach);
	if (status != CH_OK)
		return status;
	place->round = reach.round;
	bool by = reach.reached;
	if (reach.open) {
		/* Perhaps it was called off, before the campaign was started again. */
		ledger_message_id(&reach.by, id);
		status = intent_stage(txn, id, "withheld", &stage);
	} else if (!by) {
		/* Perhaps there is an earlier life's intent. */
		ledger_message_id(place, id);
		status = intent_stage(txn, id, "intended", &stage);
		by = stage != VOICE_UNSAID;
	}
	if (status != CH_OK)
		return status;
	/* Said, and not back from the journal. */
	pass->left_out |= stage == VOICE_WAITING || stage == VOICE_SAID;
	*out_by = by;
	return CH_OK;
}

static void pass_begin_anew(struct pass *pass)
{
	int64_t rest_us = pass->looked * LOOK_AGAIN_US;
	pass->rest_us = rest_us > SECOND_US ? rest_us : SECOND_US;
	pass->looked = 0;
	pass->cursor = 0;
}

/* Looks on through the segment of one campaign. */
static enum ch_status desk_pass(struct desk *desk, struct book_txn *txn,
	const struct campaign *campaign, struct pass *pass, uint32_t *looks)
{
	enum ch_status status = CH_OK;
	pass->looking = false;
	while (status == CH_OK && *looks > 0 && desk_free_job(desk, campaign) != NULL) {
		struct ledger_place place = {.customer = 0};
		bool by = true;
		memcpy(place.campaign, campaign->id, sizeof(campaign->id));
		status = desk->ports.member(
			desk->ports.context, txn, campaign->segment, pass->cursor, &place.customer);
		if (status == CH_END) {
			pass_begin_anew(pass);
			pass->through = !pass->left_out;
			pass->next_us =
				desk->now_us +
				(pass->left_out ? pass->rest_us : campaign->repeat_ms * 1000);
			pass->left_out = false;
			return CH_OK;
		}
		if (status == CH_RETRY) {
			pass_begin_anew(pass); /* whoever was looked at is passed by quickly */
			pass->next_us = desk->now_us + pass->rest_us;
			return CH_OK;
		}
		if (status == CH_NOT_FOUND) {
			if (!pass->complained)
				log_error("campaign.no_segment", "campaign=%s segment=%s",
					campaign->id, campaign->segment);
			pass->complained = true;
			return CH_OK;
		}
		(*looks)--;
		pass->looked++;
		if (status == CH_OK)
			status = desk_passes_by(desk, txn, pass, &place, &by);
		if (status != CH_OK)
			break;
		pass->cursor = place.customer;
		if (!by) {
			struct job *job = desk_pick(desk, &place, campaign);
			job->member = true;
			status = job_was_meant(job, txn);
		}
	}
	pass->looking = true;
	return status;
}

/* Done when everybody was looked at and nobody's outcome is open. */
static enum ch_status desk_may_end(
	struct desk *desk, struct book_txn *txn, const struct campaign *campaign, struct pass *pass)
{
	bool open = true;
	if (campaign->repeat_ms > 0 || desk_has_campaign(desk, campaign))
		return CH_OK;
	enum ch_status status = ledger_cares(txn, 'w', campaign->id, &open);
	if (status == CH_OK && !open)
		status = ledger_cares(txn, 'o', campaign->id, &open);
	if (status == CH_OK && !open)
		pass->end = "done";
	return status;
}

static enum ch_status desk_pick_from(struct desk *desk, struct book_txn *txn,
	const struct campaign *campaign, struct pass *pass, uint32_t *looks)
{
	int64_t now_us = desk->now_us;
	if (!pass->runs || pass->ended) /* said, and not back from the journal yet */
		return CH_OK;
	if (campaign_is_over(campaign, now_us)) {
		if (!desk_has_campaign(desk, campaign))
			pass->end = "over";
		return CH_OK;
	}
	if (!pass->fits)
		return CH_OK;
	if (pass->through && campaign->repeat_ms > 0 && now_us >= pass->next_us) {
		pass->through = false;
		pass->cursor = 0;
	}
	if (pass->through)
		return desk_may_end(desk, txn, campaign, pass);
	if (pass->cursor > 0 || now_us >= pass->next_us)
		return desk_pass(desk, txn, campaign, pass, looks);
	return CH_OK;
}

static enum ch_status desk_pick_members(struct desk *desk, struct book_txn *txn)
{
	size_t count = desk->campaigns.count;
	uint32_t looks = LOOK_MEMBERS;
	enum ch_status status = CH_OK;
	for (size_t i = 0; i < count && status == CH_OK; i++) {
		size_t at = (desk->first + i) % count;
		status = desk_pick_from(
			desk, txn, &desk->campaigns.items[at], &desk->passes[at], &looks);
	}
	desk->first++;
	return status;
}

enum ch_status desk_pick_next(struct desk *desk, struct book_txn *txn)
{
	enum ch_status status = desk_take_standings(desk, txn);
	if (status == CH_OK)
		status = desk_pick_noted(desk, txn);
	if (status == CH_OK)
		status = desk_pick_resends(desk, txn);
	if (status == CH_OK)
		status = desk_pick_members(desk, txn);
	return status;
}
