#include "journal/scan.h"

void scan_begin(struct scan *scan, struct tape *tape, struct chain *chain)
{
	const struct label *label = tape_label(tape);
	*scan = (struct scan){
		.tape = tape,
		.chain = chain,
		.offset = SEGMENT_PAGE_BYTES,
		.sequence = label->base,
		.arrival_us = label->arrival_before_us,
	};
	memcpy(scan->hash, label->before, sizeof(scan->hash));
}

/* The batch at `offset`; its bytes too, checked, when there is a chain to check them with.  What
 * cannot be a batch of this segment is CH_CORRUPT. */
static enum ch_status scan_batch(struct tape *tape, struct chain *chain, uint64_t offset,
	struct batch_head *out_head, struct slice *out_bytes)
{
	struct batch_head head;
	struct slice bytes;
	enum ch_status status = tape_view(tape, offset, BATCH_HEAD_BYTES, &bytes);
	if (status == CH_OK)
		status = batch_get_head(bytes.data, tape_label(tape)->epoch, tape_key(tape), &head);
	if (status == CH_OK && chain == NULL && head.length > tape_end(tape) - offset)
		status = CH_CORRUPT;
	if (status == CH_OK && chain != NULL) {
		status = tape_view(tape, offset, head.length, &bytes);
		if (status == CH_OK)
			status = batch_check(&head, bytes, chain);
	}
	if (status != CH_OK)
		return status == CH_END ? CH_CORRUPT : status;
	*out_head = head;
	*out_bytes = bytes;
	return CH_OK;
}

enum ch_status scan_find(struct tape *tape, struct chain *chain, uint64_t offset, uint64_t sequence,
	uint64_t *out_offset, struct batch_head *out_head)
{
	struct batch_head head;
	struct slice bytes;
	for (;;) {
		/* A look at the bytes first: 64 at a time, most places claim nothing. */
		enum ch_status status = tape_view(tape, offset, BATCH_HEAD_BYTES, &bytes);
		if (status == CH_CORRUPT) {
			offset = tape_skip(tape, offset);
			continue;
		}
		if (status != CH_OK)
			return status;
		if (batch_claims(bytes.data, tape_label(tape)->epoch)) {
			status = scan_batch(tape, chain, offset, &head, &bytes);
			if (status == CH_OK && batch_last(&head) >= sequence) {
				*out_offset = offset;
				*out_head = head;
				return CH_OK;
			}
			if (status != CH_OK && status != CH_CORRUPT)
				return status;
		}
		offset += BATCH_ALIGN_BYTES;
	}
}

/* Something is wrong at scan->offset: is there anything good behind it? */
static enum ch_status scan_gap(struct scan *scan)
{
	struct batch_head head;
	uint64_t offset = scan->offset;
	for (;; offset += BATCH_ALIGN_BYTES) {
		enum ch_status status =
			scan_find(scan->tape, scan->chain, offset, scan->sequence, &offset, &head);
		if (status != CH_OK)
			return status;
		if (head.first >= scan->sequence)
			break; /* one that goes back over what was read is no continuation */
	}
	scan->at = scan->offset;
	scan->offset = offset;
	scan->gap_first = scan->sequence;
	scan->gap_last = head.first - 1;
	/* A stretch of no sequence is odd bytes between two batches: still damage, named by the
	 * sequence that it stands before. */
	if (scan->gap_last < scan->gap_first)
		scan->gap_last = scan->gap_first;
	scan->sequence = head.first;
	scan->arrival_us = head.first_arrival_us;
	memcpy(scan->hash, head.before, sizeof(scan->hash)); /* nothing to compare it with */
	return CH_GAP;
}

enum ch_status scan_next(struct scan *scan)
{
	struct batch_head head;
	struct slice bytes;
	enum ch_status status = scan_batch(scan->tape, scan->chain, scan->offset, &head, &bytes);
	if (status == CH_OK &&
		(head.first != scan->sequence || head.first_arrival_us < scan->arrival_us))
		status = CH_CORRUPT;
	if (status == CH_CORRUPT)
		return scan_gap(scan);
	if (status != CH_OK)
		return status;
	scan->unlinked = memcmp(head.before, scan->hash, sizeof(scan->hash)) != 0;
	scan->at = scan->offset;
	scan->head = head;
	scan->bytes = bytes;
	scan->offset += head.length;
	scan->sequence = batch_last(&head) + 1;
	scan->arrival_us = head.last_arrival_us;
	memcpy(scan->hash, head.after, sizeof(scan->hash));
	return CH_OK;
}
