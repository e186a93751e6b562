#include "journal/chain.h"

#include <openssl/evp.h>
#include <stdlib.h>

struct chain {
	EVP_MD *algorithm; /* fetched once: a look-up by name costs more than a short hash */
	EVP_MD_CTX *context;
};

enum ch_status chain_create(struct chain **out_chain)
{
	enum ch_status status = CH_NOMEM;
	struct chain *chain = calloc(1, sizeof(*chain));
	if (chain == NULL)
		goto out;
	chain->algorithm = EVP_MD_fetch(NULL, "SHA2-256", NULL);
	chain->context = EVP_MD_CTX_new();
	if (chain->algorithm == NULL || chain->context == NULL)
		goto out;
	*out_chain = chain;
	chain = NULL; /* the caller's now */
	status = CH_OK;
out:
	chain_free(chain);
	return status;
}

void chain_free(struct chain *chain)
{
	if (chain == NULL)
		return;
	EVP_MD_CTX_free(chain->context);
	EVP_MD_free(chain->algorithm);
	free(chain);
}

enum ch_status chain_link(struct chain *chain, uint8_t hash[JOURNAL_HASH_BYTES], struct slice bytes)
{
	uint8_t linked[EVP_MAX_MD_SIZE];
	if (EVP_DigestInit_ex2(chain->context, chain->algorithm, NULL) != 1 ||
		EVP_DigestUpdate(chain->context, hash, JOURNAL_HASH_BYTES) != 1 ||
		EVP_DigestUpdate(chain->context, bytes.data, bytes.len) != 1 ||
		EVP_DigestFinal_ex(chain->context, linked, NULL) != 1)
		return CH_NOMEM;
	memcpy(hash, linked, JOURNAL_HASH_BYTES);
	return CH_OK;
}
