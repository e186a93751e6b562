/* What a client is told: a status of HTTP, and a small JSON object.
 *
 *     200 {"outcome":"accepted","sequence":"17"}
 *     400 {"type":"about:blank","title":"Bad Request","status":400,"field":"data.unit",
 *          "detail":"is mandatory"}                                              (RFC 9457)
 *
 * A refusal that is worth another try later has `retry_after_s`, which becomes Retry-After. */
#ifndef WEBSITE_ANSWER_H
#define WEBSITE_ANSWER_H

#include "channel/website/refusal.h"

struct answer {
	int status;        /* of HTTP */
	const char *type;  /* media type, constant text; NULL: there is no body */
	const char *allow; /* for Allow, constant text; NULL: none */
	/* Of a page, for Content-Security-Policy, constant text; what keeps its address to itself goes
	 * with it.  NULL: it is no page. */
	const char *policy;
	uint32_t retry_after_s;
	/* Of an answer to WebHook-Request-Origin; "" : none. */
	char allowed_origin[256];
	uint32_t allowed_rate; /* a minute; 0: as many as you like */
	bool close;            /* the connection ends with this answer */
	struct buffer body;
};

void answer_fini(struct answer *answer);

/* Becomes a problem of RFC 9457; `field` may be "".  Replaces what was there. */
void answer_problem(struct answer *answer, int status, const char *field, const char *detail);

/* The same of a refusal: 400, 401 (CH_DENIED of a signature is told by the caller), 413, 415 ... */
void answer_refusal(struct answer *answer, const struct refusal *refusal);

/* The status of HTTP by which a refusal of this kind is told. */
int answer_status_of(enum ch_status status);

const char *answer_title(int status);

/* Appends a JSON string; what is no UTF-8 (it never is) becomes "". */
void answer_append_text(struct buffer *out, const char *text);

#endif
