/* What can be wrong with an interchange, whichever standard it is in, with the codes by which its sender is
 * told: UN/EDIFACT data element 0085 (ISO 9735), and X12's own for TA1, AK3, AK4, AK5 and AK9. */
#ifndef PARTS_FLAW_H
#define PARTS_FLAW_H

#include "base/slice.h"

enum flaw_kind {
	FLAW_NONE,
	FLAW_VERSION,   /* syntax version not supported */
	FLAW_VALUE,     /* a value that is not allowed there */
	FLAW_DATE,      /* the same, of a date or time */
	FLAW_NUMBER,    /* the same, of a number */
	FLAW_MISSING,   /* what must be there is not */
	FLAW_TRAILER,   /* the same, of UNT, UNE, UNZ, SE, GE, IEA: something is cut off */
	FLAW_TOO_MANY,  /* more than is taken */
	FLAW_AGREEMENT, /* a type of message that is not carried here */
	FLAW_REFUSED,   /* the hub would not take it */
	FLAW_MARKS,     /* characters that cannot serve as marks */
	FLAW_CHARACTER, /* bytes that are no text in the charset that was declared */
	FLAW_TEST,      /* a test, where none are taken */
	FLAW_RECIPIENT, /* for somebody else */
	FLAW_DUPLICATE, /* came before */
	FLAW_REFERENCE, /* header and trailer do not name the same */
	FLAW_COUNT,     /* the trailer's count is wrong */
	FLAW_MIXED,     /* groups and bare messages beside one another */
	FLAW_EMPTY,     /* nothing is in it */
	FLAW_OUTSIDE,   /* a segment outside any message */
	FLAW_TOO_LONG,  /* a segment or value is too long */
	FLAW_CHARSET,   /* a charset that is not known here */
	FLAW_KINDS
};

struct flaw {
	enum flaw_kind kind;
	uint64_t offset;    /* of the byte in the file */
	uint32_t segment;   /* position in its message, the header is 1; 0: none */
	uint16_t element;   /* in the segment, the first behind the tag is 1; 0: about the whole */
	uint16_t component; /* in the element; 0: about the whole */
	char tag[4];        /* of the segment */
	const char *words;  /* more for people, constant text; may be NULL */
};

struct flaw_codes {
	const char *words;
	const char *edifact; /* 0085 */
	const char *note;    /* X12 TA105 */
	const char *group;   /* AK905 */
	const char *set;     /* AK502 */
	const char *segment; /* AK304, when the flaw is about the whole segment */
	const char *element; /* AK403 */
};

const struct flaw_codes *flaw_codes(enum flaw_kind kind);

/* Appends "byte 812, segment 14 (QTY), element 1:2: not a number (0085 12)". */
void flaw_describe(const struct flaw *flaw, struct buffer *out);

#endif
