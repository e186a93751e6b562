/* The manager port: cut at a place that the input chooses, it reads as the same messages as whole; and the calls
 * that follow from them. */
#include "callcenter.h"

#include "channel/callcenter/ami_dialog.h"
#include "channel/callcenter/exchange.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void fuzz_offer(void *context, const struct call_offer *offer)
{
	(void)context;
	invariant(offer->uniqueid.len > 0);
}

/* A sum over all that was read. */
static uint64_t read_all(struct slice bytes, size_t piece, size_t *out_calls)
{
	const struct exchange_listener listener = {fuzz_call, fuzz_offer, fuzz_change, out_calls};
	struct ami_dialog dialog = {.last_id = 0};
	struct exchange *exchange = NULL;
	struct ami_reader *reader = NULL;
	struct ami_message message;
	struct buffer asked = {0};
	uint64_t sum = 0;
	int64_t now_us = 1;
	invariant(ami_reader_create(&reader) == CH_OK);
	invariant(exchange_create(&listener, NULL, &exchange) == CH_OK);
	for (int i = 0; i < 3; i++)
		(void)ami_dialog_ask(&dialog, "X", NULL, 0, i, i > 0, 1, &asked);
	buffer_fini(&asked);
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
			if (ami_dialog_take(&dialog, &message).kind != AMI_NO_ANSWER)
				exchange_list_channel(exchange, ami_get(&message, "Uniqueid"));
			invariant(exchange_take(exchange, &message, now_us += 1000000) == CH_OK);
		}
	}
	exchange_tend(exchange, now_us);
	exchange_list_begin(exchange);
	exchange_lost(exchange);
	if (bytes.len % 2 == 0)
		exchange_list_end(exchange, now_us);
	exchange_end(exchange, now_us);
	struct exchange_counts counts;
	exchange_look(exchange, &counts);
	invariant(counts.calls == 0 && counts.channels == 0);
	exchange_free(exchange);
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
