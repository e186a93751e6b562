/* Readers.  A reader stands in a tape (tape.h), and there in a batch; it goes from entry to entry,
 * from batch to batch, and when the tape ends, the catalog tells where history goes on.  The
 * position is a sequence and nothing else: tape and batch can be dropped at any time and are found
 * again.
 *
 * What can happen to a tape under a reader: the segment is sealed and another one follows (the
 * bytes end, the head is further: look up again); its file gets a new use (CH_RETRY: look up
 * again, the archive has it now); retention deletes it (the open descriptor still reads it).
 * When a look-up leads back to where the reader stands, nothing has happened, and what is
 * missing is damage: a gap. */
#include "journal/reader.h"

#include <stdlib.h>

#include "base/invariant.h"
#include "journal/batch.h"
#include "journal/inside.h"
#include "journal/scan.h"

struct reader {
	struct journal *journal;
	uint64_t position; /* the next sequence to give */
	uint64_t head;     /* of the journal, when this call began */
	uint64_t gap_first;
	uint64_t gap_last;

	struct tape *tape;    /* NULL: to be looked up */
	struct volume volume; /* what the tape plays, as it was looked up; shared */
	uint64_t offset;      /* of the batch, or of the next one */

	struct batch_head batch; /* whose entries are being given */
	struct slice rest;       /* its entries that were not looked at yet; no data: no batch */
	uint64_t at;             /* sequence of the first of them */
};

enum ch_status reader_open(struct journal *journal, struct reader **out_reader)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	if (reader == NULL)
		return CH_NOMEM;
	reader->journal = journal;
	reader->position = journal_first(journal);
	*out_reader = reader;
	return CH_OK;
}

void reader_rest(struct reader *reader)
{
	tape_close(reader->tape);
	volume_release(&reader->volume);
	reader->tape = NULL;
	reader->rest = slice_of(NULL, 0);
}

void reader_close(struct reader *reader)
{
	if (reader == NULL)
		return;
	reader_rest(reader);
	free(reader);
}

uint64_t reader_position(const struct reader *reader)
{
	return reader->position;
}

void reader_gap(const struct reader *reader, uint64_t *out_first, uint64_t *out_last)
{
	*out_first = reader->gap_first;
	*out_last = reader->gap_last;
}

/* ---- Gaps ---- */

/* The entries from the position up to `last` cannot be had. */
static enum ch_status reader_skip(struct reader *reader, uint64_t last)
{
	invariant(last >= reader->position);
	reader->gap_first = reader->position;
	reader->gap_last = last;
	reader->position = last + 1;
	return CH_GAP;
}

/* All of the volume that is missing, up to its end or to the head. */
static enum ch_status reader_skip_volume(struct reader *reader, const struct volume *volume)
{
	/* What was written since the call began may lie behind what was searched. */
	return reader_skip(reader, volume->last < reader->head ? volume->last : reader->head);
}

/* ---- Which tape ---- */

static bool reader_same_volume(const struct volume *a, const struct volume *b)
{
	return a->first == b->first && a->segment == b->segment;
}

/* The tape that holds the position, and where on it to begin.  CH_GAP when there is none. */
static enum ch_status reader_place(struct reader *reader)
{
	struct volume volume = {0};
	struct volume again = {0};
	struct tape *tape = NULL;
	enum ch_status status;
	for (;;) {
		status = catalog_find(&reader->journal->catalog, reader->position, &volume);
		invariant(status == CH_OK); /* the head's volume is never removed */
		if (volume.first > reader->position) {
			status = reader_skip(reader, volume.first - 1);
			break;
		}
		status = journal_open_tape(reader->journal, &volume, &tape);
		if (status == CH_OK)
			status = tape_find(tape, reader->position, &reader->offset);
		if (status == CH_OK) {
			reader->tape = tape;
			reader->volume = volume;
			return CH_OK;
		}
		tape_close(tape);
		tape = NULL;
		if (status == CH_NOMEM || status == CH_IO)
			break;
		/* Gone or unreadable.  If the keeper did it, there is another place by now. */
		if (catalog_find(&reader->journal->catalog, reader->position, &again) == CH_OK &&
			reader_same_volume(&volume, &again)) {
			status = reader_skip_volume(reader, &again);
			break;
		}
		volume_release(&volume);
		volume_release(&again);
	}
	volume_release(&volume);
	volume_release(&again);
	return status;
}

/* The tape has no more bytes, but the position is not above the head. */
static enum ch_status reader_end_of_tape(struct reader *reader)
{
	struct volume volume = {0};
	enum ch_status status = catalog_find(&reader->journal->catalog, reader->position, &volume);
	invariant(status == CH_OK);
	if (volume.first <= reader->position && reader_same_volume(&volume, &reader->volume))
		status = reader_skip_volume(reader, &volume); /* the rest should be here */
	else
		reader_rest(reader);
	volume_release(&volume);
	return status;
}

/* ---- Which batch ---- */

/* Is that a batch of this volume?  One that goes on behind its end, or behind the head, is damage whatever its sums
 * say, or the reader would stand, and his owner's cursor with him, where no history is. */
static bool reader_fits(const struct reader *reader, const struct batch_head *head)
{
	uint8_t hash[JOURNAL_HASH_BYTES];
	uint64_t last = batch_last(head);
	if (reader->volume.last != CATALOG_OPEN)
		return last <= reader->volume.last;
	/* A batch can be seen a little before the head tells of it, but for who asks under the lock. */
	return last <= reader->head || last <= journal_chain(reader->journal, hash);
}

/* There is no good batch at the offset: find the next one on this tape. */
static enum ch_status reader_resync(struct reader *reader)
{
	struct batch_head head;
	uint64_t offset = reader->offset;
	uint64_t end = tape_end(reader->tape);
	enum ch_status status;
	do {
		status = scan_find(reader->tape, NULL, offset + BATCH_ALIGN_BYTES, reader->position,
			&offset, &head);
	} while (status == CH_OK && !reader_fits(reader, &head));
	if (status == CH_END) {
		/* What is written later begins at what is the end now. */
		reader->offset = end;
		return reader_end_of_tape(reader);
	}
	if (status != CH_OK)
		return status;
	reader->offset = offset;
	return head.first > reader->position ? reader_skip(reader, head.first - 1) : CH_OK;
}

/* Takes up the batch at the offset, from its first entry on. */
static enum ch_status reader_take_batch(struct reader *reader, const struct batch_head *head)
{
	struct slice bytes;
	enum ch_status status = tape_view(reader->tape, reader->offset, head->length, &bytes);
	if (status != CH_OK)
		return status;
	reader->batch = *head;
	reader->rest = slice_sub(bytes, BATCH_HEAD_BYTES, head->entries_bytes);
	reader->at = head->first;
	return CH_OK;
}

static void reader_drop_batch(struct reader *reader)
{
	reader->offset += reader->batch.length;
	reader->rest = slice_of(NULL, 0);
}

/* One step towards the batch that holds the position: CH_OK when there may be another to take. */
static enum ch_status reader_step(struct reader *reader)
{
	struct batch_head head;
	struct slice bytes;
	if (reader->tape == NULL)
		return reader_place(reader);
	enum ch_status status = tape_view(reader->tape, reader->offset, BATCH_HEAD_BYTES, &bytes);
	if (status == CH_END)
		return reader_end_of_tape(reader);
	if (status == CH_OK)
		status = batch_get_head(
			bytes.data, tape_label(reader->tape)->epoch, tape_key(reader->tape), &head);
	if (status == CH_OK && batch_last(&head) < reader->position) {
		reader->offset += head.length;
		return CH_OK;
	}
	if (status == CH_OK && !reader_fits(reader, &head))
		status = CH_CORRUPT;
	if (status == CH_OK && head.first > reader->position)
		return reader_skip(reader, head.first - 1);
	if (status == CH_OK)
		status = reader_take_batch(reader, &head);
	if (status == CH_CORRUPT || status == CH_END)
		status = reader_resync(reader);
	if (status == CH_RETRY) {
		reader_rest(reader);
		return CH_OK;
	}
	return status;
}

/* ---- Which entry ---- */

static void reader_pass_entry(struct reader *reader, size_t bytes)
{
	reader->rest.data += bytes;
	reader->rest.len -= bytes;
	reader->at++;
}

/* The entry at the front of `rest` is damaged.  Only that one is lost when its length leads to a
 * good one or to the end of the batch, else all behind it too. */
static enum ch_status reader_damage(struct reader *reader, size_t bytes)
{
	struct journal_entry next;
	size_t next_bytes;
	uint64_t last = batch_last(&reader->batch);
	bool one = false;
	if (bytes > 0 && reader->at == last)
		one = bytes == reader->rest.len;
	else if (bytes > 0)
		one = batch_get_entry(slice_sub(reader->rest, bytes, SIZE_MAX), reader->at + 1,
			      &next, &next_bytes) == CH_OK;
	if (one) {
		last = reader->at;
		reader_pass_entry(reader, bytes);
	} else {
		reader_drop_batch(reader);
	}
	return last < reader->position ? CH_OK : reader_skip(reader, last);
}

enum ch_status reader_next(struct reader *reader, struct journal_entry *out_entry)
{
	struct journal_entry entry;
	size_t bytes;
	for (;;) {
		enum ch_status status;
		if (reader->rest.data == NULL) {
			reader->head = journal_head(reader->journal);
			if (reader->position > reader->head)
				return CH_END;
			status = reader_step(reader);
			if (status != CH_OK)
				return status;
			continue;
		}
		if (reader->at > batch_last(&reader->batch)) {
			reader_drop_batch(reader);
			continue;
		}
		status = batch_get_entry(reader->rest, reader->at, &entry, &bytes);
		if (status != CH_OK) {
			status = reader_damage(reader, bytes);
			if (status != CH_OK)
				return status;
			continue;
		}
		reader_pass_entry(reader, bytes);
		if (entry.sequence < reader->position)
			continue;
		reader->position = reader->at;
		*out_entry = entry;
		return CH_OK;
	}
}

/* ---- Seeking ---- */

enum ch_status reader_seek(struct reader *reader, uint64_t sequence)
{
	uint64_t first = journal_first(reader->journal);
	reader->position = sequence > 0 ? sequence : 1;
	reader->rest = slice_of(NULL, 0);
	/* A tape that holds it too need not be opened again. */
	if (reader->tape != NULL &&
		(reader->position < reader->volume.first ||
			reader->position > reader->volume.last ||
			tape_find(reader->tape, reader->position, &reader->offset) != CH_OK))
		reader_rest(reader);
	return reader->position < first ? reader_skip(reader, first - 1) : CH_OK;
}

/* Did an entry before this volume arrive at or after that time?  When it cannot be told, yes:
 * the search goes to an older one, and reading on from there finds the same entry. */
static enum ch_status reader_is_late(
	struct reader *reader, uint64_t first, int64_t arrival_us, bool *out_late)
{
	struct volume volume = {0};
	struct tape *tape = NULL;
	*out_late = true;
	enum ch_status status = catalog_find(&reader->journal->catalog, first, &volume);
	if (status == CH_OK)
		status = journal_open_tape(reader->journal, &volume, &tape);
	if (status == CH_OK)
		*out_late = tape_label(tape)->arrival_before_us >= arrival_us;
	tape_close(tape);
	volume_release(&volume);
	return status == CH_NOMEM ? CH_NOMEM : CH_OK;
}

/* The first sequence of the volume in which that time falls. */
static enum ch_status reader_find_volume(
	struct reader *reader, int64_t arrival_us, uint64_t *out_first)
{
	struct volume *volumes = NULL;
	size_t count;
	bool late;
	enum ch_status status = catalog_copy(&reader->journal->catalog, &volumes, &count);
	if (status != CH_OK)
		return status;
	size_t low = 1; /* the oldest is where it falls when all others are too late */
	size_t high = count;
	while (low < high && status == CH_OK) {
		size_t middle = low + (high - low) / 2;
		status = reader_is_late(reader, volumes[middle].first, arrival_us, &late);
		if (late)
			high = middle;
		else
			low = middle + 1;
	}
	if (status == CH_OK)
		*out_first = count > 0 ? volumes[low - 1].first : 1;
	free(volumes);
	return status;
}

/* Forward on the tape, to a batch not far before that time. */
static void reader_jump(struct reader *reader, int64_t arrival_us)
{
	struct batch_head head;
	struct slice bytes;
	uint64_t offset;
	reader->rest = slice_of(NULL, 0); /* looking elsewhere moves the tape's window */
	if (tape_find_time(reader->tape, arrival_us, &offset) == CH_OK &&
		tape_view(reader->tape, offset, BATCH_HEAD_BYTES, &bytes) == CH_OK &&
		batch_get_head(bytes.data, tape_label(reader->tape)->epoch, tape_key(reader->tape),
			&head) == CH_OK &&
		head.first > reader->position) {
		reader->offset = offset;
		reader->position = head.first;
	}
}

/* True when the position is the first entry that arrived at or after that time, or is damaged;
 * else it is one entry or one batch further. */
static bool reader_approach(struct reader *reader, int64_t arrival_us)
{
	struct journal_entry entry;
	size_t bytes;
	if (reader->batch.last_arrival_us < arrival_us || reader->at > batch_last(&reader->batch)) {
		if (reader->position <= batch_last(&reader->batch))
			reader->position = batch_last(&reader->batch) + 1;
		reader_drop_batch(reader);
		return false;
	}
	if (batch_get_entry(reader->rest, reader->at, &entry, &bytes) != CH_OK)
		return true;
	if (reader->at >= reader->position && entry.arrival_us >= arrival_us)
		return true;
	reader_pass_entry(reader, bytes);
	if (reader->position < reader->at)
		reader->position = reader->at;
	return false;
}

enum ch_status reader_seek_time(struct reader *reader, int64_t arrival_us)
{
	uint64_t first;
	enum ch_status status = reader_find_volume(reader, arrival_us, &first);
	if (status != CH_OK)
		return status;
	(void)reader_seek(reader, first); /* a gap before that time is not what was asked for */
	bool jumped = false;
	for (;;) {
		if (reader->rest.data != NULL) {
			if (reader_approach(reader, arrival_us))
				return CH_OK;
			continue;
		}
		reader->head = journal_head(reader->journal);
		if (reader->position > reader->head)
			return CH_OK;
		status = reader_step(reader);
		if (status != CH_OK && status != CH_GAP)
			return status;
		if (!jumped && reader->tape != NULL) {
			jumped = true;
			reader_jump(reader, arrival_us);
		}
	}
}
