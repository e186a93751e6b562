#include <inttypes.h>

#include "channel/parts/answer.h"

struct contrl {
	const struct interchange *x;
	const struct answer_options *options;
	struct buffer *out;
	uint32_t segments; /* of the message, header included */
};

/* ---- Segments ---- */

/* Marks are released, what is not printable ASCII is not repeated to its sender. */
static void put_text(struct contrl *c, struct slice text)
{
	/* The asterisk became a mark with syntax 4. */
	size_t marks = slice_equal(c->x->version, SLICE_LITERAL("4")) ? 5 : 4;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t byte = text.data[i];
		if (memchr("'+:?*", byte, marks) != NULL)
			buffer_append_byte(c->out, '?');
		buffer_append_byte(c->out, byte >= 0x20 && byte < 0x7f ? byte : '.');
	}
}

/* Components, those that are empty at the end left out. */
static void put_composite(struct contrl *c, const struct slice *parts, size_t count)
{
	buffer_append_byte(c->out, '+');
	while (count > 0 && parts[count - 1].len == 0)
		count--;
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buffer_append_byte(c->out, ':');
		put_text(c, parts[i]);
	}
}

static void put_address(struct contrl *c, const struct address *address)
{
	const struct slice parts[] = {address->id, address->qualifier, address->route};
	put_composite(c, parts, 3);
}

static void put_element(struct contrl *c, const char *text)
{
	const struct slice part = slice_text(text);
	put_composite(c, &part, 1);
}

static void end_segment(struct contrl *c)
{
	buffer_append_text(c->out, "'\r\n");
	c->segments++;
}

/* S011 counts the tag as the first element. */
static void put_place(struct contrl *c, const struct flaw *flaw)
{
	if (flaw->element == 0)
		return;
	buffer_printf(c->out, "+%u", flaw->element + 1u);
	if (flaw->component > 0)
		buffer_printf(c->out, ":%u", flaw->component);
}

/* "+4+29+UNZ+2": action, error, the service segment that has it and the place in that. */
static void put_refusal(struct contrl *c, const struct flaw *flaw)
{
	put_element(c, "4");
	put_element(c, flaw_codes(flaw->kind)->edifact);
	bool service = flaw->tag[0] == 'U' && flaw->tag[1] == 'N' && flaw->tag[2] != 'S';
	if (!service)
		return;
	put_element(c, flaw->tag);
	put_place(c, flaw);
}

/* ---- What is said of the messages ---- */

/* In the order of CONTRL: header and trailer by UCM itself, the others by UCS and UCD. */
static bool is_of_envelope(const struct flaw *flaw)
{
	return flaw->tag[0] == 0 || strcmp(flaw->tag, "UNH") == 0 || strcmp(flaw->tag, "UNT") == 0;
}

static const struct flaw *envelope_flaw(const struct message *message)
{
	for (const struct flaw_note *note = message->flaws.first; note != NULL; note = note->next) {
		if (is_of_envelope(&note->flaw))
			return &note->flaw;
	}
	return NULL;
}

static void put_segment_flaws(struct contrl *c, const struct message *message)
{
	uint32_t segment = 0;
	for (const struct flaw_note *note = message->flaws.first; note != NULL; note = note->next) {
		const struct flaw *flaw = &note->flaw;
		const char *code = flaw_codes(flaw->kind)->edifact;
		if (is_of_envelope(flaw))
			continue;
		if (flaw->segment != segment || flaw->element == 0) {
			buffer_printf(c->out, "UCS+%" PRIu32, flaw->segment);
			if (flaw->element == 0)
				put_element(c, code);
			end_segment(c);
			segment = flaw->segment;
		}
		if (flaw->element == 0)
			continue;
		buffer_append_text(c->out, "UCD");
		put_element(c, code);
		put_place(c, flaw);
		end_segment(c);
	}
}

static void put_message(struct contrl *c, const struct message *message)
{
	const struct flaw *flaw = envelope_flaw(message);
	buffer_append_text(c->out, "UCM");
	put_composite(c, &message->reference, 1);
	put_composite(c, message->type, MESSAGE_TYPE_PARTS);
	if (flaw != NULL)
		put_refusal(c, flaw);
	else
		put_element(c, "4");
	end_segment(c);
	put_segment_flaws(c, message);
}

static void put_messages(struct contrl *c, uint32_t first, uint32_t count)
{
	for (uint32_t i = first; i < first + count; i++) {
		if (c->x->messages[i].flaws.count > 0)
			put_message(c, &c->x->messages[i]);
	}
}

static bool has_refused(const struct interchange *x, uint32_t first, uint32_t count)
{
	for (uint32_t i = first; i < first + count; i++) {
		if (x->messages[i].flaws.count > 0)
			return true;
	}
	return false;
}

static void put_group(struct contrl *c, const struct group *group)
{
	bool refused = group->flaw.kind != FLAW_NONE;
	if (!refused && !has_refused(c->x, group->first, group->count))
		return;
	buffer_append_text(c->out, "UCF");
	put_composite(c, &group->reference, 1);
	put_address(c, &group->sender);
	put_address(c, &group->recipient);
	if (refused)
		put_refusal(c, &group->flaw);
	else
		put_element(c, "7");
	end_segment(c);
	if (!refused)
		put_messages(c, group->first, group->count);
}

static void put_details(struct contrl *c)
{
	const struct interchange *x = c->x;
	for (uint32_t i = 0; i < x->group_count; i++)
		put_group(c, &x->groups[i]);
	if (x->group_count == 0)
		put_messages(c, 0, x->message_count);
}

/* ---- The interchange ---- */

/* Of the subject's own repertoire and version, where they are known. */
static void put_header(struct contrl *c)
{
	const struct interchange *x = c->x;
	bool known = x->syntax_known && slice_starts(x->syntax, SLICE_LITERAL("UNO"));
	bool version =
		x->version.len == 1 && x->version.data[0] >= '1' && x->version.data[0] <= '4';
	const struct slice syntax[] = {known ? x->syntax : SLICE_LITERAL("UNOB"),
		version ? x->version : SLICE_LITERAL("3")};
	buffer_append_text(c->out, "UNB");
	put_composite(c, syntax, 2);
	put_address(c, &x->recipient);
	put_address(c, &x->sender);
	buffer_append_byte(c->out, '+');
	answer_date(c->options, version && x->version.data[0] == '4', c->out);
	buffer_append_byte(c->out, ':');
	answer_time(c->options, c->out);
	buffer_printf(c->out, "+%010" PRIu64, c->options->number);
	if (x->test)
		buffer_append_text(c->out, "++++++1");
	end_segment(c);
	c->segments = 0;
	buffer_append_text(c->out, version && x->version.data[0] == '4' ? "UNH+1+CONTRL:4:1:UN"
									: "UNH+1+CONTRL:D:3:UN");
	end_segment(c);
}

enum ch_status contrl_write(const struct interchange *interchange,
	const struct answer_options *options, struct buffer *out)
{
	struct contrl c = {.x = interchange, .options = options, .out = out};
	struct flaw room;
	const struct flaw *flaw = answer_flaw(interchange, options, &room);
	put_header(&c);
	buffer_append_text(out, "UCI");
	put_composite(&c, &interchange->reference, 1);
	put_address(&c, &interchange->sender);
	put_address(&c, &interchange->recipient);
	if (flaw != NULL)
		put_refusal(&c, flaw);
	else
		put_element(&c, options->stand == ANSWER_PENDING ? "8" : "7");
	end_segment(&c);
	if (flaw == NULL && options->stand == ANSWER_SETTLED)
		put_details(&c);
	buffer_printf(out, "UNT+%" PRIu32 "+1", c.segments + 1);
	end_segment(&c);
	buffer_printf(out, "UNZ+1+%010" PRIu64, options->number);
	end_segment(&c);
	return out->status;
}
