/* A client of the bus that has never heard of windows: says hello, and publishes at once whatever it finds
 * in its source, a frame for each line, however many have no receipt. */
#ifndef FAULTY_OVERRUN_H
#define FAULTY_OVERRUN_H

#include <signal.h>

struct overrun {
	const char *endpoint;
	const char *server_key; /* public, Z85 */
	const char *key_file;   /* with the secret key, Z85 */
	const char *source;     /* lines of an id, a tab and a text */
};

/* Until *stop is set; an exit status. */
int overrun_run(const struct overrun *overrun, const volatile sig_atomic_t *stop);

#endif
