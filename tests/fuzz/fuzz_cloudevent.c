/* Lines for `carehub publish`, from a file: each is an event or has a reason that says where; an event that was read
 * is written, read again, and is the same. */
#include <sys/mman.h>
#include <unistd.h>

#include "base/invariant.h"
#include "base/limits.h"
#include "cli/cloudevent.h"
#include "cli/lines.h"

#define LINE_MAX_BYTES 4096u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool fuzz_never(void)
{
	return false;
}

static struct slice fuzz_encoded(struct ch_event *event)
{
	struct ch_bytes bytes;
	invariant(ch_event_encode(event, &bytes) == CH_OK);
	return slice_of(bytes.data, bytes.len);
}

static void fuzz_again(struct ch_event *event)
{
	char why[CLOUDEVENT_WHY];
	struct ch_event *again = ch_event_create();
	struct buffer line = {0};
	struct buffer other = {0};
	invariant(again != NULL && cloudevent_write(event, &line) == CH_OK);
	invariant(cloudevent_read(buffer_slice(&line), again, why) == CH_OK);
	invariant(slice_equal(fuzz_encoded(event), fuzz_encoded(again)));
	struct slice bytes = fuzz_encoded(event);
	invariant(cloudevent_write_bytes(ch_bytes_of(bytes.data, bytes.len), ch_bytes_of(NULL, 0),
			  &other) == CH_OK);
	invariant(slice_equal(buffer_slice(&line), buffer_slice(&other)));
	(void)cloudevent_check(event, why); /* what the hub would say of it */
	buffer_fini(&line);
	buffer_fini(&other);
	ch_event_free(again);
}

static void fuzz_line(struct ch_event *event, struct slice line)
{
	char why[CLOUDEVENT_WHY];
	struct buffer shown = {0};
	enum ch_status status = cloudevent_read(line, event, why);
	invariant((status == CH_OK) == (why[0] == 0));
	if (status == CH_OK)
		fuzz_again(event);
	/* Bytes of a hub, be they no event at all, are shown. */
	invariant(cloudevent_write_bytes(
			  ch_bytes_of(line.data, line.len), ch_bytes_of(NULL, 0), &shown) == CH_OK);
	invariant(shown.len > 2 && shown.data[shown.len - 1] == '}');
	buffer_fini(&shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct lines lines;
	static int fd = -1;
	struct ch_event *event = ch_event_create();
	struct slice line;
	enum ch_status status;
	uint64_t count = 0;
	if (fd < 0)
		fd = memfd_create("lines", MFD_CLOEXEC);
	invariant(event != NULL && fd >= 0 && ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	invariant(len == 0 || pwrite(fd, data, len, 0) == (ssize_t)len);
	lines_init(&lines, fd, LINE_MAX_BYTES);
	while ((status = lines_next(&lines, fuzz_never, &line)) == CH_OK) {
		invariant(lines.number == ++count && line.len <= LINE_MAX_BYTES);
		invariant(!lines.cut || line.len == LINE_MAX_BYTES);
		if (!lines.cut)
			fuzz_line(event, line);
	}
	invariant(status == CH_END && count <= len);
	lines_fini(&lines);
	ch_event_free(event);
	return 0;
}
