/* How fast are interchanges read?  The envelope check (every segment, count and reference) alone, and with
 * each message read into its typed events, but not encoded:
 *
 *     bench_edifact FILE
 *     edifact.envelope    210.5    MB/s
 *     edifact.read        95.2     MB/s
 *     edifact.segments    420000   segments
 *
 * Each is the best of a few passes over bytes that are in memory.  FILE may hold any number of interchanges;
 * one that is refused ends the program. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "bench/load/complaint.h"
#include "channel/parts/reading.h"

#define FILE_BYTES ((size_t)1024 * 1024 * 1024)

enum pass { PASS_ENVELOPE, PASS_READ, PASSES };

struct reader {
	struct scanner *scanner;
	struct slice bytes;
	struct arena arena; /* of one message's events */
	uint64_t segments;
	uint64_t events; /* so that no pass can be left out */
};

static enum ch_status read_messages(struct reader *reader, struct interchange *interchange)
{
	const struct parts_options options = {.source = SLICE_LITERAL("urn:bench"),
		.currency = SLICE_LITERAL("CNY"),
		.repair_reference = SLICE_LITERAL("ZZZ")};
	enum ch_status status = CH_OK;
	for (uint32_t i = 0; i < interchange->message_count && status == CH_OK; i++) {
		struct reading reading = {.interchange = interchange,
			.message = &interchange->messages[i],
			.options = &options,
			.arena = &reader->arena};
		arena_reset(&reader->arena);
		status = reading_run(&reading, reader->scanner, reader->bytes);
		for (const struct made *made = reading.first; made != NULL; made = made->next)
			reader->events++;
		if (status == CH_OK && reading.message->flaws.first != NULL)
			status = CH_FORMAT;
	}
	return status;
}

static enum ch_status run_pass(struct reader *reader, enum pass pass)
{
	uint64_t at = 0;
	enum ch_status status;
	reader->segments = 0;
	do {
		struct interchange interchange;
		struct flaw flaw;
		status = interchange_next(reader->scanner, reader->bytes, &at, &interchange, &flaw);
		if (status != CH_OK)
			break;
		reader->segments += interchange.segments;
		if (interchange_is_refused(&interchange))
			status = CH_FORMAT;
		if (status == CH_OK && pass == PASS_READ)
			status = read_messages(reader, &interchange);
		interchange_fini(&interchange);
	} while (status == CH_OK);
	return status == CH_END ? CH_OK : status;
}

static enum ch_status measure(struct reader *reader, int rounds)
{
	static const char *const names[PASSES] = {"edifact.envelope", "edifact.read"};
	int64_t best_us[PASSES] = {INT64_MAX, INT64_MAX};
	for (int round = 0; round < rounds * PASSES; round++) {
		enum pass pass = (enum pass)(round % PASSES);
		int64_t start_us = clock_steady_us();
		enum ch_status status = run_pass(reader, pass);
		if (status != CH_OK) {
			complaint("edifact", "%s: %s", names[pass], ch_status_text(status));
			return status;
		}
		int64_t took_us = clock_steady_us() - start_us;
		best_us[pass] = took_us < best_us[pass] ? took_us : best_us[pass];
	}
	for (int pass = 0; pass < PASSES; pass++)
		(void)printf("%s\t%.1f\tMB/s\n", names[pass],
			(double)reader->bytes.len /
				(double)(best_us[pass] > 0 ? best_us[pass] : 1));
	(void)printf("edifact.segments\t%" PRIu64 "\tsegments\n", reader->segments);
	return reader->events > 0 ? CH_OK : CH_NOT_FOUND;
}

int main(int argc, char **argv)
{
	struct reader reader = {0};
	struct buffer file = {0};
	int rounds = argc == 3 ? atoi(argv[2]) : 3;
	arena_init(&reader.arena);
	if (argc < 2 || argc > 3 || rounds < 1 || rounds > 100) {
		(void)fputs("usage: bench_edifact FILE [ROUNDS]\n", stderr);
		return 64;
	}
	enum ch_status status = file_read_all(argv[1], FILE_BYTES, &file);
	if (status != CH_OK)
		complaint("edifact", "%s: %s", argv[1], ch_status_text(status));
	reader.bytes = buffer_slice(&file);
	if (status == CH_OK)
		status = scanner_create(&reader.scanner);
	if (status == CH_OK)
		status = measure(&reader, rounds);
	scanner_free(reader.scanner);
	arena_fini(&reader.arena);
	buffer_fini(&file);
	return status == CH_OK ? 0 : 1;
}
