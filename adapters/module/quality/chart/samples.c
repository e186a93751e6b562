#include "module/quality/chart/samples.h"

#include <stdlib.h>
#include <strings.h>

#include "base/decimal.h"
#include "base/limits.h"
#include "base/table.h"
#include "base/text.h"
#include "module/data/number.h"
#include "module/quality/chart/constants.h"

/* Sizes may have fractions; the scale is one for the whole file, so that limits stay exact. */
#define SAMPLES_SCALE_MAX 6u

enum role { ROLE_VALUE, ROLE_LABEL, ROLE_SIZE, ROLE_TRIAL, ROLE_NONE };

struct reader {
	struct data_file *file;
	const struct samples_options *options;
	struct samples *samples;
	struct refusal *refusal;
	enum role roles[LIMIT_ROW_COLUMNS];
	struct slice names[LIMIT_ROW_COLUMNS]; /* empty without header */
	size_t columns;
	bool header;
	int64_t fixed_size; /* 0: a column has it, or there is none */
	bool has[ROLE_NONE];
	size_t capacity;
	size_t value_capacity;
	struct table seen; /* labels, so that one that comes back is found */
};

bool samples_are_measured(enum chart_kind kind)
{
	return kind == CHART_XBAR_R || kind == CHART_XBAR_S;
}

/* ---- Columns ---- */

static bool samples_word_is(struct slice text, const char *word)
{
	return text.len == strlen(word) &&
	       strncasecmp((const char *)text.data, word, text.len) == 0;
}

static bool samples_word_among(struct slice text, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (samples_word_is(text, *words))
			return true;
	}
	return false;
}

static enum role samples_usual_role(const struct reader *reader, size_t column)
{
	static const char *const labels[] = {"sample", "group", "subgroup", "label", NULL};
	static const char *const sizes[] = {"size", "n", "units", "inspected", NULL};
	static const char *const trials[] = {"trial", NULL};
	const struct samples_options *options = reader->options;
	struct slice name = reader->names[column];
	if (samples_word_among(name, labels))
		return options->label == NULL ? ROLE_LABEL : ROLE_NONE;
	if (samples_word_among(name, trials))
		return options->trial == NULL ? ROLE_TRIAL : ROLE_NONE;
	if (samples_are_measured(options->kind))
		return options->value == NULL ? ROLE_VALUE : ROLE_NONE;
	if (samples_word_among(name, sizes))
		return options->size == NULL ? ROLE_SIZE : ROLE_NONE;
	/* Without names the first is counted and the second its size. */
	if (!reader->header && options->size == NULL && column == 1)
		return ROLE_SIZE;
	return options->value == NULL ? ROLE_VALUE : ROLE_NONE;
}

/* "#3" or a name of the header. */
static enum ch_status samples_find_column(struct reader *reader, const char *name, enum role role)
{
	struct slice text = slice_text(name);
	uint64_t number = 0;
	if (text.len > 1 && text.data[0] == '#' &&
		text_parse_u64(slice_sub(text, 1, text.len), reader->columns, &number) == CH_OK &&
		number > 0) {
		reader->roles[number - 1] = role;
		return CH_OK;
	}
	for (size_t i = 0; reader->header && i < reader->columns; i++) {
		if (!slice_equal(reader->names[i], text))
			continue;
		reader->roles[i] = role;
		return CH_OK;
	}
	if (role == ROLE_SIZE && strcmp(name, "0") == 0)
		return refuse(reader->refusal, CH_INVALID, (struct place){1, 0},
			"a size of 0: nothing was looked at");
	return refuse(
		reader->refusal, CH_MISSING, (struct place){1, 0}, "there is no column %s", name);
}

static enum ch_status samples_take_options(struct reader *reader)
{
	const struct samples_options *options = reader->options;
	const struct {
		const char *name;
		enum role role;
	} given[] = {{options->value, ROLE_VALUE}, {options->label, ROLE_LABEL},
		{options->trial, ROLE_TRIAL}, {options->size, ROLE_SIZE}};
	uint64_t number;
	for (size_t i = 0; i < sizeof(given) / sizeof(*given); i++) {
		if (given[i].name == NULL)
			continue;
		if (given[i].role == ROLE_SIZE &&
			text_parse_u64(slice_text(given[i].name), LIMIT_CHART_TOTAL, &number) ==
				CH_OK &&
			number > 0) {
			reader->fixed_size = (int64_t)number;
			continue;
		}
		enum ch_status status = samples_find_column(reader, given[i].name, given[i].role);
		if (status != CH_OK)
			return status;
	}
	return CH_OK;
}

/* Every role is there that must be, and none twice that may not. */
static enum ch_status samples_check_roles(struct reader *reader, struct place at)
{
	static const char *const words[] = {"what is measured or counted", "the sample's name",
		"the size", "whether it is on trial"};
	bool measured = samples_are_measured(reader->options->kind);
	for (size_t i = 0; i < reader->columns; i++) {
		enum role role = reader->roles[i];
		if (role == ROLE_NONE)
			continue;
		if (reader->has[role] && !(role == ROLE_VALUE && measured))
			return refuse(reader->refusal, CH_INVALID, at,
				"two columns could be %s: name one", words[role]);
		reader->has[role] = true;
	}
	if (!reader->has[ROLE_VALUE])
		return refuse(
			reader->refusal, CH_MISSING, at, "no column is %s", words[ROLE_VALUE]);
	bool sized = reader->has[ROLE_SIZE] || reader->fixed_size > 0;
	if (!sized && !measured && reader->options->kind != CHART_C)
		return refuse(reader->refusal, CH_MISSING, at, "no column is %s", words[ROLE_SIZE]);
	return CH_OK;
}

static enum ch_status samples_take_columns(struct reader *reader, const struct data_row *row)
{
	struct decimal number;
	reader->columns = row->count;
	for (size_t i = 0; i < row->count; i++)
		reader->header =
			reader->header || number_parse(row->fields[i].text, &number) == CH_FORMAT;
	for (size_t i = 0; i < row->count; i++) {
		if (reader->header)
			reader->names[i] = row->fields[i].text;
		reader->roles[i] = samples_usual_role(reader, i);
	}
	enum ch_status status = samples_take_options(reader);
	if (status == CH_OK)
		status = samples_check_roles(reader, row->at);
	reader->samples->trial_given = reader->has[ROLE_TRIAL];
	reader->samples->labelled = reader->has[ROLE_LABEL];
	return status;
}

/* ---- Rows ---- */

static enum ch_status samples_refuse_field(struct reader *reader, enum ch_status status,
	const struct data_row *row, size_t column, const char *reason)
{
	char word[REFUSAL_WORD_BYTES];
	char name[REFUSAL_WORD_BYTES];
	const struct data_field *field = &row->fields[column];
	(void)refusal_word(field->text, word);
	(void)refusal_word(reader->names[column], name);
	return refuse(reader->refusal, status, field->at, "field %zu%s%s%s: \"%s\" %s", column + 1,
		name[0] != 0 ? " (" : "", name, name[0] != 0 ? ")" : "", word, reason);
}

static enum ch_status samples_no_memory(struct reader *reader, struct place at)
{
	return refuse(reader->refusal, CH_NOMEM, at, "out of memory");
}

static enum ch_status samples_parse_trial(
	struct reader *reader, const struct data_row *row, size_t column, bool *out_trial)
{
	static const char *const yes[] = {"true", "t", "yes", "1", NULL};
	static const char *const no[] = {"false", "f", "no", "0", NULL};
	struct slice text = row->fields[column].text;
	bool trial = samples_word_among(text, yes);
	if (!trial && !samples_word_among(text, no))
		return samples_refuse_field(
			reader, CH_FORMAT, row, column, "is neither TRUE nor FALSE");
	*out_trial = trial;
	return CH_OK;
}

static enum ch_status samples_parse_count(
	struct reader *reader, const struct data_row *row, size_t column, struct sample *sample)
{
	uint64_t count;
	enum ch_status status = text_parse_u64(row->fields[column].text, LIMIT_CHART_TOTAL, &count);
	if (status == CH_FORMAT)
		return samples_refuse_field(reader, status, row, column, "is no count");
	if (status != CH_OK)
		return samples_refuse_field(reader, CH_TOO_LARGE, row, column, "is too large");
	sample->count = (int64_t)count;
	return CH_OK;
}

/* Sizes read so far get the larger scale of this one. */
static enum ch_status samples_widen(struct reader *reader, uint32_t scale)
{
	struct samples *samples = reader->samples;
	for (; samples->unit_scale < scale; samples->unit_scale++) {
		for (size_t i = 0; i < samples->count; i++) {
			if (samples->items[i].units > LIMIT_CHART_TOTAL / 10)
				return CH_TOO_LARGE;
			samples->items[i].units *= 10;
		}
	}
	return CH_OK;
}

static enum ch_status samples_parse_size(
	struct reader *reader, const struct data_row *row, size_t column, struct sample *sample)
{
	struct decimal size = {0, 0};
	struct decimal scaled = {0, 0};
	enum ch_status status = number_parse(row->fields[column].text, &size);
	if (status == CH_FORMAT)
		return samples_refuse_field(reader, status, row, column, "is no number");
	if (status == CH_OK && size.unscaled <= 0)
		return samples_refuse_field(
			reader, CH_INVALID, row, column, "is no size: nothing was looked at");
	if (status == CH_OK && size.scale > 0 && reader->options->kind != CHART_U)
		return samples_refuse_field(
			reader, CH_INVALID, row, column, "is no whole number of units");
	if (status == CH_OK && size.scale > SAMPLES_SCALE_MAX)
		return samples_refuse_field(
			reader, CH_TOO_LARGE, row, column, "has more than 6 decimals");
	if (status == CH_OK)
		status = samples_widen(reader, size.scale);
	if (status == CH_OK)
		status = decimal_rescale(size, reader->samples->unit_scale, &scaled);
	if (status != CH_OK || scaled.unscaled > LIMIT_CHART_TOTAL)
		return samples_refuse_field(reader, CH_TOO_LARGE, row, column, "is too large");
	sample->units = scaled.unscaled;
	return CH_OK;
}

/* Values read so far get the larger scale of this one. */
static enum ch_status samples_widen_values(struct samples *samples, uint32_t scale)
{
	for (; samples->value_scale < scale; samples->value_scale++) {
		for (size_t i = 0; i < samples->value_count; i++) {
			if (llabs(samples->values[i]) > SAMPLES_VALUE_MAX / 10)
				return CH_TOO_LARGE;
			samples->values[i] *= 10;
		}
	}
	return CH_OK;
}

static enum ch_status samples_parse_value(
	struct reader *reader, const struct data_row *row, size_t column, int64_t *out_value)
{
	struct samples *samples = reader->samples;
	struct decimal value = {0, 0};
	struct decimal scaled = {0, 0};
	enum ch_status status = number_parse(row->fields[column].text, &value);
	if (status == CH_FORMAT)
		return samples_refuse_field(reader, status, row, column, "is no number");
	if (status == CH_OK)
		status = samples_widen_values(samples, value.scale);
	if (status == CH_OK)
		status = decimal_rescale(value, samples->value_scale, &scaled);
	if (status != CH_OK || scaled.unscaled > SAMPLES_VALUE_MAX ||
		scaled.unscaled < -SAMPLES_VALUE_MAX)
		return samples_refuse_field(reader, CH_TOO_LARGE, row, column,
			"and the other values have more than 16 digits between them");
	*out_value = scaled.unscaled;
	return CH_OK;
}

static enum ch_status samples_add_value(
	struct reader *reader, const struct data_row *row, size_t column, struct sample *sample)
{
	struct samples *samples = reader->samples;
	int64_t value = 0;
	enum ch_status status = samples_parse_value(reader, row, column, &value);
	if (status != CH_OK)
		return status;
	if (sample->value_count == CONSTANTS_SIZE_MAX)
		return samples_refuse_field(reader, CH_INVALID, row, column,
			"is the 26th value of its sample; 25 is the most");
	if (samples->value_count == reader->value_capacity) {
		size_t capacity = reader->value_capacity == 0 ? 256 : reader->value_capacity * 2;
		int64_t *values = realloc(samples->values, capacity * sizeof(*values));
		if (values == NULL)
			return samples_no_memory(reader, row->at);
		samples->values = values;
		reader->value_capacity = capacity;
	}
	samples->values[samples->value_count++] = value;
	sample->value_count++;
	return CH_OK;
}

static enum ch_status samples_append(
	struct reader *reader, struct sample sample, struct sample **out_sample)
{
	struct samples *samples = reader->samples;
	if (samples->count == LIMIT_CHART_POINTS)
		return refuse(reader->refusal, CH_TOO_LARGE, sample.at, "more than %u samples",
			LIMIT_CHART_POINTS);
	if (samples->count == reader->capacity) {
		size_t capacity = reader->capacity == 0 ? 64 : reader->capacity * 2;
		struct sample *items = realloc(samples->items, capacity * sizeof(*items));
		if (items == NULL)
			return samples_no_memory(reader, sample.at);
		samples->items = items;
		reader->capacity = capacity;
	}
	samples->items[samples->count] = sample;
	*out_sample = &samples->items[samples->count++];
	return CH_OK;
}

/* The sample that the row belongs to: the last one, when it names that again, else a new one. */
static enum ch_status samples_of_row(
	struct reader *reader, const struct data_row *row, struct sample **out_sample)
{
	struct samples *samples = reader->samples;
	struct sample fresh = {.trial = true, .at = row->at, .first_value = samples->value_count};
	struct sample *last = samples->count > 0 ? &samples->items[samples->count - 1] : NULL;
	enum ch_status status = CH_OK;
	size_t label = 0;
	for (size_t i = 0; i < row->count && status == CH_OK; i++) {
		if (reader->roles[i] == ROLE_LABEL) {
			label = i;
			fresh.label = row->fields[i].text;
		} else if (reader->roles[i] == ROLE_TRIAL) {
			status = samples_parse_trial(reader, row, i, &fresh.trial);
		}
	}
	if (status != CH_OK || !reader->has[ROLE_LABEL])
		return status != CH_OK ? status : samples_append(reader, fresh, out_sample);
	bool again = last != NULL && slice_equal(last->label, fresh.label);
	if (again && samples_are_measured(samples->kind)) {
		if (last->trial != fresh.trial)
			return samples_refuse_field(reader, CH_INVALID, row, label,
				"is on trial in one row and not in another");
		*out_sample = last;
		return CH_OK;
	}
	if (fresh.label.len == 0)
		return samples_refuse_field(reader, CH_MISSING, row, label, "names no sample");
	fresh.label = arena_copy(&samples->labels, fresh.label);
	if (fresh.label.data == NULL)
		return samples_no_memory(reader, row->at);
	/* Any value but NULL: presence is all that is asked. */
	status = table_put(&reader->seen, fresh.label, samples);
	if (status == CH_EXISTS)
		return samples_refuse_field(reader, CH_INVALID, row, label,
			"names a sample that was there before; its rows must stand together");
	if (status != CH_OK)
		return samples_no_memory(reader, row->at);
	return samples_append(reader, fresh, out_sample);
}

static enum ch_status samples_take_row(struct reader *reader, const struct data_row *row)
{
	enum chart_kind kind = reader->options->kind;
	struct sample *sample = NULL;
	size_t counted = 0;
	if (row->count != reader->columns)
		return refuse(reader->refusal, CH_FORMAT, row->at,
			"%zu fields where the first row has %zu", row->count, reader->columns);
	enum ch_status status = samples_of_row(reader, row, &sample);
	if (status != CH_OK)
		return status;
	if (!samples_are_measured(kind))
		sample->units = reader->fixed_size > 0 ? reader->fixed_size : 1;
	for (size_t i = 0; i < row->count && status == CH_OK; i++) {
		if (reader->roles[i] == ROLE_SIZE && !samples_are_measured(kind))
			status = samples_parse_size(reader, row, i, sample);
		if (reader->roles[i] != ROLE_VALUE)
			continue;
		counted = i;
		if (!samples_are_measured(kind))
			status = samples_parse_count(reader, row, i, sample);
		/* A sample that is short of a measurement leaves the field empty. */
		else if (row->fields[i].text.len > 0)
			status = samples_add_value(reader, row, i, sample);
	}
	if (status == CH_OK && (kind == CHART_P || kind == CHART_NP) &&
		sample->count > sample->units)
		return samples_refuse_field(
			reader, CH_INVALID, row, counted, "is more than the size of the sample");
	return status;
}

/* ---- The whole ---- */

static enum ch_status samples_check_measured(
	const struct samples *samples, struct refusal *out_refusal)
{
	for (size_t i = 0; i < samples->count; i++) {
		const struct sample *sample = &samples->items[i];
		if (sample->value_count < CONSTANTS_SIZE_MIN)
			return refuse(out_refusal, CH_INVALID, sample->at,
				"a sample of %u: it has no spread; at least 2 are needed",
				sample->value_count);
	}
	return CH_OK;
}

static enum ch_status samples_check_counted(
	const struct samples *samples, struct refusal *out_refusal)
{
	bool equal = samples->kind == CHART_NP || samples->kind == CHART_C;
	int64_t units = 0;
	int64_t count = 0;
	for (size_t i = 0; i < samples->count; i++) {
		const struct sample *sample = &samples->items[i];
		if (equal && sample->units != samples->items[0].units)
			return refuse(out_refusal, CH_INVALID, sample->at,
				"its size is not that of the first sample; a %s chart shows that",
				samples->kind == CHART_C ? "u" : "p");
		units += sample->units;
		count += sample->count;
		if (units > LIMIT_CHART_TOTAL || count > LIMIT_CHART_TOTAL)
			return refuse(out_refusal, CH_TOO_LARGE, sample->at,
				"more than %d in all samples", LIMIT_CHART_TOTAL);
	}
	return CH_OK;
}

static enum ch_status samples_check(struct samples *samples, struct refusal *out_refusal)
{
	const struct place whole = {0, 0};
	for (size_t i = 0; i < samples->count; i++)
		samples->trial_count += samples->items[i].trial;
	if (samples->count == 0)
		return refuse(out_refusal, CH_INVALID, whole, "there is no sample in it");
	if (samples->trial_count < 2)
		return refuse(out_refusal, CH_INVALID, whole,
			"%s%zu sample%s: limits need at least 2",
			samples->trial_given ? "on trial " : "", samples->trial_count,
			samples->trial_count == 1 ? "" : "s");
	return samples_are_measured(samples->kind) ? samples_check_measured(samples, out_refusal)
						   : samples_check_counted(samples, out_refusal);
}

static enum ch_status samples_read_rows(struct reader *reader)
{
	struct data_row row;
	enum ch_status status;
	while ((status = data_file_next(reader->file, &row, reader->refusal)) == CH_OK) {
		if (reader->columns == 0) {
			status = samples_take_columns(reader, &row);
			if (status != CH_OK)
				return status;
			if (reader->header)
				continue;
		}
		status = samples_take_row(reader, &row);
		if (status != CH_OK)
			return status;
	}
	return status == CH_END ? CH_OK : status;
}

enum ch_status samples_read(struct data_file *file, const struct samples_options *options,
	struct samples *out_samples, struct refusal *out_refusal)
{
	struct samples samples = {.kind = options->kind};
	enum ch_status status = CH_NOMEM;
	arena_init(&samples.labels);
	struct reader *reader = calloc(1, sizeof(*reader));
	if (reader == NULL) {
		(void)refuse(out_refusal, status, (struct place){0, 0}, "out of memory");
		goto out;
	}
	*reader = (struct reader){
		.file = file, .options = options, .samples = &samples, .refusal = out_refusal};
	status = samples_read_rows(reader);
	if (status == CH_OK)
		status = samples_check(&samples, out_refusal);
	if (status != CH_OK)
		goto out;
	*out_samples = samples;
	samples = (struct samples){0};
out:
	if (reader != NULL)
		table_fini(&reader->seen);
	free(reader);
	samples_fini(&samples);
	return status;
}

void samples_fini(struct samples *samples)
{
	free(samples->items);
	free(samples->values);
	arena_fini(&samples->labels);
	*samples = (struct samples){0};
}
