/* A hub's small history: what is asked for, and what events meet.  Every kind of record is in it, one event was set
 * aside, and deadlines run. */
#ifndef FUZZ_HISTORY_H
#define FUZZ_HISTORY_H

#include "core/apply.h"
#include "folder.h"
#include "journal/journal.h"
#include "wire/json.h"
#include "wire/types.h"

#define HISTORY_BEGAN_US INT64_C(1772409600000000) /* 2026-03-02T00:00:00Z */

static const char history_settings[] =
	"peer.desk.assurance=verified\npeer.desk.region=CN\n"
	"peer.web.assurance=claimed\npeer.west.assurance=verified\n"
	"peer.west.scope=WEST\nblock.phone=+8613800138000\nlimit.phone=3\n";

#define HISTORY_PERSON                                                                             \
	"\"customer\":{\"phones\":[{\"value\":\"13800138001\"}],\"emails\":[{\"value\":"           \
	"\"li@example.org\"}],\"name\":{\"full\":\"李雷\"}}"

static const struct {
	const char *type;
	const char *data;
} history_events[] = {
	{"reference.product.published", "{\"productId\":\"SKU-1\",\"model\":\"KDL-46\"}"},
	{"reference.product.published",
		"{\"productId\":\"SKU-1\",\"model\":\"KDL-46\",\"brand\":\"S\"}"},
	{"reference.promotion.published",
		"{\"promotionId\":\"P-1\",\"startTimeUs\":\"1772409600000000\","
		"\"endTimeUs\":\"1872409600000000\",\"productIds\":[\"SKU-1\"]}"},
	{"reference.price.published",
		"{\"priceListId\":\"retail\",\"itemCode\":\"A1\",\"validFromDate\":\"2026-03-01\","
		"\"price\":{\"minorUnits\":\"100\",\"currency\":\"CNY\"}}"},
	{"reference.station.published",
		"{\"stationId\":\"S1\",\"kind\":\"STATION_KIND_CONTRACTED\"}"},
	{"reference.stock.published",
		"{\"locationId\":\"W1\",\"itemCode\":\"A1\",\"onHand\":{\"unscaled\":\"5\"}}"},
	{"repair.order.received",
		"{\"repairOrderId\":\"R1\",\"station\":{\"stationId\":\"S1\"},"
		"\"unit\":{\"serialNumber\":\"SN1\",\"model\":\"KDL-46\"}," HISTORY_PERSON "}"},
	{"repair.order.received",
		"{\"repairOrderId\":\"WEST/R2\",\"station\":{\"stationId\":\"S1\"},"
		"\"unit\":{\"serialNumber\":\"SN2\",\"model\":\"KDL-46\"}," HISTORY_PERSON "}"},
	{"repair.order.received", "{\"repairOrderId\":\"R3\"}"}, /* set aside */
	{"callcenter.case.logged",
		"{\"caseId\":\"C1\",\"kind\":\"CASE_KIND_COMPLAINT\","
		"\"owner\":{\"agentId\":\"7\",\"group\":\"tv\"}," HISTORY_PERSON "}"},
	{"callcenter.complaint.filed",
		"{\"complaintId\":\"K1\",\"severity\":\"SEVERITY_HIGH\",\"reasonCode\":\"late\"," HISTORY_PERSON
		"}"},
	{"repair.appointment.made",
		"{\"appointmentId\":\"A1\",\"startTimeUs\":\"1772509600000000\"," HISTORY_PERSON
		"}"},
	{"website.order.placed",
		"{\"orderId\":\"1001\",\"lines\":[{\"lineId\":\"1\"}]," HISTORY_PERSON "}"},
	{"website.warranty.registered",
		"{\"unit\":{\"serialNumber\":\"SN1\",\"model\":\"KDL-46\"},\"customer\":{\"phones\":"
		"[{\"value\":\"13800138002\"}],\"name\":{\"full\":\"Han Mei\"}}}"},
	{"callcenter.case.logged",
		"{\"caseId\":\"WEST/C2\",\"kind\":\"CASE_KIND_CONSULT\","
		"\"owner\":{\"group\":\"tv\"},\"customer\":{\"phones\":[{\"value\":\"13800138002\"}]}}"},
	/* A number that has another name: a question for a steward. */
	{"callcenter.case.logged",
		"{\"caseId\":\"C3\",\"kind\":\"CASE_KIND_CONSULT\",\"owner\":{\"group\":\"tv\"},"
		"\"customer\":{\"phones\":[{\"value\":\"13800138001\"}],"
		"\"name\":{\"full\":\"王芳\"}}}"},
	{"website.consent.given",
		"{\"scopes\":[{\"channel\":\"CONTACT_CHANNEL_EMAIL\"}]," HISTORY_PERSON "}"},
	{"repair.order.closed", "{\"repairOrderId\":\"R1\",\"station\":{\"stationId\":\"S1\"}}"},
	{"reference.product.published", "{\"productId\":\"SKU-9\"}"}, /* a conflict */
};

#define HISTORY_EVENTS (sizeof(history_events) / sizeof(history_events[0]))

/* Made by history_make; all live as long as the fuzzer. */
struct history {
	struct journal *journal;
	struct state *state;
	struct core *core;
};

static const char *history_place(const char *name, char path[128])
{
	(void)snprintf(path, 128, "%s/%s", folder(), name); /* fits */
	return path;
}

static void history_keep(
	struct history *history, struct change *change, const struct entry *entry, int64_t at_us)
{
	struct buffer body = {0};
	struct entry read;
	struct batch *batch = journal_begin(history->journal);
	entry_encode(entry, &body);
	const struct slice bytes = buffer_slice(&body);
	invariant(entry_parse(bytes, &read) == CH_OK);
	uint64_t sequence = journal_append(batch, at_us, &bytes, 1);
	invariant(sequence != 0 && journal_commit(batch) == CH_OK);
	invariant(core_fold(history->core, change, sequence, at_us, &read) == CH_OK);
	invariant(change_publish(change, sequence) == CH_OK);
	buffer_fini(&body);
}

static void history_take_settings(struct history *history)
{
	struct decision decision;
	uint32_t line = 0;
	struct change *change = state_begin(history->state);
	invariant(core_decide_settings(history->core, change, slice_text(history_settings),
			  HISTORY_BEGAN_US, &decision, &line) == CH_OK);
	history_keep(history, change, &decision.entry, HISTORY_BEGAN_US);
}

static void history_take(struct history *history, unsigned number)
{
	const struct event_type *type = types_find(slice_text(history_events[number].type));
	ProtobufCMessage *message = NULL;
	struct json_error error;
	struct message_parts parts;
	struct envelope envelope;
	struct decision decision;
	const char *field = "";
	struct buffer packed = {0};
	struct buffer event = {0};
	char id[8];
	int64_t at_us = HISTORY_BEGAN_US + (int64_t)(number + 1) * 1000000;
	/* The last one comes under the first one's number. */
	(void)snprintf(id, sizeof(id), "%u", (unsigned)(number % (HISTORY_EVENTS - 1))); /* fits */
	invariant(type != NULL && json_decode(slice_text(history_events[number].data),
					  type->message, 0, &message, &error) == CH_OK);
	uint8_t *room = buffer_reserve(&packed, protobuf_c_message_get_packed_size(message) + 1);
	packed.len = protobuf_c_message_pack(message, room);
	invariant(types_cut(buffer_slice(&packed), &parts) == CH_OK);
	const struct envelope made = {.id = slice_text(id),
		.source = SLICE_LITERAL("urn:history"),
		.type = slice_text(type->name),
		.time_us = at_us,
		.data = parts.data,
		.personal = parts.personal};
	envelope_encode(&made, &event);
	const struct input input = {.envelope = &envelope,
		.form = envelope_parse(buffer_slice(&event), &envelope, &field),
		.form_field = field,
		.peer = SLICE_LITERAL("desk"),
		.arrival_us = at_us,
		.sequence = journal_head(history->journal) + 1};
	struct change *change = state_begin(history->state);
	invariant(core_decide(history->core, change, &input, &decision) == CH_OK);
	invariant(decision.verdict == DECIDED_ENTRY);
	history_keep(history, change, &decision.entry, at_us);
	protobuf_c_message_free_unpacked(message, NULL);
	buffer_fini(&packed);
	buffer_fini(&event);
}

/* In the fuzzer's folder, with every event published; the core is as after the last. */
static inline void history_make(struct history *history)
{
	char path[128];
	const struct journal_options journal = {.dir = history_place("journal", path),
		.segment_bytes = 1 << 20,
		.spare_segments = 1,
		.create = true};
	invariant(journal_open(&journal, &history->journal, NULL) == CH_OK);
	const struct state_options state = {
		.dir = history_place("store", path), .no_projector = true};
	invariant(state_open(&state, 1, &history->state) == CH_OK);
	invariant(core_create(&history->core) == CH_OK);
	history_take_settings(history);
	for (unsigned i = 0; i < HISTORY_EVENTS; i++)
		history_take(history, i);
}

#endif
