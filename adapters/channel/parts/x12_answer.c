#include <inttypes.h>

#include "channel/parts/answer.h"

/* ISA13 has nine digits. */
#define NUMBERS 1000000000u

struct ack {
	const struct interchange *x;
	uint64_t number;
	const struct answer_options *options;
	struct buffer *out;
	uint32_t segments;
	uint32_t sets;
};

/* ---- Segments ---- */

/* Nothing can be released: what would be a mark is left out. */
static void put_text(struct ack *a, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		if (c >= 0x20 && c < 0x7f && memchr("*:~^", c, 4) == NULL)
			buffer_append_byte(a->out, c);
	}
}

/* Nothing that X12 has is longer. */
#define ELEMENT_BYTES 15u

static void put_element(struct ack *a, struct slice text)
{
	buffer_append_byte(a->out, '*');
	put_text(a, slice_sub(text, 0, ELEMENT_BYTES));
}

static void end_segment(struct ack *a)
{
	buffer_append_text(a->out, "~\r\n");
	a->segments++;
}

/* A fixed column of ISA. */
static void put_padded(struct ack *a, struct slice text, size_t width)
{
	buffer_append_byte(a->out, '*');
	size_t before = a->out->len;
	put_text(a, slice_sub(text, 0, width));
	while (a->out->len - before < width && a->out->status == CH_OK)
		buffer_append_byte(a->out, ' ');
}

/* ---- The interchange ---- */

static void put_header(struct ack *a)
{
	const struct interchange *x = a->x;
	const struct slice empty = {NULL, 0};
	bool modern = slice_compare(x->version, SLICE_LITERAL("00402")) >= 0;
	buffer_append_text(a->out, "ISA*00");
	put_padded(a, empty, 10);
	buffer_append_text(a->out, "*00");
	put_padded(a, empty, 10);
	put_padded(a, x->recipient.qualifier, 2);
	put_padded(a, x->recipient.id, 15);
	put_padded(a, x->sender.qualifier, 2);
	put_padded(a, x->sender.id, 15);
	buffer_append_byte(a->out, '*');
	answer_date(a->options, false, a->out);
	buffer_append_byte(a->out, '*');
	answer_time(a->options, a->out);
	buffer_append_text(a->out, modern ? "*^" : "*U");
	put_padded(a, x->version.len == 5 ? x->version : SLICE_LITERAL("00401"), 5);
	buffer_printf(a->out, "*%09" PRIu64 "*0*%c*:", a->number, x->test ? 'T' : 'P');
	end_segment(a);
}

/* TA1*number*date*time*action*note */
static void put_note(struct ack *a, const struct flaw *flaw)
{
	buffer_append_text(a->out, "TA1");
	put_padded(a, a->x->reference, a->x->reference.len);
	put_element(a, a->x->date);
	put_element(a, a->x->time);
	buffer_printf(a->out, "*%s*%s", flaw != NULL ? "R" : "A",
		flaw_codes(flaw != NULL ? flaw->kind : FLAW_NONE)->note);
	end_segment(a);
}

/* ---- 997 ---- */

static const char *set_code(const struct flaw *flaw)
{
	bool header =
		strcmp(flaw->tag, "ST") == 0 || strcmp(flaw->tag, "SE") == 0 || flaw->tag[0] == 0;
	return header ? flaw_codes(flaw->kind)->set : "5";
}

static void put_place(struct ack *a, const struct flaw *flaw)
{
	buffer_printf(a->out, "AK4*%u", flaw->element);
	if (flaw->component > 0)
		buffer_printf(a->out, ":%u", flaw->component);
	buffer_printf(a->out, "**%s", flaw_codes(flaw->kind)->element);
	end_segment(a);
}

static void put_segment_flaws(struct ack *a, const struct message *message)
{
	uint32_t segment = 0;
	for (const struct flaw_note *note = message->flaws.first; note != NULL; note = note->next) {
		const struct flaw *flaw = &note->flaw;
		if (strcmp(set_code(flaw), "5") != 0 || flaw->segment == 0)
			continue;
		if (flaw->segment != segment || flaw->element == 0) {
			buffer_printf(a->out, "AK3*%s*%" PRIu32 "**%s", flaw->tag, flaw->segment,
				flaw->element > 0 ? "8" : flaw_codes(flaw->kind)->segment);
			end_segment(a);
			segment = flaw->segment;
		}
		if (flaw->element > 0)
			put_place(a, flaw);
	}
}

static void put_set(struct ack *a, const struct message *message)
{
	buffer_append_text(a->out, "AK2");
	put_element(a, message->type[0]);
	put_element(a, message->reference);
	end_segment(a);
	put_segment_flaws(a, message);
	if (message->flaws.count == 0)
		buffer_append_text(a->out, "AK5*A");
	else
		buffer_printf(a->out, "AK5*R*%s", set_code(&message->flaws.first->flaw));
	end_segment(a);
}

static void put_group(struct ack *a, const struct group *group)
{
	const struct interchange *x = a->x;
	bool refused = group->flaw.kind != FLAW_NONE;
	uint32_t accepted = 0;
	a->segments = 0;
	buffer_printf(a->out, "ST*997*%04" PRIu32, ++a->sets);
	end_segment(a);
	buffer_append_text(a->out, "AK1");
	put_element(a, group->kind);
	put_element(a, group->reference);
	end_segment(a);
	for (uint32_t i = group->first; i < group->first + group->count; i++) {
		accepted += x->messages[i].flaws.count == 0 && !refused;
		if (!refused)
			put_set(a, &x->messages[i]);
	}
	const char *word = accepted == group->count ? "A" : accepted > 0 ? "P" : "R";
	buffer_printf(a->out, "AK9*%s*%" PRIu32 "*%" PRIu32 "*%" PRIu32, refused ? "R" : word,
		group->told, group->count, accepted);
	if (refused)
		buffer_printf(a->out, "*%s", flaw_codes(group->flaw.kind)->group);
	end_segment(a);
	buffer_printf(a->out, "SE*%" PRIu32 "*%04" PRIu32, a->segments + 1, a->sets);
	end_segment(a);
}

/* Of a group that acknowledges nothing is said. */
static bool is_answered(const struct interchange *x, const struct group *group)
{
	for (uint32_t i = group->first; i < group->first + group->count; i++) {
		if (x->messages[i].kind != MESSAGE_ACKNOWLEDGEMENT)
			return true;
	}
	return group->count == 0;
}

static uint32_t count_answered(const struct interchange *x)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < x->group_count; i++)
		count += is_answered(x, &x->groups[i]);
	return count;
}

static void put_groups(struct ack *a)
{
	const struct interchange *x = a->x;
	const struct group *first = &x->groups[0];
	buffer_append_text(a->out, "GS*FA");
	put_element(a, first->recipient.id);
	put_element(a, first->sender.id);
	buffer_append_byte(a->out, '*');
	answer_date(a->options, true, a->out);
	buffer_append_byte(a->out, '*');
	answer_time(a->options, a->out);
	buffer_printf(a->out, "*%" PRIu64 "*X", a->number);
	put_element(a, first->version.len > 0 ? first->version : SLICE_LITERAL("004010"));
	end_segment(a);
	for (uint32_t i = 0; i < x->group_count; i++) {
		if (is_answered(x, &x->groups[i]))
			put_group(a, &x->groups[i]);
	}
	buffer_printf(a->out, "GE*%" PRIu32 "*%" PRIu64, a->sets, a->number);
	end_segment(a);
}

enum ch_status x12_answer_write(const struct interchange *interchange,
	const struct answer_options *options, struct buffer *out)
{
	struct ack a = {.x = interchange,
		.number = options->number % NUMBERS,
		.options = options,
		.out = out};
	struct flaw room;
	const struct flaw *flaw = answer_flaw(interchange, options, &room);
	bool groups =
		flaw == NULL && options->stand == ANSWER_SETTLED && count_answered(interchange) > 0;
	put_header(&a);
	if (!groups || interchange->wants_acknowledgement)
		put_note(&a, flaw);
	if (groups)
		put_groups(&a);
	buffer_printf(out, "IEA*%d*%09" PRIu64, groups ? 1 : 0, a.number);
	end_segment(&a);
	return out->status;
}
