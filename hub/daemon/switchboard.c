#include "daemon/switchboard.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "control/control.h"
#include "daemon/rules_text.h"
#include "wire/frame.h"

struct switchboard {
	struct switchboard_options options;
	struct control *control;
	struct bus *bus;
	int64_t started_us;
	uint64_t generation; /* of the peers' files */
};

/* ---- What control asks ---- */

static enum ch_status switchboard_send(void *context, uint64_t number, struct buffer *frame)
{
	struct switchboard *switchboard = context;
	struct session *session = session_find(switchboard->bus, number);
	return session != NULL ? session_send_buffer(session, frame) : CH_CLOSED;
}

static void switchboard_refuse(
	void *context, uint64_t number, enum ch_status reason, const char *detail)
{
	struct switchboard *switchboard = context;
	struct session *session = session_find(switchboard->bus, number);
	if (session != NULL)
		session_refuse(session, FRAME_REQUEST, reason, detail, 0, false);
}

static void switchboard_facts(void *context, struct hub_facts *out_facts)
{
	struct switchboard *switchboard = context;
	const struct switchboard_options *options = &switchboard->options;
	const struct journal_recovery *recovery = &options->engine->recovery;
	uint32_t producers = 0;
	size_t at = 0;
	const struct session *session;
	while ((session = session_next(switchboard->bus, &at)) != NULL)
		producers += session_producer(session) != NULL;
	*out_facts = (struct hub_facts){
		.version = CAREHUB_VERSION,
		.started_us = switchboard->started_us,
		.disk_free_bytes = keeper_thread_free_bytes(options->keeper),
		.disk_reserve_bytes = (uint64_t)options->settings->reserve_bytes,
		.damaged_first = recovery->damaged_first,
		.damaged_last = recovery->damaged_last,
		.sessions = (uint32_t)bus_sessions(switchboard->bus),
		.producers = producers,
		.hold = ingest_held(options->ingest),
	};
}

static void switchboard_text(char out[LIMIT_NAME_BYTES + 1], struct slice text)
{
	(void)snprintf(out, LIMIT_NAME_BYTES + 1, "%.*s", (int)text.len,
		(const char *)text.data); /* both have this bound */
}

static bool switchboard_session(void *context, size_t *at, struct hub_session *out_session)
{
	struct switchboard *switchboard = context;
	const struct session *session = session_next(switchboard->bus, at);
	if (session == NULL)
		return false;
	const struct producer *producer = session_producer(session);
	*out_session = (struct hub_session){
		.connected_us = session_connected_us(session),
		.heard_us = session_heard_us(session),
		.published = producer != NULL ? producer_published(producer) : 0,
		.in_flight = producer != NULL ? producer_in_flight(producer) : 0,
		.credit = producer != NULL ? producer_credit(producer) : 0,
	};
	switchboard_text(out_session->peer, slice_text(session_peer(session)->name));
	switchboard_text(out_session->agent, session_agent(session));
	return true;
}

enum ch_status switchboard_reload(struct switchboard *switchboard, struct problems *problems)
{
	const struct switchboard_options *options = &switchboard->options;
	struct buffer text = {0};
	struct roster *fresh = NULL;
	uint32_t line = 0;
	enum ch_status status = roster_load(options->settings->paths.peers, problems, &fresh);
	enum ch_status rules = rules_text(options->settings->paths.rules, fresh, problems, &text);
	if (status == CH_OK)
		status = rules;
	if (status != CH_OK) {
		roster_free(fresh);
	} else {
		/* All files are good.  Who has lost his rights loses them first, whatever becomes of
		 * the entry: a full disk must not keep him in. */
		roster_replace(options->roster, fresh);
		bus_recheck(switchboard->bus);
		outlet_recheck(switchboard->options.outlet, switchboard->bus);
		status = ingest_settings(options->ingest, buffer_slice(&text), &line);
	}
	if (status == CH_OK)
		switchboard->generation++;
	buffer_fini(&text);
	return status;
}

static enum ch_status switchboard_reload_asked(
	void *context, struct problems *problems, struct hub_reload *out_reload)
{
	struct switchboard *switchboard = context;
	enum ch_status status = switchboard_reload(switchboard, problems);
	*out_reload = (struct hub_reload){
		.peers = (uint32_t)roster_count(switchboard->options.roster),
		.generation = switchboard->generation,
	};
	return status;
}

/* ---- What the bus hands on ---- */

void switchboard_request(
	void *context, struct session *session, struct message *message, struct slice body)
{
	struct switchboard *switchboard = context;
	control_request(switchboard->control, session_number(session), session_peer(session),
		message, body);
}

void switchboard_closed(void *context, struct session *session)
{
	struct switchboard *switchboard = context;
	control_closed(switchboard->control, session_number(session));
}

void switchboard_writable(void *context, struct session *session)
{
	struct switchboard *switchboard = context;
	control_writable(switchboard->control, session_number(session));
}

/* ---- Life ---- */

enum ch_status switchboard_open(
	const struct switchboard_options *options, struct switchboard **out_switchboard)
{
	struct switchboard *switchboard = calloc(1, sizeof(*switchboard));
	if (switchboard == NULL)
		return CH_NOMEM;
	switchboard->options = *options;
	switchboard->started_us = clock_wall_us();
	switchboard->generation = 1;
	struct control_options control = {
		.loop = options->loop,
		.journal = options->engine->journal,
		.state = options->engine->state,
		.ingest = options->ingest,
		.clock = options->clock,
		.fanout = outlet_fanout(options->outlet),
		.rules_path = options->settings->paths.rules,
		.hooks =
			{
				.send = switchboard_send,
				.refuse = switchboard_refuse,
				.facts = switchboard_facts,
				.next_session = switchboard_session,
				.reload = switchboard_reload_asked,
				.context = switchboard,
			},
	};
	enum ch_status status = control_start(&control, &switchboard->control);
	if (status == CH_OK) {
		*out_switchboard = switchboard;
		switchboard = NULL;
	}
	switchboard_close(switchboard);
	return status;
}

void switchboard_close(struct switchboard *switchboard)
{
	if (switchboard == NULL)
		return;
	control_stop(switchboard->control);
	free(switchboard);
}

void switchboard_join(struct switchboard *switchboard, struct bus *bus)
{
	switchboard->bus = bus;
}
