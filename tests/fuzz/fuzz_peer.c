/* A peer file as an administrator could not have written it.  It is taken or every mistake has a line
 * of its own; and what was taken gives no right that its text does not hold. */
#include "base/invariant.h"
#include "base/pattern.h"
#include "net/live.h"
#include "net/peer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void fuzz_rights(const struct peer *peer, struct slice text)
{
	for (size_t i = 0; i < peer->types.count; i++) {
		struct slice type = slice_text(peer->types.items[i]);
		invariant(pattern_fault(type) == NULL);
		invariant(pattern_covers(type, type));
		for (size_t j = 0; j < peer->sources.count; j++)
			invariant(peer_may_publish(peer, slice_text(peer->sources.items[j]),
					  type) == peer_may(peer, PEER_PRODUCER));
	}
	for (size_t i = 0; i < peer->topics.count; i++)
		invariant(peer_may_subscribe(peer, slice_text(peer->topics.items[i])) ==
			  peer_may(peer, PEER_CONSUMER));
	/* Who may have everything is who was given everything. */
	bool all = false;
	for (size_t i = 0; i < peer->topics.count; i++)
		all = all || strcmp(peer->topics.items[i], ">") == 0;
	invariant(live_may_subscribe(peer, slice_of(NULL, 0)) ==
		  (all && peer_may(peer, PEER_CONSUMER)));
	(void)live_may_subscribe(peer, text); /* must only come back */
	(void)peer_may_publish(peer, text, text);
}

/* What documents a peer's file can be read as one, and lacks what an administrator alone can say. */
static void fuzz_described(void)
{
	struct problems problems = {0};
	struct buffer text = {0};
	struct peer *peer = NULL;
	peer_describe(&text);
	invariant(peer_parse("fuzz", buffer_slice(&text), "fuzz.conf", &problems, &peer) ==
		  CH_INVALID);
	invariant(peer == NULL && problems.count > 0);
	buffer_fini(&text);
	problems_fini(&problems);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static bool begun;
	struct slice text = slice_of(data, len);
	struct problems problems = {0};
	struct buffer lines = {0};
	struct peer *peer = NULL;
	if (!begun)
		fuzz_described();
	begun = true;
	enum ch_status status = peer_parse("fuzz", text, "fuzz.conf", &problems, &peer);
	invariant((status == CH_OK) == (peer != NULL));
	invariant(problems_none(&problems) == (peer != NULL));
	problems_print(&problems, &lines);
	if (peer != NULL) {
		fuzz_rights(peer, text);
		peer_unref(peer_ref(peer));
	}
	peer_unref(peer);
	buffer_fini(&lines);
	problems_fini(&problems);
	return 0;
}
