/* History read again: by a subscriber of libcarehub that acknowledges every event (--mode cold, archive,
 * tail), or by the hub itself when it makes its records anew (--mode rebuild).
 *
 * Cold and archive ask the kernel to drop the journal's files from its cache first, and say how much of
 * them was still there: a figure of a warm cache is not to be taken for one of a cold disk.  Every
 * sequence must come, once and in order. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "bench/hub/history.h"
#include "bench/hub/visit.h"
#include "bench/load/complaint.h"
#include "bench/load/driver.h"

#define PATIENT 60000 /* ms */
#define CREDIT  16384u
#define NAME    "bench"

static double cpu_seconds(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* ---- Through a subscription ---- */

static enum ch_status take_all(struct ch_subscription *subscription, uint64_t first, uint64_t last)
{
	const struct ch_delivery *got;
	enum ch_status status = CH_OK;
	uint64_t expected = first;
	while (status == CH_OK && expected <= last) {
		status = ch_subscription_next(subscription, PATIENT, &got, NULL);
		if (status != CH_OK || got == NULL)
			continue;
		if (got->sequence != expected) {
			complaint("replay", "sequence %" PRIu64 " came in place of %" PRIu64,
				got->sequence, expected);
			return CH_GAP;
		}
		expected += got->last;
		status = ch_ack(subscription, got);
	}
	return status == CH_OK ? CH_OK : visit_failed("delivery", status);
}

static enum ch_status replay(
	const struct options *options, struct ch_connection *connection, bool told)
{
	struct ch_info info = {0};
	struct ch_subscription *subscription = NULL;
	enum ch_status status = ch_connection_info(connection, &info);
	if (status != CH_OK)
		return visit_failed("info", status);
	uint64_t first = 2; /* 1 is the settings, which are nobody's event */
	uint64_t last = info.head;
	if (options->mode == MODE_TAIL && options->events != 0 && options->events < last)
		first = last - options->events + 1;
	else if (options->events != 0 && first + options->events - 1 < last)
		last = first + options->events - 1;
	double cpu = cpu_seconds();
	int64_t began_ns = driver_now_ns();
	status = ch_subscribe(connection,
		&(struct ch_subscribe_options){CH_SUBSCRIBE_SIZE, .name = NAME,
			.from = CH_FROM_SEQUENCE, .from_sequence = first, .stop_sequence = last,
			.credit = CREDIT},
		PATIENT, &subscription);
	if (status != CH_OK)
		return visit_failed("subscribe", status);
	status = take_all(subscription, first, last);
	double seconds = (double)(driver_now_ns() - began_ns) / 1e9;
	cpu = cpu_seconds() - cpu;
	/* Answered once the acks before it were taken. */
	enum ch_status deleted = ch_subscription_delete(subscription, PATIENT);
	if (status == CH_OK && deleted != CH_OK)
		status = visit_failed("delete", deleted);
	if (status != CH_OK || !told)
		return status;
	printf("events\t%" PRIu64 "\tevents\n", last - first + 1);
	printf("throughput\t%.0f\tevents/s\n", (double)(last - first + 1) / seconds);
	printf("client.cpu\t%.0f\t%%\n", 100 * cpu / seconds);
	return CH_OK;
}

/* Says so when the history is not what the mode is about. */
static enum ch_status check_history(const struct options *options, const struct history *history)
{
	if (options->mode == MODE_ARCHIVE && history->archived == 0) {
		complaint("replay", "nothing is archived here: prepare with --history archived");
		return CH_NOT_FOUND;
	}
	if (options->mode == MODE_COLD && history->archived > 0) {
		complaint("replay", "part of this is archived: prepare with --history plain");
		return CH_INVALID;
	}
	return CH_OK;
}

static enum ch_status measure_replay(const struct options *options, struct house *house)
{
	struct history history;
	struct ch_connection *connection = NULL;
	enum ch_status status = CH_OK;
	/* With the hub up, as what it reads at its start would be warm again. */
	if (options->mode != MODE_TAIL)
		status = history_drop(house->root);
	if (status == CH_OK)
		status = history_look(house->root, &history);
	if (status == CH_OK)
		status = check_history(options, &history);
	if (status == CH_OK)
		status = visit_open(house, &connection);
	if (status == CH_OK && options->mode == MODE_TAIL) { /* once to warm the cache */
		status = replay(options, connection, false);
		if (status == CH_OK)
			status = history_look(house->root, &history);
	}
	if (status == CH_OK)
		status = replay(options, connection, true);
	if (status == CH_OK)
		printf("cached\t%.1f\t%%\n",
			100 * (double)history.resident_bytes / (double)history.bytes);
	ch_close(connection);
	enum ch_status closed = house_close(house);
	return status == CH_OK ? closed : status;
}

/* ---- By the hub ---- */

/* carehubd says `rebuild<TAB>ok<TAB>entries=N head=N ms=N`. */
static enum ch_status measure_rebuild(struct house *house)
{
	struct buffer text = {0};
	uint64_t entries = 0;
	uint64_t ms = 0;
	enum ch_status status = house_offline(house, "rebuild", &text);
	if (status == CH_OK &&
		(sscanf(buffer_text(&text), "rebuild\tok\tentries=%" SCNu64 " head=%*u ms=%" SCNu64,
			 &entries, &ms) != 2 ||
			ms == 0)) {
		complaint("rebuild", "carehubd said: %s", buffer_text(&text));
		status = CH_FORMAT;
	}
	if (status == CH_OK) {
		printf("events\t%" PRIu64 "\tevents\n", entries);
		printf("throughput\t%.0f\tevents/s\n", (double)entries * 1000 / (double)ms);
	}
	buffer_fini(&text);
	return status;
}

int main(int argc, char **argv)
{
	struct options options;
	struct house house;
	enum ch_status status = options_parse(argc, argv, &options);
	if (status != CH_OK)
		return status == CH_END ? EXIT_SUCCESS : 64;
	if (options.mode < MODE_COLD) {
		complaint("replay", "--mode is cold, archive, tail or rebuild");
		return 64;
	}
	status = house_open(&options, &house);
	if (status == CH_OK)
		status = options.mode == MODE_REBUILD ? measure_rebuild(&house)
						      : measure_replay(&options, &house);
	return status == CH_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
