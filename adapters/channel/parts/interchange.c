#include "channel/parts/interchange.h"

#include <stdlib.h>

#include "base/table.h"

void interchange_init(struct interchange *interchange)
{
	*interchange = (struct interchange){.standard = STANDARD_EDIFACT};
	arena_init(&interchange->arena);
}

void interchange_fini(struct interchange *interchange)
{
	arena_fini(&interchange->arena);
	free(interchange->groups);
	free(interchange->messages);
	free(interchange->seams);
	interchange->seams = NULL; /* what is closed twice is freed once */
	interchange->groups = NULL;
	interchange->messages = NULL;
}

struct slice interchange_keep(struct interchange *interchange, struct slice text)
{
	uintptr_t begin = (uintptr_t)interchange->file.data;
	if (text.len == 0)
		return (struct slice){NULL, 0};
	if ((uintptr_t)text.data - begin < interchange->file.len)
		return text;
	return arena_copy(&interchange->arena, text);
}

void interchange_flaw(struct interchange *interchange, struct flaw flaw)
{
	if (interchange->flaw.kind == FLAW_NONE)
		interchange->flaw = flaw;
}

/* Room for one more; false: there is none. */
static inline bool grow(void **array, uint32_t count, uint32_t *room, uint32_t first, size_t bytes)
{
	if (count < *room)
		return true;
	uint32_t more = *room == 0 ? first : *room * 2;
	void *grown = realloc(*array, more * bytes);
	if (grown == NULL)
		return false;
	*array = grown;
	*room = more;
	return true;
}

struct message *interchange_add_message(struct interchange *interchange, struct flaw here)
{
	void *array = interchange->messages;
	if (interchange->message_count == LIMIT_PARTS_MESSAGES) {
		here.kind = FLAW_TOO_MANY;
		interchange_flaw(interchange, here);
		return NULL;
	}
	if (!grow(&array, interchange->message_count, &interchange->message_room, 4,
		    sizeof(struct message)))
		return NULL;
	interchange->messages = array;
	struct message *message = &interchange->messages[interchange->message_count++];
	*message = (struct message){.group = GROUP_NONE, .first_seam = interchange->seam_count};
	return message;
}

struct group *interchange_add_group(struct interchange *interchange, struct flaw here)
{
	void *array = interchange->groups;
	if (interchange->group_count == LIMIT_PARTS_MESSAGES) {
		here.kind = FLAW_TOO_MANY;
		interchange_flaw(interchange, here);
		return NULL;
	}
	if (!grow(&array, interchange->group_count, &interchange->group_room, 8,
		    sizeof(struct group)))
		return NULL;
	interchange->groups = array;
	struct group *group = &interchange->groups[interchange->group_count++];
	*group = (struct group){.first = interchange->message_count};
	return group;
}

struct seam *interchange_seam_room(
	struct interchange *interchange, struct message *message, size_t *out_room)
{
	void *array = interchange->seams;
	if (message->first_seam == SEAM_NONE)
		return NULL;
	if (interchange->seam_count == LIMIT_PARTS_SEAMS ||
		!grow(&array, interchange->seam_count, &interchange->seam_room, 40,
			sizeof(struct seam))) {
		message->first_seam = SEAM_NONE;
		return NULL;
	}
	interchange->seams = array;
	*out_room = interchange->seam_room - interchange->seam_count;
	return interchange->seams + interchange->seam_count;
}

void interchange_add_seams(struct interchange *interchange, size_t count)
{
	interchange->seam_count += (uint32_t)count;
}

void interchange_add_seam(
	struct interchange *interchange, struct message *message, const struct scanner *scanner)
{
	size_t room;
	struct seam *seam = interchange_seam_room(interchange, message, &room);
	if (seam == NULL)
		return;
	*seam = scanner_seam(scanner, message->offset);
	interchange_add_seams(interchange, 1);
}

enum ch_status flaws_add(struct flaws *flaws, struct arena *arena, struct flaw flaw)
{
	if (flaws->count >= LIMIT_PARTS_FLAWS) {
		flaws->count++;
		return CH_OK;
	}
	struct flaw_note *note = arena_alloc(arena, sizeof(*note));
	if (note == NULL)
		return CH_NOMEM;
	*note = (struct flaw_note){.flaw = flaw};
	if (flaws->last != NULL)
		flaws->last->next = note;
	else
		flaws->first = note;
	flaws->last = note;
	flaws->count++;
	return CH_OK;
}

static struct slice message_name(struct interchange *interchange, const struct message *message)
{
	struct buffer name = {0};
	if (interchange->standard == STANDARD_EDIFACT)
		return message->reference;
	/* X12 counts its sets anew in every group. */
	buffer_printf(&name, "%u/", message->group);
	buffer_append_slice(&name, message->reference);
	struct slice kept = arena_copy(&interchange->arena, buffer_slice(&name));
	buffer_fini(&name);
	return kept;
}

static bool name_is_behind(
	const struct interchange *interchange, const struct message *a, const struct message *b)
{
	if (interchange->standard == STANDARD_X12 && a->group != b->group)
		return a->group > b->group; /* its sets are counted anew in every group */
	if (a->reference.len != b->reference.len)
		return a->reference.len > b->reference.len;
	return memcmp(a->reference.data, b->reference.data, a->reference.len) > 0;
}

/* As senders mostly number them: each is behind the one before it, so that none comes twice. */
static bool names_rise(const struct interchange *interchange)
{
	const struct message *before = NULL;
	for (uint32_t i = 0; i < interchange->message_count; i++) {
		const struct message *message = &interchange->messages[i];
		if (message->reference.len == 0)
			continue; /* told already */
		if (before != NULL && !name_is_behind(interchange, message, before))
			return false;
		before = message;
	}
	return true;
}

enum ch_status interchange_check_names(struct interchange *interchange)
{
	struct table seen;
	enum ch_status status = CH_OK;
	if (names_rise(interchange))
		return CH_OK;
	table_init(&seen);
	for (uint32_t i = 0; i < interchange->message_count && status == CH_OK; i++) {
		struct message *message = &interchange->messages[i];
		if (message->reference.len == 0)
			continue; /* told already */
		struct slice name = message_name(interchange, message);
		status = name.data != NULL ? table_put(&seen, name, message) : CH_NOMEM;
		if (status == CH_EXISTS)
			status = flaws_add(&message->flaws, &interchange->arena,
				(struct flaw){.kind = FLAW_DUPLICATE,
					.offset = message->offset,
					.segment = 1,
					.element = interchange->standard == STANDARD_X12 ? 2 : 1,
					.tag = {interchange->standard == STANDARD_X12 ? 'S' : 'U',
						interchange->standard == STANDARD_X12 ? 'T' : 'N',
						interchange->standard == STANDARD_X12 ? 0 : 'H'},
					.words = "a message of this reference stands before it"});
	}
	table_fini(&seen);
	return status;
}

bool interchange_refuses(const struct interchange *interchange, const struct message *message)
{
	return interchange->flaw.kind != FLAW_NONE || message->flaws.count > 0 ||
	       (message->group != GROUP_NONE &&
		       interchange->groups[message->group].flaw.kind != FLAW_NONE);
}

bool interchange_is_refused(const struct interchange *interchange)
{
	for (uint32_t i = 0; i < interchange->message_count; i++) {
		if (!interchange_refuses(interchange, &interchange->messages[i]))
			return false;
	}
	return true;
}

bool interchange_only_acknowledges(const struct interchange *interchange)
{
	for (uint32_t i = 0; i < interchange->message_count; i++) {
		if (interchange->messages[i].kind != MESSAGE_ACKNOWLEDGEMENT)
			return false;
	}
	return interchange->message_count > 0;
}

void message_type_text(const struct message *message, struct buffer *out)
{
	size_t count = MESSAGE_TYPE_PARTS;
	while (count > 0 && message->type[count - 1].len == 0)
		count--;
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buffer_append_byte(out, ':');
		buffer_append_slice(out, message->type[i]);
	}
}

/* ---- Finding the beginning ---- */

static bool begins(struct slice file, uint64_t at)
{
	struct slice here = slice_sub(file, at, 4);
	return slice_starts(here, SLICE_LITERAL("UNA")) ||
	       slice_starts(here, SLICE_LITERAL("UNB")) || slice_starts(here, SLICE_LITERAL("ISA"));
}

static uint64_t skip_blanks(struct slice file, uint64_t at)
{
	while (at < file.len) {
		struct slice rest = slice_sub(file, at, 3);
		uint8_t c = rest.data[0];
		if (slice_starts(rest, SLICE_LITERAL("\xef\xbb\xbf")))
			at += 3;
		else if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0x1a)
			at++; /* 0x1a: how some systems of old end a file */
		else
			break;
	}
	return at;
}

/* Where one may begin next: behind something that can end a segment. */
static uint64_t find_next(struct slice file, uint64_t at)
{
	for (at++; at < file.len; at++) {
		uint8_t before = file.data[at - 1];
		bool letter = (before >= 'A' && before <= 'Z') ||
			      (before >= 'a' && before <= 'z') || (before >= '0' && before <= '9');
		if (!letter && begins(file, at))
			break;
	}
	return at;
}

enum ch_status interchange_next(struct scanner *scanner, struct slice file, uint64_t *at,
	struct interchange *out_interchange, struct flaw *out_flaw)
{
	uint64_t start = skip_blanks(file, *at);
	if (start >= file.len) {
		*at = file.len;
		return CH_END;
	}
	if (!begins(file, start)) {
		*at = find_next(file, start);
		*out_flaw = (struct flaw){.kind = FLAW_OUTSIDE,
			.offset = start,
			.words = "no interchange begins here with UNA, UNB or ISA"};
		return CH_FORMAT;
	}
	interchange_init(out_interchange);
	out_interchange->file = file;
	out_interchange->offset = start;
	*at = start;
	enum ch_status status = slice_starts(slice_sub(file, start, 3), SLICE_LITERAL("ISA"))
					? x12_read(scanner, file, at, out_interchange)
					: edifact_read(scanner, file, at, out_interchange);
	if (status == CH_OK)
		status = interchange_check_names(out_interchange);
	/* The end of what could not be read to its end is where another one begins. */
	if (status == CH_OK && *at <= start)
		*at = find_next(file, start);
	if (status == CH_OK)
		out_interchange->end = *at;
	else
		interchange_fini(out_interchange);
	return status;
}
