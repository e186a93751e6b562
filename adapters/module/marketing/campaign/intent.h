/* One message to one customer: what is said about it to the hub, and the mail that it becomes.
 *
 *     may he be written to?  ->  marketing.message.intended  ->  it is back out of the journal  ->  the server
 *     says that it will take the text  ->  may he still?  ->  the text  ->  marketing.message.sent
 *
 * Every saying is named after the message, so that it can be said once only, whoever says it. */
#ifndef MARKETING_INTENT_H
#define MARKETING_INTENT_H

#include "carehub/v1/module.pb-c.h"
#include "module/marketing/campaign/addressee.h"
#include "module/marketing/campaign/campaign_ledger.h"
#include "module/marketing/campaign/campaign_settings.h"
#include "module/marketing/campaign/mail_office.h"

struct intent {
	struct ledger_place place;
	char id[LEDGER_ID_BYTES];
	char digest[LEDGER_ID_BYTES];    /* of its token */
	const struct campaign *campaign; /* NULL: its definition is gone */
	/* What it is for and goes by, and its text: the campaign's, or as it was meant. */
	int purpose;
	int channel;
	const char *text;
	const char *text_version;
	uint64_t record_sequence; /* of the last reading */
	uint64_t consent_sequence;
	uint32_t recent;
	uint32_t attempts;
	uint64_t nonce; /* of this life's intent */
};

/* Place and campaign, which may be NULL, are set; the rest follows. */
void intent_init(struct intent *intent, const struct ledger_place *place,
	const struct campaign *campaign, const struct link_key *key);

/* As the message was meant, whatever its campaign is now; looks into `meant`. */
void intent_recall(struct intent *intent, const Carehub__V1__MarketingMessageIntended *meant);

/* ---- What is said; as voice_say ---- */

enum ch_status intent_say_intended(
	struct book_txn *txn, const struct intent *intent, int64_t now_us);
enum ch_status intent_say_sent(
	struct book_txn *txn, const struct intent *intent, unsigned reply_code, int64_t now_us);
/* `intended`: it was; else the customer is passed over for now, once for each reason. */
enum ch_status intent_say_withheld(struct book_txn *txn, const struct intent *intent,
	const char *reason, bool intended, int64_t now_us);
enum ch_status intent_say_failed(struct book_txn *txn, const struct intent *intent,
	const char *reason, const struct mail_result *result, int64_t now_us);
enum ch_status intent_say_uncertain(struct book_txn *txn, const struct intent *intent,
	const char *reason, unsigned reply_code, int64_t now_us);
/* callcenter.callback.scheduled, its number being the message's.  CH_TOO_LARGE: its text is, and nothing was said. */
enum ch_status intent_say_callback(struct book_txn *txn, const struct intent *intent,
	const struct addressee *addressee, struct slice text, int64_t now_us);

/* It waits for the hub no more; fine when it does not. */
void intent_take_back_callback(struct book_txn *txn, const char *message_id);

/* Somebody has said "no more", and his record does not tell it yet: the hub has not taken our word for it. */
enum ch_status intent_no_more_waits(struct book_txn *txn, bool *out_waits);

/* What has become of its saying: "intended", "sent", "failed", "withheld", "uncertain", "callback". */
enum ch_status intent_stage(struct book_txn *txn, const char *message_id, const char *what,
	enum voice_stage *out_stage);

/* Whether it was meant to be sent when the journal was another one, of which the hub's backup knew nothing. */
enum ch_status intent_was_meant(struct book_txn *txn, const char *message_id, bool *out_meant);

/* Whether it was said before that he is passed over for this reason. */
enum ch_status intent_was_passed_over(
	struct book_txn *txn, const char *message_id, const char *reason, bool *out_was);

/* Whether an outcome was said, or waits to be. */
enum ch_status intent_has_outcome(struct book_txn *txn, const char *message_id, bool *out_has);

/* ---- What goes out ---- */

#define INTENT_LEVEL_BYTES 12u

/* His star level by the book, as a word; "": none.  CH_CORRUPT, CH_IO, CH_NOMEM. */
enum ch_status intent_level(
	struct book_txn *txn, uint64_t customer, char out_level[INTENT_LEVEL_BYTES]);

/* The words of the record, and the links of this message in `links`, which must outlive the values. */
void intent_values(const struct intent *intent, const struct addressee *addressee,
	const struct campaign_settings *settings, const struct link_key *key, struct buffer *links,
	struct template_values *out_values);

/* NULL: all places of its texts can be filled. */
const char *intent_lacks(const struct campaign *campaign, const struct template_values *values);

/* Appends the whole mail.  A sticky CH_NOMEM in out->status. */
void intent_mail(const struct intent *intent, const struct addressee *addressee,
	const struct campaign_settings *settings, const struct template_values *values,
	int64_t now_us, struct buffer *out);

#endif
