#include "fanout/recent.h"

#include <stdlib.h>

#include "base/invariant.h"

#define SLOTS     4096u
#define MAX_BYTES (8u * 1024u * 1024u)

/* One group in one block: this, its parts, their bytes. */
struct recent_part {
	uint16_t type;
	bool derived;
	uint32_t len;
	uint32_t source_len; /* the source's text follows the encoded bytes ... */
	uint32_t values_len; /* ... and what news tell of values the source */
	uint64_t customer;
};

struct recent_group {
	uint64_t sequence;
	int64_t arrival_us;
	size_t bytes; /* of the block */
	uint32_t part_count;
	struct recent_part parts[];
};

struct recent {
	struct reader *reader;
	struct recent_group **ring; /* by sequence modulo SLOTS */
	bool followed;
	uint64_t first;
	uint64_t next;
	size_t bytes;
	struct group group; /* what is being taken up */
	struct buffer encoded;
};

enum ch_status recent_create(struct journal *journal, struct recent **out_recent)
{
	struct recent *recent = calloc(1, sizeof(*recent));
	if (recent == NULL)
		return CH_NOMEM;
	recent->ring = calloc(SLOTS, sizeof(struct recent_group *));
	enum ch_status status =
		recent->ring != NULL ? reader_open(journal, &recent->reader) : CH_NOMEM;
	if (status != CH_OK) {
		free(recent->ring);
		free(recent);
		return status;
	}
	group_init(&recent->group);
	*out_recent = recent;
	return CH_OK;
}

static void recent_drop_first(struct recent *recent)
{
	struct recent_group **slot = &recent->ring[recent->first % SLOTS];
	recent->bytes -= (*slot)->bytes;
	free(*slot);
	*slot = NULL;
	recent->first++;
}

static void recent_begin(struct recent *recent, uint64_t sequence)
{
	while (recent->first < recent->next)
		recent_drop_first(recent);
	recent->first = sequence;
	recent->next = sequence;
}

void recent_rest(struct recent *recent)
{
	recent_begin(recent, 0);
	recent->followed = false;
	group_fini(&recent->group);
	buffer_fini(&recent->encoded);
	reader_rest(recent->reader);
}

void recent_free(struct recent *recent)
{
	if (recent == NULL)
		return;
	recent_rest(recent);
	free(recent->ring);
	reader_close(recent->reader);
	free(recent);
}

uint64_t recent_first(const struct recent *recent)
{
	return recent->first;
}

uint64_t recent_next(const struct recent *recent)
{
	return recent->next;
}

void recent_follow(struct recent *recent, uint64_t sequence)
{
	recent->followed = true;
	recent_begin(recent, sequence);
	(void)reader_seek(recent->reader, sequence); /* a gap shows in the first read, too */
}

/* ---- Taking up ---- */

/* Encodes all parts behind each other; `block` is sized by what comes out. */
static enum ch_status recent_encode(struct recent *recent, struct recent_group **out_block)
{
	struct group *group = &recent->group;
	size_t head = sizeof(struct recent_group) + group->part_count * sizeof(struct recent_part);
	buffer_clear(&recent->encoded);
	(void)buffer_reserve(&recent->encoded, head);
	for (uint32_t i = 0; i < group->part_count; i++) {
		struct slice encoded;
		struct slice values;
		struct slice source = group_source(group, i);
		enum ch_status status = group_encode(group, i, &encoded);
		if (status == CH_OK)
			status = group_values(group, i, UINT32_MAX, &values);
		if (status != CH_OK)
			return status;
		buffer_append_slice(&recent->encoded, encoded);
		buffer_append_slice(&recent->encoded, source);
		buffer_append_slice(&recent->encoded, values);
		if (recent->encoded.status != CH_OK)
			return CH_NOMEM;
		struct recent_group *draft = (void *)recent->encoded.data;
		draft->parts[i] = (struct recent_part){
			.type = group->parts[i].type,
			.derived = group->parts[i].derived,
			.len = (uint32_t)encoded.len,
			.source_len = (uint32_t)source.len,
			.values_len = (uint32_t)values.len,
			.customer = group->parts[i].customer,
		};
	}
	struct recent_group *block =
		recent->encoded.status == CH_OK ? malloc(recent->encoded.len) : NULL;
	if (block == NULL)
		return CH_NOMEM;
	memcpy(block, recent->encoded.data, recent->encoded.len);
	block->sequence = group->sequence;
	block->arrival_us = group->arrival_us;
	block->bytes = recent->encoded.len;
	block->part_count = group->part_count;
	*out_block = block;
	return CH_OK;
}

enum ch_status recent_advance(struct recent *recent)
{
	struct journal_entry entry;
	struct recent_group *block = NULL;
	uint64_t gap_first;
	uint64_t gap_last;
	if (!recent->followed)
		return CH_END;
	enum ch_status status = reader_next(recent->reader, &entry);
	if (status == CH_GAP) {
		reader_gap(recent->reader, &gap_first, &gap_last);
		recent_begin(recent, gap_last + 1);
		return CH_GAP;
	}
	if (status != CH_OK)
		return status;
	status = group_read(&recent->group, &entry);
	if (status == CH_OK)
		status = recent_encode(recent, &block);
	if (status == CH_NOMEM) {
		(void)reader_seek(recent->reader, entry.sequence); /* it was there just now */
		return status;
	}
	if (status != CH_OK) {
		recent_begin(recent, entry.sequence + 1);
		return CH_GAP;
	}
	invariant(block->sequence == recent->next);
	while (recent->next - recent->first == SLOTS ||
		(recent->bytes + block->bytes > MAX_BYTES && recent->first < recent->next))
		recent_drop_first(recent);
	recent->ring[recent->next++ % SLOTS] = block;
	recent->bytes += block->bytes;
	return CH_OK;
}

enum ch_status recent_get(const struct recent *recent, uint64_t sequence, struct group *group)
{
	invariant(sequence >= recent->first && sequence < recent->next);
	const struct recent_group *block = recent->ring[sequence % SLOTS];
	const uint8_t *at = (const uint8_t *)&block->parts[block->part_count];
	enum ch_status status = CH_OK;
	group_begin(group, block->sequence, block->arrival_us);
	for (uint32_t i = 0; i < block->part_count && status == CH_OK; i++) {
		const struct recent_part *part = &block->parts[i];
		const struct part shown = {
			.type = part->type,
			.derived = part->derived,
			.customer = part->customer,
			.encoded = slice_of(at, part->len),
			.source = slice_of(at + part->len, part->source_len),
			.values = slice_of(at + part->len + part->source_len, part->values_len),
		};
		status = group_add(group, &shown);
		at += part->len + part->source_len + part->values_len;
	}
	return status;
}
