/* A year of an invented service organisation, folded into a book as the module would, and what
 * `carehub-quality report` makes of it, without a hub:
 *
 *     page_year FOLDER make               writes FOLDER/book and FOLDER/quality.conf
 *     page_year FOLDER report OPTIONS     runs the command on them
 *     page_year FOLDER gap                from now on the book says that something of the log is missing
 *
 * Every number follows from one seed, so that what a page shows is known beforehand: XA-05 repairs
 * slowly from February 2026 on, CD-03's batteries come back, the notebooks' hotline is short of people at ten. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "module/kit/feed_state.h"
#include "module/quality/fact/facts.h"
#include "module/quality/fact/period.h"
#include "module/quality/manager/report_command.h"
#include "wire/json.h"
#include "wire/types.h"

#define HOUR_US   (DAY_US / 24)
#define MINUTE_US (HOUR_US / 60)

/* 2025-02-01 and 2026-04-03 00:00 at +08:00. */
#define YEAR_BEGIN_US (INT64_C(1738339200) * 1000000)
#define YEAR_END_US   (INT64_C(1775145600) * 1000000)

static const struct module year_module = {.program = "carehub-quality",
	.source = "/modules/quality",
	.subscription = "quality",
	.tables = fact_table_names,
	.table_count = FACT_TABLES,
	.version = FACT_VERSION,
	.parts = fact_parts,
	.part_count = FACT_PARTS};

static const struct station {
	const char *id;
	int per_day;        /* repairs, about */
	int64_t usual_us;   /* repairs take about so long */
	int again_permille; /* come back */
} stations[] = {
	{"BJ-01 \xe5\x8c\x97\xe4\xba\xac\xe6\x9c\x9d\xe9\x98\xb3", 5, 40 * HOUR_US, 4},
	{"SH-01 \xe4\xb8\x8a\xe6\xb5\xb7\xe5\xbe\x90\xe6\xb1\x87", 6, 36 * HOUR_US, 6},
	{"GZ-07 \xe5\xb9\xbf\xe5\xb7\x9e\xe5\xa4\xa9\xe6\xb2\xb3", 4, 44 * HOUR_US, 8},
	{"CD-03 \xe6\x88\x90\xe9\x83\xbd", 3, 50 * HOUR_US, 9},
	{"WH-02 \xe6\xad\xa6\xe6\xb1\x89", 3, 58 * HOUR_US, 11},
	{"XA-05 \xe8\xa5\xbf\xe5\xae\x89", 2, 54 * HOUR_US, 8},
};
#define STATIONS (sizeof(stations) / sizeof(*stations))
#define XIAN     5u
#define CHENGDU  3u

static const char *const models[] = {"NB-14 Pro", "NB-16", "CAM-7", "GAME-5", "TV-55X"};
static const char *const defects[] = {"battery", "battery", "battery", "battery", "display cracked",
	"display cracked", "keyboard", "fan", "charging port", "hinge", "other"};
static const char *const groups[] = {"notebooks", "appliances", "games", "setup", "videoconf"};
static const char *const questions[] = {"manner", "speed", "price", "result"};

struct year {
	struct book_txn *txn;
	uint64_t random;
	uint64_t sequence;
	int64_t newest_us;
};

/* xorshift64*: a whole number from 0 to below `below`. */
static int64_t draw(struct year *year, int64_t below)
{
	year->random ^= year->random >> 12;
	year->random ^= year->random << 25;
	year->random ^= year->random >> 27;
	return (int64_t)((year->random * UINT64_C(2685821657736338717) >> 1) % (uint64_t)below);
}

/* Around `usual_us`, seldom twice of it: a sum of four. */
static int64_t draw_span(struct year *year, int64_t usual_us)
{
	int64_t sum = 0;
	for (int i = 0; i < 4; i++)
		sum += draw(year, usual_us);
	return sum / 2 + HOUR_US;
}

/* One event, its data as JSON; what lies ahead of the year's end has not happened. */
static void tell(struct year *year, const char *type, int64_t time_us, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
static void tell(struct year *year, const char *type, int64_t time_us, const char *format, ...)
{
	char text[2048];
	char id[32];
	struct json_error error;
	ProtobufCMessage *message = NULL;
	va_list arguments;
	if (time_us >= YEAR_END_US)
		return;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	(void)snprintf(id, sizeof(id), "E%07" PRIu64, ++year->sequence);
	const struct event_type *known = types_find(slice_text(type));
	if (known == NULL ||
		json_decode(slice_text(text), known->message, 0, &message, &error) != CH_OK) {
		fprintf(stderr, "year: %s: %s: %s\n", type, error.reason, text);
		exit(1);
	}
	const struct feed_event event = {.sequence = year->sequence,
		.arrival_us = time_us,
		.occurred_us = time_us,
		.customer = 1 + year->sequence % 5000,
		.message = message,
		.head = {.id = slice_text(id),
			.source = slice_text("/stations"),
			.type = slice_text(type),
			.time_us = time_us}};
	for (size_t i = 0; i < FACT_PARTS; i++) {
		for (size_t k = 0; k < fact_parts[i]->fold_count; k++) {
			const struct module_fold *fold = &fact_parts[i]->folds[k];
			if (types_match(slice_text(fold->type), slice_text(type)) &&
				fold->fold(NULL, year->txn, &event) != CH_OK) {
				fprintf(stderr, "year: %s is not folded: %s\n", type, text);
				exit(1);
			}
		}
	}
	year->newest_us = time_us > year->newest_us ? time_us : year->newest_us;
	protobuf_c_message_free_unpacked(message, NULL);
}

/* ---- Repairs ---- */

static void tell_parts(struct year *year, const char *order, const char *station, int64_t at_us,
	const char *defect, int64_t *out_arrived_us)
{
	bool overseas = draw(year, 6) == 0;
	int64_t supply_us = overseas ? 3 * DAY_US + draw(year, 5 * DAY_US)
				     : 12 * HOUR_US + draw(year, 64 * HOUR_US);
	tell(year, "repair.part.requested", at_us,
		"{\"repairOrderId\":\"%s\",\"station\":{\"stationId\":\"%s\"},\"parts\":[{\"lineId\":\"1\","
		"\"partNumber\":\"P-%s\",\"quantity\":{\"unscaled\":1}}]}",
		order, station, defect);
	if (overseas)
		tell(year, "repair.part.backordered", at_us + HOUR_US,
			"{\"repairOrderId\":\"%s\",\"station\":{\"stationId\":\"%s\"},\"overseas\":\"ANSWER_YES\","
			"\"parts\":[{\"lineId\":\"1\",\"partNumber\":\"P-%s\"}]}",
			order, station, defect);
	tell(year, "repair.part.arrived", at_us + supply_us,
		"{\"repairOrderId\":\"%s\",\"station\":{\"stationId\":\"%s\"},\"parts\":[{\"lineId\":\"1\","
		"\"partNumber\":\"P-%s\"}]}",
		order, station, defect);
	*out_arrived_us = at_us + supply_us;
}

static void tell_survey(
	struct year *year, const char *order, const char *station, int64_t at_us, int64_t took_us)
{
	char answers[1200] = "";
	for (size_t i = 0; i < 4; i++) {
		int64_t score = 7 + draw(year, 4) - (i == 1 && took_us > 4 * DAY_US ? 4 : 0) -
				(i == 2 ? 2 : 0);
		size_t used = strlen(answers);
		(void)snprintf(answers + used, sizeof(answers) - used,
			"%s{\"questionId\":\"%s\",\"dimension\":\"%s\",\"score\":{\"unscaled\":%" PRId64
			"},\"expectation\":{\"unscaled\":%" PRId64
			"},\"scaleMin\":{\"unscaled\":1},\"scaleMax\":{\"unscaled\":10}}",
			i > 0 ? "," : "", questions[i], questions[i], score, 7 + draw(year, 3));
	}
	tell(year, "repair.survey.answered", at_us,
		"{\"surveyId\":\"service\",\"wave\":\"2026\",\"responseId\":\"%s\",\"customerGroup\":\"%s\","
		"\"regarding\":{\"repairOrderId\":\"%s\",\"station\":{\"stationId\":\"%s\"}},\"answers\":[%s]}",
		order, draw(year, 3) == 0 ? "new" : "long-standing", order, station, answers);
}

static void tell_complaint(struct year *year, const char *order, const char *station, int64_t at_us)
{
	bool handed = draw(year, 3) == 0;
	int64_t answer_us = at_us + draw_span(year, 30 * HOUR_US);
	tell(year, "repair.complaint.filed", at_us,
		"{\"complaintId\":\"C-%s\",\"regarding\":{\"repairOrderId\":\"%s\",\"station\":{\"stationId\":\"%s\"}},"
		"\"reasonCode\":\"late\",\"owner\":{\"agentId\":\"A%" PRId64
		"\",\"group\":\"front desk\"}}",
		order, order, station, 10 + draw(year, 20));
	tell(year, "callcenter.case.acknowledged", at_us + 2 * HOUR_US + draw(year, 20 * HOUR_US),
		"{\"caseId\":\"C-%s\"}", order);
	if (handed)
		tell(year, "callcenter.case.handed", at_us + 3 * HOUR_US,
			"{\"caseId\":\"C-%s\",\"toOwner\":{\"agentId\":\"M%" PRId64
			"\",\"group\":\"managers\"},\"accepted\":\"ANSWER_YES\"}",
			order, 1 + draw(year, 4));
	tell(year, "callcenter.case.answered", answer_us, "{\"caseId\":\"C-%s\"}", order);
	tell(year, "callcenter.case.closed", answer_us + DAY_US,
		"{\"caseId\":\"C-%s\",\"resolved\":\"ANSWER_YES\",\"contacts\":2}", order);
}

static void tell_repair(struct year *year, size_t which, int64_t at_us, const char *serial)
{
	const struct station *station = &stations[which];
	const char *model = models[draw(year, 5)];
	const char *defect = defects[draw(year, 11)];
	bool slow = which == XIAN && at_us > YEAR_END_US - 62 * DAY_US;
	bool flawed = which == CHENGDU && at_us > YEAR_END_US - 150 * DAY_US &&
		      strcmp(defect, "battery") == 0;
	int64_t took_us = draw_span(year, slow ? 2 * station->usual_us : station->usual_us);
	int64_t arrived_us = 0;
	char order[32];
	char unit[32];
	(void)snprintf(order, sizeof(order), "R%07" PRIu64, year->sequence + 1);
	(void)snprintf(unit, sizeof(unit), "SN%07" PRIu64, year->sequence + 1);
	if (draw(year, 250) == 0)
		took_us += 15 * DAY_US + draw(year, 60 * DAY_US); /* something is lost */
	if (serial == NULL)
		serial = unit;
	tell(year, "repair.order.received", at_us,
		"{\"repairOrderId\":\"%s\",\"station\":{\"stationId\":\"%s\"},\"unit\":{\"serialNumber\":\"%s\","
		"\"model\":\"%s\",\"category\":\"electronics\"}}",
		order, station->id, serial, model);
	tell(year, "repair.order.diagnosed", at_us + took_us / 4,
		"{\"repairOrderId\":\"%s\",\"station\":{\"stationId\":\"%s\"},\"verdict\":"
		"\"REPAIR_VERDICT_REPAIRABLE\",\"defectCodes\":[\"%s\"%s]}",
		order, station->id, defect, draw(year, 8) == 0 ? ",\"loose screw\"" : "");
	if (draw(year, 3) == 0)
		tell_parts(year, order, station->id, at_us + took_us / 4, defect, &arrived_us);
	if (arrived_us > at_us + took_us)
		took_us = arrived_us + 3 * HOUR_US - at_us;
	tell(year, "repair.order.repaired", at_us + took_us,
		"{\"repairOrderId\":\"%s\",\"station\":{\"stationId\":\"%s\"},\"verdict\":"
		"\"REPAIR_VERDICT_FIXED\",\"attempt\":1}",
		order, station->id);
	int64_t returned_us = at_us + took_us + 4 * HOUR_US + draw(year, 20 * HOUR_US);
	int64_t charged = draw(year, 150) == 0 ? 19900 : 14900;
	tell(year, "repair.order.returned", returned_us,
		"{\"repairOrderId\":\"%s\",\"station\":{\"stationId\":\"%s\"},\"verdict\":"
		"\"REPAIR_VERDICT_FIXED\",\"charges\":[{\"itemCode\":\"SERVICE\",\"amount\":{\"minorUnits\":\"%" PRId64
		"\",\"currency\":\"CNY\"}}]}",
		order, station->id, charged);
	if (draw(year, 6) == 0)
		tell_survey(year, order, station->id, returned_us + DAY_US, took_us);
	if (took_us > 6 * DAY_US && draw(year, 3) == 0)
		tell_complaint(year, order, station->id, at_us + 6 * DAY_US);
	if (draw(year, 1000) < (flawed ? 90 : station->again_permille))
		tell_repair(
			year, which, returned_us + 10 * DAY_US + draw(year, 70 * DAY_US), serial);
}

/* ---- Hotline and visits ---- */

static void tell_call(struct year *year, size_t group, int64_t at_us, bool busy)
{
	char call[128];
	int64_t wait_ms = 3000 + draw(year, busy ? 180000 : 45000);
	(void)snprintf(call, sizeof(call),
		"{\"callId\":\"L%07" PRIu64 "\",\"queueCallId\":\"Q%07" PRIu64
		"\",\"queue\":\"%s\",\"group\":\"%s\"}",
		year->sequence + 1, year->sequence + 1, groups[group], groups[group]);
	tell(year, "callcenter.call.queued", at_us, "{\"call\":%s}", call);
	if (draw(year, 100) < (busy ? 22 : 4)) {
		tell(year, "callcenter.call.abandoned", at_us + wait_ms * 1000,
			"{\"call\":%s,\"waitMs\":\"%" PRId64 "\"}", call, wait_ms);
		return;
	}
	if (busy && draw(year, 20) == 0) {
		tell(year, "callcenter.call.timedout", at_us + 300 * INT64_C(1000000),
			"{\"call\":%s,\"waitMs\":\"300000\"}", call);
		return;
	}
	int64_t talk_ms = 60000 + draw(year, 400000);
	tell(year, "callcenter.call.connected", at_us + wait_ms * 1000,
		"{\"call\":%s,\"waitMs\":\"%" PRId64 "\"}", call, wait_ms);
	tell(year, "callcenter.call.completed", at_us + (wait_ms + talk_ms) * 1000,
		"{\"call\":%s,\"waitMs\":\"%" PRId64 "\",\"talkMs\":\"%" PRId64
		"\",\"wrapUpMs\":\"30000\",\"resolved\":\"%s\"}",
		call, wait_ms, talk_ms, draw(year, 5) == 0 ? "ANSWER_NO" : "ANSWER_YES");
}

static void tell_visit(struct year *year, const char *station, int64_t at_us)
{
	uint64_t number = year->sequence + 1;
	int64_t chance = draw(year, 100);
	tell(year, "repair.appointment.made", at_us - 2 * DAY_US,
		"{\"appointmentId\":\"V%07" PRIu64
		"\",\"station\":{\"stationId\":\"%s\"},\"startTimeUs\":\"%" PRId64
		"\",\"endTimeUs\":\"%" PRId64 "\"}",
		number, station, at_us, at_us + 2 * HOUR_US);
	if (chance < 3)
		tell(year, "repair.appointment.missed", at_us + 3 * HOUR_US,
			"{\"appointmentId\":\"V%07" PRIu64
			"\",\"station\":{\"stationId\":\"%s\"},\"absent\":"
			"\"ABSENT_PARTY_STATION\"}",
			number, station);
	else
		tell(year, "repair.appointment.kept", at_us + HOUR_US,
			"{\"appointmentId\":\"V%07" PRIu64
			"\",\"station\":{\"stationId\":\"%s\"},\"arrivedTimeUs\":\"%" PRId64 "\"}",
			number, station, at_us + (chance < 8 ? 3 : 1) * HOUR_US);
}

static void tell_year(struct year *year)
{
	for (size_t i = 0; i < STATIONS; i++)
		tell(year, "reference.station.published", YEAR_BEGIN_US,
			"{\"stationId\":\"%s\",\"name\":\"Service center %s\"}", stations[i].id,
			strchr(stations[i].id, ' ') + 1);
	tell(year, "reference.price.published", YEAR_BEGIN_US,
		"{\"priceListId\":\"retail-cn\",\"itemCode\":\"SERVICE\",\"price\":{\"minorUnits\":\"14900\","
		"\"currency\":\"CNY\"},\"validFromDate\":\"2025-01-01\"}");
	for (int64_t day_us = YEAR_BEGIN_US; day_us < YEAR_END_US; day_us += DAY_US) {
		for (size_t i = 0; i < STATIONS; i++) {
			int64_t count = stations[i].per_day - 1 + draw(year, 3);
			for (int64_t k = 0; k < count; k++)
				tell_repair(year, i, day_us + 9 * HOUR_US + draw(year, 8 * HOUR_US),
					NULL);
			if (draw(year, 3) == 0)
				tell_visit(year, stations[i].id, day_us + 14 * HOUR_US);
		}
		if (day_us < YEAR_END_US - 40 * DAY_US)
			continue;
		for (size_t group = 0; group < 5; group++) {
			for (int64_t hour = 8; hour < 20; hour++) {
				bool busy = group == 0 && hour == 10;
				for (int64_t k = draw(year, 3) + (busy ? 3 : 0); k >= 0; k--)
					tell_call(year, group,
						day_us + hour * HOUR_US + draw(year, HOUR_US),
						busy);
			}
		}
	}
}

/* ---- The command ---- */

static int make(const char *folder, const char *book_path)
{
	char conf[4096];
	char path[4096];
	char config[16384];
	struct book *book = NULL;
	struct year year = {.random = UINT64_C(20260401)};
	const struct book_form form = {.directory = book_path,
		.tables = year_module.tables,
		.table_count = year_module.table_count,
		.version = year_module.version};
	(void)snprintf(path, sizeof(path), "%s/key", folder);
	(void)snprintf(conf, sizeof(conf), "%s/quality.conf", folder);
	(void)snprintf(config, sizeof(config),
		"[hub]\nkey_file = %s\nserver_key = "
		"0000000000000000000000000000000000000000000000000000000000000000\n"
		"[module]\nbook = %s\n",
		path, book_path);
	if (file_replace(conf, slice_text(config), 0600) != CH_OK ||
		book_open(&form, BOOK_WRITE, &book) != CH_OK ||
		book_begin(book, true, &year.txn) != CH_OK)
		return 1;
	tell_year(&year);
	const struct feed_state state = {.incarnation = 1,
		.position = year.sequence,
		.arrival_us = year.newest_us,
		.events = year.sequence,
		.caught_up = true};
	feed_state_write(year.txn, &state);
	enum ch_status status = book_commit(year.txn);
	book_close(book);
	printf("%" PRIu64 " events\n", year.sequence);
	return status == CH_OK ? 0 : 1;
}

static int lose(const char *book_path)
{
	struct book *book = NULL;
	struct book_txn *txn = NULL;
	struct feed_state state;
	const struct book_form form = {.directory = book_path,
		.tables = year_module.tables,
		.table_count = year_module.table_count,
		.version = year_module.version};
	if (book_open(&form, BOOK_WRITE, &book) != CH_OK || book_begin(book, true, &txn) != CH_OK ||
		feed_state_read(txn, &state) != CH_OK)
		return 1;
	feed_note_gap(txn, &state, 12, 40);
	feed_state_write(txn, &state);
	enum ch_status status = book_commit(txn);
	book_close(book);
	return status == CH_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
	char book[4096];
	char config[4096];
	char *arguments[32] = {argv[0], (char[]){"--config"}, config};
	if (argc < 3 || argc > 28)
		return 64;
	(void)snprintf(book, sizeof(book), "%s/book", argv[1]);
	(void)snprintf(config, sizeof(config), "%s/quality.conf", argv[1]);
	if (strcmp(argv[2], "make") == 0)
		return make(argv[1], book);
	if (strcmp(argv[2], "gap") == 0)
		return lose(book);
	for (int i = 3; i < argc; i++)
		arguments[i] = argv[i];
	return report_command(argc, arguments, &year_module, FACT_CONFIG);
}
