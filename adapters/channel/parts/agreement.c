#include "channel/parts/agreement.h"

#include <stdio.h>
#include <string.h>

#include "channel/parts/script.h"

static const char *message_fault(struct slice value)
{
	if (script_knows(STANDARD_EDIFACT, value) || script_knows(STANDARD_X12, value))
		return NULL;
	return "is none of ORDERS, ORDCHG, ORDRSP, DESADV, RECADV, INVRPT, PRICAT, and of X12 none "
	       "of 850, 860, 855, 856, 861, 846, 832";
}

static const char *marks_fault(struct slice value)
{
	struct marks marks;
	return terms_parse_marks(value, &marks) == CH_OK
		       ? NULL
		       : "are no marks: four different characters, of element, component, "
			 "repetition and segment, or their eight hexadecimal digits; none of them "
			 "a letter, digit, blank, - . or comma";
}

static const struct option_word standard_words[] = {
	{"edifact", STANDARD_EDIFACT},
	{"x12", STANDARD_X12},
	{NULL, 0},
};

static const struct option_word scope_words[] = {
	{"named", SCOPE_NAMED},
	{"unnamed", SCOPE_UNNAMED},
	{"all", SCOPE_ALL},
	{NULL, 0},
};

#define AT(member) .at = offsetof(struct agreement, member)

static const struct option options[] = {
	{.name = "partner.number",
		.type = OPTION_TEXT,
		.required = true,
		.max = 35,
		AT(number),
		.help = "His number in UNB or ISA, as the recipient of what goes out."},
	{.name = "partner.qualifier",
		.type = OPTION_TEXT,
		.max = 4,
		AT(qualifier),
		.help = "Whose number that is (0007, X12 I05): 14 of GS1, which it is without this, in\n"
			"X12 01 of Dun & Bradstreet, ZZ by agreement, which it is there."},
	{.name = "partner.own_number",
		.type = OPTION_TEXT,
		.required = true,
		.max = 35,
		AT(own_number),
		.help = "The number that we have with him, the sender in UNB or ISA."},
	{.name = "partner.own_qualifier",
		.type = OPTION_TEXT,
		.max = 4,
		AT(own_qualifier),
		.help = "Whose number that is; the same without it."},
	{.name = "partner.folder",
		.type = OPTION_TEXT,
		AT(folder),
		.help = "Where his interchanges are put, by rename; files that begin with a dot are not\n"
			"yet his.  Without it the folder of his name below parts.out."},
	{.name = "interchange.standard",
		.type = OPTION_CHOICE,
		.words = standard_words,
		.initial = "edifact",
		AT(standard),
		.help = "What he reads: edifact (UN/EDIFACT, by the options of [interchange]) or x12 (by\n"
			"those of [x12])."},
	{.name = "interchange.syntax",
		.type = OPTION_TEXT,
		.max = 4,
		.initial = "UNOC",
		AT(syntax),
		.help = "The charset that he reads: UNOA (capitals), UNOB, UNOC (ISO 8859-1) to UNOL,\n"
			"UNOW, UNOX or UNOY (UTF-8).  From UNOG on it is syntax version 4, else 3."},
	{.name = "interchange.directory",
		.type = OPTION_TEXT,
		.max = 3,
		.initial = "96A",
		AT(directory),
		.help = "The directory of the messages.  From 2000 on texts may be longer."},
	{.name = "interchange.association",
		.type = OPTION_TEXT,
		.max = 6,
		AT(association),
		.help = "The association's code in UNH (0057): EAN008."},
	{.name = "interchange.application",
		.type = OPTION_TEXT,
		.max = 14,
		AT(application),
		.help = "The application's reference in UNB (0026)."},
	{.name = "interchange.test",
		.type = OPTION_BOOL,
		AT(test),
		.initial = "no",
		.help = "Mark what goes out as a test."},
	{.name = "x12.version",
		.type = OPTION_TEXT,
		.max = 12,
		.initial = "004010",
		AT(version),
		.help = "The version of the sets (GS08; ISA12 is its first five digits), from 004010 on."},
	{.name = "x12.charset",
		.type = OPTION_TEXT,
		.max = 8,
		.initial = "extended",
		AT(charset),
		.help = "The letters that he reads: basic (capitals), extended (ASCII), or all as utf-8,\n"
			"which X12 itself does not know: only by agreement."},
	{.name = "x12.marks",
		.type = OPTION_TEXT,
		.max = 8,
		.initial = "*:^~",
		.fault = marks_fault,
		AT(marks),
		.help = "The marks behind elements, components, repetitions and segments, or their eight\n"
			"hexadecimal digits (1d1f1e1c).  What a text holds cannot be one: such an event\n"
			"is refused.  Before 00402 repetitions have none."},
	{.name = "x12.own_code",
		.type = OPTION_TEXT,
		.max = 15,
		AT(own_code),
		.help = "Our code in GS02.  Without it, partner.own_number."},
	{.name = "x12.code",
		.type = OPTION_TEXT,
		.max = 15,
		AT(code),
		.help = "His code in GS03.  Without it, partner.number."},
	{.name = "x12.ta1",
		.type = OPTION_BOOL,
		.initial = "no",
		AT(ta1),
		.help = "Ask for a TA1 besides the 997 (ISA14)."},
	{.name = "documents.messages",
		.type = OPTION_LIST,
		.required = true,
		.fault = message_fault,
		AT(messages),
		.help = "What he gets, of ORDERS, ORDCHG, ORDRSP, DESADV, RECADV, INVRPT, PRICAT; of X12\n"
			"850, 860, 855, 856, 861, 846, 832."},
	{.name = "documents.for",
		.type = OPTION_CHOICE,
		.words = scope_words,
		.initial = "named",
		AT(scope),
		.help = "Which of these: those that name him; those that name him or nobody in his\n"
			"roles (unnamed); all.  What he has sent himself never goes back to him."},
	{.name = "documents.roles",
		.type = OPTION_LIST,
		AT(roles),
		.help = "The roles (3035) that he is named in: SU, WH, BY, DP ...  A station of ours counts\n"
			"as BY and DP, a buyer as BY, a warehouse as WH and SF.  Without it, any."},
	{.name = "documents.numbers",
		.type = OPTION_LIST,
		AT(numbers),
		.help = "The numbers that documents name him by.  Without it, partner.number."},
	{.name = "answers.patience",
		.type = OPTION_MS,
		.max = INT64_C(2592000000),
		.initial = "1d",
		AT(patience_ms),
		.help = "How long his CONTRL or 997 may take; then it is logged and counted as missing.\n"
			"With 0 none is awaited, and no CONTRL asked for."},
};

static struct option_group group_of(struct agreement *agreement)
{
	return (struct option_group){options, sizeof(options) / sizeof(*options), agreement};
}

/* ---- Terms ---- */

static struct slice text_of(const char *text)
{
	return text != NULL ? slice_text(text) : (struct slice){NULL, 0};
}

/* A text that was set, else what is usual. */
static struct slice text_or(const char *text, struct slice usual)
{
	return text != NULL ? slice_text(text) : usual;
}

struct terms agreement_terms(const struct agreement *agreement)
{
	bool x12 = agreement->standard == STANDARD_X12;
	struct terms terms = terms_usual((enum standard)agreement->standard);
	terms.own_number = text_of(agreement->own_number);
	terms.own_qualifier = text_or(agreement->own_qualifier, terms.own_qualifier);
	terms.number = text_of(agreement->number);
	terms.qualifier = text_or(agreement->qualifier, terms.qualifier);
	terms.charset = text_of(x12 ? agreement->charset : agreement->syntax);
	terms.version = text_of(x12 ? agreement->version : agreement->directory);
	terms.association = text_of(agreement->association);
	terms.application = text_of(agreement->application);
	terms.own_code = text_of(agreement->own_code);
	terms.code = text_of(agreement->code);
	terms.acknowledge = x12 ? agreement->ta1 : agreement->patience_ms > 0;
	terms.test = agreement->test;
	if (x12)
		(void)terms_parse_marks(text_of(agreement->marks), &terms.marks); /* looked at */
	return terms;
}

/* ---- Reading ---- */

/* "option: words" */
static enum ch_status tell_terms(const char *path, const char *fault, struct problems *problems)
{
	size_t key = strcspn(fault, ":");
	char name[64];
	(void)snprintf(name, sizeof(name), "%.*s", (int)key, fault); /* fits */
	problems_add(problems, path, 0, name, "%s", fault + key + 2);
	return CH_INVALID;
}

/* Every message is one of his standard. */
static enum ch_status check_messages(
	const struct agreement *agreement, const char *path, struct problems *problems)
{
	enum standard standard = (enum standard)agreement->standard;
	enum ch_status status = CH_OK;
	for (size_t i = 0; i < agreement->messages.count; i++) {
		const char *name = agreement->messages.items[i];
		if (script_knows(standard, slice_text(name)))
			continue;
		problems_add(problems, path, 0, "documents.messages", "%s is no message of %s",
			name, standard_name(standard));
		status = CH_INVALID;
	}
	return status;
}

enum ch_status agreement_read(
	struct agreement *agreement, const char *path, struct problems *problems)
{
	const struct option_group group = group_of(agreement);
	enum ch_status status = config_read(path, &group, 1, problems);
	if (status != CH_OK)
		return status;
	const struct terms terms = agreement_terms(agreement);
	const char *fault = terms_fault(&terms);
	status = check_messages(agreement, path, problems);
	return fault != NULL ? tell_terms(path, fault, problems) : status;
}

void agreement_fini(struct agreement *agreement)
{
	const struct option_group group = group_of(agreement);
	option_free(&group);
}

bool agreement_lists(const struct option_list *list, const char *item)
{
	for (size_t i = 0; i < list->count && item != NULL; i++) {
		if (strcmp(list->items[i], item) == 0)
			return true;
	}
	return false;
}

void agreement_describe(struct buffer *out)
{
	struct agreement agreement = {.number = NULL};
	const struct option_group group = group_of(&agreement);
	option_describe(&group, out);
}
