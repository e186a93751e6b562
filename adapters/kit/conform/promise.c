#include "kit/conform/promise.h"

/* A window of 8 spreads what is fed over many answers, so that there is a middle to break in. */
#define NARROW                                                                                     \
	{                                                                                          \
		.credit = 8                                                                        \
	}

const struct promise promises[] = {
	{"check", "check tells all mistakes of a configuration at once", promise_check, {0}},
	{"sample", "the sample configuration holds values that check takes", promise_sample, {0}},
	{"arrives", "every record becomes its events, once", promise_arrives, {0}},
	{"translate", "translate gives the ids that run gives", promise_translate, {0}},
	{"again", "the same records again change nothing", promise_again, {0}},
	{"receipt", "the source is let go of only after the receipt", promise_receipt, {0}},
	{"kill", "kill -9 at any moment loses nothing and doubles nothing", promise_kill, NARROW},
	{"stop", "SIGTERM ends it in time and loses nothing", promise_stop, NARROW},
	{"resume", "after a restart it goes on where it was", promise_resume, {0}},
	{"reload", "SIGHUP changes nothing but the configuration, a bad one not even that",
		promise_reload, NARROW},
	{"late", "a hub that is not there at the start is waited for", promise_late, {0}},
	{"slow", "answers an hour late are waited for", promise_slow, {.credit = 16}},
	{"window", "no more events are under way than the hub allows", promise_window, {0}},
	{"split", "receipts may come one by one and gathered", promise_split, {0}},
	{"reconnect", "connections that break change nothing", promise_reconnect, NARROW},
	{"away", "a hub that goes and comes back changes nothing", promise_away, NARROW},
	{"silent", "a hub that falls silent changes nothing", promise_silent,
		{.credit = 8, .heartbeat_ms = 200}},
	{"retry", "what the hub puts off is sent again, in its time", promise_retry, {0}},
	{"denied", "a refused event is told and does not stop the others", promise_denied, {0}},
	{"field", "a refusal is told with the field at fault", promise_field, {0}},
	{"conflict", "a conflict is told and does not stop the others", promise_conflict, {0}},
	{"garbage", "what is no event is told and does not stop the others", promise_garbage, {0}},
	{"vanish", "a source that goes and comes back changes nothing", promise_vanish, {0}},
	{"metrics", "what it counts can be read", promise_metrics, {0}},
	{"secrets", "neither secrets nor people's data stand in the log", promise_secrets, {0}},
	{0},
};
