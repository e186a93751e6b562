/* Consents, for conditions alone: whoever sends asks the hub's record at the moment of sending. */
#include "carehub/v1/care.pb-c.h"
#include "carehub/v1/module.pb-c.h"
#include "module/marketing/fact/facts.h"
#include "module/marketing/fact/held.h"

static enum ch_status consent_put(struct book_txn *txn, const struct feed_event *event,
	const Carehub__V1__ConsentScope *scope, bool given, const char *expiry_date)
{
	uint64_t owner = 0;
	const struct held_consent consent = {
		.purpose = (uint8_t)scope->purpose,
		.channel = (uint8_t)scope->channel,
		.stamp = event->stamp,
		.given = given,
		.expiry_date = slice_text(expiry_date),
		.filed = event->customer,
		.sequence = event->sequence,
	};
	if (scope->purpose < 0 || scope->purpose >= (int)PROFILE_PURPOSES || scope->channel < 0 ||
		scope->channel >= (int)PROFILE_CHANNELS)
		return CH_OK; /* a later schema's: conditions cannot ask for it */
	enum ch_status status = held_owner(txn, event->customer, event->sequence, &owner);
	if (status == CH_OK && owner != 0)
		held_put_consent(txn, owner, &consent);
	return status;
}

enum ch_status consent_change(
	struct facts *facts, struct book_txn *txn, const struct feed_event *event)
{
	static const Carehub__V1__ConsentScope all = CAREHUB__V1__CONSENT_SCOPE__INIT;
	enum ch_status status = CH_OK;
	(void)facts; /* the customer is touched by facts_fold */
	if (event->customer == 0)
		return CH_OK;
	if (event->message->descriptor == &carehub__v1__consent_given__descriptor) {
		const Carehub__V1__ConsentGiven *given = (const void *)event->message;
		for (size_t i = 0; i < given->n_scopes && status == CH_OK; i++)
			status =
				consent_put(txn, event, given->scopes[i], true, given->expiry_date);
	} else if (event->message->descriptor == &carehub__v1__consent_withdrawn__descriptor) {
		const Carehub__V1__ConsentWithdrawn *withdrawn = (const void *)event->message;
		if (withdrawn->n_scopes == 0)
			status = consent_put(txn, event, &all, false, "");
		for (size_t i = 0; i < withdrawn->n_scopes && status == CH_OK; i++)
			status = consent_put(txn, event, withdrawn->scopes[i], false, "");
	} else if (event->message->descriptor ==
		   &carehub__v1__marketing_consent_withdrawn__descriptor) {
		/* The link in a message that says: no more. */
		const Carehub__V1__MarketingConsentWithdrawn *withdrawn =
			(const void *)event->message;
		for (size_t i = 0; i < withdrawn->n_scopes && status == CH_OK; i++)
			status = consent_put(txn, event, withdrawn->scopes[i], false, "");
	}
	return status;
}
