/* carehub.conf as an administrator could not have written it: it is taken with every value within its bounds, or
 * every mistake has a line of its own.  What is told of a setting can be read back. */
#include <sys/stat.h>

#include "base/limits.h"
#include "base/log.h"
#include "daemon/settings.h"
#include "folder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void fuzz_make_folders(void)
{
	char path[128];
	(void)snprintf(path, sizeof(path), "%s/etc", folder());
	invariant(mkdir(path, 0700) == 0);
	(void)snprintf(path, sizeof(path), "%s/etc/carehub", folder());
	invariant(mkdir(path, 0700) == 0);
}

static void fuzz_bounds(const struct daemon_settings *settings)
{
	invariant(settings->bus_connections >= 1 && settings->bus_connections <= LIMIT_SESSIONS);
	invariant(settings->bus_credit >= 16 && settings->bus_credit <= 65536);
	invariant(settings->bus_heartbeat_ms >= 100 && settings->bus_io_threads >= 1);
	invariant(settings->log_level >= LOG_ERROR && settings->log_level <= LOG_DEBUG);
	invariant(settings->bus_listen != NULL && settings->live_listen != NULL &&
		  settings->http_listen != NULL);
	invariant(strncmp(settings->bus_listen, "tcp://", 6) == 0);
	invariant(strncmp(settings->paths.journal, folder(), strlen(folder())) == 0);
}

/* The file that documents them, as it is, is a file of settings. */
static void fuzz_described(void)
{
	struct problems problems = {0};
	struct daemon_settings settings;
	struct buffer text = {0};
	daemon_settings_describe(&text);
	(void)folder_write("etc/carehub/carehub.conf", buffer_slice(&text), 0600);
	invariant(daemon_settings_read(folder(), &problems, &settings) == CH_OK);
	fuzz_bounds(&settings);
	daemon_settings_free(&settings);
	buffer_fini(&text);
	problems_fini(&problems);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static bool begun;
	struct problems problems = {0};
	struct daemon_settings settings;
	struct buffer lines = {0};
	if (!begun) {
		fuzz_make_folders();
		fuzz_described();
	}
	begun = true;
	const char *path = folder_write("etc/carehub/carehub.conf", slice_of(data, len), 0600);
	if (len == 0)
		invariant(unlink(path) == 0); /* all defaults */
	enum ch_status status = daemon_settings_read(folder(), &problems, &settings);
	invariant((status == CH_OK) == problems_none(&problems));
	invariant(status == CH_OK || status == CH_INVALID);
	problems_print(&problems, &lines);
	invariant((lines.len == 0) == (status == CH_OK));
	if (status == CH_OK) {
		fuzz_bounds(&settings);
		daemon_settings_free(&settings);
	}
	buffer_fini(&lines);
	problems_fini(&problems);
	return 0;
}
