#include "base/inifile.h"

#include <ini.h>
#include <pthread.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"

/* inih tells its handler neither line numbers nor whether a value goes on from the line above, and
 * its caller only the first line that it did not understand.  All three follow from watching it
 * read: whatever it did with a line, it has done before it asks for the next.  Section names it would
 * cut at 50 bytes, so it is not shown them. */
struct inifile {
	const struct inifile_calls *calls;
	const char *file;
	struct problems *problems;
	struct slice rest; /* of the text */
	struct slice line; /* the one that inih is at work on; empty when there is nothing in it */
	unsigned number;
	bool handled; /* the line has been taken as a value */
	bool follows; /* a value came before it in this section */
	char section[LIMIT_CONFIG_LINE_BYTES + 1];
};

static void inifile_inih_once(void)
{
	ini_use_stack = false; /* its stack holds 200 bytes a line */
	ini_initial_alloc = LIMIT_CONFIG_LINE_BYTES + 3;
	ini_max_line = LIMIT_CONFIG_LINE_BYTES + 3;
}

static void inifile_wrong(struct inifile *reader, const char *reason)
{
	problems_add(reader->problems, reader->file, reader->number, NULL, "%s", reason);
	reader->line.len = 0;
}

/* What inih made of the line that it was given last. */
static void inifile_judge(struct inifile *reader)
{
	struct slice line = text_trim(reader->line);
	if (!reader->handled && line.len > 0 && line.data[0] != '#' && line.data[0] != ';')
		inifile_wrong(reader, "is neither 'name = value' nor '[section]'");
	reader->handled = false;
}

static void inifile_begin_section(struct inifile *reader, struct slice line)
{
	const uint8_t *end = memchr(line.data, ']', line.len);
	if (end == NULL) {
		inifile_wrong(reader, "is a section without ']'");
		return;
	}
	struct slice name = text_trim(slice_of(line.data + 1, (size_t)(end - line.data) - 1));
	memcpy(reader->section, name.data, name.len);
	reader->section[name.len] = 0;
	reader->line.len = 0;
	reader->follows = false;
	reader->calls->section(reader->calls->context, reader->section, reader->number);
}

/* The next line, as fgets gives it.  One that inih must not see becomes an empty one. */
static char *inifile_line(char *into, int size, void *context)
{
	struct inifile *reader = context;
	inifile_judge(reader);
	if (!text_split(&reader->rest, '\n', &reader->line))
		return NULL;
	reader->number++;
	struct slice line = text_trim(reader->line);
	if (reader->line.len > LIMIT_CONFIG_LINE_BYTES || reader->line.len + 2 > (size_t)size)
		inifile_wrong(reader, "is too long; lists can go on over indented lines");
	else if (line.len > 0 && memchr(line.data, 0, line.len) != NULL)
		inifile_wrong(reader, "has a NUL byte");
	else if (line.len > 0 && line.data[0] == '[')
		inifile_begin_section(reader, line);
	size_t len = reader->line.len;
	if (len > 0)
		memcpy(into, reader->line.data, len);
	into[len] = '\n';
	into[len + 1] = 0;
	return into;
}

static int inifile_setting(void *context, const char *section, const char *name, const char *value)
{
	struct inifile *reader = context;
	uint8_t first = reader->line.len > 0 ? reader->line.data[0] : 0;
	bool more = reader->follows && (first == ' ' || first == '\t');
	(void)section; /* always "": it has seen none */
	reader->handled = true;
	reader->follows = true;
	reader->calls->setting(reader->calls->context, name, value, more, reader->number);
	return 1;
}

enum ch_status inifile_read(struct slice text, const char *file, const struct inifile_calls *calls,
	struct problems *problems)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	static const uint8_t mark[] = {0xEF, 0xBB, 0xBF}; /* as some editors begin UTF-8 */
	if (text.len >= sizeof(mark) && memcmp(text.data, mark, sizeof(mark)) == 0)
		text = slice_of(text.data + sizeof(mark), text.len - sizeof(mark));
	struct inifile reader = {.calls = calls, .file = file, .problems = problems, .rest = text};
	(void)pthread_once(&once, inifile_inih_once);
	/* Its word for a bad line is of no use: inifile_judge has reported it, and the others. */
	return ini_parse_stream(inifile_line, &reader, inifile_setting, &reader) == -2 ? CH_NOMEM
										       : CH_OK;
}
