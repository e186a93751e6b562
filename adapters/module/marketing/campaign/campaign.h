/* A campaign as its author wrote it: one file a campaign in the campaigns' folder, `spring.conf` being the campaign
 * "spring", with its texts beside it.
 *
 *     [campaign]
 *     segment = vip
 *     purpose = marketing
 *     channel = email
 *     text = spring.txt
 *     html = spring.html
 *     answer_link = https://www.example.com/spring?t=
 *
 * A definition has a version, a digest of the file and its texts.  What is started is a version: who changes the
 * file of a campaign that runs holds it up until it is started again.  */
#ifndef MARKETING_CAMPAIGN_H
#define MARKETING_CAMPAIGN_H

#include <stdint.h>

#include "base/option.h"
#include "carehub/v1/common.pb-c.h"
#include "module/marketing/campaign/template.h"
#include "module/marketing/segment/segment_names.h"

/* CAMPAIGN_PURPOSE(RESEARCH), CAMPAIGN_CHANNEL(EMAIL): the schema's numbers. */
#define CAMPAIGN_PURPOSE(name) CAREHUB__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_##name
#define CAMPAIGN_CHANNEL(name) CAREHUB__V1__CONTACT_CHANNEL__CONTACT_CHANNEL_##name

/* Hex digits of 16 bytes and a NUL. */
#define CAMPAIGN_DIGEST_BYTES   33u
#define LIMIT_CAMPAIGN_ID_BYTES 65u /* with the NUL */

/* Campaigns of one folder: over it, a reported mistake. */
#define LIMIT_CAMPAIGNS           256u
#define LIMIT_CAMPAIGN_TEXT_BYTES (64u * 1024u)

struct campaign {
	char id[LIMIT_CAMPAIGN_ID_BYTES]; /* the file's name */
	char version[CAMPAIGN_DIGEST_BYTES];
	char text_version[CAMPAIGN_DIGEST_BYTES]; /* of the texts alone */

	char *segment;
	int purpose; /* ConsentPurpose */
	int channel; /* ContactChannel: e-mail or phone */
	char *text;
	char *html;
	char *answer_link;
	char *ends;
	int64_t repeat_ms;

	char *survey;
	char *wave;
	char *closes;

	int64_t call_within_ms;
	char *call_group;

	int64_t ends_us;   /* of `ends`; INT64_MAX: never */
	int64_t closes_us; /* of `closes`: answers that come later do not count; INT64_MAX: never */
	struct template *body;
	struct template *html_body; /* NULL: none */
};

struct campaigns {
	struct campaign *items; /* in order of their names */
	size_t count;
	bool by_mail; /* one of the files wants mail, whatever is wrong with it */
};

/* Reads a folder.  `segments`: those that are defined, one of which each campaign must be for that has not ended; NULL:
 * that is not looked at.  CH_INVALID: mistakes are in the problems, and what has none is there all the same;
 * CH_NOMEM. */
enum ch_status campaigns_read(const char *folder, const struct segment_names *segments,
	struct problems *problems, struct campaigns *out_campaigns);
void campaigns_fini(struct campaigns *campaigns);

/* NULL: there is none. */
const struct campaign *campaigns_find(const struct campaigns *campaigns, struct slice id);

/* A commented file with every setting of a campaign. */
void campaign_describe(struct buffer *out);

/* "marketing", "email" ... of the schema's numbers; "?" for others. */
const char *campaign_purpose_name(int purpose);
const char *campaign_channel_name(int channel);

#endif
