/* A POSLog from a stranger.  However it is cut into pieces it must read the same, every event must be a
 * message of the schema, and what the reader gives must be settled and written without a fault of ours. */
#include <stdlib.h>

#include "base/invariant.h"
#include "base/limits.h"
#include "channel/pos/event.h"
#include "channel/pos/poslog.h"
#include "channel/pos/sale.h"
#include "wire/check.h"
#include "wire/types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void fuzz_transaction(struct event_writer *writer, struct transaction *t, struct slice bytes)
{
	struct envelope envelope;
	char path[CHECK_PATH_BYTES];
	invariant(bytes.len == t->len && slice_starts(bytes, SLICE_LITERAL("<")));
	sale_settle(t, SLICE_LITERAL("CNY"));
	if (t->fault.status != CH_OK)
		return;
	for (size_t i = 0; i < event_count(t); i++) {
		if (event_write(writer, t, i, &envelope) != CH_OK)
			continue;
		const struct event_type *type = types_find(envelope.type);
		invariant(type != NULL);
		invariant(check_message(type->message, envelope.data, path) == CH_OK);
		invariant(check_message(type->message, envelope.personal, path) == CH_OK);
		invariant(envelope.id.len > 0 && envelope.id.len <= LIMIT_ID_BYTES);
	}
}

/* Feeds pieces of `step` bytes; returns a sum over what came out. */
static uint64_t fuzz_read(const uint8_t *data, size_t len, size_t step)
{
	struct poslog *poslog = NULL;
	struct transaction *t;
	struct event_writer writer;
	uint64_t sum = 1;
	enum ch_status status = CH_OK;
	invariant(poslog_create(NULL, &poslog) == CH_OK);
	event_writer_init(&writer, (struct slice){NULL, 0});
	for (size_t at = 0; status == CH_OK; at += step) {
		if (at < len)
			status = poslog_feed(
				poslog, slice_of(data + at, step < len - at ? step : len - at));
		else
			status = poslog_end(poslog);
		while (poslog_next(poslog, &t) == CH_OK) {
			/* Of two faults that end a file, in its bytes and in its tags, either may be met
			 * first. */
			sum = sum * 31 +
			      (t->fault.file ? 1 : t->offset + t->line_count + t->fault.status);
			if (t->fault.status == CH_OK)
				fuzz_transaction(&writer, t, poslog_bytes(poslog, t));
		}
		if (at >= len)
			break;
	}
	event_writer_fini(&writer);
	poslog_free(poslog);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t step = len > 0 ? data[0] % 61u + 1 : 1;
	uint64_t whole = fuzz_read(data, len, len + 1);
	invariant(whole == fuzz_read(data, len, step));
	return 0;
}
