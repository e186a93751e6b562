#include "kit/watermark.h"

#include <stdlib.h>
#include <string.h>

/* One under way; its source and checkpoint stand behind it. */
struct mark {
	struct mark *older;
	struct mark *newer;
	bool settled;
	size_t source_len;
	size_t checkpoint_len;
	uint8_t bytes[];
};

/* One source, and how far it is. */
struct level {
	struct level *next;
	struct buffer source;
	struct buffer checkpoint;
};

struct watermark {
	struct mark *oldest;
	struct mark *newest;
	struct level *levels; /* an adapter has few sources */
};

struct watermark *watermark_create(void)
{
	return calloc(1, sizeof(struct watermark));
}

void watermark_forget(struct watermark *watermark)
{
	while (watermark->levels != NULL) {
		struct level *level = watermark->levels;
		watermark->levels = level->next;
		buffer_fini(&level->source);
		buffer_fini(&level->checkpoint);
		free(level);
	}
}

void watermark_free(struct watermark *watermark)
{
	if (watermark == NULL)
		return;
	watermark_forget(watermark);
	while (watermark->oldest != NULL)
		watermark_drop(watermark, watermark->oldest);
	free(watermark);
}

static struct slice mark_source(const struct mark *mark)
{
	return slice_of(mark->bytes, mark->source_len);
}

static struct level *watermark_find(const struct watermark *watermark, struct slice source)
{
	struct level *level = watermark->levels;
	while (level != NULL && !slice_equal(buffer_slice(&level->source), source))
		level = level->next;
	return level;
}

struct slice watermark_cover(
	const struct watermark *watermark, struct slice source, struct slice checkpoint)
{
	if (watermark->oldest == NULL)
		return checkpoint;
	const struct level *level = watermark_find(watermark, source);
	return level != NULL ? buffer_slice(&level->checkpoint) : (struct slice){NULL, 0};
}

enum ch_status watermark_add(struct watermark *watermark, struct slice source,
	struct slice checkpoint, struct mark **out_mark)
{
	struct mark *mark = calloc(1, sizeof(*mark) + source.len + checkpoint.len);
	if (mark == NULL)
		return CH_NOMEM;
	mark->source_len = source.len;
	mark->checkpoint_len = checkpoint.len;
	if (source.len > 0)
		memcpy(mark->bytes, source.data, source.len);
	if (checkpoint.len > 0)
		memcpy(mark->bytes + source.len, checkpoint.data, checkpoint.len);
	mark->older = watermark->newest;
	if (watermark->newest != NULL)
		watermark->newest->newer = mark;
	else
		watermark->oldest = mark;
	watermark->newest = mark;
	*out_mark = mark;
	return CH_OK;
}

/* When memory runs out it stays where it was: only more is read again. */
static void watermark_raise(struct watermark *watermark, const struct mark *mark)
{
	struct level *level = watermark_find(watermark, mark_source(mark));
	if (mark->checkpoint_len == 0)
		return;
	if (level == NULL) {
		level = calloc(1, sizeof(*level));
		if (level == NULL)
			return;
		buffer_append_slice(&level->source, mark_source(mark));
		level->next = watermark->levels;
		watermark->levels = level;
	}
	buffer_clear(&level->checkpoint);
	buffer_append(&level->checkpoint, mark->bytes + mark->source_len, mark->checkpoint_len);
	if (level->checkpoint.status != CH_OK)
		buffer_clear(&level->checkpoint);
}

void watermark_drop(struct watermark *watermark, struct mark *mark)
{
	if (mark == NULL)
		return;
	if (mark->older != NULL)
		mark->older->newer = mark->newer;
	else
		watermark->oldest = mark->newer;
	if (mark->newer != NULL)
		mark->newer->older = mark->older;
	else
		watermark->newest = mark->older;
	free(mark);
}

void watermark_settle(struct watermark *watermark, struct mark *mark)
{
	if (mark == NULL)
		return;
	mark->settled = true;
	while (watermark->oldest != NULL && watermark->oldest->settled) {
		watermark_raise(watermark, watermark->oldest);
		watermark_drop(watermark, watermark->oldest);
	}
}
