#include "module/marketing/campaign/campaign_meter.h"

#include <stdlib.h>

#include "module/marketing/book_tables.h"
#include "module/marketing/campaign/campaign_ledger.h"

#define OTHERS "others"

struct meter_row {
	char campaign[LEDGER_CAMPAIGN_BYTES];
	struct metric *outcomes[METER_OUTCOMES];
	struct metric *waiting;
	struct metric *uncertain;
	int64_t waiting_now;
	int64_t uncertain_now;
};

struct campaign_meter {
	struct metrics *metrics;
	struct metric *held;
	struct meter_row rows[METER_CAMPAIGNS + 1]; /* the last is the others' */
	size_t count;
};

static const char *const outcomes[METER_OUTCOMES] = {
	[METER_SENT] = "sent",
	[METER_DEFERRED] = "deferred",
	[METER_REFUSED] = "refused",
	[METER_GAVE_UP] = "gave_up",
	[METER_UNCERTAIN] = "uncertain",
	[METER_WITHHELD] = "withheld",
};

enum ch_status campaign_meter_create(struct metrics *metrics, struct campaign_meter **out_meter)
{
	struct campaign_meter *meter = calloc(1, sizeof(*meter));
	if (meter == NULL)
		return CH_NOMEM;
	meter->metrics = metrics;
	if (metrics != NULL)
		meter->held = metric_gauge(metrics, "carehub_module_mail_held_seconds",
			"For so long the mail server is left alone, because it wanted none of us.",
			NULL);
	*out_meter = meter;
	return CH_OK;
}

void campaign_meter_free(struct campaign_meter *meter)
{
	free(meter);
}

/* The campaign's own row, made when it is first seen; or the others'. */
static struct meter_row *meter_row(struct campaign_meter *meter, const char *campaign)
{
	for (size_t i = 0; i < meter->count; i++) {
		if (strcmp(meter->rows[i].campaign, campaign) == 0)
			return &meter->rows[i];
	}
	bool others = meter->count >= METER_CAMPAIGNS;
	if (meter->count > METER_CAMPAIGNS)
		return &meter->rows[METER_CAMPAIGNS];
	struct meter_row *row = &meter->rows[meter->count++];
	const char *label = others ? OTHERS : campaign;
	memcpy(row->campaign, label, strlen(label) + 1);
	for (int i = 0; i < METER_OUTCOMES; i++)
		row->outcomes[i] = metric_counter(meter->metrics,
			"carehub_module_campaign_messages", "What became of a campaign's messages.",
			"campaign", label, "outcome", outcomes[i], NULL);
	row->waiting = metric_gauge(meter->metrics, "carehub_module_campaign_waiting",
		"Messages that are meant to be sent and have no outcome yet.", "campaign", label,
		NULL);
	row->uncertain = metric_gauge(meter->metrics, "carehub_module_campaign_uncertain",
		"Messages of which nobody knows whether they arrived.", "campaign", label, NULL);
	return row;
}

void campaign_meter_count(
	struct campaign_meter *meter, const char *campaign, enum meter_outcome outcome)
{
	if (meter->metrics != NULL)
		metric_add(meter_row(meter, campaign)->outcomes[outcome], 1);
}

void campaign_meter_withheld(struct campaign_meter *meter, const char *campaign, const char *reason)
{
	if (meter->metrics == NULL)
		return;
	campaign_meter_count(meter, campaign, METER_WITHHELD);
	/* Reasons are constant text, ten or so. */
	metric_add(metric_counter(meter->metrics, "carehub_module_campaign_withheld",
			   "Why messages were withheld.", "reason", reason, NULL),
		1);
}

void campaign_meter_hold(struct campaign_meter *meter, int64_t seconds)
{
	metric_set(meter->held, seconds);
}

/* Adds up one kind of campaign.care. */
static enum ch_status meter_walk(struct campaign_meter *meter, struct book_txn *txn, char kind)
{
	const uint8_t byte = (uint8_t)kind;
	struct book_walk *walk = NULL;
	struct slice key;
	struct slice value;
	enum ch_status status = book_walk_begin(
		txn, TABLE_CAMPAIGN_CARE, slice_of(&byte, 1), (struct slice){NULL, 0}, &walk);
	for (uint32_t i = 0; status == CH_OK && i < METER_ROWS; i++) {
		struct ledger_place place;
		status = book_walk_next(walk, &key, &value);
		if (status == CH_OK && !ledger_place_of(slice_sub(key, 1, key.len), &place))
			status = CH_CORRUPT;
		if (status != CH_OK)
			break;
		struct meter_row *row = meter_row(meter, place.campaign);
		if (kind == 'o')
			row->waiting_now++;
		else
			row->uncertain_now++;
	}
	book_walk_end(walk);
	return status == CH_END ? CH_OK : status;
}

enum ch_status campaign_meter_look(struct campaign_meter *meter, struct book_txn *txn)
{
	if (meter->metrics == NULL)
		return CH_OK;
	for (size_t i = 0; i < meter->count; i++) {
		meter->rows[i].waiting_now = 0;
		meter->rows[i].uncertain_now = 0;
	}
	enum ch_status status = meter_walk(meter, txn, 'o');
	if (status == CH_OK)
		status = meter_walk(meter, txn, 'u');
	for (size_t i = 0; i < meter->count && status == CH_OK; i++) {
		metric_set(meter->rows[i].waiting, meter->rows[i].waiting_now);
		metric_set(meter->rows[i].uncertain, meter->rows[i].uncertain_now);
	}
	return status;
}
