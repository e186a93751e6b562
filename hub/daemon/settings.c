#include "daemon/settings.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/address.h"
#include "base/config.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "net/http.h"

#define AT(member) .at = offsetof(struct daemon_settings, member)
#define MINUTE_MS  (60 * INT64_C(1000))
#define DAY_MS     (24 * 60 * MINUTE_MS)

static const struct option_word log_levels[] = {{"error", LOG_ERROR}, {"warning", LOG_WARNING},
	{"info", LOG_INFO}, {"debug", LOG_DEBUG}, {0}};

/* tcp://HOST:PORT, the port `*` for any; the host is judged by who binds it. */
static const char *settings_bus_fault(struct slice value)
{
	struct slice scheme = SLICE_LITERAL("tcp://");
	struct slice rest = slice_sub(value, scheme.len, value.len);
	const uint8_t *colon = rest.len > 0 ? memrchr(rest.data, ':', rest.len) : NULL;
	uint64_t port;
	if (!slice_starts(value, scheme) || colon == NULL || colon == rest.data)
		return "is no address like tcp://127.0.0.1:7710";
	struct slice text = slice_sub(rest, (size_t)(colon - rest.data) + 1, rest.len);
	bool any = text.len == 1 && text.data[0] == '*';
	return any || text_parse_u64(text, 65535, &port) == CH_OK ? NULL
								  : "has a port beyond 0 to 65535";
}

static const char *settings_live_fault(struct slice value)
{
	return value.len == 0 ? NULL : settings_bus_fault(value);
}

static const char *settings_http_fault(struct slice value)
{
	char host[ADDRESS_HOST_MAX];
	int port;
	if (value.len == 0 || address_parse(value, host, &port) == CH_OK)
		return NULL;
	return "is no address like 127.0.0.1:7712";
}

static const struct option options[] = {
	{.name = "hub.data",
		.type = OPTION_TEXT,
		AT(data),
		.initial = "/var/lib/carehub",
		.help = "Folder of the journal and the store."},
	{.name = "hub.log_level",
		.type = OPTION_CHOICE,
		AT(log_level),
		.words = log_levels,
		.initial = "info",
		.help = "Least weight of what is logged."},
	{.name = "bus.listen",
		.type = OPTION_TEXT,
		AT(bus_listen),
		.initial = "tcp://127.0.0.1:7710",
		.fault = settings_bus_fault,
		.help = "Where clients connect."},
	{.name = "bus.connections",
		.type = OPTION_NUMBER,
		AT(bus_connections),
		.min = 1,
		.max = LIMIT_SESSIONS,
		.initial = "1024",
		.help = "Clients connected at once."},
	{.name = "bus.credit",
		.type = OPTION_NUMBER,
		AT(bus_credit),
		.min = 16,
		.max = 65536,
		.initial = "4096",
		.help = "Events that a producer may send ahead of its receipts."},
	{.name = "bus.heartbeat",
		.type = OPTION_MS,
		AT(bus_heartbeat_ms),
		.min = 100,
		.max = 10 * MINUTE_MS,
		.initial = "10s",
		.help = "Silence after which a sign of life is asked for."},
	{.name = "bus.io_threads",
		.type = OPTION_NUMBER,
		AT(bus_io_threads),
		.min = 1,
		.max = 16,
		.initial = "1",
		.help = "Threads of ZeroMQ, which encrypt."},
	{.name = "live.listen",
		.type = OPTION_TEXT,
		AT(live_listen),
		.initial = "tcp://127.0.0.1:7711",
		.fault = settings_live_fault,
		.help = "Where live readers connect who want speed without a promise; empty: nowhere."},
	{.name = "http.listen",
		.type = OPTION_TEXT,
		AT(http_listen),
		.initial = "127.0.0.1:7712",
		.fault = settings_http_fault,
		.help = "Metrics, health and console; empty: nowhere."},
	{.name = "journal.segment",
		.type = OPTION_BYTES,
		AT(segment_bytes),
		.min = 1 << 20,
		.max = INT64_C(1) << 30,
		.initial = "64M",
		.help = "Size of a segment file."},
	{.name = "journal.spares",
		.type = OPTION_NUMBER,
		AT(spare_segments),
		.min = 1,
		.max = 16,
		.initial = "2",
		.help = "Segment files that are written in advance."},
	{.name = "journal.archive_after",
		.type = OPTION_MS,
		AT(archive_after_ms),
		.max = 365 * DAY_MS,
		.initial = "1h",
		.help = "Age at which a full segment is compressed into the archive."},
	{.name = "journal.keep_bytes",
		.type = OPTION_BYTES,
		AT(keep_bytes),
		.max = INT64_MAX,
		.initial = "0",
		.help = "History beyond this size is removed; 0: all is kept."},
	{.name = "journal.keep",
		.type = OPTION_MS,
		AT(keep_ms),
		.max = INT64_MAX,
		.initial = "0",
		.help = "History older than this is removed; 0: all is kept."},
	{.name = "journal.reserve",
		.type = OPTION_BYTES,
		AT(reserve_bytes),
		.max = INT64_MAX,
		.initial = "256M",
		.help = "Free disk space below which new events are refused with retry-after."},
	{.name = "store.freeze_changes",
		.type = OPTION_NUMBER,
		AT(freeze_changes),
		.min = 1000,
		.max = 4000000,
		.initial = "262144",
		.help = "Changed keys that start a checkpoint."},
	{.name = "store.freeze_after",
		.type = OPTION_MS,
		AT(freeze_ms),
		.min = 10,
		.max = MINUTE_MS,
		.initial = "3s",
		.help = "Age of the oldest change that starts one."},
	{.name = "store.map",
		.type = OPTION_BYTES,
		AT(map_bytes),
		.min = 1 << 20,
		.max = INT64_MAX,
		.initial = "1G",
		.help = "First size of LMDB's map; it grows by itself."},
	{.name = "store.cache",
		.type = OPTION_BYTES,
		AT(cache_bytes),
		.min = 2 << 20,
		.max = INT64_C(64) << 30,
		.initial = "256M",
		.help = "Memory for the records looked at or changed last; taken as it fills."},
	{.name = "store.projector",
		.type = OPTION_BOOL,
		AT(projector),
		.initial = "yes",
		.help = "Write checkpoints; `no` is for measurements only."},
	{.name = "clock.jump",
		.type = OPTION_MS,
		AT(jump_ms),
		.min = 1000,
		.max = 365 * DAY_MS,
		.initial = "1d",
		.help = "A jump of the machine's clock beyond this waits for an operator."},
};

#define OPTIONS (sizeof(options) / sizeof(options[0]))

static enum ch_status settings_join(char out[PATH_MAX], const char *a, const char *b, const char *c)
{
	return (size_t)snprintf(out, PATH_MAX, "%s%s%s", a, b, c) < PATH_MAX ? CH_OK : CH_TOO_LARGE;
}

static enum ch_status settings_place(const char *root, struct daemon_settings *settings)
{
	struct settings_paths *paths = &settings->paths;
	enum ch_status status = settings_join(paths->data, root, settings->data, "");
	if (status == CH_OK)
		status = settings_join(paths->journal, paths->data, "/journal", "");
	if (status == CH_OK)
		status = settings_join(paths->store, paths->data, "/store", "");
	if (status == CH_OK)
		status = settings_join(paths->desk, paths->data, "/desk", "");
	if (status == CH_OK)
		status = settings_join(paths->lock, paths->data, "/lock", "");
	return status;
}

enum ch_status daemon_settings_find(const char *root, struct settings_paths *out_paths)
{
	struct settings_paths paths = {0};
	if (root == NULL)
		root = "";
	enum ch_status status = settings_join(paths.config, root, "/etc/carehub", "/carehub.conf");
	if (status == CH_OK)
		status = settings_join(paths.rules, root, "/etc/carehub", "/rules.conf");
	if (status == CH_OK)
		status = settings_join(paths.peers, root, "/etc/carehub", "/peers.d");
	if (status == CH_OK)
		status = settings_join(paths.secret, root, "/etc/carehub", "/hub.secret");
	if (status == CH_OK)
		*out_paths = paths;
	return status;
}

enum ch_status daemon_settings_read(
	const char *root, struct problems *problems, struct daemon_settings *out_settings)
{
	struct daemon_settings settings = {0};
	struct option_group group = {options, OPTIONS, &settings};
	struct settings_paths paths;
	if (root == NULL)
		root = "";
	enum ch_status status = daemon_settings_find(root, &paths);
	/* Only a file that is not there is all defaults: one behind a closed folder is a mistake. */
	if (status == CH_OK)
		status = access(paths.config, F_OK) != 0 && errno == ENOENT
				 ? config_parse((struct slice){NULL, 0}, paths.config, &group, 1,
					   problems)
				 : config_read(paths.config, &group, 1, problems);
	settings.paths = paths;
	if (status == CH_OK)
		status = settings_place(root, &settings);
	if (status != CH_OK) {
		option_free(&group);
		return status;
	}
	*out_settings = settings;
	return CH_OK;
}

void daemon_settings_free(struct daemon_settings *settings)
{
	struct option_group group = {options, OPTIONS, settings};
	option_free(&group);
}

void daemon_settings_describe(struct buffer *out)
{
	struct daemon_settings settings = {0};
	struct option_group group = {options, OPTIONS, &settings};
	option_describe(&group, out);
}
