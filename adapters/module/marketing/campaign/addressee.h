/* One customer as the hub's record has him, all of it as of one sequence: may this campaign write to him now, and
 * where to?
 *
 * A consent holds when it was given for this purpose and this channel, has not run out, and no withdrawal that
 * covers it (its own scope, or one that names no purpose or no channel) is newer: by when it happened, then by
 * sequence.  In doubt it does not hold.
 *
 * The cap counts messages that were intended for him, by whichever campaign, in the days before now: so many
 * lines of them stand in his timeline.  When the timeline is not told far enough back, it counts as reached. */
#ifndef MARKETING_ADDRESSEE_H
#define MARKETING_ADDRESSEE_H

#include "carehub/v1/control.pb-c.h"
#include "module/marketing/campaign/campaign.h"
#include "module/marketing/campaign/mail_address.h"

/* Lines of the timeline to be asked for. */
#define ADDRESSEE_TIMELINE 1000u

struct addressee {
	Carehub__V1__CustomerReply *reply; /* what all slices look into */
	uint64_t number;
	uint64_t sequence;                  /* the record stood so after this entry */
	char email[MAIL_ADDRESS_BYTES + 1]; /* as mail_address_read gives it; "": none */
	struct slice phone;                 /* empty: none */
	struct template_values values;      /* the words that the record fills */
};

/* How often anybody is written to, whatever the campaign. */
struct addressee_cap {
	uint32_t messages; /* 0: no cap */
	uint32_t days;
};

/* Of the encoded CustomerReply.  CH_FORMAT: it cannot be read; CH_NOT_FOUND: no record in it; CH_NOMEM. */
enum ch_status addressee_read(struct slice reply, struct addressee *out_addressee);
void addressee_fini(struct addressee *addressee); /* zeroed is fine */

/* Why nothing may be sent to him: "no_consent", "withdrawn", "expired", "too_often", "no_address", "merged"; NULL: it
 * may, and *out_consent is the entry that the consent came with.  `own` of the messages of the cap's days are this
 * campaign's, and do not count. */
const char *addressee_refusal(const struct addressee *addressee, const struct campaign *campaign,
	struct addressee_cap cap, uint32_t own, int64_t now_us, uint64_t *out_consent);

/* Messages intended for him since `from_us`. */
uint32_t addressee_recent(const struct addressee *addressee, int64_t from_us, bool *out_all);

#endif
