/* A message of the bus as a table: one row a field, and the struct it is read into.  For messages
 * that are rare; those that come by the hundred thousand a second are read by hand.
 *
 * Reading allocates nothing: texts and bytes are slices into the input, repeated fields fill an array
 * of the struct up to its length.  Fields that the table does not know are passed over. */
#ifndef WIRE_FORM_H
#define WIRE_FORM_H

#include "base/slice.h"

enum form_kind {
	FORM_U32,     /* uint32_t; also enums */
	FORM_U64,     /* uint64_t */
	FORM_I64,     /* int64_t */
	FORM_BOOL,    /* bool */
	FORM_FIXED64, /* uint64_t */
	FORM_TEXT,    /* struct slice, UTF-8, at most `max` bytes */
	FORM_BYTES,   /* struct slice, at most `max` bytes */
	FORM_MESSAGE, /* the struct that `message` describes */
};

struct form;

struct form_field {
	const char *name;
	uint32_t number;
	enum form_kind kind;
	uint32_t max;
	size_t offset;
	/* Repeated: up to `capacity` elements of `stride` bytes, counted in the uint32_t there. */
	uint32_t capacity; /* 0: singular */
	size_t stride;
	size_t count_offset;
	const struct form *message;
};

struct form {
	const struct form_field *fields;
	size_t count;
	size_t size; /* of the struct */
};

#define FORM_FIELD(type, number, kind, member, max)                                                \
	{                                                                                          \
#member, number, kind, max, offsetof(struct type, member), 0, 0, 0, NULL           \
	}
#define FORM_NESTED(type, number, member, form)                                                    \
	{                                                                                          \
#member, number, FORM_MESSAGE, 0, offsetof(struct type, member), 0, 0, 0, form     \
	}
#define FORM_LIST(type, number, kind, member, max, counter, form)                                  \
	{                                                                                          \
#member, number, kind, max, offsetof(struct type, member),                         \
			sizeof(((struct type *)NULL)->member) /                                    \
				sizeof(((struct type *)NULL)->member[0]),                          \
			sizeof(((struct type *)NULL)->member[0]), offsetof(struct type, counter),  \
			form                                                                       \
	}
#define FORM_OF(type, rows)                                                                        \
	{                                                                                          \
		rows, sizeof(rows) / sizeof(rows[0]), sizeof(struct type)                          \
	}

/* Zeroes `out` and fills it.  CH_FORMAT (not protobuf, a wrong wire type, text that is not UTF-8),
 * CH_TOO_LARGE (a text over its bound, more elements than the array holds); then *out_field is the
 * constant name of the field at fault, "" for the message itself. */
enum ch_status form_parse(
	const struct form *form, struct slice body, void *out, const char **out_field);

/* Appends the message; zero and empty singular fields are left out. */
void form_encode(const struct form *form, const void *from, struct buffer *out);

#endif
