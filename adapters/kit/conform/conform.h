/* One run of the conformance kit: the promises are tried one after the other, each in a world of its own,
 * and a table says which were kept. */
#ifndef KIT_CONFORM_CONFORM_H
#define KIT_CONFORM_CONFORM_H

#include <stdbool.h>
#include <stdint.h>

#define CONFORM_ONLY 32u

struct conform_wishes {
	const char *bin;  /* programs are looked for there first; NULL: by $PATH alone */
	uint64_t seed;    /* of the moments at which things happen */
	uint32_t records; /* for each promise; at least 24 */
	uint32_t kills;
	int64_t patience_ms; /* for what must come */
	const char *only[CONFORM_ONLY];
	uint32_t only_count; /* 0: all */
	bool keep;           /* leave the folders */
};

enum conform_exit {
	CONFORM_KEPT = 0,
	CONFORM_BROKEN = 1,
	CONFORM_UNUSABLE = 2,
	CONFORM_SKIPPED = 77, /* the machine lacks what the source needs */
};

/* Prints the table of the adapter that the file `path` describes. */
enum conform_exit conform_run(const struct conform_wishes *wishes, const char *path);

void conform_list(void);                 /* prints what is promised */
void conform_describe(void);             /* prints a commented description */
bool conform_promises(const char *name); /* there is a promise of that name */

#endif
