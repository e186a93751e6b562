#include "client/intake.h"

#include "base/clock.h"
#include "client/attachment.h"
#include "client/request.h"

/* What is taken of the hub's wish. */
#define HEARTBEAT_MIN_MS 50
#define HEARTBEAT_MAX_MS 60000

static enum ch_status intake_welcome(
	struct ch_connection *connection, struct slice body, zmq_msg_t *message)
{
	struct session *session = &connection->session;
	struct welcome *welcome = &session->welcome;
	const char *field;
	(void)message;
	enum ch_status status = welcome_parse(body, welcome, &field);
	if (status != CH_OK)
		return status;
	if (welcome->version != FRAME_VERSION)
		return CH_VERSION;
	memcpy(session->token, welcome->session.data, welcome->session.len);
	session->token_len = welcome->session.len;
	session->incarnation = welcome->incarnation;
	session->back_off_ms = 0;
	session->broken_off = 0;
	int64_t heartbeat_ms = connection->options->heartbeat_ms;
	if (heartbeat_ms == 0)
		heartbeat_ms =
			welcome->heartbeat_ms > 0 ? welcome->heartbeat_ms : SESSION_HEARTBEAT_MS;
	if (heartbeat_ms < HEARTBEAT_MIN_MS)
		heartbeat_ms = HEARTBEAT_MIN_MS;
	if (heartbeat_ms > HEARTBEAT_MAX_MS)
		heartbeat_ms = HEARTBEAT_MAX_MS;
	session->heartbeat_us = heartbeat_ms * 1000;
	session->vigil.step_us = session->heartbeat_us;
	session->pinged_us = session->heard_us;
	session->state = SESSION_UP;
	connection->connects++;
	connection_welcome(connection, welcome);
	struct ch_info info;
	(void)ch_connection_info(connection, &info); /* there is one now */
	window_open(&connection->window, welcome->credit, info.event_bytes, info.frame_bytes,
		info.events_per_frame);
	attachment_welcome(connection);
	request_welcome(connection);
	connection_enter(connection, CH_CONNECTED, CH_OK, "");
	return CH_OK;
}

static enum ch_status intake_receipts(
	struct ch_connection *connection, struct slice body, zmq_msg_t *message)
{
	struct receipts *receipts = &connection->session.receipts;
	(void)message;
	enum ch_status status = receipts_parse(body, receipts);
	if (status == CH_OK)
		window_answer(&connection->window, receipts, clock_steady_us());
	return status;
}

static enum ch_status intake_credit(
	struct ch_connection *connection, struct slice body, zmq_msg_t *message)
{
	uint32_t events;
	(void)message;
	enum ch_status status = credit_parse(body, &events);
	if (status == CH_OK)
		window_set_credit(&connection->window, events);
	return status;
}

static enum ch_status intake_ping(
	struct ch_connection *connection, struct slice body, zmq_msg_t *message)
{
	uint64_t token;
	(void)message;
	enum ch_status status = ping_parse(body, &token);
	if (status != CH_OK)
		return status;
	pong_encode(&(struct pong){.token = token}, &connection->session.frame);
	session_send(connection);
	return CH_OK;
}

static enum ch_status intake_pong(
	struct ch_connection *connection, struct slice body, zmq_msg_t *message)
{
	struct pong pong;
	(void)message;
	enum ch_status status = pong_parse(body, &pong);
	if (status != CH_OK)
		return status;
	/* Our pings carry the time they were sent at. */
	if (pong.token == connection->session.pinged_token)
		connection->round_trip_us = clock_steady_us() - (int64_t)pong.token;
	connection_set_head(connection, pong.head);
	return CH_OK;
}

/* Frame 0: the hub could not tell which.  When we may not publish at all, it was each of them; else it
 * is not known, and after a new start the ids will tell. */
static void intake_publish_refused(
	struct ch_connection *connection, const struct refused *refused, const char *detail)
{
	if (refused->about != 0 || refused->reason == CH_DENIED)
		window_refuse(&connection->window, refused->about, refused->reason, refused->detail,
			clock_steady_us());
	else
		session_break(connection, refused->reason, detail);
}

static enum ch_status intake_refused(
	struct ch_connection *connection, struct slice body, zmq_msg_t *message)
{
	struct refused refused;
	char detail[ERROR_DETAIL_BYTES];
	(void)message;
	enum ch_status status = refused_parse(body, &refused);
	if (status != CH_OK)
		return status;
	size_t len =
		refused.detail.len < sizeof(detail) - 1 ? refused.detail.len : sizeof(detail) - 1;
	if (len > 0)
		memcpy(detail, refused.detail.data, len);
	detail[len] = 0;
	if (refused.fatal || connection->session.state == SESSION_GREETING) {
		session_break(
			connection, refused.reason != CH_OK ? refused.reason : CH_CLOSED, detail);
		return CH_OK;
	}
	switch (refused.kind) {
	case FRAME_PUBLISH:
		intake_publish_refused(connection, &refused, detail);
		break;
	case FRAME_SUBSCRIBE:
	case FRAME_DETACH:
		attachment_refused(
			connection, refused.kind, (uint32_t)refused.about, refused.reason, detail);
		break;
	case FRAME_REQUEST:
		request_refused(connection, refused.about, refused.reason, detail);
		break;
	default: /* an ack or grant of a subscription that is no more */
		connection->unreadable++;
		break;
	}
	return CH_OK;
}

static enum ch_status intake_bye(
	struct ch_connection *connection, struct slice body, zmq_msg_t *message)
{
	(void)body;
	(void)message;
	session_break(connection, CH_CLOSED, "the hub said goodbye");
	return CH_OK;
}

/* What may come when, the hot ones first. */
static const struct route {
	enum frame_kind kind;
	bool greeting; /* else: once we are up */
	bool up;
	enum ch_status (*take)(
		struct ch_connection *connection, struct slice body, zmq_msg_t *message);
} routes[] = {
	{FRAME_DELIVER, false, true, attachment_take_deliver},
	{FRAME_RECEIPTS, false, true, intake_receipts},
	{FRAME_CREDIT, false, true, intake_credit},
	{FRAME_MARK, false, true, attachment_take_mark},
	{FRAME_REPLY, false, true, request_take_reply},
	{FRAME_SUBSCRIBED, false, true, attachment_take_subscribed},
	{FRAME_PING, true, true, intake_ping},
	{FRAME_PONG, false, true, intake_pong},
	{FRAME_WELCOME, true, false, intake_welcome},
	{FRAME_REFUSED, true, true, intake_refused},
	{FRAME_BYE, true, true, intake_bye},
};

void intake_take(struct ch_connection *connection, zmq_msg_t *message)
{
	struct session *session = &connection->session;
	enum frame_kind kind;
	struct slice body;
	size_t len = zmq_msg_size(message);
	enum ch_status status = frame_parse(slice_of(zmq_msg_data(message), len), &kind, &body);
	connection->frames_received++;
	connection->bytes_received += len;
	session->heard_us = session->vigil.listened_us;
	if (status == CH_OK) {
		size_t i = 0;
		while (i < sizeof(routes) / sizeof(routes[0]) && routes[i].kind != kind)
			i++;
		if (i == sizeof(routes) / sizeof(routes[0])) {
			connection->unreadable++; /* of a later version: passed over */
			return;
		}
		bool fits = session->state == SESSION_UP ? routes[i].up : routes[i].greeting;
		status = fits ? routes[i].take(connection, body, message) : CH_FORMAT;
	}
	if (status == CH_OK)
		return;
	connection->unreadable++;
	session_break(connection, status, "the hub sent what cannot be read");
}
