#include "module/marketing/fact/slip.h"

#include <stdlib.h>

#include "module/marketing/fact/trade.h"
#include "wire/pb.h"

/* Numbers of carehub/v1/pos.proto. */
enum {
	SALE_TRANSACTION = 1,
	SALE_PERSONAL = 100, /* and above */
	TRANSACTION_REF = 1,
	TRANSACTION_LINE = 6,
	REF_STORE = 1,
	REF_TILL = 2,
	REF_DATE = 3,
	REF_NUMBER = 4,
	REF_OWN_NUMBER = 5,
	LINE_ACTION = 2,
	LINE_VOIDED = 3,
	LINE_VOIDS = 4,
	LINE_ITEM = 7,
	LINE_SCANNED = 8,
	LINE_PRODUCT = 10,
	LINE_PRINTED = 12,
};

void slip_fini(struct slip *slip)
{
	free(slip->articles);
	*slip = (struct slip){0};
}

static void slip_clear(struct slip *slip)
{
	*slip = (struct slip){.articles = slip->articles, .capacity = slip->capacity};
}

/* ---- Lines ---- */

struct line {
	uint32_t action;
	uint32_t voided;
	uint32_t voids;
	struct slice product;
	struct slice item;
	struct slice scanned;
	struct slice printed;
};

static enum ch_status slip_add(struct slip *slip, struct slice article)
{
	if (slip->count == slip->capacity) {
		size_t capacity = slip->capacity * 2 + 32;
		struct slice *articles = realloc(slip->articles, capacity * sizeof(*articles));
		if (articles == NULL)
			return CH_NOMEM;
		slip->articles = articles;
		slip->capacity = capacity;
	}
	slip->articles[slip->count++] = article;
	return CH_OK;
}

static enum ch_status slip_add_line(struct slip *slip, const struct line *line)
{
	struct slice article =
		trade_article(line->product, line->item, line->scanned, line->printed);
	bool back = line->action == CAREHUB__V1__SALE_ACTION__SALE_ACTION_RETURN;
	slip->back = slip->back || back;
	if (back || line->voided == CAREHUB__V1__ANSWER__ANSWER_YES || line->voids != 0 ||
		article.len == 0)
		return CH_OK;
	return slip_add(slip, article);
}

/* ---- Encoded ---- */

/* As unpacking has it: a C text. */
static inline struct slice slip_text(struct slice text)
{
	const uint8_t *nul = text.len > 0 ? memchr(text.data, 0, text.len) : NULL;
	return nul != NULL ? slice_of(text.data, (size_t)(nul - text.data)) : text;
}

/* A field of another form than the schema's is none of ours: whoever unpacks refuses it. */
static enum ch_status slip_read_line(struct slip *slip, struct slice bytes)
{
	struct pb_reader reader = pb_read(bytes);
	struct pb_field field;
	struct line line = {0};
	bool fits = true;
	while (pb_next(&reader, &field)) {
		switch (field.number) { /* of one that comes twice the last counts */
		case LINE_ACTION:
			fits = fits && field.wire == PB_VARINT;
			line.action = (uint32_t)field.integer;
			break;
		case LINE_VOIDED:
			fits = fits && field.wire == PB_VARINT;
			line.voided = (uint32_t)field.integer;
			break;
		case LINE_VOIDS:
			fits = fits && field.wire == PB_VARINT;
			line.voids = (uint32_t)field.integer;
			break;
		case LINE_ITEM:
			fits = fits && field.wire == PB_LEN;
			line.item = slip_text(field.bytes);
			break;
		case LINE_SCANNED:
			fits = fits && field.wire == PB_LEN;
			line.scanned = slip_text(field.bytes);
			break;
		case LINE_PRODUCT:
			fits = fits && field.wire == PB_LEN;
			line.product = slip_text(field.bytes);
			break;
		case LINE_PRINTED:
			fits = fits && field.wire == PB_LEN;
			line.printed = slip_text(field.bytes);
			break;
		default:
			break;
		}
	}
	if (reader.status != CH_OK || !fits)
		return CH_UNSUPPORTED;
	return slip_add_line(slip, &line);
}

static enum ch_status slip_read_name(struct slip_name *name, struct slice bytes)
{
	struct pb_reader reader = pb_read(bytes);
	struct pb_field field;
	struct slice *const texts[] = {[REF_STORE] = &name->store,
		[REF_TILL] = &name->till,
		[REF_DATE] = &name->date,
		[REF_NUMBER] = &name->number,
		[REF_OWN_NUMBER] = &name->own_number};
	while (pb_next(&reader, &field)) {
		if (field.number >= sizeof(texts) / sizeof(texts[0]))
			continue;
		if (field.wire != PB_LEN)
			return CH_UNSUPPORTED;
		*texts[field.number] = slip_text(field.bytes);
	}
	return reader.status == CH_OK ? CH_OK : CH_UNSUPPORTED;
}

static enum ch_status slip_read_transaction(struct slip *slip, struct slice bytes)
{
	struct pb_reader reader = pb_read(bytes);
	struct pb_field field;
	enum ch_status status = CH_OK;
	while (status == CH_OK && pb_next(&reader, &field)) {
		if (field.number != TRANSACTION_REF && field.number != TRANSACTION_LINE)
			continue;
		if (field.wire != PB_LEN)
			return CH_UNSUPPORTED;
		if (field.number == TRANSACTION_LINE) {
			status = slip_read_line(slip, field.bytes);
		} else if (!slip->told) {
			slip->told = true;
			status = slip_read_name(&slip->name, field.bytes);
		} else {
			status = CH_UNSUPPORTED; /* in pieces */
		}
	}
	return reader.status == CH_OK ? status : CH_UNSUPPORTED;
}

/* Whether nothing but personal fields is in it. */
static bool slip_is_personal(struct slice personal)
{
	struct pb_reader reader = pb_read(personal);
	struct pb_field field;
	while (pb_next(&reader, &field)) {
		if (field.number < SALE_PERSONAL)
			return false;
	}
	return reader.status == CH_OK;
}

enum ch_status slip_read(struct slip *slip, struct slice open, struct slice personal)
{
	struct pb_reader reader = pb_read(open);
	struct pb_field field;
	bool found = false;
	enum ch_status status = slip_is_personal(personal) ? CH_OK : CH_UNSUPPORTED;
	slip_clear(slip);
	while (status == CH_OK && pb_next(&reader, &field)) {
		if (field.number != SALE_TRANSACTION)
			continue;
		if (found || field.wire != PB_LEN)
			return CH_UNSUPPORTED; /* in pieces */
		found = true;
		status = slip_read_transaction(slip, field.bytes);
	}
	return reader.status == CH_OK ? status : CH_UNSUPPORTED;
}

/* ---- Unpacked ---- */

struct slip_name slip_name_of(const Carehub__V1__TransactionRef *ref)
{
	return (struct slip_name){slice_text(ref->store_id), slice_text(ref->workstation_id),
		slice_text(ref->business_date), slice_text(ref->sequence_number),
		slice_text(ref->transaction_id)};
}

enum ch_status slip_take(struct slip *slip, const Carehub__V1__RetailTransaction *transaction)
{
	enum ch_status status = CH_OK;
	slip_clear(slip);
	if (transaction == NULL)
		return CH_OK;
	slip->told = transaction->ref != NULL;
	if (slip->told)
		slip->name = slip_name_of(transaction->ref);
	for (size_t i = 0; i < transaction->n_lines && status == CH_OK; i++) {
		const Carehub__V1__SaleLine *from = transaction->lines[i];
		const struct line line = {.action = (uint32_t)from->action,
			.voided = (uint32_t)from->voided,
			.voids = from->voids_line,
			.product = slice_text(from->product_id),
			.item = slice_text(from->item_id),
			.scanned = slice_text(from->pos_item_id),
			.printed = slice_text(from->description)};
		status = slip_add_line(slip, &line);
	}
	return status;
}
