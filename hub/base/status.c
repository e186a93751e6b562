#include "base/status.h"

#include <stddef.h>

static const struct {
	const char *name;
	const char *text;
} statuses[] = {
	[CH_OK] = {"ok", "done"},
	[CH_END] = {"end", "nothing more for now"},
	[CH_TIMEOUT] = {"timeout", "the given time passed first"},
	[CH_NOMEM] = {"no_memory", "memory ran out"},
	[CH_IO] = {"io", "a read, write or sync failed"},
	[CH_FULL] = {"full", "a bound or the disk is full"},
	[CH_NOT_FOUND] = {"not_found", "no such thing"},
	[CH_EXISTS] = {"exists", "already there"},
	[CH_INVALID] = {"invalid", "a value is not allowed"},
	[CH_CORRUPT] = {"corrupt", "stored bytes fail their check"},
	[CH_FORMAT] = {"format", "bytes cannot be read as what they claim to be"},
	[CH_TOO_LARGE] = {"too_large", "larger than its bound"},
	[CH_DENIED] = {"denied", "the peer has no right to this"},
	[CH_CLOSED] = {"closed", "the other side is closed"},
	[CH_BUSY] = {"busy", "somebody else has it now"},
	[CH_RETRY] = {"retry", "refused for now; try again after the stated time"},
	[CH_DUPLICATE] = {"duplicate", "this id was taken before with the same bytes"},
	[CH_CONFLICT] = {"conflict", "this id was taken before with other bytes"},
	[CH_MISSING] = {"missing", "a mandatory field is absent"},
	[CH_UNKNOWN_TYPE] = {"unknown_type", "this version does not know the event type"},
	[CH_VERSION] = {"version", "a format, schema or protocol of another version"},
	[CH_RESET] = {"reset", "the position belongs to another incarnation of the journal"},
	[CH_GAP] = {"gap", "history between two positions is gone"},
	[CH_FENCED] = {"fenced", "a newer instance of the subscription has taken over"},
	[CH_UNSUPPORTED] = {"unsupported", "understood, but not done here"},
	[CH_INTERNAL] = {"internal", "an error of the hub itself; see its log"},
};

const char *ch_status_name(enum ch_status status)
{
	if ((size_t)status >= sizeof(statuses) / sizeof(statuses[0]))
		return "unknown";
	return statuses[status].name;
}

const char *ch_status_text(enum ch_status status)
{
	if ((size_t)status >= sizeof(statuses) / sizeof(statuses[0]))
		return "unknown status";
	return statuses[status].text;
}
