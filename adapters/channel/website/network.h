/* The network that an address belongs to, for limits by who comes: an IPv4 address by itself; of an IPv6 address
 * the first 64 bits, for below them whoever has one has all, and could come as a new stranger each time.
 *
 *     203.0.113.9                203.0.113.9
 *     203.0.113.9:4711           203.0.113.9          as some proxies write it
 *     ::ffff:203.0.113.9         203.0.113.9
 *     64:ff9b::203.0.113.9       203.0.113.9          behind NAT64 many share the first 64 bits
 *     [2001:db8:1:2:3::4]:4711   2001:db8:1:2::/64
 *     fe80::1%eth0               fe80::/64 */
#ifndef WEBSITE_NETWORK_H
#define WEBSITE_NETWORK_H

#include "base/slice.h"

#define NETWORK_BYTES 64u

/* As text.  What is no address is its own network, cut to what there is room for. */
void network_of(struct slice address, char out[NETWORK_BYTES]);

#endif
