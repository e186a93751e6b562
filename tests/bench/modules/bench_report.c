/* What a report costs that reads the book of a large organisation: how long `carehub-quality report` takes and how
 * much memory, and the pass of the running module over all facts.
 *
 *     bench_report DIRECTORY REPAIRS CALLS
 *
 * Repairs of five events (a third asks for a part, one in forty is brought again) at 430 stations and calls of two
 * events are spread over thirteen months, of 400 000 customers and of nobody.  The book stays in DIRECTORY, and is made only
 * when it is not there.  A report runs in a process of its own, whose memory is told. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"
#include "bench/load/complaint.h"
#include "bench/load/driver.h"
#include "carehub/v1/callcenter.pb-c.h"
#include "carehub/v1/repair.pb-c.h"
#include "module/kit/feed_state.h"
#include "module/quality/fact/facts.h"
#include "module/quality/manager/report_command.h"
#include "module/quality/measure/measure.h"
#include "module/quality/quality_module.h"
#include "module/quality/quality_settings.h"
#include "wire/types.h"

#define HOUR_US   (DAY_US / 24)
#define BEGIN_US  (INT64_C(1740758400) * 1000000) /* 2025-03-01 00:00 at +08:00 */
#define MONTHS    13
#define SPAN_US   (395 * DAY_US)
#define BATCH     131072u /* large, as only what comes of it is measured */
#define STATIONS  430u
#define MODELS    60u
#define PARTS     200u
#define CUSTOMERS 400000u
#define GROUPS    5u
#define PIECE     2000u

struct report_bench {
	struct book *book;
	struct book_txn *txn;
	uint64_t seed;
	uint64_t events;
	uint64_t repairs;
	uint64_t calls;
	enum ch_status status; /* sticks */
};

static int64_t chance(struct report_bench *bench, int64_t below)
{
	bench->seed += UINT64_C(0x9e3779b97f4a7c15);
	return (int64_t)(hash_mix(bench->seed, UINT64_C(0xe7037ed1a0b428db)) % (uint64_t)below);
}

/* ---- Events ---- */

static void turn_batch(struct report_bench *bench)
{
	if (bench->status != CH_OK || bench->events % BATCH != 0)
		return;
	if (bench->txn != NULL)
		bench->status = book_commit(bench->txn);
	bench->txn = NULL;
	if (bench->status == CH_OK || bench->status == CH_RETRY)
		bench->status = book_begin(bench->book, true, &bench->txn);
}

static void tell(struct report_bench *bench, const char *type, const ProtobufCMessage *message,
	int64_t time_us, uint64_t customer)
{
	char id[32];
	turn_batch(bench);
	(void)snprintf(id, sizeof(id), "e%" PRIu64, ++bench->events);
	const struct feed_event event = {.sequence = bench->events,
		.arrival_us = time_us,
		.occurred_us = time_us,
		.customer = customer,
		.message = message,
		.head = {.id = slice_text(id),
			.source = SLICE_LITERAL("/stations"),
			.type = slice_text(type),
			.time_us = time_us}};
	for (size_t i = 0; i < FACT_PARTS && bench->status == CH_OK; i++) {
		for (size_t k = 0; k < fact_parts[i]->fold_count; k++) {
			const struct module_fold *fold = &fact_parts[i]->folds[k];
			if (types_match(slice_text(fold->type), slice_text(type)))
				bench->status = fold->fold(NULL, bench->txn, &event);
		}
	}
}

static void tell_part(
	struct report_bench *bench, char *order, Carehub__V1__StationRef *where, int64_t at_us)
{
	static char line[] = "1";
	char number[16];
	Carehub__V1__RepairPart part = CAREHUB__V1__REPAIR_PART__INIT;
	Carehub__V1__RepairPart *parts[] = {&part};
	Carehub__V1__RepairPartRequested asked = CAREHUB__V1__REPAIR_PART_REQUESTED__INIT;
	Carehub__V1__RepairPartArrived came = CAREHUB__V1__REPAIR_PART_ARRIVED__INIT;
	(void)snprintf(number, sizeof(number), "P%03d", (int)chance(bench, PARTS));
	part.line_id = line;
	part.part_number = number;
	asked.repair_order_id = came.repair_order_id = order;
	asked.station = came.station = where;
	asked.parts = came.parts = parts;
	asked.n_parts = came.n_parts = 1;
	tell(bench, "repair.part.requested", &asked.base, at_us, 0);
	tell(bench, "repair.part.arrived", &came.base, at_us + chance(bench, 5 * DAY_US), 0);
}

static void tell_repair(struct report_bench *bench, int64_t at_us)
{
	char order[32];
	char station[16];
	char model[16];
	char serial[24];
	char defect[16];
	char *defects[] = {defect};
	Carehub__V1__StationRef where = CAREHUB__V1__STATION_REF__INIT;
	Carehub__V1__ProductUnitRef unit = CAREHUB__V1__PRODUCT_UNIT_REF__INIT;
	Carehub__V1__RepairOrderReceived received = CAREHUB__V1__REPAIR_ORDER_RECEIVED__INIT;
	Carehub__V1__RepairWorkStarted started = CAREHUB__V1__REPAIR_WORK_STARTED__INIT;
	Carehub__V1__RepairOrderDiagnosed diagnosed = CAREHUB__V1__REPAIR_ORDER_DIAGNOSED__INIT;
	Carehub__V1__RepairOrderRepaired repaired = CAREHUB__V1__REPAIR_ORDER_REPAIRED__INIT;
	Carehub__V1__RepairOrderReturned returned = CAREHUB__V1__REPAIR_ORDER_RETURNED__INIT;
	uint64_t number = ++bench->repairs;
	uint64_t customer = (uint64_t)chance(bench, CUSTOMERS * 10 / 9);
	int64_t took_us = chance(bench, 5 * DAY_US) + HOUR_US;
	(void)snprintf(station, sizeof(station), "S%03d", (int)chance(bench, STATIONS));
	(void)snprintf(order, sizeof(order), "%s-%08" PRIu64, station, number);
	(void)snprintf(model, sizeof(model), "NB-%02d", (int)chance(bench, MODELS));
	/* One in forty is a unit that was here before. */
	(void)snprintf(serial, sizeof(serial), "SN%09" PRIu64,
		chance(bench, 40) == 0 ? 1 + (uint64_t)chance(bench, (int64_t)number) : number);
	(void)snprintf(defect, sizeof(defect), "D%02d", (int)chance(bench, 30));
	where.station_id = station;
	unit.serial_number = serial;
	unit.model = model;
	received.repair_order_id = started.repair_order_id = diagnosed.repair_order_id =
		repaired.repair_order_id = returned.repair_order_id = order;
	received.station = started.station = diagnosed.station = repaired.station =
		returned.station = &where;
	received.unit = &unit;
	started.stage = CAREHUB__V1__REPAIR_STAGE__REPAIR_STAGE_REPAIR;
	diagnosed.defect_codes = defects;
	diagnosed.n_defect_codes = 1;
	repaired.verdict = CAREHUB__V1__REPAIR_VERDICT__REPAIR_VERDICT_FIXED;
	tell(bench, "repair.order.received", &received.base, at_us, customer);
	tell(bench, "repair.work.started", &started.base, at_us + HOUR_US, customer);
	tell(bench, "repair.order.diagnosed", &diagnosed.base, at_us + took_us / 4, customer);
	if (chance(bench, 3) == 0)
		tell_part(bench, order, &where, at_us + took_us / 4);
	if (chance(bench, 100) == 0)
		return; /* it lies there still */
	tell(bench, "repair.order.repaired", &repaired.base, at_us + took_us, customer);
	tell(bench, "repair.order.returned", &returned.base, at_us + took_us + 6 * HOUR_US,
		customer);
}

static void tell_call(struct report_bench *bench, int64_t at_us)
{
	static const char *const groups[GROUPS] = {
		"notebooks", "appliances", "games", "setup", "videoconf"};
	char number[32];
	char group[16];
	Carehub__V1__CallRef call = CAREHUB__V1__CALL_REF__INIT;
	Carehub__V1__CallcenterCallQueued queued = CAREHUB__V1__CALLCENTER_CALL_QUEUED__INIT;
	Carehub__V1__CallcenterCallCompleted done = CAREHUB__V1__CALLCENTER_CALL_COMPLETED__INIT;
	Carehub__V1__CallcenterCallAbandoned gone = CAREHUB__V1__CALLCENTER_CALL_ABANDONED__INIT;
	uint64_t customer = (uint64_t)chance(bench, CUSTOMERS * 10 / 7);
	int64_t wait_ms = chance(bench, 60000);
	(void)snprintf(number, sizeof(number), "%010" PRIu64 ".%02d", ++bench->calls,
		(int)chance(bench, 100));
	(void)snprintf(group, sizeof(group), "%s", groups[chance(bench, GROUPS)]);
	call.call_id = number;
	call.queue_call_id = number;
	call.queue = group;
	call.group = group;
	queued.call = done.call = gone.call = &call;
	done.wait_ms = gone.wait_ms = wait_ms;
	done.talk_ms = 30000 + chance(bench, 400000);
	customer = customer <= CUSTOMERS ? customer : 0;
	tell(bench, "callcenter.call.queued", &queued.base, at_us, customer);
	if (chance(bench, 12) == 0)
		tell(bench, "callcenter.call.abandoned", &gone.base, at_us + wait_ms * 1000,
			customer);
	else
		tell(bench, "callcenter.call.completed", &done.base,
			at_us + (wait_ms + done.talk_ms) * 1000, customer);
}

/* ---- The book ---- */

static void print(const char *name, double value, const char *unit)
{
	printf("%s\t%.6g\t%s\n", name, value, unit);
	(void)fflush(stdout);
}

static enum ch_status make(const struct book_form *form, uint64_t repairs, uint64_t calls)
{
	struct report_bench bench = {.seed = 7};
	int64_t began_ns = driver_now_ns();
	bench.status = book_open(form, BOOK_WRITE, &bench.book);
	/* Both go on through the months side by side. */
	for (uint64_t i = 0; i < calls && bench.status == CH_OK; i++) {
		tell_call(&bench,
			BEGIN_US + (int64_t)(i * (uint64_t)(SPAN_US / 1000) / calls) * 1000);
		if (i * repairs / calls != (i + 1) * repairs / calls)
			tell_repair(&bench,
				BEGIN_US +
					(int64_t)(i * (uint64_t)(SPAN_US / 1000) / calls) * 1000);
	}
	if (bench.status == CH_OK) {
		const struct feed_state state = {.incarnation = 1,
			.position = bench.events,
			.arrival_us = BEGIN_US + SPAN_US,
			.events = bench.events,
			.caught_up = true};
		feed_state_write(bench.txn, &state);
		bench.status = book_commit(bench.txn);
		bench.txn = NULL;
	}
	double seconds = (double)(driver_now_ns() - began_ns) / 1e9;
	book_abort(bench.txn);
	if (bench.status == CH_OK) {
		print("fold.throughput", (double)bench.events / seconds, "events/s");
		print("book.bytes", (double)book_used_bytes(bench.book), "bytes");
	}
	book_close(bench.book);
	return bench.status;
}

static enum ch_status write_config(const char *directory, const char *path)
{
	char text[8192];
	(void)snprintf(text, sizeof(text),
		"[hub]\nkey_file = %s/key\nserver_key = "
		"0000000000000000000000000000000000000000000000000000000000000000\n"
		"[module]\nbook = %s/book\n",
		directory, directory);
	return file_replace(path, slice_text(text), 0600);
}

/* ---- What is measured ---- */

struct run {
	const char *name;
	const struct quality_module *quality;
	const char *config;
	const char *output;
	const char *period; /* NULL: the module's pass over all facts */
};

/* The pass of the module, piece by piece: how long the longest keeps everybody else waiting. */
static int pass(const struct run *run)
{
	struct module_view view = {0};
	struct problems problems = {0};
	struct measuring *measuring = NULL;
	struct measures *measures = NULL;
	int64_t longest_ns = 0;
	enum ch_status status =
		module_view_open(&run->quality->module, run->config, &problems, &view);
	if (status != CH_OK)
		return EXIT_FAILURE;
	const struct quality_settings *settings = view.configs[quality_config_part];
	int64_t until_us =
		period_start(PERIOD_MONTH, quality_offset_us(settings), view.feed.arrival_us);
	const struct measure_request request = {.settings = settings,
		.from_us = period_add_months(quality_offset_us(settings), until_us, -MONTHS),
		.until_us = until_us,
		.as_of_us = view.feed.arrival_us,
		.unit = PERIOD_MONTH,
		.cuts = 1u << CUT_ALL | 1u << CUT_PERIOD | 1u << CUT_STATION_PERIOD};
	status = measuring_create(&request, &measuring);
	while (status == CH_OK) {
		int64_t began_ns = driver_now_ns();
		status = measuring_go_on(measuring, view.txn, PIECE);
		int64_t took_ns = driver_now_ns() - began_ns;
		longest_ns = took_ns > longest_ns ? took_ns : longest_ns;
	}
	if (status == CH_END) {
		measures = measuring_take(measuring);
		print("pass.longest", (double)longest_ns / 1e6, "ms");
	}
	measures_free(measures);
	measuring_free(measuring);
	module_view_close(&view);
	problems_fini(&problems);
	return status == CH_END ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int report(const struct run *run)
{
	char *arguments[] = {(char *)(uintptr_t) "report", (char *)(uintptr_t) "--config",
		(char *)(uintptr_t)run->config, (char *)(uintptr_t) "--period",
		(char *)(uintptr_t)run->period, (char *)(uintptr_t) "-o",
		(char *)(uintptr_t)run->output, NULL};
	return report_command(7, arguments, &run->quality->module, quality_config_part);
}

/* What of a process's memory is its own, in KiB: the pages of the book that it looked at are not. */
static int64_t own_memory(pid_t child)
{
	char path[64];
	char line[256];
	long long kib = 0;
	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)child);
	FILE *file = fopen(path, "r");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		(void)sscanf(line, "RssAnon: %lld kB", &kib);
	if (file != NULL)
		(void)fclose(file);
	return kib;
}

/* Waits for the end of the child; *out_most is the most memory that was seen. */
static bool wait_for(pid_t child, struct rusage *usage, int64_t *out_most)
{
	const struct timespec pause = {0, 20000000};
	int exit_status = 0;
	pid_t ended = 0;
	*out_most = 0;
	while (ended == 0) {
		int64_t own = own_memory(child);
		*out_most = own > *out_most ? own : *out_most;
		(void)nanosleep(&pause, NULL);
		ended = wait4(child, &exit_status, WNOHANG, usage);
	}
	return ended == child && exit_status == 0;
}

static enum ch_status measured(const struct run *run)
{
	char name[64];
	int64_t most;
	struct rusage usage;
	int64_t began_ns = driver_now_ns();
	(void)fflush(stdout);
	pid_t child = fork();
	if (child == 0)
		_exit(run->period != NULL ? report(run) : pass(run));
	if (child < 0 || !wait_for(child, &usage, &most))
		return CH_IO;
	(void)snprintf(name, sizeof(name), "%s.time", run->name);
	print(name, (double)(driver_now_ns() - began_ns) / 1e9, "s");
	(void)snprintf(name, sizeof(name), "%s.cpu", run->name);
	print(name,
		(double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
			(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
		"s");
	(void)snprintf(name, sizeof(name), "%s.memory", run->name);
	print(name, (double)most / 1024, "MiB");
	return CH_OK;
}

int main(int argc, char **argv)
{
	static struct quality_module quality;
	char path[4096];
	char config[4096];
	char output[4096];
	uint64_t repairs;
	uint64_t calls;
	struct stat there;
	if (argc != 4 || text_parse_u64(slice_text(argv[2]), 100000000, &repairs) != CH_OK ||
		text_parse_u64(slice_text(argv[3]), 100000000, &calls) != CH_OK || calls == 0) {
		complaint("report", "usage: bench_report DIRECTORY REPAIRS CALLS");
		return 64;
	}
	quality_module_make(&quality);
	(void)snprintf(path, sizeof(path), "%s/book", argv[1]);
	(void)snprintf(config, sizeof(config), "%s/quality.conf", argv[1]);
	(void)snprintf(output, sizeof(output), "%s/report.html", argv[1]);
	const struct book_form form = {.directory = path,
		.tables = quality.module.tables,
		.table_count = quality.module.table_count,
		.version = quality.module.version};
	enum ch_status status = write_config(argv[1], config);
	if (status == CH_OK && stat(path, &there) != 0)
		status = make(&form, repairs, calls);
	const struct run runs[] = {{"month", &quality, config, output, "2026-02"},
		{"year", &quality, config, output, "2025-03:2026-02"},
		{"pass", &quality, config, output, NULL}};
	for (size_t i = 0; i < sizeof(runs) / sizeof(*runs) && status == CH_OK; i++)
		status = measured(&runs[i]);
	if (status != CH_OK)
		complaint("report", "%s", ch_status_text(status));
	return status == CH_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
