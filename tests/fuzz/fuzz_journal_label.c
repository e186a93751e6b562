/* What a segment's file says of itself at either end is anything, and so is what stands where its first batch
 * should: it is found to be used, spare, or a wreck, and a label that is believed can be read on with.
 *
 *     input = flags:byte, front label:256, back label:256, first batch's head
 *
 * flags: 1 the front label's sum is put right, 2 the back label's, 4 the file is cut short behind the front. */
#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/invariant.h"
#include "journal/index.h"
#include "journal/segment.h"

#define EPOCH 9u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct slice fuzz_take(struct slice *rest, size_t len)
{
	struct slice taken = slice_sub(*rest, 0, len);
	*rest = slice_sub(*rest, len, rest->len);
	return taken;
}

static void fuzz_put(int fd, struct slice bytes, bool mended, off_t offset)
{
	uint8_t page[SEGMENT_PAGE_BYTES] = {0};
	if (bytes.len > 0)
		memcpy(page, bytes.data, bytes.len < sizeof(page) ? bytes.len : sizeof(page));
	if (mended)
		store_le32(page + 8, crc32c(0, page + 12, LABEL_BYTES - 12));
	invariant(pwrite(fd, page, sizeof(page), offset) == (ssize_t)sizeof(page));
}

/* Whoever reads on relies on its figures. */
static void fuzz_believed(const struct label *label)
{
	uint8_t bytes[LABEL_BYTES];
	struct label again;
	struct segment *segment = NULL;
	struct index *index = NULL;
	invariant(label->epoch == EPOCH && label->base > 0);
	invariant(!label->sealed || label->last >= label->base - 1);
	invariant(segment_create(EPOCH, &segment) == CH_OK);
	segment_restore(segment, label);
	invariant(atomic_load(&segment->end) <= label->file_bytes - SEGMENT_PAGE_BYTES);
	invariant(segment_fits(segment, 0));
	segment_release(segment);
	invariant(index_create(label->file_bytes, &index) == CH_OK);
	invariant(index_find(index, label->base) == 0);
	index_free(index);
	label_put(bytes, label);
	invariant(label_get(bytes, &again) == CH_OK);
	invariant(again.base == label->base && again.end == label->end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct slice rest = slice_of(data, size);
	struct slice flags = fuzz_take(&rest, 1);
	uint8_t bits = flags.len > 0 ? flags.data[0] : 0;
	enum segment_part part;
	struct label label;
	if (fd < 0)
		fd = memfd_create("segment", MFD_CLOEXEC);
	invariant(fd >= 0 && ftruncate(fd, 0) == 0);
	fuzz_put(fd, fuzz_take(&rest, LABEL_BYTES), (bits & 1) != 0, 0);
	fuzz_put(fd, fuzz_take(&rest, LABEL_BYTES), (bits & 2) != 0,
		SEGMENT_BYTES_MIN - SEGMENT_PAGE_BYTES);
	fuzz_put(fd, rest, false, SEGMENT_PAGE_BYTES);
	if ((bits & 4) != 0)
		invariant(ftruncate(fd, LABEL_BYTES - 1 + bits) == 0);
	enum ch_status status = segment_inspect(fd, EPOCH, &part, &label);
	invariant(status == CH_OK || status == CH_VERSION);
	if (status == CH_OK && part == SEGMENT_USED)
		fuzz_believed(&label);
	return 0;
}
