#include "channel/website/answer.h"

#include "wire/json.h"

void answer_fini(struct answer *answer)
{
	buffer_fini(&answer->body);
	*answer = (struct answer){.status = 0};
}

static const struct {
	int status;
	const char *title;
} titles[] = {
	{200, "OK"},
	{202, "Accepted"},
	{204, "No Content"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{408, "Request Timeout"},
	{409, "Conflict"},
	{410, "Gone"},
	{411, "Length Required"},
	{413, "Content Too Large"},
	{415, "Unsupported Media Type"},
	{422, "Unprocessable Content"},
	{429, "Too Many Requests"},
	{431, "Request Header Fields Too Large"},
	{500, "Internal Server Error"},
	{501, "Not Implemented"},
	{503, "Service Unavailable"},
};

const char *answer_title(int status)
{
	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++) {
		if (titles[i].status == status)
			return titles[i].title;
	}
	return "";
}

void answer_append_text(struct buffer *out, const char *text)
{
	if (json_append_string(out, slice_text(text)) != CH_OK)
		buffer_append_text(out, "\"\"");
}

void answer_problem(struct answer *answer, int status, const char *field, const char *detail)
{
	struct buffer *out = &answer->body;
	answer->status = status;
	answer->type = "application/problem+json";
	buffer_clear(out);
	buffer_append_text(out, "{\"type\":\"about:blank\",\"title\":");
	answer_append_text(out, answer_title(status));
	buffer_printf(out, ",\"status\":%d", status);
	if (field[0] != 0) {
		buffer_append_text(out, ",\"field\":");
		answer_append_text(out, field);
	}
	buffer_append_text(out, ",\"detail\":");
	answer_append_text(out, detail);
	buffer_append_text(out, "}\n");
}

int answer_status_of(enum ch_status status)
{
	switch (status) {
	case CH_UNSUPPORTED:
		return 415;
	case CH_TOO_LARGE:
		return 413;
	case CH_CONFLICT:
		return 409;
	case CH_DENIED:
		return 403;
	case CH_NOMEM:
	case CH_RETRY:
	case CH_FULL:
	case CH_CLOSED:
	case CH_TIMEOUT:
	case CH_BUSY:
		return 503;
	case CH_INTERNAL:
		return 500;
	default:
		return 400;
	}
}

void answer_refusal(struct answer *answer, const struct refusal *refusal)
{
	answer_problem(answer, answer_status_of(refusal->status), refusal->field, refusal->reason);
}
