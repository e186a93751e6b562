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

#include "channel/parts/segment.h"
#include "kit/charset.h"

struct marks {
	uint8_t component;
	uint8_t element;
	uint8_t decimal;
	uint8_t release;    /* 0: none */
	uint8_t repetition; /* 0: none */
	uint8_t terminator;
};

/* ":+.? '" without a repetition mark, until a header says otherwise. */
extern const struct marks marks_edifact;

/* All different, and none a letter, digit or blank (the absent ones apart). */
bool marks_are_sound(const struct marks *marks);

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

/* The next segment in `window`, which begins where the last one ended.  CH_OK: *out_segment, valid until
 * the next call or the window's end, and *out_used bytes are done with.  CH_END: the window holds no whole
 * segment; with `last` nothing but blanks is left.  CH_FORMAT, with `last`: the last segment has no end.
 * CH_TOO_LARGE: over LIMIT_PARTS_SEGMENT_BYTES.  CH_NOMEM. */
enum ch_status scanner_next(struct scanner *scanner, struct slice window, bool last,
	const struct segment **out_segment, size_t *out_used);

/* The same over bytes that are all there: *rest loses what was used.  A segment without an end is
 * CH_FORMAT. */
enum ch_status scanner_take(
	struct scanner *scanner, struct slice *rest, const struct segment **out_segment);

/* The same, but what is plain text throughout is not cut yet: (*out_segment)->cut is false, and its place and
 * tag are all that it tells. */
enum ch_status scanner_pass(
	struct scanner *scanner, struct slice *rest, const struct segment **out_segment);

/* Cuts the segment given last, if it is not. */
void scanner_cut(struct scanner *scanner);

/* What scanner_pass found out of a segment, for whoever looks at it twice: 64 bytes are cut by it without being
 * looked at again. */
struct seam {
	uint64_t cuts;    /* its marks, a bit for each byte */
	uint32_t skipped; /* in front of it */
	uint32_t len;     /* without its terminator; UINT32_MAX: not known, look again */
};

/* Of the segment given last. */
struct seam scanner_seam(const struct scanner *scanner);

/* As scanner_pass, of the same bytes as when `seam` was told, and by the same marks. */
enum ch_status scanner_pass_again(struct scanner *scanner, const struct seam *seam,
	struct slice *rest, const struct segment **out_segment);

/* The segment given last, for whoever numbers it. */
struct segment *scanner_segment(struct scanner *scanner);

#endif
