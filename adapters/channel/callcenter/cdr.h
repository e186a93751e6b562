/* The exchange's call detail records, cdr-csv/Master.csv, made into calls.
 *
 *     "","13800138000","400","inbound","""Wang Fang"" <13800138000>","Local/400@inbound-00000000;2",
 *     "Local/201@agents-00000001;1","Queue","repair,tTc,,,","2026-11-21 19:42:16","2026-11-21 19:42:16",
 *     "2026-11-21 19:42:23",7,7,"ANSWERED","DOCUMENTATION","cc01-1795290136.3","","","cc01-1795290136.1",1
 *
 * One call has many rows: one for each leg and each ring.  They are joined by linkedid where the exchange
 * writes it (cdr.conf newcdrcolumns), else by uniqueid; a row with neither is a call of its own, under an id
 * made of its bytes.  cdr.conf decides the columns: 16, then uniqueid, then userfield, then peeraccount,
 * linkedid and sequence, each or not.
 *
 * Nothing says when the last row of a call has come: calls are told at the end, in the order of their first
 * rows, and before it when more than LIMIT_CALLS are open.  One thread; pure. */
#ifndef CALLCENTER_CDR_H
#define CALLCENTER_CDR_H

#include "channel/callcenter/call.h"

struct cdr_options {
	/* All is valid during the call only.  The record is CALL_PLAIN; `queue` is told where a leg went
	 * through one. */
	void (*finished)(void *context, const struct call_record *call);
	/* A row that is none; the number of the row, from 1, and why (constant text). */
	void (*rejected)(void *context, uint64_t row, const char *reason);
	void *context;
	const struct zone *zone; /* of the exchange's clock; NULL: UTC */
};

struct cdr;

enum ch_status cdr_create(const struct cdr_options *options, struct cdr **out_cdr); /* CH_NOMEM */
void cdr_free(struct cdr *cdr);

/* More of the file, cut anywhere.  CH_TOO_LARGE: a row over LIMIT_ROW_BYTES, as an open quote makes one: the
 * rest cannot be read; CH_NOMEM. */
enum ch_status cdr_feed(struct cdr *cdr, struct slice bytes);

/* The file has ended: tells what is open.  `whole`: a last row without line end counts.  CH_NOMEM. */
enum ch_status cdr_end(struct cdr *cdr, bool whole);

/* Tells the calls whose last row ended before that: of a file that is still written. */
void cdr_flush(struct cdr *cdr, int64_t before_us);

/* Calls that are open. */
size_t cdr_open(const struct cdr *cdr);

uint64_t cdr_rows(const struct cdr *cdr);

#endif
