/* The characters that UN/EDIFACT lets one write: a syntax identifier of UNB names the set that was agreed
 * with the partner, and what is not in it cannot be sent to him.
 *
 *     UNOA            capitals, digits and some marks        UNOC to UNOL    the parts of ISO 8859
 *     UNOB            small letters besides                  UNOW to UNOY    all, as UTF-8
 *
 * Controls are in none of them, whatever the charset has. */
#ifndef PARTS_REPERTOIRE_H
#define PARTS_REPERTOIRE_H

#include "base/slice.h"

struct repertoire;

/* CH_UNSUPPORTED: no such one; CH_NOMEM. */
enum ch_status repertoire_open(struct slice name, struct repertoire **out_repertoire);
void repertoire_close(struct repertoire *repertoire); /* NULL is fine */

const char *repertoire_name(const struct repertoire *repertoire);

/* It came with syntax version 4. */
bool repertoire_is_new(const struct repertoire *repertoire);

/* Appends a text, which is UTF-8, in the repertoire's bytes.  CH_FORMAT: *out_bad is the character that is
 * not in it, and `out` is as it was; CH_NOMEM. */
enum ch_status repertoire_write(
	struct repertoire *repertoire, struct slice text, struct buffer *out, uint32_t *out_bad);

#endif
