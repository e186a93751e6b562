#include "channel/parts/terms.h"

#include "base/text.h"
#include "channel/parts/repertoire.h"

#define EDIFACT_FIRST  UINT64_C(10000000000)
#define X12_FIRST      UINT64_C(500000000)
#define X12_LAST       UINT64_C(999999999)
#define ADDRESS_MAX    35u
#define ISA_NUMBER_MAX 15u
#define GS_VERSION_MAX 12u

struct terms terms_usual(enum standard standard)
{
	if (standard == STANDARD_EDIFACT)
		return (struct terms){.standard = standard,
			.own_qualifier = SLICE_LITERAL("14"),
			.qualifier = SLICE_LITERAL("14"),
			.charset = SLICE_LITERAL("UNOC"),
			.version = SLICE_LITERAL("96A")};
	return (struct terms){.standard = standard,
		.own_qualifier = SLICE_LITERAL("ZZ"),
		.qualifier = SLICE_LITERAL("ZZ"),
		.charset = SLICE_LITERAL("extended"),
		.version = SLICE_LITERAL("004010"),
		.marks = marks_x12};
}

enum ch_status terms_parse_marks(struct slice text, struct marks *out_marks)
{
	uint8_t bytes[4];
	if (text.len == sizeof(bytes))
		memcpy(bytes, text.data, sizeof(bytes));
	else if (text.len != 2 * sizeof(bytes) || text_parse_hex(text, bytes) != CH_OK)
		return CH_FORMAT;
	const struct marks marks = {.element = bytes[0],
		.component = bytes[1],
		.decimal = '.',
		.repetition = bytes[2],
		.terminator = bytes[3]};
	/* What belongs into numbers and dates cannot end them. */
	for (size_t i = 0; i < sizeof(bytes); i++) {
		if (bytes[i] == 0 || strchr("-.,", bytes[i]) != NULL)
			return CH_FORMAT;
	}
	if (!marks_are_sound(&marks))
		return CH_FORMAT;
	*out_marks = marks;
	return CH_OK;
}

/* ---- What is wrong ---- */

static bool is_code(struct slice text, size_t least, size_t most)
{
	if (text.len < least || text.len > most)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z'))
			return false;
	}
	return true;
}

/* Printable ASCII, without what `not` has. */
static bool is_printable(struct slice text, const char * not, size_t most)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		if (c <= ' ' || c > '~' || strchr(not, c) != NULL)
			return false;
	}
	return text.len <= most;
}

/* For UNB, without small letters when the repertoire has none. */
static bool is_address(struct slice text, bool capitals)
{
	for (size_t i = 0; i < text.len && capitals; i++) {
		if (text.data[i] >= 'a' && text.data[i] <= 'z')
			return false;
	}
	return is_printable(text, "#$@[\\]^_`{|}~", ADDRESS_MAX);
}

static const char *edifact_fault(const struct terms *terms)
{
	bool capitals = slice_equal(terms->charset, SLICE_LITERAL("UNOA"));
	if (terms->own_number.len == 0 || !is_address(terms->own_number, capitals))
		return "partner.own_number: is no number for UNB: letters and digits, up to 35";
	if (terms->number.len == 0 || !is_address(terms->number, capitals))
		return "partner.number: is no number for UNB: letters and digits, up to 35";
	if (!is_code(terms->own_qualifier, 0, 4) || !is_code(terms->qualifier, 0, 4))
		return "partner.qualifier: is no qualifier of UNB";
	if (!is_code(terms->version, 3, 3))
		return "interchange.directory: is none; write 96A";
	if (!is_code(terms->association, 0, 6))
		return "interchange.association: is none; write EAN008";
	if (!is_address(terms->application, capitals) || terms->application.len > 14)
		return "interchange.application: has more than 14 letters";
	return NULL;
}

/* For ISA and GS, where the marks of all interchanges, ours and our answers', would be one. */
static bool is_name(const struct terms *terms, struct slice text)
{
	const struct marks *m = &terms->marks;
	const char marks[] = {
		(char)m->element, (char)m->component, (char)m->repetition, (char)m->terminator, 0};
	return is_printable(text, marks, ISA_NUMBER_MAX) && is_printable(text, "*:~^", text.len);
}

/* "004010", and what an association adds to it; dates have eight digits from there on. */
static bool is_version(struct slice text)
{
	return text.len >= 6 && is_code(text, 6, GS_VERSION_MAX) &&
	       slice_compare(slice_sub(text, 0, 6), SLICE_LITERAL("004010")) >= 0 &&
	       slice_compare(slice_sub(text, 0, 6), SLICE_LITERAL("009999")) <= 0;
}

static const char *x12_fault(const struct terms *terms)
{
	struct slice own_code = terms->own_code.len > 0 ? terms->own_code : terms->own_number;
	struct slice code = terms->code.len > 0 ? terms->code : terms->number;
	if (terms->own_number.len == 0 || !is_name(terms, terms->own_number))
		return "partner.own_number: is no number for ISA: letters and digits, up to 15";
	if (terms->number.len == 0 || !is_name(terms, terms->number))
		return "partner.number: is no number for ISA: letters and digits, up to 15";
	if (!is_code(terms->own_qualifier, 2, 2) || !is_code(terms->qualifier, 2, 2))
		return "partner.qualifier: is no qualifier of ISA: two letters or digits";
	if (own_code.len < 2 || !is_name(terms, own_code))
		return "x12.own_code: is no code for GS: 2 to 15 letters and digits";
	if (code.len < 2 || !is_name(terms, code))
		return "x12.code: is no code for GS: 2 to 15 letters and digits";
	if (!is_version(terms->version))
		return "x12.version: is none from 004010 on";
	if (terms->marks.element == 0)
		return "x12.marks: are no marks: four different characters, of element, component, "
		       "repetition and segment, none of them a letter, digit, blank, - . or comma";
	return NULL;
}

const char *terms_fault(const struct terms *terms)
{
	struct repertoire *repertoire = NULL;
	bool edifact = terms->standard == STANDARD_EDIFACT;
	enum ch_status status = repertoire_open(terms->standard, terms->charset, &repertoire);
	repertoire_close(repertoire);
	if (status == CH_UNSUPPORTED)
		return edifact ? "interchange.syntax: is none of UNOA to UNOL, UNOW, UNOX, UNOY"
			       : "x12.charset: is none of basic, extended, utf-8";
	return edifact ? edifact_fault(terms) : x12_fault(terms);
}

/* ---- References ---- */

enum ch_status terms_reference(enum standard standard, uint64_t number, uint64_t *out_reference)
{
	if (standard == STANDARD_X12 && number > X12_LAST - X12_FIRST)
		return CH_FULL;
	*out_reference = (standard == STANDARD_X12 ? X12_FIRST : EDIFACT_FIRST) + number;
	return CH_OK;
}

uint64_t terms_number(enum standard standard, uint64_t reference)
{
	uint64_t first = standard == STANDARD_X12 ? X12_FIRST : EDIFACT_FIRST;
	if (reference <= first || (standard == STANDARD_X12 && reference > X12_LAST))
		return 0;
	return reference - first;
}
