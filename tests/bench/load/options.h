/* The command line that every contestant of the bench understands, so that tests/bench/run can drive
 * the hub and its peers alike.  docs/bench.md has the table. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stdint.h>

#include "base/status.h"
#include "bench/load/event.h"

#define OPTIONS_CONNECTIONS_MAX 256u
#define OPTIONS_WINDOW_MAX      (1u << 20)
#define OPTIONS_RATE_MAX        10000000u
#define OPTIONS_SECONDS_MAX     600u
#define OPTIONS_CUSTOMERS_MAX   100000000u
#define OPTIONS_EVENTS_MAX      1000000000u
#define OPTIONS_SETTINGS_MAX    8u

enum options_mode {
	MODE_PREPARE,  /* make what later runs need: tables, customers                       */
	MODE_SATURATE, /* closed loop, the whole window in flight: how much                  */
	MODE_LOWLOAD,  /* closed loop, one event in flight: how soon when nobody else asks   */
	MODE_OPENLOOP, /* a fixed rate, counted from the intended time: how soon under load  */
	MODE_COLD,     /* history read again, out of segments that no cache holds            */
	MODE_ARCHIVE,  /* ... out of compressed ones, as cold                                */
	MODE_TAIL,     /* ... its newest part, which the cache holds                         */
	MODE_REBUILD,  /* the records made anew from history                                 */
};

enum options_history {
	HISTORY_PLAIN,    /* as it was written */
	HISTORY_ARCHIVED, /* what is full is compressed before prepare ends */
	HISTORY_FILED,    /* as it was written, and every known id is a customer's event */
};

struct options {
	enum options_mode mode;
	int64_t duration_ns;
	uint32_t connections;
	uint32_t window; /* events in flight over all connections */
	uint32_t batch;  /* events a request; at most window / connections */
	uint32_t payload_bytes;
	uint32_t rate; /* events a second, open loop */
	uint32_t customers;
	uint32_t known;  /* ids that prepare publishes beside the customers' */
	uint32_t events; /* how much history is read again; 0: all of it */
	enum event_draw draw;
	enum event_ids ids;
	enum options_history history;
	uint64_t seed;
	const char *host; /* where the server listens */
	uint16_t port;    /* 0: the program starts its own server */
	const char *data; /* a folder that is the program's own, NULL for none */
	/* "section.name=value" of a server that the program starts itself. */
	const char *settings[OPTIONS_SETTINGS_MAX];
	uint32_t setting_count;
};

/* Fills `out_options` from the command line; strings are borrowed from argv.  What cannot be is said
 * on standard error.  Low load is one connection with one event in flight whatever was asked.
 * Returns CH_OK, CH_INVALID, or CH_END when only help was wanted and has been printed. */
enum ch_status options_parse(int argc, char **argv, struct options *out_options);

#endif
