/* The tables of the fold, their numbers on disk and how their keys are laid out.  A key's integers
 * are big-endian, so that byte order is number order. */
#ifndef STORE_TABLES_H
#define STORE_TABLES_H

#include <stddef.h>

enum store_table {
	TABLE_META = 0,       /* name -> counters and settings of the fold                            */
	TABLE_CUSTOMER,       /* number(8) 'a' -> activity; 'r' -> record; 't' seq(8) -> timeline; 'k' kind key -> held
	                         match key; 'l' kind id -> linked record: one customer, one place      */
	TABLE_KEY,            /* kind(1) key -> who holds it, verified or claimed                      */
	TABLE_UNIT,           /* serial -> record of the product unit                                  */
	TABLE_ORDER,          /* source-scoped id -> record                                            */
	TABLE_REPAIR,
	TABLE_CASE,
	TABLE_ENTITLEMENT,
	TABLE_APPOINTMENT,
	TABLE_REFERENCE,      /* kind(1) key -> newest value, and when                                 */
	TABLE_DEADLINE,       /* id -> due, state, what for                                            */
	TABLE_DUE,            /* due(8) id -> (): open deadlines by time                               */
	TABLE_QUARANTINE,     /* seq(8) -> reason, field, state                                        */
	TABLE_REVIEW,         /* seq(8) index(2) -> customers and evidence                             */
	TABLE_SOURCE,         /* code(2) -> source text, and 0xffff text -> code: the dictionary       */
	TABLE_CHECKPOINT,     /* source -> newest adapter checkpoint                                   */
	TABLE_COUNT
};

struct table_row {
	const char *name;      /* LMDB database and dump */
	size_t group_bytes;    /* keys that share so many first bytes can be scanned together by the
	                          writer and by rtxn cheaply; 0: point reads only */
};

extern const struct table_row store_tables[TABLE_COUNT];

#endif
