/* Everything that is wrong with a set of files, found in one pass, so that nobody has to fix and try
 * again line by line. */
#ifndef BASE_PROBLEM_H
#define BASE_PROBLEM_H

#include "base/slice.h"

struct problem {
	char *file;
	unsigned line; /* 0: the file as a whole */
	char *key;     /* "" when it is about no key */
	char *reason;  /* "is 0, but must be 1 to 4096" */
};

/* A zeroed one is empty. */
struct problems {
	struct problem *items;
	size_t count;   /* kept, at most LIMIT_PROBLEMS */
	size_t dropped; /* over that bound, or out of memory: counted all the same */
};

void problems_fini(struct problems *problems);

/* `file` and `key` may be NULL.  All text is copied. */
void problems_add(struct problems *problems, const char *file, unsigned line, const char *key,
	const char *format, ...) __attribute__((format(printf, 5, 6)));

/* True when nothing was ever added. */
bool problems_none(const struct problems *problems);

/* Whether something was added under this key: what depends on it need not be told as well. */
bool problems_about(const struct problems *problems, const char *key);

/* Appends one line each, "peers.d/pos.conf:7: window: is 0, but must be 1 to 4096". */
void problems_print(const struct problems *problems, struct buffer *out);

#endif
