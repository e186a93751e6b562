/* What an operator says of campaigns.  Nothing is done here: it is in the journal, and the running module does it. */
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "carehub/v1/module.pb-c.h"
#include "module/marketing/campaign/command_inside.h"
#include "wire/pbedit.h"

#define PUBLISH_MS 10000

#define OPERATOR_BYTES 64u

/* As this machine knows him. */
static const char *operator_name(char out[OPERATOR_BYTES])
{
	const struct passwd *known = getpwuid(getuid());
	if (known != NULL)
		(void)snprintf(out, OPERATOR_BYTES, "%s", known->pw_name);
	else
		(void)snprintf(out, OPERATOR_BYTES, "uid %u", (unsigned)getuid());
	return out;
}

/* One event, and what the hub says to it. */
static int operator_say(const struct request *request, const char *type, const char *id,
	const ProtobufCMessage *message)
{
	struct ch_connection *connection = NULL;
	struct ch_receipt receipt = {.outcome = CH_OUTCOME_NONE};
	struct ch_event *event = ch_event_create();
	int64_t now_us = clock_wall_us();
	enum ch_status status = event != NULL ? command_connect(request, &connection) : CH_NOMEM;
	int result = 0;
	if (status == CH_OK) {
		ch_event_set_text(event, CH_ID, id);
		ch_event_set_text(event, CH_SOURCE, request->module->source);
		ch_event_set_text(event, CH_TYPE, type);
		ch_event_set_time(event, now_us, now_us);
		(void)ch_event_set_message(event, message); /* it sticks */
		status = ch_publish(connection, event, PUBLISH_MS, &receipt);
	}
	if (status == CH_CONFLICT)
		result = command_fail(type, "somebody has just said so");
	else if (status != CH_OK)
		result = command_fail(
			"the hub", receipt.detail[0] != 0
					   ? receipt.detail
					   : (ch_error_detail()[0] != 0 ? ch_error_detail()
									: ch_status_text(status)));
	else
		(void)printf("%s: entry %llu\n", type, (unsigned long long)receipt.sequence);
	ch_close(connection);
	ch_event_free(event);
	return result;
}

int operator_run(struct command_view *view, const struct campaign *campaign)
{
	Carehub__V1__MarketingCampaignStarted started =
		CAREHUB__V1__MARKETING_CAMPAIGN_STARTED__INIT;
	struct campaign words = *campaign; /* the schema's texts are not const */
	struct ledger_start start;
	struct slice version = {NULL, 0};
	const uint32_t version_field = 3;
	char operator_id[OPERATOR_BYTES];
	char id[VOICE_ID_BYTES];
	uint8_t number[4];
	enum ch_status status = ledger_start(view->book.txn, campaign->id, &start);
	if (status != CH_OK)
		return command_fail("the book", ch_status_text(status));
	if (!command_has_segment(view, campaign))
		return command_fail(campaign->segment, "there is no such segment");
	if (campaign->ends_us <= clock_wall_us())
		return command_fail(campaign->id, "campaign.ends has passed");
	if (campaign->channel == CAMPAIGN_CHANNEL(EMAIL) && view->settings->host == NULL)
		return command_fail(campaign->id, "goes by mail, and mail.host is not set");
	(void)pbedit_get_bytes(start.started.data, version_field, &version);
	if (ledger_runs(&start) && slice_equal(version, slice_text(campaign->version)))
		return command_fail(campaign->id, "runs already");
	(void)operator_name(operator_id);
	started.campaign_id = words.id;
	started.start = start.start + 1;
	started.definition_version = words.version;
	started.segment_id = words.segment;
	started.purpose = (Carehub__V1__ConsentPurpose)words.purpose;
	started.channel = (Carehub__V1__ContactChannel)words.channel;
	started.template_id = words.text;
	started.template_version = words.text_version;
	if (words.survey != NULL)
		started.survey_id = words.survey;
	started.operator_id = operator_id;
	store_le32(number, started.start);
	voice_id("started", (struct slice[]){slice_text(campaign->id), slice_of(number, 4)}, 2, id);
	return operator_say(view->request, "marketing.campaign.started", id, &started.base);
}

int operator_stop(struct command_view *view, const struct campaign *campaign)
{
	Carehub__V1__MarketingCampaignEnded ended = CAREHUB__V1__MARKETING_CAMPAIGN_ENDED__INIT;
	const char *name = view->request->words[0];
	char campaign_id[LIMIT_CAMPAIGN_ID_BYTES];
	struct ledger_start start;
	char stopped[] = "stopped";
	char operator_id[OPERATOR_BYTES];
	char id[VOICE_ID_BYTES];
	uint8_t number[4];
	(void)campaign; /* by its name alone: its file may be gone, or cannot be read */
	int len = snprintf(campaign_id, sizeof(campaign_id), "%s", name);
	if (len < 0 || (size_t)len >= sizeof(campaign_id) || !command_knows(view, name))
		return command_fail(name, "there is no such campaign");
	enum ch_status status = ledger_start(view->book.txn, name, &start);
	if (status != CH_OK)
		return command_fail("the book", ch_status_text(status));
	if (!ledger_runs(&start))
		return command_fail(name, "does not run");
	(void)operator_name(operator_id);
	ended.campaign_id = campaign_id;
	ended.start = start.start;
	ended.reason_code = stopped;
	ended.operator_id = operator_id;
	store_le32(number, start.start);
	voice_id("stopped", (struct slice[]){slice_text(name), slice_of(number, 4)}, 2, id);
	return operator_say(view->request, "marketing.campaign.ended", id, &ended.base);
}

int operator_settle(struct command_view *view, const struct campaign *campaign)
{
	Carehub__V1__MarketingMessageSettled settled = CAREHUB__V1__MARKETING_MESSAGE_SETTLED__INIT;
	const char *verdict = view->request->words[1];
	struct ledger_place place;
	struct ledger_message message;
	char message_id[LEDGER_ID_BYTES];
	char word[16];
	char operator_id[OPERATOR_BYTES];
	char id[VOICE_ID_BYTES];
	if (strcmp(verdict, "sent") != 0 && strcmp(verdict, "resend") != 0 &&
		strcmp(verdict, "drop") != 0)
		return command_fail(verdict, "is none of sent, resend and drop");
	enum ch_status status =
		ledger_by_id(view->book.txn, slice_text(view->request->words[0]), &place);
	if (status == CH_OK)
		status = ledger_get(view->book.txn, &place, &message);
	if (status == CH_NOT_FOUND)
		return command_fail(view->request->words[0], "there is no such message");
	if (status != CH_OK)
		return command_fail("the book", ch_status_text(status));
	if (ledger_state(&message) != LEDGER_IS_UNCERTAIN)
		return command_fail(
			view->request->words[0], "is not uncertain: there is nothing to settle");
	campaign = campaigns_find(&view->campaigns, slice_text(place.campaign));
	if (strcmp(verdict, "resend") == 0 && campaign == NULL)
		return command_fail(place.campaign,
			"its definition is gone, or has mistakes: nothing can be sent");
	if (strcmp(verdict, "resend") == 0 && campaign->ends_us <= clock_wall_us())
		return command_fail(place.campaign, "campaign.ends has passed: nothing goes out");
	ledger_message_id(&place, message_id);
	(void)snprintf(word, sizeof(word), "%s", verdict);
	(void)operator_name(operator_id);
	settled.message_id = message_id;
	settled.customer_number = place.customer;
	settled.campaign_id = place.campaign;
	settled.round = place.round;
	settled.verdict = word;
	settled.operator_id = operator_id;
	voice_id("settled", (struct slice[]){slice_text(message_id)}, 1, id);
	return operator_say(view->request, "marketing.message.settled", id, &settled.base);
}
