/* Verify: reads the whole history as recovery reads its tail, every CRC, sequence and link, across
 * segments and archive files, from where retention cut it to the head. */
#include <inttypes.h>
#include <stdio.h>

#include "journal/archive.h"
#include "journal/inside.h"
#include "journal/keeper.h"
#include "journal/scan.h"

#define VERIFY_PROGRESS_BYTES (64u * 1024u * 1024u)

struct verify {
	struct journal *journal;
	struct chain *chain;
	void (*progress)(void *context, uint64_t sequence, uint64_t head);
	void *context;
	uint64_t head;
	uint64_t reported_bytes;
	struct verify_result result;

	uint64_t sequence; /* the next to be seen */
	bool linked;       /* the hash in front of it is known */
	uint8_t hash[JOURNAL_HASH_BYTES];
};

static void verify_name(const struct volume *volume, char out[ARCHIVE_NAME_BYTES])
{
	if (volume->segment != NULL)
		segment_name(volume->segment->epoch, out);
	else
		archive_name(volume->first, volume->last, out);
}

static void verify_bad(struct verify *verify, uint64_t first, uint64_t last,
	const struct volume *volume, uint64_t offset, const char *what)
{
	char name[ARCHIVE_NAME_BYTES];
	struct verify_result *result = &verify->result;
	if (result->bad_places++ > 0)
		return;
	verify_name(volume, name);
	result->bad_first = first;
	result->bad_last = last;
	(void)snprintf(result->where, sizeof(result->where), "%s offset %" PRIu64 ": %s", name,
		offset, what);
}

/* The chain goes on unknown behind what could not be read. */
static void verify_jump(struct verify *verify, uint64_t sequence)
{
	verify->sequence = sequence;
	verify->linked = false;
}

static void verify_batch(
	struct verify *verify, const struct scan *scan, const struct volume *volume)
{
	const struct batch_head *head = &scan->head;
	if (batch_last(head) < verify->sequence)
		return; /* seen before the segment's file got another use */
	if (verify->linked && memcmp(verify->hash, head->before, sizeof(verify->hash)) != 0)
		verify_bad(verify, head->first, batch_last(head), volume, scan->at,
			"does not continue the hash chain");
	verify->sequence = batch_last(head) + 1;
	verify->linked = true;
	memcpy(verify->hash, head->after, sizeof(verify->hash));
	verify->result.entries += head->count;
	verify->result.bytes += head->length;
	if (verify->progress != NULL &&
		verify->result.bytes - verify->reported_bytes >= VERIFY_PROGRESS_BYTES) {
		verify->reported_bytes = verify->result.bytes;
		verify->progress(verify->context, verify->sequence - 1, verify->head);
	}
}

/* One tape, from the sequence up to `last`.  CH_OK: it was read to there, whatever was found. */
static enum ch_status verify_tape(
	struct verify *verify, struct tape *tape, const struct volume *volume, uint64_t last)
{
	struct scan scan;
	scan_begin(&scan, tape, verify->chain);
	while (verify->sequence <= last) {
		enum ch_status status = scan_next(&scan);
		if (status == CH_OK) {
			verify_batch(verify, &scan, volume);
		} else if (status == CH_GAP) {
			if (scan.gap_last < verify->sequence)
				continue;
			verify_bad(
				verify, scan.gap_first, scan.gap_last, volume, scan.at, "damaged");
			verify_jump(verify, scan.sequence);
		} else if (status == CH_END) {
			verify_bad(verify, verify->sequence, last, volume, scan.offset,
				"ends too early");
			verify_jump(verify, last + 1);
		} else {
			return status;
		}
	}
	if (last == volume->last && verify->sequence > last + 1) {
		/* No reason to pass over what other files hold. */
		verify_bad(verify, last + 1, verify->sequence - 1, volume, scan.at,
			"goes on behind the end of its segment");
		verify_jump(verify, last + 1);
	}
	return CH_OK;
}

static bool verify_is_still_there(struct verify *verify, const struct volume *volume)
{
	struct volume again = {0};
	bool same = catalog_find(&verify->journal->catalog, verify->sequence, &again) == CH_OK &&
		    again.first == volume->first && again.segment == volume->segment;
	volume_release(&again);
	return same;
}

/* What holds the next sequence, or what is behind a hole there. */
static enum ch_status verify_volume(struct verify *verify)
{
	struct volume volume = {0};
	struct tape *tape = NULL;
	uint8_t removed_hash[JOURNAL_HASH_BYTES];
	enum ch_status status = catalog_find(&verify->journal->catalog, verify->sequence, &volume);
	if (status == CH_END) {
		verify_jump(verify, verify->head + 1);
		return CH_OK;
	}
	uint64_t last = volume.last < verify->head ? volume.last : verify->head;
	if (volume.first > verify->sequence) {
		/* Missing, unless retention has been here meanwhile. */
		if (journal_removed(verify->journal, removed_hash) < verify->sequence)
			verify_bad(verify, verify->sequence, volume.first - 1, &volume, 0,
				"the file before it is missing");
		verify_jump(verify, volume.first);
		goto out;
	}
	status = journal_open_tape(verify->journal, &volume, &tape);
	if (status == CH_OK)
		status = verify_tape(verify, tape, &volume, last);
	if (status == CH_RETRY) {
		status = CH_OK; /* its file has another use now: look again */
	} else if (status == CH_NOT_FOUND || status == CH_CORRUPT || status == CH_VERSION) {
		if (verify_is_still_there(verify, &volume)) {
			verify_bad(verify, verify->sequence, last, &volume, 0, "cannot be read");
			verify_jump(verify, last + 1);
		}
		status = CH_OK; /* or the keeper was here: look again */
	}
out:
	tape_close(tape);
	volume_release(&volume);
	return status;
}

enum ch_status keeper_verify(struct journal *journal,
	void (*progress)(void *context, uint64_t sequence, uint64_t head), void *context,
	struct verify_result *out_result)
{
	struct verify verify = {
		.journal = journal,
		.progress = progress,
		.context = context,
		.head = journal_head(journal),
		.linked = true,
	};
	enum ch_status status = chain_create(&verify.chain);
	if (status != CH_OK)
		return status;
	verify.sequence = journal_removed(journal, verify.hash) + 1;
	while (status == CH_OK && verify.sequence <= verify.head)
		status = verify_volume(&verify);
	chain_free(verify.chain);
	if (status != CH_OK)
		return status;
	*out_result = verify.result;
	return verify.result.bad_places > 0 ? CH_CORRUPT : CH_OK;
}
