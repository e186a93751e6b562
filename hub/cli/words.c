#include "cli/words.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

const char *words_count(uint64_t count, char text[WORDS_BYTES])
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)count);
	char *to = text;
	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			*to++ = ' ';
		*to++ = digits[i];
	}
	*to = 0;
	return text;
}

const char *words_many(uint64_t count, const char *one, const char *more, char text[WORDS_BYTES])
{
	char number[WORDS_BYTES];
	(void)snprintf(
		text, WORDS_BYTES, "%s %s", words_count(count, number), count == 1 ? one : more);
	return text;
}

const char *words_bytes(uint64_t bytes, char text[WORDS_BYTES])
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	if (bytes < 1024) {
		(void)snprintf(text, WORDS_BYTES, "%u B", (unsigned)bytes);
		return text;
	}
	int unit = 0;
	double value = (double)bytes / 1024;
	while (value >= 1024 && unit < 5) {
		value /= 1024;
		unit++;
	}
	(void)snprintf(text, WORDS_BYTES, "%.1f %s", value, units[unit]);
	return text;
}

const char *words_duration(int64_t us, char text[WORDS_BYTES])
{
	int64_t s = us / 1000000;
	if (us < 0)
		(void)snprintf(text, WORDS_BYTES, "-");
	else if (us < 1000)
		(void)snprintf(text, WORDS_BYTES, "%d us", (int)us);
	else if (us < 1000000)
		(void)snprintf(text, WORDS_BYTES, "%.1f ms", (double)us / 1000);
	else if (s < 60)
		(void)snprintf(text, WORDS_BYTES, "%.1f s", (double)us / 1000000);
	else if (s < 3600)
		(void)snprintf(text, WORDS_BYTES, "%d min %d s", (int)(s / 60), (int)(s % 60));
	else if (s < 86400)
		(void)snprintf(
			text, WORDS_BYTES, "%d h %d min", (int)(s / 3600), (int)(s % 3600 / 60));
	else
		(void)snprintf(text, WORDS_BYTES, "%lld d %d h", (long long)(s / 86400),
			(int)(s % 86400 / 3600));
	return text;
}

const char *words_time(int64_t time_us, char text[WORDS_BYTES])
{
	char whole[CLOCK_TEXT_BYTES];
	if (time_us == 0) {
		(void)snprintf(text, WORDS_BYTES, "-");
		return text;
	}
	(void)clock_format(time_us, whole);
	char *fraction = strchr(whole, '.');
	if (fraction != NULL)
		*fraction = 0;
	(void)snprintf(text, WORDS_BYTES, "%sZ", whole);
	return text;
}

const char *words_customer(uint64_t number, char text[WORDS_BYTES])
{
	if (number == 0)
		(void)snprintf(text, WORDS_BYTES, "-");
	else
		(void)snprintf(text, WORDS_BYTES, "%012llu", (unsigned long long)number);
	return text;
}
