/* A mailbox out of a stranger's record: what is taken is one mailbox and nothing else, fit for a command and for a header
 * line, and is taken again as it is. */
#include "base/invariant.h"
#include "base/text.h"
#include "module/marketing/campaign/mail_address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct slice written = slice_of(data, len);
	char wire[MAIL_ADDRESS_BYTES + 1];
	char again[MAIL_ADDRESS_BYTES + 1];
	struct buffer header = {0};
	const char *fault = mail_address_read(written, wire);
	invariant((fault == NULL) == (mail_address_fault(written) == NULL));
	if (fault != NULL)
		return 0;
	struct slice taken = slice_text(wire);
	const uint8_t *at = memchr(taken.data, '@', taken.len);
	invariant(at != NULL && at > taken.data);
	size_t local = (size_t)(at - taken.data);
	invariant(text_is_utf8(taken));
	for (size_t i = 0; i < taken.len; i++)
		invariant(taken.data[i] > ' ' && taken.data[i] != 0x7f &&
			  (taken.data[i] != '@' || i == local) &&
			  strchr("<>\"\\,;:()[]", taken.data[i]) == NULL);
	invariant(mail_address_is_ascii(slice_sub(taken, local, taken.len)));
	invariant(mail_address_read(taken, again) == NULL && strcmp(wire, again) == 0);
	/* Beside any name, too. */
	mail_mailbox_encode(written, taken, 4, &header);
	invariant(header.status == CH_OK && header.len > taken.len);
	buffer_fini(&header);
	return 0;
}
