#include "channel/callcenter/uplink.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/invariant.h"
#include "base/log.h"

#define READ_BYTES   65536u
#define UNSENT_BYTES 65536u /* the far side does not read: it is gone */

enum state {
	DOWN,       /* until the timer */
	CONNECTING, /* a name, a socket */
	SHAKING,    /* hands: TLS */
	OPEN,
};

struct uplink {
	uv_loop_t *loop;
	struct uplink_options options;
	struct uplink_listener listener;
	enum state state;
	bool closing;
	uv_timer_t timer;
	uv_getaddrinfo_t resolver;
	bool resolving;
	uv_connect_t connecting;
	uv_tcp_t *tcp; /* of this connection; freed when it is closed */
	struct tls_session *tls;
	struct buffer plain; /* what came, read */
	struct buffer wrapped;
	int64_t pause_ms;
	int64_t since_us; /* of this state */
	char bytes[READ_BYTES];
};

static void uplink_enter(struct uplink *uplink, enum state state)
{
	uplink->state = state;
	uplink->since_us = clock_steady_us();
}

bool uplink_is_open(const struct uplink *uplink)
{
	return uplink->state == OPEN;
}

/* ---- Losing it ---- */

static void on_closed(uv_handle_t *handle)
{
	free(handle);
}

static void uplink_hang_up(struct uplink *uplink)
{
	if (uplink->tcp != NULL)
		uv_close((uv_handle_t *)uplink->tcp, on_closed);
	uplink->tcp = NULL; /* freed when closed */
	tls_session_free(uplink->tls);
	uplink->tls = NULL;
}

static void on_timer(uv_timer_t *timer);

static void uplink_wait(struct uplink *uplink, uint64_t wait_ms)
{
	/* Fails without a callback only. */
	(void)uv_timer_start(&uplink->timer, on_timer, wait_ms, 0);
}

void uplink_lose(struct uplink *uplink, bool hopeless, const char *why)
{
	bool was_open = uplink->state == OPEN;
	if (uplink->state == DOWN || uplink->closing)
		return;
	uplink_hang_up(uplink);
	uplink->state = DOWN;
	int64_t longest_ms = uplink->options.longest_ms;
	int64_t pause_ms =
		hopeless && uplink->pause_ms < longest_ms ? longest_ms : uplink->pause_ms;
	log_warning("exchange.down", "host=%s next_ms=%lld detail=\"%s\"", uplink->options.host,
		(long long)pause_ms, why);
	uint32_t half = (uint32_t)(pause_ms / 2);
	uplink_wait(uplink, (uint64_t)pause_ms - half + randombytes_uniform(half + 1));
	uplink->pause_ms = uplink->pause_ms * 2 < longest_ms ? uplink->pause_ms * 2 : longest_ms;
	if (was_open)
		uplink->listener.lost(uplink->listener.context);
}

void uplink_settle(struct uplink *uplink)
{
	uplink->pause_ms = uplink->options.first_ms;
}

/* ---- Writing ---- */

struct letter {
	uv_write_t request;
	size_t len;
	char bytes[];
};

static void on_written(uv_write_t *request, int status)
{
	struct letter *letter = (struct letter *)request;
	(void)status;                               /* reading tells that the line is gone */
	sodium_memzero(letter->bytes, letter->len); /* a secret may be in it */
	free(letter);
}

static bool uplink_write(struct uplink *uplink, struct slice bytes)
{
	struct letter *letter = malloc(sizeof(*letter) + bytes.len);
	if (letter == NULL)
		return false;
	letter->len = bytes.len;
	if (bytes.len > 0)
		memcpy(letter->bytes, bytes.data, bytes.len);
	uv_buf_t piece = uv_buf_init(letter->bytes, (unsigned)bytes.len);
	if (uv_write(&letter->request, (uv_stream_t *)uplink->tcp, &piece, 1, on_written) == 0)
		return true;
	sodium_memzero(letter->bytes, letter->len);
	free(letter);
	return false;
}

/* What TLS has to say, if anything. */
static bool uplink_flush(struct uplink *uplink)
{
	buffer_clear(&uplink->wrapped);
	if (tls_session_flush(uplink->tls, &uplink->wrapped) != CH_OK)
		return false;
	return uplink->wrapped.len == 0 || uplink_write(uplink, buffer_slice(&uplink->wrapped));
}

void uplink_send(struct uplink *uplink, struct slice bytes)
{
	if (uplink->state != OPEN)
		return;
	bool sent = uplink->tls == NULL
			    ? uplink_write(uplink, bytes)
			    : tls_session_put(uplink->tls, bytes) == CH_OK && uplink_flush(uplink);
	if (!sent)
		uplink_lose(uplink, false, "an action cannot be written");
	else if (uplink->tcp->write_queue_size > UNSENT_BYTES)
		uplink_lose(uplink, false, "it does not read");
}

/* ---- Reading ---- */

static void uplink_rise(struct uplink *uplink)
{
	uplink_enter(uplink, OPEN);
	uplink->listener.opened(uplink->listener.context);
}

/* Why it was refused is told to the far side, too, as far as that goes at once. */
static void uplink_refuse(struct uplink *uplink, enum ch_status status)
{
	char why[400];
	(void)snprintf(why, sizeof(why), "%s",
		status == CH_NOMEM ? "memory runs out" : tls_session_why(uplink->tls)); /* cut */
	buffer_clear(&uplink->wrapped);
	if (tls_session_flush(uplink->tls, &uplink->wrapped) == CH_OK && uplink->wrapped.len > 0) {
		uv_buf_t alert =
			uv_buf_init((char *)uplink->wrapped.data, (unsigned)uplink->wrapped.len);
		(void)uv_try_write((uv_stream_t *)uplink->tcp, &alert, 1); /* else without */
	}
	uplink_lose(uplink, status != CH_NOMEM, why);
}

static void uplink_unwrap(struct uplink *uplink, struct slice bytes)
{
	buffer_clear(&uplink->plain);
	enum ch_status status = tls_session_feed(uplink->tls, bytes, &uplink->plain);
	if (status != CH_OK && status != CH_END) {
		uplink_refuse(uplink, status);
		return;
	}
	if (!uplink_flush(uplink)) {
		uplink_lose(uplink, false, "memory runs out");
		return;
	}
	if (uplink->state == SHAKING && tls_session_is_ready(uplink->tls))
		uplink_rise(uplink);
	if (uplink->state == OPEN && uplink->plain.len > 0)
		uplink->listener.came(uplink->listener.context, buffer_slice(&uplink->plain));
	if (status == CH_END)
		uplink_lose(uplink, false, "it has closed the line");
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *out_room)
{
	struct uplink *uplink = handle->data;
	(void)suggested;
	*out_room = uv_buf_init(uplink->bytes, sizeof(uplink->bytes));
}

static void on_bytes(uv_stream_t *stream, ssize_t len, const uv_buf_t *room)
{
	struct uplink *uplink = stream->data;
	if (len < 0) {
		uplink_lose(uplink, false,
			len != UV_EOF ? uv_strerror((int)len)
			: uplink->state == SHAKING
				? "it has closed the line within the TLS handshake"
				: "it has closed the line");
		return;
	}
	struct slice bytes = slice_of(room->base, (size_t)len);
	if (uplink->tls != NULL)
		uplink_unwrap(uplink, bytes);
	else
		uplink->listener.came(uplink->listener.context, bytes);
}

/* ---- Connecting ---- */

static void uplink_begin(struct uplink *uplink)
{
	if (uplink->options.tls == NULL) {
		uplink_rise(uplink);
		return;
	}
	uplink_enter(uplink, SHAKING);
	if (tls_session_open(uplink->options.tls, &uplink->tls) != CH_OK || !uplink_flush(uplink))
		uplink_lose(uplink, false, "memory runs out");
}

static void on_connected(uv_connect_t *request, int status)
{
	struct uplink *uplink = request->data;
	if (status == UV_ECANCELED || uplink->tcp == NULL ||
		request->handle != (uv_stream_t *)uplink->tcp)
		return; /* given up meanwhile */
	if (status == 0)
		status = uv_read_start((uv_stream_t *)uplink->tcp, on_room, on_bytes);
	if (status != 0)
		uplink_lose(uplink, false, uv_strerror(status));
	else
		uplink_begin(uplink);
}

static void on_resolved(uv_getaddrinfo_t *resolver, int status, struct addrinfo *found)
{
	struct uplink *uplink = resolver->data;
	uplink->resolving = false;
	if (!uplink->closing && uplink->state == CONNECTING) {
		if (status == 0 && found != NULL) {
			uplink->connecting.data = uplink;
			status = uv_tcp_connect(
				&uplink->connecting, uplink->tcp, found->ai_addr, on_connected);
		}
		if (status != 0)
			uplink_lose(uplink, false, uv_strerror(status));
	}
	uv_freeaddrinfo(found);
}

static void uplink_connect(struct uplink *uplink)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP};
	uplink_enter(uplink, CONNECTING);
	uplink->tcp = calloc(1, sizeof(*uplink->tcp));
	if (uplink->tcp == NULL || uv_tcp_init(uplink->loop, uplink->tcp) != 0) {
		free(uplink->tcp);
		uplink->tcp = NULL;
		uplink_lose(uplink, false, "no socket is to be had");
		return;
	}
	uplink->tcp->data = uplink;
	(void)uv_tcp_nodelay(uplink->tcp, 1); /* slower without */
	if (uplink->resolving)
		return; /* the last try's answer is still to come, and will do; the watch bounds it */
	uplink->resolver.data = uplink;
	int status = uv_getaddrinfo(uplink->loop, &uplink->resolver, on_resolved,
		uplink->options.host, uplink->options.port, &hints);
	uplink->resolving = status == 0;
	if (status != 0)
		uplink_lose(uplink, false, uv_strerror(status));
}

/* ---- The watch ---- */

static uint64_t uplink_beat_ms(const struct uplink_options *options)
{
	int64_t shorter_ms = options->timeout_ms < options->keepalive_ms ? options->timeout_ms
									 : options->keepalive_ms;
	return shorter_ms / 4 > 10 ? (uint64_t)shorter_ms / 4 : 10;
}

static void uplink_watch(struct uplink *uplink)
{
	bool late = clock_steady_us() - uplink->since_us > uplink->options.timeout_ms * 1000;
	if (uplink->state == OPEN)
		uplink->listener.tend(uplink->listener.context);
	else if (late && uplink->state == CONNECTING)
		uplink_lose(uplink, false, "it cannot be reached");
	else if (late)
		uplink_lose(uplink, false, "it does not answer in TLS: does it speak it there?");
}

static void on_timer(uv_timer_t *timer)
{
	struct uplink *uplink = timer->data;
	if (uplink->closing)
		return;
	if (uplink->state == DOWN)
		uplink_connect(uplink);
	else
		uplink_watch(uplink);
	if (uplink->state != DOWN) /* else the timer has been set */
		uplink_wait(uplink, uplink_beat_ms(&uplink->options));
}

/* ---- Life ---- */

enum ch_status uplink_open(uv_loop_t *loop, const struct uplink_options *options,
	const struct uplink_listener *listener, struct uplink **out_uplink)
{
	struct uplink *uplink = calloc(1, sizeof(*uplink));
	if (uplink == NULL)
		return CH_NOMEM;
	uplink->loop = loop;
	uplink->options = *options;
	uplink->listener = *listener;
	uplink->pause_ms = options->first_ms;
	if (uv_timer_init(loop, &uplink->timer) != 0) {
		free(uplink);
		return CH_IO;
	}
	uplink->timer.data = uplink;
	uplink_wait(uplink, 0);
	*out_uplink = uplink;
	return CH_OK;
}

void uplink_close(struct uplink *uplink)
{
	if (uplink == NULL || uplink->closing)
		return;
	uplink->closing = true;
	uplink_hang_up(uplink);
	if (uplink->resolving)
		(void)uv_cancel((uv_req_t *)&uplink->resolver); /* else it ends by itself */
	uv_close((uv_handle_t *)&uplink->timer, NULL);
}

void uplink_free(struct uplink *uplink)
{
	if (uplink == NULL)
		return;
	invariant(uplink->closing);
	buffer_fini(&uplink->plain);
	buffer_fini(&uplink->wrapped);
	free(uplink);
}
