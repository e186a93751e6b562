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
 *
 * What is judged is the file that was opened, not what its name leads to by now. */
#ifndef KIT_SECRET_H
#define KIT_SECRET_H

#include "base/problem.h"
#include "base/slice.h"

#define SECRET_BYTES 4096u
#define SECRET_KEY_BYTES                                                                           \
	65536u /* of a key that a library reads: RSA in PEM, perhaps with certificates */

struct secret {
	char *bytes; /* with a NUL behind */
	size_t len;
};

/* CH_INVALID, and what is wrong in `problems` under `key`: no such file, no regular file, others may read
 * it, nothing or too much in it, a NUL, a second line; CH_NOMEM.  Read anew at each call: so a reload
 * changes it.  `problems` may be NULL: nobody is told; `out_secret` may be: it is only looked at. */
enum ch_status secret_read(
	const char *path, const char *key, struct problems *problems, struct secret *out_secret);

/* The same, when the setting stands in another file than the adapter's own: that one is told, too. */
enum ch_status secret_read_for(const char *file, const char *path, const char *key,
	struct problems *problems, struct secret *out_secret);

struct slice secret_slice(const struct secret *secret); /* empty when there is none */

/* Nothing of it stays in memory; NULL bytes are fine. */
void secret_wipe(struct secret *secret);

/* A private key that a library wants to read by itself: opened for it when it is what a secret must be, but
 * for its lines and SECRET_KEY_BYTES.  `out_fd` may be NULL, for a library that takes nothing but a path: it
 * is only looked at.  CH_INVALID with a line in `problems`. */
enum ch_status secret_open(
	const char *path, const char *key, struct problems *problems, int *out_fd);

#endif
