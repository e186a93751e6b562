#include "console/index.h"

static void index_page(
	void *context, const struct http_request *request, struct http_answer *answer)
{
	(void)context;
	(void)request;
	answer->type = "text/plain; charset=utf-8";
	buffer_append_text(&answer->body, "carehub " CAREHUB_VERSION "\n\n"
					  "/healthz  the process answers\n"
					  "/readyz   200, or 503 with the reason\n"
					  "/metrics  OpenMetrics\n");
}

void index_serve(struct http *http)
{
	http_route(http, "/", index_page, NULL);
}
