/* Secrets by reference: the configuration names a file, and what stands in it is in no configuration, no
 * log and no message.  The file is its owner's alone, and that is us or root; one line, whose end does not
 * count.  A setting for one is called NAME_file.
 *
 *     {.name = "source.password_file", .type = OPTION_TEXT, ...}
 *     ...
 *     struct secret password = {0};
 *     status = secret_read(settings->password_file, "source.password_file", problems, &password);
 *     ... (const char *)password.bytes ...
 *     secret_wipe(&password);
 */
#ifndef KIT_SECRET_H
#define KIT_SECRET_H

#include "base/problem.h"
#include "base/slice.h"

#define SECRET_BYTES 4096u

struct secret {
	char *bytes; /* with a NUL behind */
	size_t len;
};

/* CH_INVALID, and what is wrong in `problems` under `key`: no such file, no regular file, others may read
 * it, nothing or too much or a NUL in it; CH_NOMEM.  Read anew at each call: so a reload changes it. */
enum ch_status secret_read(
	const char *path, const char *key, struct problems *problems, struct secret *out_secret);

/* Nothing of it stays in memory; NULL bytes are fine. */
void secret_wipe(struct secret *secret);

#endif
