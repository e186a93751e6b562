#include "channel/website/chunked.h"

#define CHUNKED_DIGITS  8u /* of a size in hex */
#define CHUNKED_SKIPPED 8192u

static int chunked_hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum ch_status chunked_size(struct chunked *chunked, uint8_t c)
{
	int digit = chunked_hex(c);
	if (digit >= 0) {
		chunked->left = chunked->left * 16 + (uint64_t)digit;
		return ++chunked->digits <= CHUNKED_DIGITS ? CH_OK : CH_FORMAT;
	}
	if (chunked->digits == 0)
		return CH_FORMAT;
	if (c == '\r')
		chunked->state = CHUNKED_SIZE_LF;
	else if (c == ';' || c == ' ' || c == '\t')
		chunked->state = CHUNKED_EXTENSION;
	else
		return CH_FORMAT;
	return CH_OK;
}

/* Passes over what says nothing; `ends` is the state behind its CR. */
static enum ch_status chunked_skip(struct chunked *chunked, uint8_t c, enum chunked_state ends)
{
	if (c == '\r')
		chunked->state = ends;
	return c != '\n' && ++chunked->skipped <= CHUNKED_SKIPPED ? CH_OK : CH_FORMAT;
}

static enum ch_status chunked_expect(
	struct chunked *chunked, uint8_t c, uint8_t wanted, enum chunked_state next)
{
	chunked->state = next;
	return c == wanted ? CH_OK : CH_FORMAT;
}

/* One byte that is no data. */
static enum ch_status chunked_step(struct chunked *chunked, uint8_t c)
{
	switch (chunked->state) {
	case CHUNKED_SIZE:
		return chunked_size(chunked, c);
	case CHUNKED_EXTENSION:
		return chunked_skip(chunked, c, CHUNKED_SIZE_LF);
	case CHUNKED_SIZE_LF:
		return chunked_expect(
			chunked, c, '\n', chunked->left > 0 ? CHUNKED_DATA : CHUNKED_TRAILER);
	case CHUNKED_DATA_CR:
		return chunked_expect(chunked, c, '\r', CHUNKED_DATA_LF);
	case CHUNKED_DATA_LF:
		chunked->digits = 0;
		return chunked_expect(chunked, c, '\n', CHUNKED_SIZE);
	case CHUNKED_TRAILER:
		chunked->state = CHUNKED_TRAILER_LINE;
		return chunked_skip(chunked, c, CHUNKED_LAST_LF);
	case CHUNKED_TRAILER_LINE:
		return chunked_skip(chunked, c, CHUNKED_TRAILER_LF);
	case CHUNKED_TRAILER_LF:
		return chunked_expect(chunked, c, '\n', CHUNKED_TRAILER);
	case CHUNKED_LAST_LF:
		return chunked_expect(chunked, c, '\n', CHUNKED_DONE);
	default:
		return CH_FORMAT;
	}
}

enum ch_status chunked_take(
	struct chunked *chunked, struct slice bytes, size_t most, struct buffer *out)
{
	enum ch_status status = CH_OK;
	size_t at = 0;
	while (at < bytes.len && status == CH_OK && chunked->state != CHUNKED_DONE) {
		if (chunked->state != CHUNKED_DATA) {
			status = chunked_step(chunked, bytes.data[at++]);
			continue;
		}
		struct slice piece = slice_sub(bytes, at, (size_t)chunked->left);
		if (piece.len > most - out->len)
			return CH_TOO_LARGE;
		buffer_append_slice(out, piece);
		at += piece.len;
		chunked->left -= piece.len;
		if (chunked->left == 0)
			chunked->state = CHUNKED_DATA_CR;
	}
	if (status == CH_OK && out->status != CH_OK)
		status = out->status;
	return status == CH_OK && chunked->state == CHUNKED_DONE ? CH_END : status;
}
