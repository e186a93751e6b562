/* Unpacked messages seen through protobuf-c's descriptors: fields by name, presence, elements.  For
 * code that must treat all messages alike and may take its time: JSON, dumps, tests.  Rules read the
 * encoded bytes instead (wire/path.h).
 *
 * proto3 knows no absent scalar: a field is "present" when it differs from its default, a nested
 * message when it is set, a repeated field when it has elements, a member of a oneof when it is the
 * one that is set.  No function here allocates; all may be called from any thread. */
#ifndef WIRE_REFLECT_H
#define WIRE_REFLECT_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "base/slice.h"

/* The field called `name` in the schema ("store_id"); NULL when there is none. */
const ProtobufCFieldDescriptor *reflect_field(
	const ProtobufCMessageDescriptor *type, struct slice name);

/* The type of a field that holds messages, or the enum of one that holds enums. */
static inline const ProtobufCMessageDescriptor *reflect_message_type(
	const ProtobufCFieldDescriptor *field)
{
	return field->descriptor;
}

static inline const ProtobufCEnumDescriptor *reflect_enum_type(
	const ProtobufCFieldDescriptor *field)
{
	return field->descriptor;
}

/* Bytes that one element of the field takes in the message's struct. */
size_t reflect_element_bytes(const ProtobufCFieldDescriptor *field);

/* How many elements there are to read: the length of a repeated field, else 1 when present, else 0. */
size_t reflect_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);

/* Element `i` of reflect_count: points at the int32_t, uint64_t, char *, ProtobufCBinaryData or
 * ProtobufCMessage * in question. */
const void *reflect_at(
	const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, size_t i);

/* Element `i` of a field that holds messages, of one that holds text. */
const ProtobufCMessage *reflect_message_at(
	const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, size_t i);
struct slice reflect_text_at(
	const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, size_t i);

/* ---- Paths: where in a message something is wrong, "customer.phones[0].value" ---- */

#define REFLECT_PATH_BYTES 256

/* The path so far, cut off where it does not fit.  A name may be a stranger's: what is not printable
 * ASCII shows as '?', so that the path can go into a log or a reply as it is. */
struct reflect_path {
	char text[REFLECT_PATH_BYTES];
	size_t len;
};

/* Adds ".name", with "[i]" behind it when `i` is not negative; returns the mark to go back to. */
size_t reflect_path_push(struct reflect_path *path, struct slice name, ptrdiff_t i);
void reflect_path_pop(struct reflect_path *path, size_t mark);

#endif
