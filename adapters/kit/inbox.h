/* An adapter whose source is a drop folder.  Its own are a decoder and a format (format.h); the folder
 * (folder.h has what happens to files), its settings and the callbacks are the same for all:
 *
 *     struct till_settings {
 *             struct folder_settings folder;
 *             char *source;
 *     };
 *     static const struct option options[] = {FOLDER_OPTIONS(struct till_settings, folder), ...};
 *
 *     static enum ch_status tills_open(void *config, struct problems *problems, void **out_source)
 *     {
 *             const struct till_settings *settings = config;
 *             struct tills *tills = ...;
 *             return inbox_open(&till_format, tills, tills_free, &settings->folder, problems, out_source);
 *     }
 *     static const struct kit_adapter adapter = {
 *             .program = "carehub-pos", .options = options, ..., .open = tills_open, INBOX_CALLBACKS};
 */
#ifndef KIT_INBOX_H
#define KIT_INBOX_H

#include "kit/folder.h"

/* What is wrong with the folder, for the adapter's `check`; settings without a path have been told of.
 * CH_INVALID when it added to `problems`. */
enum ch_status inbox_check(const struct folder_settings *settings, struct problems *problems);

/* `decoder` is the inbox's from here on, on failure too, and let go of by free_decoder (NULL: nothing to let
 * go of).  As inbox_check, CH_NOMEM. */
enum ch_status inbox_open(const struct kit_format *format, void *decoder,
	void (*free_decoder)(void *decoder), const struct folder_settings *settings,
	struct problems *problems, void **out_inbox);

/* As the callbacks of a kit_adapter are declared. */
enum ch_status inbox_start(void *inbox, struct kit_hub *hub);
enum ch_status inbox_next(void *inbox, struct kit_item *out_item);
void inbox_settle(void *inbox, const struct kit_settled *settled);
enum ch_status inbox_late(void *inbox, struct slice origin, const struct ch_receipt *receipt);
void inbox_close(void *inbox);

#define INBOX_CALLBACKS                                                                            \
	.start = inbox_start, .next = inbox_next, .settle = inbox_settle, .late = inbox_late,      \
	.close = inbox_close

#endif
