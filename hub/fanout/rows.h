/* What the desk keeps of subscriptions: rows as protobuf messages of the tables below, so that a field
 * can be added without a migration.  docs/formats.md shows them.
 *
 *     SUBSCRIPTION  name                    what was asked for when it was made
 *     CURSOR        name                    where it stands
 *     PENDING       name 00 sequence(8)     a delivery that waits for its redelivery
 *     DEAD          name 00 sequence(8)     a dead letter
 *     JOB           id                      a replay job
 *     AUDIT         time(8) number(8)       who moved a cursor, deleted, replayed */
#ifndef FANOUT_ROWS_H
#define FANOUT_ROWS_H

#include "base/limits.h"
#include "base/slice.h"
#include "wire/form.h"

#define ROW_KEY_BYTES (LIMIT_NAME_BYTES + 9u)

struct subscription_row {
	struct slice peer;
	int64_t created_us;
	struct slice wish; /* the body of the SUBSCRIBE it was made with */
};

struct cursor_row {
	uint64_t incarnation;
	uint64_t base;
	int64_t base_arrival_us;
	uint64_t reached;
	struct slice done; /* ranges_encode */
	uint64_t generation;
	bool suspended;
	bool snapshot_due;
	uint64_t best_lag;
	int64_t answered_us; /* the last ack */
	uint64_t delivered;
	uint64_t redelivered;
	uint64_t acked;
	uint64_t failed;
	uint64_t buried;
	uint64_t moves;
};

struct pending_row {
	uint32_t attempts;
	int64_t due_us; /* wall clock; 0: at once */
	int64_t arrival_us;
	bool late;
	struct slice reason;
};

struct letter_row {
	uint32_t attempts;
	int64_t parked_us;
	int64_t arrival_us;
	uint64_t customer;
	struct slice type;
	struct slice reason;
	struct slice job; /* the replay in which it died; empty: none */
};

struct job_row {
	struct slice name; /* of the subscription */
	uint64_t first;
	uint64_t last;
	uint64_t position; /* settled up to here */
	struct slice wish; /* the body of a SUBSCRIBE with its filter */
	uint64_t rate;     /* bits of a double */
	uint64_t speed;
	uint32_t state;
	struct slice actor;
	int64_t started_us;
	int64_t ended_us;
	uint64_t delivered;
	uint64_t acked;
};

struct audit_row {
	struct slice actor;
	struct slice what; /* "seek", "delete", "settle", "replay" */
	struct slice name;
	struct slice detail;
};

extern const struct form subscription_form;
extern const struct form cursor_form;
extern const struct form pending_form;
extern const struct form letter_form;
extern const struct form job_form;
extern const struct form audit_form;

/* Reads a stored row.  CH_CORRUPT. */
enum ch_status row_read(const struct form *form, struct slice bytes, void *out_row);

/* The key of something of a subscription; `key` must last as long as the slice. */
struct slice row_key(uint8_t key[ROW_KEY_BYTES], const char *name, uint64_t sequence);

/* All such keys of one name begin with this. */
struct slice row_prefix(uint8_t key[ROW_KEY_BYTES], const char *name);

/* The two parts of such a key.  CH_CORRUPT. */
enum ch_status row_split(struct slice key, struct slice *out_name, uint64_t *out_sequence);

#endif
