#include "channel/website/network.h"

#include <arpa/inet.h>
#include <stdio.h>

#define IPV6_BYTES  16u
#define PREFIX_BITS 64u

/* Without brackets, port and zone.  One colon is a port's; an IPv6 address has two at least. */
static struct slice network_host(struct slice text)
{
	const uint8_t *colon = text.len > 0 ? memchr(text.data, ':', text.len) : NULL;
	if (slice_starts(text, SLICE_LITERAL("["))) {
		text = slice_sub(text, 1, text.len);
		const uint8_t *end = text.len > 0 ? memchr(text.data, ']', text.len) : NULL;
		text.len = end != NULL ? (size_t)(end - text.data) : text.len;
	} else if (colon != NULL && memrchr(text.data, ':', text.len) == colon) {
		text.len = (size_t)(colon - text.data);
	}
	const uint8_t *zone = text.len > 0 ? memchr(text.data, '%', text.len) : NULL;
	if (zone != NULL)
		text.len = (size_t)(zone - text.data);
	return text;
}

void network_of(struct slice address, char out[NETWORK_BYTES])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	static const uint8_t translated[12] = {0x00, 0x64, 0xff, 0x9b};
	struct slice host = network_host(address);
	char text[NETWORK_BYTES];
	uint8_t bytes[IPV6_BYTES];
	(void)snprintf(text, sizeof(text), "%.*s", (int)(host.len < sizeof(text) ? host.len : 0),
		(const char *)host.data);
	if (inet_pton(AF_INET6, text, bytes) != 1) {
		bool is_address = inet_pton(AF_INET, text, bytes) == 1;
		struct slice told = is_address ? host : address;
		(void)snprintf(out, NETWORK_BYTES, "%.*s",
			(int)(told.len < NETWORK_BYTES ? told.len : NETWORK_BYTES),
			(const char *)told.data); /* cut is fine */
		return;
	}
	/* Neither fails: the families are known, and there is room for both. */
	if (memcmp(bytes, mapped, sizeof(mapped)) == 0 ||
		memcmp(bytes, translated, sizeof(translated)) == 0) {
		(void)inet_ntop(AF_INET, bytes + sizeof(mapped), out, NETWORK_BYTES);
		return;
	}
	memset(bytes + PREFIX_BITS / 8, 0, IPV6_BYTES - PREFIX_BITS / 8);
	(void)inet_ntop(AF_INET6, bytes, text, sizeof(text));
	(void)snprintf(out, NETWORK_BYTES, "%.46s/%u", text, PREFIX_BITS);
}
