/* A peer: somebody who may connect, as an administrator wrote it down in peers.d/NAME.conf.
 *
 *     # Tills of the Beijing stores
 *     public_key = dM(2[V!qJb*8Zc7TgK+x3LwP5yNfrq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7Rh9Es@u=Ma1
 *     roles = producer
 *     sources = urn:store:bj:*
 *     types = pos.>
 *     region = CN
 *     time_zone = Asia/Shanghai
 *
 * Its name is the file's.  A peer never changes: a reload makes new ones, and whoever still holds an
 * old one keeps it alive.  References may be taken and dropped on any thread. */
#ifndef NET_PEER_H
#define NET_PEER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/option.h"
#include "net/curve.h"

enum peer_role {
	PEER_PRODUCER = 1, /* publishes */
	PEER_CONSUMER = 2, /* subscribes */
	PEER_OPERATOR = 4, /* looks at everything, replays, handles dead letters */
	PEER_ADMIN = 8,    /* changes settings, decides on identities, erases */
};

/* How far the keys that a peer brings (phone, e-mail ...) may be trusted when it does not say. */
enum peer_assurance {
	PEER_CLAIMED,  /* somebody typed it in: never opens another person's record */
	PEER_VERIFIED, /* the peer has checked that it belongs to the person */
};

struct peer {
	char name[LIMIT_NAME_BYTES + 1];
	struct curve_key public_key;
	uint32_t roles;             /* of enum peer_role */
	struct option_list sources; /* patterns it may publish as */
	struct option_list types;   /* patterns it may publish */
	struct option_list topics;  /* patterns it may subscribe to */
	char *scope;     /* before the numbers of its records, when they are its own; "" */
	char *region;    /* ISO 3166-1, for phones without a country; "" when it has none */
	char *time_zone; /* IANA name, for times without an offset; "UTC" */
	char *charset;   /* of what it sends in files; "UTF-8" */
	int assurance;   /* enum peer_assurance */
	int64_t events_per_second; /* 0: no bound */
	int64_t window;            /* events that may be on their way without a receipt */
	char *key_text;            /* public_key as it was written */
	atomic_int references;
};

/* Reads the text of one file.  Everything that is wrong with it goes to `problems` under `file`.
 * The peer has one reference.  CH_INVALID, CH_NOMEM. */
enum ch_status peer_parse(const char *name, struct slice text, const char *file,
	struct problems *problems, struct peer **out_peer);

/* Whether a peer can be called so: 1 to 64 of `a-z A-Z 0-9 . _ -`, beginning with a letter or digit. */
bool peer_name_valid(struct slice name);

struct peer *peer_ref(struct peer *peer);
void peer_unref(struct peer *peer); /* NULL is fine; the last one frees */

/* Rights.  Pure; any thread. */
bool peer_may(const struct peer *peer, enum peer_role role);
bool peer_may_publish(const struct peer *peer, struct slice source, struct slice type);

/* Whether it may publish anything at all as this source: its checkpoints are the peer's to see. */
bool peer_may_be(const struct peer *peer, struct slice source);

/* `pattern` as in base/pattern.h: all that it can match must be covered by one of the topics. */
bool peer_may_subscribe(const struct peer *peer, struct slice pattern);

/* The settings of a peer file, for its documentation. */
void peer_describe(struct buffer *out);

#endif
