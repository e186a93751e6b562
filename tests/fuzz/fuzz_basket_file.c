/* Receipts in a file: what is not refused is mined in one go and a receipt at a time, and both find the same.
 * The first byte chooses the support. */
#include "data_file.h"

#include "module/marketing/basket/basket_file.h"
#include "module/marketing/basket/miner.h"
#include "module/marketing/basket/rule_report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_equal(const struct item_sets *a, const struct item_sets *b)
{
	invariant(a->count == b->count && a->baskets == b->baskets && a->least == b->least);
	for (size_t i = 0; i < a->count; i++) {
		const struct item_set *x = &a->sets[i];
		const struct item_set *y = &b->sets[i];
		invariant(x->length == y->length && x->count == y->count);
		invariant(memcmp(a->ranks + x->first, b->ranks + y->first,
				  x->length * sizeof(*a->ranks)) == 0);
	}
}

static void check_rules(const struct basket_store *store, const struct item_sets *sets)
{
	struct rules rules;
	struct buffer out = {0};
	const struct decimal half = {5, 1};
	invariant(rules_make(sets, half, &rules) == CH_OK);
	const struct rule_report report = {store, sets, &rules, half, half, true};
	rule_report_json(&report, &out);
	rule_report_text(&report, &out);
	invariant(out.status == CH_OK);
	buffer_fini(&out);
	rules_fini(&rules);
}

/* Sets that are too many take too long here, whatever finds them: baskets of at most 6 items. */
static bool is_small(const struct basket_store *store)
{
	for (uint32_t i = 0; i < basket_store_baskets(store); i++) {
		if (basket_store_basket(store, i).count > 6)
			return false;
	}
	return basket_store_baskets(store) <= 24;
}

static void check_mining(const struct basket_store *all, struct support support)
{
	struct basket_store *store;
	struct miner *miner;
	struct item_sets batch;
	struct item_sets kept;
	uint32_t item;
	invariant(basket_store_create(&store) == CH_OK);
	invariant(miner_create(store, support, &miner) == CH_OK);
	for (uint32_t i = 0; i < basket_store_items(all); i++)
		invariant(basket_store_item(store, basket_store_name(all, i), &item) == CH_OK);
	for (uint32_t i = 0; i < basket_store_baskets(all); i++) {
		struct numbers basket = basket_store_basket(all, i);
		invariant(basket_store_add(store, basket.items, basket.count) == CH_OK);
		invariant(miner_update(miner) == CH_OK);
	}
	invariant(item_sets_mine(all, support, &batch) == CH_OK);
	invariant(miner_sets(miner, &kept) == CH_OK);
	check_equal(&batch, &kept);
	check_rules(all, &batch);
	item_sets_fini(&batch);
	item_sets_fini(&kept);
	miner_free(miner);
	basket_store_free(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct basket_file_options options = {.ignored = {"NONE"}, .ignored_count = 1};
	struct data_file *file;
	struct basket_store *store;
	struct refusal refusal;
	if (len == 0)
		return 0;
	if (data[0] == 254) { /* columns may be named */
		options.basket = "receipt";
		options.item = "item";
	}
	const struct support support = {{data[0] % 100 + 1, 2}, data[0] / 100 + 1};
	struct slice bytes = slice_of(data + 1, len - 1);
	if (data_file_open_either(bytes, DATA_LINES, &file, &refusal) != CH_OK)
		return 0;
	invariant(basket_store_create(&store) == CH_OK);
	if (basket_file_read(file, &options, store, &refusal) == CH_OK && is_small(store))
		check_mining(store, support);
	if (basket_store_baskets(store) > 0)
		basket_store_remove(store, 0);
	basket_store_free(store);
	data_file_close(file);
	return 0;
}
