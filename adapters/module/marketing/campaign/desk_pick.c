#include "base/log.h"
#include "module/marketing/book_tables.h"
#include "module/marketing/campaign/desk_inside.h"
#include "module/marketing/campaign/desk_notes.h"
#include "wire/pbedit.h"

/* ---- Who is next ---- */

static bool campaign_is_over(const struct campaign *campaign, int64_t now_us)
{
	return now_us >= campaign->ends_us;
}

/* Deferred ones whose time has come. */
static enum ch_status desk_pick_noted(struct desk *desk, struct book_txn *txn)
{
	struct desk_note note;
	struct notes_walk *walk = NULL;
	enum ch_status status = notes_begin(txn, &walk);
	while (status == CH_OK && desk_free_job(desk) != NULL) {
		struct ledger_message message;
		struct ledger_start start;
		bool asked = false;
		status = notes_next(walk, &note);
		if (status != CH_OK || note.due_us > desk->turn->now_us)
			break;
		const struct campaign *campaign =
			campaigns_find(&desk->campaigns, slice_text(note.place.campaign));
		if (campaign == NULL || desk_has_customer(desk, note.place.customer))
			continue;
		status = ledger_get(txn, &note.place, &message);
		if (status == CH_OK)
			status = ledger_start(txn, note.place.campaign, &start);
		if (status == CH_OK)
			status = ledger_was_asked_for(txn, &note.place, &asked);
		if (status != CH_OK)
			break;
		struct job *job = desk_pick(desk, &note.place, campaign);
		job->intent.attempts = note.attempts;
		job->noted_us = note.due_us;
		job->intended_us = stamp_time(&message.facts[LEDGER_INTENDED].stamp);
		if (ledger_state(&message) != LEDGER_IS_OPEN)
			job_finish(job, TODO_NOTHING, ""); /* an operator has settled it */
		else if (campaign_is_over(campaign, desk->turn->now_us) ||
			 (!ledger_runs(&start) && !asked))
			job_finish(job, TODO_WITHHOLD, "ended");
	}
	notes_end(walk);
	return status == CH_END ? CH_OK : status;
}

/* Those that an operator wants sent once more. */
static enum ch_status desk_pick_resends(struct desk *desk, struct book_txn *txn)
{
	struct book_walk *walk = NULL;
	struct slice key;
	struct slice value;
	enum ch_status status = book_walk_begin(
		txn, TABLE_CAMPAIGN_CARE, SLICE_LITERAL("r"), (struct slice){NULL, 0}, &walk);
	while (status == CH_OK && desk_free_job(desk) != NULL) {
		struct ledger_place place;
		enum voice_stage stage;
		char id[LEDGER_ID_BYTES];
		status = book_walk_next(walk, &key, &value);
		if (status != CH_OK)
			break;
		if (!ledger_place_of(slice_sub(key, 1, key.len), &place)) {
			status = CH_CORRUPT;
			break;
		}
		place.round++;
		const struct campaign *campaign =
			campaigns_find(&desk->campaigns, slice_text(place.campaign));
		if (campaign == NULL || campaign_is_over(campaign, desk->turn->now_us) ||
			desk_has_customer(desk, place.customer))
			continue;
		ledger_message_id(&place, id);
		status = intent_stage(txn, id, "intended", &stage);
		if (status == CH_OK && stage == VOICE_UNSAID)
			(void)desk_pick(desk, &place, campaign);
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
	char id[LEDGER_ID_BYTES];
	bool by = true;
	/* Perhaps with another campaign's message, which says nothing of ours. */
	if (desk_has_customer(desk, place->customer)) {
		pass->left_out = true;
		*out_by = true;
		return CH_OK;
	}
	enum ch_status status =
		ledger_reached(txn, place->campaign, place->customer, &place->round, &by);
	if (status == CH_OK && !by) {
		ledger_message_id(place, id);
		status = intent_stage(txn, id, "intended", &stage);
		by = stage != VOICE_UNSAID;
		/* An earlier life's intent, that is not back from the journal. */
		pass->left_out |= status == CH_OK && stage == VOICE_WAITING;
	}
	if (status == CH_OK)
		*out_by = by;
	return status;
}

/* Looks on through the segment of one campaign. */
static enum ch_status desk_pass(struct desk *desk, struct book_txn *txn,
	const struct campaign *campaign, struct pass *pass, uint32_t *looks)
{
	enum ch_status status = CH_OK;
	while (status == CH_OK && *looks > 0 && desk_free_job(desk) != NULL) {
		struct ledger_place place = {.customer = 0};
		bool by = true;
		memcpy(place.campaign, campaign->id, sizeof(campaign->id));
		status = desk->ports.member(
			desk->ports.context, txn, campaign->segment, pass->cursor, &place.customer);
		if (status == CH_END) {
			pass->cursor = 0;
			pass->through = !pass->left_out;
			pass->next_us = desk->now_us +
					(pass->left_out ? SECOND_US : campaign->repeat_ms * 1000);
			pass->left_out = false;
			return CH_OK;
		}
		if (status == CH_RETRY) {
			pass->cursor = 0; /* whoever was looked at is passed by quickly */
			pass->next_us = desk->now_us + SECOND_US;
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
		if (status == CH_OK)
			status = desk_passes_by(desk, txn, pass, &place, &by);
		if (status != CH_OK)
			break;
		pass->cursor = place.customer;
		if (!by) {
			struct job *job = desk_pick(desk, &place, campaign);
			job->member = true;
			/* A task is said again, and is one all the same. */
			if (campaign->channel != CAMPAIGN_CHANNEL(PHONE))
				status = intent_was_meant(txn, job->intent.id, &job->meant);
		}
	}
	desk->looking = true;
	return status;
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

static enum ch_status desk_pick_members(struct desk *desk, struct book_txn *txn)
{
	uint32_t looks = LOOK_MEMBERS;
	enum ch_status status = CH_OK;
	for (size_t i = 0; i < desk->campaigns.count && status == CH_OK; i++) {
		const struct campaign *campaign = &desk->campaigns.items[i];
		struct pass *pass = &desk->passes[i];
		struct ledger_start start;
		status = ledger_start(txn, campaign->id, &start);
		if (status != CH_OK || !ledger_runs(&start))
			continue;
		if (pass->start != start.start)
			*pass = (struct pass){.start = start.start};
		if (pass->ended)
			continue; /* said, and not back from the journal yet */
		if (campaign_is_over(campaign, desk->turn->now_us)) {
			if (!desk_has_campaign(desk, campaign))
				pass->end = "over";
			continue;
		}
		if (!desk_is_version(campaign, &start, pass))
			continue;
		if (pass->through && campaign->repeat_ms > 0 &&
			desk->turn->now_us >= pass->next_us) {
			pass->through = false;
			pass->cursor = 0;
		}
		if (pass->through)
			status = desk_may_end(desk, txn, campaign, pass);
		else if (pass->cursor > 0 || desk->now_us >= pass->next_us)
			status = desk_pass(desk, txn, campaign, pass, &looks);
	}
	return status;
}

/* Whether a new mail may be begun now. */
bool desk_may_begin(const struct desk *desk)
{
	int64_t now_us = desk->turn->now_us;
	if (desk->turn->connection == NULL || now_us < desk->next_mail_us)
		return false;
	if (desk->hold_us == 0)
		return true;
	/* One is tried; the others wait for how it goes. */
	return now_us >= desk->held_until_us && desk_busy(desk) == 0;
}

enum ch_status desk_pick_next(struct desk *desk, struct book_txn *txn)
{
	uint32_t count = desk->job_count;
	if (desk->hold_us > 0)
		desk->job_count = 1; /* one is tried */
	enum ch_status status = desk_pick_noted(desk, txn);
	if (status == CH_OK)
		status = desk_pick_resends(desk, txn);
	if (status == CH_OK)
		status = desk_pick_members(desk, txn);
	desk->job_count = count;
	return status;
}
