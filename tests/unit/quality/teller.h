/* A book of facts that a test tells events to, and what a report then says. */
#ifndef TEST_QUALITY_TELLER_H
#define TEST_QUALITY_TELLER_H

#include "../module/shelf.h"

#include <inttypes.h>

#include "carehub/v1/callcenter.pb-c.h"
#include "carehub/v1/care.pb-c.h"
#include "carehub/v1/hub.pb-c.h"
#include "carehub/v1/module.pb-c.h"
#include "carehub/v1/parts.pb-c.h"
#include "carehub/v1/reference.pb-c.h"
#include "carehub/v1/repair.pb-c.h"
#include "module/quality/fact/facts.h"
#include "module/quality/measure/measure.h"
#include "module/quality/quality_settings.h"
#include "wire/types.h"

#define HOUR_US    (DAY_US / 24)
#define TEXT(text) ((char *)(uintptr_t)(text))

struct teller {
	struct shelf shelf;
	struct book *book;
	struct book_txn *txn;
	struct quality_settings settings;
	uint64_t sequence;
};

/* One event; `arrival_us` 0: at once. */
struct told {
	const char *type;
	const ProtobufCMessage *message;
	const char *id;
	const char *source;
	int64_t time_us;
	int64_t sent_us;
	int64_t arrival_us;
	uint64_t customer;
	uint64_t sequence; /* 0: the next */
};

static const char *teller_tables[BOOK_TABLES_MAX];

static inline void teller_make(struct teller *teller)
{
	*teller = (struct teller){0};
	for (int i = 0; i < FACT_TABLES; i++)
		teller_tables[i] = fact_table_names[i];
	shelf_make(&teller->shelf);
	teller->book = shelf_open(&teller->shelf, teller_tables, FACT_TABLES, BOOK_WRITE);
	teller->txn = shelf_begin(teller->book, true);
	assert_int_equal(quality_settings_default(&teller->settings), CH_OK);
}

static inline void teller_remove(struct teller *teller)
{
	if (teller->txn != NULL)
		assert_int_equal(book_commit(teller->txn), CH_OK);
	book_close(teller->book);
	shelf_remove(&teller->shelf);
	quality_settings_free(&teller->settings);
}

static inline enum ch_status teller_fold(
	struct teller *teller, const struct feed_event *event, const char *type)
{
	enum ch_status status = CH_NOT_FOUND;
	for (size_t i = 0; i < FACT_PARTS; i++) {
		const struct module_part *part = fact_parts[i];
		for (size_t k = 0; k < part->fold_count; k++) {
			if (!types_match(slice_text(part->folds[k].type), slice_text(type)))
				continue;
			enum ch_status folded = part->folds[k].fold(NULL, teller->txn, event);
			if (status == CH_NOT_FOUND || status == CH_OK)
				status = folded;
		}
	}
	return status;
}

static inline enum ch_status tell_event(struct teller *teller, const struct told *told)
{
	struct feed_event event = {
		.sequence = told->sequence != 0 ? told->sequence : ++teller->sequence,
		.arrival_us = told->arrival_us != 0 ? told->arrival_us : told->time_us,
		.customer = told->customer,
		.message = told->message,
		.head = {.id = slice_text(told->id),
			.source = slice_text(told->source != NULL ? told->source : "/s1"),
			.type = slice_text(told->type),
			.time_us = told->time_us,
			.sent_us = told->sent_us},
	};
	event.occurred_us = event.arrival_us;
	event.stamp = stamp_of(event.occurred_us, event.head.source, event.head.id);
	return teller_fold(teller, &event, told->type);
}

static inline void tell(struct teller *teller, const char *type, const ProtobufCMessage *message,
	int64_t time_us, const char *id, uint64_t customer)
{
	const struct told told = {.type = type,
		.message = message,
		.id = id,
		.time_us = time_us,
		.customer = customer};
	assert_int_equal(tell_event(teller, &told), CH_OK);
}

/* What a report of the stretch says, by months; free it with measures_free. */
static inline struct measures *report(
	struct teller *teller, int64_t from_us, int64_t until_us, int64_t as_of_us)
{
	struct measures *measures = NULL;
	const struct measure_request request = {.settings = &teller->settings,
		.from_us = from_us,
		.until_us = until_us,
		.as_of_us = as_of_us,
		.unit = PERIOD_MONTH};
	assert_int_equal(measures_make(teller->txn, &request, &measures), CH_OK);
	return measures;
}

#define assert_ratio(ratio, expected_part, expected_whole)                                         \
	do {                                                                                       \
		assert_int_equal((ratio).part, expected_part);                                     \
		assert_int_equal((ratio).whole, expected_whole);                                   \
	} while (0)

/* ---- Whole reports, to be compared ---- */

static inline void dump_text(struct buffer *out, struct slice text)
{
	buffer_append_slice(out, text);
	buffer_append_byte(out, '|');
}

/* Rows are a key and then numbers, but for those of satisfaction. */
static inline void dump_rows(
	struct buffer *out, const char *name, const void *rows, size_t count, size_t size)
{
	for (size_t i = 0; i < count; i++) {
		const unsigned char *row = (const unsigned char *)rows + i * size;
		struct measure_key key;
		memcpy(&key, row, sizeof(key));
		buffer_printf(out, "%s ", name);
		dump_text(out, key.name);
		buffer_printf(out, "%" PRId64 " %u:", key.period_us, key.hour);
		for (size_t at = sizeof(key); at + sizeof(int64_t) <= size; at += sizeof(int64_t)) {
			int64_t number;
			memcpy(&number, row + at, sizeof(number));
			buffer_printf(out, " %" PRId64, number);
		}
		buffer_append_byte(out, '\n');
	}
}

static inline void dump_questions(struct buffer *out, const struct question_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct question_row *row = &table->rows[i];
		dump_text(out, row->key.name);
		dump_text(out, row->survey);
		dump_text(out, row->question);
		buffer_printf(out,
			"%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64
			" %" PRId64 " %d\n",
			row->satisfied, row->so_so, row->terrible, row->scored, row->mean_points,
			row->gap_points, row->weight, (int)row->kind);
	}
}

static inline void dump_lists(struct buffer *out, const struct measures *m)
{
	for (size_t i = 0; i < m->open_repair_count; i++) {
		dump_text(out, m->open_repairs[i].repair_order_id);
		buffer_printf(out, "open %" PRId64 "\n", m->open_repairs[i].age_us);
	}
	for (size_t i = 0; i < m->open_case_count; i++) {
		dump_text(out, m->open_cases[i].case_id);
		dump_text(out, m->open_cases[i].owner);
		buffer_printf(out, "case %" PRId64 "\n", m->open_cases[i].hand_overs);
	}
	for (size_t i = 0; i < m->off_list_count; i++) {
		dump_text(out, m->off_list[i].repair_order_id);
		dump_text(out, m->off_list[i].item_code);
		buffer_printf(out, "charge %d\n", (int)m->off_list[i].verdict);
	}
	for (size_t i = 0; i < m->callback_due_count; i++) {
		dump_text(out, m->callbacks_due[i].repair_order_id);
		buffer_printf(out, "call %" PRId64 "\n", m->callbacks_due[i].due_us);
	}
	for (size_t i = 0; i < m->rank_count; i++) {
		dump_text(out, m->ranking[i].station);
		buffer_printf(out, "rank %" PRId64 " %" PRId64 "\n", m->ranking[i].rank,
			m->ranking[i].points);
	}
}

#define DUMP(out, table) dump_rows(out, #table, (table).rows, (table).count, sizeof(*(table).rows))

/* All that a report says, as text. */
static inline void dump(struct buffer *out, const struct measures *m)
{
	for (int cut = 0; cut < CUT_COUNT; cut++) {
		DUMP(out, m->repair[cut]);
		DUMP(out, m->supply[cut]);
		DUMP(out, m->hotline[cut]);
		DUMP(out, m->complaint[cut]);
		DUMP(out, m->appointment[cut]);
		DUMP(out, m->callback[cut]);
		DUMP(out, m->price[cut]);
		dump_questions(out, &m->question[cut]);
		for (size_t i = 0; i < m->index[cut].count; i++)
			buffer_printf(out, "index %" PRId64 " %" PRId64 " %" PRId64 "\n",
				m->index[cut].rows[i].responses, m->index[cut].rows[i].repeated,
				m->index[cut].rows[i].index_points);
	}
	DUMP(out, m->hotline_hours);
	DUMP(out, m->promises);
	dump_lists(out, m);
}

#endif
