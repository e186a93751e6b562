/* FreeSWITCH's event socket: cut at a place that the input chooses, it reads as the same messages as whole; what is
 * answered to questions is read as tables and lists; and the calls that follow are such that the hub takes. */
#include "callcenter.h"

#include "channel/callcenter/esl.h"
#include "channel/callcenter/esl_list.h"
#include "channel/callcenter/esl_words.h"
#include "channel/callcenter/exchange.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

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

static void fuzz_listed(void *context, struct slice uuid)
{
	exchange_list_channel(context, uuid);
}

/* An answer is what it is asked for, so it may be anything. */
static void look_at_answer(struct exchange *exchange, struct slice body, int64_t now_us)
{
	struct esl_table table;
	esl_table_open(body, &table);
	for (size_t rows = 0; esl_table_next(&table); rows++) {
		invariant(rows < body.len);
		struct slice contact = esl_table_cell(&table, "contact");
		struct slice user = esl_contact_user(contact);
		invariant(user.len <= contact.len);
		invariant(esl_table_cell(&table, "there is none such").len == 0);
	}
	exchange_list_begin(exchange);
	if (esl_channels(body, fuzz_listed, exchange))
		exchange_list_end(exchange, now_us);
}

static uint64_t sum_of(const struct esl_message *message)
{
	uint64_t sum = message->offset * 7 + (uint64_t)message->kind + message->body.len;
	for (size_t i = 0; i < message->count; i++)
		sum = sum * 31 + message->fields[i].key.len * 7 + message->fields[i].value.len;
	invariant(message->count <= LIMIT_AMI_FIELDS);
	return sum + message->name.len;
}

/* A sum over all that was read; with an exchange also what it makes of it. */
static uint64_t read_all(struct slice bytes, size_t piece, struct exchange *exchange)
{
	static struct esl_words words;
	struct esl_reader *reader = NULL;
	struct esl_message message;
	uint64_t sum = 0;
	int64_t now_us = 1;
	invariant(esl_reader_create(&reader) == CH_OK);
	for (size_t at = 0; at < bytes.len; at += piece) {
		enum ch_status status;
		invariant(esl_reader_feed(reader, slice_sub(bytes, at, piece)) == CH_OK);
		while ((status = esl_reader_next(reader, &message)) != CH_END) {
			sum = sum * 31 + (uint64_t)status;
			if (status == CH_FORMAT)
				goto out; /* and so for ever */
			if (status == CH_OK)
				sum = sum * 31 + sum_of(&message);
			if (status != CH_OK || exchange == NULL)
				continue;
			now_us += 1000000;
			if (message.kind == ESL_ANSWER)
				look_at_answer(exchange, message.body, now_us);
			esl_words_of(&message, &words);
			for (size_t i = 0; i < words.count; i++)
				invariant(exchange_take(exchange, &words.messages[i], now_us) ==
					  CH_OK);
		}
	}
	sum += esl_reader_is_within(reader);
out:
	esl_reader_free(reader);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct survey_rules rules = {
		.event = {(const uint8_t *)"CSAT", 4},
		.name = {(const uint8_t *)"hotline", 7},
		.lowest = {1, 0},
		.highest = {5, 0},
		.questions = {{{(const uint8_t *)"Score", 5}, {(const uint8_t *)"overall", 7},
			{NULL, 0}}},
		.count = 1,
	};
	size_t calls = 0;
	const struct exchange_listener listener = {
		.finished = fuzz_call,
		.offered = fuzz_offer,
		.changed = fuzz_change,
		.surveyed = fuzz_form,
		.refused = fuzz_refuse,
		.context = &calls,
	};
	const struct exchange_options options = {.survey = &rules};
	struct exchange *exchange = NULL;
	struct slice bytes = slice_of(data, len);
	invariant(exchange_create(&listener, &options, &exchange) == CH_OK);
	uint64_t whole = read_all(bytes, len > 0 ? len : 1, exchange);
	invariant(read_all(bytes, len > 0 ? data[len / 2] % 7u + 1 : 1, NULL) == whole);
	exchange_end(exchange, 1);
	exchange_free(exchange);
	return 0;
}
