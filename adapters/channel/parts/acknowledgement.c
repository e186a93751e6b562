/* CONTRL, X12 997 and TA1: what a partner says of an interchange that he was sent. */
#include "base/text.h"
#include "channel/parts/trade.h"

#define ACTION(name) CAREHUB__V1__SYNTAX_ACTION__SYNTAX_ACTION_##name

struct acknowledgement_state {
	Carehub__V1__PartsInterchangeAcknowledged *event;
	char *message_id; /* the one that is being spoken of */
	uint32_t segment; /* in it */
	struct flaw begin_at;
};

static const struct action_row {
	const char *code;
	Carehub__V1__SyntaxAction action;
} edifact_actions[] =
	{
		{"4", ACTION(REJECTED)},
		{"7", ACTION(ACKNOWLEDGED)},
		{"8", ACTION(RECEIVED)},
		{NULL, ACTION(UNSPECIFIED)},
},
  group_actions[] =
	  {
		  {"A", ACTION(ACKNOWLEDGED)},
		  {"E", ACTION(WITH_ERRORS)},
		  {"M", ACTION(REJECTED)},
		  {"P", ACTION(PARTIAL)},
		  {"R", ACTION(REJECTED)},
		  {"W", ACTION(REJECTED)},
		  {"X", ACTION(REJECTED)},
		  {NULL, ACTION(UNSPECIFIED)},
},
  note_actions[] = {
	  {"A", ACTION(RECEIVED)},
	  {"E", ACTION(WITH_ERRORS)},
	  {"R", ACTION(REJECTED)},
	  {NULL, ACTION(UNSPECIFIED)},
};

static struct acknowledgement_state *state_of(struct reading *r)
{
	return r->state;
}

static void acknowledgement_begin(struct reading *r)
{
	struct acknowledgement_state *state = state_of(r);
	state->event = reading_new(r, &carehub__v1__parts_interchange_acknowledged__descriptor);
	state->message_id = reading_copy(r, (struct slice){NULL, 0});
	state->begin_at = (struct flaw){.offset = r->message->offset, .segment = 1};
}

static void take_action(struct reading *r, const struct action_row *rows, unsigned element)
{
	struct slice code = segment_get(r->segment, element, 1);
	for (; rows->code != NULL; rows++) {
		if (slice_equal(code, slice_text(rows->code)))
			state_of(r)->event->action = rows->action;
	}
	if (state_of(r)->event->action == ACTION(UNSPECIFIED))
		reading_flaw(r, code.len > 0 ? FLAW_VALUE : FLAW_MISSING, element, 0, NULL);
}

static uint32_t number_of(struct slice text)
{
	uint64_t value = 0;
	(void)text_parse_u64(text, UINT32_MAX, &value); /* else it is about the whole */
	return (uint32_t)value;
}

static void add_error(struct reading *r, struct slice code, uint32_t element, uint32_t component)
{
	struct acknowledgement_state *state = state_of(r);
	if (code.len == 0)
		return;
	Carehub__V1__SyntaxError *error = reading_new(r, &carehub__v1__syntax_error__descriptor);
	if (error == NULL)
		return;
	error->message_id = state->message_id;
	error->segment = state->segment;
	error->element = element;
	error->component = component;
	error->error_code = reading_copy(r, code);
	READING_ADD(r, state->event, errors, error);
}

static void take_subject(
	struct reading *r, struct slice sender, struct slice recipient, struct slice reference)
{
	struct acknowledgement_state *state = state_of(r);
	Carehub__V1__InterchangeRef *subject =
		reading_new(r, &carehub__v1__interchange_ref__descriptor);
	if (subject == NULL)
		return;
	state->begin_at = segment_flaw(r->segment, FLAW_MISSING, 1, 0, NULL);
	subject->standard = reading_copy(r, slice_text(standard_name(r->interchange->standard)));
	subject->sender = reading_copy(r, sender);
	subject->recipient = reading_copy(r, recipient);
	subject->interchange_id = reading_copy(r, reference);
	state->event->subject = subject;
}

/* ---- CONTRL ---- */

/* An element of S011 counts the tag, the schema does not. */
static uint32_t element_of(struct slice text)
{
	uint32_t number = number_of(text);
	return number > 0 ? number - 1 : 0;
}

/* UCI+reference+sender+recipient+action+error+segment+element:component */
static void take_uci(struct reading *r)
{
	const struct segment *s = r->segment;
	take_subject(r, segment_get(s, 2, 1), segment_get(s, 3, 1), segment_get(s, 1, 1));
	take_action(r, edifact_actions, 4);
	add_error(r, segment_get(s, 5, 1), element_of(segment_get(s, 7, 1)),
		number_of(segment_get(s, 7, 2)));
}

/* UCM+reference+type+action+error+segment+element:component; UCF is alike for groups. */
static void take_ucm(struct reading *r)
{
	struct acknowledgement_state *state = state_of(r);
	const struct segment *s = r->segment;
	bool group = segment_is(s, "UCF");
	unsigned action = group ? 4 : 3;
	state->message_id = reading_text(r, 1, 1);
	state->segment = 0;
	if (segment_says(s, action, 1, "4")) {
		struct slice code = segment_get(s, action + 1, 1);
		/* A message that is refused without a reason is an error all the same. */
		add_error(r, code.len > 0 ? code : SLICE_LITERAL("18"),
			element_of(segment_get(s, action + 3, 1)),
			number_of(segment_get(s, action + 3, 2)));
	}
}

static void take_ucs(struct reading *r)
{
	state_of(r)->segment = number_of(segment_get(r->segment, 1, 1));
	add_error(r, segment_get(r->segment, 2, 1), 0, 0);
}

static void take_ucd(struct reading *r)
{
	const struct segment *s = r->segment;
	add_error(r, segment_get(s, 1, 1), element_of(segment_get(s, 2, 1)),
		number_of(segment_get(s, 2, 2)));
}

/* ---- 997, TA1 ---- */

/* AK1*kind*number of the group; the interchange's own number is not told. */
static void take_ak1(struct reading *r)
{
	const struct interchange *x = r->interchange;
	take_subject(r, x->recipient.id, x->sender.id, segment_get(r->segment, 2, 1));
}

static void take_ak2(struct reading *r)
{
	state_of(r)->message_id = reading_text(r, 2, 1);
	state_of(r)->segment = 0;
}

static void take_ak3(struct reading *r)
{
	state_of(r)->segment = number_of(segment_get(r->segment, 2, 1));
	add_error(r, segment_get(r->segment, 4, 1), 0, 0);
}

/* AK4*element:component*reference*error*value */
static void take_ak4(struct reading *r)
{
	const struct segment *s = r->segment;
	add_error(r, segment_get(s, 3, 1), number_of(segment_get(s, 1, 1)),
		number_of(segment_get(s, 1, 2)));
}

static void take_ak5(struct reading *r)
{
	state_of(r)->segment = 0;
	for (unsigned i = 2; i <= 6; i++)
		add_error(r, segment_get(r->segment, i, 1), 0, 0);
}

static void take_ak9(struct reading *r)
{
	struct acknowledgement_state *state = state_of(r);
	state->message_id = reading_copy(r, (struct slice){NULL, 0});
	state->segment = 0;
	take_action(r, group_actions, 1);
	for (unsigned i = 5; i <= 9; i++)
		add_error(r, segment_get(r->segment, i, 1), 0, 0);
}

/* TA1*number*date*time*action*note */
static void take_ta1(struct reading *r)
{
	const struct interchange *x = r->interchange;
	take_subject(r, x->recipient.id, x->sender.id, segment_get(r->segment, 1, 1));
	take_action(r, note_actions, 4);
	if (!segment_says(r->segment, 5, 1, "000"))
		add_error(r, segment_get(r->segment, 5, 1), 0, 0);
}

static void acknowledgement_end(struct reading *r)
{
	struct acknowledgement_state *state = state_of(r);
	state->event->interchange = reading_origin(r);
	if (state->event->subject == NULL || state->event->subject->interchange_id[0] == 0)
		reading_flaw_at(r, state->begin_at, FLAW_MISSING, "what it speaks of");
	else if (state->event->action == ACTION(UNSPECIFIED))
		reading_flaw_at(r, state->begin_at, FLAW_MISSING, "what it says");
	reading_make(r, "parts.interchange.acknowledged", state->event, "", 0);
}

static const struct segment_rows edifact_rows = {
	SEGMENT_ROW('U', 'C', 'I', take_uci),
	SEGMENT_ROW('U', 'C', 'M', take_ucm),
	SEGMENT_ROW('U', 'C', 'F', take_ucm),
	SEGMENT_ROW('U', 'C', 'S', take_ucs),
	SEGMENT_ROW('U', 'C', 'D', take_ucd),
};

static const struct segment_rows x12_rows = {
	SEGMENT_ROW('A', 'K', '1', take_ak1),
	SEGMENT_ROW('A', 'K', '2', take_ak2),
	SEGMENT_ROW('A', 'K', '3', take_ak3),
	SEGMENT_ROW('A', 'K', '4', take_ak4),
	SEGMENT_ROW('A', 'K', '5', take_ak5),
	SEGMENT_ROW('A', 'K', '9', take_ak9),
	SEGMENT_ROW('T', 'A', '1', take_ta1),
};

const struct document document_acknowledgement = {
	.edifact = &edifact_rows,
	.x12 = &x12_rows,
	.state_bytes = sizeof(struct acknowledgement_state),
	.begin = acknowledgement_begin,
	.end = acknowledgement_end,
};
