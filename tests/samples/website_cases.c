/* One case to a decoder of the website's adapter, for tests/samples/website.py:
 *
 *     website_cases traceparent VALUE                                prints yes or no
 *     website_cases signature ID TIME SECRET BODY_BASE64 SIGNATURE   prints ok, or the status's name */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "channel/website/signature.h"
#include "kit/trace.h"

static int check_traceparent(const char *value)
{
	struct slice parent;
	bool accepted = traceparent_read(slice_text(value), &parent) == CH_OK;
	return puts(accepted ? "yes" : "no") >= 0 ? 0 : 2;
}

static int check_signature(char **words)
{
	uint8_t body[4096];
	size_t len = 0;
	uint64_t now_s = 0;
	int64_t sent_us;
	struct signature_keys secrets = {.count = 1};
	if (signature_key_standard(slice_text(words[2]), &secrets.items[0]) != CH_OK ||
		text_parse_u64(slice_text(words[1]), INT64_MAX / 1000000, &now_s) != CH_OK ||
		sodium_base642bin(body, sizeof(body), words[3], strlen(words[3]), NULL, &len, NULL,
			sodium_base64_VARIANT_ORIGINAL) != 0)
		return 2;
	const struct signed_message message = {slice_text(words[0]), slice_text(words[1]),
		slice_text(words[4]), slice_of(body, len)};
	return puts(ch_status_name(signature_check_standard(
		       &secrets, &message, (int64_t)now_s * 1000000, &sent_us))) >= 0
		       ? 0
		       : 2;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "traceparent") == 0)
		return check_traceparent(argv[2]);
	if (argc == 7 && strcmp(argv[1], "signature") == 0)
		return check_signature(argv + 2);
	return 64;
}
