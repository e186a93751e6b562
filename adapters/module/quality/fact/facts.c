#include "module/quality/fact/facts.h"

#include <stdlib.h>

#include "module/quality/fact/appointment_fact.h"
#include "module/quality/fact/call_fact.h"
#include "module/quality/fact/callback_fact.h"
#include "module/quality/fact/case_fact.h"
#include "module/quality/fact/charge_fact.h"
#include "module/quality/fact/customer_fact.h"
#include "module/quality/fact/moment.h"
#include "module/quality/fact/repair_fact.h"
#include "module/quality/fact/station_fact.h"
#include "module/quality/fact/supply_fact.h"
#include "module/quality/fact/survey_fact.h"

const char *const fact_table_names[FACT_TABLES] = {
	[FACT_REPAIRS] = "repairs",
	[FACT_ORDERS] = "orders",
	[FACT_CALLS] = "calls",
	[FACT_CASES] = "cases",
	[FACT_PROMISES] = "promises",
	[FACT_APPOINTMENTS] = "appointments",
	[FACT_CALLBACKS] = "callbacks",
	[FACT_RESPONSES] = "responses",
	[FACT_PRICES] = "prices",
	[FACT_LEVELS] = "levels",
	[FACT_SEEN] = "seen",
	[FACT_CHARGED] = "charged",
	[FACT_CHARGES_DUE] = "charges.due",
	[FACT_STATIONS] = "stations",
};

const struct module_part *const fact_parts[FACT_PARTS] = {
	&repair_part,
	&supply_part,
	&call_part,
	&case_part,
	&appointment_part,
	&callback_part,
	&survey_part,
	&charge_part,
	&customer_part,
	&station_part,
};

const char *const fact_topics[] = {
	"repair.>",
	"parts.order.*",
	"parts.goods.received",
	"callcenter.call.*",
	"callcenter.case.*",
	"callcenter.callback.*",
	"*.complaint.filed",
	"*.survey.answered",
	"*.appointment.*",
	"deadline.promise.*",
	"reference.price.published",
	"reference.station.published",
	"pos.sale.completed",
	"website.order.placed",
	"marketing.level.changed",
};
const size_t fact_topic_count = sizeof(fact_topics) / sizeof(*fact_topics);

/* ---- Folding ---- */

struct mark fact_mark(const struct feed_event *event, unsigned kind)
{
	return (struct mark){
		.kind = (uint8_t)kind,
		.moment_us = moment_of(event->head.time_us, event->head.sent_us, event->arrival_us),
		.source = event->head.source,
		.id = event->head.id,
		.customer = event->customer,
		.sequence = event->sequence,
	};
}

static bool fact_fits(const struct mark *mark)
{
	for (size_t i = 0; i < MARK_TEXTS; i++) {
		if (mark->texts[i].len > LIMIT_FACT_TEXT_BYTES)
			return false;
	}
	return true;
}

/* The record with the marks added, in `out`; empty when that changes nothing. */
static enum ch_status fact_merge(enum fact_table table, struct slice record,
	const struct mark *added, size_t count, struct buffer *out)
{
	bool reference = table == FACT_PRICES || table == FACT_STATIONS;
	struct marks *marks = malloc(sizeof(*marks));
	bool changed = false;
	if (marks == NULL)
		return CH_NOMEM;
	enum ch_status status = marks_read(record, marks);
	for (size_t i = 0; status == CH_OK && i < count; i++)
		changed |= reference ? marks_add_newest(marks, &added[i])
				     : marks_add(marks, &added[i]);
	if (status == CH_OK && changed) {
		marks_write(marks, out);
		status = out->status;
	}
	free(marks);
	return status;
}

enum ch_status fact_put(struct book_txn *txn, enum fact_table table, const struct key *key,
	const struct mark *marks, size_t count)
{
	struct buffer record = {0};
	struct slice stored = {NULL, 0};
	for (size_t i = 0; i < count; i++) {
		if (!fact_fits(&marks[i]))
			return CH_TOO_LARGE;
	}
	enum ch_status status = book_get(txn, table, key_slice(key), &stored);
	if (status == CH_NOT_FOUND)
		status = CH_OK;
	if (status == CH_OK)
		status = fact_merge(table, stored, marks, count, &record);
	if (status == CH_OK && record.len > 0)
		book_put(txn, table, key_slice(key), buffer_slice(&record));
	buffer_fini(&record);
	if (status == CH_OK && count > 0)
		status = customer_seen(txn, marks[0].customer, marks[0].moment_us);
	return status == CH_OK ? book_status(txn) : status;
}

enum ch_status fact_put_named(struct book_txn *txn, enum fact_table table, struct slice name,
	const struct mark *marks, size_t count)
{
	struct key key;
	if (name.len == 0)
		return CH_MISSING;
	if (name.len > LIMIT_FACT_NAME_BYTES)
		return CH_TOO_LARGE;
	key_start(&key);
	key_text(&key, name);
	return fact_put(txn, table, &key, marks, count);
}

/* ---- Reading ---- */

/* What was not known to have happened by then is not looked at; marks stand in order of time. */
static void fact_cut(struct marks *marks, int64_t as_of_us)
{
	while (marks->count > 0 && marks->items[marks->count - 1].moment_us > as_of_us)
		marks->count--;
}

enum ch_status fact_walk_some(struct book_txn *txn, enum fact_table table, struct buffer *from,
	size_t most, int64_t as_of_us, fact_function *each, void *context)
{
	struct book_walk *walk = NULL;
	struct slice none = {NULL, 0};
	struct slice key;
	struct slice record;
	size_t taken = 0;
	struct marks *marks = malloc(sizeof(*marks));
	enum ch_status status = CH_NOMEM;
	if (marks == NULL)
		goto out;
	status = book_walk_begin(txn, table, none, buffer_slice(from), &walk);
	while (status == CH_OK && (status = book_walk_next(walk, &key, &record)) == CH_OK) {
		if (taken++ == most) {
			buffer_clear(from);
			buffer_append_slice(from, key);
			status = from->status;
			goto out;
		}
		status = marks_read(record, marks);
		if (status != CH_OK)
			break;
		fact_cut(marks, as_of_us);
		if (marks->count > 0)
			status = each(context, key, marks);
	}
out:
	book_walk_end(walk);
	free(marks);
	return status;
}

enum ch_status fact_walk(struct book_txn *txn, enum fact_table table, int64_t as_of_us,
	fact_function *each, void *context)
{
	struct buffer from = {0};
	enum ch_status status =
		fact_walk_some(txn, table, &from, SIZE_MAX, as_of_us, each, context);
	buffer_fini(&from);
	return status == CH_END ? CH_OK : status;
}

struct slice fact_name(struct slice key, struct buffer *out)
{
	buffer_clear(out);
	(void)key_take_text(&key, out); /* all our names fit a key as they are */
	return buffer_slice(out);
}

enum ch_status fact_get(struct book_txn *txn, enum fact_table table, struct slice key,
	int64_t as_of_us, struct marks *out_marks)
{
	struct slice record;
	enum ch_status status = book_get(txn, table, key, &record);
	if (status == CH_NOT_FOUND) {
		out_marks->count = 0;
		return CH_OK;
	}
	if (status == CH_OK)
		status = marks_read(record, out_marks);
	if (status == CH_OK)
		fact_cut(out_marks, as_of_us);
	return status;
}
