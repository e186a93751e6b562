/* A drop folder as a source: files that others put there become events, and each file a result.
 *
 *     inbox/S1-20260302.csv            put there by rename, or written in place and left alone
 *     inbox/done/S1-20260302.csv       when all of it is stored
 *     inbox/done/S1-20260302.csv.result.json
 *     inbox/failed/...                 when nothing of it could be used
 *     inbox/done/S1-20260302.csv.rejects      one line each: position, field, reason
 *     inbox/done/S1-20260302.csv.receipts     one line each, if wanted: event, outcome, sequence
 *
 * Files are read in the order of their names.  One that ends in .tmp, .part or .filepart, begins with a
 * dot, or has changed within `settle` is still being written.  A file whose last record is incomplete
 * stays until it has changed, or its format wants to look again.  A file that was half done when the
 * adapter died is read again from its start: the hub knows the ids it has.  So is one that was read, and then
 * replaced or written to while it waited for receipts: what nobody has read does not go to done/.  A file
 * that comes again under its name takes the place of the older one in done/, with its result.  What is no
 * regular file is not touched, a symbolic link neither.  A folder that is not there any more (a share that was
 * unmounted) is waited for, and told once.
 *
 * With a spool a file is done when all of it is stored at the hub or there.  Its result says how many were
 * in the spool at that moment; what the hub refuses of these later is added to NAME.rejects, with the
 * same words and position as if it had been refused at once. */
#ifndef KIT_FOLDER_H
#define KIT_FOLDER_H

#include "kit/adapter.h"
#include "kit/format.h"

struct folder_options {
	const char *path;
	int64_t settle_ms;
	bool receipts; /* NAME.receipts beside each result */
	const struct kit_format *format;
	void *decoder; /* the format's */
};

struct folder;

/* Whether the folder, its done/ and failed/ can be used, or could be made; what is wrong goes to `problems` under
 * `key`.  Nothing is changed.  CH_INVALID when it added to them. */
enum ch_status folder_check(const char *path, const char *key, struct problems *problems);

/* Touches nothing yet: what it is for may only be looked at.  CH_NOMEM. */
enum ch_status folder_open(const struct folder_options *options, struct folder **out_folder);
void folder_close(struct folder *folder);

/* Makes the folder and its done/ and failed/ when they are absent.  CH_DENIED: one of these is a
 * symbolic link; CH_IO, CH_FULL, CH_TOO_LARGE; logged. */
enum ch_status folder_start(struct folder *folder);

/* The callbacks of a kit_adapter.  folder_next: CH_BUSY: only files that are not at rest yet, or the folder is gone; CH_IO or CH_FULL for good when a result could not be
 * written: the adapter stops, and after a start the file is read again. */
enum ch_status folder_next(struct folder *folder, struct kit_item *out_item);
void folder_settle(struct folder *folder, const struct kit_settled *settled);
enum ch_status folder_late(
	struct folder *folder, struct slice origin, const struct ch_receipt *receipt);

/* The rows of the settings that every such adapter has: `folder.path`, `folder.settle` and
 * `folder.receipts`. */
struct folder_settings {
	char *path;
	int64_t settle_ms;
	bool receipts;
};

/* FOLDER_OPTIONS_IF: for an adapter that may have another source, and says itself when the path is missing. */
#define FOLDER_OPTIONS(config, member) FOLDER_OPTIONS_IF(config, member, true)
#define FOLDER_OPTIONS_IF(config, member, needed)                                                  \
	{.name = "folder.path",                                                                    \
		.type = OPTION_TEXT,                                                               \
		.required = needed,                                                                \
		.at = offsetof(config, member.path),                                               \
		.help = "The folder that files are dropped into."},                                \
		{.name = "folder.settle",                                                          \
			.type = OPTION_MS,                                                         \
			.at = offsetof(config, member.settle_ms),                                  \
			.max = 3600000,                                                            \
			.initial = "2s",                                                           \
			.help = "A file is read when it has not changed for so long."},            \
	{                                                                                          \
		.name = "folder.receipts", .type = OPTION_BOOL,                                    \
		.at = offsetof(config, member.receipts), .initial = "no",                          \
		.help = "Keep a line for every event beside its file's result: its place in the\n" \
			"file, the outcome, the hub's sequence."                                   \
	}

#endif
