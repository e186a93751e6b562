/* The hash chain through the journal: after each batch, hash = SHA-256(hash before || entries of
 * the batch).  Two journals with the same hash at the same sequence hold the same history, however
 * it is cut into segments; a stored byte that anybody changed shows from there on.
 *
 * SHA-256 and not BLAKE2b, because the chain is computed for every stored byte in the writer's
 * thread: with the processor's SHA instructions libcrypto does 2.0 GB/s where libsodium's
 * BLAKE2b does 0.7 (300 kB batches); without them the two are about equal. */
#ifndef JOURNAL_CHAIN_H
#define JOURNAL_CHAIN_H

#include "base/slice.h"
#include "journal/journal.h"

/* What a link needs to be computed; one thread at a time. */
struct chain;

/* CH_NOMEM. */
enum ch_status chain_create(struct chain **out_chain);
void chain_free(struct chain *chain);

/* hash = SHA-256(hash || bytes).  CH_NOMEM, and then `hash` is as it was. */
enum ch_status chain_link(
	struct chain *chain, uint8_t hash[JOURNAL_HASH_BYTES], struct slice bytes);

#endif
