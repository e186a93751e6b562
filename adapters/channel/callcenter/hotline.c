#include "channel/callcenter/hotline.h"

#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "channel/callcenter/dialect.h"
#include "channel/callcenter/log_fill.h"
#include "channel/callcenter/means.h"
#include "channel/callcenter/recording.h"
#include "channel/callcenter/screens.h"
#include "kit/folder.h"

#define TICK_MS       250
#define CLOSE_US      INT64_C(5000000)
#define FILL_SOON_US  INT64_C(2000000)  /* the exchange may still be writing */
#define FILL_ALONE_US INT64_C(2000000)  /* logs that are the only source */
#define FILL_BLIND_US INT64_C(10000000) /* while the exchange is not heard */
#define FILL_ROWS_US  INT64_C(70000000) /* rows of calls that may get more */
#define FILL_FULL_US  INT64_C(100000)

struct hotline {
	const struct callcenter_settings *settings;
	struct callcenter_means means;
	struct call_names names;
	struct harvest *harvest;
	struct recording_options desk;
	struct folder *folder; /* NULL: none */

	/* Since start. */
	struct kit_hub *hub;
	uv_loop_t loop;
	bool looping;
	uv_timer_t tick;
	struct dialect *dialect; /* NULL: no exchange is listened to */
	struct exchange *exchange;
	struct log_fill *fill; /* NULL: no logs */
	int64_t fill_due_us;   /* of the steady clock; INT64_MAX: when something is missed */
	int64_t fresh_until_us; /* up to here the exchange may write what happened before it was up */
	bool filled;            /* all that the logs had was read once */
	struct screens *screens; /* NULL: none */
	enum ch_status status;   /* of what was done in callbacks */
};

/* ---- The logs ---- */

static void hotline_fill_by(struct hotline *hotline, int64_t in_us)
{
	int64_t due_us = clock_steady_us() + in_us;
	if (due_us < hotline->fill_due_us)
		hotline->fill_due_us = due_us;
}

static void hotline_fill_step(struct hotline *hotline)
{
	if (hotline->fill == NULL || clock_steady_us() < hotline->fill_due_us)
		return;
	hotline->fill_due_us = INT64_MAX;
	enum ch_status status = log_fill_step(hotline->fill, clock_wall_us(), clock_steady_us());
	if (status == CH_OK) {
		hotline_fill_by(hotline, 0);
		return;
	}
	if (status == CH_NOMEM)
		hotline->status = status;
	if (status == CH_FULL)
		hotline_fill_by(hotline, FILL_FULL_US);
	if (status != CH_END)
		return;
	hotline->filled = true;
	int64_t fresh_us = hotline->fresh_until_us - clock_steady_us();
	if (fresh_us > 0)
		hotline_fill_by(hotline, fresh_us);
	if (!callcenter_listens(hotline->settings))
		hotline_fill_by(hotline, FILL_ALONE_US);
	else if (!dialect_is_up(hotline->dialect))
		hotline_fill_by(hotline, FILL_BLIND_US);
	else if (log_fill_is_waiting(hotline->fill))
		hotline_fill_by(hotline, FILL_ROWS_US);
}

/* Whether the logs tell of it, and better. */
static bool hotline_is_logged(const struct hotline *hotline, const struct call_record *call)
{
	const struct callcenter_settings *settings = hotline->settings;
	const char *log = call->outcome == CALL_PLAIN ? settings->cdr : settings->queue_log;
	if (call->outcome == CALL_SURVEYED && !settings->survey_logged)
		return false;
	return log != NULL && (call->partial || call->outcome == CALL_CUT);
}

/* ---- The exchange ---- */

static void hotline_keep(struct hotline *hotline, const struct call_record *call)
{
	enum ch_status status = harvest_call(hotline->harvest, call, (struct slice){NULL, 0});
	if (status == CH_FULL) {
		log_warning("calls.full", "detail=\"%s\"",
			hotline->fill != NULL ? "the hub takes none: this one is left to the logs"
					      : "the hub takes none: this one is lost");
		hotline_fill_by(hotline, FILL_SOON_US);
	} else if (status != CH_OK) {
		hotline->status = status;
	}
}

static void on_finished(void *context, const struct call_record *call)
{
	struct hotline *hotline = context;
	if (hotline_is_logged(hotline, call))
		hotline_fill_by(hotline, FILL_SOON_US);
	else
		hotline_keep(hotline, call);
}

/* Calls that are over need the room more: they tell all that these do. */
static void on_changed(void *context, const struct call_record *call)
{
	struct hotline *hotline = context;
	if (hotline_is_logged(hotline, call))
		hotline_fill_by(hotline, FILL_SOON_US);
	else if (harvest_count(hotline->harvest) < LIMIT_CALLS_WAITING / 2)
		hotline_keep(hotline, call);
}

/* Nobody else tells them again, unless the dial plan writes them down. */
static void on_surveyed(void *context, const struct call_record *call)
{
	struct hotline *hotline = context;
	bool logged = hotline->settings->survey_logged;
	if (hotline_is_logged(hotline, call)) {
		hotline_fill_by(hotline, FILL_SOON_US);
		return;
	}
	enum ch_status status = harvest_call(hotline->harvest, call, (struct slice){NULL, 0});
	if (status == CH_FULL) {
		log_warning("calls.full",
			"detail=\"the hub takes none: a caller's answers are %s\"",
			logged ? "left to the logs" : "lost");
		hotline_fill_by(hotline, FILL_SOON_US);
	} else if (status != CH_OK) {
		hotline->status = status;
	}
}

static void on_refused(void *context, struct slice uniqueid, const char *reason)
{
	struct hotline *hotline = context;
	enum ch_status status = harvest_reject(hotline->harvest, KIT_REJECT, false,
		"a survey, call %.*s: %s", (int)uniqueid.len, (const char *)uniqueid.data, reason);
	if (status == CH_NOMEM)
		hotline->status = status; /* one that found no room was only told */
}

static void on_offered(void *context, const struct call_offer *offer)
{
	struct hotline *hotline = context;
	screens_offer(hotline->screens, offer);
}

static void hotline_take(struct hotline *hotline, const struct ami_message *message)
{
	enum ch_status status = exchange_take(hotline->exchange, message, clock_wall_us());
	if (status != CH_OK)
		hotline->status = status;
}

static void on_event(void *context, const struct ami_message *message)
{
	hotline_take(context, message);
}

/* Who is a member of a queue, by which name and device; and who waits in it. */
static void on_queue_item(void *context, const struct ami_message *message)
{
	struct hotline *hotline = context;
	if (ami_is(message->name, "QueueMember"))
		callcenter_means_learn(&hotline->means, ami_get(message, "Name"),
			call_agent_id(&hotline->names, (struct slice){NULL, 0},
				ami_get(message, "Location")));
	else
		hotline_take(hotline, message);
}

static void on_list_begin(void *context)
{
	struct hotline *hotline = context;
	exchange_list_begin(hotline->exchange);
}

static void on_list_channel(void *context, const struct ami_message *message)
{
	struct hotline *hotline = context;
	exchange_list_channel(hotline->exchange, ami_get(message, "Uniqueid"));
}

static void on_list_end(void *context, bool good)
{
	struct hotline *hotline = context;
	if (good)
		exchange_list_end(hotline->exchange, clock_wall_us());
}

/* The logs are read at once, and again when the exchange must have written down what ended just before. */
static void on_up(void *context)
{
	struct hotline *hotline = context;
	hotline->fresh_until_us = clock_steady_us() + FILL_SOON_US;
	hotline_fill_by(hotline, 0);
}

static void on_down(void *context)
{
	struct hotline *hotline = context;
	exchange_lost(hotline->exchange);
	hotline_fill_by(hotline, FILL_BLIND_US);
}

/* ---- Tokens that have changed ---- */

/* An exchange repeats nothing, so its line is not given up for the agents' tokens. */
static enum ch_status hotline_renew(void *source)
{
	struct hotline *hotline = source;
	struct problems problems = {0};
	struct callcenter_means means;
	enum ch_status status = callcenter_means_init(hotline->settings, &problems, &means);
	problems_fini(&problems); /* they were found good a moment ago */
	if (status == CH_OK && (passes_same(hotline->means.passes, means.passes) ||
				       !callcenter_means_same(&hotline->means, &means)))
		status = CH_UNSUPPORTED;
	if (status == CH_OK) {
		struct passes *before = hotline->means.passes;
		hotline->means.passes = means.passes;
		means.passes = before;
		screens_renew(hotline->screens, hotline->means.passes);
	}
	callcenter_means_fini(&means);
	return status;
}

/* ---- Starting ---- */

static enum ch_status hotline_start_client(struct hotline *hotline)
{
	const struct callcenter_settings *settings = hotline->settings;
	const struct exchange_listener listener = {
		.finished = on_finished,
		.offered = on_offered,
		.changed = settings->live ? on_changed : NULL,
		.surveyed = on_surveyed,
		.refused = on_refused,
		.context = hotline,
	};
	const struct exchange_options exchange = {
		.zone = hotline->means.zone,
		.survey = settings->survey_event != NULL ? &hotline->means.survey : NULL,
	};
	const struct ears ears = {
		.event = on_event,
		.list_begin = on_list_begin,
		.list_channel = on_list_channel,
		.list_end = on_list_end,
		.queue_item = on_queue_item,
		.up = on_up,
		.down = on_down,
		.context = hotline,
	};
	if (!callcenter_listens(settings))
		return CH_OK;
	enum ch_status status = exchange_create(&listener, &exchange, &hotline->exchange);
	if (status == CH_OK)
		status = dialect_open(
			&hotline->loop, settings, &hotline->means, &ears, &hotline->dialect);
	return status;
}

static void on_tick(uv_timer_t *timer)
{
	struct hotline *hotline = timer->data;
	if (hotline->exchange != NULL)
		exchange_tend(hotline->exchange, clock_wall_us());
}

/* Logs alone can wait for the hub and are read on from where it says.  An exchange cannot: it is listened to, and
 * screens are served, whether the hub is there or not; then logs are read again as far as `logs.lookback` says. */
static const char *hotline_checkpoint_source(void *source, size_t i)
{
	const struct hotline *hotline = source;
	return i == 0 && !callcenter_listens(hotline->settings) ? hotline->settings->source : NULL;
}

static enum ch_status hotline_start_fill(struct hotline *hotline)
{
	const struct callcenter_settings *settings = hotline->settings;
	struct buffer checkpoint = {0};
	enum ch_status status = CH_NOT_FOUND;
	if (settings->queue_log == NULL && settings->cdr == NULL)
		return CH_OK;
	if (hotline_checkpoint_source(hotline, 0) != NULL)
		status = kit_checkpoint(hotline->hub, settings->source, &checkpoint);
	if (status == CH_OK || status == CH_NOT_FOUND) {
		const struct log_fill_options logs = {
			.queue_log = settings->queue_log,
			.cdr = settings->cdr,
			.zone = hotline->means.zone,
			.survey = settings->survey_logged ? &hotline->means.survey : NULL,
			.live = settings->live,
			.since_us = clock_wall_us() - settings->lookback_ms * 1000,
			.checkpoint = buffer_slice(&checkpoint),
		};
		status = log_fill_create(&logs, hotline->harvest, &hotline->fill);
	}
	hotline_fill_by(hotline, 0);
	buffer_fini(&checkpoint);
	return status;
}

static enum ch_status hotline_start(void *source, struct kit_hub *hub)
{
	struct hotline *hotline = source;
	hotline->hub = hub;
	if (uv_loop_init(&hotline->loop) != 0)
		return CH_IO;
	hotline->looping = true;
	(void)uv_timer_init(&hotline->loop, &hotline->tick); /* cannot fail */
	hotline->tick.data = hotline;
	(void)uv_timer_start(&hotline->tick, on_tick, TICK_MS, TICK_MS); /* nor can this */
	hotline->fill_due_us = INT64_MAX;
	const struct screens_options screens = {
		.settings = hotline->settings,
		.means = &hotline->means,
		.names = &hotline->names,
		.hub = hub,
		.loop = &hotline->loop,
	};
	enum ch_status status = hotline->folder != NULL ? folder_start(hotline->folder) : CH_OK;
	if (status == CH_OK)
		status = hotline_start_fill(hotline);
	if (status == CH_OK)
		status = screens_open(&screens, &hotline->screens);
	if (status == CH_OK)
		status = hotline_start_client(hotline);
	return status;
}

/* ---- The kit's callbacks ---- */

static enum ch_status hotline_tend(void *source, struct kit_wait *out_wait)
{
	struct hotline *hotline = source;
	(void)uv_run(&hotline->loop, UV_RUN_NOWAIT); /* there is always the tick */
	hotline_fill_step(hotline);
	int64_t timeout_ms = uv_backend_timeout(&hotline->loop);
	if (hotline->fill != NULL && hotline->fill_due_us != INT64_MAX) {
		int64_t left_ms = (hotline->fill_due_us - clock_steady_us() + 999) / 1000;
		left_ms = left_ms > 0 ? left_ms : 0;
		timeout_ms = timeout_ms < 0 || left_ms < timeout_ms ? left_ms : timeout_ms;
	}
	*out_wait = (struct kit_wait){
		.fd = uv_backend_fd(&hotline->loop), .events = POLLIN, .timeout_ms = timeout_ms};
	return hotline->status;
}

/* Calls first: they are older than what somebody has written about them. */
static enum ch_status hotline_next(void *source, struct kit_item *out_item)
{
	struct hotline *hotline = source;
	enum ch_status status = harvest_take(hotline->harvest, out_item);
	if (status == CH_OK && out_item->what == KIT_REJECT)
		log_warning("call.rejected", "reason=\"%.*s\"", (int)out_item->reject.len,
			(const char *)out_item->reject.data);
	if (status == CH_END && hotline->folder != NULL)
		status = folder_next(hotline->folder, out_item);
	if (status == CH_END && hotline->fill != NULL && !hotline->filled)
		status = CH_BUSY;
	return status;
}

/* A call has no file beside which its refusal could be written.  CH_CLOSED: the process ends, and the logs have
 * it. */
static void hotline_tell_refusal(const struct ch_receipt *receipt, enum ch_status status)
{
	if (status != CH_OK && status != CH_CLOSED)
		log_warning("call.refused", "status=%s sequence=%llu field=%s",
			ch_status_name(status), (unsigned long long)receipt->sequence,
			receipt->field);
}

/* A file's items have its number in the upper half of their tokens; calls have none. */
static void hotline_settle(void *source, const struct kit_settled *settled)
{
	struct hotline *hotline = source;
	if (settled->token == 0)
		hotline_tell_refusal(&settled->receipt, settled->status);
	else if (hotline->folder != NULL)
		folder_settle(hotline->folder, settled);
}

static enum ch_status hotline_late(
	void *source, struct slice origin, const struct ch_receipt *receipt)
{
	struct hotline *hotline = source;
	if (origin.len == 0)
		hotline_tell_refusal(receipt, ch_receipt_status(receipt));
	if (origin.len == 0 || hotline->folder == NULL)
		return CH_NOT_FOUND;
	return folder_late(hotline->folder, origin, receipt);
}

static void hotline_close_loop(struct hotline *hotline)
{
	int64_t until_us = clock_steady_us() + CLOSE_US;
	screens_close(hotline->screens);
	dialect_close(hotline->dialect);
	uv_close((uv_handle_t *)&hotline->tick, NULL);
	while (uv_loop_alive(&hotline->loop) && clock_steady_us() < until_us)
		(void)uv_run(&hotline->loop, UV_RUN_NOWAIT); /* looked at above */
	if (uv_loop_close(&hotline->loop) != 0) {
		log_error("loop.stuck", "waited_us=%lld", (long long)CLOSE_US);
		hotline->screens =
			NULL; /* a leak beats a crash: what is on it may still be called */
		return;
	}
	dialect_free(hotline->dialect);
}

static void hotline_close(void *source)
{
	struct hotline *hotline = source;
	if (hotline == NULL)
		return;
	if (hotline->looping)
		hotline_close_loop(hotline);
	screens_free(hotline->screens);
	exchange_free(hotline->exchange);
	log_fill_free(hotline->fill);
	folder_close(hotline->folder);
	harvest_free(hotline->harvest);
	callcenter_means_fini(&hotline->means);
	free(hotline);
}

static enum ch_status hotline_check(const void *config, struct problems *problems)
{
	const struct callcenter_settings *settings = config;
	struct callcenter_means means;
	enum ch_status folder = CH_OK;
	enum ch_status status = callcenter_means_init(settings, problems, &means);
	callcenter_means_fini(&means);
	if (settings->desk_path != NULL)
		folder = folder_check(settings->desk_path, "desk.folder", problems);
	return status == CH_OK ? folder : status;
}

static enum ch_status hotline_open_folder(struct hotline *hotline)
{
	const struct callcenter_settings *settings = hotline->settings;
	hotline->desk = (struct recording_options){.kind = RECORDING_DESK, .names = hotline->names};
	const struct folder_options options = {
		.path = settings->desk_path,
		.settle_ms = settings->desk_settle_ms,
		.receipts = settings->desk_receipts,
		.format = &recording_format,
		.decoder = &hotline->desk,
	};
	return settings->desk_path != NULL ? folder_open(&options, &hotline->folder) : CH_OK;
}

static enum ch_status hotline_open(void *config, struct problems *problems, void **out_source)
{
	enum ch_status status = CH_NOMEM;
	struct hotline *hotline = calloc(1, sizeof(*hotline));
	if (hotline == NULL)
		goto out;
	hotline->settings = config;
	status = callcenter_means_init(hotline->settings, problems, &hotline->means);
	hotline->names = (struct call_names){
		.source = slice_text(hotline->settings->source),
		.groups = &hotline->means.groups,
		.agents = &hotline->means.agents,
		.caller_names = hotline->settings->caller_names,
	};
	if (status == CH_OK)
		status = hotline_open_folder(hotline);
	if (status == CH_OK)
		status = harvest_create(&hotline->names, &hotline->harvest);
	if (status != CH_OK)
		goto out;
	*out_source = hotline;
	hotline = NULL; /* the caller's now */
out:
	hotline_close(hotline);
	return status;
}

int hotline_main(int argc, char **argv)
{
	const struct kit_adapter adapter = {
		.program = "carehub-callcenter",
		.options = callcenter_options,
		.option_count = callcenter_option_count,
		.config_bytes = sizeof(struct callcenter_settings),
		.check = hotline_check,
		.open = hotline_open,
		.renew = hotline_renew,
		.checkpoint_source = hotline_checkpoint_source,
		.start = hotline_start,
		.tend = hotline_tend,
		.next = hotline_next,
		.settle = hotline_settle,
		.late = hotline_late,
		.close = hotline_close,
	};
	return kit_main(argc, argv, &adapter);
}
