#include "core/normalize.h"

#include <stdlib.h>
#include <utf8proc.h>

#include "base/limits.h"
#include "base/text.h"
#include "wire/pb.h"

static bool normalize_is_letter(utf8proc_int32_t point)
{
	switch (utf8proc_category(point)) {
	case UTF8PROC_CATEGORY_LU:
	case UTF8PROC_CATEGORY_LL:
	case UTF8PROC_CATEGORY_LT:
	case UTF8PROC_CATEGORY_LM:
	case UTF8PROC_CATEGORY_LO:
	case UTF8PROC_CATEGORY_ND:
	case UTF8PROC_CATEGORY_NL:
	case UTF8PROC_CATEGORY_NO:
		return true;
	default:
		return false;
	}
}

/* Folded code points; the caller frees.  Marks are stripped, so that é and e are one. */
static enum ch_status normalize_points(
	struct slice text, utf8proc_int32_t **out_points, size_t *out_count)
{
	utf8proc_option_t options =
		(utf8proc_option_t)(UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD |
				    UTF8PROC_STRIPMARK | UTF8PROC_IGNORE);
	utf8proc_ssize_t count =
		utf8proc_decompose(text.data, (utf8proc_ssize_t)text.len, NULL, 0, options);
	if (count < 0)
		return CH_FORMAT;
	utf8proc_int32_t *points = malloc(((size_t)count + 1) * sizeof(*points));
	if (points == NULL)
		return CH_NOMEM;
	count = utf8proc_decompose(text.data, (utf8proc_ssize_t)text.len, points, count, options);
	*out_points = points;
	*out_count = (size_t)count;
	return CH_OK;
}

/* Most text is plain ASCII and needs no table. */
static bool normalize_is_ascii(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] >= 0x80)
			return false;
	}
	return true;
}

static bool ascii_is_alnum(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

static uint8_t ascii_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 32) : c;
}

enum ch_status normalize_compact(struct arena *arena, struct slice text, struct slice *out_text)
{
	utf8proc_int32_t *points = NULL;
	size_t count = 0;
	/* Folding may lengthen a character, at most to 18 code points of 4 bytes; 3 times is what names
	 * reach, and longer ones are cut by the bound below. */
	size_t room = text.len * 3 + 8;
	uint8_t *out = arena_alloc(arena, room);
	size_t len = 0;
	if (out == NULL)
		return CH_NOMEM;
	if (normalize_is_ascii(text)) {
		for (size_t i = 0; i < text.len; i++) {
			if (ascii_is_alnum(text.data[i]))
				out[len++] = ascii_lower(text.data[i]);
		}
		*out_text = slice_of(out, len);
		return CH_OK;
	}
	enum ch_status status = normalize_points(text, &points, &count);
	if (status != CH_OK)
		return status;
	for (size_t i = 0; i < count && len + 4 <= room; i++) {
		if (normalize_is_letter(points[i]))
			len += (size_t)utf8proc_encode_char(points[i], out + len);
	}
	free(points);
	*out_text = slice_of(out, len);
	return CH_OK;
}

enum ch_status normalize_email(struct arena *arena, struct slice text, struct slice *out_text)
{
	text = text_trim(text);
	if (text.len < 6 || text.len > 254)
		return CH_INVALID;
	struct slice folded = text;
	if (normalize_is_ascii(text)) {
		folded = arena_copy(arena, text);
		if (folded.data == NULL)
			return CH_NOMEM;
		uint8_t *p = (uint8_t *)(uintptr_t)folded.data; /* our own copy */
		for (size_t i = 0; i < folded.len; i++)
			p[i] = ascii_lower(p[i]);
	} else {
		utf8proc_uint8_t *mapped = NULL;
		utf8proc_ssize_t len = utf8proc_map(text.data, (utf8proc_ssize_t)text.len, &mapped,
			(utf8proc_option_t)(UTF8PROC_COMPAT | UTF8PROC_COMPOSE |
					    UTF8PROC_CASEFOLD));
		if (len < 0)
			return CH_INVALID;
		folded = arena_copy(arena, slice_of(mapped, (size_t)len));
		free(mapped);
		if (folded.data == NULL)
			return CH_NOMEM;
	}
	size_t ats = 0;
	size_t at = 0;
	bool dot = false;
	for (size_t i = 0; i < folded.len; i++) {
		uint8_t c = folded.data[i];
		if (c <= ' ' || c == 0x7f || c == ',' || c == ';' || c == '<' || c == '>')
			return CH_INVALID;
		if (c == '@') {
			ats++;
			at = i;
		}
		dot = dot || (c == '.' && ats > 0 && i > at + 1);
	}
	if (ats != 1 || at == 0 || !dot || folded.data[folded.len - 1] == '.')
		return CH_INVALID;
	*out_text = folded;
	return CH_OK;
}

enum ch_status normalize_code(struct arena *arena, struct slice text, struct slice *out_text)
{
	struct slice compact;
	enum ch_status status = normalize_compact(arena, text, &compact);
	if (status != CH_OK)
		return status;
	if (compact.len == 0 || compact.len > LIMIT_KEY_BYTES / 2)
		return CH_INVALID;
	uint8_t *p = (uint8_t *)(uintptr_t)compact.data; /* the arena's own copy */
	for (size_t i = 0; i < compact.len; i++) {
		if (p[i] >= 'a' && p[i] <= 'z')
			p[i] = (uint8_t)(p[i] & ~32);
	}
	*out_text = compact;
	return CH_OK;
}

bool normalize_is_placeholder(struct slice code)
{
	static const char *const words[] = {"NULL", "NONE", "NIL", "NA", "NAN", "UNKNOWN",
		"ANONYMOUS", "UNDEFINED", "TEST", "GUEST", "DEFAULT", "INVALID", "无", "未知",
		"匿名", "没有", "不详", "1234567", "12345678", "123456789", "1234567890"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (slice_equal(code, slice_text(words[i])))
			return true;
	}
	/* "000000", "11111111": the same character all the way. */
	size_t same = 1;
	while (same < code.len && code.data[same] == code.data[0])
		same++;
	return code.len < 3 || same == code.len;
}

/* ---- Names ---- */

#define NAME_FULL   1u
#define NAME_FAMILY 2u
#define NAME_GIVEN  3u

struct name {
	struct slice full;
	struct slice family;
	struct slice given;
};

static struct name normalize_name_read(struct slice encoded)
{
	struct name name = {0};
	struct pb_reader reader = pb_read(encoded);
	struct pb_field field;
	while (pb_next(&reader, &field)) {
		if (field.number == NAME_FULL)
			name.full = pb_text_or_empty(&field);
		else if (field.number == NAME_FAMILY)
			name.family = pb_text_or_empty(&field);
		else if (field.number == NAME_GIVEN)
			name.given = pb_text_or_empty(&field);
	}
	return name;
}

enum script { SCRIPT_NONE, SCRIPT_LATIN, SCRIPT_HAN, SCRIPT_OTHER };

static enum script normalize_script(struct slice compact)
{
	utf8proc_int32_t point;
	if (compact.len == 0)
		return SCRIPT_NONE;
	if (utf8proc_iterate(compact.data, (utf8proc_ssize_t)compact.len, &point) <= 0)
		return SCRIPT_NONE;
	if (point < 0x250)
		return SCRIPT_LATIN;
	if ((point >= 0x3400 && point <= 0x9fff) || (point >= 0x20000 && point <= 0x3134f))
		return SCRIPT_HAN;
	return SCRIPT_OTHER;
}

/* Surnames of two characters that are met today, simplified and traditional.  All are of the common planes,
 * three bytes a character, as is what follows them. */
static const char *const compound_surnames[] = {"欧阳", "歐陽", "上官", "司马", "司馬", "诸葛",
	"諸葛", "东方", "東方", "皇甫", "尉迟", "尉遲", "公孙", "公孫", "慕容", "令狐", "宇文",
	"长孙", "長孫", "司徒", "司空", "夏侯", "端木", "南宫", "南宮", "呼延", "西门", "西門",
	"东郭", "東郭", "独孤", "獨孤", "轩辕", "軒轅", "钟离", "鍾離", "鲜于", "鮮于", "闻人",
	"聞人", "申屠", "太史", "赫连", "赫連", "澹台", "澹臺", "濮阳", "濮陽", "淳于", "单于",
	"單于", "万俟", "萬俟", "百里", "拓跋", "左丘", "宗政", "公冶", "闾丘", "閭丘", "第五",
	"梁丘"};

/* Of a whole name or of one with a form of address; 欧阳 alone is Ou with the given name Yang. */
static struct slice normalize_han_surname(struct slice text)
{
	for (size_t i = 0; i < sizeof(compound_surnames) / sizeof(compound_surnames[0]); i++) {
		struct slice surname = slice_text(compound_surnames[i]);
		if (text.len > surname.len && slice_starts(text, surname))
			return slice_sub(text, 0, surname.len);
	}
	return slice_sub(text, 0, 3);
}

/* 先生 in 王先生 and 欧阳先生: a form of address in the place of a given name. */
static bool normalize_han_is_polite(struct slice text)
{
	static const char *const forms[] = {"先生", "女士", "小姐", "太太", "老师", "老師", "师傅",
		"師傅", "总", "總", "某", "某某"};
	struct slice rest = slice_sub(text, normalize_han_surname(text).len, text.len);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (slice_equal(rest, slice_text(forms[i])))
			return true;
	}
	return false;
}

/* 王伟 of 王伟先生; 王先生 stays, there is no other name in it. */
static struct slice normalize_han_bare(struct slice text)
{
	static const char *const forms[] = {
		"先生", "女士", "小姐", "太太", "老师", "老師", "师傅", "師傅"};
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct slice form = slice_text(forms[i]);
		if (text.len <= form.len + normalize_han_surname(text).len)
			continue;
		struct slice name = slice_sub(text, 0, text.len - form.len);
		if (slice_equal(slice_sub(text, name.len, text.len), form))
			return name;
	}
	return text;
}

/* 王先生 and 王伟: the surname agrees and the rest is a form of address. */
static bool normalize_han_share(struct slice a, struct slice b)
{
	a = normalize_han_bare(a);
	b = normalize_han_bare(b);
	if (slice_equal(a, b))
		return true;
	return slice_equal(normalize_han_surname(a), normalize_han_surname(b)) &&
	       (normalize_han_is_polite(a) || normalize_han_is_polite(b));
}

/* Whether a word of `a` stands in `b` too.  An initial does not count: A. Smith and A. Jones share none. */
static enum ch_status normalize_latin_share(
	struct arena *arena, struct slice a, struct slice b, bool *out_share)
{
	struct slice rest = a;
	struct slice word;
	*out_share = false;
	while (!*out_share && text_split(&rest, ' ', &word)) {
		struct slice other_rest = b;
		struct slice other;
		struct slice left;
		enum ch_status status = normalize_compact(arena, word, &left);
		if (status != CH_OK)
			return status;
		while (left.len > 1 && !*out_share && text_split(&other_rest, ' ', &other)) {
			struct slice right;
			status = normalize_compact(arena, other, &right);
			if (status != CH_OK)
				return status;
			*out_share = slice_equal(left, right);
		}
	}
	return CH_OK;
}

static enum ch_status normalize_name_text(struct arena *arena, const struct name *name,
	struct slice *out_spaced, struct slice *out_compact)
{
	struct slice spaced = name->full;
	if (spaced.len == 0) {
		size_t len = name->family.len + 1 + name->given.len;
		uint8_t *p = arena_alloc(arena, len);
		if (p == NULL)
			return CH_NOMEM;
		if (name->family.len > 0)
			memcpy(p, name->family.data, name->family.len);
		p[name->family.len] = ' ';
		if (name->given.len > 0)
			memcpy(p + name->family.len + 1, name->given.data, name->given.len);
		spaced = slice_of(p, len);
	}
	*out_spaced = spaced;
	return normalize_compact(arena, spaced, out_compact);
}

enum ch_status normalize_names_contradict(
	struct arena *arena, struct slice a, struct slice b, bool *out_contradict)
{
	struct name left = normalize_name_read(a);
	struct name right = normalize_name_read(b);
	struct slice left_spaced;
	struct slice right_spaced;
	struct slice left_text;
	struct slice right_text;
	bool share = true;
	if (slice_equal(a, b)) {
		*out_contradict = false;
		return CH_OK;
	}
	enum ch_status status = normalize_name_text(arena, &left, &left_spaced, &left_text);
	if (status == CH_OK)
		status = normalize_name_text(arena, &right, &right_spaced, &right_text);
	if (status != CH_OK)
		return status;
	enum script script = normalize_script(left_text);
	if (script == SCRIPT_NONE || script != normalize_script(right_text) ||
		slice_equal(left_text, right_text)) {
		*out_contradict = false;
		return CH_OK;
	}
	if (script == SCRIPT_HAN)
		share = normalize_han_share(left_text, right_text);
	else
		status = normalize_latin_share(arena, left_spaced, right_spaced, &share);
	if (status == CH_OK)
		*out_contradict = !share;
	return status;
}

enum ch_status normalize_name_is_polite(struct arena *arena, struct slice encoded, bool *out_polite)
{
	struct name name = normalize_name_read(encoded);
	struct slice spaced;
	struct slice compact;
	enum ch_status status = normalize_name_text(arena, &name, &spaced, &compact);
	if (status == CH_OK)
		*out_polite =
			normalize_script(compact) == SCRIPT_HAN && normalize_han_is_polite(compact);
	return status;
}
