/* Requests and bodies for the tests of the website's adapter. */
#ifndef UNIT_WEBSITE_REQUEST_H
#define UNIT_WEBSITE_REQUEST_H

#include "channel/website/http_message.h"
#include "support/unit.h"

/* Reads a request that must be right; `raw` must stay. */
static inline struct http_message request_parse(const char *raw)
{
	struct http_message message = {.header_count = 0};
	assert_int_equal(http_message_parse(slice_text(raw), &message), CH_OK);
	return message;
}

#endif
