/* Keys that sort as what they say: parts one behind the other, each so written that byte order is the
 * order of the values, and no part runs into the next.
 *
 *     struct key key;
 *     key_start(&key);
 *     key_text(&key, station);
 *     key_time(&key, received_us);
 *     book_put(txn, RECEIVED, key_slice(&key), value);
 *
 *     struct slice rest = stored_key;
 *     ok = key_take_text(&rest, text, sizeof(text), &len) && key_take_time(&rest, &received_us);
 *
 * A text over KEY_TEXT_BYTES, or with a NUL in it, is cut and goes on with a digest of the whole, so that
 * different texts stay different keys; what is taken back is then not the whole text.  So a key of four
 * texts of any length and fourteen numbers always fits. */
#ifndef MODULE_KIT_KEY_H
#define MODULE_KIT_KEY_H

#include <stdbool.h>

#include "base/slice.h"

#define KEY_BYTES      511u
#define KEY_TEXT_BYTES 96u /* as it stands; beyond, its beginning and a digest */

struct key {
	size_t len;
	bool full; /* parts were left out: our own error, and book_put says CH_TOO_LARGE */
	uint8_t bytes[KEY_BYTES];
};

void key_start(struct key *key);

void key_byte(struct key *key, uint8_t value); /* a kind */
void key_u32(struct key *key, uint32_t value);
void key_u64(struct key *key, uint64_t value);
void key_i64(struct key *key, int64_t value); /* negative ones first */
static inline void key_time(struct key *key, int64_t time_us)
{
	key_i64(key, time_us);
}
void key_text(struct key *key, struct slice text); /* any bytes */

/* Empty when it is full, which no book takes. */
struct slice key_slice(const struct key *key);

/* Takes the next part off a stored key; false: it is none such. */
bool key_take_byte(struct slice *rest, uint8_t *out_value);
bool key_take_u32(struct slice *rest, uint32_t *out_value);
bool key_take_u64(struct slice *rest, uint64_t *out_value);
bool key_take_i64(struct slice *rest, int64_t *out_value);
bool key_take_text(struct slice *rest, struct buffer *out); /* replaces what is in `out` */

/* ---- Which of two events knows better ---- */

/* Later truth about one field is decided by when it happened, then by which event it is: a total order
 * that does not depend on the order of arrival.  Sixteen bytes of digest stand for source and id. */
#define STAMP_BYTES 24u
struct stamp {
	uint8_t bytes[STAMP_BYTES]; /* zeroed: older than every event */
};

struct stamp stamp_of(int64_t occurred_us, struct slice source, struct slice id);
int64_t stamp_time(const struct stamp *stamp);
bool stamp_is_newer(const struct stamp *stamp, const struct stamp *than);

#endif
