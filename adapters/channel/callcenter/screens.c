#include "channel/callcenter/screens.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/log.h"
#include "channel/callcenter/pop.h"
#include "channel/callcenter/post.h"
#include "channel/callcenter/sockets.h"
#include "wire/check.h"

struct screens {
	struct screens_options options;
	struct pop *pop;
	struct post *post;       /* NULL: no URL */
	struct sockets *sockets; /* NULL: nobody listens */
};

/* ---- What a pop asks and gives ---- */

/* A question under way. */
struct question {
	struct screens *screens;
	uint64_t ticket;
};

static void on_answer(void *context, const struct kit_reply *reply)
{
	struct question *question = context;
	char path[CHECK_PATH_BYTES];
	const ProtobufCMessageDescriptor *type = &carehub__v1__customer_reply__descriptor;
	ProtobufCMessage *message = NULL;
	enum ch_status status = reply->status;
	if (question->ticket != 0) {
		if (status == CH_OK)
			status = check_message(type, reply->body, path);
		if (status == CH_OK)
			message = protobuf_c_message_unpack(type, NULL, reply->body.len,
				reply->body.len > 0 ? reply->body.data : (const uint8_t *)"");
		if (status == CH_OK && message == NULL)
			status = CH_NOMEM;
		pop_answer(question->screens->pop, question->ticket, status,
			(const Carehub__V1__CustomerReply *)message);
		question->ticket = 0; /* the first reply has it all */
	}
	if (message != NULL)
		protobuf_c_message_free_unpacked(message, NULL);
	if (!reply->more)
		free(question);
}

static enum ch_status on_ask(void *context, struct slice number, uint64_t ticket)
{
	static char kind[] = "phone";
	struct screens *screens = context;
	char key[LIMIT_CALL_TEXT_BYTES + 4];
	Carehub__V1__CustomerRequest request;
	struct buffer body = {0};
	if (!kit_hub_is_up(screens->options.hub))
		return CH_CLOSED; /* it rings: the call is told without the record, now */
	struct question *question = malloc(sizeof(*question));
	if (question == NULL)
		return CH_NOMEM;
	*question = (struct question){screens, ticket};
	carehub__v1__customer_request__init(&request);
	key[call_scrub(number, key)] = 0;
	request.key = key;
	request.key_kind = kind;
	request.records = true;
	request.reference = true;
	request.timeline = (uint32_t)screens->options.settings->pop_timeline;
	uint8_t *room =
		buffer_reserve(&body, carehub__v1__customer_request__get_packed_size(&request));
	enum ch_status status = CH_NOMEM;
	if (room != NULL) {
		(void)carehub__v1__customer_request__pack(&request, room); /* fills it */
		status = kit_ask(screens->options.hub, "Customer", buffer_slice(&body),
			screens->options.settings->pop_timeout_ms, on_answer, question);
	}
	buffer_fini(&body);
	if (status != CH_OK)
		free(question);
	return status;
}

static void on_push(void *context, struct slice agent, struct slice line)
{
	struct screens *screens = context;
	if (screens->post != NULL)
		post_send(screens->post, line);
	if (screens->sockets != NULL)
		sockets_send(screens->sockets, agent, line);
}

void screens_offer(struct screens *screens, const struct call_offer *offer)
{
	if (screens != NULL)
		pop_offer(screens->pop, offer);
}

void screens_renew(struct screens *screens, const struct passes *passes)
{
	if (screens != NULL && screens->sockets != NULL)
		sockets_renew(screens->sockets, passes);
}

/* ---- Life ---- */

static enum ch_status screens_open_post(struct screens *screens)
{
	const struct callcenter_settings *settings = screens->options.settings;
	const struct post_options options = {
		.url = settings->pop_url,
		.token = secret_slice(&screens->options.means->url_token),
		.timeout_ms = settings->pop_post_timeout_ms,
	};
	return settings->pop_url != NULL
		       ? post_open(screens->options.loop, &options, &screens->post)
		       : CH_OK;
}

static enum ch_status screens_listen(struct screens *screens)
{
	const struct callcenter_settings *settings = screens->options.settings;
	const struct callcenter_means *means = screens->options.means;
	const struct sockets_options options = {
		.host = means->pop_host,
		.port = means->pop_port,
		.passes = means->passes,
	};
	if (settings->pop_listen == NULL)
		return CH_OK;
	enum ch_status status = sockets_open(screens->options.loop, &options, &screens->sockets);
	if (status == CH_OK)
		log_info("pop.listening", "address=%s port=%d", means->pop_host,
			sockets_port(screens->sockets));
	else
		log_error("pop.listen", "address=%s status=%s", settings->pop_listen,
			ch_status_name(status));
	return status;
}

enum ch_status screens_open(const struct screens_options *options, struct screens **out_screens)
{
	*out_screens = NULL;
	if (options->settings->pop_url == NULL && options->settings->pop_listen == NULL)
		return CH_OK;
	struct screens *screens = calloc(1, sizeof(*screens));
	if (screens == NULL)
		return CH_NOMEM;
	const struct pop_options pop = {
		.names = options->names, .ask = on_ask, .push = on_push, .context = screens};
	screens->options = *options;
	enum ch_status status = pop_create(&pop, &screens->pop);
	if (status == CH_OK)
		status = screens_open_post(screens);
	if (status == CH_OK)
		status = screens_listen(screens);
	*out_screens = screens; /* a half of them may have handles on the loop */
	return status;
}

void screens_close(struct screens *screens)
{
	if (screens == NULL)
		return;
	sockets_close(screens->sockets);
	post_close(screens->post);
}

void screens_free(struct screens *screens)
{
	if (screens == NULL)
		return;
	post_free(screens->post);
	pop_free(screens->pop);
	free(screens);
}
