/* A run file of the inbox, in memory and as a file.  The sums of header, fences and blocks are put right first, or
 * no input but the corpus would ever get past them; the 100th byte, from which nothing is read, says which are left
 * as they came, to meet the refusals too, and which are read from a file and written once more. */
#include "base/crc32c.h"
#include "folder.h"
#include "store/filter.h"
#include "store/run_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void mend(uint8_t *file, size_t size)
{
	struct run_header header;
	store_le32(file + 68, crc32c(0, file, 68));
	if (run_header_decode(slice_of(file, size), load_le64(file + 16), &header) != CH_OK)
		return;
	const struct run_layout *layout = &header.layout;
	uint64_t fences_bytes = layout->blocks * RUN_FENCE_BYTES;
	store_le32(file + 64, crc32c(0, file + layout->fences_offset, fences_bytes));
	store_le32(file + 68, crc32c(0, file, 68));
	for (uint64_t i = 0; i < layout->filter_blocks; i++)
		filter_seal(
			file + RUN_FILTER_OFFSET + i * FILTER_BLOCK_BYTES, load_le64(file + 16), i);
	for (uint64_t i = 0; i < layout->blocks; i++)
		run_block_seal(file + layout->blocks_offset + i * RUN_BLOCK_BYTES,
			load_le64(file + 16), i, run_block_count(layout, i));
}

#define WRITTEN 4711u
#define WAY_AT  100u /* behind what the header says: a byte that nothing is read from */

enum { AS_IT_CAME = 1, FROM_A_FILE = 2 };

static const char *run_path(uint64_t number, char *path, size_t room)
{
	char name[RUN_NAME_BYTES];
	(void)snprintf(path, room, "%s/%s", folder(), run_name(number, name)); /* fits */
	return path;
}

static void get(const struct run *run, const uint8_t fingerprint[ID_FINGERPRINT_BYTES])
{
	struct id_record found;
	struct filter_mask mask;
	filter_mask_of(fingerprint, &mask);
	enum ch_status status = run_get(run, fingerprint, &mask, &found);
	invariant(status == CH_OK || status == CH_NOT_FOUND || status == CH_CORRUPT);
	invariant(status != CH_OK ||
		  memcmp(found.fingerprint, fingerprint, ID_FINGERPRINT_BYTES) == 0);
}

/* Reads all of it and writes it as a new run while it is in order: the same records, all of them found. */
static void walk(const struct run *run, struct run_writer *writer)
{
	struct id_record record;
	struct id_record last = {.sequence = 0};
	struct run_cursor cursor = {.run = run};
	uint64_t count = 0;
	while (run_next(&cursor, &record) == CH_OK) {
		count++;
		get(run, record.fingerprint);
		if (writer == NULL || record.sequence == 0 ||
			memcmp(last.fingerprint, record.fingerprint, ID_FINGERPRINT_BYTES) >= 0)
			continue;
		run_writer_add(writer, &record);
		last = record;
	}
	invariant(count <= run_items(run));
	memset(record.fingerprint, 0x5a, sizeof(record.fingerprint));
	run_prefetch(run, record.fingerprint);
	get(run, record.fingerprint);
	if (writer != NULL && last.sequence != 0)
		invariant(run_writer_finish(writer) == CH_OK);
	else
		run_writer_abort(writer);
}

static void check_written(void)
{
	struct run *run = NULL;
	struct id_record record;
	struct id_record found;
	struct filter_mask mask;
	uint64_t count = 0;
	enum ch_status status = run_open(folder(), WRITTEN, &run);
	invariant(status == CH_OK || status == CH_NOT_FOUND);
	if (status != CH_OK)
		return;
	struct run_cursor cursor = {.run = run};
	while (run_next(&cursor, &record) == CH_OK) {
		count++;
		filter_mask_of(record.fingerprint, &mask);
		invariant(run_get(run, record.fingerprint, &mask, &found) == CH_OK);
		invariant(found.sequence == record.sequence);
	}
	invariant(count == run_items(run) && run_number(run) == WRITTEN);
	run_release(run);
}

/* As the hub reads it, and as it merges it into another. */
static void read_file(struct slice bytes, uint64_t number)
{
	char name[RUN_NAME_BYTES];
	char path[256];
	struct run *run = NULL;
	struct run_writer *writer = NULL;
	(void)snprintf(path, sizeof(path), "%s", folder_write(run_name(number, name), bytes, 0600));
	enum ch_status status = run_open(folder(), number, &run);
	invariant(status == CH_OK || status == CH_CORRUPT || status == CH_VERSION);
	invariant(unlink(path) == 0);
	if (status != CH_OK)
		return;
	invariant(run_bytes(run) == bytes.len && run_is_mine(run));
	invariant(run_writer_create(folder(), WRITTEN, run_items(run), &writer) == CH_OK);
	run_hold(run);
	invariant(!run_is_mine(run));
	walk(run, writer);
	run_release(run);
	run_release(run);
	check_written();
	(void)unlink(run_path(WRITTEN, path, sizeof(path))); /* there is none without a record */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run *run;
	/* Its own copy, so that a read behind the end is seen; aligned as a mapping is. */
	uint8_t *file = malloc(size + 1);
	if (file == NULL)
		return 0;
	if (size > 0)
		memcpy(file, data, size);
	uint8_t way = size >= RUN_BLOCK_BYTES ? file[WAY_AT] : AS_IT_CAME;
	if ((way & AS_IT_CAME) == 0)
		mend(file, size);
	uint64_t number = size >= 24 ? load_le64(file + 16) : 1;
	if ((way & FROM_A_FILE) != 0 && number != WRITTEN) {
		read_file(slice_of(file, size), number);
	} else if (run_attach(slice_of(file, size), number, &run) == CH_OK) {
		walk(run, NULL);
		run_release(run);
	}
	free(file);
	return 0;
}
