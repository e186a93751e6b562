#include "support/smtp_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS 4096
#define LINE_BYTES  2048

struct kept {
	char from[512];
	char to[512];
	char *text;
	size_t len;
	int64_t taken_us;
};

struct connection {
	struct smtp_server *server;
	pthread_t thread;
	int fd;
	struct smtp_fault fault;
	struct smtp_traits traits;
	bool known; /* he has brought the password */
	bool utf8;  /* this mail's MAIL asked for it */
	char from[512];
	char to[512];
	char line[LINE_BYTES];
	size_t have; /* of what was read and is not used yet */
	char bytes[65536];
};

struct smtp_server {
	int fd;
	uint16_t port;
	pthread_t thread;
	pthread_mutex_t lock;
	bool stopping;
	struct smtp_fault (*plan)(void *context, uint64_t mail);
	void *context;
	void (*taken)(void *context, const struct smtp_mail *mail);
	void *taken_context;
	struct smtp_traits traits;
	uint64_t planned;
	struct connection *connections[CONNECTIONS];
	size_t connection_count;
	struct kept *mails;
	size_t mail_count;
};

static struct smtp_fault server_plan(struct smtp_server *server)
{
	struct smtp_fault fault = {.deed = SMTP_FINE};
	(void)pthread_mutex_lock(&server->lock);
	uint64_t mail = server->planned++;
	if (server->plan != NULL)
		fault = server->plan(server->context, mail);
	(void)pthread_mutex_unlock(&server->lock);
	return fault;
}

static void server_keep(struct connection *connection, char *text, size_t len)
{
	struct smtp_server *server = connection->server;
	struct timespec now;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)pthread_mutex_lock(&server->lock);
	struct kept *mails =
		realloc(server->mails, (server->mail_count + 1) * sizeof(*server->mails));
	if (mails != NULL) {
		struct kept *kept = &mails[server->mail_count++];
		server->mails = mails;
		memcpy(kept->from, connection->from, sizeof(kept->from));
		memcpy(kept->to, connection->to, sizeof(kept->to));
		kept->text = text;
		kept->len = len;
		kept->taken_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
		const struct smtp_mail mail = {
			kept->from, kept->to, kept->text, kept->len, kept->taken_us};
		if (server->taken != NULL)
			server->taken(server->taken_context, &mail);
	}
	(void)pthread_mutex_unlock(&server->lock);
}

/* ---- One connection ---- */

static bool say(struct connection *connection, const char *text)
{
	size_t len = strlen(text);
	return send(connection->fd, text, len, MSG_NOSIGNAL) == (ssize_t)len;
}

/* Until the other side goes. */
static void wait_for_end(struct connection *connection)
{
	char byte;
	while (recv(connection->fd, &byte, 1, 0) > 0)
		;
}

/* False: the connection is over. */
static bool answer(struct connection *connection, enum smtp_stage stage, const char *usual)
{
	char text[640];
	const struct smtp_fault *fault = &connection->fault;
	if (fault->stage != stage || fault->deed == SMTP_FINE)
		return say(connection, usual);
	switch (fault->deed) {
	case SMTP_REPLY:
	case SMTP_LIE:
		(void)snprintf(text, sizeof(text), "%u %u.7.1 as told <%s>\r\n", fault->code,
			fault->code / 100, connection->to);
		return say(connection, text) && stage != SMTP_GREETING;
	case SMTP_SILENT:
		wait_for_end(connection);
		return false;
	case SMTP_SLOW:
		(void)usleep(fault->delay_ms * 1000);
		return say(connection, usual);
	case SMTP_GARBAGE:
		(void)say(connection, "\001\002 what\xff?\r\n99 bottles\r\n\r\n2x0 almost\r\n");
		return false;
	default:
		return false;
	}
}

/* The next line without its end; false: there is none. */
static bool next_line(struct connection *connection)
{
	for (;;) {
		char *end = memchr(connection->bytes, '\n', connection->have);
		if (end != NULL) {
			size_t len = (size_t)(end - connection->bytes);
			size_t text = len > 0 && end[-1] == '\r' ? len - 1 : len;
			text = text < LINE_BYTES - 1 ? text : LINE_BYTES - 1;
			memcpy(connection->line, connection->bytes, text);
			connection->line[text] = 0;
			connection->have -= len + 1;
			memmove(connection->bytes, end + 1, connection->have);
			return true;
		}
		if (connection->have == sizeof(connection->bytes))
			return false;
		ssize_t got = recv(connection->fd, connection->bytes + connection->have,
			sizeof(connection->bytes) - connection->have, 0);
		if (got <= 0)
			return false;
		connection->have += (size_t)got;
	}
}

/* "MAIL FROM:<a@b> SIZE=1" -> "a@b". */
static void take_address(const char *line, char *out, size_t size)
{
	const char *open = strchr(line, '<');
	const char *close = open != NULL ? strchr(open, '>') : NULL;
	size_t len = close != NULL ? (size_t)(close - open - 1) : 0;
	len = len < size - 1 ? len : size - 1;
	if (len > 0)
		memcpy(out, open + 1, len);
	out[len] = 0;
}

static bool take_text(struct connection *connection)
{
	const struct smtp_fault *fault = &connection->fault;
	bool here = fault->stage == SMTP_TEXT;
	size_t size = 1 << 20;
	size_t len = 0;
	char *text = malloc(size);
	while (text != NULL && next_line(connection)) {
		const char *line = connection->line;
		if (here && fault->deed == SMTP_DROP_EARLY)
			break;
		if (strcmp(line, ".") == 0) {
			bool taken = !here || fault->deed == SMTP_FINE ||
				     fault->deed == SMTP_SLOW || fault->deed == SMTP_DROP_TAKEN ||
				     fault->deed == SMTP_LIE || fault->deed == SMTP_GARBAGE;
			text[len] = 0;
			if (taken)
				server_keep(connection, text, len);
			else
				free(text);
			return answer(connection, SMTP_TEXT, "250 2.0.0 taken\r\n");
		}
		len += (size_t)snprintf(
			text + len, size - len, "%s\r\n", line[0] == '.' ? line + 1 : line);
		if (len + LINE_BYTES > size)
			break;
	}
	free(text);
	return false;
}

static bool hello(struct connection *connection)
{
	char text[200];
	(void)snprintf(text, sizeof(text),
		"250-faulty.example\r\n250-8BITMIME\r\n%s%s250 SIZE 1000000\r\n",
		connection->traits.login != NULL ? "250-AUTH PLAIN\r\n" : "",
		connection->traits.utf8 ? "250-SMTPUTF8\r\n" : "");
	return answer(connection, SMTP_HELLO, text);
}

/* RFC 4954: the password comes with the command, or when it is asked for. */
static bool login(struct connection *connection)
{
	const char *brought = connection->line + strlen("AUTH PLAIN");
	if (*brought == 0) {
		if (!say(connection, "334 \r\n") || !next_line(connection))
			return false;
		brought = connection->line;
	}
	brought += *brought == ' ';
	connection->known =
		connection->traits.login != NULL && strcmp(brought, connection->traits.login) == 0;
	return say(connection,
		connection->known ? "235 2.7.0 welcome\r\n" : "535 5.7.8 wrong password\r\n");
}

static bool is_ascii(const char *text)
{
	while (*text != 0 && (unsigned char)*text < 0x80)
		text++;
	return *text == 0;
}

static bool command(struct connection *connection)
{
	const char *line = connection->line;
	if (strncasecmp(line, "EHLO", 4) == 0 || strncasecmp(line, "HELO", 4) == 0)
		return hello(connection);
	if (strncasecmp(line, "AUTH PLAIN", 10) == 0)
		return login(connection);
	if (strncasecmp(line, "MAIL", 4) == 0) {
		take_address(line, connection->from, sizeof(connection->from));
		connection->utf8 = connection->traits.utf8 && strstr(line, " SMTPUTF8") != NULL;
		if (connection->traits.login != NULL && !connection->known)
			return say(connection, "530 5.7.0 who are you?\r\n");
		return answer(connection, SMTP_SENDER, "250 2.1.0 fine\r\n");
	}
	if (strncasecmp(line, "RCPT", 4) == 0) {
		take_address(line, connection->to, sizeof(connection->to));
		if (!connection->utf8 && !is_ascii(connection->to))
			return say(connection,
				"553 5.6.7 not ASCII, and SMTPUTF8 was not asked for\r\n");
		return answer(connection, SMTP_RECIPIENT, "250 2.1.5 fine\r\n");
	}
	if (strncasecmp(line, "DATA", 4) == 0) {
		bool go = connection->fault.stage != SMTP_DATA ||
			  connection->fault.deed == SMTP_FINE ||
			  connection->fault.deed == SMTP_SLOW;
		if (!answer(connection, SMTP_DATA, "354 go on\r\n"))
			return false;
		bool goes_on = !go || take_text(connection);
		connection->fault = server_plan(connection->server); /* of the next mail */
		return goes_on;
	}
	if (strncasecmp(line, "QUIT", 4) == 0) {
		(void)say(connection, "221 2.0.0 bye\r\n");
		return false;
	}
	return say(connection, "250 2.0.0 fine\r\n"); /* RSET, NOOP */
}

static void *connection_run(void *context)
{
	struct connection *connection = context;
	struct smtp_server *server = connection->server;
	connection->fault = server_plan(server);
	(void)pthread_mutex_lock(&server->lock);
	connection->traits = server->traits;
	(void)pthread_mutex_unlock(&server->lock);
	bool goes_on = answer(connection, SMTP_GREETING, "220 faulty.example ESMTP\r\n");
	while (goes_on && next_line(connection))
		goes_on = command(connection);
	(void)shutdown(connection->fd, SHUT_RDWR);
	return NULL;
}

/* ---- The server ---- */

static void *server_run(void *context)
{
	struct smtp_server *server = context;
	for (;;) {
		int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC);
		(void)pthread_mutex_lock(&server->lock);
		bool stopping = server->stopping;
		bool full = server->connection_count == CONNECTIONS;
		(void)pthread_mutex_unlock(&server->lock);
		if (stopping || fd < 0) {
			if (fd >= 0)
				(void)close(fd);
			return NULL;
		}
		struct connection *connection = full ? NULL : calloc(1, sizeof(*connection));
		if (connection == NULL) {
			(void)close(fd);
			continue;
		}
		connection->server = server;
		connection->fd = fd;
		if (pthread_create(&connection->thread, NULL, connection_run, connection) != 0) {
			(void)close(fd);
			free(connection);
			continue;
		}
		(void)pthread_mutex_lock(&server->lock);
		server->connections[server->connection_count++] = connection;
		(void)pthread_mutex_unlock(&server->lock);
	}
}

struct smtp_server *smtp_server_start(
	struct smtp_fault (*plan)(void *context, uint64_t mail), void *context)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	struct smtp_server *server = calloc(1, sizeof(*server));
	if (server == NULL)
		return NULL;
	server->plan = plan;
	server->context = context;
	(void)pthread_mutex_init(&server->lock, NULL);
	server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (server->fd < 0 || bind(server->fd, (struct sockaddr *)&at, len) != 0 ||
		listen(server->fd, 64) != 0 ||
		getsockname(server->fd, (struct sockaddr *)&at, &len) != 0 ||
		pthread_create(&server->thread, NULL, server_run, server) != 0) {
		free(server);
		return NULL;
	}
	server->port = ntohs(at.sin_port);
	return server;
}

void smtp_server_stop(struct smtp_server *server)
{
	if (server == NULL)
		return;
	(void)pthread_mutex_lock(&server->lock);
	server->stopping = true;
	(void)pthread_mutex_unlock(&server->lock);
	(void)shutdown(server->fd, SHUT_RDWR);
	(void)pthread_join(server->thread, NULL);
	(void)close(server->fd);
	for (size_t i = 0; i < server->connection_count; i++) {
		(void)shutdown(server->connections[i]->fd, SHUT_RDWR);
		(void)pthread_join(server->connections[i]->thread, NULL);
		(void)close(server->connections[i]->fd);
		free(server->connections[i]);
	}
	for (size_t i = 0; i < server->mail_count; i++)
		free(server->mails[i].text);
	free(server->mails);
	(void)pthread_mutex_destroy(&server->lock);
	free(server);
}

uint16_t smtp_server_port(const struct smtp_server *server)
{
	return server->port;
}

void smtp_server_set(struct smtp_server *server, const struct smtp_traits *traits)
{
	(void)pthread_mutex_lock(&server->lock);
	server->traits = *traits;
	(void)pthread_mutex_unlock(&server->lock);
}

void smtp_server_watch(struct smtp_server *server,
	void (*taken)(void *context, const struct smtp_mail *mail), void *context)
{
	(void)pthread_mutex_lock(&server->lock);
	server->taken = taken;
	server->taken_context = context;
	(void)pthread_mutex_unlock(&server->lock);
}

size_t smtp_server_mails(struct smtp_server *server,
	void (*look)(void *context, const struct smtp_mail *mail), void *context)
{
	(void)pthread_mutex_lock(&server->lock);
	size_t count = server->mail_count;
	for (size_t i = 0; i < count && look != NULL; i++) {
		const struct kept *kept = &server->mails[i];
		const struct smtp_mail mail = {
			kept->from, kept->to, kept->text, kept->len, kept->taken_us};
		look(context, &mail);
	}
	(void)pthread_mutex_unlock(&server->lock);
	return count;
}

uint64_t smtp_server_connections(struct smtp_server *server)
{
	(void)pthread_mutex_lock(&server->lock);
	uint64_t count = server->connection_count;
	(void)pthread_mutex_unlock(&server->lock);
	return count;
}
