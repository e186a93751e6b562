/* What carehub-callcenter is told beside what every adapter is: the exchange, its logs, the agents' screens and
 * desks. */
#ifndef CALLCENTER_SETTINGS_H
#define CALLCENTER_SETTINGS_H

#include "base/address.h"
#include "base/option.h"
#include "base/table.h"
#include "base/zone.h"
#include "channel/callcenter/call_event.h"
#include "channel/callcenter/passes.h"
#include "channel/callcenter/survey.h"
#include "channel/callcenter/tls.h"
#include "kit/secret.h"

struct callcenter_settings {
	int dialect; /* enum callcenter_dialect */
	char *host;
	char *port;
	bool tls;
	char *ca_file;
	char *tls_name;
	bool tls_verify;
	char *username;
	char *secret_file;
	int login; /* enum callcenter_login */
	char *events;
	int64_t keepalive_ms;
	int64_t timeout_ms;
	int64_t first_ms;
	int64_t longest_ms;
	char *time_zone;
	char *source;
	struct option_list groups;
	char *agents;
	bool caller_names;
	bool live;
	char *survey_event;
	char *survey_name;
	char *survey_name_field;
	char *survey_wave_field;
	struct option_list survey_questions;
	char *survey_scale;
	bool survey_logged;
	char *queue_log;
	char *cdr;
	int64_t lookback_ms;
	char *pop_url;
	char *pop_url_token_file;
	int64_t pop_post_timeout_ms;
	char *pop_listen;
	char *pop_token_file;
	char *pop_agent_tokens_file;
	int64_t pop_timeout_ms;
	int64_t pop_timeline;
	char *desk_path;
	int64_t desk_settle_ms;
	bool desk_receipts;
};

enum callcenter_dialect { DIALECT_ASTERISK, DIALECT_FREESWITCH };
enum callcenter_login { LOGIN_MD5, LOGIN_PLAIN };

extern const struct option callcenter_options[];
extern const size_t callcenter_option_count;

/* Whether an exchange is listened to, and on which port. */
bool callcenter_listens(const struct callcenter_settings *settings);
const char *callcenter_port(const struct callcenter_settings *settings);

/* What the settings name, read and ready. */
struct callcenter_means {
	struct zone *zone; /* NULL: UTC */
	struct tls *tls;   /* NULL: plain */
	struct secret secret;
	struct secret url_token;
	struct passes *passes;
	struct table groups; /* queue -> char *, its hotline group */
	struct table agents; /* MemberName -> char *, his number */
	struct survey_rules survey;
	uint64_t
		names; /* what stands in the files beside the secrets, as a number of this process */
	char pop_host[ADDRESS_HOST_MAX];
	int pop_port;
};

/* All mistakes go to the problems; CH_INVALID when there were any, CH_NOMEM.  Whatever is returned, fini. */
enum ch_status callcenter_means_init(const struct callcenter_settings *settings,
	struct problems *problems, struct callcenter_means *out_means);
void callcenter_means_fini(struct callcenter_means *means);

/* Whether all but the passes are the same, for settings that say the same. */
bool callcenter_means_same(
	const struct callcenter_means *one, const struct callcenter_means *other);

/* One more agent, copied; those that are known stay.  At most LIMIT_AGENTS are. */
void callcenter_means_learn(struct callcenter_means *means, struct slice name, struct slice id);

#endif
