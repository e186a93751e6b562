#include "module/quality/fact/station_fact.h"

#include "base/text.h"
#include "carehub/v1/reference.pb-c.h"

static enum ch_status station_fold_published(
	void *self, struct book_txn *txn, const struct feed_event *event)
{
	const Carehub__V1__ReferenceStationPublished *published = (const void *)event->message;
	struct mark mark = fact_mark(event, STATION_PUBLISHED);
	struct slice name = fact_text(published->name);
	(void)self;
	if (name.len == 0)
		return CH_OK; /* taken out, or only where it is was told */
	if (name.len > LIMIT_FACT_TEXT_BYTES)
		name.len = text_utf8_prefix(slice_sub(name, 0, LIMIT_FACT_TEXT_BYTES));
	mark.texts[STATION_NAME] = name;
	return fact_put_named(txn, FACT_STATIONS, fact_text(published->station_id), &mark, 1);
}

static const struct module_fold station_folds[] = {
	{"reference.station.published", station_fold_published},
};

const struct module_part station_part = {
	.name = "stations",
	.folds = station_folds,
	.fold_count = sizeof(station_folds) / sizeof(*station_folds),
};

enum ch_status station_name(struct book_txn *txn, struct slice station, int64_t as_of_us,
	struct marks *marks, struct slice *out_name)
{
	struct slice name = {NULL, 0};
	struct key key;
	/* A longer name is not taken under its own. */
	if (station.len == 0 || station.len > LIMIT_FACT_NAME_BYTES) {
		*out_name = name;
		return CH_OK;
	}
	key_start(&key);
	key_text(&key, station);
	enum ch_status status = fact_get(txn, FACT_STATIONS, key_slice(&key), INT64_MAX, marks);
	if (status != CH_OK)
		return status;
	/* Marks stand in the order of their moments. */
	for (size_t i = 0; i < marks->count; i++) {
		if (name.len == 0 || marks->items[i].moment_us <= as_of_us)
			name = marks->items[i].texts[STATION_NAME];
	}
	*out_name = name;
	return CH_OK;
}
