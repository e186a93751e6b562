#include "module/marketing/campaign/mail_office.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "module/marketing/campaign/mail_address.h"

const char *const mail_stages[MAIL_STAGES] = {
	[MAIL_CONNECT] = "connect",
	[MAIL_GREETING] = "greeting",
	[MAIL_HELLO] = "hello",
	[MAIL_STARTTLS] = "tls",
	[MAIL_AUTH] = "auth",
	[MAIL_SENDER] = "sender",
	[MAIL_RECIPIENT] = "recipient",
	[MAIL_DATA] = "data",
	[MAIL_TEXT] = "text",
};

enum line_state {
	LINE_IDLE,
	LINE_GIVEN,   /* a letter waits for the line's thread */
	LINE_TALKING, /* the thread has it */
	LINE_AT_GATE, /* it waits for the owner's word */
	LINE_PASSED,
	LINE_SHUT,
	LINE_DONE, /* the result waits for the owner */
};

struct line {
	struct mail_office *office;
	pthread_t thread;
	pthread_cond_t word; /* for the thread */
	bool runs;

	/* Under the office's lock. */
	enum line_state state;

	/* The owner's while the line is idle or done, else the thread's. */
	struct buffer letter; /* from NUL to NUL text */
	size_t to;            /* where in it */
	size_t text;
	bool (*gate)(void *context);
	void (*done)(void *context, const struct mail_result *result);
	void *context;
	struct mail_result result;

	/* The thread's. */
	CURL *curl;
	size_t given;     /* of the text, to libcurl */
	bool passed;      /* the gate was asked */
	bool shut;        /* and said no */
	bool broken;      /* and will not say anything: the office closes */
	bool replied;     /* a reply came after all of the text was given */
	bool quitting;    /* QUIT was said */
	bool spoken;      /* we have said something: what comes is no greeting */
	bool utf8;        /* the recipient's address is not ASCII */
	bool mute;        /* and the server cannot hear such a one */
	int64_t grace_us; /* closing: until when a reply is waited for */
};

struct mail_office {
	pthread_mutex_t lock;
	pthread_cond_t event; /* for the owner */
	bool closing;
	int64_t grace_ms;
	uint32_t busy; /* the owner's */

	char *url;
	char *ca_file;
	char *user;
	char *password;
	enum mail_tls tls;
	int64_t connect_ms;
	int64_t reply_ms;
	int64_t total_ms;
	uint32_t count;
	struct line lines[MAIL_LINES_MAX];
};

/* ---- What libcurl tells, on the line's thread ---- */

static bool line_text_is_given(const struct line *line)
{
	return line->text > 0 && line->given == line->letter.len - line->text;
}

static size_t line_read(char *out, size_t size, size_t count, void *context)
{
	struct line *line = context;
	struct mail_office *office = line->office;
	if (line->mute)
		return CURL_READFUNC_ABORT;
	if (!line->passed) {
		line->passed = true;
		(void)pthread_mutex_lock(&office->lock);
		line->state = LINE_AT_GATE;
		(void)pthread_cond_signal(&office->event);
		while (line->state == LINE_AT_GATE && !office->closing)
			(void)pthread_cond_wait(&line->word, &office->lock);
		line->shut = line->state == LINE_SHUT;
		line->broken = line->state == LINE_AT_GATE;
		line->state = LINE_TALKING;
		(void)pthread_mutex_unlock(&office->lock);
	}
	if (line->shut || line->broken)
		return CURL_READFUNC_ABORT;
	struct slice rest =
		slice_sub(buffer_slice(&line->letter), line->text + line->given, line->letter.len);
	size_t len = rest.len < size * count ? rest.len : size * count;
	if (len > 0)
		memcpy(out, rest.data, len);
	line->given += len;
	return len;
}

static void line_said(struct line *line, struct slice command)
{
	static const struct {
		const char *verb;
		enum mail_stage stage;
	} verbs[] = {{"EHLO", MAIL_HELLO}, {"HELO", MAIL_HELLO}, {"STARTTLS", MAIL_STARTTLS},
		{"AUTH", MAIL_AUTH}, {"MAIL", MAIL_SENDER}, {"RCPT", MAIL_RECIPIENT},
		{"DATA", MAIL_DATA}};
	line->spoken = true;
	/* libcurl asks for it when the server offers it. */
	if (line->utf8 && slice_starts(command, SLICE_LITERAL("MAIL")))
		line->mute = memmem(command.data, command.len, " SMTPUTF8", 9) == NULL;
	line->quitting |= slice_starts(command, SLICE_LITERAL("QUIT"));
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (slice_starts(command, slice_text(verbs[i].verb)))
			line->result.stage = verbs[i].stage;
	}
}

/* Only "5.1.1" of the text behind the code: servers like to repeat the address in it. */
static void line_status(struct line *line, struct slice text)
{
	size_t len = 0;
	while (len < text.len && len + 1 < MAIL_STATUS_BYTES &&
		((text.data[len] >= '0' && text.data[len] <= '9') || text.data[len] == '.'))
		len++;
	bool is_status =
		len >= 5 && text.data[1] == '.' && (len == text.len || text.data[len] == ' ');
	if (!is_status)
		len = 0;
	if (len > 0)
		memcpy(line->result.status, text.data, len);
	line->result.status[len] = 0;
}

/* The last line of a reply: three digits and a blank or the end. */
static void line_heard(struct line *line, struct slice reply)
{
	while (reply.len > 0 &&
		(reply.data[reply.len - 1] == '\n' || reply.data[reply.len - 1] == '\r'))
		reply.len--;
	unsigned code = 0;
	if (line->quitting)
		return; /* a farewell is no answer to the mail */
	for (size_t i = 0; i < 3; i++) {
		if (i >= reply.len || reply.data[i] < '0' || reply.data[i] > '9')
			return;
		code = code * 10 + (unsigned)(reply.data[i] - '0');
	}
	if (reply.len > 3 && reply.data[3] != ' ')
		return;
	if (!line->spoken)
		line->result.stage = MAIL_GREETING;
	line->result.code = code;
	line_status(line, slice_sub(reply, 4, reply.len));
	if (line_text_is_given(line))
		line->replied = true;
}

static int line_debug(CURL *curl, curl_infotype what, char *data, size_t len, void *context)
{
	(void)curl;
	if (what == CURLINFO_HEADER_OUT)
		line_said(context, slice_of(data, len));
	else if (what == CURLINFO_HEADER_IN)
		line_heard(context, slice_of(data, len));
	return 0;
}

/* Not 0: break off.  Once all of the text is given a reply is worth some waiting. */
static int line_progress(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct line *line = context;
	(void)a;
	(void)b;
	(void)c;
	(void)d;
	if (line->mute)
		return 1; /* before the address is said */
	(void)pthread_mutex_lock(&line->office->lock);
	bool closing = line->office->closing;
	int64_t grace_ms = line->office->grace_ms;
	(void)pthread_mutex_unlock(&line->office->lock);
	if (!closing)
		return 0;
	if (!line_text_is_given(line))
		return 1;
	if (line->grace_us == 0)
		line->grace_us = clock_steady_us() + grace_ms * 1000;
	return clock_steady_us() > line->grace_us;
}

/* ---- One mail, on the line's thread ---- */

static enum mail_outcome line_judge(const struct line *line, CURLcode code)
{
	unsigned reply = line->result.code;
	if (line->shut)
		return MAIL_STOPPED;
	if (line->mute)
		return MAIL_REFUSED;
	if (line_text_is_given(line)) {
		if (code == CURLE_OK || (line->replied && reply / 100 == 2))
			return MAIL_SENT;
		if (line->replied && reply / 100 == 4)
			return MAIL_DEFERRED;
		return line->replied && reply / 100 == 5 ? MAIL_REFUSED : MAIL_UNCERTAIN;
	}
	/* Before the recipient a 5xx is about us, and no reason to give this customer up; but his mail may be too large
	 * for the server, which hears its size with the sender (RFC 1870), and no reason to hold others. */
	enum mail_stage stage = line->result.stage;
	bool about_him = stage == MAIL_RECIPIENT || stage == MAIL_DATA ||
			 (stage == MAIL_SENDER && reply == 552);
	return about_him && reply / 100 == 5 ? MAIL_REFUSED : MAIL_DEFERRED;
}

static void line_setup(struct line *line, struct curl_slist *to)
{
	const struct mail_office *office = line->office;
	CURL *curl = line->curl;
	const char *from = (const char *)line->letter.data;
	curl_easy_reset(curl); /* keeps the connection */
	(void)curl_easy_setopt(curl, CURLOPT_URL, office->url);
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	(void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(curl, CURLOPT_USE_SSL,
		(long)(office->tls == MAIL_TLS_NONE ? CURLUSESSL_NONE : CURLUSESSL_ALL));
	(void)curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (office->ca_file != NULL)
		(void)curl_easy_setopt(curl, CURLOPT_CAINFO, office->ca_file);
	if (office->user != NULL) {
		(void)curl_easy_setopt(curl, CURLOPT_USERNAME, office->user);
		(void)curl_easy_setopt(curl, CURLOPT_PASSWORD, office->password);
	}
	(void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)office->connect_ms);
	(void)curl_easy_setopt(
		curl, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)((office->reply_ms + 999) / 1000));
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)office->total_ms);
	(void)curl_easy_setopt(curl, CURLOPT_MAIL_FROM, from);
	(void)curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
	(void)curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	(void)curl_easy_setopt(
		curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)(line->letter.len - line->text));
	(void)curl_easy_setopt(curl, CURLOPT_READFUNCTION, line_read);
	(void)curl_easy_setopt(curl, CURLOPT_READDATA, line);
	(void)curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, line_debug);
	(void)curl_easy_setopt(curl, CURLOPT_DEBUGDATA, line);
	(void)curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, line_progress);
	(void)curl_easy_setopt(curl, CURLOPT_XFERINFODATA, line);
	(void)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
}

static void line_talk(struct line *line)
{
	struct curl_slist *to = curl_slist_append(NULL, (const char *)line->letter.data + line->to);
	CURLcode code = CURLE_OUT_OF_MEMORY;
	line->result = (struct mail_result){.stage = MAIL_CONNECT};
	line->given = 0;
	line->passed = false;
	line->shut = false;
	line->broken = false;
	line->replied = false;
	line->spoken = false;
	line->quitting = false;
	line->utf8 = !mail_address_is_ascii(slice_text((const char *)line->letter.data + line->to));
	line->mute = false;
	line->grace_us = 0;
	if (line->curl != NULL && to != NULL) {
		line_setup(line, to);
		code = curl_easy_perform(line->curl);
	}
	curl_slist_free_all(to);
	if (line->passed)
		line->result.stage = MAIL_TEXT;
	if (line->passed && !line->replied)
		line->result.code = 0; /* what came was the leave to send it */
	line->result.outcome = line_judge(line, code);
	line->result.no_utf8 = line->mute;
	if (line->mute) {
		line->result.code = 0; /* nobody was asked */
		line->result.status[0] = 0;
	}
	if (line->result.outcome != MAIL_SENT)
		(void)snprintf(line->result.error, sizeof(line->result.error), "%s",
			curl_easy_strerror(code));
}

static void *line_run(void *context)
{
	struct line *line = context;
	struct mail_office *office = line->office;
	line->curl = curl_easy_init();
	(void)pthread_mutex_lock(&office->lock);
	for (;;) {
		while (line->state != LINE_GIVEN && !office->closing)
			(void)pthread_cond_wait(&line->word, &office->lock);
		if (line->state != LINE_GIVEN)
			break;
		line->state = LINE_TALKING;
		(void)pthread_mutex_unlock(&office->lock);
		line_talk(line);
		(void)pthread_mutex_lock(&office->lock);
		line->state = LINE_DONE;
		(void)pthread_cond_signal(&office->event);
	}
	(void)pthread_mutex_unlock(&office->lock);
	curl_easy_cleanup(line->curl);
	return NULL;
}

/* ---- The owner's side ---- */

static char *office_copy(const char *text)
{
	return text != NULL ? strdup(text) : NULL;
}

static void office_free(struct mail_office *office)
{
	for (uint32_t i = 0; i < office->count; i++) {
		buffer_fini(&office->lines[i].letter);
		(void)pthread_cond_destroy(&office->lines[i].word);
	}
	(void)pthread_cond_destroy(&office->event);
	(void)pthread_mutex_destroy(&office->lock);
	if (office->password != NULL)
		explicit_bzero(office->password, strlen(office->password));
	free(office->password);
	free(office->user);
	free(office->ca_file);
	free(office->url);
	free(office);
}

enum ch_status mail_office_open(const struct mail_options *options, struct mail_office **out_office)
{
	enum ch_status status = CH_NOMEM;
	struct buffer url = {0};
	struct mail_office *office = calloc(1, sizeof(*office));
	if (office == NULL)
		return CH_NOMEM;
	(void)pthread_mutex_init(&office->lock, NULL);
	(void)pthread_cond_init(&office->event, NULL);
	bool literal = strchr(options->host, ':') != NULL; /* an IPv6 address */
	buffer_printf(&url, literal ? "%s://[%s]:%u/" : "%s://%s:%u/",
		options->tls == MAIL_TLS_DIRECT ? "smtps" : "smtp", options->host, options->port);
	/* Behind the slash stands our own name for EHLO. */
	buffer_append_text(&url, options->hello != NULL ? options->hello : "");
	office->url = office_copy(buffer_text(&url));
	office->ca_file = office_copy(options->ca_file);
	office->user = office_copy(options->user);
	office->password = office_copy(options->password != NULL ? options->password : "");
	office->tls = options->tls;
	office->connect_ms = options->connect_ms;
	office->reply_ms = options->reply_ms;
	office->total_ms = options->total_ms;
	if (url.status != CH_OK || office->url == NULL || office->password == NULL)
		goto out;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		goto out;
	while (office->count < options->lines && office->count < MAIL_LINES_MAX) {
		struct line *line = &office->lines[office->count++];
		line->office = office;
		(void)pthread_cond_init(&line->word, NULL);
		status = CH_IO;
		line->runs = pthread_create(&line->thread, NULL, line_run, line) == 0;
		if (!line->runs)
			goto out;
	}
	*out_office = office;
	office = NULL; /* the caller's now */
	status = CH_OK;
out:
	buffer_fini(&url);
	if (office != NULL)
		mail_office_close(office, 0);
	return status;
}

/* One line's news; true when there was any. */
static bool line_tend(struct mail_office *office, struct line *line)
{
	(void)pthread_mutex_lock(&office->lock);
	enum line_state state = line->state;
	(void)pthread_mutex_unlock(&office->lock);
	if (state == LINE_AT_GATE) {
		bool open = line->gate(line->context);
		(void)pthread_mutex_lock(&office->lock);
		line->state = open ? LINE_PASSED : LINE_SHUT;
		(void)pthread_cond_signal(&line->word);
		(void)pthread_mutex_unlock(&office->lock);
	} else if (state == LINE_DONE) {
		struct mail_result result = line->result;
		(void)pthread_mutex_lock(&office->lock);
		line->state = LINE_IDLE;
		(void)pthread_mutex_unlock(&office->lock);
		office->busy--;
		line->done(line->context, &result);
	}
	return state == LINE_AT_GATE || state == LINE_DONE;
}

void mail_office_tend(struct mail_office *office)
{
	for (uint32_t i = 0; i < office->count; i++)
		(void)line_tend(office, &office->lines[i]); /* more comes with the next call */
}

static bool office_has_news(const struct mail_office *office)
{
	for (uint32_t i = 0; i < office->count; i++) {
		if (office->lines[i].state == LINE_AT_GATE || office->lines[i].state == LINE_DONE)
			return true;
	}
	return false;
}

void mail_office_wait(struct mail_office *office, int64_t timeout_ms)
{
	struct timespec until;
	(void)clock_gettime(CLOCK_REALTIME, &until); /* cannot fail */
	until.tv_sec += timeout_ms / 1000;
	until.tv_nsec += timeout_ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	(void)pthread_mutex_lock(&office->lock);
	int result = 0;
	while (!office_has_news(office) && result == 0)
		result = pthread_cond_timedwait(&office->event, &office->lock, &until);
	(void)pthread_mutex_unlock(&office->lock);
}

enum ch_status mail_office_send(struct mail_office *office, const struct mail_letter *letter)
{
	struct line *line = NULL;
	(void)pthread_mutex_lock(&office->lock);
	for (uint32_t i = 0; i < office->count && line == NULL; i++) {
		if (office->lines[i].state == LINE_IDLE)
			line = &office->lines[i];
	}
	(void)pthread_mutex_unlock(&office->lock);
	if (line == NULL)
		return CH_BUSY;
	buffer_clear(&line->letter);
	buffer_append(&line->letter, letter->from, strlen(letter->from) + 1);
	line->to = line->letter.len;
	buffer_append(&line->letter, letter->to, strlen(letter->to) + 1);
	line->text = line->letter.len;
	buffer_append_slice(&line->letter, letter->text);
	if (line->letter.status != CH_OK)
		return CH_NOMEM;
	line->gate = letter->gate;
	line->done = letter->done;
	line->context = letter->context;
	(void)pthread_mutex_lock(&office->lock);
	line->state = LINE_GIVEN;
	(void)pthread_cond_signal(&line->word);
	(void)pthread_mutex_unlock(&office->lock);
	office->busy++;
	return CH_OK;
}

uint32_t mail_office_busy(const struct mail_office *office)
{
	return office->busy;
}

void mail_office_close(struct mail_office *office, int64_t grace_ms)
{
	if (office == NULL)
		return;
	(void)pthread_mutex_lock(&office->lock);
	office->closing = true;
	office->grace_ms = grace_ms;
	for (uint32_t i = 0; i < office->count; i++)
		(void)pthread_cond_signal(&office->lines[i].word);
	(void)pthread_mutex_unlock(&office->lock);
	for (uint32_t i = 0; i < office->count; i++) {
		if (office->lines[i].runs)
			(void)pthread_join(office->lines[i].thread, NULL);
	}
	for (uint32_t i = 0; i < office->count; i++) {
		if (office->lines[i].state == LINE_DONE)
			(void)line_tend(office, &office->lines[i]);
	}
	office_free(office);
}
