/* Writes the pages behind the link "no more messages" into a folder, KIND-LANGUAGE.html each, with their policy
 * as the header would have it: page_unsubscribe FOLDER */
#include <stdio.h>

#include "channel/website/page.h"

static bool write_page(const char *folder, enum page_kind kind, enum page_language language)
{
	const struct page page = {
		.kind = kind,
		.language = language,
		.name = "明远客户服务 <Mingyuan & Co>",
		.contact = "400-800-8000 · care@mingyuan.example",
		.token = SLICE_LITERAL("0123456789abcdef0123456789abcdef"
				       "0123456789abcdef0123456789abcdef"),
	};
	struct answer answer = {.status = 0};
	char path[4096];
	page_tell(&page, &answer);
	const char *html = buffer_text(&answer.body);
	const char *head = strstr(html, "<head>\n") + strlen("<head>\n");
	(void)snprintf(path, sizeof(path), "%s/%d-%d.html", folder, (int)kind, (int)language);
	/* Who may frame it is for the header alone to say. */
	int policy = (int)(strstr(answer.policy, "; frame-ancestors") - answer.policy);
	FILE *file = fopen(path, "w");
	bool fine =
		file != NULL &&
		fprintf(file,
			"%.*s<meta http-equiv=\"Content-Security-Policy\" content=\"%.*s\">\n%s",
			(int)(head - html), html, policy, answer.policy, head) > 0;
	if (file != NULL && fclose(file) != 0)
		fine = false;
	answer_fini(&answer);
	return fine;
}

int main(int argc, char **argv)
{
	bool fine = argc == 2;
	for (int kind = PAGE_ASK; fine && kind <= PAGE_AWAY; kind++) {
		for (int language = 0; fine && language < PAGE_LANGUAGES; language++)
			fine = write_page(
				argv[1], (enum page_kind)kind, (enum page_language)language);
	}
	return fine ? 0 : 1;
}
