/* What an Asterisk exchange writes on its manager port (AMI), made into messages.
 *
 *     Asterisk Call Manager/13.0.0                      the banner, once
 *     Event: AgentCalled                                a message: lines, then an empty one
 *     Uniqueid: cc01-1795290136.3
 *     CallerIDName: O'Brien, Pat: home
 *
 * Bytes go in as they come from the socket, cut anywhere; messages come out.  The wire as it really is:
 *
 *   - Keys are told apart whatever their case, keep their order, and may come again (Variable, Output).
 *   - A line is cut at its first ": ", else at its first ":".  A line without any is a key without value.
 *     Values are anybody's bytes: colons, quotes, no UTF-8.
 *   - The first Event or Response line says what a message is.  A later one is a value that somebody has
 *     put there, in a UserEvent say, and counts for nothing.
 *   - Lines end with CRLF or LF.
 *   - Exchanges before Asterisk 14 answer a Command with lines of its output as they are, empty ones too,
 *     up to --END COMMAND--; they come out as Output, as newer ones write them.
 *
 * A message over a bound is passed over to its end and told as CH_TOO_LARGE: memory stays bounded
 * whatever comes, and what follows is read. */
#ifndef CALLCENTER_AMI_H
#define CALLCENTER_AMI_H

#include <stdbool.h>

#include "base/slice.h"

enum ami_kind {
	AMI_BANNER,   /* name: "Asterisk Call Manager/13.0.0" */
	AMI_EVENT,    /* name: of the event */
	AMI_RESPONSE, /* name: Success, Error, Goodbye ... */
	AMI_OTHER,    /* neither: a client's own Action in a capture, say */
};

struct ami_field {
	struct slice key;
	struct slice value;
};

struct ami_message {
	enum ami_kind kind;
	struct slice name;
	const struct ami_field *fields; /* all lines in order, the one with the name too */
	size_t count;
	uint64_t offset; /* of its first byte in the stream */
};

/* The first value under the key, whatever its case; empty when there is none. */
struct slice ami_get(const struct ami_message *message, const char *key);

/* Whether `text` is that word, whatever its case. */
bool ami_is(struct slice text, const char *word);

struct ami_reader;

enum ch_status ami_reader_create(struct ami_reader **out_reader); /* CH_NOMEM */
void ami_reader_free(struct ami_reader *reader);

/* More bytes of the stream, copied.  CH_NOMEM.  Whoever calls ami_reader_next to CH_END in between never
 * has more held than one message. */
enum ch_status ami_reader_feed(struct ami_reader *reader, struct slice bytes);

/* CH_OK: *out_message, valid until the next call of either.  CH_END: more bytes are needed.
 * CH_TOO_LARGE: a message over LIMIT_AMI_LINE_BYTES, _MESSAGE_BYTES or _FIELDS was passed over; go on.
 * CH_NOMEM. */
enum ch_status ami_reader_next(struct ami_reader *reader, struct ami_message *out_message);

/* The stream has ended inside a message. */
bool ami_reader_is_within(const struct ami_reader *reader);

#endif
