/* How fast is a till log read?  Against libxml2's bare SAX2 push pass over the same bytes, which any
 * reader built on it has to pay:
 *
 *     bench_poslog day.xml
 *     poslog.bare     563.2   MB/s
 *     poslog.read     381.5   MB/s
 *     poslog.events   216.4   MB/s
 *
 * Each is the best of a few rounds, over bytes that are in memory; of how many, a second argument says. */
#include <libxml/parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "channel/pos/pos_source.h"
#include "channel/pos/poslog.h"

#define ROUNDS     8
#define ROUNDS_MAX 100
#define STEP_BYTES ((size_t)64 * 1024)
#define FILE_BYTES ((size_t)1024 * 1024 * 1024)

static uint64_t seen; /* so that no pass can be left out */

static void bare_start(void *context, const xmlChar *localname, const xmlChar *prefix,
	const xmlChar *uri, int namespace_count, const xmlChar **namespaces, int attribute_count,
	int defaulted_count, const xmlChar **attributes)
{
	(void)context;
	(void)localname;
	(void)prefix;
	(void)uri;
	(void)namespace_count;
	(void)namespaces;
	(void)defaulted_count;
	(void)attributes;
	seen += (uint64_t)attribute_count + 1;
}

static void bare_end(
	void *context, const xmlChar *localname, const xmlChar *prefix, const xmlChar *uri)
{
	(void)context;
	(void)localname;
	(void)prefix;
	(void)uri;
}

static void bare_text(void *context, const xmlChar *text, int len)
{
	(void)context;
	(void)text;
	seen += (uint64_t)len;
}

static bool pass_bare(struct slice bytes)
{
	xmlSAXHandler handler = {.initialized = XML_SAX2_MAGIC,
		.startElementNs = bare_start,
		.endElementNs = bare_end,
		.characters = bare_text,
		.ignorableWhitespace = bare_text,
		.cdataBlock = bare_text};
	xmlParserCtxtPtr parser = xmlCreatePushParserCtxt(&handler, NULL, NULL, 0, NULL);
	if (parser == NULL)
		return false;
	for (size_t at = 0; at < bytes.len; at += STEP_BYTES) {
		struct slice step = slice_sub(bytes, at, STEP_BYTES);
		(void)xmlParseChunk(
			parser, (const char *)step.data, (int)step.len, 0); /* wellFormed tells */
	}
	(void)xmlParseChunk(parser, NULL, 0, 1);
	bool good = parser->wellFormed;
	xmlFreeParserCtxt(parser);
	return good;
}

static bool pass_read(struct slice bytes)
{
	struct poslog *poslog = NULL;
	struct transaction *transaction;
	if (poslog_create(NULL, &poslog) != CH_OK)
		return false;
	for (size_t at = 0; at < bytes.len; at += STEP_BYTES) {
		if (poslog_feed(poslog, slice_sub(bytes, at, STEP_BYTES)) != CH_OK)
			break;
		while (poslog_next(poslog, &transaction) == CH_OK)
			seen += transaction->line_count;
	}
	bool good = poslog_end(poslog) == CH_OK;
	poslog_free(poslog);
	return good;
}

static bool pass_events(const char *path)
{
	const struct pos_options options = {.currency = SLICE_LITERAL("CNY")};
	struct pos_source *source = NULL;
	struct pos_item item;
	enum ch_status status;
	FILE *file = fopen(path, "rb");
	if (file == NULL)
		return false;
	status = pos_source_open(&options, fileno(file), &source);
	while (status == CH_OK) {
		status = pos_source_next(source, &item);
		if (status == CH_OK && item.kind == POS_ITEM_EVENT)
			seen += item.envelope.data.len;
	}
	pos_source_close(source);
	(void)fclose(file); /* only read from */
	return status == CH_END;
}

enum pass { PASS_BARE, PASS_READ, PASS_EVENTS, PASSES };

static bool run_pass(enum pass pass, const char *path, struct slice bytes)
{
	switch (pass) {
	case PASS_BARE:
		return pass_bare(bytes);
	case PASS_READ:
		return pass_read(bytes);
	default:
		return pass_events(path);
	}
}

int main(int argc, char **argv)
{
	static const char *const names[PASSES] = {"poslog.bare", "poslog.read", "poslog.events"};
	int64_t best_us[PASSES] = {INT64_MAX, INT64_MAX, INT64_MAX};
	struct buffer file = {0};
	int rounds = argc == 3 ? atoi(argv[2]) : ROUNDS;
	int failed = 1;
	if (argc < 2 || argc > 3 || rounds < 1 || rounds > ROUNDS_MAX) {
		(void)fputs("usage: bench_poslog FILE [ROUNDS]\n", stderr);
		return 64;
	}
	if (file_read_all(argv[1], FILE_BYTES, &file) != CH_OK || file.len == 0) {
		(void)fprintf(stderr, "%s: cannot be read\n", argv[1]);
		goto out;
	}
	/* In turns, so that what disturbs one disturbs all. */
	for (int round = 0; round < rounds * PASSES; round++) {
		enum pass pass = (enum pass)(round % PASSES);
		int64_t start_us = clock_steady_us();
		if (!run_pass(pass, argv[1], buffer_slice(&file))) {
			(void)fprintf(stderr, "%s: %s failed\n", argv[1], names[pass]);
			goto out;
		}
		int64_t took_us = clock_steady_us() - start_us;
		best_us[pass] = took_us < best_us[pass] ? took_us : best_us[pass];
	}
	for (int pass = 0; pass < PASSES; pass++)
		(void)printf("%s\t%.1f\tMB/s\n", names[pass],
			(double)file.len / (double)(best_us[pass] > 0 ? best_us[pass] : 1));
	failed = seen == 0;
out:
	buffer_fini(&file);
	return failed;
}
