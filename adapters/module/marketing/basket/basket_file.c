#include "module/marketing/basket/basket_file.h"

#include <stdlib.h>
#include <strings.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/table.h"

struct basket {
	uint32_t *items;
	size_t count;
	size_t capacity;
};

struct basket_reader {
	struct data_file *file;
	const struct basket_file_options *options;
	struct basket_store *store;
	struct refusal *refusal;
	size_t basket_column;
	size_t item_column;
	size_t fields;
	struct table by_number; /* of the receipts' numbers; their keys are the file's */
	struct arena arena;
	struct basket **baskets;
	size_t count;
	size_t capacity;
};

static enum ch_status basket_refuse(
	struct basket_reader *reader, enum ch_status status, struct place at)
{
	return refuse(reader->refusal, status, at, "%s",
		status == CH_NOMEM ? "out of memory"
				   : "too many baskets, items, or items in one basket");
}

static bool basket_is_ignored(const struct basket_reader *reader, struct slice name)
{
	for (size_t i = 0; i < reader->options->ignored_count; i++) {
		if (slice_equal(name, slice_text(reader->options->ignored[i])))
			return true;
	}
	return false;
}

static enum ch_status basket_push(
	struct basket_reader *reader, struct basket *basket, const struct data_field *field)
{
	uint32_t item;
	if (basket_is_ignored(reader, field->text))
		return CH_OK;
	enum ch_status status = basket_store_item(reader->store, field->text, &item);
	if (status == CH_OK && basket->count == LIMIT_BASKET_ITEMS)
		status = CH_TOO_LARGE;
	if (status != CH_OK)
		return basket_refuse(reader, status, field->at);
	if (basket->count == basket->capacity) {
		size_t capacity = basket->capacity == 0 ? 8 : basket->capacity * 2;
		uint32_t *items = realloc(basket->items, capacity * sizeof(*items));
		if (items == NULL)
			return basket_refuse(reader, CH_NOMEM, field->at);
		basket->items = items;
		basket->capacity = capacity;
	}
	basket->items[basket->count++] = item;
	return CH_OK;
}

/* ---- A basket a line ---- */

static enum ch_status basket_read_lines(struct basket_reader *reader)
{
	struct basket basket = {0};
	struct data_row row;
	enum ch_status status;
	while ((status = data_file_next(reader->file, &row, reader->refusal)) == CH_OK) {
		basket.count = 0;
		for (size_t i = 0; i < row.count && status == CH_OK; i++) {
			if (row.fields[i].text.len > 0)
				status = basket_push(reader, &basket, &row.fields[i]);
		}
		if (status != CH_OK)
			break;
		status = basket_store_add(reader->store, basket.items, basket.count);
		if (status != CH_OK) {
			(void)basket_refuse(reader, status, row.at);
			break;
		}
	}
	free(basket.items);
	return status == CH_END ? CH_OK : status;
}

/* ---- A line of a receipt a row ---- */

static enum ch_status basket_find(
	struct basket_reader *reader, const struct data_field *number, struct basket **out_basket)
{
	struct basket *basket = table_get(&reader->by_number, number->text);
	*out_basket = basket;
	if (basket != NULL)
		return CH_OK;
	if (reader->count == reader->capacity) {
		size_t capacity = reader->capacity == 0 ? 256 : reader->capacity * 2;
		struct basket **baskets =
			realloc(reader->baskets, capacity * sizeof(struct basket *));
		if (baskets == NULL)
			return basket_refuse(reader, CH_NOMEM, number->at);
		reader->baskets = baskets;
		reader->capacity = capacity;
	}
	basket = arena_alloc(&reader->arena, sizeof(*basket));
	if (basket == NULL)
		return basket_refuse(reader, CH_NOMEM, number->at);
	*basket = (struct basket){0};
	if (table_put(&reader->by_number, number->text, basket) != CH_OK)
		return basket_refuse(reader, CH_NOMEM, number->at);
	reader->baskets[reader->count++] = basket;
	*out_basket = basket;
	return CH_OK;
}

static enum ch_status basket_take_row(struct basket_reader *reader, const struct data_row *row)
{
	struct basket *basket;
	if (row->count != reader->fields)
		return refuse(reader->refusal, CH_FORMAT, row->at,
			"%zu fields where the header has %zu", row->count, reader->fields);
	const struct data_field *number = &row->fields[reader->basket_column];
	const struct data_field *item = &row->fields[reader->item_column];
	if (number->text.len == 0 || item->text.len == 0)
		return refuse(reader->refusal, CH_MISSING,
			number->text.len == 0 ? number->at : item->at, "no %s is named",
			number->text.len == 0 ? "receipt" : "item");
	enum ch_status status = basket_find(reader, number, &basket);
	if (status == CH_OK)
		status = basket_push(reader, basket, item);
	return status;
}

static enum ch_status basket_read_rows(struct basket_reader *reader)
{
	struct data_row row;
	enum ch_status status;
	while ((status = data_file_next(reader->file, &row, reader->refusal)) == CH_OK) {
		status = basket_take_row(reader, &row);
		if (status != CH_OK)
			return status;
	}
	if (status != CH_END)
		return status;
	for (size_t i = 0; i < reader->count; i++) {
		status = basket_store_add(
			reader->store, reader->baskets[i]->items, reader->baskets[i]->count);
		if (status != CH_OK)
			return basket_refuse(reader, status, (struct place){0, 0});
	}
	return CH_OK;
}

/* ---- Which of them ---- */

static bool basket_word_among(struct slice text, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (text.len == strlen(*words) &&
			strncasecmp((const char *)text.data, *words, text.len) == 0)
			return true;
	}
	return false;
}

static bool basket_find_column(
	const struct data_row *row, const char *name, const char *const *usual, size_t *out_column)
{
	for (size_t i = 0; i < row->count; i++) {
		struct slice text = row->fields[i].text;
		if (name != NULL ? slice_equal(text, slice_text(name))
				 : basket_word_among(text, usual)) {
			*out_column = i;
			return true;
		}
	}
	return false;
}

/* CH_END: an empty file. */
static enum ch_status basket_detect(struct basket_reader *reader, bool *out_rows)
{
	static const char *const baskets[] = {"transaction", "basket", "receipt", "order", NULL};
	static const char *const items[] = {"item", "product", "article", NULL};
	const struct basket_file_options *options = reader->options;
	struct data_row row;
	enum ch_status status = data_file_next(reader->file, &row, reader->refusal);
	if (status != CH_OK)
		return status;
	bool basket = basket_find_column(&row, options->basket, baskets, &reader->basket_column);
	bool item = basket_find_column(&row, options->item, items, &reader->item_column);
	if ((!basket && options->basket != NULL) || (!item && options->item != NULL))
		return refuse(reader->refusal, CH_MISSING, row.at, "there is no column %s",
			!basket && options->basket != NULL ? options->basket : options->item);
	*out_rows = basket && item && reader->basket_column != reader->item_column;
	reader->fields = row.count;
	if (!*out_rows)
		data_file_rewind(reader->file);
	return CH_OK;
}

enum ch_status basket_file_read(struct data_file *file, const struct basket_file_options *options,
	struct basket_store *store, struct refusal *out_refusal)
{
	struct basket_reader reader = {
		.file = file, .options = options, .store = store, .refusal = out_refusal};
	bool rows = false;
	enum ch_status status = basket_detect(&reader, &rows);
	if (status == CH_OK)
		status = rows ? basket_read_rows(&reader) : basket_read_lines(&reader);
	if (status == CH_END || (status == CH_OK && basket_store_baskets(store) == 0))
		status = refuse(
			out_refusal, CH_INVALID, (struct place){0, 0}, "there is no basket in it");
	for (size_t i = 0; i < reader.count; i++)
		free(reader.baskets[i]->items);
	free(reader.baskets);
	table_fini(&reader.by_number);
	arena_fini(&reader.arena);
	return status;
}
