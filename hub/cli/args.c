#include "cli/args.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"

/* "--name", also in front of "=value". */
static const struct flag *args_find(const struct flag *flags, const char *word)
{
	size_t len = strcspn(word, "=");
	for (; flags->name != NULL; flags++) {
		if (strlen(flags->name) == len && strncmp(flags->name, word, len) == 0)
			return flags;
	}
	return NULL;
}

static bool args_set(const struct flag *flag, const char *value)
{
	struct flag_list *list = flag->to;
	char *end;
	switch (flag->kind) {
	case FLAG_BOOL:
		*(bool *)flag->to = true;
		return true;
	case FLAG_TEXT:
		*(const char **)flag->to = value;
		return true;
	case FLAG_NUMBER:
		return text_parse_u64(slice_text(value), UINT64_MAX, flag->to) == CH_OK;
	case FLAG_REAL:
		errno = 0;
		*(double *)flag->to = strtod(value, &end);
		return errno == 0 && *value != 0 && *end == 0 && *(double *)flag->to > 0 &&
		       *(double *)flag->to < 1e12;
	case FLAG_LIST:
		if (list->count == FLAG_LIST_MAX)
			return false;
		list->items[list->count++] = value;
		return true;
	}
	return false;
}

static bool args_is_option(const char *word)
{
	return word[0] == '-' && word[1] != 0 && !isdigit((unsigned char)word[1]);
}

static bool args_scan(const struct flag *flags, int *argc, char **argv, bool known_only)
{
	int words = 0;
	for (int i = 0; i < *argc; i++) {
		char *word = argv[i];
		if (strcmp(word, "--") == 0 && !known_only) {
			while (++i < *argc)
				argv[words++] = argv[i];
			break;
		}
		const struct flag *flag = args_is_option(word) ? args_find(flags, word) : NULL;
		if (flag == NULL && args_is_option(word) && !known_only) {
			(void)cli_fail(EXIT_USAGE, "carehub help shows the options of each command",
				"there is no option %s", word);
			return false;
		}
		if (flag == NULL) {
			argv[words++] = word;
			continue;
		}
		const char *value = strchr(word, '=');
		if (value != NULL)
			value++;
		else if (flag->kind != FLAG_BOOL)
			value = i + 1 < *argc ? argv[++i] : NULL;
		if ((flag->kind == FLAG_BOOL) != (value == NULL) || !args_set(flag, value)) {
			(void)cli_fail(EXIT_USAGE, NULL, "%s: %s", flag->name,
				flag->kind == FLAG_BOOL ? "takes no value"
				: value == NULL         ? "needs a value"
							: "has a value that cannot be used");
			return false;
		}
	}
	*argc = words;
	return true;
}

bool args_take(const struct flag *flags, int *argc, char **argv)
{
	return args_scan(flags, argc, argv, false);
}

bool args_take_most(const struct flag *flags, int *argc, char **argv, int most)
{
	if (!args_take(flags, argc, argv))
		return false;
	if (*argc > most)
		(void)cli_fail(EXIT_USAGE, "carehub help COMMAND shows the words that it takes",
			"\"%s\" is one word too many", argv[most]);
	return *argc <= most;
}

bool args_take_known(const struct flag *flags, int *argc, char **argv)
{
	return args_scan(flags, argc, argv, true);
}
