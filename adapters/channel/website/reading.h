/* Values of a shop's JSON, as parts of our messages.
 *
 * The first thing that is wrong sticks with the place where it stands, and whatever is read after it is
 * empty: so the steps read as the mapping does, and the status is looked at once, at the end.  All that is
 * made lives in the arena. */
#ifndef WEBSITE_READING_H
#define WEBSITE_READING_H

#include <jansson.h>

#include "base/arena.h"
#include "base/zone.h"
#include "carehub/v1/common.pb-c.h"
#include "channel/website/refusal.h"
#include "wire/reflect.h"

struct reading {
	struct arena *arena;
	struct refusal *refusal;
	enum ch_status status;
	struct reflect_path path;
	const char *currency;    /* of amounts that name none; "" */
	const struct zone *zone; /* of times without an offset; NULL: they are not read */
};

/* Room that is zeroed; NULL when memory runs out, which sticks. */
void *reading_alloc(struct reading *reading, size_t bytes);

/* A new message of that type, all empty; as above. */
void *reading_new(struct reading *reading, const ProtobufCMessageDescriptor *type);

/* Text; what is absent, null or no text reads as "".  Numbers are taken as their digits: shops write ids
 * so.  Text that is not told is protobuf-c's empty string. */
char *reading_text(struct reading *reading, const json_t *object, const char *name);

/* The same, and its absence is an error. */
char *reading_id(struct reading *reading, const json_t *object, const char *name);

/* A decimal in text or a number, "29.35", in minor units; NULL when it is absent or null. */
Carehub__V1__Money *reading_money(struct reading *reading, const json_t *object, const char *name);

/* Count of pieces, or any other decimal; NULL when it is absent or null. */
Carehub__V1__Decimal *reading_decimal(
	struct reading *reading, const json_t *object, const char *name);

/* RFC 3339 as microseconds UTC; 0 when it is absent or null. */
int64_t reading_time(struct reading *reading, const json_t *object, const char *name);

/* The same of a time without zone that is UTC by its name, as WooCommerce's date_created_gmt is. */
int64_t reading_time_utc(struct reading *reading, const json_t *object, const char *name);

/* The element `i` of an array that must hold objects; NULL with the error.  `out_mark` is to be given to
 * reading_leave. */
const json_t *reading_enter(
	struct reading *reading, const json_t *array, const char *name, size_t i, size_t *out_mark);
void reading_leave(struct reading *reading, size_t mark);

/* Elements of an array of the object, 0 when there is none. */
size_t reading_count(const json_t *object, const char *name);

/* Fails at `name` of where the reading is, unless it has failed before. */
void reading_fail(
	struct reading *reading, enum ch_status status, const char *name, const char *reason);

#endif
