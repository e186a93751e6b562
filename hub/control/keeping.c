/* Backup, Checkpoint, Settings, Reload. */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "carehub/v1/control.pb-c.h"
#include "control/call.h"
#include "core/settings.h"
#include "journal/backup.h"

/* ---- Backup ---- */

/* A copy is brought up to date again and again until it has reached where the head stood at the
 * start: each round is a reply, so that the asker sees how far it is, and ends when he has
 * gone.  The copy is good after each. */
#define BACKUP_ROUNDS 16u

struct backup_work {
	uint64_t first;
	uint64_t target;
	uint64_t round;
	uint64_t copied;
};

/* A copy is one folder of files. */
static uint64_t backup_bytes(const char *directory)
{
	uint64_t bytes = 0;
	struct stat info;
	DIR *dir = opendir(directory);
	for (struct dirent *item; dir != NULL && (item = readdir(dir)) != NULL;) {
		if (fstatat(dirfd(dir), item->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISREG(info.st_mode))
			bytes += (uint64_t)info.st_size;
	}
	if (dir != NULL)
		(void)closedir(dir); /* only read */
	return bytes;
}

enum call_turn backup_step(struct call *call)
{
	const Carehub__V1__BackupRequest *ask = (const Carehub__V1__BackupRequest *)call->ask;
	struct backup_work *work = call->work;
	Carehub__V1__BackupReply reply;
	uint8_t chain[JOURNAL_HASH_BYTES];
	carehub__v1__backup_reply__init(&reply);
	if (ask->directory[0] != '/')
		return call_fail(call, CH_INVALID,
			"the folder must be an absolute path on the hub's machine");
	if (work == NULL) {
		work = call_work(call, sizeof(*work), NULL);
		if (work == NULL)
			return call_fail(call, CH_NOMEM, "memory ran out");
		work->first = journal_first(call->hub->journal);
		work->target = journal_head(call->hub->journal);
		if (work->target == 0)
			return call_fail(call, CH_NOT_FOUND, "the journal is empty");
	}
	work->round++;
	uint64_t upto = work->first + (work->target - work->first) / BACKUP_ROUNDS * work->round;
	bool last = work->round >= BACKUP_ROUNDS || upto >= work->target;
	enum ch_status status = backup_export(
		call->hub->journal, last ? work->target : upto, ask->directory, &work->copied);
	if (status == CH_EXISTS)
		return call_fail(call, status, "%.200s holds something else", ask->directory);
	if (status != CH_OK)
		return call_fail(call, status, "the copy failed: %s", ch_status_text(status));
	last = last || work->copied >= work->target;
	reply.sequence = work->copied;
	reply.bytes = backup_bytes(ask->directory);
	/* Entries are alike enough to tell how much will come. */
	reply.total_bytes =
		last ? reply.bytes
		     : (uint64_t)((double)reply.bytes * (double)(work->target - work->first + 1) /
				  (double)(work->copied - work->first + 1));
	reply.done = last;
	if (last) {
		/* The chain's value names the copy: when nothing was added since, verify shows
		 * the same. */
		(void)journal_chain(call->hub->journal, chain);
		reply.chain = (ProtobufCBinaryData){sizeof(chain), chain};
	}
	call_put(call, &reply.base);
	return last ? call_finish(call) : CALL_MORE;
}

/* ---- Checkpoint ---- */

enum call_turn checkpoint_step(struct call *call)
{
	Carehub__V1__CheckpointReply reply;
	carehub__v1__checkpoint_reply__init(&reply);
	enum ch_status status = state_checkpoint(call->hub->state);
	if (status != CH_OK)
		return call_fail(call, status, "the checkpoint failed: %s", ch_status_text(status));
	reply.applied = state_applied(call->hub->state);
	return call_answer(call, &reply.base);
}

/* ---- Reload ---- */

static enum call_turn reload_answer(struct call *call, struct problems *problems,
	const struct hub_reload *reload, enum ch_status status)
{
	Carehub__V1__ReloadReply reply;
	struct buffer text = {0};
	char **lines = NULL;
	carehub__v1__reload_reply__init(&reply);
	problems_print(problems, &text);
	struct slice rest = buffer_slice(&text);
	struct slice line;
	(void)buffer_text(&text); /* so that the last line ends */
	if (problems->count > 0)
		lines = calloc(problems->count, sizeof(*lines));
	rest = buffer_slice(&text);
	while (lines != NULL && reply.n_problems < problems->count &&
		text_split(&rest, '\n', &line)) {
		if (line.len == 0)
			continue;
		/* Each line becomes a C text where it stands. */
		text.data[(size_t)(line.data - text.data) + line.len] = 0;
		lines[reply.n_problems++] = (char *)text.data + (line.data - text.data);
	}
	reply.problems = lines;
	reply.peers = reload->peers;
	reply.generation = reload->generation;
	if (status != CH_OK && problems->count == 0)
		(void)call_fail(call, status, "nothing was changed: %s", ch_status_text(status));
	else
		call_put(call, &reply.base);
	free(lines);
	buffer_fini(&text);
	return call_finish(call);
}

enum call_turn reload_step(struct call *call)
{
	struct problems problems = {0};
	struct hub_reload reload = {0};
	enum ch_status status =
		call->hub->hooks.reload(call->hub->hooks.context, &problems, &reload);
	enum call_turn turn = reload_answer(call, &problems, &reload, status);
	problems_fini(&problems);
	return turn;
}

/* ---- Settings ---- */

/* What the files say is what is in force after the next start, so writing settings is writing
 * rules.conf and reading it again. */

struct settings_work {
	bool written;
};

/* What was decided with so far: from the state, which any thread may read. */
static enum ch_status settings_read(struct call *call, struct buffer *out)
{
	struct rtxn *rtxn = NULL;
	struct slice value;
	enum ch_status status = rtxn_begin(call->hub->state, &rtxn);
	if (status == CH_OK)
		status = rtxn_get(rtxn, TABLE_META, SLICE_LITERAL("setting.rules"), &value);
	if (status == CH_OK)
		buffer_append_slice(out, value);
	rtxn_end(rtxn);
	return status == CH_NOT_FOUND ? CH_OK : status == CH_OK ? out->status : status;
}

static enum call_turn settings_show(struct call *call)
{
	Carehub__V1__SettingsReply reply;
	struct buffer text = {0};
	carehub__v1__settings_reply__init(&reply);
	enum ch_status status = settings_read(call, &text);
	if (status == CH_OK) {
		/* protobuf-c's texts are not const, but packing only reads them. */
		reply.text = (char *)(uintptr_t)buffer_text(&text);
		call_put(call, &reply.base);
	}
	buffer_fini(&text);
	return status == CH_OK ? call_finish(call)
			       : call_fail(call, status, "the settings cannot be read");
}

/* CH_INVALID with the first line that cannot stand in rules.conf. */
static enum ch_status settings_check(struct slice text, uint32_t *out_line)
{
	struct slice line;
	enum ch_status status = CH_OK;
	for (*out_line = 1; status == CH_OK && text_split(&text, '\n', &line); (*out_line)++) {
		struct settings trial;
		uint32_t at;
		line = text_trim(line);
		if (line.len == 0 || line.data[0] == '#')
			continue;
		/* What is said about peers stands in their files. */
		if (slice_starts(line, SLICE_LITERAL("peer.")))
			return CH_INVALID;
		settings_init(&trial);
		status = settings_parse(&trial, line, &at);
		settings_fini(&trial);
		if (status != CH_OK)
			return status;
	}
	*out_line = 0;
	return CH_OK;
}

static enum call_turn settings_write(struct call *call)
{
	const Carehub__V1__SettingsRequest *ask = (const Carehub__V1__SettingsRequest *)call->ask;
	Carehub__V1__SettingsReply reply;
	struct slice text = slice_text(ask->text);
	carehub__v1__settings_reply__init(&reply);
	if ((call->peer->roles & PEER_ADMIN) == 0)
		return call_fail(call, CH_DENIED, "writing settings needs the role admin");
	enum ch_status status = settings_check(text, &reply.line);
	if (status == CH_INVALID)
		return call_fail(call, status, "line %u is no setting of rules.conf", reply.line);
	if (status == CH_OK && !ask->dry_run)
		status = file_replace(call->hub->rules_path, text, 0644);
	if (status != CH_OK)
		return call_fail(call, status, "rules.conf cannot be written");
	if (ask->dry_run)
		return call_answer(call, &reply.base);
	if (call_work(call, sizeof(struct settings_work), NULL) == NULL)
		return call_fail(call, CH_NOMEM, "memory ran out");
	call->lane = LANE_LOOP;
	return CALL_MORE;
}

static enum call_turn settings_apply(struct call *call)
{
	Carehub__V1__SettingsReply reply;
	struct problems problems = {0};
	struct hub_reload reload = {0};
	carehub__v1__settings_reply__init(&reply);
	enum ch_status status =
		call->hub->hooks.reload(call->hub->hooks.context, &problems, &reload);
	problems_fini(&problems);
	if (status != CH_OK)
		return call_fail(
			call, status, "rules.conf is written, but not in force: see Reload");
	reply.done = true;
	return call_answer(call, &reply.base);
}

enum call_turn settings_step(struct call *call)
{
	const Carehub__V1__SettingsRequest *ask = (const Carehub__V1__SettingsRequest *)call->ask;
	if (!ask->write)
		return settings_show(call);
	return call->work == NULL ? settings_write(call) : settings_apply(call);
}
