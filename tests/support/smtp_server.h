/* A mail server that does what a test tells it: takes mail, defers, refuses, is slow, talks nonsense, or drops the
 * line, at any stage (RFC 5321).  On a free port of the loopback, a thread for each connection.
 *
 *     struct smtp_server *server = smtp_server_start(plan, context);
 *     ... smtp_server_port(server) ...
 *     smtp_server_mails(server, look, context);
 *     smtp_server_stop(server);
 */
#ifndef SUPPORT_SMTP_SERVER_H
#define SUPPORT_SMTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum smtp_stage {
	SMTP_GREETING,
	SMTP_HELLO,
	SMTP_SENDER,
	SMTP_RECIPIENT,
	SMTP_DATA,
	SMTP_TEXT, /* at its end, or with SMTP_DROP_EARLY in its middle */
	SMTP_STAGES,
};

enum smtp_deed {
	SMTP_FINE,
	SMTP_REPLY,      /* `code` in the place of what is usual; the mail is not taken */
	SMTP_DROP,       /* at SMTP_TEXT the mail is not taken */
	SMTP_DROP_TAKEN, /* SMTP_TEXT: the mail is taken, and nobody is told */
	SMTP_LIE,        /* SMTP_TEXT: the mail is taken, and `code` says it was not */
	SMTP_DROP_EARLY, /* SMTP_TEXT: before its end */
	SMTP_SILENT,     /* until the client goes */
	SMTP_SLOW,       /* fine, after `delay_ms` */
	SMTP_GARBAGE,    /* bytes that are no reply, and then the line is dropped */
};

/* What happens to one mail. */
struct smtp_fault {
	enum smtp_stage stage;
	enum smtp_deed deed;
	unsigned code;
	unsigned delay_ms;
};

struct smtp_mail {
	const char *from;
	const char *to;
	const char *text; /* without the dots that were added for the way */
	size_t len;
	int64_t taken_us; /* when its end was there, by the wall clock */
};

struct smtp_server;

/* What the server can, beside the plain protocol. */
struct smtp_traits {
	const char *
		login; /* base64 of "\0user\0password" (RFC 4616), which everybody must bring; NULL: nobody */
	bool utf8; /* SMTPUTF8 (RFC 6531); without it an address that is not ASCII is refused */
};

/* From the next connection on; `login` is not copied. */
void smtp_server_set(struct smtp_server *server, const struct smtp_traits *traits);

/* `plan` is asked for each mail, at the greeting for the first of a connection; NULL: all is fine.  It is called
 * under a lock, from the connection's thread.  NULL: no port. */
struct smtp_server *smtp_server_start(
	struct smtp_fault (*plan)(void *context, uint64_t mail), void *context);
void smtp_server_stop(struct smtp_server *server);
uint16_t smtp_server_port(const struct smtp_server *server);

/* Mails that it took, whatever it said; returns their number.  `look` may be NULL. */
size_t smtp_server_mails(struct smtp_server *server,
	void (*look)(void *context, const struct smtp_mail *mail), void *context);

/* Called with each mail at the moment its end is there and before any reply; may be NULL. */
void smtp_server_watch(struct smtp_server *server,
	void (*taken)(void *context, const struct smtp_mail *mail), void *context);

/* Connections and mails begun so far. */
uint64_t smtp_server_connections(struct smtp_server *server);

#endif
