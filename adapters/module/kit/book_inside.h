/* The kit's own tables, beside the module's in the same book and changed in the same transactions. */
#ifndef MODULE_KIT_BOOK_INSIDE_H
#define MODULE_KIT_BOOK_INSIDE_H

#include "module/kit/book.h"

#define BOOK_OWN_FIRST 80u /* a module has fewer tables */

enum book_own {
	BOOK_STATE = BOOK_OWN_FIRST, /* what the book is: its form, how far it has come */
	BOOK_GAPS,                   /* first sequence -> gap */
	BOOK_REJECTS,                /* sequence, part -> reason */
	BOOK_OUTBOX,                 /* number -> a saying that waits */
	BOOK_WAITING,                /* id -> its number in the outbox */
	BOOK_SAID,                   /* id -> sequence; 0: refused for good */
	BOOK_PEOPLE,                 /* retired number -> the one that stays */
	BOOK_MOVED,                  /* sequence -> the number it went to when a merge was undone */
	BOOK_ERASED,                 /* number -> sequence */
	BOOK_BEFORE,                 /* id: was said, or waited, in a journal that is no more */
	BOOK_OWN_END,
};

/* Empties every table of the book, the kit's included, but for its form and BOOK_BEFORE.  The status sticks. */
void book_wipe(struct book_txn *txn);

#endif
