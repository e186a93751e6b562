/* A field of an event message as a mapping names it.
 *
 *     unit.model                     text
 *     customer.phones[mobile]        a Contact for each number in the text, of that kind
 *     customer.identifiers[wechat]   an Identifier of that scheme
 *     attributes[颜色]                an Attribute of that name
 *     parts[0].part_number           of one element; elements without any value are left out
 *     defect_codes                   an element; several after `-> list`
 *     total -> money CNY             a Money
 *
 * Everything is looked up and checked when the mapping is read; build.h fills in. */
#ifndef REPAIR_TARGET_H
#define REPAIR_TARGET_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/slice.h"

#define TARGET_DEPTH_MAX 4u
#define TARGET_INDEX_MAX 32u

enum target_kind {
	TARGET_TEXT,
	TARGET_DATE,     /* text fields called *_date */
	TARGET_TIME,     /* integers called *_us */
	TARGET_DURATION, /* integers called *_ms */
	TARGET_INTEGER,
	TARGET_ENUM,
	TARGET_BOOL,
	TARGET_DECIMAL,
	TARGET_MONEY,
	TARGET_CONTACT,
	TARGET_IDENTIFIER,
	TARGET_ATTRIBUTE,
};

struct target_step {
	const ProtobufCFieldDescriptor *field;
	int index; /* which element of a repeated message; -1: not told */
};

struct target {
	struct target_step steps[TARGET_DEPTH_MAX];
	uint8_t depth;
	enum target_kind kind;
	struct slice key; /* what stands in brackets behind the last name */
	int contact_kind; /* of enum ContactKind */
};

/* How the text is to be read, after `->`. */
struct conversion {
	struct slice date;       /* pattern; empty: the usual forms */
	struct slice currency;   /* of Money */
	struct slice separators; /* of a list, its characters; empty: not a list */
	int64_t unit_ms;         /* of a duration, 1 when not told */
};

/* CH_INVALID: *out_reason (in `arena`) says what is wrong; CH_NOT_FOUND: the message has no field of
 * the first name; CH_NOMEM.  `path` must live as long as the target. */
enum ch_status target_parse(struct slice path, const ProtobufCMessageDescriptor *message,
	struct arena *arena, struct target *out_target, const char **out_reason);

/* Personal fields are those from number 100 on: their values are never shown. */
bool target_is_personal(const struct target *target);

/* The words that a conversion fits: NULL, or what is wrong with it for this kind (constant text). */
const char *target_check(const struct target *target, const struct conversion *conversion);

#endif
