/* Is this a well-formed encoding of that message type?  A scan without unpacking: wire types, UTF-8,
 * depth, nested messages, packed elements, the scale of decimals.  Fields of a later schema are left
 * alone. */
#ifndef WIRE_CHECK_H
#define WIRE_CHECK_H

#include <protobuf-c/protobuf-c.h>

#include "base/slice.h"

#define CHECK_PATH_BYTES 128

/* CH_FORMAT with the path of the first field at fault ("customer.phones[1].value"), "" when the bytes
 * themselves cannot be read. */
enum ch_status check_message(const ProtobufCMessageDescriptor *message, struct slice bytes,
	char out_path[CHECK_PATH_BYTES]);

#endif
