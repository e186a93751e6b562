#include "bench/hub/house.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "base/clock.h"
#include "base/file.h"
#include "bench/load/complaint.h"

/* A hub with ten million known ids reads them at its start; one whose store is gone folds them. */
#define START_US   INT64_C(600000000)
#define STOP_US    INT64_C(120000000)
#define LOG_BYTES  (1u << 20)
#define LOG_NAME   "/carehubd.log"
#define NAME_BYTES 64

static enum ch_status fail(const char *what)
{
	complaint("hub", "%s: %s", what, strerror(errno));
	return CH_IO;
}

/* ---- The folder ---- */

static void path_of(const struct house *house, const char *name, char path[HOUSE_PATH + NAME_BYTES])
{
	(void)snprintf(
		path, HOUSE_PATH + NAME_BYTES, "%s%s", house->root, name); /* room for both */
}

static enum ch_status write_text(
	const struct house *house, const char *name, const char *text, unsigned mode)
{
	char path[HOUSE_PATH + NAME_BYTES];
	path_of(house, name, path);
	return file_replace(path, slice_text(text), mode);
}

static enum ch_status read_key(const struct house *house, const char *name, char key[HOUSE_KEY])
{
	char path[HOUSE_PATH + NAME_BYTES];
	struct buffer text = {0};
	path_of(house, name, path);
	enum ch_status status = file_read_all(path, 4096, &text);
	if (status == CH_OK && text.len >= HOUSE_KEY - 1) {
		memcpy(key, text.data, HOUSE_KEY - 1);
		key[HOUSE_KEY - 1] = 0;
	} else if (status == CH_OK) {
		status = CH_FORMAT;
	}
	buffer_fini(&text);
	return status;
}

static enum ch_status make_keys(
	struct house *house, const char *public_name, const char *secret_name)
{
	char public_key[HOUSE_KEY];
	char secret_key[HOUSE_KEY];
	if (zmq_curve_keypair(public_key, secret_key) != 0)
		return CH_INTERNAL;
	enum ch_status status = write_text(house, public_name, public_key, 0600);
	return status == CH_OK ? write_text(house, secret_name, secret_key, 0600) : status;
}

static enum ch_status make_root(struct house *house)
{
	char path[HOUSE_PATH + NAME_BYTES];
	char text[512];
	path_of(house, "/etc/carehub/peers.d/till.conf", path);
	if (access(path, F_OK) == 0)
		return CH_OK;
	path_of(house, "/etc/carehub/peers.d", path);
	enum ch_status status = file_make_dirs(path, 0700);
	if (status == CH_OK)
		status = make_keys(house, "/hub.public", "/etc/carehub/hub.secret");
	if (status == CH_OK)
		status = make_keys(house, "/till.public", "/till.secret");
	if (status == CH_OK)
		status = read_key(house, "/till.public", house->public_key);
	(void)snprintf(text, sizeof(text),
		"public_key = %s\nroles = producer, consumer, operator\nsources = urn:till:*\n"
		"types = pos.>, callcenter.>\ntopics = >\nregion = CN\nassurance = verified\nwindow = 4096\n",
		house->public_key);
	/* Last: whoever finds it finds all. */
	return status == CH_OK ? write_text(house, "/etc/carehub/peers.d/till.conf", text, 0600)
			       : status;
}

/* Ours, unless options->settings says otherwise.  Only the bus listens, and nothing is archived during
 * a run unless that is what is measured. */
static const char *const settings[] = {"bus.listen=tcp://127.0.0.1:*", "bus.credit=4096",
	"live.listen=", "http.listen=", "journal.archive_after=365d"};

#define SETTINGS (sizeof(settings) / sizeof(settings[0]))

static size_t name_of(const char *setting)
{
	return (size_t)(strchr(setting, '=') - setting);
}

static bool is_overridden(const struct options *options, const char *setting)
{
	size_t len = name_of(setting);
	for (uint32_t i = 0; i < options->setting_count; i++) {
		if (name_of(options->settings[i]) == len &&
			strncmp(options->settings[i], setting, len) == 0)
			return true;
	}
	return false;
}

static void put_setting(struct buffer *text, const char *setting)
{
	const char *dot = strchr(setting, '.');
	buffer_append(text, "[", 1);
	buffer_append(text, setting, (size_t)(dot - setting));
	buffer_append(text, "]\n", 2);
	buffer_append(text, dot + 1, strlen(dot + 1));
	buffer_append(text, "\n", 1);
}

static enum ch_status configure(const struct house *house, const struct options *options)
{
	struct buffer text = {0};
	for (size_t i = 0; i < SETTINGS; i++) {
		if (!is_overridden(options, settings[i]))
			put_setting(&text, settings[i]);
	}
	for (uint32_t i = 0; i < options->setting_count; i++)
		put_setting(&text, options->settings[i]);
	enum ch_status status = text.status;
	if (status == CH_OK)
		status = write_text(house, "/etc/carehub/carehub.conf", buffer_text(&text), 0600);
	buffer_fini(&text);
	return status;
}

/* ---- The process ---- */

static bool carehubd_path(char path[HOUSE_PATH])
{
	static const char name[] = "carehubd"; /* beside this program */
	ssize_t len = readlink("/proc/self/exe", path, HOUSE_PATH - sizeof(name));
	if (len <= 0)
		return false;
	path[len] = 0;
	memcpy(strrchr(path, '/') + 1, name, sizeof(name));
	return true;
}

/* The child's standard output is `out_fd` where that is not -1, its log a file of the folder: a pipe
 * that nobody reads would one day stop it. */
static enum ch_status spawn(struct house *house, const char *word, int out_fd)
{
	char path[HOUSE_PATH];
	char log[HOUSE_PATH + NAME_BYTES];
	path_of(house, LOG_NAME, log);
	int log_fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (log_fd < 0 || !carehubd_path(path))
		return fail("start");
	(void)fflush(NULL); /* or the child would print it again */
	house->server = fork();
	if (house->server == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM); /* cannot fail for a valid signal */
		(void)dup2(log_fd, STDERR_FILENO);
		if (out_fd >= 0)
			(void)dup2(out_fd, STDOUT_FILENO);
		execl(path, "carehubd", "--root", house->root, word, (char *)NULL);
		_exit(127);
	}
	(void)close(log_fd); /* the child's */
	return house->server > 0 ? CH_OK : fail("fork");
}

static void complain_log(const struct house *house, const char *what)
{
	char log[HOUSE_PATH + NAME_BYTES];
	struct buffer text = {0};
	path_of(house, LOG_NAME, log);
	if (file_read_all(log, LOG_BYTES, &text) != CH_OK)
		buffer_clear(&text);
	const char *tail = buffer_text(&text);
	size_t len = strlen(tail);
	complaint("hub", "%s:\n%s", what, len > 2000 ? tail + len - 2000 : tail);
	buffer_fini(&text);
}

/* Waits for the end of the process until `limit_us` have passed, then ends it. */
static enum ch_status reap(struct house *house, int64_t limit_us)
{
	int status = 0;
	struct rusage usage = {0};
	int64_t began_us = clock_steady_us();
	pid_t done;
	while ((done = wait4(house->server, &status, WNOHANG, &usage)) == 0 &&
		clock_steady_us() - began_us < limit_us)
		(void)usleep(1000); /* a wake-up is fine */
	if (done == 0) {
		(void)kill(house->server, SIGKILL); /* it is ours and lives */
		(void)waitpid(house->server, &status, 0);
	}
	house->server = 0;
	house->written_bytes = (uint64_t)usage.ru_oublock * 512; /* all its threads' write_bytes */
	if (done > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return CH_OK;
	complain_log(house, done == 0 ? "carehubd did not end" : "carehubd ended badly");
	return CH_IO;
}

/* carehubd says where it listens in its log: `hub.started ... bus=tcp://127.0.0.1:1234`. */
static enum ch_status await_started(struct house *house)
{
	char log[HOUSE_PATH + NAME_BYTES];
	int64_t began_us = clock_steady_us();
	path_of(house, LOG_NAME, log);
	while (clock_steady_us() - began_us < START_US) {
		struct buffer text = {0};
		bool lives = waitpid(house->server, NULL, WNOHANG) == 0;
		enum ch_status status = file_read_all(log, LOG_BYTES, &text);
		const char *at =
			status == CH_OK ? strstr(buffer_text(&text), " hub.started ") : NULL;
		const char *bus = at != NULL ? strstr(at, " bus=") : NULL;
		bool whole = bus != NULL && strchr(bus, '\n') != NULL;
		bool found = whole && sscanf(bus, " bus=%127s", house->endpoint) == 1;
		buffer_fini(&text);
		if (found && lives)
			return CH_OK;
		if (!lives) {
			house->server = 0;
			break;
		}
		(void)usleep(2000); /* a wake-up is fine */
	}
	complain_log(house, "carehubd did not start");
	return CH_IO;
}

enum ch_status house_open(const struct options *options, struct house *out_house)
{
	struct house house = {0};
	if (options->data == NULL || strlen(options->data) >= HOUSE_PATH - NAME_BYTES) {
		complaint("hub", "needs --data DIR for its journal and store");
		return CH_INVALID;
	}
	(void)snprintf(house.root, sizeof(house.root), "%s", options->data);
	enum ch_status status = make_root(&house);
	if (status == CH_OK)
		status = configure(&house, options);
	if (status == CH_OK)
		status = read_key(&house, "/hub.public", house.server_key);
	if (status == CH_OK)
		status = read_key(&house, "/till.public", house.public_key);
	if (status == CH_OK)
		status = read_key(&house, "/till.secret", house.secret_key);
	if (status == CH_OK && options->mode != MODE_REBUILD) {
		status = spawn(&house, "run", -1);
		if (status == CH_OK)
			status = await_started(&house);
	}
	if (status != CH_OK) {
		if (house.server > 0) {
			(void)kill(house.server, SIGTERM); /* it is ours and lives */
			(void)reap(&house, STOP_US);       /* it has failed already */
		}
		return status;
	}
	house.began_bytes = house_stored(&house);
	*out_house = house;
	return CH_OK;
}

enum ch_status house_close(struct house *house)
{
	if (house->server <= 0)
		return CH_OK;
	(void)kill(house->server, SIGTERM); /* it is ours and lives */
	return reap(house, STOP_US);
}

enum ch_status house_offline(struct house *house, const char *word, struct buffer *out)
{
	char path[HOUSE_PATH + NAME_BYTES];
	path_of(house, "/carehubd.out", path);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail("output");
	enum ch_status status = spawn(house, word, fd);
	(void)close(fd); /* the child's */
	if (status == CH_OK)
		status = reap(house, 2 * START_US);
	return status == CH_OK ? file_read_all(path, LOG_BYTES, out) : status;
}

/* ---- What the kernel knows of it ---- */

/* The number behind `field` in a file of /proc/PID, 0 when it is not there. */
static uint64_t proc_number(const struct house *house, const char *file, const char *field)
{
	char path[64];
	char text[4096];
	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)house->server, file);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	ssize_t len = read(fd, text, sizeof(text) - 1);
	(void)close(fd); /* read only */
	text[len > 0 ? len : 0] = 0;
	const char *at = strstr(text, field);
	return at != NULL ? strtoull(at + strlen(field), NULL, 10) : 0;
}

uint64_t house_anonymous(const struct house *house)
{
	return proc_number(house, "status", "\nRssAnon:") * 1024;
}

uint64_t house_anonymous_exact(const struct house *house)
{
	return proc_number(house, "smaps_rollup", "\nAnonymous:") * 1024;
}

uint64_t house_written(const struct house *house)
{
	return house->server > 0 ? proc_number(house, "io", "\nwrite_bytes:")
				 : house->written_bytes;
}

static uint64_t walked_bytes; /* nftw has no context */

static int walk(const char *path, const struct stat *info, int type, struct FTW *at)
{
	(void)path;
	(void)at;
	if (type == FTW_F)
		walked_bytes += (uint64_t)info->st_blocks * 512;
	return 0;
}

uint64_t house_stored(const struct house *house)
{
	char path[HOUSE_PATH + NAME_BYTES];
	path_of(house, "/var", path);
	walked_bytes = 0;
	(void)nftw(path, walk, 16, FTW_PHYS); /* what cannot be read is not counted */
	return walked_bytes;
}
