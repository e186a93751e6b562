#include "module/marketing/campaign/intent.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "carehub/v1/callcenter.pb-c.h"
#include "module/marketing/campaign/mail_message.h"
#include "module/marketing/segment/standing.h"

/* The schema's texts are not const, and nobody writes to them. */
static char *mutable_text(const char *text)
{
	union {
		const char *in;
		char *out;
	} both = {text != NULL ? text : ""};
	return both.out;
}

void intent_init(struct intent *intent, const struct ledger_place *place,
	const struct campaign *campaign, const struct link_key *key)
{
	char token[LINK_TOKEN_BYTES];
	*intent = (struct intent){.place = *place, .campaign = campaign};
	if (campaign != NULL) {
		intent->purpose = campaign->purpose;
		intent->channel = campaign->channel;
		intent->text = campaign->text;
		intent->text_version = campaign->text_version;
	}
	ledger_message_id(place, intent->id);
	link_token_make(key, slice_text(intent->id), token);
	ledger_digest(slice_text(token), intent->digest);
	randombytes_buf(&intent->nonce, sizeof(intent->nonce));
}

void intent_recall(struct intent *intent, const Carehub__V1__MarketingMessageIntended *meant)
{
	intent->purpose = (int)meant->purpose;
	intent->channel = (int)meant->channel;
	intent->text = meant->template_id;
	intent->text_version = meant->template_version;
	intent->record_sequence = meant->record_sequence;
	intent->consent_sequence = meant->consent_sequence;
}

/* ---- Saying ---- */

static void intent_voice_id(
	const char *message_id, const char *what, const char *more, char out[VOICE_ID_BYTES])
{
	const struct slice parts[] = {slice_text(message_id), slice_text(more)};
	voice_id(what, parts, 2, out);
}

static enum ch_status intent_say(struct book_txn *txn, const struct intent *intent,
	const char *what, const char *more, const char *type, const ProtobufCMessage *message,
	int64_t now_us)
{
	char id[VOICE_ID_BYTES];
	intent_voice_id(intent->id, what, more, id);
	return voice_say(txn, &(struct saying){.type = type,
				      .id = slice_text(id),
				      .time_us = now_us,
				      .subject = slice_text(intent->id),
				      .message = message});
}

enum ch_status intent_say_intended(
	struct book_txn *txn, const struct intent *intent, int64_t now_us)
{
	Carehub__V1__MarketingMessageIntended intended =
		CAREHUB__V1__MARKETING_MESSAGE_INTENDED__INIT;
	intended.message_id = mutable_text(intent->id);
	intended.customer_number = intent->place.customer;
	intended.campaign_id = mutable_text(intent->place.campaign);
	intended.purpose = (Carehub__V1__ConsentPurpose)intent->purpose;
	intended.channel = (Carehub__V1__ContactChannel)intent->channel;
	intended.template_id = mutable_text(intent->text);
	intended.template_version = mutable_text(intent->text_version);
	intended.record_sequence = intent->record_sequence;
	intended.consent_sequence = intent->consent_sequence;
	intended.round = intent->place.round;
	intended.recent = intent->recent;
	intended.answer_digest = mutable_text(intent->digest);
	intended.nonce = intent->nonce;
	return intent_say(
		txn, intent, "intended", "", "marketing.message.intended", &intended.base, now_us);
}

enum ch_status intent_say_sent(
	struct book_txn *txn, const struct intent *intent, unsigned reply_code, int64_t now_us)
{
	Carehub__V1__MarketingMessageSent sent = CAREHUB__V1__MARKETING_MESSAGE_SENT__INIT;
	sent.message_id = mutable_text(intent->id);
	sent.customer_number = intent->place.customer;
	sent.campaign_id = mutable_text(intent->place.campaign);
	sent.purpose = (Carehub__V1__ConsentPurpose)intent->purpose;
	sent.channel = (Carehub__V1__ContactChannel)intent->channel;
	sent.template_id = mutable_text(intent->text);
	sent.template_version = mutable_text(intent->text_version);
	sent.record_sequence = intent->record_sequence;
	sent.consent_sequence = intent->consent_sequence;
	sent.round = intent->place.round;
	sent.attempts = intent->attempts;
	sent.reply_code = reply_code;
	if (intent->channel == CAMPAIGN_CHANNEL(PHONE))
		sent.callback_id = mutable_text(intent->id);
	return intent_say(txn, intent, "sent", "", "marketing.message.sent", &sent.base, now_us);
}

enum ch_status intent_say_withheld(struct book_txn *txn, const struct intent *intent,
	const char *reason, bool intended, int64_t now_us)
{
	Carehub__V1__MarketingMessageWithheld withheld =
		CAREHUB__V1__MARKETING_MESSAGE_WITHHELD__INIT;
	withheld.message_id = mutable_text(intent->id);
	withheld.customer_number = intent->place.customer;
	withheld.campaign_id = mutable_text(intent->place.campaign);
	withheld.purpose = (Carehub__V1__ConsentPurpose)intent->purpose;
	withheld.channel = (Carehub__V1__ContactChannel)intent->channel;
	withheld.reason_code = mutable_text(reason);
	withheld.record_sequence = intent->record_sequence;
	withheld.round = intent->place.round;
	withheld.intended =
		intended ? CAREHUB__V1__ANSWER__ANSWER_YES : CAREHUB__V1__ANSWER__ANSWER_NO;
	return intent_say(txn, intent, intended ? "withheld" : "passed-over",
		intended ? "" : reason, "marketing.message.withheld", &withheld.base, now_us);
}

enum ch_status intent_say_failed(struct book_txn *txn, const struct intent *intent,
	const char *reason, const struct mail_result *result, int64_t now_us)
{
	Carehub__V1__MarketingMessageFailed failed = CAREHUB__V1__MARKETING_MESSAGE_FAILED__INIT;
	failed.message_id = mutable_text(intent->id);
	failed.customer_number = intent->place.customer;
	failed.campaign_id = mutable_text(intent->place.campaign);
	failed.round = intent->place.round;
	failed.channel = (Carehub__V1__ContactChannel)intent->channel;
	failed.reason_code = mutable_text(reason);
	failed.stage = mutable_text(mail_stages[result->stage]);
	failed.reply_code = result->code;
	failed.reply_status = mutable_text(result->status);
	failed.attempts = intent->attempts;
	return intent_say(
		txn, intent, "failed", "", "marketing.message.failed", &failed.base, now_us);
}

enum ch_status intent_say_uncertain(struct book_txn *txn, const struct intent *intent,
	const char *reason, unsigned reply_code, int64_t now_us)
{
	Carehub__V1__MarketingMessageUncertain uncertain =
		CAREHUB__V1__MARKETING_MESSAGE_UNCERTAIN__INIT;
	uncertain.message_id = mutable_text(intent->id);
	uncertain.customer_number = intent->place.customer;
	uncertain.campaign_id = mutable_text(intent->place.campaign);
	uncertain.round = intent->place.round;
	uncertain.channel = (Carehub__V1__ContactChannel)intent->channel;
	uncertain.reason_code = mutable_text(reason);
	uncertain.reply_code = reply_code;
	return intent_say(txn, intent, "uncertain", "", "marketing.message.uncertain",
		&uncertain.base, now_us);
}

/* The keys of a record that find it again, as sure as they are in it. */
static void callback_party(const Carehub__V1__Customer *record, struct slice phone,
	Carehub__V1__Party *party, Carehub__V1__Contact *contact)
{
	for (size_t i = 0; i < record->n_values; i++) {
		const Carehub__V1__FieldValue *value = record->values[i];
		Carehub__V1__Assurance assurance =
			value->provenance != NULL ? value->provenance->assurance : 0;
		switch (value->field) {
		case CAREHUB__V1__CUSTOMER_FIELD__CUSTOMER_FIELD_COMMON_ID:
			party->common_id = value->value;
			party->common_id_assurance = assurance;
			break;
		case CAREHUB__V1__CUSTOMER_FIELD__CUSTOMER_FIELD_MEMBER_CARD:
			party->member_card = value->value;
			party->member_card_assurance = assurance;
			break;
		case CAREHUB__V1__CUSTOMER_FIELD__CUSTOMER_FIELD_NAME:
			party->name = value->name;
			break;
		case CAREHUB__V1__CUSTOMER_FIELD__CUSTOMER_FIELD_PHONE:
			if (slice_equal(slice_text(value->value), phone)) {
				contact->value = value->value;
				contact->assurance = assurance;
				contact->kind = value->kind;
			}
			break;
		default:
			break;
		}
	}
}

enum ch_status intent_say_callback(struct book_txn *txn, const struct intent *intent,
	const struct addressee *addressee, struct slice text, int64_t now_us)
{
	const struct campaign *campaign = intent->campaign;
	Carehub__V1__CallcenterCallbackScheduled callback =
		CAREHUB__V1__CALLCENTER_CALLBACK_SCHEDULED__INIT;
	Carehub__V1__AgentRef agent = CAREHUB__V1__AGENT_REF__INIT;
	Carehub__V1__Party party = CAREHUB__V1__PARTY__INIT;
	Carehub__V1__Contact phone = CAREHUB__V1__CONTACT__INIT;
	Carehub__V1__Contact *phones[] = {&phone};
	struct buffer remarks = {0};
	char id[VOICE_ID_BYTES];
	callback_party(addressee->reply->customers[0]->customer, addressee->phone, &party, &phone);
	party.n_phones = 1;
	party.phones = phones;
	buffer_append_slice(&remarks, text);
	agent.group = mutable_text(campaign->call_group);
	callback.callback_id = mutable_text(intent->id);
	callback.reason = campaign->survey != NULL
				  ? CAREHUB__V1__CALLBACK_REASON__CALLBACK_REASON_SURVEY
				  : CAREHUB__V1__CALLBACK_REASON__CALLBACK_REASON_MARKETING;
	callback.due_time_us = now_us + campaign->call_within_ms * 1000;
	callback.agent = campaign->call_group != NULL ? &agent : NULL;
	callback.customer = &party;
	callback.remarks = mutable_text(buffer_text(&remarks));
	intent_voice_id(intent->id, "callback", "", id);
	enum ch_status status = remarks.status;
	if (status == CH_OK)
		status = voice_say(txn, &(struct saying){.type = "callcenter.callback.scheduled",
						.id = slice_text(id),
						.time_us = now_us,
						.message = &callback.base});
	buffer_fini(&remarks);
	return status;
}

void intent_take_back_callback(struct book_txn *txn, const char *message_id)
{
	char id[VOICE_ID_BYTES];
	intent_voice_id(message_id, "callback", "", id);
	voice_take_back(txn, slice_text(id));
}

enum ch_status intent_no_more_waits(struct book_txn *txn, bool *out_waits)
{
	return voice_any_waits(
		txn, "withdrawn", out_waits); /* campaign_fold_unsubscribed says it */
}

enum ch_status intent_stage(
	struct book_txn *txn, const char *message_id, const char *what, enum voice_stage *out_stage)
{
	char id[VOICE_ID_BYTES];
	intent_voice_id(message_id, what, "", id);
	return voice_stage(txn, slice_text(id), out_stage, NULL);
}

enum ch_status intent_was_meant(struct book_txn *txn, const char *message_id, bool *out_meant)
{
	char id[VOICE_ID_BYTES];
	intent_voice_id(message_id, "intended", "", id);
	return voice_was_said_before(txn, slice_text(id), out_meant);
}

enum ch_status intent_was_passed_over(
	struct book_txn *txn, const char *message_id, const char *reason, bool *out_was)
{
	char id[VOICE_ID_BYTES];
	enum voice_stage stage = VOICE_UNSAID;
	intent_voice_id(message_id, "passed-over", reason, id);
	enum ch_status status = voice_stage(txn, slice_text(id), &stage, NULL);
	if (status == CH_OK)
		*out_was = stage != VOICE_UNSAID;
	return status;
}

enum ch_status intent_has_outcome(struct book_txn *txn, const char *message_id, bool *out_has)
{
	static const char *const outcomes[] = {"sent", "failed", "withheld", "uncertain"};
	bool has = false;
	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]) && !has; i++) {
		enum voice_stage stage;
		enum ch_status status = intent_stage(txn, message_id, outcomes[i], &stage);
		if (status != CH_OK)
			return status;
		has = stage != VOICE_UNSAID;
	}
	*out_has = has;
	return CH_OK;
}

/* ---- Going out ---- */

enum ch_status intent_level(
	struct book_txn *txn, uint64_t customer, char out_level[INTENT_LEVEL_BYTES])
{
	struct standing *standing = malloc(sizeof(*standing)); /* large */
	if (standing == NULL)
		return CH_NOMEM;
	enum ch_status status = standing_read(txn, customer, standing);
	uint32_t level = status == CH_OK ? standing->level : 0;
	free(standing);
	if (status != CH_OK && status != CH_NOT_FOUND)
		return status;
	out_level[0] = 0;
	if (level > 0)
		(void)snprintf(out_level, INTENT_LEVEL_BYTES, "%u", level); /* it fits */
	return CH_OK;
}

void intent_values(const struct intent *intent, const struct addressee *addressee,
	const struct campaign_settings *settings, const struct link_key *key, struct buffer *links,
	struct template_values *out_values)
{
	char token[LINK_TOKEN_BYTES];
	size_t answer = 0;
	*out_values = addressee->values;
	link_token_make(key, slice_text(intent->id), token);
	buffer_clear(links);
	/* Who asks by telephone writes the token down where a mail has a link. */
	if (intent->campaign->answer_link != NULL || intent->campaign->survey != NULL)
		buffer_printf(links, "%s%s",
			intent->campaign->answer_link != NULL ? intent->campaign->answer_link : "",
			token);
	answer = links->len;
	if (settings->unsubscribe_link != NULL)
		buffer_printf(links, "%s%s", settings->unsubscribe_link, token);
	if (links->status != CH_OK)
		return;
	out_values->words[TEMPLATE_ANSWER] = slice_of(links->data, answer);
	out_values->words[TEMPLATE_UNSUBSCRIBE] =
		slice_sub(buffer_slice(links), answer, links->len);
}

const char *intent_lacks(const struct campaign *campaign, const struct template_values *values)
{
	enum template_word word = template_lacks(campaign->body, values);
	if (word == TEMPLATE_WORDS && campaign->html_body != NULL)
		word = template_lacks(campaign->html_body, values);
	return word < TEMPLATE_WORDS ? template_words[word] : NULL;
}

void intent_mail(const struct intent *intent, const struct addressee *addressee,
	const struct campaign_settings *settings, const struct template_values *values,
	int64_t now_us, struct buffer *out)
{
	const struct campaign *campaign = intent->campaign;
	struct buffer subject = {0};
	struct buffer text = {0};
	struct buffer html = {0};
	struct slice from = slice_text(settings->from);
	const uint8_t *at = memchr(from.data, '@', from.len);
	template_subject(campaign->body, values, &subject);
	template_body(campaign->body, values, &text);
	if (campaign->html_body != NULL)
		template_body(campaign->html_body, values, &html);
	const struct mail_message message = {
		.date_us = now_us,
		.from_name = slice_text(settings->from_name),
		.from = from,
		.reply_to = slice_text(settings->reply_to),
		.to_name = addressee->values.words[TEMPLATE_NAME],
		.to = slice_text(addressee->email),
		.subject = buffer_slice(&subject),
		.id = slice_text(intent->id),
		.host = settings->message_host != NULL
				? slice_text(settings->message_host)
				: slice_sub(from, at != NULL ? (size_t)(at - from.data) + 1 : 0,
					  from.len),
		.list = slice_text(campaign->id),
		.unsubscribe = values->words[TEMPLATE_UNSUBSCRIBE],
		.text = buffer_slice(&text),
		.html = buffer_slice(&html),
	};
	mail_message_write(&message, out);
	if (subject.status != CH_OK || text.status != CH_OK || html.status != CH_OK)
		out->status = CH_NOMEM;
	buffer_fini(&subject);
	buffer_fini(&text);
	buffer_fini(&html);
}
