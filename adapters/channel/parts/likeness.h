/* Whether a message says what another says: of what was written and read again nothing may be missing. */
#ifndef PARTS_LIKENESS_H
#define PARTS_LIKENESS_H

#include <protobuf-c/protobuf-c.h>

#include "wire/reflect.h"

struct likeness {
	/* A field that counts; NULL: all do. */
	bool (*counts)(void *context, const ProtobufCMessageDescriptor *message,
		const ProtobufCFieldDescriptor *field);
	void *context;
	/* Free texts are alike when they differ in blanks alone: a message tells them in lines. */
	const char *const *texts; /* names of fields, NULL behind the last */
};

/* True when everything that `one` says is in `other`, which may say more: fields that are empty in `one`,
 * elements behind the last of a list.  Numbers are alike by value, times to the second.  Otherwise *out_path
 * names the first difference.  Both are of one type. */
bool likeness_has(const struct likeness *likeness, const ProtobufCMessage *one,
	const ProtobufCMessage *other, struct reflect_path *out_path);

#endif
