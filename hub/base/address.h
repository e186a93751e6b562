/* Where to listen or to connect: a host and a port, as a person writes them. */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include "base/slice.h"
#include "base/status.h"

/* A host with its NUL: any IPv6 address with its zone, most names. */
#define ADDRESS_HOST_MAX 64

/* "HOST:PORT" with an IPv4 address or a name, an IPv6 address in brackets, or "*"; `out_host` gets it
 * without brackets, "" for "*".  CH_INVALID: it is something else. */
enum ch_status address_parse(struct slice text, char out_host[ADDRESS_HOST_MAX], int *out_port);

#endif
