/* Typed settings as tables: one row says a setting's name, type, bounds, default, place in a struct
 * and meaning; reading, checking, reporting and documenting follow from the row.
 *
 *     static const struct option options[] = {
 *             {.name = "bus.listen", .type = OPTION_TEXT, .at = offsetof(struct settings, listen),
 *                     .initial = "tcp://127.0.0.1:7710", .help = "Where the bus listens."},
 *             {.name = "bus.linger", .type = OPTION_MS, .at = offsetof(struct settings, linger_ms),
 *                     .max = 60000, .initial = "1s", .help = "Wait for unsent answers at a stop."},
 *     };
 *     struct option_group group = {options, 2, &settings};
 *     option_begin(&reader, &group, 1, "carehub.conf", &problems);
 *     option_set(&reader, 12, "bus.linger", "2s", false);
 *     option_end(&reader);
 *
 * Where values come from is another unit's business: base/config reads INI files. */
#ifndef BASE_OPTION_H
#define BASE_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/problem.h"
#include "base/slice.h"

/* The C type that `at` points to, and what a value looks like. */
enum option_type {
	OPTION_BOOL,   /* bool: yes, no, true, false, on, off                              */
	OPTION_NUMBER, /* int64_t: 42                                                      */
	OPTION_BYTES,  /* int64_t: 4096, 64K, 1M, 2G; powers of 1024                       */
	OPTION_MS,     /* int64_t: 500ms, 10s, 5m, 2h, 1d; 0                               */
	OPTION_TEXT,   /* char *, owned; min and max bound its length                      */
	OPTION_LIST,   /* struct option_list, owned: "a, b", more on indented lines        */
	OPTION_CHOICE, /* int: one of `words`                                              */
	OPTION_FLAGS,  /* uint32_t: words with commas, each a bit                          */
};

struct option_word {
	const char *word; /* NULL ends the list */
	int value;
};

struct option_list {
	char **items;
	size_t count;
};

struct option {
	const char *name; /* "section.key", or "key" before any section */
	enum option_type type;
	bool required;
	size_t at;
	int64_t min;
	int64_t max; /* 0: no bound for numbers, 1000 bytes for texts, LIMIT_CONFIG_ITEMS for lists */
	const char *initial; /* as it would stand in the file; NULL: zero, no text, an empty list */
	const struct option_word *words;
	/* What is wrong with a text or an item of a list, "is no time zone"; NULL when nothing. */
	const char *(*fault)(struct slice value);
	const char *help; /* whole sentences; may have several lines */
};

struct option_group {
	const struct option *options;
	size_t count;
	void *target; /* the struct that `at` counts from */
};

#define OPTION_GROUPS_MAX  8
#define OPTION_OPTIONS_MAX 64 /* in a group */

struct option_reader {
	const struct option_group *groups;
	size_t count;
	const char *file;
	struct problems *problems;
	uint64_t seen[OPTION_GROUPS_MAX]; /* a bit for each option that was given */
};

/* Zeroes what the rows point to and sets the defaults.  `groups`, `file` and `problems` must outlive
 * the reader.  CH_NOMEM. */
enum ch_status option_begin(struct option_reader *reader, const struct option_group *groups,
	size_t count, const char *file, struct problems *problems);

/* One value as it was found in the file.  `more` adds to the list that the last call with this name
 * began.  A mistake goes to the problems and leaves the setting as it was.  CH_NOMEM. */
enum ch_status option_set(struct option_reader *reader, unsigned line, const char *name,
	const char *value, bool more);

/* Reports what is required and was not given. */
void option_end(struct option_reader *reader);

/* Whether two structs of these rows say the same. */
bool option_same(const struct option *options, size_t count, const void *one, const void *other);

/* Frees what the rows own and zeroes it; also after a failure. */
void option_free(const struct option_group *group);

/* Appends the group as a commented INI file that says for each its meaning, bounds and default. */
void option_describe(const struct option_group *group, struct buffer *out);

#endif
