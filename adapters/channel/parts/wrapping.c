#include "channel/parts/wrapping.h"

#include "base/text.h"

/* Of each trailer, behind the tag. */
enum {
	TRAILER_COUNT = 1,
	TRAILER_REFERENCE = 2,
};

void wrapping_flaw(struct wrapping *wrapping, enum flaw_kind kind, unsigned element,
	unsigned component, const char *words)
{
	interchange_flaw(
		wrapping->x, segment_flaw(wrapping->segment, kind, element, component, words));
}

static bool told_count(const struct segment *segment, uint64_t *out_told)
{
	return text_parse_u64(segment_get(segment, TRAILER_COUNT, 1), UINT32_MAX, out_told) ==
	       CH_OK;
}

/* True: the trailer's count is that number. */
static bool counts(const struct segment *segment, uint64_t number)
{
	uint64_t told;
	return told_count(segment, &told) && told == number;
}

static bool names(const struct wrapping *wrapping, struct slice reference)
{
	return wrapping->kind->same(
		segment_get(wrapping->segment, TRAILER_REFERENCE, 1), reference);
}

/* What stands in the place of a trailer that never came. */
static struct flaw lost(const char tag[4], uint64_t offset)
{
	struct flaw flaw = {.kind = FLAW_TRAILER, .offset = offset};
	memcpy(flaw.tag, tag, sizeof(flaw.tag));
	return flaw;
}

/* ---- Messages ---- */

enum ch_status wrapping_message_flaw(struct wrapping *wrapping, struct flaw flaw)
{
	return flaws_add(&wrapping->message->flaws, &wrapping->x->arena, flaw);
}

enum ch_status wrapping_begin_message(struct wrapping *wrapping)
{
	struct interchange *x = wrapping->x;
	struct flaw here = {.kind = FLAW_NONE};
	if (x->message_count == LIMIT_PARTS_MESSAGES)
		here = segment_flaw(
			wrapping->segment, FLAW_TOO_MANY, 0, 0, wrapping->kind->messages);
	struct message *message = interchange_add_message(x, here);
	if (message == NULL)
		return x->flaw.kind != FLAW_NONE ? CH_OK : CH_NOMEM;
	wrapping->message = message;
	message->offset = wrapping->segment->offset;
	message->segments = 1;
	interchange_add_seam(x, message, wrapping->scanner);
	scanner_segment(wrapping->scanner)->position = 1;
	if (wrapping->in_group) {
		message->group = x->group_count - 1;
		x->groups[message->group].count++;
	} else {
		wrapping->bare = true;
	}
	return CH_OK;
}

void wrapping_count_segment(struct wrapping *wrapping)
{
	scanner_segment(wrapping->scanner)->position = ++wrapping->message->segments;
	interchange_add_seam(wrapping->x, wrapping->message, wrapping->scanner);
}

enum ch_status wrapping_end_message(struct wrapping *wrapping)
{
	struct message *message = wrapping->message;
	const struct segment *s = wrapping->segment;
	enum ch_status status = CH_OK;
	message->end = s->end;
	if (!counts(s, message->segments))
		status = wrapping_message_flaw(
			wrapping, segment_flaw(s, FLAW_COUNT, TRAILER_COUNT, 0, "segments"));
	if (status == CH_OK && !names(wrapping, message->reference))
		status = wrapping_message_flaw(
			wrapping, segment_flaw(s, FLAW_REFERENCE, TRAILER_REFERENCE, 0, NULL));
	wrapping->message = NULL;
	return status;
}

enum ch_status wrapping_lose_message(struct wrapping *wrapping, uint64_t offset)
{
	struct message *message = wrapping->message;
	if (message == NULL)
		return CH_OK;
	struct flaw flaw = lost(wrapping->kind->message, offset);
	flaw.segment = message->segments + 1;
	message->end = offset;
	enum ch_status status = wrapping_message_flaw(wrapping, flaw);
	wrapping->message = NULL;
	return status;
}

/* ---- Groups and the end ---- */

static struct group *open_group(struct wrapping *wrapping)
{
	return &wrapping->x->groups[wrapping->x->group_count - 1];
}

enum ch_status wrapping_begin_group(struct wrapping *wrapping, struct group **out_group)
{
	struct interchange *x = wrapping->x;
	struct group *group = interchange_add_group(
		x, segment_flaw(wrapping->segment, FLAW_TOO_MANY, 0, 0, "groups"));
	*out_group = group;
	if (group == NULL)
		return x->flaw.kind != FLAW_NONE ? CH_OK : CH_NOMEM;
	wrapping->in_group = true;
	return CH_OK;
}

void wrapping_end_group(struct wrapping *wrapping)
{
	const struct segment *s = wrapping->segment;
	if (!wrapping->in_group) {
		wrapping_flaw(wrapping, FLAW_OUTSIDE, 0, 0, wrapping->kind->no_group);
		return;
	}
	struct group *group = open_group(wrapping);
	uint64_t told = group->count;
	wrapping->in_group = false;
	(void)told_count(s, &told); /* no number: those that came */
	group->told = (uint32_t)told;
	if (group->flaw.kind != FLAW_NONE)
		return;
	if (group->count == 0)
		group->flaw = segment_flaw(s, FLAW_EMPTY, 0, 0, NULL);
	else if (!counts(s, group->count))
		group->flaw =
			segment_flaw(s, FLAW_COUNT, TRAILER_COUNT, 0, wrapping->kind->messages);
	else if (!names(wrapping, group->reference))
		group->flaw = segment_flaw(s, FLAW_REFERENCE, TRAILER_REFERENCE, 0, NULL);
}

void wrapping_lose_group(struct wrapping *wrapping, uint64_t offset)
{
	if (wrapping->in_group) {
		struct group *group = open_group(wrapping);
		group->flaw = lost(wrapping->kind->group, offset);
		group->told = group->count;
	}
	wrapping->in_group = false;
}

void wrapping_end(struct wrapping *wrapping, bool empty, uint64_t count, const char *what)
{
	wrapping->ended = true;
	if (empty)
		wrapping_flaw(wrapping, FLAW_EMPTY, 0, 0, NULL);
	if (!counts(wrapping->segment, count))
		wrapping_flaw(wrapping, FLAW_COUNT, TRAILER_COUNT, 0, what);
	if (!names(wrapping, wrapping->x->reference))
		wrapping_flaw(wrapping, FLAW_REFERENCE, TRAILER_REFERENCE, 0, NULL);
}

/* The bytes end, or another interchange begins, or they cannot be read on. */
static enum ch_status wrapping_lose(struct wrapping *wrapping, enum ch_status why, uint64_t at)
{
	struct flaw flaw = lost(wrapping->kind->interchange, at);
	enum ch_status status = wrapping_lose_message(wrapping, at);
	wrapping_lose_group(wrapping, at);
	wrapping->x->cut_off = why != CH_TOO_LARGE;
	if (why == CH_TOO_LARGE) {
		flaw.kind = FLAW_TOO_LONG;
		flaw.words = "a segment";
	}
	interchange_flaw(wrapping->x, flaw);
	return status;
}

enum ch_status wrapping_read(struct wrapping *wrapping, uint64_t *at)
{
	const struct wrapping_kind *kind = wrapping->kind;
	enum ch_status status = CH_OK;
	while (status == CH_OK && !wrapping->ended) {
		if (wrapping->message != NULL && kind->sweep != NULL)
			kind->sweep(wrapping, at);
		struct slice before = wrapping->rest;
		status = scanner_pass(wrapping->scanner, &wrapping->rest, &wrapping->segment);
		if (status == CH_NOMEM)
			break;
		if (status != CH_OK) {
			/* Without an end, or too long: none of the rest can be trusted. */
			*at += status == CH_TOO_LARGE ? 0 : before.len;
			return wrapping_lose(wrapping, status, *at);
		}
		if (kind->begins(wrapping->segment)) {
			*at = wrapping->segment->offset; /* that one is read next */
			return wrapping_lose(wrapping, CH_END, *at);
		}
		*at = wrapping->segment->end;
		wrapping->x->segments++;
		status = kind->read(wrapping);
	}
	return status;
}
