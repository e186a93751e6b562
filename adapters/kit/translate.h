/* `PROGRAM translate FILE...`: what files would become, without a hub.  Every adapter has it, over the same
 * format (format.h) that its drop folder has, or one for recordings of what it hears.
 *
 * Standard output gets the events, one CloudEvent a line (cloudevent.h); standard error what was not taken,
 * one line each, and for each file of which there is something to tell a line of counts:
 *
 *     day.xml:7:3: 9/34/2017-09-30/161: RetailTransaction/LineItem/Sale/Quantity: not a decimal number
 *     SH12.csv: line 17, record 16, column 4, byte 1893: 收机日期: "2026-02-30": there is no such day
 *     SH12.csv: 412 events, 1 rejected, 3 skipped (repeated 1, InventoryControlTransaction 2)
 *
 * An event that lacks what the hub asks of its type is written all the same, and told. */
#ifndef KIT_TRANSLATE_H
#define KIT_TRANSLATE_H

#include <stdio.h>

#include "kit/format.h"

enum translate_outcome {
	TRANSLATE_FINE = 0,
	TRANSLATE_SOME =
		1, /* something was rejected or is incomplete, or an event lacks something */
	TRANSLATE_UNUSABLE = 2, /* a file could not be opened or nothing of it be understood */
};

struct translate_options {
	const struct kit_format *format;
	void *decoder;
	bool quiet; /* no counts */
};

/* All of them in order, "-" is standard input: the worst outcome.  The streams are flushed and found
 * writable, or it is TRANSLATE_UNUSABLE. */
enum translate_outcome translate_files(const struct translate_options *options, char *const *paths,
	size_t count, FILE *out, FILE *errors);

#endif
