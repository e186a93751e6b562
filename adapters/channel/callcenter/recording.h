/* Files of an exchange or a desk, whatever their kind, as the kit reads files: what `translate` shows, and what
 * the desks' drop folder takes.
 *
 *     a capture of the manager port   one call is one event
 *     a capture of FreeSWITCH's socket  the same
 *     queue_log                       one stay in a queue is one
 *     Master.csv                      one call is one
 *     JSON lines of a desk            one line is one */
#ifndef CALLCENTER_RECORDING_H
#define CALLCENTER_RECORDING_H

#include "channel/callcenter/call_event.h"
#include "channel/callcenter/survey.h"
#include "kit/format.h"

enum recording_kind {
	RECORDING_GUESS, /* by its first bytes */
	RECORDING_AMI,
	RECORDING_ESL,
	RECORDING_QUEUE_LOG,
	RECORDING_CDR,
	RECORDING_DESK,
};

/* The format's decoder. */
struct recording_options {
	enum recording_kind kind;
	struct call_names names;
	const struct zone *zone;           /* of the exchange's clock; NULL: UTC */
	const struct survey_rules *survey; /* NULL: none */
	bool live;                         /* also what calls came to before they were over */
};

/* Whether a stream that begins so is one of FreeSWITCH's event socket. */
bool recording_is_esl(struct slice head);

/* A capture with FILE.idx beside it has its times from there: offset, time and length of each recv, separated by
 * tabs.  Without, and without Timestamp lines, they are reckoned from ids and durations. */
extern const struct kit_format recording_format;

/* The word of the command line: "ami", "esl", "queue_log", "cdr", "desk".  False: none of them. */
bool recording_kind_parse(const char *word, enum recording_kind *out_kind);

#endif
