#include "channel/parts/flaw.h"

#include <inttypes.h>

/* In the order of enum flaw_kind. */
static const struct flaw_codes codes[FLAW_KINDS] = {
	[FLAW_NONE] = {"fine", "", "000", "", "", "", ""},
	[FLAW_VERSION] = {"syntax version not supported", "2", "017", "2", "1", "1", "7"},
	[FLAW_VALUE] = {"value not allowed", "12", "024", "6", "5", "8", "7"},
	[FLAW_DATE] = {"no such date or time", "12", "014", "6", "5", "8", "8"},
	[FLAW_NUMBER] = {"not a number", "12", "024", "6", "5", "8", "6"},
	[FLAW_MISSING] = {"is missing", "13", "024", "6", "5", "3", "1"},
	[FLAW_TRAILER] = {"is missing: what came is cut off", "13", "023", "3", "2", "3", "1"},
	[FLAW_TOO_MANY] = {"too many constituents", "16", "024", "6", "5", "5", "3"},
	[FLAW_AGREEMENT] = {"not carried here", "17", "024", "1", "1", "1", "7"},
	[FLAW_REFUSED] = {"refused by the hub", "18", "024", "6", "5", "8", "7"},
	[FLAW_MARKS] = {"cannot be used as marks", "22", "026", "6", "5", "8", "6"},
	[FLAW_CHARACTER] = {"not text in the charset declared", "21", "024", "6", "5", "8", "6"},
	[FLAW_TEST] = {"tests are not taken here", "25", "020", "6", "1", "8", "7"},
	[FLAW_RECIPIENT] = {"for somebody else", "7", "009", "6", "5", "8", "7"},
	[FLAW_DUPLICATE] = {"came before", "26", "025", "6", "23", "8", "7"},
	[FLAW_REFERENCE] = {"header and trailer differ", "28", "001", "4", "3", "8", "7"},
	[FLAW_COUNT] = {"the count is wrong", "29", "021", "5", "4", "8", "7"},
	[FLAW_MIXED] = {"groups and bare messages are mixed", "30", "022", "6", "5", "2", "7"},
	[FLAW_EMPTY] = {"nothing is in it", "32", "022", "6", "5", "3", "1"},
	[FLAW_OUTSIDE] = {"stands outside any message", "33", "022", "6", "5", "2", "7"},
	[FLAW_TOO_LONG] = {"too long", "39", "024", "6", "5", "8", "5"},
	[FLAW_CHARSET] = {"charset not supported", "46", "024", "6", "5", "8", "6"},
};

const struct flaw_codes *flaw_codes(enum flaw_kind kind)
{
	return &codes[kind];
}

void flaw_describe(const struct flaw *flaw, struct buffer *out)
{
	buffer_printf(out, "byte %" PRIu64, flaw->offset);
	if (flaw->segment > 0)
		buffer_printf(out, ", segment %" PRIu32, flaw->segment);
	if (flaw->tag[0] != 0)
		buffer_printf(out, flaw->segment > 0 ? " (%.3s)" : ", %.3s", flaw->tag);
	if (flaw->element > 0)
		buffer_printf(out, ", element %u", flaw->element);
	if (flaw->component > 0)
		buffer_printf(out, ":%u", flaw->component);
	buffer_printf(out, ": %s", codes[flaw->kind].words);
	if (flaw->words != NULL)
		buffer_printf(out, ": %s", flaw->words);
	buffer_printf(out, " (%s)", codes[flaw->kind].edifact);
}
