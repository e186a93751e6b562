/* A ZAP request of any form: parts as lines, and behind the sixth everything is credentials.  Who is
 * accepted has named our domain and CURVE and has shown the one key that is known. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/invariant.h"
#include "base/text.h"
#include "net/zap_request.h"
#include "support/scratch.h"

#define PARTS_MAX 9

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char known[] = "0123456789abcdefghijklmnopqrstuv";

static struct roster *fuzz_roster(void)
{
	char folder[SCRATCH_BYTES];
	char path[SCRATCH_BYTES + 16];
	char text[256];
	char z85[CURVE_TEXT_BYTES];
	struct curve_key key;
	struct problems problems = {0};
	struct roster *roster = NULL;
	memcpy(key.bytes, known, CURVE_KEY_BYTES);
	scratch_make(folder, "zap");
	(void)snprintf(path, sizeof(path), "%s/known.conf", folder);
	(void)snprintf(
		text, sizeof(text), "public_key = %s\nroles = admin\n", curve_format(&key, z85));
	invariant(file_replace(path, slice_text(text), 0600) == CH_OK);
	invariant(roster_load(folder, &problems, &roster) == CH_OK);
	scratch_remove(folder);
	return roster;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct roster *roster; /* lives as long as the fuzzer */
	struct slice parts[PARTS_MAX];
	struct slice rest = slice_of(data, len);
	struct zap_request request;
	struct peer *peer = NULL;
	size_t count = 0;
	if (roster == NULL)
		roster = fuzz_roster();
	while (count < 6 && text_split(&rest, '\n', &parts[count]))
		count++;
	/* A trailing 'x' stands for a part too many. */
	if (rest.data != NULL)
		parts[count++] = rest;
	if (rest.len > CURVE_KEY_BYTES && rest.data[rest.len - 1] == 'x')
		parts[count++] = rest;
	if (zap_parse(parts, count, &request) != CH_OK)
		return 0;
	enum zap_verdict verdict = zap_judge(&request, roster, &peer);
	invariant((verdict == ZAP_ACCEPTED) == (peer != NULL));
	if (peer != NULL) {
		invariant(slice_equal(request.domain, SLICE_LITERAL(ZAP_DOMAIN)));
		invariant(slice_equal(request.mechanism, SLICE_LITERAL("CURVE")));
		invariant(slice_equal(request.credentials, slice_text(known)));
	}
	return 0;
}
