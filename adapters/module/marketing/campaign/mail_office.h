/* Mail goes out here: a few lines to one mail server (RFC 5321), each a thread that talks through libcurl and
 * keeps its connection for the next mail.
 *
 *     status = mail_office_open(&options, &office);
 *     status = mail_office_send(office, &letter);           CH_BUSY: all lines are taken
 *     mail_office_tend(office);                             gates and results, on this thread
 *
 * What became of a mail is one of five, and they differ in what may be done next:
 *
 *     MAIL_SENT       the server took it: its 2xx came after the text
 *     MAIL_REFUSED    for good (5xx) and because of this mail: recipient, text, or its size, which the server
 *                     hears with the sender (552, RFC 1870); or the recipient's
 *                     address is not ASCII, and the server offers no SMTPUTF8 (RFC 6531): then it is not asked
 *     MAIL_DEFERRED   certainly not taken: 4xx anywhere, a line that broke before all of the text was
 *                     given to it, a server that wants none of us (5xx before the recipient); may be tried again
 *     MAIL_STOPPED    the gate was shut: not taken either
 *     MAIL_UNCERTAIN  all of the text was given and no reply that can be read came back: the server may
 *                     have it.  Trying again could make two of one
 *
 * The gate is asked when the server has said that it will take the text, and before the first byte of it: the
 * last moment at which nothing has been sent.  A shut gate breaks the line off; by RFC 5321, 4.5.3.2 and
 * 3.8, a server that has not seen the end of the text has no mail.
 *
 * One thread sends and tends; gates and results are called in mail_office_tend, on it. */
#ifndef MARKETING_MAIL_OFFICE_H
#define MARKETING_MAIL_OFFICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define MAIL_LINES_MAX 16u

enum mail_tls {
	MAIL_TLS_STARTTLS, /* from the plain port; a server without it is not spoken to */
	MAIL_TLS_DIRECT,   /* from the first byte, port 465 */
	MAIL_TLS_NONE,     /* only to a server on this machine */
};

/* Copied. */
struct mail_options {
	const char *host;
	uint16_t port;
	enum mail_tls tls;
	const char *ca_file;  /* NULL: the system's */
	const char *user;     /* NULL: no AUTH */
	const char *password; /* with a user */
	const char *hello;    /* our name in EHLO; NULL: the machine's */
	uint32_t lines;       /* 1 to MAIL_LINES_MAX */
	int64_t connect_ms;   /* until the greeting is awaited */
	int64_t reply_ms;     /* for each reply of the server; RFC 5321 wants minutes */
	int64_t total_ms;     /* for all of one mail */
};

enum mail_outcome { MAIL_SENT, MAIL_REFUSED, MAIL_DEFERRED, MAIL_STOPPED, MAIL_UNCERTAIN };

enum mail_stage {
	MAIL_CONNECT,
	MAIL_GREETING,
	MAIL_HELLO,
	MAIL_STARTTLS,
	MAIL_AUTH,
	MAIL_SENDER,
	MAIL_RECIPIENT,
	MAIL_DATA, /* the command */
	MAIL_TEXT, /* all that follows it */
	MAIL_STAGES,
};
extern const char *const mail_stages[MAIL_STAGES];

#define MAIL_STATUS_BYTES 16u

struct mail_result {
	enum mail_outcome outcome;
	enum mail_stage stage;
	bool no_utf8;                   /* refused for want of SMTPUTF8 */
	unsigned code;                  /* the server's last word; 0: none */
	char status[MAIL_STATUS_BYTES]; /* the same after RFC 3463, "5.1.1"; else "" */
	char error[96]; /* libcurl's word for what went wrong on the way; no address in it */
};

/* The addresses are as mail_address_read gives them; `text` is what mail_message_write made.  All is copied. */
struct mail_letter {
	const char *from;
	const char *to;
	struct slice text;
	bool (*gate)(void *context); /* false: it must not go out after all */
	void (*done)(void *context, const struct mail_result *result);
	void *context;
};

struct mail_office;

/* CH_NOMEM, CH_IO (no thread).  Nobody is spoken to yet. */
enum ch_status mail_office_open(
	const struct mail_options *options, struct mail_office **out_office);

/* What has not been given its text is broken off and comes out MAIL_DEFERRED; what has is waited for, up to
 * `grace_ms`.  All results are given.  NULL is fine. */
void mail_office_close(struct mail_office *office, int64_t grace_ms);

/* CH_BUSY; CH_NOMEM. */
enum ch_status mail_office_send(struct mail_office *office, const struct mail_letter *letter);

/* Asks the gates that wait and tells what is done. */
void mail_office_tend(struct mail_office *office);

/* Returns as soon as mail_office_tend has something to do, or after so long. */
void mail_office_wait(struct mail_office *office, int64_t timeout_ms);

/* Mails that were given and are not done. */
uint32_t mail_office_busy(const struct mail_office *office);

#endif
