/* HTTP POSTs of JSON that nobody waits for: sent at once on a loop of libuv's, given up after a time, never
 * repeated and never redirected.  One thread: from within uv_run, or between two runs. */
#ifndef CALLCENTER_POST_H
#define CALLCENTER_POST_H

#include <uv.h>

#include "base/slice.h"

struct post_options {
	const char *url;
	struct slice token; /* "Authorization: Bearer TOKEN"; empty: none */
	int64_t timeout_ms;
};

struct post_counts {
	uint64_t sent; /* answered with 2xx */
	uint64_t failed;
	uint64_t dropped; /* too many were under way */
};

struct post;

/* libcurl must have been made ready.  CH_NOMEM, CH_IO. */
enum ch_status post_open(
	uv_loop_t *loop, const struct post_options *options, struct post **out_post);

/* The body is copied.  At most LIMIT_POPS are under way; beyond, it is dropped and counted. */
void post_send(struct post *post, struct slice body);

void post_look(const struct post *post, struct post_counts *out_counts);

/* Ends what is under way; the loop must be run until it has no more handles, then post_free. */
void post_close(struct post *post);
void post_free(struct post *post); /* NULL is fine */

#endif
