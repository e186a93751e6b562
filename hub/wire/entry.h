/* The body of a journal entry: an admitted input byte for byte, what was decided about it, and its
 * effects.  Personal bytes stand in parts of their own.  docs/formats.md shows every byte. */
#ifndef WIRE_ENTRY_H
#define WIRE_ENTRY_H

#include <stdint.h>

#include "base/slice.h"

#define ENTRY_FINGERPRINT_BYTES 16
#define ENTRY_DIGEST_BYTES      8

/* Numbers are stored. */
enum entry_kind {
	ENTRY_INPUT = 1,    /* an event from a peer */
	ENTRY_CLOCK = 2,    /* deadlines fell due; no input bytes */
	ENTRY_SETTINGS = 3, /* rules' settings changed; the input is the settings' text */
	ENTRY_OPERATOR = 4, /* a person's decision, as an event of hub.proto */
};

enum entry_outcome {
	ENTRY_ACCEPTED = 1,
	ENTRY_QUARANTINED = 2,
	ENTRY_CONFLICT = 3,
};

struct entry {
	uint8_t kind;
	uint8_t outcome;
	uint8_t reason; /* ch_status, when not accepted */
	uint16_t rules_version;
	uint16_t type;        /* id in wire/types; 0: not known */
	uint16_t source_code; /* in the fold's dictionary; 0: none */
	int64_t occurred_us;  /* as told, corrected by the sender's clock; 0: not known */
	uint64_t customer;    /* filed under; 0: nobody */
	uint64_t refers_to;   /* of a conflict the first sequence; else the entry it corrects */
	uint8_t fingerprint[ENTRY_FINGERPRINT_BYTES]; /* of (source, id) */
	uint8_t digest[ENTRY_DIGEST_BYTES];
	struct slice peer;           /* the publisher's name: decided under his rules */
	struct slice corrected_by;   /* the operator who sent it in his place; empty: nobody */
	struct slice input;          /* open part of the Event */
	struct slice input_personal; /* its personal part */
	struct slice effects;
	struct slice effects_personal;
	struct slice derived; /* see derived_next */
	struct slice derived_personal;
	struct slice detail; /* field at fault of one that was not accepted */
};

/* Appends the encoded body.  A name is cut at 64 bytes: no peer has a longer one. */
void entry_encode(const struct entry *entry, struct buffer *out);

#define ENTRY_HEAD_MAX 256
/* The same without copying the parts: writes the head and both names into `head` and the order of the
 * parts into `parts` (8 slices, the first is the head); returns their number. */
size_t entry_parts(const struct entry *entry, uint8_t head[ENTRY_HEAD_MAX], struct slice parts[8]);

/* Also of the format before.  CH_FORMAT, CH_VERSION. */
enum ch_status entry_parse(struct slice body, struct entry *out_entry);

/* Appends the input as one Event again: the open part with the personal field behind it. */
void entry_event(const struct entry *entry, struct buffer *out);

/* One derived event of an entry. */
struct derived {
	uint16_t type;
	bool before; /* delivered ahead of the input */
	struct slice subject;
	struct slice data; /* fields below 100 */
	struct slice personal;
};

void derived_add(struct buffer *open, struct buffer *personal, const struct derived *derived);

struct derived_reader {
	struct slice open;
	struct slice personal;
	size_t at;
	size_t personal_at;
	enum ch_status status;
};
struct derived_reader derived_read(struct slice open, struct slice personal);
bool derived_next(struct derived_reader *reader, struct derived *out_derived);

#endif
