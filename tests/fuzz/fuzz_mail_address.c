/* What strangers write, on its way into commands, header lines and bodies: a mailbox that is taken is one mailbox and
 * nothing else, and is taken again as it is; a name or subject stays in its line; base64 has lines of 76. */
#include "base/invariant.h"
#include "base/text.h"
#include "module/marketing/campaign/mail_address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Lines of printable ASCII that a blank goes on. */
static void check_header(struct slice text)
{
	struct buffer out = {0};
	mail_text_encode(text, 9, &out);
	invariant(out.status == CH_OK);
	size_t line = 9;
	for (size_t i = 0; i < out.len; i++) {
		bool fold = out.data[i] == '\r';
		if (fold) {
			invariant(i + 2 < out.len && out.data[i + 1] == '\n' &&
				  out.data[i + 2] == ' ');
			i += 2;
		}
		line = fold ? 1 : line + 1;
		invariant(line <= 78 && (fold || (out.data[i] >= ' ' && out.data[i] < 0x7f)));
	}
	buffer_fini(&out);
}

static void check_body(struct slice bytes)
{
	struct buffer out = {0};
	mail_base64(bytes, &out);
	invariant(out.status == CH_OK);
	size_t lines = (bytes.len + 56) / 57;
	invariant(out.len == (bytes.len + 2) / 3 * 4 + 2 * lines);
	invariant(lines == 0 || memcmp(out.data + out.len - 2, "\r\n", 2) == 0);
	buffer_fini(&out);
	if (mail_link_fault(bytes) == NULL)
		invariant(memchr(bytes.data, '>', bytes.len) == NULL &&
			  memchr(bytes.data, '\n', bytes.len) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct slice written = slice_of(data, len);
	char wire[MAIL_ADDRESS_BYTES + 1];
	char again[MAIL_ADDRESS_BYTES + 1];
	struct buffer header = {0};
	const char *fault = mail_address_read(written, wire);
	if (len > 0) /* else memchr may not look */
		check_body(written);
	if (text_is_utf8(written))
		check_header(written);
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
