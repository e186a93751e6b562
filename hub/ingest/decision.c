/* Entries that come from nobody's queue: new settings, and what people decide. */
#include "ingest/queue.h"

struct new_settings {
	struct slice text;
	uint32_t *out_line;
};

static enum ch_status decision_settings(void *context, struct core *core, struct change *change,
	int64_t arrival_us, struct decision *out_decision)
{
	const struct new_settings *settings = context;
	return core_decide_settings(
		core, change, settings->text, arrival_us, out_decision, settings->out_line);
}

enum ch_status ingest_settings(struct ingest *ingest, struct slice text, uint32_t *out_line)
{
	struct new_settings settings = {text, out_line};
	uint64_t sequence;
	enum ch_status status = writer_alone(ingest, decision_settings, &settings, &sequence);
	return status == CH_END ? CH_OK : status; /* they are as they were */
}

struct operation {
	struct slice event;
	struct slice person;
};

static enum ch_status decision_operation(void *context, struct core *core, struct change *change,
	int64_t arrival_us, struct decision *out_decision)
{
	const struct operation *operation = context;
	struct envelope envelope;
	const char *field = "";
	struct input input = {
		.envelope = &envelope,
		.form = envelope_parse(operation->event, &envelope, &field),
		.form_field = field,
		.peer = operation->person,
		.arrival_us = arrival_us,
	};
	return core_decide_operator(core, change, &input, out_decision);
}

enum ch_status ingest_operate(
	struct ingest *ingest, struct slice event, struct slice person, uint64_t *out_sequence)
{
	struct operation operation = {event, person};
	return writer_alone(ingest, decision_operation, &operation, out_sequence);
}
