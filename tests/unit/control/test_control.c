/* control: questions go in, replies come out, from a real journal and state behind a real loop. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "carehub/v1/control.pb-c.h"
#include "control/call.h"
#include "wire/frame.h"
#include "wire/request.h"

#define REPLIES_MOST 64

struct desk {
	char dir[64];
	struct loop *loop;
	struct journal *journal;
	struct state *state;
	struct ingest *ingest;
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

static enum ch_status desk_send(void *context, uint64_t session, struct buffer *frame)
{
	struct desk *desk = context;
	enum frame_kind kind;
	struct slice body;
	(void)session;
	if (desk->full || desk->gone)
		return desk->gone ? CH_CLOSED : CH_FULL;
	assert_true(desk->count < REPLIES_MOST);
	struct buffer *kept = &desk->bodies[desk->count];
	buffer_append_slice(kept, buffer_slice(frame));
	assert_int_equal(frame_parse(buffer_slice(kept), &kind, &body), CH_OK);
	assert_int_equal(kind, FRAME_REPLY);
	assert_int_equal(reply_parse(body, &desk->replies[desk->count++]), CH_OK);
	return CH_OK;
}

static void desk_refuse(void *context, uint64_t session, enum ch_status reason, const char *detail)
{
	struct desk *desk = context;
	(void)session;
	(void)reason;
	(void)detail;
	desk->refused++;
}

static void desk_facts(void *context, struct hub_facts *out_facts)
{
	(void)context;
	*out_facts = (struct hub_facts){.version = "1.2.3", .sessions = 7, .hold = "disk.low"};
}

static bool desk_session(void *context, size_t *at, struct hub_session *out_session)
{
	(void)context;
	*out_session = (struct hub_session){.peer = "till", .credit = (uint32_t)*at};
	return (*at)++ < 2;
}

static enum ch_status desk_reload(
	void *context, struct problems *problems, struct hub_reload *out_reload)
{
	(void)context;
	*out_reload = (struct hub_reload){.peers = 3};
	problems_add(problems, "peers.d/a.conf", 4, "window", "is 0");
	problems_add(problems, "peers.d/b.conf", 0, NULL, "cannot be read");
	return CH_INVALID;
}

static int desk_setup(void **state)
{
	struct desk *desk = calloc(1, sizeof(*desk));
	struct core *core = NULL;
	struct rtxn *rtxn = NULL;
	char path[96];
	(void)snprintf(desk->dir, sizeof(desk->dir), "/tmp/control-XXXXXX");
	assert_non_null(mkdtemp(desk->dir));
	(void)snprintf(path, sizeof(path), "%s/journal", desk->dir);
	struct journal_options journal = {
		.dir = path, .segment_bytes = 1 << 20, .spare_segments = 1, .create = true};
	assert_int_equal(journal_open(&journal, &desk->journal, NULL), CH_OK);
	(void)snprintf(path, sizeof(path), "%s/store", desk->dir);
	struct state_options store = {.dir = path};
	assert_int_equal(state_open(&store, 0, &desk->state), CH_OK);
	assert_int_equal(core_create(&core), CH_OK);
	assert_int_equal(rtxn_begin(desk->state, &rtxn), CH_OK);
	assert_int_equal(core_load(core, rtxn), CH_OK);
	rtxn_end(rtxn);
	struct ingest_options ingest = {
		.journal = desk->journal, .state = desk->state, .core = core};
	assert_int_equal(ingest_start(&ingest, &desk->ingest), CH_OK);
	assert_int_equal(loop_create(&desk->loop), CH_OK);
	struct control_options options = {
		.loop = desk->loop,
		.journal = desk->journal,
		.state = desk->state,
		.ingest = desk->ingest,
		.rules_path = "/nonexistent/rules.conf",
		.hooks = {desk_send, desk_refuse, desk_facts, desk_session, desk_reload, desk},
	};
	assert_int_equal(control_start(&options, &desk->control), CH_OK);
	(void)snprintf(desk->peer.name, sizeof(desk->peer.name), "ops");
	atomic_init(&desk->peer.references, 1000); /* never the last one */
	desk->peer.roles = PEER_OPERATOR | PEER_ADMIN | PEER_CONSUMER;
	*state = desk;
	return 0;
}

static int desk_teardown(void **state)
{
	struct desk *desk = *state;
	char command[96];
	control_stop(desk->control);
	ingest_stop(desk->ingest);
	state_close(desk->state);
	journal_close(desk->journal);
	loop_free(desk->loop);
	for (size_t i = 0; i < REPLIES_MOST; i++)
		buffer_fini(&desk->bodies[i]);
	(void)snprintf(command, sizeof(command), "rm -r %s", desk->dir);
	assert_int_equal(system(command), 0);
	free(desk);
	return 0;
}

/* As the bus hands it over: a message that control frees.  libzmq calls a zeroed part no part. */
static void desk_ask_bytes(struct desk *desk, uint64_t session, struct slice body)
{
	control_request(
		desk->control, session, &desk->peer, calloc(1, sizeof(struct message)), body);
}

static void desk_ask(struct desk *desk, const char *operation, const ProtobufCMessage *ask)
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
	desk_ask_bytes(desk, 1, inner);
	buffer_fini(&frame);
}

static bool desk_answered(void *context)
{
	const struct desk *desk = context;
	return desk->count > 0 && !desk->replies[desk->count - 1].more;
}

static const struct reply *desk_wait(struct desk *desk)
{
	assert_true(loop_until(desk->loop, desk_answered, desk, 10000));
	return &desk->replies[desk->count - 1];
}

/* Asks and waits, forgetting what came before. */
static const struct reply *desk_answer(
	struct desk *desk, const char *operation, const ProtobufCMessage *ask)
{
	for (size_t i = 0; i < desk->count; i++)
		buffer_clear(&desk->bodies[i]);
	desk->count = 0;
	desk_ask(desk, operation, ask);
	return desk_wait(desk);
}

/* ---- Tests ---- */

static void test_status(void **state)
{
	struct desk *desk = *state;
	const struct reply *reply = desk_answer(desk, "Status", NULL);
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
	struct desk *desk = *state;
	const struct reply *reply = desk_answer(desk, "Sessions", NULL);
	Carehub__V1__SessionsReply *sessions =
		carehub__v1__sessions_reply__unpack(NULL, reply->body.len, reply->body.data);
	assert_int_equal(sessions->n_sessions, 2);
	assert_int_equal(sessions->sessions[1]->credit, 1);
	carehub__v1__sessions_reply__free_unpacked(sessions, NULL);

	reply = desk_answer(desk, "Reload", NULL);
	assert_int_equal(reply->status, CH_OK);
	Carehub__V1__ReloadReply *reload =
		carehub__v1__reload_reply__unpack(NULL, reply->body.len, reply->body.data);
	assert_int_equal(reload->n_problems, 2);
	assert_string_equal(reload->problems[0], "peers.d/a.conf:4: window: is 0");
	assert_string_equal(reload->problems[1], "peers.d/b.conf: cannot be read");
	carehub__v1__reload_reply__free_unpacked(reload, NULL);
}

/* Every row with a role keeps out who has all the others. */
static void test_roles(void **state)
{
	struct desk *desk = *state;
	const uint32_t all = PEER_PRODUCER | PEER_CONSUMER | PEER_OPERATOR | PEER_ADMIN;
	for (size_t i = 0; i < operation_count; i++) {
		if (operations[i].roles == 0)
			continue;
		desk->peer.roles = all & ~operations[i].roles;
		assert_int_equal(desk_answer(desk, operations[i].name, NULL)->status, CH_DENIED);
	}
	/* Reading settings is an operator's right, writing them an admin's. */
	Carehub__V1__SettingsRequest settings;
	carehub__v1__settings_request__init(&settings);
	settings.write = true;
	desk->peer.roles = PEER_OPERATOR;
	assert_int_equal(desk_answer(desk, "Settings", &settings.base)->status, CH_DENIED);
}

static void test_bad_requests(void **state)
{
	struct desk *desk = *state;
	Carehub__V1__FindRequest find;
	Carehub__V1__Range range;
	carehub__v1__find_request__init(&find);
	carehub__v1__range__init(&range);
	static char yesterday[] = "yesterday";
	range.text = yesterday;
	find.range = &range;
	assert_int_equal(desk_answer(desk, "Nonsense", NULL)->status, CH_UNSUPPORTED);
	assert_int_equal(desk_answer(desk, "Find", &find.base)->status, CH_INVALID);
	assert_int_equal(desk_answer(desk, "Get", NULL)->status, CH_NOT_FOUND);
	assert_int_equal(desk_answer(desk, "Customer", NULL)->status, CH_MISSING);
	/* A body that is none of its operation: field 1 of Find is a message. */
	static const uint8_t wrong[] = {
		0x08, 0x05, 0x12, 0x04, 'F', 'i', 'n', 'd', 0x1a, 0x02, 0x08, 0x01};
	desk->count = 0;
	buffer_clear(&desk->bodies[0]);
	desk_ask_bytes(desk, 1, slice_of(wrong, sizeof(wrong)));
	assert_int_equal(desk_wait(desk)->status, CH_FORMAT);
	/* Not even a REQUEST: there is no number to answer. */
	desk_ask_bytes(desk, 1, slice_of("\xff\xff", 2));
	assert_int_equal(desk->refused, 1);
}

/* What the socket does not take is kept, and sent when it does; the next step waits for it. */
static void test_full_socket(void **state)
{
	struct desk *desk = *state;
	desk->full = true;
	desk_ask(desk, "Status", NULL);
	assert_false(loop_until(desk->loop, desk_answered, desk, 50));
	desk->full = false;
	control_writable(desk->control, 2); /* somebody else's */
	assert_int_equal(desk->count, 0);
	control_writable(desk->control, 1);
	assert_int_equal(desk_wait(desk)->status, CH_OK);
}

static void test_closed_session(void **state)
{
	struct desk *desk = *state;
	desk_ask(desk, "Find", NULL); /* on its lane */
	desk->full = true;
	desk_ask(desk, "Sessions", NULL); /* answered, and kept */
	control_closed(desk->control, 1);
	desk->full = false;
	assert_false(loop_until(desk->loop, desk_answered, desk, 50));
	assert_int_equal(desk->count, 0);
	/* desk_teardown finds nothing left behind: the leak checker looks. */
}

static void test_too_many(void **state)
{
	struct desk *desk = *state;
	desk->full = true;
	for (uint32_t i = 0; i <= LIMIT_REQUESTS_PER_SESSION; i++)
		desk_ask(desk, "Sessions", NULL);
	desk->full = false;
	control_writable(desk->control, 1);
	uint32_t busy = 0;
	for (size_t i = 0; i < desk->count; i++)
		busy += desk->replies[i].status == CH_BUSY;
	assert_int_equal(desk->count, LIMIT_REQUESTS_PER_SESSION + 1);
	assert_int_equal(busy, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_status, desk_setup, desk_teardown),
		cmocka_unit_test_setup_teardown(test_lists, desk_setup, desk_teardown),
		cmocka_unit_test_setup_teardown(test_roles, desk_setup, desk_teardown),
		cmocka_unit_test_setup_teardown(test_bad_requests, desk_setup, desk_teardown),
		cmocka_unit_test_setup_teardown(test_full_socket, desk_setup, desk_teardown),
		cmocka_unit_test_setup_teardown(test_closed_session, desk_setup, desk_teardown),
		cmocka_unit_test_setup_teardown(test_too_many, desk_setup, desk_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
