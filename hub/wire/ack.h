/* ACK: what a subscriber has done with its deliveries.
 *
 * An ack is read in two steps, so that it needs no memory of its own: parse checks all of it, the
 * walks then cannot fail.
 *
 *     struct ack ack;
 *     if (ack_parse(body, &ack) == CH_OK)
 *             while (ack_next_range(&ack, &range))
 *                     ...
 */
#ifndef WIRE_ACK_H
#define WIRE_ACK_H

#include "base/slice.h"
#include "wire/pb.h"

struct ack_range {
	uint64_t first;
	uint64_t last; /* included */
};

struct nack {
	uint64_t sequence;
	uint32_t delay_ms; /* 0: the subscription's back-off */
	bool park;
	struct slice reason;
};

struct ack {
	uint32_t handle;
	uint64_t up_to;   /* 0: none */
	struct slice job; /* the replay job that all of it is about; empty: none */
	struct pb_reader ranges;
	struct pb_reader nacks;
};

/* CH_FORMAT; CH_INVALID: a range whose last is before its first. */
enum ch_status ack_parse(struct slice body, struct ack *out);
bool ack_next_range(struct ack *ack, struct ack_range *out_range);
bool ack_next_nack(struct ack *ack, struct nack *out_nack);

/* A whole frame in pieces: begin in an empty buffer, then ranges and nacks in any order.  Nothing
 * closes it. */
void ack_begin(struct buffer *out, uint32_t handle, uint64_t up_to);
void ack_put_job(struct buffer *out, struct slice job);
void ack_add_range(struct buffer *out, const struct ack_range *range);
void ack_add_nack(struct buffer *out, const struct nack *nack);

#endif
