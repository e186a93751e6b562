/* Forms that browsers and mail programs post, and what a browser says of its languages.  The first line is a
 * Content-Type, the second an Accept-Language, the rest the body. */
#include "base/invariant.h"
#include "base/text.h"
#include "channel/website/form.h"
#include "channel/website/page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void fuzz_value(struct slice type, struct slice body, const char *name)
{
	struct http_message message = {.body = body};
	struct buffer value = {0};
	message.headers[message.header_count++] =
		(struct http_header){SLICE_LITERAL("content-type"), type};
	enum ch_status status = form_value(&message, name, &value);
	invariant(status == CH_OK || status == CH_NOT_FOUND || status == CH_EXISTS ||
		  status == CH_FORMAT || status == CH_UNSUPPORTED);
	if (status == CH_OK)
		invariant(text_is_utf8(buffer_slice(&value)) && value.len <= body.len);
	buffer_fini(&value);
}

static void fuzz_page(struct slice accepted, struct slice token)
{
	const enum page_language language = page_language(accepted, PAGE_CHINESE);
	const struct page page = {
		.kind = (enum page_kind)(accepted.len % (PAGE_AWAY + 1)),
		.language = language,
		.name = "<a>",
		.contact = "",
		.token = token,
	};
	struct answer answer = {.status = 0};
	invariant(language < PAGE_LANGUAGES);
	/* One that would be had in any case is had. */
	if (language == PAGE_ENGLISH)
		invariant(page_language(accepted, PAGE_ENGLISH) == PAGE_ENGLISH);
	page_tell(&page, &answer);
	invariant(answer.body.status == CH_OK && answer.status >= 200);
	answer_fini(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice rest = slice_of(data, len);
	struct slice lines[2] = {{NULL, 0}};
	for (size_t i = 0; i < 2; i++)
		(void)text_split(&rest, '\n', &lines[i]); /* none: it stays empty */
	fuzz_value(lines[0], rest, "a");
	fuzz_value(lines[0], rest, "List-Unsubscribe");
	fuzz_page(lines[1], SLICE_LITERAL("0123"));
	return 0;
}
