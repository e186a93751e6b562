/* control: questions go in, replies come out, from a real journal and state behind a real loop. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "carehub/v1/control.pb-c.h"
#include "control/call.h"
#include "store/desk.h"
#include "support/scratch.h"
#include "wire/frame.h"
#include "wire/request.h"

#define REPLIES_MOST 64

struct office {
	char dir[64];
	struct loop *loop;
	struct journal *journal;
	struct state *state;
	struct ingest *ingest;
	struct desk *desk;
	struct fanout *fanout;
	struct loop_task deliver;
	atomic_bool posted;
	struct control *control;
	struct peer peer;
	/* What came out. */
	struct reply replies[REPLIES_MOST];
	struct buffer bodies[REPLIES_MOST];
	size_t count;
	size_t refused;
	bool full;
	bool gone;
};

static enum ch_status office_send(void *context, uint64_t session, struct buffer *frame)
{
	struct office *office = context;
	enum frame_kind kind;
	struct slice body;
	(void)session;
	if (office->full || office->gone)
		return office->gone ? CH_CLOSED : CH_FULL;
	assert_true(office->count < REPLIES_MOST);
	struct buffer *kept = &office->bodies[office->count];
	buffer_append_slice(kept, buffer_slice(frame));
	assert_int_equal(frame_parse(buffer_slice(kept), &kind, &body), CH_OK);
	assert_int_equal(kind, FRAME_REPLY);
	assert_int_equal(reply_parse(body, &office->replies[office->count++]), CH_OK);
	return CH_OK;
}

static void office_refuse(
	void *context, uint64_t session, enum ch_status reason, const char *detail)
{
	struct office *office = context;
	(void)session;
	(void)reason;
	(void)detail;
	office->refused++;
}

static void office_facts(void *context, struct hub_facts *out_facts)
{
	(void)context;
	*out_facts = (struct hub_facts){.version = "1.2.3", .sessions = 7, .hold = "disk.low"};
}

static bool office_session(void *context, size_t *at, struct hub_session *out_session)
{
	(void)context;
	*out_session = (struct hub_session){.peer = "till", .credit = (uint32_t)*at};
	return (*at)++ < 2;
}

static enum ch_status office_reload(
	void *context, struct problems *problems, struct hub_reload *out_reload)
{
	(void)context;
	*out_reload = (struct hub_reload){.peers = 3};
	problems_add(problems, "peers.d/a.conf", 4, "window", "is 0");
	problems_add(problems, "peers.d/b.conf", 0, NULL, "cannot be read");
	return CH_INVALID;
}

static void office_deliver(struct loop_task *task)
{
	struct office *office =
		(struct office *)(void *)((char *)task - offsetof(struct office, deliver));
	atomic_store(&office->posted, false);
	if (office->fanout != NULL)
		fanout_deliver(office->fanout);
}

static void office_ready(void *context)
{
	struct office *office = context;
	if (!atomic_exchange(&office->posted, true))
		(void)loop_post(office->loop, &office->deliver);
}

static bool office_quiet(void *context)
{
	struct office *office = context;
	return !atomic_load(&office->posted);
}

static int office_setup(void **state)
{
	struct office *office = calloc(1, sizeof(*office));
	struct core *core = NULL;
	struct rtxn *rtxn = NULL;
	char path[96];
	scratch_make(office->dir, "control");
	(void)snprintf(path, sizeof(path), "%s/journal", office->dir);
	struct journal_options journal = {
		.dir = path, .segment_bytes = 1 << 20, .spare_segments = 1, .create = true};
	assert_int_equal(journal_open(&journal, &office->journal, NULL), CH_OK);
	(void)snprintf(path, sizeof(path), "%s/store", office->dir);
	struct state_options store = {.dir = path};
	assert_int_equal(state_open(&store, 0, &office->state), CH_OK);
	assert_int_equal(core_create(&core), CH_OK);
	assert_int_equal(rtxn_begin(office->state, &rtxn), CH_OK);
	assert_int_equal(core_load(core, rtxn), CH_OK);
	rtxn_end(rtxn);
	struct ingest_options ingest = {
		.journal = office->journal, .state = office->state, .core = core};
	assert_int_equal(ingest_start(&ingest, &office->ingest), CH_OK);
	assert_int_equal(loop_create(&office->loop), CH_OK);
	(void)snprintf(path, sizeof(path), "%s/desk", office->dir);
	assert_int_equal(desk_open(path, &office->desk), CH_OK);
	struct fanout_options fanout = {.journal = office->journal,
		.desk = office->desk,
		.ready = office_ready,
		.context = office};
	office->deliver.run = office_deliver;
	assert_int_equal(fanout_start(&fanout, &office->fanout), CH_OK);
	struct control_options options = {
		.loop = office->loop,
		.journal = office->journal,
		.state = office->state,
		.ingest = office->ingest,
		.fanout = office->fanout,
		.rules_path = "/nonexistent/rules.conf",
		.hooks = {office_send, office_refuse, office_facts, office_session, office_reload,
			office},
	};
	assert_int_equal(control_start(&options, &office->control), CH_OK);
	(void)snprintf(office->peer.name, sizeof(office->peer.name), "ops");
	atomic_init(&office->peer.references, 1000); /* never the last one */
	office->peer.roles = PEER_OPERATOR | PEER_ADMIN | PEER_CONSUMER;
	*state = office;
	return 0;
}

static int office_teardown(void **state)
{
	struct office *office = *state;
	assert_true(loop_until(office->loop, office_quiet, office, 10000));
	fanout_stop(office->fanout);
	office->fanout = NULL; /* loop_free still runs the tasks that were posted */
	control_stop(office->control);
	desk_close(office->desk);
	ingest_stop(office->ingest);
	state_close(office->state);
	journal_close(office->journal);
	loop_free(office->loop);
	for (size_t i = 0; i < REPLIES_MOST; i++)
		buffer_fini(&office->bodies[i]);
	scratch_remove(office->dir);
	free(office);
	return 0;
}

/* As the bus hands it over: a message that control frees.  libzmq calls a zeroed part no part. */
static void office_ask_bytes(struct office *office, uint64_t session, struct slice body)
{
	control_request(
		office->control, session, &office->peer, calloc(1, sizeof(struct message)), body);
}

static void office_ask(struct office *office, const char *operation, const ProtobufCMessage *ask)
{
	struct buffer frame = {0};
	uint8_t body[512];
	enum frame_kind kind;
	struct slice inner;
	size_t len = ask != NULL ? protobuf_c_message_pack(ask, body) : 0;
	struct request request = {
		.request = 5, .operation = slice_text(operation), .body = slice_of(body, len)};
	request_encode(&request, &frame);
	assert_int_equal(frame_parse(buffer_slice(&frame), &kind, &inner), CH_OK);
	office_ask_bytes(office, 1, inner);
	buffer_fini(&frame);
}

static bool office_answered(void *context)
{
	const struct office *office = context;
	return office->count > 0 && !office->replies[office->count - 1].more;
}

static const struct reply *office_wait(struct office *office)
{
	assert_true(loop_until(office->loop, office_answered, office, 10000));
	return &office->replies[office->count - 1];
}

/* Asks and waits, forgetting what came before. */
static const struct reply *office_answer(
	struct office *office, const char *operation, const ProtobufCMessage *ask)
{
	for (size_t i = 0; i < office->count; i++)
		buffer_clear(&office->bodies[i]);
	office->count = 0;
	office_ask(office, operation, ask);
	return office_wait(office);
}

/* ---- Tests ---- */

static void test_status(void **state)
{
	struct office *office = *state;
	const struct reply *reply = office_answer(office, "Status", NULL);
	assert_int_equal(reply->request, 5);
	assert_int_equal(reply->status, CH_OK);
	Carehub__V1__StatusReply *status =
		carehub__v1__status_reply__unpack(NULL, reply->body.len, reply->body.data);
	assert_non_null(status);
	assert_string_equal(status->version, "1.2.3"); /* from the loop thread */
	assert_int_equal(status->sessions, 7);
	assert_int_equal(status->first, 1); /* from the lane */
	assert_string_equal(status->warnings[0]->code, "disk.low");
	assert_true(status->warnings[0]->critical);
	carehub__v1__status_reply__free_unpacked(status, NULL);
}

static void test_lists(void **state)
{
	struct office *office = *state;
	const struct reply *reply = office_answer(office, "Sessions", NULL);
	Carehub__V1__SessionsReply *sessions =
		carehub__v1__sessions_reply__unpack(NULL, reply->body.len, reply->body.data);
	assert_int_equal(sessions->n_sessions, 2);
	assert_int_equal(sessions->sessions[1]->credit, 1);
	carehub__v1__sessions_reply__free_unpacked(sessions, NULL);

	reply = office_answer(office, "Reload", NULL);
	assert_int_equal(reply->status, CH_OK);
	Carehub__V1__ReloadReply *reload =
		carehub__v1__reload_reply__unpack(NULL, reply->body.len, reply->body.data);
	assert_int_equal(reload->n_problems, 2);
	assert_string_equal(reload->problems[0], "peers.d/a.conf:4: window: is 0");
	assert_string_equal(reload->problems[1], "peers.d/b.conf: cannot be read");
	carehub__v1__reload_reply__free_unpacked(reload, NULL);
}

/* The fan-out answers on the loop thread, and the call waits for it. */
static void test_consumers(void **state)
{
	struct office *office = *state;
	Carehub__V1__SeekRequest seek;
	static char name[] = "nobody", to[] = "-1h", nowhere[] = "yonder";
	carehub__v1__seek_request__init(&seek);
	const struct reply *reply = office_answer(office, "Consumers", NULL);
	assert_int_equal(reply->status, CH_OK);
	assert_int_equal(reply->body.len, 0);
	seek.name = name;
	seek.to = to;
	assert_int_equal(office_answer(office, "Seek", &seek.base)->status, CH_NOT_FOUND);
	seek.to = nowhere;
	assert_int_equal(office_answer(office, "Seek", &seek.base)->status, CH_INVALID);
	assert_int_equal(office_answer(office, "Replays", NULL)->status, CH_OK);
}

/* Every row with a role keeps out who has all the others. */
static void test_roles(void **state)
{
	struct office *office = *state;
	const uint32_t all = PEER_PRODUCER | PEER_CONSUMER | PEER_OPERATOR | PEER_ADMIN;
	for (size_t i = 0; i < operation_count; i++) {
		if (operations[i].roles == 0)
			continue;
		office->peer.roles = all & ~operations[i].roles;
		assert_int_equal(
			office_answer(office, operations[i].name, NULL)->status, CH_DENIED);
	}
	/* Reading settings is an operator's right, writing them an admin's. */
	Carehub__V1__SettingsRequest settings;
	carehub__v1__settings_request__init(&settings);
	settings.write = true;
	office->peer.roles = PEER_OPERATOR;
	assert_int_equal(office_answer(office, "Settings", &settings.base)->status, CH_DENIED);
}

static enum ch_status office_look_up(struct office *office, const char *table, const char *id)
{
	Carehub__V1__RecordRequest request = CAREHUB__V1__RECORD_REQUEST__INIT;
	char texts[2][64];
	(void)snprintf(texts[0], sizeof(texts[0]), "%s", table);
	(void)snprintf(texts[1], sizeof(texts[1]), "%s", id);
	request.table = texts[0];
	request.id = texts[1];
	return office_answer(office, "Record", &request.base)->status;
}

/* Who has a scope is told by number of what stands under it, and of units and reference data, which are
 * everybody's; others' records are not there for him.  An operator is told of all. */
static void test_a_scope_bounds_what_is_told(void **state)
{
	struct office *office = *state;
	static char west[] = "WEST";
	static char none[] = "";
	static const struct {
		const char *name;
		enum store_table table;
		const char *id;
		bool own;
	} rows[] = {
		{"repairs", TABLE_REPAIR, "WEST/R1", true},
		{"repairs", TABLE_REPAIR, "R1", false},
		{"repairs", TABLE_REPAIR, "EAST/R1", false},
		{"repairs", TABLE_REPAIR, "WESTERN/R1", false},
		{"repairs", TABLE_REPAIR, "WEST", false},
		{"orders", TABLE_ORDER, "1001", false},
		{"supply", TABLE_SUPPLY, "B/1", false},
		{"cases", TABLE_CASE, "WEST/K1", true},
		{"appointments", TABLE_APPOINTMENT, "A1", false},
		{"entitlements", TABLE_ENTITLEMENT, "W1", false},
		{"deadlines", TABLE_DEADLINE, "repair.return/WEST/R1", true},
		{"deadlines", TABLE_DEADLINE, "repair.return/R1", false},
		{"deadlines", TABLE_DEADLINE, "WEST/R1", false},
		{"units", TABLE_UNIT, "SN1", true},
	};
	const size_t count = sizeof(rows) / sizeof(rows[0]);
	struct change *change = state_begin(office->state);
	assert_non_null(change);
	for (size_t i = 0; i < count; i++)
		change_put(
			change, rows[i].table, slice_text(rows[i].id), SLICE_LITERAL("\x0a\x00"));
	assert_int_equal(change_publish(change, 1), CH_OK);
	for (size_t i = 0; i < count; i++) {
		office->peer.scope = west;
		office->peer.roles = PEER_CONSUMER;
		assert_int_equal(office_look_up(office, rows[i].name, rows[i].id),
			rows[i].own ? CH_OK : CH_NOT_FOUND);
		office->peer.roles = PEER_CONSUMER | PEER_OPERATOR;
		assert_int_equal(office_look_up(office, rows[i].name, rows[i].id), CH_OK);
		office->peer.scope = none;
		office->peer.roles = PEER_CONSUMER;
		assert_int_equal(office_look_up(office, rows[i].name, rows[i].id), CH_OK);
	}
	office->peer.scope = NULL;
}

/* "3:+1h" asks when its first entry arrived. */
static void test_a_stretch_of_time_from_an_entry_on(void **state)
{
	struct office *office = *state;
	Carehub__V1__FindRequest find;
	Carehub__V1__Range range;
	static char hour[] = "1:+1h";
	uint32_t line = 0;
	assert_int_equal(
		ingest_settings(office->ingest, slice_text("limit.phone=3\n"), &line), CH_OK);
	carehub__v1__find_request__init(&find);
	carehub__v1__range__init(&range);
	range.text = hour;
	find.range = &range;
	const struct reply *reply = office_answer(office, "Find", &find.base);
	assert_int_equal(reply->status, CH_OK);
	Carehub__V1__FindReply *found =
		carehub__v1__find_reply__unpack(NULL, reply->body.len, reply->body.data);
	assert_non_null(found);
	assert_int_equal(found->scanned, 1);
	carehub__v1__find_reply__free_unpacked(found, NULL);
}

static void test_bad_requests(void **state)
{
	struct office *office = *state;
	Carehub__V1__FindRequest find;
	Carehub__V1__Range range;
	carehub__v1__find_request__init(&find);
	carehub__v1__range__init(&range);
	static char yesterday[] = "yesterday";
	range.text = yesterday;
	find.range = &range;
	assert_int_equal(office_answer(office, "Nonsense", NULL)->status, CH_UNSUPPORTED);
	assert_int_equal(office_answer(office, "Find", &find.base)->status, CH_INVALID);
	assert_int_equal(office_answer(office, "Get", NULL)->status, CH_NOT_FOUND);
	assert_int_equal(office_answer(office, "Customer", NULL)->status, CH_MISSING);
	/* A body that is none of its operation: field 1 of Find is a message. */
	static const uint8_t wrong[] = {
		0x08, 0x05, 0x12, 0x04, 'F', 'i', 'n', 'd', 0x1a, 0x02, 0x08, 0x01};
	office->count = 0;
	buffer_clear(&office->bodies[0]);
	office_ask_bytes(office, 1, slice_of(wrong, sizeof(wrong)));
	assert_int_equal(office_wait(office)->status, CH_FORMAT);
	/* Not even a REQUEST: there is no number to answer. */
	office_ask_bytes(office, 1, slice_of("\xff\xff", 2));
	assert_int_equal(office->refused, 1);
}

/* What the socket does not take is kept, and sent when it does; the next step waits for it. */
static void test_full_socket(void **state)
{
	struct office *office = *state;
	office->full = true;
	office_ask(office, "Status", NULL);
	assert_false(loop_until(office->loop, office_answered, office, 50));
	office->full = false;
	control_writable(office->control, 2); /* somebody else's */
	assert_int_equal(office->count, 0);
	control_writable(office->control, 1);
	assert_int_equal(office_wait(office)->status, CH_OK);
}

static void test_closed_session(void **state)
{
	struct office *office = *state;
	office_ask(office, "Find", NULL); /* on its lane */
	office->full = true;
	office_ask(office, "Sessions", NULL); /* answered, and kept */
	control_closed(office->control, 1);
	office->full = false;
	assert_false(loop_until(office->loop, office_answered, office, 50));
	assert_int_equal(office->count, 0);
	/* office_teardown finds nothing left behind: the leak checker looks. */
}

/* The fan-out answers what control, which has gone, has asked. */
static void test_stop_while_waiting(void **state)
{
	struct office *office = *state;
	office_ask(office, "Replays", NULL);
	office_ask(office, "Consumers", NULL);
	control_stop(office->control);
	office->control = NULL;
	assert_int_equal(office->count, 0);
}

static void test_too_many(void **state)
{
	struct office *office = *state;
	office->full = true;
	for (uint32_t i = 0; i <= LIMIT_REQUESTS_PER_SESSION; i++)
		office_ask(office, "Sessions", NULL);
	office->full = false;
	control_writable(office->control, 1);
	uint32_t busy = 0;
	for (size_t i = 0; i < office->count; i++)
		busy += office->replies[i].status == CH_BUSY;
	assert_int_equal(office->count, LIMIT_REQUESTS_PER_SESSION + 1);
	assert_int_equal(busy, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_status, office_setup, office_teardown),
		cmocka_unit_test_setup_teardown(test_lists, office_setup, office_teardown),
		cmocka_unit_test_setup_teardown(test_consumers, office_setup, office_teardown),
		cmocka_unit_test_setup_teardown(test_roles, office_setup, office_teardown),
		cmocka_unit_test_setup_teardown(
			test_a_scope_bounds_what_is_told, office_setup, office_teardown),
		cmocka_unit_test_setup_teardown(
			test_a_stretch_of_time_from_an_entry_on, office_setup, office_teardown),
		cmocka_unit_test_setup_teardown(test_bad_requests, office_setup, office_teardown),
		cmocka_unit_test_setup_teardown(test_full_socket, office_setup, office_teardown),
		cmocka_unit_test_setup_teardown(test_closed_session, office_setup, office_teardown),
		cmocka_unit_test_setup_teardown(
			test_stop_while_waiting, office_setup, office_teardown),
		cmocka_unit_test_setup_teardown(test_too_many, office_setup, office_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
