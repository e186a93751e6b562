/* The envelope of ANSI ASC X12:
 *
 *     ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *261122*0930*^*00501*000000001*1*P*:~
 *     GS*PO*SENDER*RECEIVER*20261122*0930*1*X*005010~
 *     ST*850*0001~  ...  SE*24*0001~
 *     GE*1*1~
 *     IEA*1*000000001~
 *
 * ISA has fixed columns, and its own bytes are the marks: the fourth, the one behind ISA16 and the one behind
 * that.  Nothing releases a mark. */
#include "base/text.h"
#include "channel/parts/date.h"
#include "channel/parts/wrapping.h"

#define ISA_BYTES 106u

/* Elements, counted behind the tag. */
enum {
	ISA_SENDER_QUALIFIER = 5,
	ISA_SENDER = 6,
	ISA_RECIPIENT_QUALIFIER = 7,
	ISA_RECIPIENT = 8,
	ISA_DATE = 9,
	ISA_TIME = 10,
	ISA_VERSION = 12,
	ISA_REFERENCE = 13,
	ISA_ACKNOWLEDGE = 14,
	ISA_TEST = 15,
	GS_KIND = 1,
	GS_SENDER = 2,
	GS_RECIPIENT = 3,
	GS_REFERENCE = 6,
	GS_VERSION = 8,
	ST_TYPE = 1,
	ST_REFERENCE = 2,
};

#define REFERENCE_BYTES 15u

static const struct {
	const char *name;
	enum message_kind kind;
} kinds[] = {
	{"850", MESSAGE_ORDER},
	{"860", MESSAGE_ORDER_CHANGE},
	{"855", MESSAGE_ORDER_RESPONSE},
	{"856", MESSAGE_DISPATCH},
	{"861", MESSAGE_RECEIPT},
	{"846", MESSAGE_INVENTORY},
	{"832", MESSAGE_PRICES},
	{"997", MESSAGE_ACKNOWLEDGEMENT},
};

/* ---- ISA ---- */

/* The marks, where ISA's columns are what they must be. */
static bool read_marks(struct slice file, uint64_t at, struct marks *out_marks)
{
	static const uint8_t columns[] = {
		3, 6, 17, 20, 31, 34, 50, 53, 69, 76, 81, 83, 89, 99, 101, 103};
	struct slice isa = slice_sub(file, at, ISA_BYTES);
	if (isa.len < ISA_BYTES)
		return false;
	for (size_t i = 0; i < sizeof(columns); i++) {
		if (isa.data[columns[i]] != isa.data[3])
			return false;
	}
	*out_marks = (struct marks){.element = isa.data[3],
		.decimal = '.',
		.component = isa.data[104],
		.terminator = isa.data[105]};
	/* ISA11 is a mark from 00402 on; before, and where a sender never changed it, a letter.  What
	 * belongs into numbers and dates is not taken for one. */
	uint8_t repetition = isa.data[82];
	if (slice_compare(slice_sub(isa, 84, 5), SLICE_LITERAL("00402")) >= 0 &&
		repetition != '-' && repetition != '.' && repetition != ',') {
		out_marks->repetition = repetition;
		if (!marks_are_sound(out_marks))
			out_marks->repetition = 0;
	}
	return marks_are_sound(out_marks);
}

/* ISA holds the marks as data: those of components and repetitions are letters in it, as far as they are any. */
static struct marks marks_within(const struct marks *marks)
{
	struct marks within = *marks;
	if (within.repetition >= ' ')
		within.repetition = 0;
	if (within.component >= ' ') /* a control that is no other mark */
		for (within.component = 0x1f; within.component == marks->element ||
					      within.component == marks->terminator ||
					      within.component == marks->repetition;)
			within.component--;
	return within;
}

static struct address read_address(struct wrapping *r, unsigned qualifier, unsigned id)
{
	return (struct address){
		.id = interchange_keep(r->x, text_trim(segment_get(r->segment, id, 1))),
		.qualifier = qualifier > 0
				     ? interchange_keep(r->x,
					       text_trim(segment_get(r->segment, qualifier, 1)))
				     : (struct slice){NULL, 0},
	};
}

static bool is_number(struct slice text)
{
	uint64_t value;
	return text_parse_u64(text, UINT64_MAX, &value) == CH_OK;
}

/* What an answer can repeat: printable, and no mark of ours. */
static bool is_plain(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		if (c < 0x20 || c > 0x7e || memchr("*:~^", c, 4) != NULL)
			return false;
	}
	return true;
}

static void read_header(struct wrapping *r)
{
	struct interchange *x = r->x;
	const struct segment *s = r->segment;
	struct moment prepared;
	x->syntax = interchange_keep(x, segment_get(s, ISA_VERSION, 1));
	x->version = x->syntax;
	x->ascii = true;
	x->sender = read_address(r, ISA_SENDER_QUALIFIER, ISA_SENDER);
	x->recipient = read_address(r, ISA_RECIPIENT_QUALIFIER, ISA_RECIPIENT);
	x->date = interchange_keep(x, segment_get(s, ISA_DATE, 1));
	x->time = interchange_keep(x, segment_get(s, ISA_TIME, 1));
	x->reference = interchange_keep(x, text_trim(segment_get(s, ISA_REFERENCE, 1)));
	x->wants_acknowledgement = segment_says(s, ISA_ACKNOWLEDGE, 1, "1");
	x->test = segment_says(s, ISA_TEST, 1, "T");
	if (s->flaw.kind != FLAW_NONE)
		wrapping_flaw(r, s->flaw.kind, s->flaw.element, 0, NULL);
	if (x->sender.id.len == 0)
		wrapping_flaw(r, FLAW_MISSING, ISA_SENDER, 0, "the sender");
	if (x->recipient.id.len == 0)
		wrapping_flaw(r, FLAW_MISSING, ISA_RECIPIENT, 0, "the recipient");
	if (!is_plain(x->sender.id) || !is_plain(x->recipient.id))
		wrapping_flaw(
			r, FLAW_CHARACTER, ISA_SENDER, 0, "the names of sender and recipient");
	if (!is_number(x->reference))
		wrapping_flaw(r, FLAW_VALUE, ISA_REFERENCE, 0, "the control number");
	if (date_parse_pair(x->date, x->time, &prepared) != CH_OK)
		wrapping_flaw(r, FLAW_DATE, ISA_DATE, 0, NULL);
	x->answerable = x->sender.id.len > 0 && x->recipient.id.len > 0 && is_plain(x->sender.id) &&
			is_plain(x->recipient.id) && is_number(x->reference);
}

/* ---- Sets ---- */

static enum ch_status begin_set(struct wrapping *r)
{
	struct interchange *x = r->x;
	const struct segment *s = r->segment;
	if (!r->in_group) {
		wrapping_flaw(r, FLAW_OUTSIDE, 0, 0, "there is no GS");
		return CH_OK;
	}
	enum ch_status status = wrapping_begin_message(r);
	struct message *message = r->message;
	if (message == NULL)
		return status;
	message->type[0] = interchange_keep(x, segment_get(s, ST_TYPE, 1));
	message->type[1] = x->groups[message->group].version;
	message->reference = interchange_keep(x, segment_get(s, ST_REFERENCE, 1));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (slice_equal(message->type[0], slice_text(kinds[i].name)))
			message->kind = kinds[i].kind;
	}
	if (message->reference.len == 0 || message->reference.len > REFERENCE_BYTES)
		return wrapping_message_flaw(r, segment_flaw(s, FLAW_VALUE, ST_REFERENCE, 0, NULL));
	if (message->kind == MESSAGE_OTHER)
		return wrapping_message_flaw(r, segment_flaw(s, FLAW_AGREEMENT, ST_TYPE, 0, NULL));
	return CH_OK;
}

/* References are numbers with or without noughts in front. */
static bool same_reference(struct slice a, struct slice b)
{
	uint64_t left;
	uint64_t right;
	a = text_trim(a);
	if (text_parse_u64(a, UINT64_MAX, &left) == CH_OK &&
		text_parse_u64(b, UINT64_MAX, &right) == CH_OK)
		return left == right;
	return slice_equal(a, b);
}

/* ---- Groups and the end ---- */

static enum ch_status begin_group(struct wrapping *r)
{
	struct interchange *x = r->x;
	const struct segment *s = r->segment;
	struct group *group = NULL;
	wrapping_lose_group(r, s->offset);
	enum ch_status status = wrapping_begin_group(r, &group);
	if (group == NULL)
		return status;
	group->kind = interchange_keep(x, segment_get(s, GS_KIND, 1));
	group->sender = read_address(r, 0, GS_SENDER);
	group->recipient = read_address(r, 0, GS_RECIPIENT);
	group->reference = interchange_keep(x, text_trim(segment_get(s, GS_REFERENCE, 1)));
	group->version = interchange_keep(x, text_trim(segment_get(s, GS_VERSION, 1)));
	if (!is_number(group->reference))
		group->flaw = segment_flaw(s, FLAW_VALUE, GS_REFERENCE, 0, "the control number");
	return CH_OK;
}

/* TA1 stands between ISA and the first GS, and is a message by itself here. */
static enum ch_status take_acknowledgement(struct wrapping *r)
{
	struct interchange *x = r->x;
	const struct segment *s = r->segment;
	if (r->in_group) {
		wrapping_flaw(r, FLAW_OUTSIDE, 0, 0, NULL);
		return CH_OK;
	}
	struct message *message =
		interchange_add_message(x, segment_flaw(s, FLAW_TOO_MANY, 0, 0, NULL));
	if (message == NULL)
		return x->flaw.kind != FLAW_NONE ? CH_OK : CH_NOMEM;
	message->kind = MESSAGE_ACKNOWLEDGEMENT;
	message->type[0] = SLICE_LITERAL("TA1");
	message->reference = interchange_keep(x, segment_get(s, 1, 1));
	message->segments = 1;
	message->first_seam = SEAM_NONE;
	message->offset = s->offset;
	message->end = s->end;
	x->acknowledges = true;
	return CH_OK;
}

static enum ch_status read_segment(struct wrapping *r)
{
	const struct segment *s = r->segment;
	bool outer = segment_is(s, "ST") || segment_is(s, "GS") || segment_is(s, "GE") ||
		     segment_is(s, "IEA");
	if (r->message != NULL && !outer) {
		wrapping_count_segment(r);
		enum ch_status status = CH_OK;
		if (s->flaw.kind != FLAW_NONE)
			status = wrapping_message_flaw(
				r, segment_flaw(s, s->flaw.kind, s->flaw.element, s->flaw.component,
					   NULL));
		if (status != CH_OK || !segment_is(s, "SE"))
			return status; /* what it says is the set's affair */
		scanner_cut(r->scanner);
		return wrapping_end_message(r);
	}
	scanner_cut(r->scanner);
	enum ch_status status = wrapping_lose_message(r, s->offset);
	if (status != CH_OK)
		return status;
	if (segment_is(s, "ST"))
		return begin_set(r);
	if (segment_is(s, "GS"))
		return begin_group(r);
	if (segment_is(s, "TA1"))
		return take_acknowledgement(r);
	if (segment_is(s, "GE")) {
		wrapping_end_group(r);
	} else if (segment_is(s, "IEA")) {
		wrapping_lose_group(r, s->offset);
		wrapping_end(r, r->x->group_count == 0 && !r->x->acknowledges, r->x->group_count,
			"groups");
	} else {
		wrapping_flaw(r, FLAW_OUTSIDE, 0, 0, NULL);
	}
	return CH_OK;
}

static bool begins_another(const struct segment *segment)
{
	return segment_is(segment, "ISA");
}

static const struct wrapping_kind wrapping = {.message = "SE",
	.group = "GE",
	.interchange = "IEA",
	.messages = "sets",
	.no_group = "there is no GS",
	.same = same_reference,
	.begins = begins_another,
	.read = read_segment};

enum ch_status x12_read(
	struct scanner *scanner, struct slice file, uint64_t *at, struct interchange *interchange)
{
	struct wrapping r = {.kind = &wrapping, .scanner = scanner, .x = interchange};
	interchange->standard = STANDARD_X12;
	if (!read_marks(file, *at, &interchange->marks)) {
		interchange->cut_off = file.len - *at < ISA_BYTES;
		interchange_flaw(interchange,
			(struct flaw){.kind = interchange->cut_off ? FLAW_TRAILER : FLAW_MARKS,
				.offset = *at,
				.tag = "ISA",
				.words = "it has 106 bytes in fixed columns"});
		*at = interchange->cut_off ? file.len : *at + 3;
		return CH_OK;
	}
	const struct marks header = marks_within(&interchange->marks);
	scanner_begin(scanner, &header, *at);
	r.rest = slice_sub(file, *at, file.len);
	enum ch_status status = scanner_take(scanner, &r.rest, &r.segment);
	if (status != CH_OK)
		return status == CH_NOMEM ? status : CH_INTERNAL; /* its terminator is there */
	interchange->segments = 1;
	*at = r.segment->end;
	read_header(&r);
	scanner_begin(scanner, &interchange->marks, *at);
	/* The standard is silent beyond ASCII; what is met there is UTF-8, or cannot be told. */
	status = scanner_set_charset(scanner, CHARSET_UTF8);
	return status == CH_OK ? wrapping_read(&r, at) : status;
}
