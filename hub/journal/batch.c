#include "journal/batch.h"

#include "base/bytes.h"
#include "base/crc32c.h"

static const uint8_t batch_magic[4] = {'C', 'H', 'b', 'a'};

uint32_t batch_key(uint64_t epoch, uint64_t salt)
{
	uint8_t bytes[16];
	store_le64(bytes, epoch);
	store_le64(bytes + 8, salt);
	return crc32c(0, bytes, sizeof(bytes));
}

void batch_put_entry(struct buffer *out, uint64_t sequence, int64_t arrival_us,
	const struct slice *parts, size_t part_count)
{
	size_t length = 0;
	for (size_t i = 0; i < part_count; i++)
		length += parts[i].len;
	uint8_t *entry = buffer_reserve(out, BATCH_ENTRY_BYTES + length);
	if (entry == NULL)
		return;
	store_le32(entry + 4, (uint32_t)length);
	store_le64(entry + 8, sequence);
	store_le64(entry + 16, (uint64_t)arrival_us);
	uint8_t *body = entry + BATCH_ENTRY_BYTES;
	for (size_t i = 0; i < part_count; i++) {
		if (parts[i].len == 0)
			continue; /* its data may be NULL */
		memcpy(body, parts[i].data, parts[i].len);
		body += parts[i].len;
	}
	store_le32(entry, crc32c(0, entry + 4, BATCH_ENTRY_BYTES - 4 + length));
}

void batch_put_head(uint8_t out[BATCH_HEAD_BYTES], const struct batch_head *head, uint32_t key)
{
	memset(out, 0, BATCH_HEAD_BYTES);
	memcpy(out, batch_magic, sizeof(batch_magic));
	store_le64(out + 8, head->epoch);
	store_le64(out + 16, head->first);
	store_le64(out + 24, (uint64_t)head->first_arrival_us);
	store_le64(out + 32, (uint64_t)head->last_arrival_us);
	store_le32(out + 40, head->length);
	store_le32(out + 44, head->entries_bytes);
	store_le32(out + 48, head->count);
	memcpy(out + 64, head->before, JOURNAL_HASH_BYTES);
	memcpy(out + 96, head->after, JOURNAL_HASH_BYTES);
	store_le32(out + 4, crc32c(key, out + 8, BATCH_HEAD_BYTES - 8));
}

bool batch_claims(const uint8_t bytes[BATCH_HEAD_BYTES], uint64_t epoch)
{
	return memcmp(bytes, batch_magic, sizeof(batch_magic)) == 0 &&
	       load_le64(bytes + 8) == epoch;
}

/* A CRC says that we wrote it, not that it is sane: what reads on trusts these figures. */
static bool batch_head_agrees(const struct batch_head *head)
{
	return head->first >= 1 && head->count >= 1 && head->first <= UINT64_MAX - head->count &&
	       head->length <= LIMIT_BATCH_BYTES &&
	       head->length == batch_length(head->entries_bytes) &&
	       head->entries_bytes / BATCH_ENTRY_BYTES >= head->count &&
	       head->first_arrival_us <= head->last_arrival_us;
}

enum ch_status batch_get_head(const uint8_t bytes[BATCH_HEAD_BYTES], uint64_t epoch, uint32_t key,
	struct batch_head *out_head)
{
	struct batch_head head = {.epoch = epoch};
	if (!batch_claims(bytes, epoch) ||
		load_le32(bytes + 4) != crc32c(key, bytes + 8, BATCH_HEAD_BYTES - 8))
		return CH_CORRUPT;
	head.first = load_le64(bytes + 16);
	head.first_arrival_us = (int64_t)load_le64(bytes + 24);
	head.last_arrival_us = (int64_t)load_le64(bytes + 32);
	head.length = load_le32(bytes + 40);
	head.entries_bytes = load_le32(bytes + 44);
	head.count = load_le32(bytes + 48);
	memcpy(head.before, bytes + 64, JOURNAL_HASH_BYTES);
	memcpy(head.after, bytes + 96, JOURNAL_HASH_BYTES);
	if (!batch_head_agrees(&head))
		return CH_CORRUPT;
	*out_head = head;
	return CH_OK;
}

enum ch_status batch_get_entry(
	struct slice rest, uint64_t sequence, struct journal_entry *out_entry, size_t *out_bytes)
{
	*out_bytes = 0;
	if (rest.len < BATCH_ENTRY_BYTES)
		return CH_CORRUPT;
	uint32_t length = load_le32(rest.data + 4);
	if (length > LIMIT_ENTRY_BYTES || length > rest.len - BATCH_ENTRY_BYTES)
		return CH_CORRUPT;
	*out_bytes = BATCH_ENTRY_BYTES + length;
	if (load_le32(rest.data) != crc32c(0, rest.data + 4, BATCH_ENTRY_BYTES - 4 + length) ||
		load_le64(rest.data + 8) != sequence)
		return CH_CORRUPT;
	out_entry->sequence = sequence;
	out_entry->arrival_us = (int64_t)load_le64(rest.data + 16);
	out_entry->body = slice_of(rest.data + BATCH_ENTRY_BYTES, length);
	return CH_OK;
}

/* Each entry, in order, from the first arrival to the last, with nothing left over. */
static enum ch_status batch_check_entries(const struct batch_head *head, struct slice entries)
{
	struct journal_entry entry;
	int64_t arrival_us = head->first_arrival_us;
	size_t bytes;
	for (uint32_t i = 0; i < head->count; i++) {
		enum ch_status status = batch_get_entry(entries, head->first + i, &entry, &bytes);
		if (status != CH_OK)
			return status;
		if (entry.arrival_us < arrival_us || (i == 0 && entry.arrival_us > arrival_us))
			return CH_CORRUPT;
		arrival_us = entry.arrival_us;
		entries = slice_sub(entries, bytes, entries.len);
	}
	return entries.len == 0 && arrival_us == head->last_arrival_us ? CH_OK : CH_CORRUPT;
}

enum ch_status batch_check(const struct batch_head *head, struct slice bytes, struct chain *chain)
{
	uint8_t hash[JOURNAL_HASH_BYTES];
	if (bytes.len != head->length)
		return CH_CORRUPT;
	struct slice entries = slice_sub(bytes, BATCH_HEAD_BYTES, head->entries_bytes);
	for (size_t i = BATCH_HEAD_BYTES + head->entries_bytes; i < bytes.len; i++) {
		if (bytes.data[i] != 0)
			return CH_CORRUPT;
	}
	enum ch_status status = batch_check_entries(head, entries);
	if (status != CH_OK)
		return status;
	memcpy(hash, head->before, sizeof(hash));
	status = chain_link(chain, hash, entries);
	if (status != CH_OK)
		return status;
	return memcmp(hash, head->after, sizeof(hash)) == 0 ? CH_OK : CH_CORRUPT;
}
