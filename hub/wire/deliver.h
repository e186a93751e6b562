/* DELIVER: deliveries to one subscription, in order.  The hottest frame: written in one pass into one
 * buffer, read without a copy; every slice looks into the frame. */
#ifndef WIRE_DELIVER_H
#define WIRE_DELIVER_H

#include "base/slice.h"
#include "wire/pb.h"

/* Numbers of Mode in bus.proto. */
enum delivery_mode {
	DELIVERY_LIVE = 0,
	DELIVERY_CATCH_UP = 1,
	DELIVERY_REPLAY = 2,
	DELIVERY_SNAPSHOT = 3,
};

struct delivery {
	uint64_t sequence;
	uint32_t part;
	uint32_t attempt;
	enum delivery_mode mode;
	bool last;
	int64_t arrival_us;
	uint64_t customer;     /* as filed */
	uint64_t customer_now; /* 0: the same */
	struct slice event;    /* open part of an Event */
	struct slice personal;
	struct slice job;
	struct slice table;
	struct slice record;
	struct slice peer;
};

/* Starts a frame in an empty buffer; deliveries are appended behind it, nothing closes it. */
void deliver_begin(struct buffer *out, uint32_t handle);
void deliver_add(struct buffer *out, const struct delivery *delivery);

/* Bytes that deliver_add appends at most: for those who fill a frame up to its bound. */
size_t deliver_bound(const struct delivery *delivery);

/* ---- One delivery for many ----
 * What goes to many subscriptions differs only by its stamp.  delivery_encode appends the rest of a
 * Delivery once; deliver_add_encoded puts it, stamped, into a frame: a copy and nothing else. */

struct delivery_stamp {
	uint32_t attempt;
	enum delivery_mode mode;
	bool last;
	struct slice job;
	struct slice personal; /* of one that was encoded without, for those who may have it */
};

/* The delivery's own stamp is not looked at. */
void delivery_encode(const struct delivery *delivery, struct buffer *out);
void deliver_add_encoded(
	struct buffer *out, struct slice encoded, const struct delivery_stamp *stamp);

/* What delivery_encode made, stamped or not; every slice looks into it.  CH_FORMAT. */
enum ch_status delivery_parse(struct slice encoded, struct delivery *out);

struct deliver {
	uint32_t handle;
	uint32_t count;
	struct pb_reader rest;
};

/* Reads the outline: the handle and how many there are.  CH_FORMAT. */
enum ch_status deliver_parse(struct slice body, struct deliver *out);

/* False at the end or at a delivery that cannot be read; see deliver->rest.status. */
bool deliver_next(struct deliver *deliver, struct delivery *out_delivery);

#endif
