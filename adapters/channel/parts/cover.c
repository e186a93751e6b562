#include "channel/parts/cover.h"

#include <inttypes.h>
#include <stdio.h>

#include "channel/parts/answer.h"

#define ADDRESS_MAX 35u

/* ISA12 is what GS08 begins with. */
#define ISA_VERSION_BYTES 5u

/* ISA11 is the repetition mark since then; before it names the standard's makers, "U". */
static bool has_repetition(const struct terms *terms)
{
	return slice_compare(slice_sub(terms->version, 0, ISA_VERSION_BYTES),
		       SLICE_LITERAL("00402")) >= 0;
}

struct marks cover_marks(const struct terms *terms, const struct repertoire *repertoire)
{
	struct marks marks = marks_edifact;
	if (terms->standard == STANDARD_X12) {
		marks = terms->marks;
		if (!has_repetition(terms))
			marks.repetition = 0;
	} else if (repertoire_is_new(repertoire)) {
		marks.repetition = '*';
	}
	return marks;
}

/* ---- UN/EDIFACT ---- */

static void put_address(
	struct writing *w, unsigned element, struct slice number, struct slice qualifier)
{
	writing_put(w, "number", element, 1, number, ADDRESS_MAX);
	writing_put(w, "qualifier", element, 2, qualifier, 4);
}

static void put_unb(struct writing *w, const struct terms *terms, uint64_t reference,
	struct slice date, struct slice time)
{
	bool syntax4 = w->marks.repetition != 0;
	buffer_append_text(w->out, syntax4 ? "UNA:+.?*'\r\n" : "UNA:+.? '\r\n");
	writing_segment(w, "UNB");
	writing_put(w, "syntax", 1, 1, terms->charset, 4);
	writing_code(w, 1, 2, syntax4 ? "4" : "3");
	put_address(w, 2, terms->own_number, terms->own_qualifier);
	put_address(w, 3, terms->number, terms->qualifier);
	writing_put(w, "date", 4, 1, syntax4 ? date : slice_sub(date, 2, 6), 8);
	writing_put(w, "time", 4, 2, time, 4);
	writing_count(w, "reference", 5, 1, reference);
	writing_put(w, "application", 7, 1, terms->application, 14);
	if (terms->acknowledge)
		writing_code(w, 9, 1, "1");
	if (terms->test)
		writing_code(w, 11, 1, "1");
	writing_end(w);
}

static void put_unh(struct writing *w, const struct terms *terms, const struct script_face *face)
{
	writing_segment(w, "UNH");
	writing_code(w, 1, 1, "1");
	writing_code(w, 2, 1, face->name);
	writing_code(w, 2, 2, "D");
	writing_put(w, "directory", 2, 3, terms->version, 3);
	writing_code(w, 2, 4, "UN");
	writing_put(w, "association", 2, 5, terms->association, 6);
	writing_end(w);
}

/* ---- X12 ---- */

/* A fixed column of ISA, filled up with blanks. */
static void put_column(struct writing *w, struct slice text, size_t width)
{
	buffer_append_byte(w->out, w->marks.element);
	buffer_append_slice(w->out, text);
	for (size_t i = text.len; i < width; i++)
		buffer_append_byte(w->out, ' ');
}

/* 106 bytes, whatever stands in them; the last column is the component mark itself. */
static void put_isa(struct writing *w, const struct terms *terms, uint64_t reference,
	struct slice date, struct slice time)
{
	static const struct slice nothing = {NULL, 0};
	const uint8_t repetition = w->marks.repetition != 0 ? w->marks.repetition : 'U';
	char number[24];
	(void)snprintf(number, sizeof(number), "%09" PRIu64, reference); /* fits */
	writing_segment(w, "ISA");
	put_column(w, SLICE_LITERAL("00"), 2);
	put_column(w, nothing, 10);
	put_column(w, SLICE_LITERAL("00"), 2);
	put_column(w, nothing, 10);
	put_column(w, terms->own_qualifier, 2);
	put_column(w, terms->own_number, 15);
	put_column(w, terms->qualifier, 2);
	put_column(w, terms->number, 15);
	put_column(w, slice_sub(date, 2, 6), 6);
	put_column(w, time, 4);
	put_column(w, slice_of(&repetition, 1), 1);
	put_column(w, slice_sub(terms->version, 0, ISA_VERSION_BYTES), ISA_VERSION_BYTES);
	put_column(w, slice_text(number), 9);
	put_column(w, terms->acknowledge ? SLICE_LITERAL("1") : SLICE_LITERAL("0"), 1);
	put_column(w, terms->test ? SLICE_LITERAL("T") : SLICE_LITERAL("P"), 1);
	put_column(w, slice_of(&w->marks.component, 1), 1);
	writing_end(w);
}

static void put_gs(struct writing *w, const struct terms *terms, const struct script_face *face,
	uint64_t reference, struct slice date, struct slice time)
{
	writing_segment(w, "GS");
	writing_code(w, 1, 1, face->group);
	writing_put(w, "own_code", 2, 1,
		terms->own_code.len > 0 ? terms->own_code : terms->own_number, 15);
	writing_put(w, "code", 3, 1, terms->code.len > 0 ? terms->code : terms->number, 15);
	writing_put(w, "date", 4, 1, date, 8);
	writing_put(w, "time", 5, 1, time, 4);
	writing_count(w, "reference", 6, 1, reference);
	writing_code(w, 7, 1, "X");
	writing_put(w, "version", 8, 1, terms->version, 12);
	writing_end(w);
}

static void put_st(struct writing *w, const struct script_face *face, uint64_t reference)
{
	writing_segment(w, "ST");
	writing_code(w, 1, 1, face->name);
	writing_count(w, "reference", 2, 1, reference);
	writing_end(w);
}

/* SE, GE, IEA. */
static void put_trailer(struct writing *w, const char *tag, uint64_t count, uint64_t reference)
{
	writing_segment(w, tag);
	writing_count(w, "count", 1, 1, count);
	writing_count(w, "reference", 2, 1, reference);
	writing_end(w);
}

/* ---- Both ---- */

void cover_open(struct writing *writing, const struct terms *terms, const struct script_face *face,
	uint64_t reference, int64_t prepared_us)
{
	struct writing *w = writing;
	const struct answer_options when = {.prepared_us = prepared_us, .zone = w->zone};
	struct buffer date = {0};
	struct buffer time = {0};
	answer_date(&when, true, &date);
	answer_time(&when, &time);
	if (date.status != CH_OK || time.status != CH_OK) {
		w->status = CH_NOMEM;
	} else if (terms->standard == STANDARD_EDIFACT) {
		put_unb(w, terms, reference, buffer_slice(&date), buffer_slice(&time));
		w->segments = 0;
		put_unh(w, terms, face);
	} else {
		put_isa(w, terms, reference, buffer_slice(&date), buffer_slice(&time));
		put_gs(w, terms, face, reference, buffer_slice(&date), buffer_slice(&time));
		w->segments = 0;
		put_st(w, face, reference);
	}
	buffer_fini(&date);
	buffer_fini(&time);
}

void cover_close(struct writing *writing, uint64_t reference)
{
	struct writing *w = writing;
	if (w->standard == STANDARD_X12) {
		put_trailer(w, "SE", w->segments + 1, reference);
		put_trailer(w, "GE", 1, reference);
		put_trailer(w, "IEA", 1, reference);
		return;
	}
	writing_segment(w, "UNT");
	writing_count(w, "segments", 1, 1, w->segments + 1);
	writing_code(w, 2, 1, "1");
	writing_end(w);
	writing_segment(w, "UNZ");
	writing_code(w, 1, 1, "1");
	writing_count(w, "reference", 2, 1, reference);
	writing_end(w);
}
