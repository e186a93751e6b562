/* The manager port: cut at a place that the input chooses, it reads as the same messages as whole; the dialog that
 * they lead to, in which what we say can be read again; and the calls that follow from them. */
#include "callcenter.h"

#include "channel/callcenter/ami_dialog.h"
#include "channel/callcenter/exchange.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A client as talkative as the exchange makes it: every answer leads to the next action, with words of the
 * exchange in it; every event that answers nothing to a ping, until too many are under way. */
struct talk {
	struct ami_dialog dialog;
	struct exchange *exchange; /* which lists of channels are for */
	struct buffer asked;
	size_t actions; /* in `asked` */
	int step;
};

static void fuzz_offer(void *context, const struct call_offer *offer)
{
	(void)context;
	invariant(offer->uniqueid.len > 0);
}

static void fuzz_refuse(void *context, struct slice uniqueid, const char *reason)
{
	(void)context;
	invariant(uniqueid.len > 0 && strlen(reason) > 0);
}

/* The site's settings: in some inputs a line "questions=Score=overall" of somebody who types anything. */
static const struct survey_rules *fuzz_survey(struct slice bytes)
{
	static struct survey_rules rules;
	struct slice rest = bytes;
	struct slice line;
	rules = (struct survey_rules){
		.event = SLICE_LITERAL("CSAT"),
		.name = SLICE_LITERAL("hotline"),
		.name_field = SLICE_LITERAL("Survey"),
		.wave_field = SLICE_LITERAL("Wave"),
	};
	(void)survey_rules_scale(&rules, SLICE_LITERAL("1-5")); /* is fine */
	(void)survey_rules_add(&rules, SLICE_LITERAL("Score=overall"));
	for (int i = 0; i < 40 && text_split(&rest, '\n', &line); i++) {
		if (slice_starts(line, SLICE_LITERAL("questions=")))
			(void)survey_rules_add(&rules, slice_sub(line, 10, 60)); /* or not */
		if (slice_starts(line, SLICE_LITERAL("scale=")))
			(void)survey_rules_scale(&rules, slice_sub(line, 6, 60));
	}
	invariant(rules.count >= 1 && rules.count <= LIMIT_SURVEY_QUESTIONS);
	invariant(decimal_compare(rules.lowest, rules.highest) < 0);
	return &rules;
}

static void talk_ask(struct talk *talk, const char *action, const struct ami_pair *pairs,
	size_t count, bool lists, int64_t now_us)
{
	size_t before = talk->asked.len;
	enum ch_status status = ami_dialog_ask(
		&talk->dialog, action, pairs, count, talk->step, lists, now_us, &talk->asked);
	invariant(status == CH_OK || status == CH_INVALID || status == CH_TOO_LARGE ||
		  status == CH_BUSY);
	invariant((status == CH_OK) == (talk->asked.len > before));
	talk->actions += status == CH_OK;
	if (status == CH_OK)
		talk->step++;
}

/* A list of channels tells which are still there. */
static void talk_list(struct talk *talk, const struct ami_message *message,
	struct ami_answer answer, int64_t now_us)
{
	if (answer.kind == AMI_LIST)
		exchange_list_begin(talk->exchange);
	else if (answer.kind == AMI_ITEM)
		exchange_list_channel(talk->exchange, ami_get(message, "Uniqueid"));
	else if (answer.kind == AMI_LIST_END && answer.good)
		exchange_list_end(talk->exchange, now_us);
}

static void talk_answer(struct talk *talk, const struct ami_message *message,
	struct ami_answer answer, int64_t now_us)
{
	static const char *const lists[] = {"QueueStatus", "CoreShowChannels"};
	char key[AMI_KEY_BYTES];
	struct slice challenge = ami_get(message, "Challenge");
	const struct ami_pair login[] = {{"Username", challenge}, {"Key", slice_text(key)}};
	invariant(answer.what < talk->step);
	talk_list(talk, message, answer, now_us);
	if (answer.kind == AMI_ITEM || answer.kind == AMI_LIST)
		return;
	if (challenge.len == 0) {
		talk_ask(talk, lists[talk->step % 2], NULL, 0, true, now_us);
		return;
	}
	invariant(ami_login_key(challenge, SLICE_LITERAL("secret"), key) == CH_OK);
	invariant(strlen(key) == AMI_KEY_BYTES - 1);
	talk_ask(talk, "Login", login, 2, false, now_us);
}

static uint64_t talk_take(struct talk *talk, const struct ami_message *message, int64_t now_us)
{
	struct ami_answer answer = ami_dialog_take(&talk->dialog, message);
	if (answer.kind != AMI_NO_ANSWER)
		talk_answer(talk, message, answer, now_us);
	else if (message->kind != AMI_RESPONSE)
		talk_ask(talk, message->kind == AMI_BANNER ? "Challenge" : "Ping", NULL, 0, false,
			now_us);
	invariant(ami_dialog_oldest_us(&talk->dialog) <= now_us);
	return (uint64_t)answer.kind * 7 + answer.items + answer.good;
}

/* An exchange would read as many actions as were written. */
static void talk_check(const struct talk *talk)
{
	struct ami_reader *reader = NULL;
	struct ami_message message;
	size_t actions = 0;
	invariant(ami_reader_create(&reader) == CH_OK);
	invariant(ami_reader_feed(reader, buffer_slice(&talk->asked)) == CH_OK);
	for (; ami_reader_next(reader, &message) == CH_OK; actions++)
		invariant(message.kind == AMI_OTHER && ami_get(&message, "ActionID").len > 0);
	invariant(actions == talk->actions && !ami_reader_is_within(reader));
	ami_reader_free(reader);
}

/* A sum over all that was read. */
static uint64_t read_all(struct slice bytes, size_t piece, size_t *out_calls)
{
	const struct exchange_listener listener = {
		.finished = fuzz_call,
		.offered = fuzz_offer,
		.changed = fuzz_change,
		.surveyed = fuzz_form,
		.refused = fuzz_refuse,
		.context = out_calls,
	};
	const struct exchange_options options = {.survey = fuzz_survey(bytes)};
	struct talk talk = {.step = 0};
	struct exchange *exchange = NULL;
	struct ami_reader *reader = NULL;
	struct ami_message message;
	uint64_t sum = 0;
	/* A capture may come without times. */
	int64_t step_us = bytes.len % 16 == 11 ? 0 : 1000000;
	int64_t now_us = step_us;
	invariant(ami_reader_create(&reader) == CH_OK);
	invariant(exchange_create(&listener, &options, &exchange) == CH_OK);
	talk.exchange = exchange;
	for (int i = 0; i < 3; i++)
		talk_ask(&talk, "X", NULL, 0, i > 0, 1);
	for (size_t at = 0; at < bytes.len; at += piece) {
		enum ch_status status;
		invariant(ami_reader_feed(reader, slice_sub(bytes, at, piece)) == CH_OK);
		while ((status = ami_reader_next(reader, &message)) != CH_END) {
			sum = sum * 31 + (uint64_t)status;
			if (status != CH_OK)
				continue;
			for (size_t i = 0; i < message.count; i++)
				sum = sum * 31 + message.fields[i].key.len * 7 +
				      message.fields[i].value.len;
			sum = sum * 31 + message.offset + (uint64_t)message.kind;
			sum = sum * 31 + talk_take(&talk, &message, now_us + 1);
			invariant(exchange_take(exchange, &message, now_us += step_us) == CH_OK);
		}
	}
	if (piece >= bytes.len)
		talk_check(&talk); /* cut, it is the same */
	buffer_fini(&talk.asked);
	exchange_tend(exchange, bytes.len % 8 == 7 ? now_us + EXCHANGE_CALL_AGE_US : now_us);
	exchange_lost(exchange);
	exchange_list_begin(exchange);
	if (bytes.len % 2 == 0)
		exchange_list_end(exchange, now_us);
	/* What is under way may also simply be forgotten. */
	if (bytes.len % 16 != 13)
		exchange_end(exchange, now_us);
	struct exchange_counts counts;
	exchange_look(exchange, &counts);
	invariant(bytes.len % 16 == 13 || (counts.calls == 0 && counts.channels == 0));
	exchange_free(exchange);
	exchange_free(NULL);
	ami_reader_free(reader);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t whole = 0;
	size_t cut = 0;
	struct slice bytes = slice_of(data, len);
	uint64_t sum = read_all(bytes, len > 0 ? len : 1, &whole);
	invariant(read_all(bytes, len > 0 ? data[0] % 7u + 1 : 1, &cut) == sum);
	invariant(whole == cut);
	return 0;
}
