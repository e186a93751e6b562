#include "wire/path.h"

#include <stdio.h>

#include "base/text.h"

enum ch_status path_resolve(
	const ProtobufCMessageDescriptor *message, const char *names, struct path *out_path)
{
	struct path path = {.count = 0};
	struct slice rest = slice_text(names);
	struct slice part;
	char name[64];
	while (text_split(&rest, '.', &part)) {
		if (message == NULL || path.count == PATH_PARTS || part.len >= sizeof(name))
			return CH_INVALID;
		(void)snprintf(name, sizeof(name), "%.*s", (int)part.len, (const char *)part.data);
		path.field = protobuf_c_message_descriptor_get_field_by_name(message, name);
		if (path.field == NULL)
			return CH_INVALID;
		path.numbers[path.count++] = path.field->id;
		message =
			path.field->type == PROTOBUF_C_TYPE_MESSAGE ? path.field->descriptor : NULL;
	}
	if (path.count == 0)
		return CH_INVALID;
	*out_path = path;
	return CH_OK;
}

bool path_find(
	const struct path *path, const struct message_parts *parts, struct pb_field *out_field)
{
	struct slice bytes = path->numbers[0] >= 100 ? parts->personal : parts->data;
	struct pb_field found = {0};
	for (size_t i = 0; i < path->count; i++) {
		struct pb_reader reader = pb_read(bytes);
		struct pb_field field;
		found.number = 0;
		while (pb_next(&reader, &field)) {
			if (field.number == path->numbers[i])
				found = field;
		}
		if (found.number == 0 || (i + 1 < path->count && found.wire != PB_LEN))
			return false;
		bytes = found.bytes;
	}
	*out_field = found;
	return true;
}

static bool path_present_from(const struct path *path, size_t part, struct slice bytes)
{
	struct pb_reader reader = pb_read(bytes);
	struct pb_field field;
	if (part >= PATH_PARTS)
		return false; /* no path is so long */
	while (pb_next(&reader, &field)) {
		if (field.number != path->numbers[part])
			continue;
		if (part + 1 < path->count) {
			if (field.wire == PB_LEN && path_present_from(path, part + 1, field.bytes))
				return true;
		} else if (path->field->type == PROTOBUF_C_TYPE_MESSAGE || field.bytes.len > 0 ||
			   field.integer != 0) {
			return true;
		}
	}
	return false;
}

bool path_present(const struct path *path, const struct message_parts *parts)
{
	return path_present_from(path, 0, path->numbers[0] >= 100 ? parts->personal : parts->data);
}

struct slice path_bytes(const struct path *path, const struct message_parts *parts)
{
	struct pb_field field;
	if (!path_find(path, parts, &field) || field.wire != PB_LEN)
		return (struct slice){NULL, 0};
	return field.bytes;
}

uint64_t path_uint(const struct path *path, const struct message_parts *parts)
{
	struct pb_field field;
	if (!path_find(path, parts, &field) || field.wire == PB_LEN)
		return 0;
	return field.integer;
}
