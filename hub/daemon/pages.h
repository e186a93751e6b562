/* What the HTTP port shows of the running hub: /metrics, /healthz, /readyz.  Loop thread. */
#ifndef DAEMON_PAGES_H
#define DAEMON_PAGES_H

#include "base/metric.h"
#include "daemon/bus.h"
#include "daemon/engine.h"
#include "daemon/keeper_thread.h"
#include "fanout/fanout.h"

struct pages;

struct pages_options {
	const struct daemon_settings *settings;
	struct loop *loop;
	struct metrics *metrics;
	struct engine *engine;
	struct timekeeper *clock;
	struct ingest *ingest;
	struct fanout *fanout;
	struct keeper_thread *keeper;
	struct bus *bus;
};

/* With `http.listen` empty there is no port, and CH_OK.  CH_INVALID, CH_BUSY: the address;
 * CH_NOMEM. */
enum ch_status pages_open(const struct pages_options *options, struct pages **out_pages);
void pages_close(struct pages *pages); /* NULL is fine */

/* The port; 0: none. */
int pages_port(const struct pages *pages);

#endif
