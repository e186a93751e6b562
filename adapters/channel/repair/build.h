/* An event message being filled from text, field by field.  All of it lives in an arena.
 *
 * Values are read strictly: what is not exactly a number, an amount, a date or a word of the schema is
 * refused with a reason that a clerk understands. */
#ifndef REPAIR_BUILD_H
#define REPAIR_BUILD_H

#include "base/zone.h"
#include "channel/repair/target.h"

/* Elements of lists that a row has opened: a path may be in several fields of one. */
#define BUILD_ELEMENTS_MAX (TARGET_INDEX_MAX * 2u)

struct build {
	struct arena *arena;
	const struct zone *zone;
	ProtobufCMessage *message;
	struct {
		const ProtobufCMessage *parent;
		const ProtobufCFieldDescriptor *field;
		int index;
		ProtobufCMessage *element;
	} elements[BUILD_ELEMENTS_MAX];
	size_t element_count;
};

/* CH_NOMEM. */
enum ch_status build_begin(struct build *build, const ProtobufCMessageDescriptor *type,
	struct arena *arena, const struct zone *zone);

#define BUILD_REASON_BYTES 160

/* Puts `text` (not empty) there.  `constant`: only where its element has a value already.
 * CH_FORMAT, CH_INVALID, CH_TOO_LARGE: the text is no such value, `reason` says why; CH_NOMEM. */
enum ch_status build_set(struct build *build, const struct target *target,
	const struct conversion *conversion, struct slice text, bool constant,
	char reason[BUILD_REASON_BYTES]);

/* One more of the message's `repeated Attribute attributes`, when its type has them. */
enum ch_status build_add_attribute(struct build *build, struct slice name, struct slice value);

#endif
