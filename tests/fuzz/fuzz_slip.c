/* Receipts of tills as they travel: read by hand they say what they say unpacked, or that it takes unpacking.  Tags that are
 * longer than they need be are read by hand alone.
 *
 *     input = len:2 big-endian, the open part:len, the personal part */
#include "base/invariant.h"
#include "module/marketing/fact/slip.h"
#include "wire/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_same(const struct slip *read, const struct slip *taken)
{
	invariant(read->told == taken->told && read->back == taken->back);
	invariant(slice_equal(read->name.store, taken->name.store));
	invariant(slice_equal(read->name.till, taken->name.till));
	invariant(slice_equal(read->name.date, taken->name.date));
	invariant(slice_equal(read->name.number, taken->name.number));
	invariant(slice_equal(read->name.own_number, taken->name.own_number));
	invariant(read->count == taken->count);
	for (size_t i = 0; i < read->count; i++) {
		invariant(read->articles[i].len > 0);
		invariant(slice_equal(read->articles[i], taken->articles[i]));
	}
}

static bool is_sound(struct slice bytes)
{
	char path[CHECK_PATH_BYTES];
	return check_message(&carehub__v1__pos_sale_completed__descriptor, bytes, path) == CH_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct slip read;
	static struct slip taken;
	struct slice input = slice_of(data, len);
	if (len < 2)
		return 0;
	size_t cut = (size_t)data[0] << 8 | data[1];
	struct slice both = slice_sub(input, 2, len);
	struct slice open = slice_sub(both, 0, cut);
	if (slip_read(&read, open, slice_sub(both, cut, len)) != CH_OK)
		return 0;
	/* The hub lets nothing else in, so nothing is promised of it but that it is read in bounds. */
	if (!is_sound(both))
		return 0;
	Carehub__V1__PosSaleCompleted *sale =
		carehub__v1__pos_sale_completed__unpack(NULL, both.len, both.data);
	if (sale == NULL)
		return 0;
	invariant(slip_take(&taken, sale->transaction) == CH_OK);
	check_same(&read, &taken);
	carehub__v1__pos_sale_completed__free_unpacked(sale, NULL);
	return 0;
}
