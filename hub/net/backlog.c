#include "net/backlog.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/limits.h"

struct backlog {
	atomic_uint references; /* the connection, and each share */
	atomic_size_t bytes;
};

struct backlog_share {
	struct backlog *backlog;
	size_t len;
};

struct backlog *backlog_create(void)
{
	struct backlog *backlog = calloc(1, sizeof(*backlog));
	if (backlog != NULL)
		atomic_init(&backlog->references, 1);
	return backlog;
}

void backlog_release(struct backlog *backlog)
{
	if (backlog != NULL && atomic_fetch_sub(&backlog->references, 1) == 1)
		free(backlog);
}

bool backlog_has_room(const struct backlog *backlog, size_t len)
{
	return len <= BACKLOG_SMALL_BYTES || atomic_load(&backlog->bytes) < LIMIT_UNSENT_BYTES;
}

enum ch_status backlog_take(struct backlog *backlog, size_t len, struct backlog_share **out_share)
{
	struct backlog_share *share = NULL;
	if (len > BACKLOG_SMALL_BYTES) {
		share = malloc(sizeof(*share));
		if (share == NULL)
			return CH_NOMEM;
		*share = (struct backlog_share){.backlog = backlog, .len = len};
		atomic_fetch_add(&backlog->references, 1);
		atomic_fetch_add(&backlog->bytes, len);
	}
	*out_share = share;
	return CH_OK;
}

void backlog_give_back(struct backlog_share *share)
{
	if (share == NULL)
		return;
	atomic_fetch_sub(&share->backlog->bytes, share->len);
	backlog_release(share->backlog);
	free(share);
}

/* On a thread of libzmq's. */
static void backlog_left(void *data, void *hint)
{
	free(data);
	backlog_give_back(hint);
}

enum ch_status backlog_wrap(
	struct backlog_share *share, void *data, size_t len, zmq_msg_t *out_message)
{
	return zmq_msg_init_data(out_message, data, len, backlog_left, share) == 0 ? CH_OK
										   : CH_NOMEM;
}
