/* The characters that a standard lets one write.  A syntax identifier of UNB names the set that was agreed with the
 * partner; X12 has two of its own (X12.6), and no way to say which it is, so that all beyond is by agreement.  What
 * is not in the set cannot be sent to him.
 *
 *     UNOA            capitals, digits and some marks        UNOC to UNOL    the parts of ISO 8859
 *     UNOB            small letters besides                  UNOW to UNOY    all, as UTF-8
 *     basic           capitals, digits and some marks        extended        ASCII
 *     utf-8           all
 *
 * Controls are in none of them, whatever the charset has. */
#ifndef PARTS_REPERTOIRE_H
#define PARTS_REPERTOIRE_H

#include "base/slice.h"
#include "channel/parts/marks.h"

struct repertoire;

/* CH_UNSUPPORTED: the standard has no such one; CH_NOMEM. */
enum ch_status repertoire_open(
	enum standard standard, struct slice name, struct repertoire **out_repertoire);
void repertoire_close(struct repertoire *repertoire); /* NULL is fine */

bool repertoire_has_name(
	const struct repertoire *repertoire, enum standard standard, struct slice name);

/* "UNOC", "X12's extended set", for people. */
const char *repertoire_words(const struct repertoire *repertoire);

/* UN/EDIFACT: it came with syntax version 4. */
bool repertoire_is_new(const struct repertoire *repertoire);

/* Appends a text, which is UTF-8, in the repertoire's bytes.  CH_FORMAT: *out_bad is the character that is
 * not in it, and `out` is as it was; CH_NOMEM. */
enum ch_status repertoire_write(
	struct repertoire *repertoire, struct slice text, struct buffer *out, uint32_t *out_bad);

#endif
