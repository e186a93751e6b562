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
#include "channel/parts/interchange.h"

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
	TRAILER_COUNT = 1,
	TRAILER_REFERENCE = 2,
};

#define REFERENCE_BYTES 15u

struct x12_reader {
	struct scanner *scanner;
	struct interchange *x;
	struct slice rest;
	const struct segment *segment;
	struct message *message; /* the open one */
	bool in_group;
	bool ended;
};

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

static void reader_flaw(
	struct x12_reader *r, enum flaw_kind kind, unsigned element, const char *words)
{
	interchange_flaw(r->x, segment_flaw(r->segment, kind, element, 0, words));
}

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

static struct address read_address(struct x12_reader *r, unsigned qualifier, unsigned id)
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

static void read_header(struct x12_reader *r)
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
		reader_flaw(r, s->flaw.kind, s->flaw.element, NULL);
	if (x->sender.id.len == 0)
		reader_flaw(r, FLAW_MISSING, ISA_SENDER, "the sender");
	if (x->recipient.id.len == 0)
		reader_flaw(r, FLAW_MISSING, ISA_RECIPIENT, "the recipient");
	if (!is_plain(x->sender.id) || !is_plain(x->recipient.id))
		reader_flaw(r, FLAW_CHARACTER, ISA_SENDER, "the names of sender and recipient");
	if (!is_number(x->reference))
		reader_flaw(r, FLAW_VALUE, ISA_REFERENCE, "the control number");
	if (date_parse_pair(x->date, x->time, &prepared) != CH_OK)
		reader_flaw(r, FLAW_DATE, ISA_DATE, NULL);
	x->answerable = x->sender.id.len > 0 && x->recipient.id.len > 0 && is_plain(x->sender.id) &&
			is_plain(x->recipient.id) && is_number(x->reference);
}

/* ---- Sets ---- */

static enum ch_status message_flaw(struct x12_reader *r, struct flaw flaw)
{
	return flaws_add(&r->message->flaws, &r->x->arena, flaw);
}

static enum ch_status begin_set(struct x12_reader *r)
{
	struct interchange *x = r->x;
	const struct segment *s = r->segment;
	if (!r->in_group) {
		reader_flaw(r, FLAW_OUTSIDE, 0, "there is no GS");
		return CH_OK;
	}
	struct message *message =
		interchange_add_message(x, segment_flaw(s, FLAW_TOO_MANY, 0, 0, "sets"));
	if (message == NULL)
		return x->flaw.kind != FLAW_NONE ? CH_OK : CH_NOMEM;
	r->message = message;
	message->offset = s->offset;
	message->segments = 1;
	interchange_add_seam(x, message, r->scanner);
	scanner_segment(r->scanner)->position = 1;
	message->group = x->group_count - 1;
	x->groups[message->group].count++;
	message->type[0] = interchange_keep(x, segment_get(s, ST_TYPE, 1));
	message->type[1] = x->groups[message->group].version;
	message->reference = interchange_keep(x, segment_get(s, ST_REFERENCE, 1));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (slice_equal(message->type[0], slice_text(kinds[i].name)))
			message->kind = kinds[i].kind;
	}
	if (message->reference.len == 0 || message->reference.len > REFERENCE_BYTES)
		return message_flaw(r, segment_flaw(s, FLAW_VALUE, ST_REFERENCE, 0, NULL));
	if (message->kind == MESSAGE_OTHER)
		return message_flaw(r, segment_flaw(s, FLAW_AGREEMENT, ST_TYPE, 0, NULL));
	return CH_OK;
}

static bool told_count(const struct segment *segment, uint64_t *out_told)
{
	return text_parse_u64(segment_get(segment, TRAILER_COUNT, 1), UINT32_MAX, out_told) ==
	       CH_OK;
}

static bool counts(const struct segment *segment, uint64_t number)
{
	uint64_t told;
	return told_count(segment, &told) && told == number;
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

static enum ch_status end_set(struct x12_reader *r)
{
	struct message *message = r->message;
	const struct segment *s = r->segment;
	enum ch_status status = CH_OK;
	message->end = s->end;
	if (!counts(s, message->segments))
		status = message_flaw(r, segment_flaw(s, FLAW_COUNT, TRAILER_COUNT, 0, "segments"));
	if (status == CH_OK &&
		!same_reference(segment_get(s, TRAILER_REFERENCE, 1), message->reference))
		status = message_flaw(
			r, segment_flaw(s, FLAW_REFERENCE, TRAILER_REFERENCE, 0, NULL));
	r->message = NULL;
	return status;
}

static enum ch_status lose_set(struct x12_reader *r, uint64_t offset)
{
	struct message *message = r->message;
	if (message == NULL)
		return CH_OK;
	message->end = offset;
	enum ch_status status = message_flaw(r, (struct flaw){.kind = FLAW_TRAILER,
							.offset = offset,
							.segment = message->segments + 1,
							.tag = "SE"});
	r->message = NULL;
	return status;
}

/* ---- Groups and the end ---- */

static void lose_group(struct x12_reader *r, uint64_t offset)
{
	if (r->in_group) {
		struct group *group = &r->x->groups[r->x->group_count - 1];
		group->flaw = (struct flaw){.kind = FLAW_TRAILER, .offset = offset, .tag = "GE"};
		group->told = group->count;
	}
	r->in_group = false;
}

static enum ch_status begin_group(struct x12_reader *r)
{
	struct interchange *x = r->x;
	const struct segment *s = r->segment;
	lose_group(r, s->offset);
	struct group *group =
		interchange_add_group(x, segment_flaw(s, FLAW_TOO_MANY, 0, 0, "groups"));
	if (group == NULL)
		return x->flaw.kind != FLAW_NONE ? CH_OK : CH_NOMEM;
	group->kind = interchange_keep(x, segment_get(s, GS_KIND, 1));
	group->sender = read_address(r, 0, GS_SENDER);
	group->recipient = read_address(r, 0, GS_RECIPIENT);
	group->reference = interchange_keep(x, text_trim(segment_get(s, GS_REFERENCE, 1)));
	group->version = interchange_keep(x, text_trim(segment_get(s, GS_VERSION, 1)));
	if (!is_number(group->reference))
		group->flaw = segment_flaw(s, FLAW_VALUE, GS_REFERENCE, 0, "the control number");
	r->in_group = true;
	return CH_OK;
}

static void end_group(struct x12_reader *r)
{
	const struct segment *s = r->segment;
	if (!r->in_group) {
		reader_flaw(r, FLAW_OUTSIDE, 0, "there is no GS");
		return;
	}
	struct group *group = &r->x->groups[r->x->group_count - 1];
	uint64_t told = group->count;
	r->in_group = false;
	(void)told_count(s, &told); /* no number: those that came */
	group->told = (uint32_t)told;
	if (group->flaw.kind != FLAW_NONE)
		return;
	if (group->count == 0)
		group->flaw = segment_flaw(s, FLAW_EMPTY, 0, 0, NULL);
	else if (!counts(s, group->count))
		group->flaw = segment_flaw(s, FLAW_COUNT, TRAILER_COUNT, 0, "sets");
	else if (!same_reference(segment_get(s, TRAILER_REFERENCE, 1), group->reference))
		group->flaw = segment_flaw(s, FLAW_REFERENCE, TRAILER_REFERENCE, 0, NULL);
}

static void end_interchange(struct x12_reader *r)
{
	struct interchange *x = r->x;
	const struct segment *s = r->segment;
	r->ended = true;
	if (x->group_count == 0 && !x->acknowledges)
		reader_flaw(r, FLAW_EMPTY, 0, NULL);
	if (!counts(s, x->group_count))
		reader_flaw(r, FLAW_COUNT, TRAILER_COUNT, "groups");
	if (!same_reference(segment_get(s, TRAILER_REFERENCE, 1), x->reference))
		reader_flaw(r, FLAW_REFERENCE, TRAILER_REFERENCE, NULL);
}

/* TA1 stands between ISA and the first GS, and is a message by itself here. */
static enum ch_status take_acknowledgement(struct x12_reader *r)
{
	struct interchange *x = r->x;
	const struct segment *s = r->segment;
	if (r->in_group) {
		reader_flaw(r, FLAW_OUTSIDE, 0, NULL);
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

static enum ch_status read_segment(struct x12_reader *r)
{
	const struct segment *s = r->segment;
	struct message *message = r->message;
	bool outer = segment_is(s, "ST") || segment_is(s, "GS") || segment_is(s, "GE") ||
		     segment_is(s, "IEA");
	if (message != NULL && !outer) {
		scanner_segment(r->scanner)->position = ++message->segments;
		interchange_add_seam(r->x, message, r->scanner);
		enum ch_status status = CH_OK;
		if (s->flaw.kind != FLAW_NONE)
			status = message_flaw(r, segment_flaw(s, s->flaw.kind, s->flaw.element,
							 s->flaw.component, NULL));
		if (status != CH_OK || !segment_is(s, "SE"))
			return status; /* what it says is the set's affair */
		scanner_cut(r->scanner);
		return end_set(r);
	}
	scanner_cut(r->scanner);
	enum ch_status status = lose_set(r, s->offset);
	if (status != CH_OK)
		return status;
	if (segment_is(s, "ST"))
		return begin_set(r);
	if (segment_is(s, "GS"))
		return begin_group(r);
	if (segment_is(s, "TA1"))
		return take_acknowledgement(r);
	if (segment_is(s, "GE")) {
		end_group(r);
	} else if (segment_is(s, "IEA")) {
		lose_group(r, s->offset);
		end_interchange(r);
	} else {
		reader_flaw(r, FLAW_OUTSIDE, 0, NULL);
	}
	return CH_OK;
}

static enum ch_status lose_interchange(struct x12_reader *r, enum ch_status why, uint64_t at)
{
	enum ch_status status = lose_set(r, at);
	lose_group(r, at);
	r->x->cut_off = why != CH_TOO_LARGE;
	interchange_flaw(
		r->x, (struct flaw){.kind = why == CH_TOO_LARGE ? FLAW_TOO_LONG : FLAW_TRAILER,
			      .offset = at,
			      .tag = "IEA",
			      .words = why == CH_TOO_LARGE ? "a segment" : NULL});
	return status;
}

static enum ch_status read_body(struct x12_reader *r, uint64_t *at)
{
	enum ch_status status = CH_OK;
	while (status == CH_OK && !r->ended) {
		struct slice before = r->rest;
		status = scanner_pass(r->scanner, &r->rest, &r->segment);
		if (status == CH_NOMEM)
			break;
		if (status != CH_OK) {
			*at += status == CH_TOO_LARGE ? 0 : before.len;
			return lose_interchange(r, status, *at);
		}
		if (segment_is(r->segment, "ISA")) {
			*at = r->segment->offset;
			return lose_interchange(r, CH_END, *at);
		}
		*at = r->segment->end;
		r->x->segments++;
		status = read_segment(r);
	}
	return status;
}

enum ch_status x12_read(
	struct scanner *scanner, struct slice file, uint64_t *at, struct interchange *interchange)
{
	struct x12_reader r = {.scanner = scanner, .x = interchange};
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
	return status == CH_OK ? read_body(&r, at) : status;
}
