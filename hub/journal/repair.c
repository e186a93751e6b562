#include "journal/repair.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "journal/archiver.h"
#include "journal/inside.h"
#include "journal/scan.h"

struct repair {
	struct journal *journal;
	struct journal *source;
	struct chain *chain;
	struct repair_result result;
	uint64_t sequence; /* the next to be looked at */
	uint64_t head;
	bool linked; /* the hash in front of it is known */
	uint8_t hash[JOURNAL_HASH_BYTES];
};

/* Bytes of a segment where no good batch is, behind one that is. */
struct stretch {
	uint64_t from;  /* offsets */
	uint64_t to;    /* 0: nothing good follows, and nobody wrote down where the segment ends */
	uint64_t first; /* sequences */
	uint64_t last;
	uint8_t before[JOURNAL_HASH_BYTES]; /* the chain at either end; */
	uint8_t after[JOURNAL_HASH_BYTES];  /* not known when `to` is not */
};

static void repair_count(struct repair *repair, uint64_t first, uint64_t last, bool mended)
{
	struct repair_result *result = &repair->result;
	if (mended) {
		result->mended++;
		return;
	}
	if (result->damaged++ > 0)
		return;
	result->first = first;
	result->last = last;
}

/* The source's tape of what holds this sequence, from its beginning.  CH_NOT_FOUND: it has none. */
static enum ch_status repair_find_source(
	struct repair *repair, uint64_t sequence, struct volume *out_volume, struct tape **out_tape)
{
	struct volume volume = {0};
	struct tape *tape = NULL;
	enum ch_status status = catalog_find(&repair->source->catalog, sequence, &volume);
	if (status == CH_END || (status == CH_OK && volume.first > sequence))
		status = CH_NOT_FOUND;
	if (status == CH_OK)
		status = journal_open_tape(repair->source, &volume, &tape);
	if (status == CH_CORRUPT || status == CH_VERSION)
		status = CH_NOT_FOUND; /* as damaged as ours */
	if (status != CH_OK) {
		volume_release(&volume);
		return status;
	}
	*out_volume = volume;
	*out_tape = tape;
	return CH_OK;
}

/* ---- A stretch of a segment file ---- */

/* Does this batch end the stretch?  CH_NOT_FOUND: it goes beyond, or does not fit. */
static enum ch_status repair_is_last(
	const struct stretch *stretch, const struct scan *scan, bool *out_last)
{
	uint64_t last = batch_last(&scan->head);
	if (last > stretch->last || (stretch->to != 0 && scan->offset > stretch->to))
		return CH_NOT_FOUND;
	*out_last = last == stretch->last;
	if (!*out_last || stretch->to == 0)
		return CH_OK;
	return scan->offset == stretch->to &&
			       memcmp(scan->hash, stretch->after, sizeof(stretch->after)) == 0
		       ? CH_OK
		       : CH_NOT_FOUND;
}

/* Good batches of the source that fill the stretch and continue the chain at its ends; into `fd`
 * when that is not -1.  CH_NOT_FOUND: it has no such batches. */
static enum ch_status repair_copy_stretch(
	struct repair *repair, const struct stretch *stretch, struct tape *source, int fd)
{
	struct scan scan;
	uint64_t at = stretch->from;
	uint8_t hash[JOURNAL_HASH_BYTES];
	bool last = false;
	memcpy(hash, stretch->before, sizeof(hash));
	scan_begin(&scan, source, repair->chain);
	while (!last) {
		enum ch_status status = scan_next(&scan);
		if (status == CH_END)
			return CH_NOT_FOUND;
		if (status == CH_GAP || (status == CH_OK && scan.offset <= stretch->from))
			continue;
		if (status != CH_OK)
			return status;
		if (scan.at != at || memcmp(scan.head.before, hash, sizeof(hash)) != 0)
			return CH_NOT_FOUND;
		status = repair_is_last(stretch, &scan, &last);
		if (status == CH_OK && fd >= 0)
			status = file_write_at(fd, scan.bytes.data, scan.bytes.len, at);
		if (status != CH_OK)
			return status;
		at = scan.offset;
		memcpy(hash, scan.hash, sizeof(hash));
	}
	return CH_OK;
}

static enum ch_status repair_write_stretch(struct repair *repair, const struct stretch *stretch,
	const struct segment *segment, struct tape *source)
{
	char name[SEGMENT_NAME_BYTES];
	/* All is read and checked before the first byte is written. */
	enum ch_status status = repair_copy_stretch(repair, stretch, source, -1);
	if (status != CH_OK)
		return status;
	segment_name(segment->epoch, name);
	int fd = openat(repair->journal->dir_fd, name, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return file_status();
	status = repair_copy_stretch(repair, stretch, source, fd);
	if (status == CH_OK)
		status = file_sync(fd);
	(void)close(fd); /* synced */
	return status;
}

static enum ch_status repair_stretch(
	struct repair *repair, const struct stretch *stretch, struct segment *segment)
{
	struct volume volume = {0};
	struct tape *source = NULL;
	enum ch_status status = repair_find_source(repair, stretch->first, &volume, &source);
	/* The same use of the same file, or offsets mean nothing. */
	if (status == CH_OK && (tape_label(source)->epoch != segment->label.epoch ||
				       tape_label(source)->salt != segment->label.salt))
		status = CH_NOT_FOUND;
	if (status == CH_OK)
		status = repair_write_stretch(repair, stretch, segment, source);
	tape_close(source);
	volume_release(&volume);
	if (status != CH_OK && status != CH_NOT_FOUND)
		return status;
	repair_count(repair, stretch->first, stretch->last, status == CH_OK);
	if (status == CH_OK)
		segment->damaged = false;
	return CH_OK;
}

/* The stretch behind the last good batch, when the segment should hold more. */
static struct stretch repair_rest(const struct scan *scan, uint64_t last)
{
	const struct label *label = tape_label(scan->tape);
	struct stretch stretch = {
		.from = scan->offset,
		.to = label->sealed ? label->end : 0,
		.first = scan->sequence,
		.last = last,
	};
	memcpy(stretch.before, scan->hash, sizeof(stretch.before));
	memcpy(stretch.after, label->after, sizeof(stretch.after));
	return stretch;
}

/* One segment, up to `last`. */
static enum ch_status repair_segment(
	struct repair *repair, const struct volume *volume, struct tape *tape, uint64_t last)
{
	struct scan scan;
	struct stretch stretch;
	scan_begin(&scan, tape, repair->chain);
	while (scan.sequence <= last) {
		stretch.from = scan.offset;
		memcpy(stretch.before, scan.hash, sizeof(scan.hash));
		enum ch_status status = scan_next(&scan);
		if (status == CH_GAP) {
			stretch.to = scan.offset;
			stretch.first = scan.gap_first;
			stretch.last = scan.gap_last;
			memcpy(stretch.after, scan.hash, sizeof(scan.hash));
			status = repair_stretch(repair, &stretch, volume->segment);
		} else if (status == CH_OK && scan.unlinked) {
			repair_count(repair, scan.head.first, batch_last(&scan.head), false);
		} else if (status == CH_END) {
			stretch = repair_rest(&scan, last);
			repair->linked = false;
			return repair_stretch(repair, &stretch, volume->segment);
		}
		if (status != CH_OK)
			return status;
	}
	memcpy(repair->hash, scan.hash, sizeof(repair->hash));
	repair->linked = true;
	return CH_OK;
}

/* ---- Whole archive files ---- */

/* An archive file of what the source has of exactly this volume.  CH_NOT_FOUND: it has not. */
static enum ch_status repair_store(
	struct repair *repair, uint64_t first, uint64_t last, struct volume *out_volume)
{
	struct volume volume = {0};
	struct tape *tape = NULL;
	enum ch_status status = repair_find_source(repair, first, &volume, &tape);
	if (status != CH_OK)
		return status;
	if (volume.first != first || tape_label(tape)->base != first || volume.last < last ||
		(repair->linked &&
			memcmp(repair->hash, tape_label(tape)->before, sizeof(repair->hash)) != 0))
		status = CH_NOT_FOUND;
	if (status == CH_OK) {
		struct archiver_order order = {tape, repair->chain, last, false};
		status = archiver_store(repair->journal->archive_fd, &order, out_volume);
	}
	tape_close(tape);
	volume_release(&volume);
	return status == CH_CORRUPT || status == CH_END ? CH_NOT_FOUND : status;
}

static bool repair_is_good(struct repair *repair, const struct volume *volume, struct tape *tape)
{
	struct scan scan;
	enum ch_status status;
	scan_begin(&scan, tape, repair->chain);
	do {
		status = scan_next(&scan);
	} while (status == CH_OK && !scan.unlinked && scan.sequence <= volume->last);
	memcpy(repair->hash, scan.hash, sizeof(repair->hash));
	return status == CH_OK && !scan.unlinked;
}

static enum ch_status repair_archive(
	struct repair *repair, const struct volume *volume, struct tape *tape)
{
	struct volume stored;
	uint8_t before[JOURNAL_HASH_BYTES];
	bool linked = repair->linked;
	memcpy(before, repair->hash, sizeof(before));
	repair->linked = true;
	if (tape != NULL && repair_is_good(repair, volume, tape))
		return CH_OK;
	/* The hash in front of it decides whether the source's file belongs here. */
	memcpy(repair->hash, before, sizeof(before));
	repair->linked = linked;
	enum ch_status status = repair_store(repair, volume->first, volume->last, &stored);
	repair->linked = false;
	if (status != CH_OK && status != CH_NOT_FOUND)
		return status;
	repair_count(repair, volume->first, volume->last, status == CH_OK);
	return CH_OK;
}

/* Files that are missing: as many of the source's as fit in from the front. */
static enum ch_status repair_hole(struct repair *repair, uint64_t last)
{
	struct volume next;
	struct volume stored;
	uint64_t first = repair->sequence;
	enum ch_status status = CH_OK;
	while (status == CH_OK && repair->sequence <= last) {
		status = catalog_find(&repair->source->catalog, repair->sequence, &next);
		if (status == CH_OK) {
			volume_release(&next); /* its figures are all that is wanted */
			status = next.last <= last ? repair_store(repair, repair->sequence,
							     next.last, &stored)
						   : CH_NOT_FOUND;
		}
		if (status == CH_OK)
			status = catalog_insert(&repair->journal->catalog, &stored);
		if (status == CH_OK)
			repair->sequence = stored.last + 1;
		repair->linked = false;
	}
	if (status != CH_OK && status != CH_NOT_FOUND && status != CH_END)
		return status;
	if (repair->sequence > first)
		repair_count(repair, first, repair->sequence - 1, true);
	if (repair->sequence <= last)
		repair_count(repair, repair->sequence, last, false);
	repair->sequence = last + 1;
	return CH_OK;
}

/* ---- All of it ---- */

static enum ch_status repair_volume(struct repair *repair, const struct volume *volume)
{
	struct tape *tape = NULL;
	uint64_t last = volume->last < repair->head ? volume->last : repair->head;
	enum ch_status status = journal_open_tape(repair->journal, volume, &tape);
	if (status == CH_OK && volume->segment != NULL)
		status = repair_segment(repair, volume, tape, last);
	else if (volume->segment == NULL &&
		 (status == CH_OK || status == CH_CORRUPT || status == CH_NOT_FOUND))
		status = repair_archive(repair, volume, tape);
	tape_close(tape);
	repair->sequence = last + 1;
	return status;
}

static enum ch_status repair_history(struct repair *repair)
{
	struct volume volume = {0};
	enum ch_status status = CH_OK;
	repair->sequence = journal_removed(repair->journal, repair->hash) + 1;
	repair->linked = true;
	while (status == CH_OK && repair->sequence <= repair->head) {
		status = catalog_find(&repair->journal->catalog, repair->sequence, &volume);
		if (status != CH_OK)
			break;
		if (volume.first > repair->sequence)
			status = repair_hole(repair, volume.first - 1);
		else
			status = repair_volume(repair, &volume);
		volume_release(&volume);
	}
	atomic_store_explicit(&repair->journal->first, catalog_first(&repair->journal->catalog),
		memory_order_release);
	return status;
}

enum ch_status repair_run(
	struct journal *journal, const char *dir, struct repair_result *out_result)
{
	struct repair repair = {.journal = journal, .head = journal_head(journal)};
	struct journal_options options = {.dir = dir, .read_only = true};
	enum ch_status status = chain_create(&repair.chain);
	if (status == CH_OK)
		status = journal_open(&options, &repair.source, NULL);
	if (status == CH_OK)
		status = repair_history(&repair);
	if (status == CH_OK)
		*out_result = repair.result;
	journal_close(repair.source);
	chain_free(repair.chain);
	return status;
}
