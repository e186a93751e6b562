/* A question to the control bus, of any content, asked of a hub that has a small history: it is refused, or answered
 * in bounded steps with messages that can be read.
 *
 *     input = number of the question:byte, who asks:byte, the request's message
 *
 * Who asks: 1 is an operator, 2 has a scope. */
#include "carehub/v1/control.pb-c.h"
#include "control/call.h"
#include "history.h"
#include "wire/check.h"

#define STEPS_MAX 100000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* ---- Asking ---- */

/* Those that change nothing and need nothing but journal and state. */
static const char *const questions[] = {"Get", "Find", "Customer", "Record", "Cases", "Reference",
	"Deadlines", "Reviews", "Quarantine"};

static const struct operation *find_operation(unsigned number)
{
	const char *name = questions[number % (sizeof(questions) / sizeof(questions[0]))];
	for (size_t i = 0; i < operation_count; i++)
		if (strcmp(operations[i].name, name) == 0)
			return &operations[i];
	return NULL;
}

static void check_reply(const struct call *call)
{
	struct pb_reader reader = pb_read(buffer_slice(&call->reply));
	struct pb_field field;
	invariant(call->reply.status == CH_OK);
	while (pb_next(&reader, &field))
		continue;
	invariant(reader.status == CH_OK);
}

static void ask(struct call *call)
{
	enum call_turn turn = CALL_MORE;
	while (turn == CALL_MORE) {
		turn = call->operation->step(call);
		call->steps++;
		invariant(turn != CALL_WAIT && call->steps < STEPS_MAX);
		check_reply(call);
		buffer_clear(&call->reply);
	}
	invariant(memchr(call->detail, 0, sizeof(call->detail)) != NULL);
	invariant(call->status != CH_OK || call->detail[0] == 0);
	invariant(call->status != CH_CORRUPT && call->status != CH_NOMEM && call->status != CH_IO);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct history history;
	static struct control_options hub;
	static char west[] = "WEST";
	char path[CHECK_PATH_BYTES];
	if (len < 2)
		return 0;
	if (history.core == NULL)
		history_make(&history);
	hub = (struct control_options){.journal = history.journal, .state = history.state};
	const struct operation *operation = find_operation(data[0]);
	struct slice body = slice_of(data + 2, len - 2);
	struct peer peer = {.name = "ops", .roles = PEER_CONSUMER};
	struct call call = {.operation = operation, .hub = &hub, .peer = &peer};
	invariant(operation != NULL);
	if ((data[1] & 1) != 0)
		peer.roles |= PEER_OPERATOR;
	if ((data[1] & 2) != 0)
		peer.scope = west;
	if (check_message(operation->ask, body, path) != CH_OK)
		return 0;
	call.ask = protobuf_c_message_unpack(operation->ask, NULL, body.len, data + 2);
	invariant(call.ask != NULL);
	ask(&call);
	if (call.work != NULL && call.work_free != NULL)
		call.work_free(call.work);
	free(call.work);
	protobuf_c_message_free_unpacked(call.ask, NULL);
	buffer_fini(&call.reply);
	return 0;
}
