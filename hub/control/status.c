/* Status and Sessions: how the hub is. */
#include <stdarg.h>
#include <stdio.h>

#include "base/bytes.h"
#include "carehub/v1/control.pb-c.h"
#include "control/call.h"
#include "core/customer_number.h"

/* LMDB this far behind the journal's head means that the projector has trouble. */
#define PRESSURE_WARNING  80u
#define PRESSURE_CRITICAL 150u

/* A subscription that lags so far will take its time. */
#define LAG_WARNING 1000000u

#define WARNINGS 16u

struct status_work {
	struct hub_facts facts;
	struct timekeeper_view clock;
	Carehub__V1__Warning rows[WARNINGS];
	Carehub__V1__Warning *warnings[WARNINGS];
	char details[WARNINGS][160];
	size_t warning_count;
	struct core_open open;
	uint64_t customers;
};

static void status_warn(struct status_work *work, const char *code, bool critical,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

static void status_warn(
	struct status_work *work, const char *code, bool critical, const char *format, ...)
{
	va_list arguments;
	size_t i = work->warning_count;
	if (i == WARNINGS)
		return;
	va_start(arguments, format);
	(void)vsnprintf(work->details[i], sizeof(work->details[i]), format, arguments);
	va_end(arguments);
	carehub__v1__warning__init(&work->rows[i]);
	/* protobuf-c's texts are not const, but packing only reads them. */
	work->rows[i].code = (char *)(uintptr_t)code;
	work->rows[i].detail = work->details[i];
	work->rows[i].critical = critical;
	work->warnings[work->warning_count++] = &work->rows[i];
}

/* ---- What the state holds ---- */

static enum ch_status status_count(struct call *call, struct status_work *work)
{
	struct rtxn *rtxn = NULL;
	struct slice value;
	enum ch_status status = rtxn_begin(call->hub->state, &rtxn);
	if (status == CH_OK &&
		rtxn_get(rtxn, TABLE_META, SLICE_LITERAL("next_customer_serial"), &value) ==
			CH_OK &&
		value.len == 8)
		work->customers = load_le64(value.data) - CUSTOMER_SERIAL_FIRST;
	rtxn_end(rtxn);
	work->open = ingest_open(call->hub->ingest);
	return status;
}

/* ---- What an administrator should look at ---- */

static void status_warnings(struct call *call, struct status_work *work)
{
	const struct hub_facts *facts = &work->facts;
	enum ch_status journal = journal_status(call->hub->journal);
	enum ch_status state = state_status(call->hub->state);
	uint32_t pressure = state_pressure(call->hub->state);
	struct journal_stats stats;
	if (facts->hold != NULL)
		status_warn(work, facts->hold, true, "no input is taken until this is mended");
	else if (facts->disk_free_bytes < 2 * facts->disk_reserve_bytes)
		status_warn(work, "disk.near", false, "%llu MiB are free, input stops at %llu",
			(unsigned long long)(facts->disk_free_bytes >> 20),
			(unsigned long long)(facts->disk_reserve_bytes >> 20));
	if (work->clock.held)
		status_warn(work, "clock.held", true,
			"the machine's clock has jumped %lld s ahead: carehub clock",
			(long long)((work->clock.machine_us - work->clock.hub_us) / 1000000));
	if (facts->damaged_first != 0)
		status_warn(work, "journal.damage", true,
			"entries %llu to %llu cannot be read: carehubd verify, then repair",
			(unsigned long long)facts->damaged_first,
			(unsigned long long)facts->damaged_last);
	journal_stats(call->hub->journal, &stats);
	if (facts->damaged_first == 0 && stats.damaged_segments > 0)
		status_warn(work, "journal.damage", true,
			"%llu segments cannot be read whole: carehubd verify, then repair",
			(unsigned long long)stats.damaged_segments);
	if (journal != CH_OK)
		status_warn(work, "journal.failed", true, "%s", ch_status_text(journal));
	if (state != CH_OK)
		status_warn(work, "store.failed", true, "%s", ch_status_text(state));
	if (pressure >= PRESSURE_WARNING)
		status_warn(work, "store.lag", pressure >= PRESSURE_CRITICAL,
			"unwritten changes are at %u %% of their bound", pressure);
	if (work->open.quarantined > 0)
		status_warn(work, "quarantine.open", false,
			"%llu set aside: correct, resubmit or discard them",
			(unsigned long long)work->open.quarantined);
}

static void status_warn_fanout(struct status_work *work, const struct fanout_stats *fanout)
{
	if (fanout->suspended > 0)
		status_warn(work, "subscription.suspended", false,
			"%llu lagged beyond their bound and must start from a snapshot",
			(unsigned long long)fanout->suspended);
	if (fanout->dead_letters > 0)
		status_warn(work, "dead_letters", false, "%llu deliveries were set aside",
			(unsigned long long)fanout->dead_letters);
	if (fanout->worst_lag > LAG_WARNING)
		status_warn(work, "subscription.lag", false, "the slowest is %llu entries behind",
			(unsigned long long)fanout->worst_lag);
}

static void status_ingest(struct call *call, Carehub__V1__IngestCounters *out)
{
	struct ingest_stats stats;
	ingest_stats(call->hub->ingest, &stats);
	carehub__v1__ingest_counters__init(out);
	out->accepted = stats.accepted;
	out->duplicates = stats.duplicates;
	out->conflicts = stats.conflicts;
	out->quarantined = stats.quarantined;
	out->refused = stats.refused;
	out->retried = stats.retried;
	out->frames = stats.frames;
	out->batches = stats.batches;
	out->queued = stats.queued;
	out->batch_last_us = (int64_t)stats.batch_last_us;
	out->batch_max_us = (int64_t)stats.batch_max_us;
}

static enum call_turn status_answer(struct call *call, struct status_work *work)
{
	Carehub__V1__StatusReply reply;
	Carehub__V1__IngestCounters counters;
	struct journal_stats journal;
	struct state_stats state;
	struct fanout_stats fanout;
	uint8_t chain[JOURNAL_HASH_BYTES];
	const struct hub_facts *facts = &work->facts;
	carehub__v1__status_reply__init(&reply);
	journal_stats(call->hub->journal, &journal);
	state_stats(call->hub->state, &state);
	(void)journal_chain(call->hub->journal, chain);
	status_ingest(call, &counters);
	fanout_stats(call->hub->fanout, &fanout);
	counters.deliveries = fanout.deliveries;
	counters.redeliveries = fanout.redeliveries;
	counters.acks = fanout.acks;
	status_warnings(call, work);
	status_warn_fanout(work, &fanout);
	reply.subscriptions = (uint32_t)fanout.subscriptions;
	reply.dead_letters = fanout.dead_letters;
	reply.version = (char *)(uintptr_t)facts->version;
	reply.started_time_us = facts->started_us;
	reply.now_time_us = work->clock.hub_us;
	reply.clock_held = work->clock.held;
	reply.incarnation = journal_incarnation(call->hub->journal);
	reply.first = journal_first(call->hub->journal);
	reply.head = journal_head(call->hub->journal);
	reply.applied = state_applied(call->hub->state);
	reply.head_arrival_us = journal_head_arrival_us(call->hub->journal);
	reply.journal_bytes = journal.segment_bytes_on_disk;
	reply.archive_bytes = journal.archive_bytes;
	reply.store_bytes = state.lmdb_bytes + state.inbox_bytes;
	reply.disk_free_bytes = facts->disk_free_bytes;
	reply.pressure = state_pressure(call->hub->state);
	reply.sessions = facts->sessions;
	reply.producers = facts->producers;
	reply.quarantined = work->open.quarantined;
	reply.open_reviews = work->open.reviews;
	reply.open_deadlines = work->open.deadlines;
	reply.customers = work->customers;
	reply.hold = (char *)(uintptr_t)(facts->hold != NULL ? facts->hold : "");
	reply.warnings = work->warnings;
	reply.n_warnings = work->warning_count;
	reply.ingest = &counters;
	reply.chain = (ProtobufCBinaryData){sizeof(chain), chain};
	return call_answer(call, &reply.base);
}

/* First on the loop thread, for what only it knows; then where reading is allowed. */
enum call_turn status_step(struct call *call)
{
	struct status_work *work = call->work;
	if (call->steps == 0) {
		work = call_work(call, sizeof(*work), NULL);
		if (work == NULL)
			return call_fail(call, CH_NOMEM, "memory ran out");
		call->hub->hooks.facts(call->hub->hooks.context, &work->facts);
		call->lane = LANE_QUICK;
		return CALL_MORE;
	}
	work->clock = timekeeper_view(call->hub->clock);
	enum ch_status status = status_count(call, work);
	if (status != CH_OK)
		return call_fail(call, status, "the store cannot be read");
	return status_answer(call, work);
}

enum call_turn sessions_step(struct call *call)
{
	struct hub_session session;
	size_t at = 0;
	while (call->hub->hooks.next_session(call->hub->hooks.context, &at, &session)) {
		Carehub__V1__SessionsReply reply;
		Carehub__V1__SessionInfo info;
		Carehub__V1__SessionInfo *infos[1] = {&info};
		carehub__v1__sessions_reply__init(&reply);
		carehub__v1__session_info__init(&info);
		info.peer = session.peer;
		info.agent = session.agent;
		info.connected_time_us = session.connected_us;
		info.last_seen_time_us = session.heard_us;
		info.published = session.published;
		info.in_flight = session.in_flight;
		info.credit = session.credit;
		info.subscriptions = session.subscriptions;
		reply.sessions = infos;
		reply.n_sessions = 1;
		/* Messages of one kind behind each other are one with all their elements. */
		call_put(call, &reply.base);
	}
	return call_finish(call);
}
