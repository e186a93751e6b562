#include "console/health.h"

#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/invariant.h"
#include "base/text.h"

#define HEALTH_CONDITIONS_MAX 32
#define HEALTH_WORDS_BYTES    201

struct condition {
	const char *name;
	bool ready;
	char words[HEALTH_WORDS_BYTES]; /* why not; when it is, a note */
};

struct health {
	pthread_mutex_t lock;
	struct condition conditions[HEALTH_CONDITIONS_MAX];
	size_t count;
};

struct health *health_create(void)
{
	struct health *health = calloc(1, sizeof(*health));
	if (health != NULL)
		invariant(pthread_mutex_init(&health->lock, NULL) == 0);
	return health;
}

void health_free(struct health *health)
{
	if (health == NULL)
		return;
	(void)pthread_mutex_destroy(&health->lock);
	free(health);
}

void health_expect(struct health *health, const char *name)
{
	(void)pthread_mutex_lock(&health->lock);
	invariant(health->count < HEALTH_CONDITIONS_MAX);
	health->conditions[health->count++] = (struct condition){name, false, "starting"};
	(void)pthread_mutex_unlock(&health->lock);
}

static struct condition *health_find(struct health *health, const char *name)
{
	for (size_t i = 0; i < health->count; i++) {
		if (strcmp(health->conditions[i].name, name) == 0)
			return &health->conditions[i];
	}
	return NULL;
}

static void health_put(struct health *health, const char *name, bool ready, const char *words)
{
	(void)pthread_mutex_lock(&health->lock);
	struct condition *condition = health_find(health, name);
	invariant(condition != NULL);
	condition->ready = ready;
	(void)snprintf(condition->words, sizeof(condition->words), "%s",
		words != NULL ? words : ""); /* cut, as promised */
	/* Not within a character: JSON has no room for half of one. */
	while (!text_is_utf8(slice_text(condition->words)))
		condition->words[strlen(condition->words) - 1] = 0;
	(void)pthread_mutex_unlock(&health->lock);
}

void health_set(struct health *health, const char *name, const char *reason)
{
	health_put(health, name, reason == NULL, reason);
}

void health_note(struct health *health, const char *name, const char *note)
{
	health_put(health, name, true, note);
}

static bool health_ready_locked(const struct health *health)
{
	bool ready = true;
	for (size_t i = 0; i < health->count; i++)
		ready = ready && health->conditions[i].ready;
	return ready;
}

bool health_ready(struct health *health)
{
	(void)pthread_mutex_lock(&health->lock);
	bool ready = health_ready_locked(health);
	(void)pthread_mutex_unlock(&health->lock);
	return ready;
}

/* ---- Pages ---- */

static json_t *health_describe(const struct condition *condition)
{
	json_t *json = json_object();
	/* jansson's set functions take over the value, and a failure at any point shows in the dump. */
	(void)json_object_set_new(json, "name", json_string(condition->name));
	(void)json_object_set_new(json, "ready", json_boolean(condition->ready));
	if (condition->words[0] != 0)
		(void)json_object_set_new(
			json, condition->ready ? "note" : "reason", json_string(condition->words));
	return json;
}

static void health_answer(struct http_answer *answer, json_t *json, bool good)
{
	char *text = json_dumps(json, JSON_COMPACT);
	answer->type = "application/json";
	answer->status = good ? 200 : 503;
	if (text != NULL) {
		buffer_append_text(&answer->body, text);
		buffer_append_text(&answer->body, "\n");
	}
	free(text);
	json_decref(json);
}

static void health_serve_live(
	void *context, const struct http_request *request, struct http_answer *answer)
{
	json_t *json = json_object();
	(void)context;
	(void)request;
	(void)json_object_set_new(json, "status", json_string("live"));
	health_answer(answer, json, true);
}

static void health_serve_ready(
	void *context, const struct http_request *request, struct http_answer *answer)
{
	struct health *health = context;
	json_t *json = json_object();
	json_t *conditions = json_array();
	(void)request;
	(void)pthread_mutex_lock(&health->lock);
	bool ready = health_ready_locked(health);
	for (size_t i = 0; i < health->count; i++)
		(void)json_array_append_new(conditions, health_describe(&health->conditions[i]));
	(void)pthread_mutex_unlock(&health->lock);
	(void)json_object_set_new(json, "status", json_string(ready ? "ready" : "not_ready"));
	(void)json_object_set_new(json, "conditions", conditions);
	health_answer(answer, json, ready);
}

void health_serve(struct health *health, struct http *http)
{
	http_route(http, "/healthz", health_serve_live, health);
	http_route(http, "/readyz", health_serve_ready, health);
}
