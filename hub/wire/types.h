/* The registry of event types: one row a type (types_table.c), and what can be asked of a row.
 *
 * A type's name is `channel.noun.verb`, three parts of [a-z][a-z0-9]*.  Its number stands for it where
 * bytes count (journal, indexes); both are fixed for ever and never given to another type.
 * docs/events.md is the table for people; a lint test holds it equal to this one.
 *
 * Everything here may be called from any thread.  Messages are read as they travel, encoded, and must
 * have passed check_message. */
#ifndef WIRE_TYPES_H
#define WIRE_TYPES_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "base/pattern.h"
#include "base/slice.h"
#include "wire/path.h"

enum event_flags {
	TYPE_DERIVED = 1,     /* only the hub itself writes it */
	TYPE_DECISION = 2,    /* a person's decision: over the control bus, from no channel */
	TYPE_REFERENCE = 4,   /* reference data: the newest per subject is the value */
	TYPE_CORRECTABLE = 8, /* an operator may correct a quarantined one and send it in again */
};

struct event_type {
	uint16_t id;
	uint16_t flags;
	const char *name;
	const ProtobufCMessageDescriptor *message;
	/* Paths of the fields that make up the subject, the business key; "" when the type has none.
	 * Separated by one blank. */
	const char *subject;
	/* What must be there: requirements separated by one blank, each a path, or several joined by
	 * '|' of which any will do.  Through a repeated field it is enough that one element has it. */
	const char *mandatory;
};

/* All types in order of their numbers. */
extern const struct event_type event_types[];
extern const size_t event_type_count;

/* NULL: no such type. */
const struct event_type *types_find(struct slice name);
const struct event_type *types_by_id(uint16_t id);

/* The first part of the name, "pos". */
struct slice types_channel(const struct event_type *type);

/* CH_OK, or CH_MISSING with *out_field the requirement that is not met, as the table spells it
 * (constant text). */
enum ch_status types_check_mandatory(
	const struct event_type *type, const struct message_parts *message, const char **out_field);

/* Appends the business key, its parts joined by '/', with '/' and '%' inside a part written %2F and
 * %25: two keys are never equal by accident.  Appends nothing when the type has no key or any part of
 * it is empty. */
void types_subject(
	const struct event_type *type, const struct message_parts *message, struct buffer *out);

/* Parts an encoded message, its fields in rising order as every protobuf library writes them, into
 * the fields below 100 and the others.  CH_FORMAT; CH_INVALID when the order does not allow one cut. */
enum ch_status types_cut(struct slice message, struct message_parts *out_parts);

/* Whether a pattern over types, "repair.order.*" or "*.consent.>", covers the name. */
static inline bool types_match(struct slice pattern, struct slice name)
{
	return pattern_covers(pattern, name);
}

#endif
