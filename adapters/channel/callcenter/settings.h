/* What carehub-callcenter is told beside what every adapter is: the exchange, its logs, the agents' screens and
 * desks. */
#ifndef CALLCENTER_SETTINGS_H
#define CALLCENTER_SETTINGS_H

#include "base/option.h"

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

#endif
