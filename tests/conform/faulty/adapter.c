/* An adapter without the kit, over libcarehub alone, that can be told to break one promise: so the
 * conformance kit is seen to fail, each time in the row that is meant for it.
 *
 *     faulty FAULT run|check|translate CONFIG|FILE        FAULT: "none", or one of the list below
 *     faulty FAULT sample
 *
 * Its source is a file that grows: lines of an id, a tab and a text.  How far it is done stands in
 * `position`, and moves when everything before has a receipt. */
#include <carehub/carehub.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/config.h"
#include "base/file.h"
#include "base/text.h"
#include "overrun.h"

#define UNDER_WAY    4096u
#define SOURCE_BYTES (16u << 20)

enum fault {
	NONE,
	EARLY,           /* lets go before the receipt */
	RANDOM_IDS,      /* another id each time it reads a record */
	NEW_CONTENT,     /* the same id, another content */
	DIES_ON_GARBAGE, /* ends at the first line that it cannot read */
	MUTE,            /* tells nobody of garbage and refusals */
	NO_FIELD,        /* tells of a refusal without the field */
	INSISTS,         /* publishes again what was refused */
	NO_WAIT,         /* ends when there is no hub at the start */
	GIVES_UP,        /* ends when the connection is lost */
	IMPATIENT,       /* publishes again what has no answer soon */
	FORGETS,         /* takes "later" for an answer */
	HASTY,           /* publishes at once what was put off */
	DEAF,            /* does not hear SIGTERM */
	ABANDONS,        /* lets go of everything at SIGTERM */
	ONE_MISTAKE,     /* check stops at the first */
	LEAVES_TRACES,   /* check makes a file */
	STALE_SAMPLE,    /* the sample holds a value that check refuses */
	OTHER_IDS,       /* translate does not know the ids of run */
	TELLS_KEY,       /* logs its key */
	TELLS_DATA,      /* logs the records */
	NO_METRICS,
	CLINGS,   /* never looks for its source again */
	REREADS,  /* begins at the start, whatever was done before */
	HANGS_UP, /* ends at SIGHUP, though its description says that it reads its settings anew */
	OVERRUNS, /* knows no window: overrun.h */
};

static const char *const fault_names[] = {"none", "early", "random-ids", "new-content",
	"dies-on-garbage", "mute", "no-field", "insists", "no-wait", "gives-up", "impatient",
	"forgets", "hasty", "deaf", "abandons", "one-mistake", "leaves-traces", "stale-sample",
	"other-ids", "tells-key", "tells-data", "no-metrics", "clings", "rereads", "hangs-up",
	"overruns"};

struct settings {
	char *endpoint;
	char *server_key;
	char *key_file;
	char *source;
	char *metrics;
	int64_t pause_ms;
};

#define AT(member) .at = offsetof(struct settings, member)

static const struct option options[] = {
	{.name = "hub.endpoint", .type = OPTION_TEXT, AT(endpoint), .required = true, .help = ""},
	{.name = "hub.server_key",
		.type = OPTION_TEXT,
		AT(server_key),
		.required = true,
		.help = ""},
	{.name = "hub.key_file", .type = OPTION_TEXT, AT(key_file), .required = true, .help = ""},
	{.name = "source.path", .type = OPTION_TEXT, AT(source), .required = true, .help = ""},
	{.name = "adapter.metrics", .type = OPTION_TEXT, AT(metrics), .help = ""},
	{.name = "adapter.pause",
		.type = OPTION_MS,
		AT(pause_ms),
		.min = 1,
		.max = 1000,
		.initial = "5ms",
		.help = ""},
};

/* One line under way. */
struct record {
	char id[64];
	char text[128];
	uint64_t end; /* in the source */
	bool done;
};

struct adapter {
	enum fault fault;
	struct settings settings;
	struct ch_connection *connection;
	struct ch_event *event;
	struct buffer source;
	uint64_t read; /* of the source */

	pthread_mutex_t lock; /* for what receipts change */
	struct record records[UNDER_WAY];
	uint64_t first; /* under way: first to next */
	uint64_t next;
	uint64_t answered;
	uint64_t again[UNDER_WAY]; /* records to be published once more */
	uint32_t again_count;
	bool lost;
};

static volatile sig_atomic_t stopped;

static void stop(int number)
{
	(void)number;
	stopped = 1;
}

static void pause_ms(int64_t ms)
{
	const struct timespec time = {.tv_nsec = (long)ms * 1000000};
	(void)nanosleep(&time, NULL);
}

static void tell(const struct adapter *adapter, const char *what, const char *why)
{
	if (adapter->fault != MUTE)
		fprintf(stderr, "faulty: %s: %s\n", what, why);
}

/* ---- Receipts ---- */

static bool publish(struct adapter *adapter, uint64_t number);

static void publish_later(struct adapter *adapter, uint64_t number)
{
	if (adapter->again_count < UNDER_WAY)
		adapter->again[adapter->again_count++] = number;
}

struct errand {
	struct adapter *adapter;
	uint64_t number;
};

static void land(void *context, enum ch_status status, const struct ch_receipt *receipt)
{
	struct errand errand = *(struct errand *)context;
	struct adapter *adapter = errand.adapter;
	struct record *record = &adapter->records[errand.number % UNDER_WAY];
	free(context);
	if (status == CH_CLOSED || receipt == NULL)
		return; /* it comes again, in another life */
	(void)pthread_mutex_lock(&adapter->lock);
	bool refused =
		receipt->outcome == CH_OUTCOME_REFUSED || receipt->outcome == CH_OUTCOME_CONFLICT;
	if (refused) {
		char why[512];
		(void)snprintf(why, sizeof(why), "%s %s", ch_status_name(status),
			adapter->fault == NO_FIELD ? "" : receipt->field);
		tell(adapter, record->id, why);
	}
	if (receipt->outcome == CH_OUTCOME_RETRY_AFTER && adapter->fault == HASTY)
		publish_later(adapter, errand.number);
	else if (refused && adapter->fault == INSISTS)
		publish_later(adapter, errand.number);
	else if (!record->done)
		record->done = true, adapter->answered++;
	(void)pthread_mutex_unlock(&adapter->lock);
}

static void hear(void *context, struct ch_connection *connection, enum ch_state state,
	enum ch_status why, const char *detail)
{
	struct adapter *adapter = context;
	(void)connection;
	(void)why;
	(void)detail;
	if (state == CH_LOST)
		adapter->lost = true;
}

/* ---- Records ---- */

static bool publish(struct adapter *adapter, uint64_t number)
{
	const struct record *record = &adapter->records[number % UNDER_WAY];
	struct errand *errand = malloc(sizeof(*errand));
	struct ch_event *event = adapter->event;
	char text[160];
	if (errand == NULL)
		return false;
	*errand = (struct errand){adapter, number};
	/* Protobuf's field 100 as text: the personal part. */
	int len = snprintf(
		text, sizeof(text), "\xa2\x06%c%s", (int)strlen(record->text), record->text);
	ch_event_clear(event);
	ch_event_set_text(event, CH_ID, record->id);
	ch_event_set_text(event, CH_SOURCE, "/faulty");
	ch_event_set_text(event, CH_TYPE, "website.order.cancelled");
	ch_event_set(event, CH_DATA, ch_bytes_of("\x0a\x01\x31", 3));
	ch_event_set(event, CH_PERSONAL, ch_bytes_of(text, (size_t)len));
	if (adapter->fault == NEW_CONTENT) {
		struct timespec now;
		(void)clock_gettime(CLOCK_REALTIME, &now);
		ch_event_set_time(event, now.tv_sec * 1000000 + now.tv_nsec / 1000, 0);
	}
	if (ch_publish_async(adapter->connection, event, 0, land, errand) == CH_OK)
		return true;
	free(errand);
	return false;
}

/* False: it is no record. */
static bool parse(const struct adapter *adapter, struct slice line, struct record *out_record)
{
	struct slice rest = line;
	struct slice id;
	struct record record = {.done = false};
	if (memchr(line.data, '\t', line.len) == NULL || !text_split(&rest, '\t', &id) ||
		id.len == 0 || id.len > 20 || rest.len > 100)
		return false;
	(void)snprintf(record.id, sizeof(record.id), "%.*s", (int)id.len, (const char *)id.data);
	if (adapter->fault == RANDOM_IDS)
		(void)snprintf(record.id, sizeof(record.id), "%.*s-%d-%ld", (int)id.len,
			(const char *)id.data, (int)getpid(), random());
	(void)snprintf(
		record.text, sizeof(record.text), "%.*s", (int)rest.len, (const char *)rest.data);
	*out_record = record;
	return true;
}

/* ---- Position ---- */

static const char *position_path(const struct adapter *adapter)
{
	static char path[4096];
	(void)snprintf(path, sizeof(path), "%s.position", adapter->settings.source);
	return path;
}

static uint64_t position_read(const struct adapter *adapter)
{
	struct buffer text = {0};
	uint64_t position = 0;
	if (file_read_all(position_path(adapter), 64, &text) == CH_OK)
		(void)text_parse_u64(buffer_slice(&text), UINT64_MAX, &position);
	buffer_fini(&text);
	return position;
}

static void position_write(const struct adapter *adapter, uint64_t position)
{
	struct buffer text = {0};
	buffer_printf(&text, "%llu", (unsigned long long)position);
	(void)file_replace(position_path(adapter), buffer_slice(&text), 0600);
	buffer_fini(&text);
}

/* ---- Rounds ---- */

static void settle(struct adapter *adapter)
{
	uint64_t position = 0;
	(void)pthread_mutex_lock(&adapter->lock);
	for (; adapter->first < adapter->next && adapter->records[adapter->first % UNDER_WAY].done;
		adapter->first++)
		position = adapter->records[adapter->first % UNDER_WAY].end;
	(void)pthread_mutex_unlock(&adapter->lock);
	if (position > 0 && adapter->fault != EARLY)
		position_write(adapter, position);
}

static void publish_again(struct adapter *adapter)
{
	(void)pthread_mutex_lock(&adapter->lock);
	uint32_t count = adapter->again_count;
	adapter->again_count = 0;
	uint64_t again[UNDER_WAY];
	memcpy(again, adapter->again, count * sizeof(again[0]));
	(void)pthread_mutex_unlock(&adapter->lock);
	for (uint32_t i = 0; i < count; i++)
		(void)publish(adapter, again[i]);
	if (adapter->fault == IMPATIENT && adapter->first < adapter->next)
		(void)publish(adapter, adapter->first);
}

/* False: it cannot go on. */
static bool take_line(struct adapter *adapter, struct slice line, uint64_t end)
{
	struct record *record = &adapter->records[adapter->next % UNDER_WAY];
	if (adapter->fault == TELLS_DATA)
		fprintf(stderr, "faulty: %.*s\n", (int)line.len, (const char *)line.data);
	bool good = parse(adapter, line, record);
	if (!good)
		tell(adapter, "garbage", "a line without a tab");
	if (!good && adapter->fault == DIES_ON_GARBAGE)
		return false;
	record->end = end;
	record->done = !good;
	adapter->next++;
	if (good && !publish(adapter, adapter->next - 1))
		adapter->next--; /* no room: the line comes again */
	else
		adapter->read = end;
	if (adapter->fault == EARLY)
		position_write(adapter, adapter->read);
	return true;
}

static bool read_source(struct adapter *adapter)
{
	bool good = true;
	buffer_clear(&adapter->source);
	if (file_read_all(adapter->settings.source, SOURCE_BYTES, &adapter->source) != CH_OK) {
		if (adapter->fault == CLINGS)
			adapter->settings.source[0] = '?';
		return true; /* it is away for now */
	}
	while (good && adapter->next - adapter->first < UNDER_WAY - 1) {
		struct slice rest =
			slice_sub(buffer_slice(&adapter->source), adapter->read, SIZE_MAX);
		const uint8_t *end = rest.len > 0 ? memchr(rest.data, '\n', rest.len) : NULL;
		uint64_t before = adapter->read;
		if (end == NULL)
			break;
		size_t len = (size_t)(end - rest.data);
		good = take_line(adapter, slice_of(rest.data, len), adapter->read + len + 1);
		if (adapter->read == before)
			break;
	}
	return good;
}

static void write_metrics(const struct adapter *adapter)
{
	struct buffer text = {0};
	if (adapter->settings.metrics == NULL || adapter->fault == NO_METRICS)
		return;
	buffer_printf(&text,
		"# TYPE carehub_adapter_events counter\n"
		"carehub_adapter_events_total{adapter=\"faulty\",outcome=\"answered\"} %llu\n"
		"# EOF\n",
		(unsigned long long)adapter->answered);
	(void)file_replace(adapter->settings.metrics, buffer_slice(&text), 0644);
	buffer_fini(&text);
}

static int run_rounds(struct adapter *adapter)
{
	for (uint64_t round = 0; !stopped; round++) {
		if (!read_source(adapter) || (adapter->lost && adapter->fault == GIVES_UP))
			return 2;
		settle(adapter);
		publish_again(adapter);
		if (round % 40 == 0)
			write_metrics(adapter);
		pause_ms(adapter->settings.pause_ms);
	}
	return 0;
}

static int run(struct adapter *adapter)
{
	int result = 2;
	(void)signal(SIGTERM, adapter->fault == DEAF ? SIG_IGN : stop);
	if (adapter->fault != HANGS_UP)
		(void)signal(SIGHUP, SIG_IGN); /* its settings are always as they were */
	if (adapter->fault == OVERRUNS)
		return overrun_run(
			&(struct overrun){adapter->settings.endpoint, adapter->settings.server_key,
				adapter->settings.key_file, adapter->settings.source},
			&stopped);
	struct ch_options *to = ch_options_create();
	(void)pthread_mutex_init(&adapter->lock, NULL);
	adapter->event = ch_event_create();
	adapter->read = adapter->fault != REREADS ? position_read(adapter) : 0;
	enum ch_status status = ch_options_set_endpoint(to, adapter->settings.endpoint);
	if (status == CH_OK)
		status = ch_options_set_server_key(to, adapter->settings.server_key);
	if (status == CH_OK)
		status = ch_options_set_key_file(to, adapter->settings.key_file);
	ch_options_set_lazy(to, adapter->fault != NO_WAIT);
	ch_options_set_retry(to, adapter->fault != FORGETS && adapter->fault != HASTY);
	ch_options_set_reconnect(to, 10, 200);
	ch_options_set_state_callback(to, hear, adapter);
	if (status == CH_OK)
		status = ch_connect(to, &adapter->connection);
	if (adapter->fault == TELLS_KEY) {
		struct buffer key = {0};
		(void)file_read_all(adapter->settings.key_file, 4096, &key);
		fprintf(stderr, "faulty: with the key %s", buffer_text(&key));
		buffer_fini(&key);
	}
	if (status == CH_OK)
		result = run_rounds(adapter);
	else
		fprintf(stderr, "faulty: %s\n", ch_status_text(status));
	ch_close(adapter->connection);
	settle(adapter);
	if (adapter->fault == ABANDONS)
		position_write(adapter, adapter->source.len);
	ch_event_free(adapter->event);
	ch_options_free(to);
	buffer_fini(&adapter->source);
	(void)pthread_mutex_destroy(&adapter->lock);
	return result;
}

/* ---- The other commands ---- */

static int report(const struct problems *problems, bool first_only)
{
	struct buffer text = {0};
	problems_print(problems, &text);
	if (first_only)
		printf("%.*s\n", (int)strcspn(buffer_text(&text), "\n"), buffer_text(&text));
	else
		(void)fputs(buffer_text(&text), stdout);
	buffer_fini(&text);
	return 2;
}

static int translate(const struct adapter *adapter, const char *path)
{
	struct buffer text = {0};
	struct slice line;
	struct record record;
	if (file_read_all(path, SOURCE_BYTES, &text) != CH_OK)
		return 2;
	struct slice rest = buffer_slice(&text);
	while (text_split(&rest, '\n', &line)) {
		if (parse(adapter, line, &record))
			printf("{\"source\":\"/faulty\",\"id\":\"%s%s\"}\n",
				adapter->fault == OTHER_IDS ? "x" : "", record.id);
	}
	buffer_fini(&text);
	return 0;
}

static int leave_trace(void)
{
	return file_replace("trace", SLICE_LITERAL("here"), 0600) == CH_OK ? 0 : 2;
}

int main(int argc, char **argv)
{
	static struct adapter adapter; /* large */
	struct problems problems = {0};
	struct option_group group = {
		options, sizeof(options) / sizeof(options[0]), &adapter.settings};
	int result = 64;
	while (argc >= 3 && adapter.fault <= OVERRUNS &&
		strcmp(argv[1], fault_names[adapter.fault]) != 0)
		adapter.fault++;
	if (argc < 3 || adapter.fault > OVERRUNS)
		return result;
	if (strcmp(argv[2], "sample") == 0) {
		puts(adapter.fault == STALE_SAMPLE ? "[adapter]\n#pause = 5h"
						   : "[adapter]\n#pause = 5ms");
		return 0;
	}
	if (argc != 4)
		return result;
	if (strcmp(argv[2], "translate") == 0)
		return translate(&adapter, argv[3]);
	enum ch_status status = config_read(argv[3], &group, 1, &problems);
	if (status != CH_OK)
		result = report(&problems, adapter.fault == ONE_MISTAKE);
	else if (strcmp(argv[2], "check") == 0)
		result = adapter.fault == LEAVES_TRACES ? leave_trace() : 0;
	else if (strcmp(argv[2], "run") == 0)
		result = run(&adapter);
	option_free(&group);
	problems_fini(&problems);
	return result;
}
