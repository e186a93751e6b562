#include "channel/repair/xes_value.h"

#include "base/text.h"
#include "channel/repair/moment.h"

static bool xes_value_is_float(struct slice text)
{
	if (slice_equal(text, SLICE_LITERAL("NaN")) || slice_equal(text, SLICE_LITERAL("INF")) ||
		slice_equal(text, SLICE_LITERAL("-INF")))
		return true;
	size_t at = 0;
	size_t digits = 0;
	at += text.len > 0 && (text.data[0] == '-' || text.data[0] == '+');
	for (int point = 0; at < text.len; at++) {
		if (text.data[at] == '.' && point++ == 0)
			continue;
		if (text.data[at] < '0' || text.data[at] > '9')
			break;
		digits++;
	}
	if (digits == 0 || at == text.len)
		return digits > 0;
	if (text.data[at] != 'e' && text.data[at] != 'E')
		return false;
	struct slice exponent = slice_sub(text, at + 1, text.len);
	if (slice_starts(exponent, SLICE_LITERAL("+")) ||
		slice_starts(exponent, SLICE_LITERAL("-")))
		exponent = slice_sub(exponent, 1, exponent.len);
	uint64_t value;
	return text_parse_u64(exponent, 100000, &value) == CH_OK;
}

const char *xes_value_fault(const char *type, struct slice text)
{
	struct moment moment;
	int64_t integer;
	if (strcmp(type, "date") == 0) {
		enum ch_status status = moment_parse(text, (struct slice){NULL, 0}, &moment);
		return status == CH_OK        ? NULL
		       : status == CH_INVALID ? "there is no such day or time"
					      : "is no date and time";
	}
	if (strcmp(type, "int") == 0) {
		struct slice digits = slice_starts(text, SLICE_LITERAL("+"))
					      ? slice_sub(text, 1, text.len)
					      : text;
		return text_parse_i64(digits, &integer) == CH_OK
			       ? NULL
			       : "is no integer, or out of its range";
	}
	if (strcmp(type, "float") == 0)
		return xes_value_is_float(text) ? NULL : "is no number";
	if (strcmp(type, "boolean") == 0) {
		static const char *const words[] = {"true", "false", "1", "0"};
		for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
			if (slice_equal(text, slice_text(words[i])))
				return NULL;
		}
		return "is neither true nor false";
	}
	return NULL;
}
