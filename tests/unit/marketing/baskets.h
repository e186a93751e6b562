/* Baskets from text, for tests. */
#ifndef UNIT_MARKETING_BASKETS_H
#define UNIT_MARKETING_BASKETS_H

#include "module/marketing/basket/basket_file.h"

static inline enum ch_status baskets_read(const struct basket_file_options *options,
	const char *text, struct basket_store *store, struct refusal *out_refusal)
{
	struct data_file *file;
	enum ch_status status =
		data_file_open_bytes(slice_text(text), DATA_LINES, DATA_DETECT, &file, out_refusal);
	if (status != CH_OK)
		return status;
	status = basket_file_read(file, options, store, out_refusal);
	data_file_close(file);
	return status;
}

static inline struct basket_store *baskets_of(const char *text)
{
	const struct basket_file_options options = {0};
	struct basket_store *store;
	struct refusal refusal;
	assert_int_equal(basket_store_create(&store), CH_OK);
	assert_int_equal(baskets_read(&options, text, store, &refusal), CH_OK);
	return store;
}

#endif
