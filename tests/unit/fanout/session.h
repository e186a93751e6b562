/* A consumer on the stage: what he says, and what he gets, noted down. */
#ifndef UNIT_FANOUT_SESSION_H
#define UNIT_FANOUT_SESSION_H

#include "stage.h"
#include "wire/ack.h"
#include "wire/deliver.h"
#include "wire/subscribe.h"

struct got {
	uint64_t sequence;
	uint32_t part;
	uint32_t attempt;
	enum delivery_mode mode;
	bool last;
	bool is_mark;
	uint32_t handle;
	struct mark mark; /* its texts are below */
	char text[200];   /* job or table of a delivery, detail of a mark */
	char id[64];      /* of the event */
	uint64_t customer;
	size_t record_len;
	size_t personal_len;
};

struct session {
	struct stage *stage;
	struct consumer *consumer;
	struct got *got;
	size_t count;
	size_t capacity;
	size_t seen; /* those before were looked at by session_next */
	size_t deliveries;
	struct subscribed subscribed;
	enum ch_status refused;
	char detail[200];
	bool answered; /* SUBSCRIBED or REFUSED has come */
	bool blocked;  /* the socket takes nothing */
	bool forgets;  /* deliveries are counted, not kept */
	size_t frames;
	const char *topics; /* patterns with blanks between; NULL: all */
};

void session_open(struct session *session, struct stage *stage, const char *peer, bool is_operator);
void session_close(struct session *session); /* its connection is lost */

/* A durable subscription to all that there is, from its beginning. */
struct subscribe wish_named(const char *name, uint32_t handle);

/* Says it and waits for the answer: CH_OK, or why it was refused. */
enum ch_status session_subscribe(struct session *session, const struct subscribe *wish);

/* Open as the peer "p", and subscribed. */
void session_attach(struct session *session, struct stage *stage, const struct subscribe *wish);

void session_ack(struct session *session, uint32_t handle, uint64_t first, uint64_t last);
void session_ack_up_to(struct session *session, uint32_t handle, uint64_t up_to);
void session_nack(struct session *session, uint32_t handle, const struct nack *nack);
void session_ack_job(
	struct session *session, uint32_t handle, const char *job, uint64_t first, uint64_t last);
void session_grant(struct session *session, uint32_t handle, uint32_t deliveries);
void session_detach(struct session *session, const struct detach *detach);

/* ---- Waiting, as stage_until ---- */

/* The next delivery or mark. */
const struct got *session_next(struct session *session);

/* The next delivery, whatever marks lie before it. */
const struct got *session_next_delivery(struct session *session);

/* The next is this mark. */
const struct got *session_next_mark(struct session *session, enum mark_what what);

/* Nothing more comes in a while. */
void session_expect_silence(struct session *session);

/* Deliveries of sequences `first` to `last`, one part each, in order; marks but gaps are passed over. */
void session_expect_run(struct session *session, uint64_t first, uint64_t last);

#endif
