/* A strict little reader of OpenMetrics 1.0 text, for the tests: it fails the test at the first line
 * that a scraper would stumble over.  What it checks: one family after the other, each with TYPE and
 * HELP before its samples; names and suffixes as the type wants them; labels and numbers by their
 * grammar; buckets that rise and agree with the count; exactly one EOF, at the end. */
#ifndef UNIT_OPENMETRICS_H
#define UNIT_OPENMETRICS_H

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct openmetrics {
	char family[128];
	char type[16];
	char seen[64][128]; /* families that are done */
	size_t seen_count;
	char labels[512]; /* of the histogram that is being read */
	double bucket;    /* its last bucket's count; negative: none */
	size_t samples;
};

static void openmetrics_fail(const char *line, const char *why)
{
	fail_msg("%s: %.*s", why, (int)strcspn(line, "\n"), line);
}

static void openmetrics_family(struct openmetrics *reader, const char *line)
{
	if (sscanf(line, "# TYPE %127s %15s", reader->family, reader->type) != 2)
		openmetrics_fail(line, "no TYPE line");
	for (size_t i = 0; i < reader->seen_count; i++) {
		if (strcmp(reader->seen[i], reader->family) == 0)
			openmetrics_fail(line, "a family comes twice");
	}
	if (reader->seen_count < 64)
		memcpy(reader->seen[reader->seen_count++], reader->family, sizeof(reader->family));
	reader->bucket = -1;
	size_t len = strlen(reader->family);
	if (len > 6 && strcmp(reader->family + len - 6, "_total") == 0)
		openmetrics_fail(line, "a family's name ends in _total");
}

/* Past `name="value",...}`; the labels but for le go to `labels`, le's value is returned. */
static const char *openmetrics_labels(
	const char *line, const char *at, char *labels, double *out_le)
{
	*labels = 0;
	while (*at != '}') {
		const char *start = at;
		while (isalnum((unsigned char)*at) || *at == '_')
			at++;
		size_t name = (size_t)(at - start);
		if (name == 0 || at[0] != '=' || at[1] != '"')
			openmetrics_fail(line, "a bad label");
		for (at += 2; *at != '"'; at++) {
			if (*at == '\\' && strchr("n\\\"", *++at) == NULL)
				openmetrics_fail(line, "a bad escape");
			if (*at == '\n' || *at == 0)
				openmetrics_fail(line, "a label without end");
		}
		at++;
		if (name == 2 && strncmp(start, "le", 2) == 0)
			*out_le = strncmp(start + 4, "+Inf", 4) == 0 ? 1e300
								     : strtod(start + 4, NULL);
		else
			strncat(labels, start, (size_t)(at - start));
		if (*at == ',')
			at++;
		else if (*at != '}')
			openmetrics_fail(line, "labels without a comma");
	}
	return at + 1;
}

static void openmetrics_histogram(struct openmetrics *reader, const char *line, const char *suffix,
	const char *labels, double le, double value)
{
	if (strcmp(suffix, "_bucket") == 0) {
		if (reader->bucket < 0 || strcmp(reader->labels, labels) != 0)
			reader->bucket = 0;
		if (value < reader->bucket)
			openmetrics_fail(line, "a bucket falls");
		(void)snprintf(reader->labels, sizeof(reader->labels), "%s", labels);
		reader->bucket = value;
		if (le < 0)
			openmetrics_fail(line, "a bucket without le");
	} else if (strcmp(suffix, "_count") == 0) {
		if (value != reader->bucket) /* exact: both are whole numbers */
			openmetrics_fail(line, "the count is not the last bucket");
	} else if (strcmp(suffix, "_sum") != 0) {
		openmetrics_fail(line, "a bad suffix");
	}
}

static void openmetrics_sample(struct openmetrics *reader, const char *line)
{
	char labels[512] = "";
	char suffix[32];
	double le = -1;
	size_t len = strlen(reader->family);
	char *end;
	if (len == 0 || strncmp(line, reader->family, len) != 0)
		openmetrics_fail(line, "a sample outside its family");
	const char *at = line + len;
	size_t suffix_len = strcspn(at, "{ ");
	(void)snprintf(suffix, sizeof(suffix), "%.*s", (int)suffix_len, at);
	at += suffix_len;
	if (*at == '{')
		at = openmetrics_labels(line, at + 1, labels, &le);
	if (*at != ' ')
		openmetrics_fail(line, "no blank before the value");
	double value = strtod(at + 1, &end);
	if (end == at + 1 || *end != '\n')
		openmetrics_fail(line, "a bad number");
	if (strcmp(reader->type, "histogram") == 0)
		openmetrics_histogram(reader, line, suffix, labels, le, value);
	else if (strcmp(suffix, strcmp(reader->type, "counter") == 0 ? "_total" : "") != 0)
		openmetrics_fail(line, "a bad suffix");
	else if (strcmp(reader->type, "counter") == 0 && value < 0)
		openmetrics_fail(line, "a negative counter");
	reader->samples++;
}

/* How many samples there are. */
static size_t openmetrics_check(const char *text)
{
	struct openmetrics reader = {.bucket = -1};
	char help[160];
	for (const char *line = text; *line != 0; line = strchr(line, '\n') + 1) {
		if (strchr(line, '\n') == NULL)
			openmetrics_fail(line, "a line without end");
		if (strncmp(line, "# EOF\n", 6) == 0) {
			if (line[6] != 0)
				openmetrics_fail(line, "something behind the EOF");
			return reader.samples;
		}
		if (strncmp(line, "# TYPE ", 7) == 0) {
			openmetrics_family(&reader, line);
		} else if (strncmp(line, "# HELP ", 7) == 0) {
			(void)snprintf(help, sizeof(help), "# HELP %s ", reader.family);
			if (strncmp(line, help, strlen(help)) != 0)
				openmetrics_fail(line, "help for another family");
		} else {
			openmetrics_sample(&reader, line);
		}
	}
	fail_msg("no EOF");
	return 0;
}

#endif
