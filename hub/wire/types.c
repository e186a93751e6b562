#include "wire/types.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/invariant.h"
#include "base/text.h"
#include "wire/pb.h"

/* Names and paths are looked up once, before the first use.  The tables are sized for what the
 * registry holds, with room; that a row fits and names real fields is checked as it is added. */
#define SLOTS           1024u /* of the name table: a power of two, at least four times the types */
#define TYPES_MAX       256u
#define PATHS_MAX       1024u
#define PATH_TEXT_BYTES 128u

/* One alternative of one requirement, or one part of a subject. */
struct types_path {
	struct path path;
	bool or_next;         /* the path behind this one will do as well */
	const char *spelling; /* the requirement it belongs to */
};

struct types_paths {
	uint16_t first;
	uint16_t count;
};

static struct {
	uint16_t slot_of_name[SLOTS]; /* index into event_types plus one */
	struct types_paths mandatory[TYPES_MAX];
	struct types_paths subject[TYPES_MAX];
	struct types_path paths[PATHS_MAX];
	size_t path_count;
	char spellings[16 * 1024]; /* the requirements one by one, each with its NUL */
	size_t spelling_bytes;
} registry;

static pthread_once_t registry_once = PTHREAD_ONCE_INIT;

static const char *registry_keep(struct slice spelling)
{
	char *kept = registry.spellings + registry.spelling_bytes;
	invariant(registry.spelling_bytes + spelling.len < sizeof(registry.spellings));
	memcpy(kept, spelling.data, spelling.len);
	registry.spelling_bytes += spelling.len + 1; /* static memory: the NUL is there */
	return kept;
}

static void registry_add_path(const ProtobufCMessageDescriptor *message, struct slice names,
	const char *spelling, bool or_next)
{
	char text[PATH_TEXT_BYTES];
	invariant(registry.path_count < PATHS_MAX && names.len < sizeof(text));
	memcpy(text, names.data, names.len);
	text[names.len] = '\0';
	struct types_path *added = &registry.paths[registry.path_count++];
	added->spelling = spelling;
	added->or_next = or_next;
	invariant(path_resolve(message, text, &added->path) == CH_OK);
}

static struct types_paths registry_add_paths(
	const ProtobufCMessageDescriptor *message, const char *list)
{
	struct types_paths added = {.first = (uint16_t)registry.path_count};
	struct slice rest = slice_text(list);
	struct slice one;
	while (rest.len > 0 && text_split(&rest, ' ', &one)) {
		const char *spelling = registry_keep(one);
		struct slice alternative;
		while (text_split(&one, '|', &alternative))
			registry_add_path(message, alternative, spelling, one.data != NULL);
	}
	added.count = (uint16_t)(registry.path_count - added.first);
	return added;
}

static size_t registry_slot(struct slice name)
{
	return hash_bytes(name.data, name.len, 0) & (SLOTS - 1);
}

static void registry_build(void)
{
	invariant(event_type_count < TYPES_MAX);
	for (size_t i = 0; i < event_type_count; i++) {
		const struct event_type *type = &event_types[i];
		size_t slot = registry_slot(slice_text(type->name));
		while (registry.slot_of_name[slot] != 0)
			slot = (slot + 1) & (SLOTS - 1);
		registry.slot_of_name[slot] = (uint16_t)(i + 1);
		registry.mandatory[i] = registry_add_paths(type->message, type->mandatory);
		registry.subject[i] = registry_add_paths(type->message, type->subject);
	}
}

static void registry_ready(void)
{
	invariant(pthread_once(&registry_once, registry_build) == 0);
}

const struct event_type *types_find(struct slice name)
{
	registry_ready();
	if (name.len == 0)
		return NULL;
	for (size_t slot = registry_slot(name); registry.slot_of_name[slot] != 0;
		slot = (slot + 1) & (SLOTS - 1)) {
		const struct event_type *type = &event_types[registry.slot_of_name[slot] - 1];
		if (slice_equal(slice_text(type->name), name))
			return type;
	}
	return NULL;
}

const struct event_type *types_by_id(uint16_t id)
{
	size_t low = 0;
	size_t high = event_type_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (event_types[middle].id == id)
			return &event_types[middle];
		if (event_types[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

struct slice types_channel(const struct event_type *type)
{
	struct slice rest = slice_text(type->name);
	struct slice channel = {NULL, 0};
	(void)text_split(&rest, '.', &channel); /* a name of the table has three parts */
	return channel;
}

static const struct types_path *types_paths(
	const struct event_type *type, const struct types_paths *lists, size_t *out_count)
{
	registry_ready();
	const struct types_paths *list = &lists[type - event_types];
	*out_count = list->count;
	return &registry.paths[list->first];
}

enum ch_status types_check_mandatory(
	const struct event_type *type, const struct message_parts *message, const char **out_field)
{
	size_t count;
	const struct types_path *paths = types_paths(type, registry.mandatory, &count);
	bool met = false;
	for (size_t i = 0; i < count; i++) {
		met = met || path_present(&paths[i].path, message);
		if (paths[i].or_next)
			continue;
		if (!met) {
			*out_field = paths[i].spelling;
			return CH_MISSING;
		}
		met = false;
	}
	return CH_OK;
}

/* A key's part as text: a string as it is, a number in decimal. */
static struct slice types_part(
	const struct path *path, const struct message_parts *message, char digits[static 24])
{
	if (path->field->type == PROTOBUF_C_TYPE_STRING)
		return path_bytes(path, message);
	uint64_t number = path_uint(path, message);
	if (number == 0)
		return (struct slice){NULL, 0};
	(void)snprintf(digits, 24, "%" PRIu64, number); /* 20 digits fit */
	return slice_text(digits);
}

void types_subject(
	const struct event_type *type, const struct message_parts *message, struct buffer *out)
{
	size_t count;
	const struct types_path *paths = types_paths(type, registry.subject, &count);
	char digits[24];
	for (size_t i = 0; i < count; i++) {
		if (types_part(&paths[i].path, message, digits).len == 0)
			return;
	}
	for (size_t i = 0; i < count; i++) {
		struct slice part = types_part(&paths[i].path, message, digits);
		if (i > 0)
			buffer_append_byte(out, '/');
		for (size_t at = 0; at < part.len; at++) {
			if (part.data[at] == '/')
				buffer_append_text(out, "%2F");
			else if (part.data[at] == '%')
				buffer_append_text(out, "%25");
			else
				buffer_append_byte(out, part.data[at]);
		}
	}
}

enum ch_status types_cut(struct slice message, struct message_parts *out_parts)
{
	struct pb_reader reader = pb_read(message);
	struct pb_field field;
	size_t cut = message.len;
	while (pb_next(&reader, &field)) {
		if (field.number >= 100 && cut == message.len)
			cut = (size_t)(field.start - message.data);
		else if (field.number < 100 && cut != message.len)
			return CH_INVALID;
	}
	if (reader.status != CH_OK)
		return reader.status;
	out_parts->data = slice_sub(message, 0, cut);
	out_parts->personal = slice_sub(message, cut, message.len - cut);
	return CH_OK;
}
