/* A mail as it goes over the wire: RFC 5322 header and MIME body, all of it ASCII, whatever the names and the
 * text hold; but for an address that is not, which stands as it is (RFC 6532).
 *
 *     Date: Mon, 02 Mar 2026 08:00:00 +0000
 *     From: "Carehub" <care@example.com>
 *     To: =?UTF-8?B?5p2O5bCP6b6Z?= <li@example.com>
 *     Subject: =?UTF-8?B?...?=
 *     Message-ID: <6f1e...@example.com>               the same whenever the same message is made
 *     List-Unsubscribe: <https://www.example.com/no?t=...>     RFC 2369, and with one click RFC 8058
 *     List-Unsubscribe-Post: List-Unsubscribe=One-Click
 *     Auto-Submitted: auto-generated                  RFC 3834: no holiday notes back
 */
#ifndef MARKETING_MAIL_MESSAGE_H
#define MARKETING_MAIL_MESSAGE_H

#include <stdint.h>

#include "base/slice.h"

/* Addresses have passed mail_address_fault; texts are UTF-8. */
struct mail_message {
	int64_t date_us;
	struct slice from_name; /* may be empty */
	struct slice from;
	struct slice reply_to; /* may be empty */
	struct slice to_name;  /* may be empty */
	struct slice to;
	struct slice subject;
	struct slice id;          /* hex digits; with the host it is the Message-ID */
	struct slice host;        /* a domain of ours */
	struct slice list;        /* the campaign: List-Id is <list.host> */
	struct slice unsubscribe; /* https://...; empty: no such header */
	struct slice text;
	struct slice html; /* may be empty */
};

/* Appends.  A sticky CH_NOMEM in out->status. */
void mail_message_write(const struct mail_message *message, struct buffer *out);

#endif
