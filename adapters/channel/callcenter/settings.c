#include "channel/callcenter/settings.h"

#include "base/address.h"
#include "base/zone.h"
#include "channel/callcenter/survey.h"

static const struct option_word dialects[] = {
	{"asterisk", DIALECT_ASTERISK}, {"freeswitch", DIALECT_FREESWITCH}, {NULL, 0}};
static const struct option_word logins[] = {{"md5", LOGIN_MD5}, {"plain", LOGIN_PLAIN}, {NULL, 0}};

static const char *zone_fault(struct slice value)
{
	struct zone *zone = NULL;
	enum ch_status status = zone_open(value, &zone);
	zone_free(zone);
	return status == CH_OK ? NULL : "is no time zone known here";
}

static const char *group_fault(struct slice value)
{
	const uint8_t *sign = memchr(value.data, '=', value.len);
	if (sign == NULL || sign == value.data || sign + 1 == value.data + value.len)
		return "is not of the form QUEUE=GROUP";
	return NULL;
}

static const char *url_fault(struct slice value)
{
	return slice_starts(value, SLICE_LITERAL("http://")) ||
			       slice_starts(value, SLICE_LITERAL("https://"))
		       ? NULL
		       : "must begin with http:// or https://";
}

static const char *line_fault(struct slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		if (value.data[i] < ' ')
			return "holds a control character";
	}
	return NULL;
}

static const char *address_fault(struct slice value)
{
	char host[ADDRESS_HOST_MAX];
	int port;
	return address_parse(value, host, &port) == CH_OK ? NULL : "is not HOST:PORT";
}

static const char *question_fault(struct slice value)
{
	struct survey_rules rules = {.count = 0};
	return survey_rules_add(&rules, value);
}

static const char *scale_fault(struct slice value)
{
	struct survey_rules rules = {.count = 0};
	return survey_rules_scale(&rules, value);
}

#define AT(member) .at = offsetof(struct callcenter_settings, member)

const struct option callcenter_options[] = {
	{.name = "exchange.dialect",
		.type = OPTION_CHOICE,
		AT(dialect),
		.words = dialects,
		.initial = "asterisk",
		.help = "What the exchange speaks: asterisk, its manager port (AMI); freeswitch, the event\n"
			"socket of FreeSWITCH with mod_callcenter."},
	{.name = "exchange.host",
		.type = OPTION_TEXT,
		AT(host),
		.initial = "127.0.0.1",
		.help = "Where the exchange's manager port is.  Over a network it should speak TLS."},
	{.name = "exchange.port",
		.type = OPTION_TEXT,
		AT(port),
		.max = 32,
		.help = "Its number or name: unless given 5038, with TLS 5039, and 8021 of FreeSWITCH."},
	{.name = "exchange.tls",
		.type = OPTION_BOOL,
		AT(tls),
		.initial = "no",
		.help = "Speak TLS (1.2 and later) on it; manager.conf: tlsenable, tlsbindaddr.  FreeSWITCH has\n"
			"none: exchange.port is then that of a tunnel (stunnel) before its event socket."},
	{.name = "exchange.ca_file",
		.type = OPTION_TEXT,
		AT(ca_file),
		.help = "A file with the certificates of whom its own may come from, or with its own, PEM;\n"
			"without it those that this system trusts."},
	{.name = "exchange.tls_name",
		.type = OPTION_TEXT,
		AT(tls_name),
		.max = 253,
		.fault = line_fault,
		.help = "The name or address that its certificate must be for; exchange.host unless\n"
			"given."},
	{.name = "exchange.tls_verify",
		.type = OPTION_BOOL,
		AT(tls_verify),
		.initial = "yes",
		.help = "no: whoever answers there is believed, and gets the login.  For trying out."},
	{.name = "exchange.username",
		.type = OPTION_TEXT,
		AT(username),
		.max = 200,
		.fault = line_fault,
		.help = "Who logs in (manager.conf), with read = call,agent,cdr,user,reporting.\n"
			"Without it no Asterisk is listened to; FreeSWITCH has none."},
	{.name = "exchange.secret_file",
		.type = OPTION_TEXT,
		AT(secret_file),
		.help = "A file with his secret, one line, for its owner alone (mode 600); of FreeSWITCH\n"
			"with the event socket's password."},
	{.name = "exchange.login",
		.type = OPTION_CHOICE,
		AT(login),
		.words = logins,
		.initial = "md5",
		.help = "With md5 the secret itself is not sent; FreeSWITCH knows plain only."},
	{.name = "exchange.events",
		.type = OPTION_TEXT,
		AT(events),
		.max = 200,
		.fault = line_fault,
		.initial = "call,agent,cdr,user",
		.help = "Classes of events that Asterisk is asked for.  With dialplan the exchange also tells\n"
			"QUEUESTATUS, and several times as much of everything else."},
	{.name = "exchange.keepalive",
		.type = OPTION_MS,
		AT(keepalive_ms),
		.min = 100,
		.max = 3600000,
		.initial = "15s",
		.help = "How often it is asked for a sign of life."},
	{.name = "exchange.timeout",
		.type = OPTION_MS,
		AT(timeout_ms),
		.min = 100,
		.max = 600000,
		.initial = "10s",
		.help = "How long a connection, a login, an answer may take."},
	{.name = "exchange.reconnect_first",
		.type = OPTION_MS,
		AT(first_ms),
		.min = 10,
		.max = 600000,
		.initial = "1s",
		.help = "The first pause between two tries to connect; each is twice the last ..."},
	{.name = "exchange.reconnect_longest",
		.type = OPTION_MS,
		AT(longest_ms),
		.min = 10,
		.max = 3600000,
		.initial = "1m",
		.help = "... up to this."},
	{.name = "exchange.time_zone",
		.type = OPTION_TEXT,
		AT(time_zone),
		.fault = zone_fault,
		.help = "Zone of the exchange's clock in call detail records, Asia/Shanghai or +08:00;\n"
			"without it UTC (cdr.conf: usegmtime=yes)."},
	{.name = "calls.source",
		.type = OPTION_TEXT,
		AT(source),
		.min = 1,
		.max = 180,
		.initial = "/callcenter",
		.help = "The events' source."},
	{.name = "calls.groups",
		.type = OPTION_LIST,
		AT(groups),
		.fault = group_fault,
		.help = "Which hotline group a queue serves: repair=appliances, setup=setup."},
	{.name = "calls.agents",
		.type = OPTION_TEXT,
		AT(agents),
		.help = "A file of agents, one a line: number, blank, name as the queues have it.\n"
			"Without a line the device's name is taken, 201 of PJSIP/201."},
	{.name = "calls.caller_names",
		.type = OPTION_BOOL,
		AT(caller_names),
		.initial = "yes",
		.help = "Take over what the network calls a caller.  Where that is the name of whoever\n"
			"pays the line, no: it would stand against the name on record."},
	{.name = "calls.live",
		.type = OPTION_BOOL,
		AT(live),
		.initial = "yes",
		.help = "Tell also when a caller joins a queue and when an agent takes him, as it happens;\n"
			"no: calls are told when they are over, one event each."},
	{.name = "survey.event",
		.type = OPTION_TEXT,
		AT(survey_event),
		.max = 100,
		.fault = line_fault,
		.help = "The UserEvent by which the dial plan tells what a caller answers after his call,\n"
			"CSAT of UserEvent(CSAT,Score: 4).  Without it no surveys are taken."},
	{.name = "survey.name",
		.type = OPTION_TEXT,
		AT(survey_name),
		.min = 1,
		.max = 60,
		.fault = line_fault,
		.initial = "hotline",
		.help = "The questionnaire, where the event does not name it ..."},
	{.name = "survey.name_field",
		.type = OPTION_TEXT,
		AT(survey_name_field),
		.max = 60,
		.fault = line_fault,
		.initial = "Survey",
		.help = "... in this field."},
	{.name = "survey.wave_field",
		.type = OPTION_TEXT,
		AT(survey_wave_field),
		.max = 60,
		.fault = line_fault,
		.initial = "Wave",
		.help = "Which field names the round of asking."},
	{.name = "survey.questions",
		.type = OPTION_LIST,
		AT(survey_questions),
		.fault = question_fault,
		.initial = "Score=overall",
		.help = "Which fields are answers to which questions, each with what it measures, if\n"
			"wanted: Score=overall, Manner=manner:staff."},
	{.name = "survey.scale",
		.type = OPTION_TEXT,
		AT(survey_scale),
		.fault = scale_fault,
		.initial = "1-5",
		.help = "The lowest and the highest points of all questions."},
	{.name = "survey.logged",
		.type = OPTION_BOOL,
		AT(survey_logged),
		.initial = "no",
		.help = "The dial plan also writes the answers into logs.queue_log, by QueueLog() with the\n"
			"same name and fields: those that were missed are found there."},
	{.name = "logs.queue_log",
		.type = OPTION_TEXT,
		AT(queue_log),
		.help = "The exchange's queue_log, when it can be read on this machine.  Calls that were\n"
			"missed are found there."},
	{.name = "logs.cdr",
		.type = OPTION_TEXT,
		AT(cdr),
		.help = "Its cdr-csv/Master.csv, the same for calls that came to no queue."},
	{.name = "logs.lookback",
		.type = OPTION_MS,
		AT(lookback_ms),
		.initial = "1d",
		.help = "At a start, calls that ended longer ago are passed over."},
	{.name = "pop.url",
		.type = OPTION_TEXT,
		AT(pop_url),
		.fault = url_fault,
		.help = "Where the caller's record is posted when an agent's telephone rings."},
	{.name = "pop.url_token_file",
		.type = OPTION_TEXT,
		AT(pop_url_token_file),
		.help = "A file with the token that is sent along (Authorization: Bearer), mode 600."},
	{.name = "pop.post_timeout",
		.type = OPTION_MS,
		AT(pop_post_timeout_ms),
		.min = 10,
		.max = 60000,
		.initial = "2s",
		.help = "How long such a POST may take."},
	{.name = "pop.listen",
		.type = OPTION_TEXT,
		AT(pop_listen),
		.fault = address_fault,
		.help = "HOST:PORT of the WebSocket that agents' programs connect to, 127.0.0.1:7730.\n"
			"Without it there is none."},
	{.name = "pop.token_file",
		.type = OPTION_TEXT,
		AT(pop_token_file),
		.help = "A file with the token of whoever may hear of every call (a wallboard, a supervisor,\n"
			"the desktop's own server), mode 600."},
	{.name = "pop.agent_tokens_file",
		.type = OPTION_TEXT,
		AT(pop_agent_tokens_file),
		.help = "A file with a token for each agent, mode 600: lines AGENT = TOKEN, of 16 characters at\n"
			"least.  He hears of his own calls alone.  A reload takes it anew without a break."},
	{.name = "pop.timeout",
		.type = OPTION_MS,
		AT(pop_timeout_ms),
		.min = 10,
		.max = 60000,
		.initial = "1s",
		.help = "How long the hub may take for the record; then the call is told without it."},
	{.name = "pop.timeline",
		.type = OPTION_NUMBER,
		AT(pop_timeline),
		.max = 100,
		.initial = "10",
		.help = "How many of the caller's newest events come along."},
	{.name = "desk.folder",
		.type = OPTION_TEXT,
		AT(desk_path),
		.help = "A drop folder for what agents log at their desks: JSON lines.  Without it none\n"
			"is read."},
	{.name = "desk.settle",
		.type = OPTION_MS,
		AT(desk_settle_ms),
		.max = 3600000,
		.initial = "2s",
		.help = "A file is read when it has not changed for so long."},
	{.name = "desk.receipts",
		.type = OPTION_BOOL,
		AT(desk_receipts),
		.initial = "no",
		.help = "Keep a line for every event beside its file's result."},
};
const size_t callcenter_option_count = sizeof(callcenter_options) / sizeof(callcenter_options[0]);

bool callcenter_listens(const struct callcenter_settings *settings)
{
	return settings->dialect == DIALECT_FREESWITCH ? settings->secret_file != NULL
						       : settings->username != NULL;
}

const char *callcenter_port(const struct callcenter_settings *settings)
{
	if (settings->port != NULL)
		return settings->port;
	if (settings->dialect == DIALECT_FREESWITCH)
		return "8021";
	return settings->tls ? "5039" : "5038";
}
