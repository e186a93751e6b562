/* Options of a command as a table.  They may stand anywhere among the words, as "--name value" or
 * "--name=value"; "--" ends them.  A word like "-1h" is a range, not an option. */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum flag_kind { FLAG_BOOL, FLAG_TEXT, FLAG_NUMBER, FLAG_REAL, FLAG_LIST };

#define FLAG_LIST_MAX 64u

struct flag_list {
	const char *items[FLAG_LIST_MAX];
	size_t count;
};

struct flag {
	const char *name; /* "--rate"; NULL ends the table */
	enum flag_kind kind;
	void *to; /* bool, const char *, uint64_t, double, struct flag_list */
};

/* Takes the options out of argv and leaves the words: *argc of them.  False: said what is wrong. */
bool args_take(const struct flag *flags, int *argc, char **argv);

/* The same for a command that takes at most so many words. */
bool args_take_most(const struct flag *flags, int *argc, char **argv, int most);

/* The same, passing over options that the table does not name. */
bool args_take_known(const struct flag *flags, int *argc, char **argv);

#endif
