#include "channel/callcenter/dialect.h"

#include <stdlib.h>

#include "base/log.h"
#include "channel/callcenter/ami_client.h"
#include "channel/callcenter/esl_client.h"

/* One of the two. */
struct dialect {
	struct ami_client *ami;
	struct esl_client *esl;
};

enum ch_status dialect_open(uv_loop_t *loop, const struct callcenter_settings *settings,
	const struct callcenter_means *means, const struct ears *ears, struct dialect **out_dialect)
{
	const struct uplink_options uplink = {
		.host = settings->host,
		.port = callcenter_port(settings),
		.tls = means->tls,
		.keepalive_ms = settings->keepalive_ms,
		.timeout_ms = settings->timeout_ms,
		.first_ms = settings->first_ms,
		.longest_ms = settings->longest_ms,
	};
	const struct ami_client_options ami = {
		.uplink = uplink,
		.username = settings->username,
		.secret = secret_slice(&means->secret),
		.md5 = settings->login == LOGIN_MD5,
		.events = settings->events,
	};
	const struct esl_client_options esl = {
		.uplink = uplink,
		.password = secret_slice(&means->secret),
		.custom = settings->survey_event,
	};
	struct dialect *dialect = calloc(1, sizeof(*dialect));
	if (dialect == NULL)
		return CH_NOMEM;
	if (settings->tls && !settings->tls_verify)
		log_warning("exchange.unverified", "host=%s detail=\"%s\"", settings->host,
			"exchange.tls_verify is no: whoever answers there gets the login");
	enum ch_status status = settings->dialect == DIALECT_FREESWITCH
					? esl_client_open(loop, &esl, ears, &dialect->esl)
					: ami_client_open(loop, &ami, ears, &dialect->ami);
	if (status == CH_OK)
		*out_dialect = dialect;
	else
		free(dialect);
	return status;
}

void dialect_close(struct dialect *dialect)
{
	if (dialect == NULL)
		return;
	ami_client_close(dialect->ami);
	esl_client_close(dialect->esl);
}

void dialect_free(struct dialect *dialect)
{
	if (dialect == NULL)
		return;
	ami_client_free(dialect->ami);
	esl_client_free(dialect->esl);
	free(dialect);
}

bool dialect_is_up(const struct dialect *dialect)
{
	if (dialect == NULL)
		return false;
	return dialect->esl != NULL ? esl_client_is_up(dialect->esl)
				    : ami_client_is_up(dialect->ami);
}
