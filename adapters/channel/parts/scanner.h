/* Cuts the bytes of an interchange into segments: UN/EDIFACT of the syntax versions 1 to 4 (ISO 9735) and
 * X12, which differ in their marks only.
 *
 *     UNA:+.? '                component, element, decimal, release, repetition, terminator
 *     ISA*00* ... *^*00501* ... *:~
 *
 * What the field does to files is undone here: line ends are no data and vanish wherever a sender's or
 * carrier's software has wrapped the text, in the middle of a tag as well, unless one is the terminator
 * itself.  A value is decoded by the charset that the header declares.
 *
 * A scanner owns no input: it is shown a window of bytes, and says how many it has used.  The same bytes in
 * any pieces give the same segments.  One thread at a time. */
#ifndef PARTS_SCANNER_H
#define PARTS_SCANNER_H

#include "channel/parts/marks.h"
#include "channel/parts/segment.h"
#include "kit/charset.h"

struct scanner;

enum ch_status scanner_create(struct scanner **out_scanner); /* CH_NOMEM */
void scanner_free(struct scanner *scanner);

/* From here on bytes stand at `offset` of their file and are cut by these marks. */
void scanner_begin(struct scanner *scanner, const struct marks *marks, uint64_t offset);

/* A repetition mark, once the version is known; 0: none. */
void scanner_set_repetition(struct scanner *scanner, uint8_t repetition);

/* What bytes outside ASCII are.  Without, and after scanner_begin, they are a flaw.  CH_NOMEM,
 * CH_UNSUPPORTED. */
enum ch_status scanner_set_charset(struct scanner *scanner, enum charset charset);

/* The next segment in `window`, which begins where the last one ended.  CH_OK: *out_segment, listed, valid
 * until the next call or the window's end, and *out_used bytes are done with.  CH_END: the window holds no
 * whole segment; with `last` nothing but blanks is left.  CH_FORMAT, with `last`: the last segment has no end.
 * CH_TOO_LARGE: over LIMIT_PARTS_SEGMENT_BYTES.  CH_NOMEM. */
enum ch_status scanner_next(struct scanner *scanner, struct slice window, bool last,
	const struct segment **out_segment, size_t *out_used);

/* ---- Over bytes that are all there ---- */

/* The next segment: *rest loses what was used.  A segment without an end is CH_FORMAT.  Its form is any:
 * whoever wants values says so by scanner_cut. */
enum ch_status scanner_pass(
	struct scanner *scanner, struct slice *rest, const struct segment **out_segment);

/* The same, and listed. */
enum ch_status scanner_take(
	struct scanner *scanner, struct slice *rest, const struct segment **out_segment);

/* From here on the values of the segment given last may be asked for. */
void scanner_cut(struct scanner *scanner);

/* The segment given last, for whoever numbers it. */
struct segment *scanner_segment(struct scanner *scanner);

/* ---- For whoever looks at segments twice ---- */

/* What is kept of a segment, so that it is not looked for again. */
struct seam {
	uint64_t cuts; /* as the segment's; 0: it is not plain, and must be cut again */
	uint64_t opens;
	struct short_code name;
	uint32_t at; /* behind the first byte of its message */
};

/* Of the segment given last. */
struct seam scanner_seam(const struct scanner *scanner, uint64_t message_offset);

/* Passes over plain segments, as many as come one after another, `room` at most, and notes their seams.  The next
 * one may be another, or of the envelope, whose tags all begin with UN, or not be there.  *rest loses what was
 * used.  How many they are. */
size_t scanner_sweep(struct scanner *scanner, struct slice *rest, uint64_t message_offset,
	struct seam *out_seams, size_t room);

/* The segment of that seam once more, ready for its values and numbered; `message` are the message's bytes, which
 * stand at `message_offset`.  CH_NOMEM; CH_INTERNAL: it was never there. */
enum ch_status scanner_recall(struct scanner *scanner, const struct seam *seam, uint32_t position,
	struct slice message, uint64_t message_offset, const struct segment **out_segment);

#endif
