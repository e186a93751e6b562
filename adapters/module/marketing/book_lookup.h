/* What the commands over the running module's book share: their command line, the book as of its last commit,
 * whom it is about, and printing. */
#ifndef MARKETING_BOOK_LOOKUP_H
#define MARKETING_BOOK_LOOKUP_H

#include "module/kit/module.h"
#include "module/marketing/segment/segments_part.h"
#include "module/marketing/segment/standing.h"

#define LOOKUP_UNKNOWN  1 /* what was asked for is not there */
#define LOOKUP_UNUSABLE 2
#define LOOKUP_USAGE    64

/* What may be asked: its word, and how many there are with it.  A list ends with a word of NULL. */
struct lookup_form {
	const char *word;
	unsigned words;
};

struct lookup_request {
	const char *program; /* "carehub-marketing segments", for messages */
	const char *config;
	const char *words[3]; /* behind the options */
	unsigned word_count;
	uint64_t limit; /* of rows; 0: all */
	bool json;
	bool with_sets;
	bool help;
};

/* Reads `--config FILE --json --limit N --sets --help` and words: none, or those of one of the forms (NULL: there
 * are none).  0, or an exit status that was told. */
int lookup_parse(
	int argc, char **argv, const struct lookup_form *forms, struct lookup_request *out_request);

/* Whether that form's was asked. */
bool lookup_asks(const struct lookup_request *request, const char *word);

/* Tells what is wrong with the command line, and returns LOOKUP_USAGE. */
int lookup_complain(const struct lookup_request *request, const char *what, const char *value);

struct lookup {
	struct module_view view;
	const struct segments_config *segments;
	struct definitions *definitions;
	struct zone *zone;
	/* What was asked for, in case it is not there: "level", "7". */
	const char *kind;
	const char *sought;
	struct buffer out;
};

/* Opens book and definitions.  0, or an exit status that was told: 2, 3 when there is no book yet. */
int lookup_open(const struct module *module, size_t segments_part_index,
	const struct lookup_request *request, struct lookup *out_desk);

/* Prints what is in `out` and closes; returns the exit status, `status` unless printing failed. */
int lookup_close(
	struct lookup *lookup, const struct lookup_request *request, enum ch_status status);

/* As of when the book is, and whether judging is still under way: one line of text, or a member of JSON. */
void lookup_as_of(struct lookup *lookup, bool json);

/* One who is in something: as a line of text, or as an object of JSON behind `before` others.  `since_us` 0: from
 * the beginning, and so is nothing said of it. */
void lookup_print_member(struct lookup *lookup, const struct lookup_request *request,
	uint64_t customer, int64_t since_us, uint64_t before);

/* A customer's number as people write it; false with a message: it is none. */
bool lookup_customer(
	const struct lookup_request *request, const char *text, uint64_t *out_customer);

/* His profile now, all of it, for explaining; the level is that of the book. */
enum ch_status lookup_profile(struct lookup *lookup, uint64_t customer, struct profile *profile);

/* The hub's time as far as the book knows it, or this machine's, whichever is later. */
int64_t lookup_now_us(const struct lookup *lookup);

#endif
