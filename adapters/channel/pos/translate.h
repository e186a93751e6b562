/* `carehub-pos translate`: files in, events out, without a hub.
 *
 * Standard output gets one CloudEvents 1.0 event a line (structured mode, JSON), `data` being the typed
 * message in proto3's JSON; standard error gets what was not taken:
 *
 *     day.xml:7:3: 9/34/2017-09-30/161: RetailTransaction/LineItem/Sale/Quantity: not a decimal number
 *     day.xml: 1 rejected, 212 events, 3 repeated, 2 skipped (InventoryControlTransaction 2) */
#ifndef POS_TRANSLATE_H
#define POS_TRANSLATE_H

#include <stdio.h>

#include "channel/pos/pos_source.h"

enum translate_outcome {
	TRANSLATE_FINE = 0,
	TRANSLATE_SOME = 1, /* something was rejected, or an event lacks what the hub asks for */
	TRANSLATE_UNUSABLE = 2, /* a file could not be opened, or not a byte of it be understood */
};

/* One file; "-" is standard input. */
enum translate_outcome translate_file(
	const char *path, const struct pos_options *options, FILE *events, FILE *rejects);

#endif
