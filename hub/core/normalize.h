/* Text that identifies, brought to one form.  Unicode by utf8proc; no locale. */
#ifndef CORE_NORMALIZE_H
#define CORE_NORMALIZE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/slice.h"

/* Compatibility forms and case folded, blanks and punctuation gone: "ＷＡＮＧ, Wei" -> "wangwei".  The
 * result lives in the arena; empty when nothing is left.  CH_FORMAT, CH_NOMEM. */
enum ch_status normalize_compact(struct arena *arena, struct slice text, struct slice *out_text);

/* An e-mail address: trimmed, folded; CH_INVALID when it cannot be one. */
enum ch_status normalize_email(struct arena *arena, struct slice text, struct slice *out_text);

/* A card, account or serial number: letters and digits, upper case.  CH_INVALID when nothing is left
 * or it is over LIMIT_KEY_BYTES. */
enum ch_status normalize_code(struct arena *arena, struct slice text, struct slice *out_text);

/* Values that stand for "none": all zeros or one repeated digit, "null", "unknown", "anonymous" ... */
bool normalize_is_placeholder(struct slice code);

/* Do two encoded Names (common.proto) contradict each other?  A missing name, another script, a
 * surname with a form of address, and names that share a part do not. */
enum ch_status normalize_names_contradict(
	struct arena *arena, struct slice a, struct slice b, bool *out_contradict);

/* Whether an encoded Name is a surname with a form of address, 王先生: good enough to greet somebody, and
 * no reason to forget what he is called. */
enum ch_status normalize_name_is_polite(struct arena *arena, struct slice name, bool *out_polite);

#endif
