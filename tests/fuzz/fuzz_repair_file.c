/* A file that a station dropped, by its name and through a descriptor: what it is is guessed without losing a byte,
 * and it reads the same as its bytes do.  Its first byte chooses the name. */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "repair_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char *const names[] = {
	"day.csv", "log.xes", "log.xes.gz", "events.jsonl", "drop/repairs", "x"};

static struct mapping *built_in(const char *name)
{
	struct buffer text = {0};
	buffer_append_slice(&text, mapping_builtin(name));
	struct mapping *mapping = repair_file_mapping(buffer_text(&text));
	buffer_fini(&text);
	return mapping;
}

/* The built-in mapping that is guessed; else a station's own. */
static const struct mapping *mapping_of(const char *guess)
{
	static const char *const known[] = {"xes", "cloudevents", "ords-0.3"};
	static struct mapping *made[3];
	static struct mapping *own;
	if (own == NULL) {
		for (size_t i = 0; i < 3; i++)
			made[i] = built_in(known[i]);
		own = repair_file_mapping(
			"[file]\nformat = jsonl\n[station]\nsource = /s\nid = S\n"
			"[event repair.order.repaired]\nid = {id}\nrepair_order_id = {id}\n");
	}
	for (size_t i = 0; guess != NULL && i < 3; i++) {
		if (strcmp(guess, known[i]) == 0)
			return made[i];
	}
	return own;
}

/* A sum over what comes out, described as a person would see it. */
static uint64_t read_all(struct repair_source *source, uint64_t bytes)
{
	struct repair_item item;
	struct buffer text = {0};
	enum ch_status status;
	uint64_t sum = 1;
	while ((status = repair_source_next(source, &item)) == CH_OK) {
		buffer_clear(&text);
		if (item.what == REPAIR_EVENT)
			envelope_encode(&item.event.envelope, &text);
		else
			reject_describe(&item.reject, &text);
		invariant(item.what == REPAIR_EVENT || item.reject.at.byte <= bytes);
		for (size_t i = 0; i < text.len; i++)
			sum = sum * 31 + text.data[i];
	}
	invariant(status == CH_END);
	repair_source_close(source);
	buffer_fini(&text);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static int fd = -1;
	struct repair_source *source = NULL;
	if (len == 0)
		return 0;
	const char *name = names[data[0] % (sizeof(names) / sizeof(names[0]))];
	struct slice bytes = slice_of(data + 1, len - 1);
	bool packed = bytes.len > 1 && bytes.data[0] == 0x1f && bytes.data[1] == 0x8b;
	if (fd < 0) {
		/* A folder is no file. */
		int folder = open("/", O_RDONLY | O_DIRECTORY);
		invariant(repair_source_open(mapping_of(NULL), folder, "x", &source) == CH_INVALID);
		(void)close(folder); /* only looked at */
		fd = memfd_create("station", 0);
	}
	invariant(fd >= 0 && ftruncate(fd, 0) == 0);
	invariant(pwrite(fd, bytes.data, bytes.len, 0) == (ssize_t)bytes.len);
	const struct mapping *mapping = mapping_of(repair_source_guess(fd, name));
	invariant(lseek(fd, 0, SEEK_CUR) == 0);
	invariant(repair_source_open(mapping, fd, name, &source) == CH_OK);
	uint64_t sum = read_all(source, packed ? UINT64_MAX : bytes.len);
	invariant(repair_source_open_bytes(mapping, bytes, name, &source) == CH_OK);
	invariant(sum == read_all(source, packed ? UINT64_MAX : bytes.len));
	return 0;
}
