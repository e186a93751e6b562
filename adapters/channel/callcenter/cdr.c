#include "channel/callcenter/cdr.h"

#include <csv.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/table.h"
#include "base/text.h"
#include "channel/callcenter/ami.h"

#define COLUMNS_MAX  21u
#define COLUMNS_MIN  16u
#define DIGEST_BYTES 8u

enum {
	ACCOUNT_CODE,
	SOURCE,
	DESTINATION,
	CONTEXT,
	CALLER_ID,
	CHANNEL,
	TO_CHANNEL,
	APPLICATION,
	APPLICATION_DATA,
	START,
	ANSWER,
	END,
	DURATION,
	BILLED,
	DISPOSITION,
	AMA_FLAGS,
};

struct cdr_row {
	struct slice columns[COLUMNS_MAX + 1]; /* one more tells that there are too many */
	size_t count;
	struct slice uniqueid;
	struct slice linkedid;
	uint32_t sequence;
};

/* Memory of a row that is kept. */
struct cdr_scrap {
	struct cdr_scrap *next;
	uint8_t bytes[];
};

struct cdr_call {
	struct cdr_call *older;
	struct cdr_call *newer;
	struct slice id;
	struct cdr_scrap *scraps;
	struct slice uniqueid;
	struct slice queue;
	struct slice number;
	struct slice name;
	struct slice dialled;
	struct call_leg *legs;
	size_t leg_count;
	size_t leg_room;
	size_t leg_total;
};

struct cdr {
	struct cdr_options options;
	struct csv_parser parser;
	bool parsing; /* the parser has been made */
	struct arena arena;
	struct cdr_row row;
	uint64_t rows;
	enum ch_status status; /* of what the parser's callbacks did */
	struct table calls;
	struct cdr_call *oldest;
	struct cdr_call *newest;
};

/* ---- A call ---- */

static struct slice cdr_keep(struct cdr_call *call, struct slice text)
{
	if (text.len == 0)
		return (struct slice){NULL, 0};
	text.len = text.len < LIMIT_CALL_TEXT_BYTES ? text.len : LIMIT_CALL_TEXT_BYTES;
	struct cdr_scrap *scrap = malloc(sizeof(*scrap) + text.len);
	if (scrap == NULL)
		return (struct slice){NULL, 0}; /* the call goes without it */
	memcpy(scrap->bytes, text.data, text.len);
	scrap->next = call->scraps;
	call->scraps = scrap;
	return slice_of(scrap->bytes, text.len);
}

static void cdr_call_free(struct cdr *cdr, struct cdr_call *call)
{
	(void)table_remove(&cdr->calls, call->id); /* it is there */
	*(call->older != NULL ? &call->older->newer : &cdr->oldest) = call->newer;
	*(call->newer != NULL ? &call->newer->older : &cdr->newest) = call->older;
	while (call->scraps != NULL) {
		struct cdr_scrap *scrap = call->scraps;
		call->scraps = scrap->next;
		free(scrap);
	}
	free(call->legs);
	free(call);
}

static int cdr_compare_legs(const void *a, const void *b)
{
	const struct call_leg *x = a;
	const struct call_leg *y = b;
	if (x->sequence != y->sequence)
		return x->sequence < y->sequence ? -1 : 1;
	return x->start_us < y->start_us ? -1 : x->start_us > y->start_us;
}

static void cdr_tell(struct cdr *cdr, struct cdr_call *call)
{
	struct call_record record = {
		.outcome = CALL_PLAIN,
		.call_id = call->id,
		.uniqueid = call->uniqueid.len > 0 ? call->uniqueid : call->id,
		.queue = call->queue,
		.dialled = call->dialled,
		.caller_number = call->number,
		.caller_name = call->name,
		.legs = call->legs,
		.leg_count = call->leg_count,
		.leg_total = call->leg_total,
	};
	if (call->leg_count > 1)
		qsort(call->legs, call->leg_count, sizeof(call->legs[0]), cdr_compare_legs);
	for (size_t i = 0; i < call->leg_count; i++) {
		const struct call_leg *leg = &call->legs[i];
		if (record.start_us == 0 || (leg->start_us > 0 && leg->start_us < record.start_us))
			record.start_us = leg->start_us;
		if (leg->end_us > record.end_us)
			record.end_us = leg->end_us;
	}
	cdr->options.finished(cdr->options.context, &record);
	cdr_call_free(cdr, call);
}

static struct cdr_call *cdr_call_create(struct cdr *cdr, struct slice id)
{
	if (cdr->calls.count >= LIMIT_CALLS)
		cdr_tell(cdr, cdr->oldest);
	struct cdr_call *call = calloc(1, sizeof(*call));
	if (call == NULL)
		return NULL;
	call->id = cdr_keep(call, id);
	if (call->id.len == 0 || table_put(&cdr->calls, call->id, call) != CH_OK) {
		free(call->scraps);
		free(call);
		return NULL;
	}
	call->older = cdr->newest;
	*(call->older != NULL ? &call->older->newer : &cdr->oldest) = call;
	cdr->newest = call;
	return call;
}

/* ---- A row ---- */

/* "Wang Fang" <13800138000>: the name stands between quotes, doubled ones have been undone. */
static struct slice cdr_caller_name(struct slice caller_id)
{
	struct slice text = text_trim(caller_id);
	const uint8_t *angle = text.len > 0 ? memrchr(text.data, '<', text.len) : NULL;
	if (angle != NULL)
		text = text_trim(slice_sub(text, 0, (size_t)(angle - text.data)));
	if (text.len >= 2 && text.data[0] == '"' && text.data[text.len - 1] == '"')
		text = slice_sub(text, 1, text.len - 2);
	return text;
}

static bool cdr_looks_like_id(struct slice text)
{
	return call_epoch(text) > 0;
}

/* Which columns there are behind the sixteenth. */
static void cdr_row_name_columns(struct cdr_row *row)
{
	size_t more = row->count - COLUMNS_MIN;
	const struct slice *at = row->columns + COLUMNS_MIN;
	uint64_t sequence = 0;
	if (more >= 3 && cdr_looks_like_id(at[more - 2])) {
		row->linkedid = at[more - 2];
		(void)text_parse_u64(at[more - 1], UINT32_MAX, &sequence); /* else 0 */
		row->sequence = (uint32_t)sequence;
		more -= 3;
	}
	if (more >= 1 && cdr_looks_like_id(at[0]))
		row->uniqueid = at[0];
}

static const char *cdr_row_fault(const struct cdr_row *row)
{
	static const char *const channel_events[] = {"CHAN_START", "CHAN_END", "ANSWER", "HANGUP",
		"APP_START", "APP_END", "BRIDGE_ENTER", "BRIDGE_EXIT", "LINKEDID_END",
		"BLINDTRANSFER", "ATTENDEDTRANSFER", "PICKUP", "FORWARD", "PARK_START", "PARK_END",
		"LOCAL_OPTIMIZE", "USER_DEFINED", "STREAM_BEGIN", "STREAM_END", "DTMF",
		"BRIDGE_START", "BRIDGE_END", "BRIDGE_UPDATE", "CONF_ENTER", "CONF_EXIT",
		"CONF_START", "CONF_END"};
	for (size_t i = 0; i < sizeof(channel_events) / sizeof(channel_events[0]); i++) {
		if (ami_is(row->columns[0], channel_events[i]))
			return "is a channel event (CEL), not a call detail record";
	}
	if (row->count < COLUMNS_MIN || row->count > COLUMNS_MAX)
		return "has not the 16 to 21 columns of a call detail record";
	if (call_time(row->columns[START], NULL) == 0)
		return "column 10, start: is no time of the form 2026-11-21 19:42:16";
	if (call_time(row->columns[END], NULL) == 0)
		return "column 12, end: is no time of the form 2026-11-21 19:42:16";
	if (row->columns[ANSWER].len > 0 && call_time(row->columns[ANSWER], NULL) == 0)
		return "column 11, answer: is no time of the form 2026-11-21 19:42:16";
	return NULL;
}

/* The row's own bytes name it. */
static struct slice cdr_row_id(const struct cdr_row *row, char text[40])
{
	uint8_t digest[crypto_generichash_BYTES_MIN];
	crypto_generichash_state state;
	struct buffer hex = {0};
	(void)crypto_generichash_init(&state, NULL, 0, sizeof(digest)); /* sizes are right */
	for (size_t i = 0; i < row->count; i++) {
		(void)crypto_generichash_update(&state, row->columns[i].data, row->columns[i].len);
		(void)crypto_generichash_update(&state, (const unsigned char *)"", 1);
	}
	(void)crypto_generichash_final(&state, digest, sizeof(digest));
	text_append_hex(&hex, slice_of(digest, DIGEST_BYTES));
	(void)snprintf(text, 40, "cdr-%s", buffer_text(&hex)); /* fits */
	buffer_fini(&hex);
	return slice_text(text);
}

static int64_t cdr_ms(struct slice text)
{
	uint64_t seconds = 0;
	text = text_trim(text);
	const uint8_t *point = text.len > 0 ? memchr(text.data, '.', text.len) : NULL;
	if (point != NULL)
		text.len = (size_t)(point - text.data); /* cdr.conf's fractions */
	(void)text_parse_u64(text, UINT32_MAX, &seconds);
	return (int64_t)seconds * 1000;
}

/* NULL: no more are kept. */
static struct call_leg *cdr_next_leg(struct cdr_call *call)
{
	if (call->leg_count == LIMIT_CALL_LEGS)
		return NULL;
	if (call->leg_count == call->leg_room) {
		size_t room = call->leg_room == 0 ? 4 : call->leg_room * 2;
		struct call_leg *legs = realloc(call->legs, room * sizeof(*legs));
		if (legs == NULL)
			return NULL;
		call->legs = legs;
		call->leg_room = room;
	}
	return &call->legs[call->leg_count++];
}

static void cdr_call_add(struct cdr *cdr, struct cdr_call *call, const struct cdr_row *row)
{
	const struct slice *columns = row->columns;
	bool queue = ami_is(columns[APPLICATION], "Queue");
	/* Whoever called is the same in all rows, but the ends of Local channels tell less. */
	if (call->number.len == 0 && !call_is_nobody(columns[SOURCE]))
		call->number = cdr_keep(call, columns[SOURCE]);
	if (call->name.len == 0)
		call->name = cdr_keep(call, cdr_caller_name(columns[CALLER_ID]));
	if (queue && call->queue.len == 0) {
		struct slice data = columns[APPLICATION_DATA];
		struct slice name;
		if (text_split(&data, ',', &name))
			call->queue = cdr_keep(call, name);
		call->uniqueid = cdr_keep(call, row->uniqueid);
		call->dialled = cdr_keep(call, columns[DESTINATION]);
	}
	if (call->leg_total++ == 0 && call->dialled.len == 0) {
		call->uniqueid = cdr_keep(call, row->uniqueid);
		call->dialled = cdr_keep(call, columns[DESTINATION]);
	}
	struct call_leg *leg = cdr_next_leg(call);
	if (leg == NULL)
		return;
	*leg = (struct call_leg){
		.leg_id = cdr_keep(call, row->uniqueid),
		.channel = cdr_keep(call, columns[CHANNEL]),
		.to_channel = cdr_keep(call, columns[TO_CHANNEL]),
		.application = cdr_keep(call, columns[APPLICATION]),
		.account_code = cdr_keep(call, columns[ACCOUNT_CODE]),
		.sequence = row->sequence,
		.start_us = call_time(columns[START], cdr->options.zone),
		.answer_us = call_time(columns[ANSWER], cdr->options.zone),
		.end_us = call_time(columns[END], cdr->options.zone),
		.duration_ms = cdr_ms(columns[DURATION]),
		.billed_ms = cdr_ms(columns[BILLED]),
		.disposition = call_disposition(columns[DISPOSITION]),
	};
}

static enum ch_status cdr_take(struct cdr *cdr, struct cdr_row *row)
{
	char own[40];
	cdr->rows++;
	const char *fault = cdr_row_fault(row);
	if (fault != NULL) {
		cdr->options.rejected(cdr->options.context, cdr->rows, fault);
		return CH_OK;
	}
	cdr_row_name_columns(row);
	struct slice id = row->linkedid.len > 0 ? row->linkedid : row->uniqueid;
	if (id.len == 0)
		id = cdr_row_id(row, own);
	struct cdr_call *call = table_get(&cdr->calls, id);
	if (call == NULL)
		call = cdr_call_create(cdr, id);
	if (call == NULL)
		return CH_NOMEM;
	cdr_call_add(cdr, call, row);
	return CH_OK;
}

/* ---- libcsv ---- */

static void cdr_on_field(void *bytes, size_t len, void *context)
{
	struct cdr *cdr = context;
	struct cdr_row *row = &cdr->row;
	if (row->count > COLUMNS_MAX)
		return;
	struct slice copy = arena_copy(&cdr->arena, slice_of(bytes, len));
	if (copy.data == NULL && len > 0)
		cdr->status = CH_NOMEM;
	row->columns[row->count++] = copy;
}

static void cdr_on_row(int end, void *context)
{
	struct cdr *cdr = context;
	(void)end;
	if (cdr->status == CH_OK && cdr->row.count > 0 &&
		!(cdr->row.count == 1 && cdr->row.columns[0].len == 0))
		cdr->status = cdr_take(cdr, &cdr->row);
	cdr->row = (struct cdr_row){.count = 0};
	arena_reset(&cdr->arena);
}

enum ch_status cdr_create(const struct cdr_options *options, struct cdr **out_cdr)
{
	struct cdr *cdr = calloc(1, sizeof(*cdr));
	if (cdr == NULL)
		return CH_NOMEM;
	cdr->options = *options;
	arena_init(&cdr->arena);
	table_init(&cdr->calls);
	if (csv_init(&cdr->parser, 0) != 0) {
		cdr_free(cdr);
		return CH_NOMEM;
	}
	cdr->parsing = true;
	*out_cdr = cdr;
	return CH_OK;
}

void cdr_free(struct cdr *cdr)
{
	if (cdr == NULL)
		return;
	while (cdr->oldest != NULL)
		cdr_call_free(cdr, cdr->oldest);
	if (cdr->parsing)
		csv_free(&cdr->parser);
	table_fini(&cdr->calls);
	arena_fini(&cdr->arena);
	free(cdr);
}

enum ch_status cdr_feed(struct cdr *cdr, struct slice bytes)
{
	while (bytes.len > 0 && cdr->status == CH_OK) {
		struct slice piece = slice_sub(bytes, 0, 4096);
		if (csv_parse(&cdr->parser, piece.data, piece.len, cdr_on_field, cdr_on_row, cdr) !=
			piece.len)
			return CH_NOMEM;
		if (csv_get_buffer_size(&cdr->parser) > LIMIT_ROW_BYTES ||
			cdr->arena.used_bytes > LIMIT_ROW_BYTES)
			return CH_TOO_LARGE;
		bytes = slice_sub(bytes, piece.len, SIZE_MAX);
	}
	return cdr->status;
}

enum ch_status cdr_end(struct cdr *cdr, bool whole)
{
	if (whole && csv_fini(&cdr->parser, cdr_on_field, cdr_on_row, cdr) != 0)
		return CH_NOMEM;
	while (cdr->oldest != NULL)
		cdr_tell(cdr, cdr->oldest);
	return cdr->status;
}

uint64_t cdr_rows(const struct cdr *cdr)
{
	return cdr->rows;
}

void cdr_flush(struct cdr *cdr, int64_t before_us)
{
	struct cdr_call *next = NULL;
	for (struct cdr_call *call = cdr->oldest; call != NULL; call = next) {
		int64_t end_us = 0;
		next = call->newer;
		for (size_t i = 0; i < call->leg_count; i++) {
			if (call->legs[i].end_us > end_us)
				end_us = call->legs[i].end_us;
		}
		if (end_us < before_us)
			cdr_tell(cdr, call);
	}
}

size_t cdr_open(const struct cdr *cdr)
{
	return cdr->calls.count;
}
