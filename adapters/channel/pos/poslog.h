/* Reads a POSLog as it arrives, one transaction at a time.
 *
 *     <POSLog xmlns="http://www.nrf-arts.org/IXRetail/namespace/">
 *       <Transaction>
 *         <RetailStoreID>9</RetailStoreID> <WorkstationID>34</WorkstationID> ...
 *         <RetailTransaction Version="2.1"> <LineItem> ... </LineItem> </RetailTransaction>
 *       </Transaction>
 *       ...
 *
 * Bytes go in with poslog_feed, whole transactions come out of poslog_next: a transaction that has not
 * ended gives nothing, so there is never half of one.  What is wrong inside a transaction spoils that
 * one alone; what is wrong with the file (not well-formed, no POSLog, a DOCTYPE, an encoding that is
 * not read) ends the reading there, and everything before it has come out.
 *
 * The parser is libxml2's SAX2 push interface.  A document type declaration is refused where it begins,
 * so there are no entities to expand and nothing is ever fetched; libxml2's own bounds on depth, names
 * and text stay on.  Memory is bounded by LIMIT_POS_TRANSACTION_BYTES, whatever the size of the file.
 *
 * One reader reads one file; not for threads to share. */
#ifndef POS_POSLOG_H
#define POS_POSLOG_H

#include "base/zone.h"
#include "channel/pos/transaction.h"

struct poslog;

/* Times without an offset are civil times of `zone`; NULL: UTC, and the transaction says that this was
 * assumed.  The zone stays the caller's and must outlive the reader.  CH_NOMEM. */
enum ch_status poslog_create(const struct zone *zone, struct poslog **out_poslog);
void poslog_free(struct poslog *poslog);

/* The next bytes of the file, any number.  CH_OK; CH_FORMAT: the file cannot be read any further, and
 * the last transaction that poslog_next gives says why; CH_NOMEM.  Take all transactions out before
 * feeding more: they are kept until then. */
enum ch_status poslog_feed(struct poslog *poslog, struct slice bytes);

/* No more bytes will come.  CH_OK; CH_FORMAT: the file is cut off or not a POSLog; CH_NOMEM. */
enum ch_status poslog_end(struct poslog *poslog);

/* The next transaction, in the file's order, valid until the next call; CH_END: feed more.  When its
 * fault.status is not CH_OK only `fault`, its place and what was read of `ref` mean something; when
 * fault.file is set it is no transaction but the reason why the reading ended. */
enum ch_status poslog_next(struct poslog *poslog, struct transaction **out_transaction);

/* The bytes of the element, from "<Transaction" to its last ">", as the file has them (in UTF-8, when it
 * was in another encoding).  For the transaction that poslog_next gave last, until the next call of
 * poslog_feed or poslog_next; empty for one with a fault. */
struct slice poslog_bytes(const struct poslog *poslog, const struct transaction *transaction);

#endif
