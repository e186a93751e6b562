/* Events with whatever fields a peer may think of, folded into facts and reckoned with: no sum, no time and no
 * length that a message can hold is beyond what a report can bear.
 *
 *     input = event ...
 *     event = type:byte, customer:byte, time:8 big-endian, len:2 big-endian, message:len */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/invariant.h"
#include "module/quality/fact/facts.h"
#include "module/quality/measure/measure.h"
#include "module/quality/quality_settings.h"
#include "support/scratch.h"
#include "wire/types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define HEAD_BYTES 12u
#define EVENTS_MAX 64u

static char folder[SCRATCH_BYTES];
static struct book *book;
static struct quality_settings settings;

static void remove_folder(void)
{
	book_close(book);
	quality_settings_free(&settings);
	scratch_remove(folder);
}

/* One book for all inputs, of which none is committed. */
static void make_book(void)
{
	const struct book_form form = {.directory = folder,
		.tables = fact_table_names,
		.table_count = FACT_TABLES,
		.version = FACT_VERSION};
	scratch_make(folder, "fold");
	invariant(book_open(&form, BOOK_WRITE, &book) == CH_OK);
	invariant(quality_settings_default(&settings) == CH_OK);
	(void)atexit(remove_folder);
}

static const struct event_type *type_of(const struct module_fold *fold)
{
	for (size_t i = 0; i < event_type_count; i++) {
		if (types_match(slice_text(fold->type), slice_text(event_types[i].name)))
			return &event_types[i];
	}
	return NULL;
}

static const struct module_fold *fold_of(unsigned number)
{
	size_t count = 0;
	for (size_t i = 0; i < FACT_PARTS; i++)
		count += fact_parts[i]->fold_count;
	number %= (unsigned)count;
	for (size_t i = 0; i < FACT_PARTS; i++) {
		if (number < fact_parts[i]->fold_count)
			return &fact_parts[i]->folds[number];
		number -= (unsigned)fact_parts[i]->fold_count;
	}
	return NULL;
}

static void fold_one(struct book_txn *txn, const uint8_t *head, struct slice bytes, unsigned number)
{
	const struct module_fold *fold = fold_of(head[0]);
	const struct event_type *type = type_of(fold);
	char id[16];
	invariant(type != NULL);
	ProtobufCMessage *message =
		protobuf_c_message_unpack(type->message, NULL, bytes.len, bytes.data);
	if (message == NULL)
		return;
	(void)snprintf(id, sizeof(id), "e%u", number);
	const struct feed_event event = {.sequence = number + 1,
		.arrival_us = INT64_C(1790000000000000),
		.customer = head[1],
		.head = {.id = slice_text(id),
			.source = slice_text("/s1"),
			.type = slice_text(type->name),
			.time_us = (int64_t)load_be64(head + 2)},
		.message = message};
	(void)fold->fold(NULL, txn, &event);
	protobuf_c_message_free_unpacked(message, NULL);
}

static void reckon(struct book_txn *txn, int64_t from_us, int64_t until_us, int64_t as_of_us)
{
	struct measures *measures = NULL;
	const struct measure_request request = {.settings = &settings,
		.from_us = from_us,
		.until_us = until_us,
		.as_of_us = as_of_us,
		.unit = PERIOD_MONTH};
	invariant(measures_make(txn, &request, &measures) == CH_OK);
	measures_free(measures);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct book_txn *txn = NULL;
	unsigned number = 0;
	if (book == NULL)
		make_book();
	invariant(book_begin(book, true, &txn) == CH_OK);
	while (len >= HEAD_BYTES && number < EVENTS_MAX) {
		const uint8_t *head = data;
		size_t told = (size_t)head[10] << 8 | head[11];
		data += HEAD_BYTES;
		len -= HEAD_BYTES;
		if (told > len)
			told = len;
		fold_one(txn, head, slice_of(data, told), number++);
		data += told;
		len -= told;
	}
	invariant(book_status(txn) == CH_OK);
	reckon(txn, 0, INT64_C(1800000000000000), INT64_C(1800000000000000));
	reckon(txn, INT64_C(1760000000000000), INT64_C(1790000000000000),
		INT64_C(1780000000000000));
	book_abort(txn);
	return 0;
}
