/* The envelope of UN/EDIFACT, ISO 9735 syntax 1 to 4:
 *
 *     UNA:+.? '
 *     UNB+UNOC:3+4012345000009:14+5412345000013:14+261122:0930+REF1++++1'
 *     UNG+ORDERS+S+R+261122:0930+G1+UN+D:96A'          groups are rare, and then all messages are in one
 *     UNH+M1+ORDERS:D:96A:UN:EAN008'  ...  UNT+24+M1'
 *     UNE+1+G1'
 *     UNZ+1+REF1'                                       1 message, or 1 group
 */
#include "channel/parts/date.h"
#include "channel/parts/wrapping.h"

/* Elements of the service segments, counted behind the tag. */
enum {
	UNB_SYNTAX = 1,
	UNB_SENDER = 2,
	UNB_RECIPIENT = 3,
	UNB_PREPARED = 4,
	UNB_REFERENCE = 5,
	UNB_ACKNOWLEDGE = 9,
	UNB_TEST = 11,
	UNG_KIND = 1,
	UNG_SENDER = 2,
	UNG_RECIPIENT = 3,
	UNG_REFERENCE = 5,
	UNH_REFERENCE = 1,
	UNH_TYPE = 2,
};

#define REFERENCE_BYTES 35u /* 14 by the standard; longer ones are met */

static const struct {
	char name[4]; /* without a NUL */
	enum charset charset;
	bool ascii;
} repertoires[] = {
	{"UNOA", CHARSET_UTF8, true},
	{"UNOB", CHARSET_UTF8, true},
	{"UNOC", CHARSET_LATIN1, false},
	{"UNOD", CHARSET_LATIN2, false},
	{"UNOE", CHARSET_CYRILLIC, false},
	{"UNOF", CHARSET_GREEK, false},
	{"UNOG", CHARSET_LATIN3, false},
	{"UNOH", CHARSET_LATIN4, false},
	{"UNOI", CHARSET_ARABIC, false},
	{"UNOJ", CHARSET_HEBREW, false},
	{"UNOK", CHARSET_LATIN5, false},
	{"UNOL", CHARSET_LATIN9, false},
	{"UNOW", CHARSET_UTF8, false},
	/* Code extension by escape sequences is in nobody's files; those who declare it send UTF-8. */
	{"UNOX", CHARSET_UTF8, false},
	{"UNOY", CHARSET_UTF8, false},
	/* The airlines'. */
	{"IATA", CHARSET_UTF8, true},
	{"IATB", CHARSET_UTF8, true},
};

static const struct {
	char name[6]; /* without a NUL */
	enum message_kind kind;
} kinds[] = {
	{"ORDERS", MESSAGE_ORDER},
	{"ORDCHG", MESSAGE_ORDER_CHANGE},
	{"ORDRSP", MESSAGE_ORDER_RESPONSE},
	{"DESADV", MESSAGE_DISPATCH},
	{"RECADV", MESSAGE_RECEIPT},
	{"INVRPT", MESSAGE_INVENTORY},
	{"PRICAT", MESSAGE_PRICES},
	{"CONTRL", MESSAGE_ACKNOWLEDGEMENT},
};

/* ---- UNA and UNB ---- */

/* Takes UNA off; without one the marks are the usual ones. */
static void read_advice(struct wrapping *r, struct slice file, uint64_t at)
{
	r->x->marks = marks_edifact;
	struct slice advice = slice_sub(file, at, 9);
	if (!slice_starts(advice, SLICE_LITERAL("UNA")) || advice.len < 9)
		return;
	const uint8_t *c = advice.data + 3;
	r->x->marks = (struct marks){.component = c[0],
		.element = c[1],
		.decimal = c[2],
		.release = c[3] == ' ' ? 0 : c[3],
		.repetition = c[4] == ' ' ? 0 : c[4],
		.terminator = c[5]};
}

static struct address read_address(struct wrapping *r, unsigned element)
{
	return (struct address){
		.id = interchange_keep(r->x, segment_get(r->segment, element, 1)),
		.qualifier = interchange_keep(r->x, segment_get(r->segment, element, 2)),
		.route = interchange_keep(r->x, segment_get(r->segment, element, 3)),
	};
}

static enum ch_status read_charset(struct wrapping *r)
{
	struct interchange *x = r->x;
	for (size_t i = 0; i < sizeof(repertoires) / sizeof(*repertoires); i++) {
		if (x->syntax.len != sizeof(repertoires[i].name) ||
			memcmp(x->syntax.data, repertoires[i].name, x->syntax.len) != 0)
			continue;
		x->charset = repertoires[i].charset;
		x->ascii = repertoires[i].ascii;
		x->syntax_known = true;
		return x->ascii ? CH_OK : scanner_set_charset(r->scanner, x->charset);
	}
	x->ascii = true;
	wrapping_flaw(r, FLAW_CHARSET, UNB_SYNTAX, 1, NULL);
	return CH_OK;
}

static void read_version(struct wrapping *r, bool advised)
{
	struct interchange *x = r->x;
	if (x->version.len == 0)
		x->version = SLICE_LITERAL("3"); /* left out in the field */
	if (x->version.len != 1 || x->version.data[0] < '1' || x->version.data[0] > '4')
		wrapping_flaw(r, FLAW_VERSION, UNB_SYNTAX, 2, NULL);
	/* Before syntax 4 the place is reserved, whatever stands in it. */
	if (x->version.len != 1 || x->version.data[0] < '4')
		x->marks.repetition = 0;
	else if (!advised)
		x->marks.repetition = '*';
	scanner_set_repetition(r->scanner, x->marks.repetition);
}

static bool is_plain(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < 0x20 || text.data[i] > 0x7e)
			return false;
	}
	return true;
}

/* What the answer needs of it. */
static void check_header(struct wrapping *r)
{
	struct interchange *x = r->x;
	const struct segment *s = r->segment;
	struct moment prepared;
	bool plain = is_plain(x->sender.id) && is_plain(x->recipient.id) && is_plain(x->reference);
	if (s->flaw.kind != FLAW_NONE)
		interchange_flaw(
			x, segment_flaw(s, s->flaw.kind, s->flaw.element, s->flaw.component, NULL));
	if (x->sender.id.len == 0)
		wrapping_flaw(r, FLAW_MISSING, UNB_SENDER, 1, "the sender");
	if (x->recipient.id.len == 0)
		wrapping_flaw(r, FLAW_MISSING, UNB_RECIPIENT, 1, "the recipient");
	if (x->reference.len == 0)
		wrapping_flaw(r, FLAW_MISSING, UNB_REFERENCE, 0, "the reference");
	if (x->reference.len > REFERENCE_BYTES)
		wrapping_flaw(r, FLAW_TOO_LONG, UNB_REFERENCE, 0, "the reference");
	if (x->sender.id.len > REFERENCE_BYTES)
		wrapping_flaw(r, FLAW_TOO_LONG, UNB_SENDER, 1, "the sender");
	if (x->recipient.id.len > REFERENCE_BYTES)
		wrapping_flaw(r, FLAW_TOO_LONG, UNB_RECIPIENT, 1, "the recipient");
	if (!plain)
		wrapping_flaw(r, FLAW_CHARACTER, 0, 0, "names and references are in ASCII");
	if (date_parse_pair(x->date, x->time, &prepared) != CH_OK)
		wrapping_flaw(r, FLAW_DATE, UNB_PREPARED, 0, NULL);
	x->answerable = x->sender.id.len > 0 && x->sender.id.len <= REFERENCE_BYTES &&
			x->recipient.id.len > 0 && x->recipient.id.len <= REFERENCE_BYTES &&
			x->reference.len > 0 && x->reference.len <= REFERENCE_BYTES && plain;
}

static enum ch_status read_header(struct wrapping *r, bool advised)
{
	struct interchange *x = r->x;
	const struct segment *s = r->segment;
	struct slice wants = segment_get(s, UNB_ACKNOWLEDGE, 1);
	x->syntax = interchange_keep(x, segment_get(s, UNB_SYNTAX, 1));
	x->version = interchange_keep(x, segment_get(s, UNB_SYNTAX, 2));
	x->sender = read_address(r, UNB_SENDER);
	x->recipient = read_address(r, UNB_RECIPIENT);
	x->date = interchange_keep(x, segment_get(s, UNB_PREPARED, 1));
	x->time = interchange_keep(x, segment_get(s, UNB_PREPARED, 2));
	x->reference = interchange_keep(x, segment_get(s, UNB_REFERENCE, 1));
	x->wants_acknowledgement =
		slice_equal(wants, SLICE_LITERAL("1")) || slice_equal(wants, SLICE_LITERAL("2"));
	x->test = segment_get(s, UNB_TEST, 1).len > 0 && !segment_says(s, UNB_TEST, 1, "0");
	read_version(r, advised);
	check_header(r);
	return read_charset(r);
}

/* ---- Messages ---- */

static enum message_kind kind_of(struct slice name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (name.len == sizeof(kinds[i].name) &&
			name.data[0] == (uint8_t)kinds[i].name[0] &&
			memcmp(name.data, kinds[i].name, sizeof(kinds[i].name)) == 0)
			return kinds[i].kind;
	}
	return MESSAGE_OTHER;
}

static enum ch_status begin_message(struct wrapping *r)
{
	struct interchange *x = r->x;
	const struct segment *s = r->segment;
	enum ch_status status = wrapping_begin_message(r);
	struct message *message = r->message;
	if (message == NULL)
		return status;
	message->reference = interchange_keep(x, segment_get(s, UNH_REFERENCE, 1));
	for (unsigned i = 0; i < MESSAGE_TYPE_PARTS; i++)
		message->type[i] = interchange_keep(x, segment_get(s, UNH_TYPE, i + 1));
	message->kind = kind_of(message->type[0]);
	if (r->bare && x->group_count > 0)
		wrapping_flaw(r, FLAW_MIXED, 0, 0, NULL);
	if (message->reference.len == 0)
		status = wrapping_message_flaw(
			r, segment_flaw(s, FLAW_MISSING, UNH_REFERENCE, 0, NULL));
	else if (message->reference.len > REFERENCE_BYTES || !is_plain(message->reference))
		status = wrapping_message_flaw(
			r, segment_flaw(s, FLAW_VALUE, UNH_REFERENCE, 0, NULL));
	if (status == CH_OK && message->kind == MESSAGE_OTHER)
		status = wrapping_message_flaw(
			r, segment_flaw(s, FLAW_AGREEMENT, UNH_TYPE, 1, NULL));
	return status;
}

static enum ch_status check_segment(struct wrapping *r)
{
	const struct segment *s = r->segment;
	if (s->flaw.kind == FLAW_NONE)
		return CH_OK;
	struct flaw flaw = segment_flaw(s, s->flaw.kind, s->flaw.element, s->flaw.component, NULL);
	flaw.offset = s->flaw.offset;
	return wrapping_message_flaw(r, flaw);
}

/* ---- Groups and the end ---- */

static enum ch_status begin_group(struct wrapping *r)
{
	struct interchange *x = r->x;
	const struct segment *s = r->segment;
	struct group *group = NULL;
	wrapping_lose_group(r, s->offset);
	if (r->bare)
		wrapping_flaw(r, FLAW_MIXED, 0, 0, NULL);
	enum ch_status status = wrapping_begin_group(r, &group);
	if (group == NULL)
		return status;
	group->kind = interchange_keep(x, segment_get(s, UNG_KIND, 1));
	group->sender = read_address(r, UNG_SENDER);
	group->recipient = read_address(r, UNG_RECIPIENT);
	group->reference = interchange_keep(x, segment_get(s, UNG_REFERENCE, 1));
	if (group->reference.len == 0 || group->reference.len > REFERENCE_BYTES ||
		!is_plain(group->reference))
		group->flaw = segment_flaw(s, FLAW_VALUE, UNG_REFERENCE, 0, NULL);
	return CH_OK;
}

static void end_interchange(struct wrapping *r)
{
	const struct interchange *x = r->x;
	if (x->group_count > 0)
		wrapping_end(r, x->message_count == 0, x->group_count, "groups");
	else
		wrapping_end(r, x->message_count == 0, x->message_count, "messages");
}

/* Service segments have tags of their own, and most segments are none. */
static bool may_be_service(const struct segment *segment)
{
	return segment->tag.len >= 3 && segment->tag.data[0] == 'U' && segment->tag.data[1] == 'N';
}

/* Passes over what is the message's own affair. */
static void sweep_message(struct wrapping *r, uint64_t *at)
{
	struct message *message = r->message;
	const size_t left = r->rest.len;
	size_t room;
	struct seam *seams = interchange_seam_room(r->x, message, &room);
	if (seams == NULL)
		return;
	size_t count = scanner_sweep(r->scanner, &r->rest, message->offset, seams, room);
	interchange_add_seams(r->x, count);
	message->segments += (uint32_t)count;
	r->x->segments += (uint32_t)count;
	*at += left - r->rest.len;
}

/* One segment behind UNB.  What it does where is the whole of the envelope's grammar. */
static enum ch_status read_segment(struct wrapping *r)
{
	const struct segment *s = r->segment;
	bool within = r->message != NULL;
	if (within && !may_be_service(s)) {
		wrapping_count_segment(r);
		return s->flaw.kind == FLAW_NONE ? CH_OK : check_segment(r);
	}
	bool header = segment_is(s, "UNH");
	bool group = segment_is(s, "UNG") || segment_is(s, "UNE");
	bool trailer = segment_is(s, "UNZ");
	if (within && !header && !group && !trailer) {
		wrapping_count_segment(r);
		enum ch_status status = check_segment(r);
		if (status != CH_OK || !segment_is(s, "UNT"))
			return status; /* what it says is the message's affair */
		scanner_cut(r->scanner);
		return wrapping_end_message(r);
	}
	scanner_cut(r->scanner);
	enum ch_status status = wrapping_lose_message(r, s->offset);
	if (status != CH_OK)
		return status;
	if (header)
		return begin_message(r);
	if (segment_is(s, "UNG"))
		return begin_group(r);
	if (group) {
		wrapping_end_group(r);
	} else if (trailer) {
		wrapping_lose_group(r, s->offset);
		end_interchange(r);
	} else {
		wrapping_flaw(r, FLAW_OUTSIDE, 0, 0, NULL);
	}
	return CH_OK;
}

static bool begins_another(const struct segment *segment)
{
	return may_be_service(segment) &&
	       (segment_is(segment, "UNB") || segment->tag.data[2] == 'A');
}

static const struct wrapping_kind wrapping = {.message = "UNT",
	.group = "UNE",
	.interchange = "UNZ",
	.messages = "messages",
	.no_group = "there is no UNG",
	.same = slice_equal,
	.begins = begins_another,
	.read = read_segment,
	.sweep = sweep_message};

enum ch_status edifact_read(
	struct scanner *scanner, struct slice file, uint64_t *at, struct interchange *interchange)
{
	struct wrapping r = {.kind = &wrapping, .scanner = scanner, .x = interchange};
	bool advised = slice_starts(slice_sub(file, *at, 3), SLICE_LITERAL("UNA"));
	uint64_t start = advised ? *at + 9 : *at;
	interchange->standard = STANDARD_EDIFACT;
	read_advice(&r, file, *at);
	if (!marks_are_sound(&interchange->marks)) {
		interchange_flaw(
			interchange, (struct flaw){.kind = FLAW_MARKS,
					     .offset = *at,
					     .tag = "UNA",
					     .words = "six different ones belong behind UNA"});
		*at += 3;
		return CH_OK;
	}
	uint8_t repetition = interchange->marks.repetition;
	interchange->marks.repetition = 0;
	scanner_begin(scanner, &interchange->marks, start);
	interchange->marks.repetition = repetition;
	r.rest = slice_sub(file, start, file.len);
	enum ch_status status = scanner_pass(scanner, &r.rest, &r.segment);
	if (status == CH_NOMEM)
		return status;
	if (status != CH_OK || !segment_is(r.segment, "UNB")) {
		interchange_flaw(interchange,
			(struct flaw){.kind = FLAW_MISSING, .offset = start, .tag = "UNB"});
		interchange->cut_off = status == CH_FORMAT || status == CH_END;
		*at = interchange->cut_off ? file.len : *at + 3;
		return CH_OK;
	}
	interchange->segments = 1;
	*at = r.segment->end;
	scanner_cut(scanner);
	status = read_header(&r, advised);
	return status == CH_OK ? wrapping_read(&r, at) : status;
}
