#include "base/address.h"

#include <string.h>

#include "base/text.h"

enum ch_status address_parse(struct slice text, char out_host[ADDRESS_HOST_MAX], int *out_port)
{
	uint64_t port;
	const uint8_t *colon = text.len > 0 ? memrchr(text.data, ':', text.len) : NULL;
	if (colon == NULL)
		return CH_INVALID;
	struct slice host = slice_sub(text, 0, (size_t)(colon - text.data));
	struct slice digits = slice_sub(text, host.len + 1, text.len);
	if (text_parse_u64(digits, 65535, &port) != CH_OK || host.len == 0 ||
		host.len >= ADDRESS_HOST_MAX || memchr(host.data, 0, host.len) != NULL)
		return CH_INVALID;
	if (host.len == 1 && host.data[0] == '*')
		host.len = 0;
	else if (host.data[0] == '[' && host.len > 2 && host.data[host.len - 1] == ']')
		host = slice_sub(host, 1, host.len - 2);
	else if (memchr(host.data, ':', host.len) != NULL || host.data[0] == '[')
		return CH_INVALID; /* an IPv6 address without brackets: which colon is the port's? */
	if (host.len > 0)
		memcpy(out_host, host.data, host.len);
	out_host[host.len] = 0;
	*out_port = (int)port;
	return CH_OK;
}
