#include "channel/website/limiter.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/table.h"

/* The bucket as one number: the time at which it will be full again.  Each visit moves it on by one
 * interval; who would move it further than `burst` intervals from now is too early. */
struct bucket {
	struct bucket *older;
	struct bucket *newer;
	int64_t full_us;
	size_t len;
	uint8_t key[LIMITER_KEY_BYTES];
};

struct limiter {
	struct table table;
	struct bucket *oldest;
	struct bucket *newest;
	size_t keys;
};

enum ch_status limiter_create(size_t keys, struct limiter **out_limiter)
{
	struct limiter *limiter = calloc(1, sizeof(*limiter));
	if (limiter == NULL)
		return CH_NOMEM;
	limiter->keys = keys;
	table_init(&limiter->table);
	*out_limiter = limiter;
	return CH_OK;
}

static void limiter_unlink(struct limiter *limiter, struct bucket *bucket)
{
	if (bucket->older != NULL)
		bucket->older->newer = bucket->newer;
	else
		limiter->oldest = bucket->newer;
	if (bucket->newer != NULL)
		bucket->newer->older = bucket->older;
	else
		limiter->newest = bucket->older;
}

static void limiter_link(struct limiter *limiter, struct bucket *bucket)
{
	bucket->older = limiter->newest;
	bucket->newer = NULL;
	if (limiter->newest != NULL)
		limiter->newest->newer = bucket;
	else
		limiter->oldest = bucket;
	limiter->newest = bucket;
}

static struct slice limiter_key(const struct bucket *bucket)
{
	return slice_of(bucket->key, bucket->len);
}

/* NULL when memory runs out. */
static struct bucket *limiter_add(struct limiter *limiter, struct slice key)
{
	struct bucket *bucket = NULL;
	if (limiter->table.count >= limiter->keys) {
		bucket = limiter->oldest;
		limiter_unlink(limiter, bucket);
		(void)table_remove(&limiter->table, limiter_key(bucket)); /* it is there */
	} else {
		bucket = malloc(sizeof(*bucket));
	}
	if (bucket == NULL)
		return NULL;
	*bucket = (struct bucket){.len = key.len};
	if (key.len > 0)
		memcpy(bucket->key, key.data, key.len);
	if (table_put(&limiter->table, limiter_key(bucket), bucket) != CH_OK) {
		free(bucket);
		return NULL;
	}
	limiter_link(limiter, bucket);
	return bucket;
}

void limiter_free(struct limiter *limiter)
{
	if (limiter == NULL)
		return;
	while (limiter->oldest != NULL) {
		struct bucket *bucket = limiter->oldest;
		limiter_unlink(limiter, bucket);
		free(bucket);
	}
	table_fini(&limiter->table);
	free(limiter);
}

/* What is longer than a bucket has room for is told by its hash. */
static struct slice limiter_fold(struct slice key, uint8_t hash[crypto_generichash_BYTES])
{
	if (key.len <= LIMITER_KEY_BYTES)
		return key;
	(void)crypto_generichash(
		hash, crypto_generichash_BYTES, key.data, key.len, NULL, 0); /* sizes are right */
	return slice_of(hash, crypto_generichash_BYTES);
}

/* When the bucket would be full again after one more visit; 0: that is too early by *out_retry_us. */
static int64_t limiter_next(const struct bucket *bucket, int64_t burst, int64_t interval_us,
	int64_t now_us, int64_t *out_retry_us)
{
	int64_t full_us = bucket->full_us > now_us ? bucket->full_us : now_us;
	full_us += interval_us;
	if (full_us - now_us <= burst * interval_us)
		return full_us;
	*out_retry_us = full_us - now_us - burst * interval_us;
	return 0;
}

bool limiter_take(struct limiter *limiter, struct slice key, int64_t burst, int64_t interval_us,
	int64_t now_us, int64_t *out_retry_us)
{
	uint8_t hash[crypto_generichash_BYTES];
	key = limiter_fold(key, hash);
	struct bucket *bucket = table_get(&limiter->table, key);
	if (bucket == NULL)
		bucket = limiter_add(limiter, key);
	if (bucket == NULL)
		return true; /* out of memory: others will say so */
	limiter_unlink(limiter, bucket);
	limiter_link(limiter, bucket);
	int64_t full_us = limiter_next(bucket, burst, interval_us, now_us, out_retry_us);
	if (full_us == 0)
		return false;
	bucket->full_us = full_us;
	return true;
}

void limiter_give_back(struct limiter *limiter, struct slice key, int64_t interval_us)
{
	uint8_t hash[crypto_generichash_BYTES];
	struct bucket *bucket = table_get(&limiter->table, limiter_fold(key, hash));
	if (bucket != NULL) /* forgotten: it is full */
		bucket->full_us -= interval_us;
}
