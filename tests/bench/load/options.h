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

enum options_mode {
	MODE_PREPARE,  /* make what later runs need: tables, customers                       */
	MODE_SATURATE, /* closed loop, the whole window in flight: how much                  */
	MODE_LOWLOAD,  /* closed loop, one event in flight: how soon when nobody else asks   */
	MODE_OPENLOOP, /* a fixed rate, counted from the intended time: how soon under load  */
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
	enum event_draw draw;
	uint64_t seed;
	const char *host; /* where the server listens */
	uint16_t port;    /* 0: the program starts its own server */
	const char *data; /* a folder that is the program's own, NULL for none */
};

/* Fills `out_options` from the command line; strings are borrowed from argv.  What cannot be is said
 * on standard error.  Low load is one connection with one event in flight whatever was asked.
 * Returns CH_OK, CH_INVALID, or CH_END when only help was wanted and has been printed. */
enum ch_status options_parse(int argc, char **argv, struct options *out_options);

#endif
