/* The messages around a subscription: SUBSCRIBE, SUBSCRIBED, GRANT, DETACH, MARK.  Encoders and
 * parsers as in session.h. */
#ifndef WIRE_SUBSCRIBE_H
#define WIRE_SUBSCRIBE_H

#include "base/limits.h"
#include "base/slice.h"

/* Numbers of Start.From in bus.proto. */
enum subscribe_from {
	FROM_NEW = 0,
	FROM_EARLIEST = 1,
	FROM_SEQUENCE = 2,
	FROM_TIME = 3,
	FROM_SNAPSHOT = 4,
};

struct subscribe_start {
	enum subscribe_from from;
	uint64_t sequence;
	int64_t time_us;
	uint64_t incarnation;
	uint32_t snapshot_count;
	struct slice snapshot[LIMIT_SNAPSHOT_TABLES];
};

struct subscribe_filter {
	uint32_t type_count;
	uint32_t source_count;
	uint32_t customer_count;
	struct slice types[LIMIT_FILTER_PATTERNS];
	struct slice sources[LIMIT_FILTER_PATTERNS];
	uint64_t customers[LIMIT_FILTER_PATTERNS];
};

struct subscribe {
	uint32_t handle;
	struct slice name; /* empty: ephemeral */
	struct subscribe_filter filter;
	struct subscribe_start start;
	bool update;
	uint32_t credit;
	uint32_t ack_wait_ms;
	uint32_t max_attempts;
	bool must_exist;
	uint64_t position;
	uint64_t position_incarnation;
	bool no_ack;
	uint64_t max_lag_events;
	uint64_t stop_sequence;
	bool stop_at_head;
};

struct subscribed {
	uint32_t handle;
	uint64_t generation;
	uint64_t cursor;
	uint64_t head;
	uint64_t moves;
};

struct grant {
	uint32_t handle;
	uint32_t deliveries;
};

struct detach {
	uint32_t handle;
	bool delete;
	bool drain;
};

/* Numbers of Mark.What in bus.proto. */
enum mark_what {
	MARK_CAUGHT_UP = 1,
	MARK_FELL_BEHIND = 2,
	MARK_GAP = 3,
	MARK_RESET = 4,
	MARK_END = 5,
	MARK_FENCED = 6,
	MARK_SNAPSHOT_END = 7,
	MARK_SUSPENDED = 8,
	MARK_DETACHED = 9,
	MARK_DRAINED = 10,
	MARK_MOVED = 11,
	MARK_SNAPSHOT_AGAIN = 12,
};

struct mark {
	uint32_t handle;
	enum mark_what what;
	uint64_t first;
	uint64_t last;
	struct slice detail;
	struct slice job; /* empty: the subscription itself */
};

/* CH_FORMAT, CH_TOO_LARGE as form_parse, with the field at fault. */
enum ch_status subscribe_parse(struct slice body, struct subscribe *out, const char **out_field);
enum ch_status subscribed_parse(struct slice body, struct subscribed *out);
enum ch_status grant_parse(struct slice body, struct grant *out);
enum ch_status detach_parse(struct slice body, struct detach *out);
enum ch_status mark_parse(struct slice body, struct mark *out);

void subscribe_encode(const struct subscribe *subscribe, struct buffer *out);
void subscribed_encode(const struct subscribed *subscribed, struct buffer *out);
void grant_encode(const struct grant *grant, struct buffer *out);
void detach_encode(const struct detach *detach, struct buffer *out);
void mark_encode(const struct mark *mark, struct buffer *out);

#endif
