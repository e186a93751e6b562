/* JSON read by simdjson, some ten times as quick as a tree is built: the tape is one piece of memory, kept from
 * text to text, and nothing of a text is allocated.
 *
 * It takes what json.h calls JSON and jansson takes, with the same values, or it declines: it does not say where a
 * text is wrong, has no member twice, no NUL in a text, no integer beyond 64 bits with sign, no depth over
 * JSON_TAPE_DEPTH, and no text over JSON_TAPE_BYTES.  Whoever is declined asks jansson, which says what is
 * wrong and where, or reads it after all.
 *
 * Not for threads to share. */
#ifndef WIRE_JSON_TAPE_H
#define WIRE_JSON_TAPE_H

#include "wire/json_view.h"

#define JSON_TAPE_DEPTH 64u
#define JSON_TAPE_BYTES (1024u * 1024u)

#ifdef __cplusplus
extern "C" {
#endif

struct json_tape;

enum ch_status json_tape_create(struct json_tape **out_tape); /* CH_NOMEM */
void json_tape_free(struct json_tape *tape);

/* CH_OK: *out_root holds until the next call, and needs `text` no more.  CH_UNSUPPORTED: declined.  CH_NOMEM. */
enum ch_status json_tape_read(
	struct json_tape *tape, struct slice text, struct json_node *out_root);

extern const struct json_view json_view_tape;

#ifdef __cplusplus
}
#endif

#endif
