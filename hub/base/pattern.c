#include "base/pattern.h"

#include "base/limits.h"
#include "base/text.h"

static bool pattern_is_word(struct slice word)
{
	for (size_t i = 0; i < word.len; i++) {
		uint8_t c = word.data[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
			c != '_' && c != '-')
			return false;
	}
	return word.len > 0;
}

static bool pattern_is(struct slice word, char wildcard)
{
	return word.len == 1 && word.data[0] == (uint8_t)wildcard;
}

const char *pattern_fault(struct slice pattern)
{
	struct slice word;
	if (pattern.len == 0)
		return "is empty";
	if (pattern.len > LIMIT_PATTERN_BYTES)
		return "is too long";
	while (text_split(&pattern, '.', &word)) {
		if (word.len == 0)
			return "has an empty word";
		if (pattern_is(word, '>') && pattern.data != NULL)
			return "has '>' before its end";
		if (!pattern_is(word, '>') && !pattern_is(word, '*') && !pattern_is_word(word))
			return "has a word that is neither '*' nor made of letters, digits, '_' "
			       "and '-'";
	}
	return NULL;
}

bool pattern_covers(struct slice pattern, struct slice wanted)
{
	struct slice ours;
	struct slice theirs;
	if (pattern.len == 0)
		return false;
	while (text_split(&pattern, '.', &ours)) {
		if (!text_split(&wanted, '.', &theirs) || theirs.len == 0)
			return false;
		if (pattern_is(ours, '>'))
			return true;
		if (pattern_is(theirs, '>'))
			return false;
		if (!pattern_is(ours, '*') && !slice_equal(ours, theirs))
			return false;
	}
	return wanted.data == NULL;
}

const char *pattern_source_fault(struct slice pattern)
{
	if (pattern.len == 0)
		return "is empty";
	if (pattern.len > LIMIT_SOURCE_BYTES)
		return "is too long";
	for (size_t i = 0; i < pattern.len; i++) {
		if (pattern.data[i] <= ' ' || pattern.data[i] == 0x7f)
			return "has a blank or a control character";
		if (pattern.data[i] == '*' && i + 1 < pattern.len)
			return "has '*' before its end";
	}
	return text_is_utf8(pattern) ? NULL : "is not UTF-8";
}

bool pattern_source_covers(struct slice pattern, struct slice source)
{
	if (pattern.len > 0 && pattern.data[pattern.len - 1] == '*')
		return slice_starts(source, slice_sub(pattern, 0, pattern.len - 1));
	return pattern.len > 0 && slice_equal(pattern, source);
}
