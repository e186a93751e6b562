/* The lines of an INI file, by inih, with what inih leaves out: the number of each line, sections as
 * they come (two of one name are two), and every line that it would pass over in silence.  For
 * settings that a table describes see base/config; this is for files whose names are data. */
#ifndef BASE_INIFILE_H
#define BASE_INIFILE_H

#include <stdbool.h>

#include "base/problem.h"
#include "base/slice.h"

/* Called for each line, in order.  The texts live as long as the call, and end with a NUL. */
struct inifile_calls {
	void *context;
	/* `section` without its brackets and blanks. */
	void (*section)(void *context, const char *section, unsigned line);
	/* `more`: the line is indented, and goes on with the value of the line above. */
	void (*setting)(
		void *context, const char *name, const char *value, bool more, unsigned line);
};

/* Lines that cannot be read go to the problems under `file`.  CH_OK, also then; CH_NOMEM. */
enum ch_status inifile_read(struct slice text, const char *file, const struct inifile_calls *calls,
	struct problems *problems);

#endif
