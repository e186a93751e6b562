/* A station's outbox table as a source for the kit: a batch of rows becomes items, and when each of them
 * has its receipt the rows go, or stay with the reason why they were not taken. */
#ifndef REPAIR_OUTBOX_SOURCE_H
#define REPAIR_OUTBOX_SOURCE_H

#include "base/option.h"
#include "channel/repair/outbox_link.h"

/* Rows of the settings, `member` being a struct outbox_settings of `config`. */
#define OUTBOX_OPTIONS(config, member)                                                                       \
	{.name = "outbox.connection",                                                                        \
		.type = OPTION_TEXT,                                                                         \
		.at = offsetof(config, member.connection),                                                   \
		.help = "The database, as libpq takes it: \"host=db.sh12 dbname=shop user=carehub\"\n"       \
			"or postgresql://carehub@db.sh12/shop; without a password."},                        \
		{.name = "outbox.password_file",                                                             \
			.type = OPTION_TEXT,                                                                 \
			.at = offsetof(config, member.password_file),                                        \
			.help = "A file with the password as its first line, readable by its owner\n"        \
				"alone.  Or name a .pgpass with passfile= in the connection, or in\n"        \
				"PGPASSFILE."},                                                              \
		{.name = "outbox.table",                                                                     \
			.type = OPTION_TEXT,                                                                 \
			.at = offsetof(config, member.table),                                                \
			.max = 63,                                                                           \
			.initial = "carehub_outbox",                                                         \
			.fault = outbox_table_fault,                                                         \
			.help = "The table that `carehub-repair outbox` prints, perhaps with its schema."},  \
		{.name = "outbox.release",                                                                   \
			.type = OPTION_CHOICE,                                                               \
			.at = offsetof(config, member.release),                                              \
			.words = outbox_release_words,                                                       \
			.initial = "delete",                                                                 \
			.help = "What becomes of a row when the hub has it: it is deleted; or it is kept,\n" \
				"for other readers, and a position is remembered in TABLE_position."},       \
		{.name = "outbox.reader",                                                                    \
			.type = OPTION_TEXT,                                                                 \
			.at = offsetof(config, member.reader),                                               \
			.max = 63,                                                                           \
			.initial = "carehub-repair",                                                         \
			.help = "With keep: whose position it is."},                                         \
		{.name = "outbox.batch",                                                                     \
			.type = OPTION_NUMBER,                                                               \
			.at = offsetof(config, member.batch),                                                \
			.min = 1,                                                                            \
			.max = OUTBOX_BATCH_MAX,                                                             \
			.initial = "256",                                                                    \
			.help = "Rows that are read, and let go of, together."},                             \
	{                                                                                                    \
		.name = "outbox.poll", .type = OPTION_MS, .at = offsetof(config, member.poll_ms),            \
		.min = 100, .max = 3600000, .initial = "1s",                                                 \
		.help = "How often the table is looked at although nobody notified; with keep,\n"            \
			"this is also how late a row may be seen after an older transaction ended."          \
	}

extern const struct option_word outbox_release_words[];
const char *outbox_table_fault(struct slice value);

/* `settings` and `mapping` must outlive it.  CH_NOMEM. */
enum ch_status outbox_source_open(
	const struct outbox_settings *settings, const struct mapping *mapping, void **out_source);

/* The callbacks of a kit_adapter. */
enum ch_status outbox_source_tend(void *source, struct kit_wait *out_wait);
enum ch_status outbox_source_next(void *source, struct kit_item *out_item);
void outbox_source_settle(void *source, const struct kit_settled *settled);
void outbox_source_close(void *source);

#endif
