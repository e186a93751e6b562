#include "base/option.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/invariant.h"
#include "base/limits.h"
#include "base/text.h"

#define OPTION_TEXT_BYTES 1000

/* Where a value is on its way to, and how its mistakes are told. */
struct option_place {
	struct option_reader *reader;
	const struct option *option;
	void *at;
	unsigned line;
};

struct option_unit {
	const char *suffix;
	int64_t factor;
};

static const struct option_word bools[] = {
	{"yes", 1},
	{"no", 0},
	{"true", 1},
	{"false", 0},
	{"on", 1},
	{"off", 0},
	{NULL, 0},
};

static const struct option_unit byte_units[] = {
	{"", 1},
	{"K", INT64_C(1) << 10},
	{"M", INT64_C(1) << 20},
	{"G", INT64_C(1) << 30},
	{NULL, 0},
};

static const struct option_unit time_units[] = {
	{"ms", 1},
	{"s", 1000},
	{"m", INT64_C(60) * 1000},
	{"h", INT64_C(3600) * 1000},
	{"d", INT64_C(86400) * 1000},
	{NULL, 0},
};

static const struct option_unit plain_units[] = {{"", 1}, {NULL, 0}};

#define option_wrong(place, ...)                                                                   \
	problems_add((place)->reader->problems, (place)->reader->file, (place)->line,              \
		(place)->option->name, __VA_ARGS__)

/* ---- Words ---- */

static bool option_word_find(const struct option_word *words, struct slice text, int *out_value)
{
	for (; words->word != NULL; words++) {
		if (slice_equal(slice_text(words->word), text)) {
			*out_value = words->value;
			return true;
		}
	}
	return false;
}

static void option_word_unknown(const struct option_place *place, struct slice text)
{
	struct buffer list = {0};
	const struct option_word *words =
		place->option->type == OPTION_BOOL ? bools : place->option->words;
	for (; words->word != NULL; words++)
		buffer_printf(&list, "%s%s", list.len > 0 ? ", " : "", words->word);
	option_wrong(place, "is '%.*s', but must be one of: %s", (int)text.len,
		(const char *)text.data, buffer_text(&list));
	buffer_fini(&list);
}

static void option_set_word(const struct option_place *place, struct slice text)
{
	int value;
	if (place->option->type == OPTION_BOOL && option_word_find(bools, text, &value))
		*(bool *)place->at = value != 0;
	else if (place->option->type == OPTION_CHOICE &&
		 option_word_find(place->option->words, text, &value))
		*(int *)place->at = value;
	else
		option_word_unknown(place, text);
}

static void option_set_flags(const struct option_place *place, struct slice text)
{
	uint32_t flags = 0;
	bool known = true;
	struct slice part;
	while (text_split(&text, ',', &part)) {
		int value = 0;
		part = text_trim(part);
		if (!option_word_find(place->option->words, part, &value)) {
			option_word_unknown(place, part);
			known = false;
		}
		flags |= (uint32_t)value;
	}
	if (known)
		*(uint32_t *)place->at = flags;
}

/* ---- Numbers ---- */

static const struct option_unit *option_units(const struct option *option)
{
	if (option->type == OPTION_BYTES)
		return byte_units;
	return option->type == OPTION_MS ? time_units : plain_units;
}

/* The digits in front times the unit behind; a lone 0 needs none. */
static enum ch_status option_parse_number(
	const struct option_unit *units, struct slice text, int64_t *out_value)
{
	size_t digits = 0;
	int64_t value;
	while (digits < text.len && ((text.data[digits] >= '0' && text.data[digits] <= '9') ||
					    (digits == 0 && text.data[digits] == '-')))
		digits++;
	enum ch_status status = text_parse_i64(slice_sub(text, 0, digits), &value);
	if (status != CH_OK)
		return status;
	struct slice suffix = text_trim(slice_sub(text, digits, text.len));
	if (suffix.len == 0 && value == 0) {
		*out_value = 0;
		return CH_OK;
	}
	for (; units->suffix != NULL; units++) {
		if (!slice_equal(slice_text(units->suffix), suffix))
			continue;
		return __builtin_mul_overflow(value, units->factor, out_value) ? CH_INVALID : CH_OK;
	}
	return CH_FORMAT;
}

static void option_set_number(const struct option_place *place, struct slice text)
{
	static const char *const looks[] = {
		[OPTION_NUMBER] = "a number",
		[OPTION_BYTES] = "a size such as 4096, 64K or 1M",
		[OPTION_MS] = "a time such as 500ms, 10s, 5m, 2h or 1d",
	};
	const struct option *option = place->option;
	int64_t value;
	enum ch_status status = option_parse_number(option_units(option), text, &value);
	if (status == CH_FORMAT)
		option_wrong(place, "is '%.*s', but must be %s", (int)text.len,
			(const char *)text.data, looks[option->type]);
	else if (status != CH_OK || value < option->min ||
		 (option->max != 0 && value > option->max))
		option_wrong(place, "is %.*s, but must be %" PRId64 " to %" PRId64 "%s",
			(int)text.len, (const char *)text.data, option->min,
			option->max != 0 ? option->max : INT64_MAX,
			option->type == OPTION_MS ? " ms" : "");
	else
		*(int64_t *)place->at = value;
}

/* ---- Texts ---- */

static bool option_text_good(const struct option_place *place, struct slice text, int64_t max)
{
	const char *fault = NULL;
	if (!text_is_utf8(text))
		fault = "is not UTF-8";
	else if ((int64_t)text.len < place->option->min)
		fault = text.len == 0 ? "is empty" : "is too short";
	else if ((int64_t)text.len > max)
		fault = "is too long";
	else if (place->option->fault != NULL)
		fault = place->option->fault(text);
	if (fault != NULL && place->option->type == OPTION_LIST)
		option_wrong(place, "'%.*s' %s", (int)text.len, (const char *)text.data, fault);
	else if (fault != NULL)
		option_wrong(place, "%s", fault);
	return fault == NULL;
}

static char *option_copy(struct slice text)
{
	return strndup(text.len > 0 ? (const char *)text.data : "", text.len);
}

static enum ch_status option_set_text(const struct option_place *place, struct slice text)
{
	int64_t max = place->option->max != 0 ? place->option->max : OPTION_TEXT_BYTES;
	if (!option_text_good(place, text, max))
		return CH_OK;
	char *copy = option_copy(text);
	if (copy == NULL)
		return CH_NOMEM;
	free(*(char **)place->at);
	*(char **)place->at = copy;
	return CH_OK;
}

static void option_list_clear(struct option_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct option_list){0};
}

static enum ch_status option_list_add(struct option_list *list, struct slice item)
{
	char **items = realloc(list->items, (list->count + 1) * sizeof(*items));
	if (items == NULL)
		return CH_NOMEM;
	list->items = items;
	items[list->count] = option_copy(item);
	if (items[list->count] == NULL)
		return CH_NOMEM;
	list->count++;
	return CH_OK;
}

static enum ch_status option_set_list(
	const struct option_place *place, struct slice text, bool more)
{
	struct option_list *list = place->at;
	const struct option *option = place->option;
	size_t max = option->max != 0 ? (size_t)option->max : LIMIT_CONFIG_ITEMS;
	enum ch_status status = CH_OK;
	struct slice item;
	if (!more)
		option_list_clear(list);
	while (status == CH_OK && text_split(&text, ',', &item)) {
		item = text_trim(item);
		if (item.len == 0)
			continue; /* "a, b," may go on below */
		if (list->count >= max) {
			option_wrong(place, "has more than %zu items", max);
			break;
		}
		if (option_text_good(place, item, OPTION_TEXT_BYTES))
			status = option_list_add(list, item);
	}
	return status;
}

/* ---- The table ---- */

static enum ch_status option_store(const struct option_place *place, const char *value, bool more)
{
	struct slice text = text_trim(slice_text(value));
	switch (place->option->type) {
	case OPTION_BOOL:
	case OPTION_CHOICE:
		option_set_word(place, text);
		return CH_OK;
	case OPTION_FLAGS:
		option_set_flags(place, text);
		return CH_OK;
	case OPTION_NUMBER:
	case OPTION_BYTES:
	case OPTION_MS:
		option_set_number(place, text);
		return CH_OK;
	case OPTION_TEXT:
		return option_set_text(place, text);
	case OPTION_LIST:
		return option_set_list(place, text, more);
	}
	return CH_OK;
}

static void *option_at(const struct option_group *group, const struct option *option)
{
	return (uint8_t *)group->target + option->at;
}

static const size_t sizes[] = {
	[OPTION_BOOL] = sizeof(bool),
	[OPTION_NUMBER] = sizeof(int64_t),
	[OPTION_BYTES] = sizeof(int64_t),
	[OPTION_MS] = sizeof(int64_t),
	[OPTION_TEXT] = sizeof(char *),
	[OPTION_LIST] = sizeof(struct option_list),
	[OPTION_CHOICE] = sizeof(int),
	[OPTION_FLAGS] = sizeof(uint32_t),
};

static void option_zero(const struct option_group *group)
{
	for (size_t i = 0; i < group->count; i++)
		memset(option_at(group, &group->options[i]), 0, sizes[group->options[i].type]);
}

enum ch_status option_begin(struct option_reader *reader, const struct option_group *groups,
	size_t count, const char *file, struct problems *problems)
{
	enum ch_status status = CH_OK;
	*reader = (struct option_reader){groups, count, file, problems, {0}};
	invariant(count <= OPTION_GROUPS_MAX);
	for (size_t g = 0; g < count; g++) {
		invariant(groups[g].count <= OPTION_OPTIONS_MAX);
		option_zero(&groups[g]);
	}
	for (size_t g = 0; g < count; g++) {
		for (size_t i = 0; i < groups[g].count && status == CH_OK; i++) {
			const struct option *option = &groups[g].options[i];
			struct option_place place = {
				reader, option, option_at(&groups[g], option), 0};
			if (option->initial != NULL)
				status = option_store(&place, option->initial, false);
		}
	}
	return status;
}

static const struct option *option_find(
	const struct option_reader *reader, const char *name, size_t *out_group, size_t *out_index)
{
	for (size_t g = 0; g < reader->count; g++) {
		for (size_t i = 0; i < reader->groups[g].count; i++) {
			if (strcmp(reader->groups[g].options[i].name, name) != 0)
				continue;
			*out_group = g;
			*out_index = i;
			return &reader->groups[g].options[i];
		}
	}
	return NULL;
}

enum ch_status option_set(
	struct option_reader *reader, unsigned line, const char *name, const char *value, bool more)
{
	size_t group = 0;
	size_t index = 0;
	const struct option *option = option_find(reader, name, &group, &index);
	if (option == NULL) {
		problems_add(reader->problems, reader->file, line, name, "is no setting");
		return CH_OK;
	}
	struct option_place place = {
		reader, option, option_at(&reader->groups[group], option), line};
	uint64_t bit = UINT64_C(1) << index;
	bool again = (reader->seen[group] & bit) != 0;
	if (more && option->type != OPTION_LIST) {
		option_wrong(&place, "goes on over several lines, but is no list");
		return CH_OK;
	}
	if (again && !more) {
		option_wrong(&place, "is given twice");
		return CH_OK;
	}
	reader->seen[group] |= bit;
	return option_store(&place, value, more);
}

void option_end(struct option_reader *reader)
{
	for (size_t g = 0; g < reader->count; g++) {
		for (size_t i = 0; i < reader->groups[g].count; i++) {
			const struct option *option = &reader->groups[g].options[i];
			if (option->required && (reader->seen[g] >> i & 1) == 0)
				problems_add(reader->problems, reader->file, 0, option->name,
					"is missing");
		}
	}
}

static bool option_same_text(const char *one, const char *other)
{
	return one == NULL || other == NULL ? one == other : strcmp(one, other) == 0;
}

static bool option_same_list(const struct option_list *one, const struct option_list *other)
{
	bool same = one->count == other->count;
	for (size_t i = 0; same && i < one->count; i++)
		same = strcmp(one->items[i], other->items[i]) == 0;
	return same;
}

bool option_same(const struct option *options, size_t count, const void *one, const void *other)
{
	bool same = true;
	for (size_t i = 0; same && i < count; i++) {
		const void *a = (const uint8_t *)one + options[i].at;
		const void *b = (const uint8_t *)other + options[i].at;
		if (options[i].type == OPTION_TEXT)
			same = option_same_text(*(char *const *)a, *(char *const *)b);
		else if (options[i].type == OPTION_LIST)
			same = option_same_list(a, b);
		else
			same = memcmp(a, b, sizes[options[i].type]) == 0;
	}
	return same;
}

void option_free(const struct option_group *group)
{
	for (size_t i = 0; i < group->count; i++) {
		void *at = option_at(group, &group->options[i]);
		if (group->options[i].type == OPTION_TEXT)
			free(*(char **)at);
		else if (group->options[i].type == OPTION_LIST)
			option_list_clear(at);
	}
	option_zero(group);
}

static void option_describe_help(const char *help, struct buffer *out)
{
	while (*help != 0) {
		size_t len = strcspn(help, "\n");
		buffer_printf(out, "# %.*s\n", (int)len, help);
		help += len + (help[len] != 0);
	}
}

static void option_describe_bounds(const struct option *option, struct buffer *out)
{
	if (option->words != NULL) {
		buffer_append_text(out, "# One of:");
		for (const struct option_word *word = option->words; word->word != NULL; word++)
			buffer_printf(out, " %s", word->word);
		buffer_append_text(out, "\n");
	}
	bool number = option->type == OPTION_NUMBER || option->type == OPTION_BYTES ||
		      option->type == OPTION_MS;
	if (number && option->max != 0)
		buffer_printf(out, "# %" PRId64 " to %" PRId64 "%s.\n", option->min, option->max,
			option->type == OPTION_MS ? " ms" : "");
	if (option->required)
		buffer_append_text(out, "# Required.\n");
}

void option_describe(const struct option_group *group, struct buffer *out)
{
	struct slice section = {NULL, 0};
	for (size_t i = 0; i < group->count; i++) {
		const struct option *option = &group->options[i];
		const char *dot = strchr(option->name, '.');
		struct slice own = dot != NULL
					   ? slice_of(option->name, (size_t)(dot - option->name))
					   : slice_of(NULL, 0);
		if (!slice_equal(own, section))
			buffer_printf(out, "[%.*s]\n", (int)own.len, (const char *)own.data);
		section = own;
		option_describe_help(option->help, out);
		option_describe_bounds(option, out);
		buffer_printf(out, "#%s =%s%s\n\n", dot != NULL ? dot + 1 : option->name,
			option->initial != NULL && option->initial[0] != 0 ? " " : "",
			option->initial != NULL ? option->initial : "");
	}
}
