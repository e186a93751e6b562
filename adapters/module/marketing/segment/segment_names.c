#include "module/marketing/segment/segment_names.h"

#include "base/file.h"
#include "base/inifile.h"
#include "base/limits.h"
#include "base/text.h"

static void names_on_section(void *context, const char *section, unsigned line)
{
	struct segment_names *names = context;
	struct slice rest = slice_text(section);
	struct slice kind;
	(void)line;
	if (!text_split(&rest, ' ', &kind) || !slice_equal(kind, SLICE_LITERAL("segment")))
		return;
	buffer_append_slice(&names->text, text_trim(rest));
	buffer_append_byte(&names->text, '\n');
}

static void names_on_setting(
	void *context, const char *name, const char *value, bool more, unsigned line)
{
	(void)context; /* what stands in a section is of no interest here */
	(void)name;
	(void)value;
	(void)more;
	(void)line;
}

enum ch_status segment_names_read(const char *path, struct segment_names *out_names)
{
	struct segment_names names = {{0}};
	const struct inifile_calls calls = {&names, names_on_section, names_on_setting};
	struct problems problems = {0}; /* who reads the definitions tells them */
	struct buffer text = {0};
	enum ch_status status = file_read_all(path, LIMIT_CONFIG_BYTES, &text);
	if (status == CH_OK)
		status = inifile_read(buffer_slice(&text), path, &calls, &problems);
	if (status == CH_OK)
		status = names.text.status;
	if (status == CH_OK) {
		*out_names = names;
		names = (struct segment_names){{0}}; /* the caller's now */
	}
	problems_fini(&problems);
	segment_names_fini(&names);
	buffer_fini(&text);
	return status;
}

void segment_names_fini(struct segment_names *names)
{
	buffer_fini(&names->text);
}

bool segment_names_have(const struct segment_names *names, struct slice name)
{
	struct slice rest = buffer_slice(&names->text);
	struct slice line;
	while (text_split(&rest, '\n', &line)) {
		if (line.len > 0 && slice_equal(line, name))
			return true;
	}
	return false;
}
