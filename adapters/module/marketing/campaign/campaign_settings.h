/* What the campaigns' part of the marketing module is told in its configuration: [campaigns] and [mail]. */
#ifndef MARKETING_CAMPAIGN_SETTINGS_H
#define MARKETING_CAMPAIGN_SETTINGS_H

#include "base/option.h"
#include "kit/link_token.h"
#include "module/marketing/campaign/campaign.h"

struct campaign_settings {
	/* [campaigns] */
	char *folder; /* NULL: there are none, and nothing is ever sent */
	char *token_key_file;
	char *unsubscribe_link;
	int64_t cap;
	int64_t cap_days;
	/* [mail] */
	char *host; /* NULL: no mail */
	int64_t port;
	int tls;
	char *ca_file;
	char *user;
	char *password_file;
	char *hello;
	int64_t lines;
	int64_t connect_ms;
	int64_t reply_ms;
	int64_t total_ms;
	char *from;
	char *from_name;
	char *reply_to;
	char *message_host;
	int64_t retry_ms;
	int64_t patience_ms;
	int64_t a_minute;
};

#define CAMPAIGN_OPTIONS 23
extern const struct option campaign_options[CAMPAIGN_OPTIONS];

/* What the rows cannot tell: the folder, its campaigns and their texts, the secrets.  `segments` may be NULL, as
 * for campaigns_read.  CH_INVALID when it added to the problems; CH_NOMEM. */
enum ch_status campaign_settings_check(const struct campaign_settings *settings,
	const struct segment_names *segments, struct problems *problems);

/* What the tokens in links are made with.  CH_INVALID, CH_NOMEM. */
enum ch_status campaign_token_key(const struct campaign_settings *settings,
	struct problems *problems, struct link_key *out_key);

#endif
