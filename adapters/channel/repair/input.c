#include "channel/repair/input.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include "base/invariant.h"
#include "base/limits.h"

#define INPUT_CHUNK_BYTES (64u * 1024u)

struct input {
	int fd;              /* -1: memory */
	struct slice memory; /* what is left of it */
	uint8_t packed[INPUT_CHUNK_BYTES];
	z_stream gzip;
	bool is_gzip;
	bool in_member; /* between a member's header and its end */
	bool started;
	uint64_t unpacked_bytes;
	struct buffer window;
	size_t consumed; /* of the window, not yet moved out */
	uint64_t offset;
	enum ch_status status;
};

static enum ch_status input_create(struct input **out_input)
{
	struct input *input = calloc(1, sizeof(*input));
	if (input == NULL)
		return CH_NOMEM;
	input->fd = -1;
	buffer_init(&input->window);
	*out_input = input;
	return CH_OK;
}

enum ch_status input_open(int fd, struct input **out_input)
{
	struct stat info;
	if (fstat(fd, &info) != 0)
		return CH_IO;
	if (S_ISDIR(info.st_mode))
		return CH_INVALID;
	enum ch_status status = input_create(out_input);
	if (status == CH_OK)
		(*out_input)->fd = fd;
	return status;
}

enum ch_status input_open_bytes(struct slice bytes, struct input **out_input)
{
	enum ch_status status = input_create(out_input);
	if (status == CH_OK)
		(*out_input)->memory = bytes;
	return status;
}

void input_close(struct input *input)
{
	if (input == NULL)
		return;
	if (input->is_gzip)
		(void)inflateEnd(&input->gzip); /* only frees */
	buffer_fini(&input->window);
	free(input);
}

struct slice input_window(const struct input *input)
{
	return slice_sub(buffer_slice(&input->window), input->consumed, input->window.len);
}

uint64_t input_offset(const struct input *input)
{
	return input->offset;
}

void input_consume(struct input *input, size_t len)
{
	invariant(len <= input->window.len - input->consumed);
	input->consumed += len;
	input->offset += len;
}

/* Up to `len` stored bytes; CH_END, CH_IO. */
static enum ch_status input_read(struct input *input, uint8_t *data, size_t len, size_t *out_len)
{
	if (input->fd < 0) {
		*out_len = input->memory.len < len ? input->memory.len : len;
		if (*out_len > 0)
			memcpy(data, input->memory.data, *out_len);
		input->memory = slice_sub(input->memory, *out_len, input->memory.len);
		return *out_len > 0 ? CH_OK : CH_END;
	}
	ssize_t got;
	do {
		got = read(input->fd, data, len);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return CH_IO;
	*out_len = (size_t)got;
	return got > 0 ? CH_OK : CH_END;
}

static enum ch_status input_fill_plain(struct input *input)
{
	size_t len = 0;
	uint8_t *room = buffer_reserve(&input->window, INPUT_CHUNK_BYTES);
	if (room == NULL)
		return CH_NOMEM;
	enum ch_status status = input_read(input, room, INPUT_CHUNK_BYTES, &len);
	input->window.len -= INPUT_CHUNK_BYTES - len;
	return status;
}

/* Until at least one byte is unpacked. */
static enum ch_status input_unpack(struct input *input)
{
	z_stream *gzip = &input->gzip;
	while (gzip->avail_out == INPUT_CHUNK_BYTES) {
		if (gzip->avail_in == 0) {
			size_t len = 0;
			enum ch_status status =
				input_read(input, input->packed, sizeof(input->packed), &len);
			if (status == CH_END && input->in_member)
				return CH_CORRUPT;
			if (status != CH_OK)
				return status;
			gzip->next_in = input->packed;
			gzip->avail_in = (uInt)len;
		}
		input->in_member = true;
		int result = inflate(gzip, Z_NO_FLUSH);
		if (result == Z_MEM_ERROR)
			return CH_NOMEM;
		if (result == Z_STREAM_END) {
			input->in_member = false;
			if (inflateReset(gzip) != Z_OK)
				return CH_CORRUPT;
		} else if (result != Z_OK && result != Z_BUF_ERROR) {
			/* What this call unpacked before it met the damage is good. */
			if (gzip->avail_out == INPUT_CHUNK_BYTES)
				return CH_CORRUPT;
			input->status = CH_CORRUPT;
		}
	}
	return CH_OK;
}

static enum ch_status input_fill_gzip(struct input *input)
{
	uint8_t *room = buffer_reserve(&input->window, INPUT_CHUNK_BYTES);
	if (room == NULL)
		return CH_NOMEM;
	input->gzip.next_out = room;
	input->gzip.avail_out = INPUT_CHUNK_BYTES;
	enum ch_status status = input_unpack(input);
	input->window.len -= input->gzip.avail_out;
	input->unpacked_bytes += INPUT_CHUNK_BYTES - input->gzip.avail_out;
	if (status == CH_OK && input->unpacked_bytes > LIMIT_INFLATED_BYTES)
		status = CH_TOO_LARGE;
	return status;
}

/* The first bytes tell whether it is gzip. */
static enum ch_status input_start(struct input *input)
{
	size_t len = 0;
	size_t more = 0;
	enum ch_status status = CH_OK;
	while (len < 2 && status == CH_OK) {
		status = input_read(input, input->packed + len, sizeof(input->packed) - len, &more);
		len += status == CH_OK ? more : 0;
	}
	if (status != CH_OK && (status != CH_END || len == 0))
		return status;
	if (len < 2 || input->packed[0] != 0x1f || input->packed[1] != 0x8b) {
		buffer_append(&input->window, input->packed, len);
		return input->window.status;
	}
	if (inflateInit2(&input->gzip, 15 + 16) != Z_OK)
		return CH_NOMEM;
	input->is_gzip = true;
	input->gzip.next_in = input->packed;
	input->gzip.avail_in = (uInt)len;
	return input_fill_gzip(input);
}

enum ch_status input_fill(struct input *input)
{
	if (input->status != CH_OK)
		return input->status;
	if (input->consumed > 0) {
		size_t left = input->window.len - input->consumed;
		memmove(input->window.data, input->window.data + input->consumed, left);
		input->window.len = left;
		input->consumed = 0;
	}
	enum ch_status status;
	if (!input->started) {
		input->started = true;
		status = input_start(input);
	} else if (input->is_gzip) {
		status = input_fill_gzip(input);
	} else {
		status = input_fill_plain(input);
	}
	if (status != CH_OK)
		input->status = status;
	return status;
}
