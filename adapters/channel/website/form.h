/* The values of a form that a browser or a mail program has posted:
 *
 *     application/x-www-form-urlencoded    confirm=yes&lang=zh
 *     multipart/form-data; boundary=X      RFC 7578, as RFC 8058 would have one-click requests
 *
 * Values are short texts; files are none. */
#ifndef WEBSITE_FORM_H
#define WEBSITE_FORM_H

#include "channel/website/http_message.h"

/* A value by its name, to the letter; `out` is cleared before.  CH_NOT_FOUND: no such value; CH_EXISTS: there
 * are two; CH_FORMAT: the body is none of its media type, or the value no UTF-8; CH_UNSUPPORTED: another media
 * type; CH_NOMEM. */
enum ch_status form_value(const struct http_message *message, const char *name, struct buffer *out);

#endif
