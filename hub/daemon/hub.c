/* How the hub is put together.
 *
 * Made in the order in which data flows, stopped in the reverse: what produces stops before what
 * takes.  Threads: the loop (this one), the writer (ingest), the projector (store), the fan-out, the
 * keeper, and ZeroMQ's own. */
#include "daemon/hub.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "daemon/bus.h"
#include "daemon/engine.h"
#include "daemon/keeper_thread.h"
#include "daemon/outlet.h"
#include "daemon/pages.h"
#include "daemon/rules_text.h"
#include "daemon/switchboard.h"
#include "net/roster.h"

struct hub {
	struct daemon_settings *settings;
	struct engine engine;
	struct timekeeper *clock;
	struct metrics *metrics;
	struct loop *loop;
	struct roster *roster;
	struct curve_pair keys;
	struct zap *zap;
	struct ingest *ingest;
	_Atomic(struct outlet *) outlet; /* the writer's thread asks for it while the hub starts */
	struct bus *bus;
	struct switchboard *switchboard;
	struct pages *pages;
	struct keeper_thread *keeper;
	struct loop_task deliver; /* receipts are ready */
	atomic_bool deliver_posted;
	struct loop_task fail;
	atomic_int failure; /* enum ch_status that stops the hub */
};

/* ---- Between the threads ---- */

static void hub_deliver(struct loop_task *task)
{
	struct hub *hub = (struct hub *)(void *)((char *)task - offsetof(struct hub, deliver));
	/* Before looking, so that what comes while we look posts again. */
	atomic_store(&hub->deliver_posted, false);
	if (hub->ingest != NULL)
		ingest_deliver(hub->ingest);
}

static void hub_receipts_ready(void *context)
{
	struct hub *hub = context;
	if (!atomic_exchange(&hub->deliver_posted, true))
		(void)loop_post(hub->loop, &hub->deliver); /* false: the hub is stopping */
}

static void hub_synced(void *context, uint64_t head)
{
	struct hub *hub = context;
	struct outlet *outlet = atomic_load(&hub->outlet);
	(void)head; /* the fan-out asks the journal */
	if (outlet != NULL)
		outlet_wake(outlet);
}

static uint64_t hub_floor(void *context)
{
	struct hub *hub = context;
	return outlet_floor(atomic_load(&hub->outlet));
}

static void hub_stop_failed(struct loop_task *task)
{
	struct hub *hub = (struct hub *)(void *)((char *)task - offsetof(struct hub, fail));
	loop_stop(hub->loop);
}

/* Nothing was acknowledged that is not on stable storage: stopping is safe, going on is not. */
static void hub_failed(void *context, enum ch_status status, const char *what)
{
	struct hub *hub = context;
	log_error("hub.failed", "what=%s status=%s", what, ch_status_name(status));
	int none = CH_OK;
	if (atomic_compare_exchange_strong(&hub->failure, &none, (int)status))
		(void)loop_post(hub->loop, &hub->fail);
}

/* What the writer calls damaged is the store: it has only read the journal to write it. */
static void hub_ingest_failed(void *context, enum ch_status status, const char *what)
{
	struct hub *hub = context;
	if (status == CH_CORRUPT)
		engine_distrust_store(hub->settings);
	hub_failed(hub, status, what);
}

static void hub_signal_stop(void *context)
{
	struct hub *hub = context;
	log_info("hub.stopping", "reason=signal");
	loop_stop(hub->loop);
}

static void hub_signal_reload(void *context)
{
	struct hub *hub = context;
	struct problems problems = {0};
	struct buffer text = {0};
	enum ch_status status = switchboard_reload(hub->switchboard, &problems);
	problems_print(&problems, &text);
	if (status != CH_OK)
		log_error("hub.reload", "status=%s problems=\"%s\"", ch_status_name(status),
			buffer_text(&text));
	else
		log_info("hub.reload", "peers=%zu", roster_count(hub->roster));
	buffer_fini(&text);
	problems_fini(&problems);
}

/* The bus's handlers have one context, the hub. */
static void hub_request(
	void *context, struct session *session, struct message *message, struct slice body)
{
	struct hub *hub = context;
	switchboard_request(hub->switchboard, session, message, body);
}

static void hub_consume(void *context, struct session *session, int kind, struct message *message,
	struct slice body)
{
	struct hub *hub = context;
	outlet_consume(hub->outlet, session, kind, message, body);
}

static void hub_session_closed(void *context, struct session *session)
{
	struct hub *hub = context;
	outlet_closed(session);
	switchboard_closed(hub->switchboard, session);
}

static void hub_session_writable(void *context, struct session *session)
{
	struct hub *hub = context;
	outlet_writable(session);
	switchboard_writable(hub->switchboard, session);
}

static bool hub_checkpoint(
	void *context, struct slice source, struct buffer *out, uint64_t *out_sequence)
{
	struct hub *hub = context;
	struct rtxn *rtxn = NULL;
	struct slice value;
	if (rtxn_begin(hub->engine.state, &rtxn) != CH_OK)
		return false;
	bool found = rtxn_get(rtxn, TABLE_CHECKPOINT, source, &value) == CH_OK && value.len >= 8;
	if (found) {
		*out_sequence = load_le64(value.data);
		buffer_append_slice(out, slice_sub(value, 8, value.len));
	}
	rtxn_end(rtxn);
	return found && out->status == CH_OK;
}

/* ---- Making ---- */

static void hub_report(const struct problems *problems)
{
	for (size_t i = 0; i < problems->count; i++)
		log_error("config.problem", "file=%s line=%u key=%s reason=\"%s\"",
			problems->items[i].file, problems->items[i].line, problems->items[i].key,
			problems->items[i].reason);
}

static enum ch_status hub_open_engine(struct hub *hub)
{
	struct engine_options options = {.settings = hub->settings};
	enum ch_status status = engine_open(&options, &hub->engine);
	if (status != CH_OK) {
		log_error("hub.start", "what=engine status=%s path=%s", ch_status_name(status),
			hub->settings->paths.data);
		return status;
	}
	const struct journal_recovery *recovery = &hub->engine.recovery;
	log_info("journal.open",
		"head=%llu first=%llu torn_bytes=%llu damaged_first=%llu damaged_last=%llu created=%d",
		(unsigned long long)recovery->head, (unsigned long long)recovery->first,
		(unsigned long long)recovery->torn_bytes,
		(unsigned long long)recovery->damaged_first,
		(unsigned long long)recovery->damaged_last, recovery->created);
	log_info("store.open", "folded=%llu rebuilt=%d", (unsigned long long)hub->engine.folded,
		hub->engine.rebuilt);
	struct timekeeper_options clock = {
		.jump_us = hub->settings->jump_ms * 1000,
		.known_us = hub->engine.known_us,
	};
	return timekeeper_create(&clock, &hub->clock);
}

static enum ch_status hub_open_peers(struct hub *hub)
{
	struct problems problems = {0};
	struct zap_options zap = {
		.server = &hub->keys,
		.io_threads = hub->settings->bus_io_threads,
		.metrics = hub->metrics,
	};
	enum ch_status status = curve_read_secret(hub->settings->paths.secret, &hub->keys);
	if (status != CH_OK) {
		log_error("hub.start", "what=key status=%s path=%s", ch_status_name(status),
			hub->settings->paths.secret);
		return status;
	}
	status = roster_load(hub->settings->paths.peers, &problems, &hub->roster);
	hub_report(&problems);
	problems_fini(&problems);
	if (status == CH_OK) {
		zap.roster = hub->roster;
		status = zap_start(hub->loop, &zap, &hub->zap);
	}
	if (status != CH_OK)
		log_error("hub.start", "what=peers status=%s", ch_status_name(status));
	return status;
}

static enum ch_status hub_open_ingest(struct hub *hub)
{
	struct problems problems = {0};
	struct buffer text = {0};
	uint32_t line = 0;
	struct ingest_options options = {
		.journal = hub->engine.journal,
		.state = hub->engine.state,
		.core = hub->engine.core,
		.clock = hub->clock,
		.credit = (uint32_t)hub->settings->bus_credit,
		.synced = hub_synced,
		.ready = hub_receipts_ready,
		.failed = hub_ingest_failed,
		.context = hub,
	};
	enum ch_status status = ingest_start(&options, &hub->ingest);
	if (status == CH_OK) {
		hub->engine.core = NULL; /* ingest's now */
		status = rules_text(hub->settings->paths.rules, hub->roster, &problems, &text);
	}
	hub_report(&problems);
	if (status == CH_OK)
		status = ingest_settings(hub->ingest, buffer_slice(&text), &line);
	if (status != CH_OK)
		log_error(
			"hub.start", "what=rules status=%s line=%u", ch_status_name(status), line);
	problems_fini(&problems);
	buffer_fini(&text);
	return status;
}

static enum ch_status hub_open_outlet(struct hub *hub)
{
	struct outlet *outlet;
	struct outlet_options options = {
		.settings = hub->settings,
		.loop = hub->loop,
		.zap = hub->zap,
		.engine = &hub->engine,
		.failed = hub_failed,
		.context = hub,
	};
	enum ch_status status = outlet_open(&options, &outlet);
	if (status == CH_OK)
		atomic_store(&hub->outlet, outlet);
	return status;
}

static enum ch_status hub_open_bus(struct hub *hub)
{
	struct bus_options options = {
		.settings = hub->settings,
		.loop = hub->loop,
		.zap = hub->zap,
		.ingest = hub->ingest,
		.journal = hub->engine.journal,
		.metrics = hub->metrics,
		.handlers =
			{
				.consume = hub_consume,
				.request = hub_request,
				.closed = hub_session_closed,
				.writable = hub_session_writable,
				.checkpoint = hub_checkpoint,
				.context = hub,
			},
	};
	struct switchboard_options switchboard = {
		.settings = hub->settings,
		.loop = hub->loop,
		.engine = &hub->engine,
		.clock = hub->clock,
		.ingest = hub->ingest,
		.outlet = hub->outlet,
		.roster = hub->roster,
		.keeper = hub->keeper,
	};
	enum ch_status status = switchboard_open(&switchboard, &hub->switchboard);
	if (status == CH_OK)
		status = bus_open(&options, &hub->bus);
	if (status == CH_OK)
		switchboard_join(hub->switchboard, hub->bus);
	if (status != CH_OK)
		log_error("hub.start", "what=bus status=%s address=%s", ch_status_name(status),
			hub->settings->bus_listen);
	return status;
}

static enum ch_status hub_open_pages(struct hub *hub)
{
	struct pages_options options = {
		.settings = hub->settings,
		.loop = hub->loop,
		.metrics = hub->metrics,
		.engine = &hub->engine,
		.clock = hub->clock,
		.ingest = hub->ingest,
		.fanout = outlet_fanout(hub->outlet),
		.keeper = hub->keeper,
		.bus = hub->bus,
	};
	enum ch_status status = pages_open(&options, &hub->pages);
	if (status != CH_OK)
		log_error("hub.start", "what=http status=%s address=%s", ch_status_name(status),
			hub->settings->http_listen);
	return status;
}

static enum ch_status hub_open(struct hub *hub)
{
	struct keeper_options keeper = {
		.settings = hub->settings, .hold = hub_floor, .context = hub};
	enum ch_status status = loop_create(&hub->loop);
	if (status == CH_OK)
		status = hub_open_engine(hub);
	if (status == CH_OK)
		status = hub_open_peers(hub);
	if (status == CH_OK)
		status = hub_open_outlet(hub);
	if (status == CH_OK)
		status = hub_open_ingest(hub);
	if (status == CH_OK) {
		keeper.engine = &hub->engine;
		keeper.clock = hub->clock;
		keeper.ingest = hub->ingest;
		status = keeper_thread_start(&keeper, &hub->keeper);
	}
	if (status == CH_OK)
		status = hub_open_bus(hub);
	if (status == CH_OK)
		status = hub_open_pages(hub);
	if (status == CH_OK)
		status = loop_on_signal(hub->loop, SIGTERM, hub_signal_stop, hub);
	if (status == CH_OK)
		status = loop_on_signal(hub->loop, SIGINT, hub_signal_stop, hub);
	if (status == CH_OK)
		status = loop_on_signal(hub->loop, SIGHUP, hub_signal_reload, hub);
	return status;
}

static void hub_close(struct hub *hub)
{
	pages_close(hub->pages);
	bus_close(hub->bus);
	switchboard_close(hub->switchboard);
	keeper_thread_stop(hub->keeper);
	ingest_stop(hub->ingest);
	hub->ingest = NULL; /* a task may still ask */
	outlet_stop(hub->outlet);
	if (hub->zap != NULL)
		zap_stop(hub->zap);
	roster_free(hub->roster);
	engine_close(&hub->engine);
	timekeeper_free(hub->clock);
	if (hub->loop != NULL)
		loop_free(hub->loop);
	outlet_free(hub->outlet);
	metrics_free(hub->metrics);
	curve_wipe(&hub->keys);
	free(hub);
}

/* Every client is a descriptor, and libzmq does badly without a free one. */
static void hub_raise_descriptors(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		log_warning("hub.descriptors", "what=\"the limit could not be raised\"");
}

enum ch_status hub_run(struct daemon_settings *settings)
{
	hub_raise_descriptors();
	struct hub *hub = calloc(1, sizeof(*hub));
	if (hub == NULL)
		return CH_NOMEM;
	hub->settings = settings;
	hub->engine.lock = -1;
	hub->deliver.run = hub_deliver;
	hub->fail.run = hub_stop_failed;
	hub->metrics = metrics_create();
	enum ch_status status = hub_open(hub);
	if (status == CH_OK) {
		log_info("hub.started", "version=%s bus=%s live=%s http=%d head=%llu",
			CAREHUB_VERSION, bus_address(hub->bus), outlet_live_address(hub->outlet),
			pages_port(hub->pages),
			(unsigned long long)journal_head(hub->engine.journal));
		loop_run(hub->loop);
		status = (enum ch_status)atomic_load(&hub->failure);
	}
	hub_close(hub);
	if (status == CH_OK)
		log_info("hub.stopped", "status=ok");
	return status;
}
