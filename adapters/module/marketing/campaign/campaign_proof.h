/* For whoever asks why a customer was written to: what each message rested on, and what became of it.  Text, readings
 * and consent are named by digest and entry, and stand in the hub's journal; no name or address is in it. */
#ifndef MARKETING_CAMPAIGN_PROOF_H
#define MARKETING_CAMPAIGN_PROOF_H

#include "module/kit/book.h"
#include "module/report/report.h"

/* What one customer was meant to get, under this number and those that were merged into it: of each message the text,
 * the reading and the consent that it rested on, and what became of it.  CH_CORRUPT, CH_IO, CH_NOMEM. */
enum ch_status campaign_proof_report(
	struct book_txn *txn, uint64_t customer, struct report *report);

#endif
