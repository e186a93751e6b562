#include "net/links.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/vigil.h"
#include "net/listener.h"
#include "net/pump.h"

#define LINKS_EVENTS_TURN 256
#define LINKS_WATCHED                                                                              \
	(ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_ACCEPT_FAILED | ZMQ_EVENT_DISCONNECTED |                   \
		ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |                  \
		ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL)

/* A sweep that comes late counts for so much of a connection's silence, at most: see links_step_us. */
#define LINKS_LATE_SWEEP_US 1000000

/* Heartbeats are bytes that never become a message; what they may add up to, in each sweep. */
#define LINKS_HEARTBEAT_BYTES 64

struct links {
	struct loop *loop;
	struct links_options options;
	struct zap *zap;
	struct zap_watch watch;
	struct metrics *metrics;
	void *socket;
	void *monitor;
	struct pump *pump;
	struct link_table table;
	bool crowded;       /* some are in excess */
	struct vigil vigil; /* a connection's silence counts while we look for it */
	int hold; /* holds what is being cut: a flood that leaves no descriptor is when it is needed */
	int idle; /* what `hold` is otherwise a copy of */
	struct metric *accepted;
	struct metric *connections;
	struct metric *closed;
	struct metric *failed_auth;
	struct metric *failed_protocol;
	struct metric *failed_other;
	struct metric *accept_failed;
};

/* ---- What the monitor says ---- */

static void links_count(struct links *links)
{
	metric_set(links->connections, (int64_t)links->table.open);
}

static void links_accepted(struct links *links, int fd)
{
	struct link *link = NULL;
	metric_add(links->accepted, 1);
	if (link_table_begin(&links->table, fd, zap_handshakes(links->zap), &link) != CH_OK) {
		/* One that cannot be watched is not let in. */
		(void)shutdown(fd, SHUT_RDWR);
		return;
	}
	links_count(links);
	link->opened_us = links->vigil.listened_us;
	link->excess = (int64_t)links->table.open > links->options.connections_max;
	links->crowded = links->crowded || link->excess;
}

static void links_disconnected(struct links *links, int fd)
{
	metric_add(links->closed, 1);
	/* Without memory for it there was none for its beginning. */
	(void)link_table_end(&links->table, fd, zap_handshakes(links->zap));
	links_count(links);
}

/* One event: its number and value, in the machine's order, and a second part with the address. */
static bool links_read_event(struct links *links)
{
	uint8_t event[6];
	uint8_t address[LISTENER_ADDRESS_BYTES];
	uint16_t number;
	int32_t value;
	if (zmq_recv(links->monitor, event, sizeof(event), ZMQ_DONTWAIT) != (int)sizeof(event))
		return false;
	(void)zmq_recv(links->monitor, address, sizeof(address), ZMQ_DONTWAIT); /* always there */
	memcpy(&number, event, sizeof(number));
	memcpy(&value, event + sizeof(number), sizeof(value));
	switch (number) {
	case ZMQ_EVENT_ACCEPTED:
		links_accepted(links, value);
		break;
	case ZMQ_EVENT_DISCONNECTED:
		links_disconnected(links, value);
		break;
	case ZMQ_EVENT_ACCEPT_FAILED:
		metric_add(links->accept_failed, 1);
		break;
	case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
		metric_add(links->failed_auth, 1);
		break;
	case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
		metric_add(links->failed_protocol, 1);
		break;
	case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
		metric_add(links->failed_other, 1);
		break;
	default:
		break;
	}
	return true;
}

/* All that there is: there is an end, since connecting takes longer than this. */
static void links_hear(void *context)
{
	while (links_read_event(context))
		;
}

/* ---- Owners ---- */

enum ch_status links_claim(
	struct links *links, int fd, uint64_t handshake, void *owner, struct link **out_link)
{
	links_hear(links);
	return link_table_claim(&links->table, fd, handshake, owner, out_link);
}

static int links_dup(int from, int onto)
{
	int result;
	do
		result = dup3(from, onto, O_CLOEXEC);
	while (result < 0 && errno == EINTR);
	return result;
}

bool links_cut(struct links *links, struct link *link, const char *reason)
{
	if (link == NULL || link->state != LINK_OPEN)
		return true;
	uint64_t tenancy = link->tenancy;
	if (links_dup(link->fd, links->hold) < 0 && errno != EBADF)
		return false;
	links_hear(links);
	if (link->state == LINK_OPEN && link->tenancy == tenancy) {
		metric_add(metric_counter(links->metrics, "carehub_connections_cut",
				   "Connections that the hub closed, by reason.", "socket",
				   links->options.name, "reason", reason, NULL),
			1);
		/* Its engine reads an end of file and closes it in its own thread; the monitor will
		 * say so.  Nothing happens to `idle`, had it been closed already. */
		(void)shutdown(links->hold, SHUT_RDWR);
	}
	(void)links_dup(links->idle, links->hold); /* both are ours: cannot fail */
	return true;
}

/* Those beyond the bound; not while the monitor is read, as cutting reads it. */
static void links_thin(struct links *links)
{
	if (!links->crowded)
		return;
	links->crowded = false;
	for (size_t i = 0; i < links->table.capacity; i++) {
		struct link *link = link_table_get(&links->table, (int)i);
		if (link == NULL || !link->excess)
			continue;
		/* Cutting reads the monitor: the number may be another's by then, with a flag of its own. */
		uint64_t tenancy = link->tenancy;
		link->excess = false;
		if (!links_cut(links, link, "too_many") && link->tenancy == tenancy)
			link->excess = true;
		links->crowded = links->crowded || link->excess;
	}
}

static bool links_turn(void *context)
{
	struct links *links = context;
	int events = 0;
	while (events < LINKS_EVENTS_TURN && links_read_event(links))
		events++;
	links_thin(links);
	return events == LINKS_EVENTS_TURN;
}

/* ---- Guards ---- */

/* What TCP has received so far; false when it is no TCP connection. */
static bool links_received(int fd, uint64_t *out_bytes)
{
	struct tcp_info info = {0};
	socklen_t size = sizeof(info);
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 ||
		size < offsetof(struct tcp_info, tcpi_bytes_received) + 8)
		return false;
	*out_bytes = info.tcpi_bytes_received;
	return true;
}

/* Whether more than the bound has been taken out of TCP since a message was last whole.  What still
 * waits there, libzmq does not hold. */
static bool links_is_over(const struct links *links, const struct link *link, uint64_t bytes)
{
	uint64_t bound = (uint64_t)links->options.unfinished_bytes;
	int unread = 0;
	return bytes - link->anchor_bytes > bound && ioctl(link->fd, FIONREAD, &unread) == 0 &&
	       bytes - link->anchor_bytes > bound + (unsigned)unread;
}

static void links_inspect(struct links *links, struct link *link, int64_t listened_us)
{
	uint64_t bytes;
	int64_t silent_us = links->options.silent_ms * 1000;
	if (link->owner == NULL && silent_us > 0 && listened_us - link->opened_us > silent_us) {
		(void)links_cut(links, link, "silent"); /* or at the next sweep */
	} else if (!links_received(link->fd, &bytes)) {
		return;
	} else if (link->messages != link->swept || bytes < link->anchor_bytes) {
		link->swept = link->messages;
		link->anchor_bytes = bytes;
	} else if (links_is_over(links, link, bytes)) {
		/* It takes a moment: do not count it again. */
		if (links_cut(links, link, "unfinished"))
			link->anchor_bytes = bytes;
	} else if (bytes - link->anchor_bytes > LINKS_HEARTBEAT_BYTES) {
		link->anchor_bytes += LINKS_HEARTBEAT_BYTES;
	} else {
		link->anchor_bytes = bytes;
	}
}

void links_sweep(struct links *links)
{
	int64_t listened_us = vigil_look(&links->vigil, clock_steady_us());
	links_hear(links); /* so that no number is inspected that is something else's since long */
	links_thin(links);
	for (size_t i = 0; i < links->table.capacity; i++) {
		struct link *link = link_table_get(&links->table, (int)i);
		if (link != NULL && link->state == LINK_OPEN)
			links_inspect(links, link, listened_us);
	}
}

size_t links_open(const struct links *links)
{
	return links->table.open;
}

/* ---- Life ---- */

static void links_register(struct links *links)
{
	struct metrics *metrics = links->metrics;
	const char *name = links->options.name;
	static const char failed[] = "carehub_handshakes_failed";
	static const char failed_help[] = "Connections that never came through, by reason.";
	links->accepted = metric_counter(metrics, "carehub_connections_accepted",
		"Connections that were accepted.", "socket", name, NULL);
	links->closed = metric_counter(metrics, "carehub_connections_closed",
		"Connections that have ended.", "socket", name, NULL);
	links->connections = metric_gauge(
		metrics, "carehub_connections", "Connections that are open.", "socket", name, NULL);
	links->accept_failed = metric_counter(metrics, "carehub_accepts_failed",
		"Connections that could not be accepted: out of descriptors, mostly.", "socket",
		name, NULL);
	links->failed_auth = metric_counter(
		metrics, failed, failed_help, "socket", name, "reason", "refused", NULL);
	links->failed_protocol = metric_counter(
		metrics, failed, failed_help, "socket", name, "reason", "protocol", NULL);
	links->failed_other = metric_counter(
		metrics, failed, failed_help, "socket", name, "reason", "broken_off", NULL);
}

static enum ch_status links_watch(struct links *links, void *context)
{
	char address[128];
	int none = 0;
	/* Never used before: a name is given back some time after its socket was closed. */
	(void)snprintf(address, sizeof(address), "inproc://carehub.links.%p.%lld", (void *)links,
		(long long)clock_steady_us());
	if (zmq_socket_monitor(links->socket, address, LINKS_WATCHED) != 0)
		return CH_IO;
	links->monitor = zmq_socket(context, ZMQ_PAIR);
	/* Without a bound on this queue: libzmq's own threads would wait for us at a full one.  What is
	 * in it is bounded by how fast anybody can connect. */
	if (links->monitor == NULL ||
		zmq_setsockopt(links->monitor, ZMQ_RCVHWM, &none, sizeof(none)) != 0 ||
		zmq_setsockopt(links->monitor, ZMQ_LINGER, &none, sizeof(none)) != 0 ||
		zmq_connect(links->monitor, address) != 0)
		return CH_IO;
	return pump_create(links->loop, links->monitor, links_turn, links, &links->pump);
}

static enum ch_status links_reserve(struct links *links)
{
	links->idle = eventfd(0, EFD_CLOEXEC);
	if (links->idle >= 0)
		links->hold = fcntl(links->idle, F_DUPFD_CLOEXEC, 0);
	return links->hold >= 0 ? CH_OK : CH_IO;
}

/* A late sweep must not be what takes a connection over the bound: its first word may wait unread. */
static int64_t links_step_us(const struct links_options *options)
{
	int64_t quarter_us = options->silent_ms * 1000 / 4;
	return quarter_us > 0 && quarter_us < LINKS_LATE_SWEEP_US ? quarter_us
								  : LINKS_LATE_SWEEP_US;
}

enum ch_status links_create(struct loop *loop, struct zap *zap, void *socket,
	const struct links_options *options, struct links **out_links)
{
	enum ch_status status = CH_NOMEM;
	struct links *links = calloc(1, sizeof(*links));
	if (links == NULL)
		goto out;
	links->loop = loop;
	links->idle = -1;
	links->hold = -1;
	links->options = *options;
	if (links->options.unfinished_bytes == 0)
		links->options.unfinished_bytes = LIMIT_UNFINISHED_BYTES;
	links->table.closed = options->closed;
	links->table.context = options->context;
	links->zap = zap;
	vigil_begin(&links->vigil, links_step_us(options), clock_steady_us());
	links->metrics = zap_metrics(zap);
	links->socket = socket;
	links_register(links);
	status = links_reserve(links);
	if (status != CH_OK)
		goto out;
	status = links_watch(links, zap_context(zap));
	if (status != CH_OK)
		goto out;
	links->watch = (struct zap_watch){.hear = links_hear, .context = links};
	zap_add_watch(zap, &links->watch);
	*out_links = links;
	links = NULL; /* the caller's now */
out:
	links_free(links);
	return status;
}

void links_free(struct links *links)
{
	if (links == NULL)
		return;
	zap_remove_watch(links->zap, &links->watch);
	pump_free(links->pump);
	(void)zmq_socket_monitor(links->socket, NULL, 0); /* closing the socket ends it as well */
	if (links->monitor != NULL)
		(void)zmq_close(links->monitor); /* a valid socket */
	if (links->hold >= 0)
		(void)close(links->hold); /* nothing was written */
	if (links->idle >= 0)
		(void)close(links->idle);
	link_table_fini(&links->table);
	metric_set(links->connections, 0);
	free(links);
}
