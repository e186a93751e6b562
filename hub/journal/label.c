#include "journal/label.h"

#include "base/bytes.h"
#include "base/crc32c.h"

static const uint8_t label_magic[8] = {'C', 'H', 's', 'e', 'g', 'l', 'b', 'l'};

void label_put(uint8_t out[LABEL_BYTES], const struct label *label)
{
	memset(out, 0, LABEL_BYTES);
	memcpy(out, label_magic, sizeof(label_magic));
	store_le32(out + 12, LABEL_VERSION);
	store_le64(out + 16, label->incarnation);
	store_le64(out + 24, label->epoch);
	store_le64(out + 32, label->salt);
	store_le64(out + 40, label->base);
	store_le64(out + 48, label->file_bytes);
	store_le64(out + 56, (uint64_t)label->arrival_before_us);
	memcpy(out + 64, label->before, JOURNAL_HASH_BYTES);
	if (label->sealed) {
		store_le64(out + 96, 1);
		store_le64(out + 104, label->next_epoch);
		store_le64(out + 112, label->last);
		store_le64(out + 120, label->end);
		store_le64(out + 128, (uint64_t)label->last_arrival_us);
		memcpy(out + 136, label->after, JOURNAL_HASH_BYTES);
	}
	store_le32(out + 8, crc32c(0, out + 12, LABEL_BYTES - 12));
}

/* A CRC says that we wrote it, not that it is sane: what reads on trusts these figures. */
static bool label_agrees(const struct label *label)
{
	if (label->base == 0 || label->base == UINT64_MAX ||
		label->file_bytes < SEGMENT_BYTES_MIN ||
		label->file_bytes % SEGMENT_PAGE_BYTES != 0 ||
		label->file_bytes > SEGMENT_BYTES_MAX)
		return false;
	return !label->sealed || (label->last >= label->base - 1 && label->last < UINT64_MAX &&
					 label->end >= SEGMENT_PAGE_BYTES &&
					 label->end <= label->file_bytes - SEGMENT_PAGE_BYTES);
}

enum ch_status label_get(const uint8_t bytes[LABEL_BYTES], struct label *out_label)
{
	struct label label = {0};
	if (memcmp(bytes, label_magic, sizeof(label_magic)) != 0 ||
		load_le32(bytes + 8) != crc32c(0, bytes + 12, LABEL_BYTES - 12))
		return CH_CORRUPT;
	if (load_le32(bytes + 12) > LABEL_VERSION)
		return CH_VERSION;
	label.incarnation = load_le64(bytes + 16);
	label.epoch = load_le64(bytes + 24);
	label.salt = load_le64(bytes + 32);
	label.base = load_le64(bytes + 40);
	label.file_bytes = load_le64(bytes + 48);
	label.arrival_before_us = (int64_t)load_le64(bytes + 56);
	memcpy(label.before, bytes + 64, JOURNAL_HASH_BYTES);
	label.sealed = load_le64(bytes + 96) == 1;
	if (label.sealed) {
		label.next_epoch = load_le64(bytes + 104);
		label.last = load_le64(bytes + 112);
		label.end = load_le64(bytes + 120);
		label.last_arrival_us = (int64_t)load_le64(bytes + 128);
		memcpy(label.after, bytes + 136, JOURNAL_HASH_BYTES);
	}
	if (!label_agrees(&label))
		return CH_CORRUPT;
	*out_label = label;
	return CH_OK;
}
