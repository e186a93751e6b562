/* A place in a typed message by field numbers, resolved once from its names, and then found in the
 * encoded bytes without unpacking: how rules read events. */
#ifndef WIRE_PATH_H
#define WIRE_PATH_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "base/slice.h"
#include "wire/pb.h"

#define PATH_PARTS 4u

struct path {
	uint32_t numbers[PATH_PARTS];
	uint8_t count;
	const ProtobufCFieldDescriptor *field; /* of the last part */
};

/* "unit.serial_number".  CH_INVALID: no such place in that message, or too deep. */
enum ch_status path_resolve(
	const ProtobufCMessageDescriptor *message, const char *names, struct path *out_path);

/* A typed message as it travels: two encodings of the same type. */
struct message_parts {
	struct slice data;     /* fields below 100 */
	struct slice personal; /* fields from 100 on */
};

/* The last occurrence, as proto3 reads singular fields; false when absent.  The bytes must have
 * passed check_message. */
bool path_find(
	const struct path *path, const struct message_parts *parts, struct pb_field *out_field);

/* Whether any occurrence along the path is there and not empty: through a repeated field it is enough
 * that one element has it.  A message that is there counts even when all in it is zero, which encodes
 * to nothing: "none in stock" is told. */
bool path_present(const struct path *path, const struct message_parts *parts);

struct slice path_bytes(const struct path *path, const struct message_parts *parts);
uint64_t path_uint(const struct path *path, const struct message_parts *parts);

#endif
