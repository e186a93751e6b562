#include "channel/callcenter/post.h"

#include <curl/curl.h>
#include <stdlib.h>

#include "base/invariant.h"
#include "base/limits.h"
#include "base/log.h"

struct parcel {
	struct parcel *next;
	struct parcel **at;
	CURL *easy;
	char body[];
};

struct watch {
	uv_poll_t poll;
	struct post *post;
	curl_socket_t socket;
};

struct post {
	uv_loop_t *loop;
	struct post_options options;
	CURLM *multi;
	struct curl_slist *headers;
	uv_timer_t timer;
	struct parcel *parcels;
	size_t under_way;
	struct post_counts counts;
	bool closing;
	bool complained;
};

/* ---- What libcurl asks of the loop ---- */

static void post_reap(struct post *post);

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct watch *watch = poll->data;
	struct post *post = watch->post;
	int running;
	int flags = (events & UV_READABLE ? CURL_CSELECT_IN : 0) |
		    (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0) |
		    (status < 0 ? CURL_CSELECT_ERR : 0);
	/* What failed is told with its transfer. */
	(void)curl_multi_socket_action(post->multi, watch->socket, flags, &running);
	post_reap(post);
}

static void on_watch_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static int on_socket(CURL *easy, curl_socket_t socket, int what, void *context, void *own)
{
	struct post *post = context;
	struct watch *watch = own;
	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (watch != NULL) {
			(void)curl_multi_assign(post->multi, socket, NULL); /* it is known */
			uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
		}
		return 0;
	}
	if (watch == NULL) {
		watch = calloc(1, sizeof(*watch));
		if (watch == NULL)
			return -1;
		if (uv_poll_init_socket(post->loop, &watch->poll, socket) != 0) {
			free(watch);
			return -1;
		}
		watch->post = post;
		watch->socket = socket;
		watch->poll.data = watch;
		(void)curl_multi_assign(post->multi, socket, watch); /* it is known */
	}
	int events =
		(what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
	return uv_poll_start(&watch->poll, events, on_ready) == 0 ? 0 : -1;
}

static void on_timer(uv_timer_t *timer)
{
	struct post *post = timer->data;
	int running;
	if (post->closing)
		return;
	(void)curl_multi_socket_action(
		post->multi, CURL_SOCKET_TIMEOUT, 0, &running); /* as above */
	post_reap(post);
}

static int on_timeout(CURLM *multi, long timeout_ms, void *context)
{
	struct post *post = context;
	(void)multi;
	if (post->closing)
		return 0;
	if (timeout_ms < 0)
		(void)uv_timer_stop(&post->timer); /* cannot fail */
	else
		(void)uv_timer_start(
			&post->timer, on_timer, (uint64_t)timeout_ms, 0); /* nor can this */
	return 0;
}

/* ---- Parcels ---- */

static void parcel_free(struct post *post, struct parcel *parcel)
{
	*parcel->at = parcel->next;
	if (parcel->next != NULL)
		parcel->next->at = parcel->at;
	(void)curl_multi_remove_handle(post->multi, parcel->easy); /* it is in it */
	curl_easy_cleanup(parcel->easy);
	free(parcel);
	post->under_way--;
}

static void post_tell(struct post *post, CURLcode code, long answer)
{
	bool good = code == CURLE_OK && answer >= 200 && answer <= 299;
	post->counts.sent += good;
	post->counts.failed += !good;
	if (!good && !post->complained)
		log_warning(
			"pop.post", "status=%ld detail=\"%s\"", answer, curl_easy_strerror(code));
	else if (good && post->complained)
		log_info("pop.post", "status=%ld", answer);
	post->complained = !good; /* one line for a time of trouble, not for each call */
}

static void post_reap(struct post *post)
{
	CURLMsg *message;
	int left;
	while ((message = curl_multi_info_read(post->multi, &left)) != NULL) {
		struct parcel *parcel = NULL;
		long answer = 0;
		if (message->msg != CURLMSG_DONE)
			continue;
		CURLcode code = message->data.result;
		CURL *easy = message->easy_handle;
		(void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&parcel); /* was set */
		(void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer);
		post_tell(post, code, answer);
		parcel_free(post, parcel);
	}
}

/* What the other side answers is of no interest. */
static size_t on_answer(char *bytes, size_t size, size_t count, void *context)
{
	(void)bytes;
	(void)context;
	return size * count;
}

static bool parcel_prepare(struct post *post, struct parcel *parcel, size_t len)
{
	CURL *easy = parcel->easy;
	const char *body = parcel->body;
	return curl_easy_setopt(easy, CURLOPT_URL, post->options.url) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_HTTPHEADER, post->headers) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)post->options.timeout_ms) ==
		       CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_answer) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_PRIVATE, parcel) == CURLE_OK;
}

void post_send(struct post *post, struct slice body)
{
	struct parcel *parcel = NULL;
	if (post->under_way < LIMIT_POPS && !post->closing)
		parcel = malloc(sizeof(*parcel) + body.len);
	if (parcel == NULL) {
		post->counts.dropped++;
		return;
	}
	memcpy(parcel->body, body.data, body.len);
	parcel->next = post->parcels;
	parcel->at = &post->parcels;
	if (parcel->next != NULL)
		parcel->next->at = &parcel->next;
	post->parcels = parcel;
	post->under_way++;
	parcel->easy = curl_easy_init();
	if (parcel->easy != NULL && parcel_prepare(post, parcel, body.len) &&
		curl_multi_add_handle(post->multi, parcel->easy) == CURLM_OK)
		return;
	post->counts.dropped++;
	parcel_free(post, parcel);
}

/* ---- Life ---- */

enum ch_status post_open(
	uv_loop_t *loop, const struct post_options *options, struct post **out_post)
{
	struct buffer header = {0};
	struct post *post = calloc(1, sizeof(*post));
	if (post == NULL)
		return CH_NOMEM;
	post->loop = loop;
	post->options = *options;
	post->multi = curl_multi_init();
	post->headers = curl_slist_append(NULL, "Content-Type: application/json");
	if (options->token.len > 0) {
		buffer_append_text(&header, "Authorization: Bearer ");
		buffer_append_slice(&header, options->token);
		post->headers = curl_slist_append(post->headers, buffer_text(&header));
		buffer_fini(&header);
	}
	bool ready =
		post->multi != NULL && post->headers != NULL &&
		curl_multi_setopt(post->multi, CURLMOPT_SOCKETFUNCTION, on_socket) == CURLM_OK &&
		curl_multi_setopt(post->multi, CURLMOPT_SOCKETDATA, post) == CURLM_OK &&
		curl_multi_setopt(post->multi, CURLMOPT_TIMERFUNCTION, on_timeout) == CURLM_OK &&
		curl_multi_setopt(post->multi, CURLMOPT_TIMERDATA, post) == CURLM_OK &&
		curl_multi_setopt(post->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, 16L) == CURLM_OK &&
		uv_timer_init(loop, &post->timer) == 0;
	if (!ready) {
		curl_slist_free_all(post->headers);
		(void)curl_multi_cleanup(post->multi); /* nothing is in it */
		free(post);
		return CH_NOMEM;
	}
	post->timer.data = post;
	*out_post = post;
	return CH_OK;
}

void post_look(const struct post *post, struct post_counts *out_counts)
{
	*out_counts = post->counts;
}

void post_close(struct post *post)
{
	if (post == NULL || post->closing)
		return;
	while (post->parcels != NULL)
		parcel_free(post, post->parcels);
	post->closing = true;
	(void)curl_multi_cleanup(post->multi); /* closes its sockets, and the watches with them */
	curl_slist_free_all(post->headers);
	uv_close((uv_handle_t *)&post->timer, NULL);
}

void post_free(struct post *post)
{
	if (post == NULL)
		return;
	invariant(post->closing);
	free(post);
}
