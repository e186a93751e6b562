/* How far a source has been read for good: the newest checkpoint before which everything is settled.
 *
 * An event brings the checkpoint behind it to the hub, which keeps it with the event.  But the hub may
 * put one event off and take the next: were that one's own checkpoint kept, and the adapter then died,
 * the first would never be read again.  So an event brings its own checkpoint only when nothing is under
 * way before it, and else the newest that everything before is settled for:
 *
 *     sent       1   2   3   4   5        checkpoints c1 ... c5
 *     settled    x   x       x            4 is behind 3, which is not: the watermark stands at c2
 *     6 brings c2; when 3 is settled it stands at c4
 *
 * What is read again after a crash because of that, at most a window, the hub knows by its id. */
#ifndef KIT_WATERMARK_H
#define KIT_WATERMARK_H

#include <stdbool.h>

#include "base/slice.h"

struct watermark;
struct mark;

struct watermark *watermark_create(void); /* NULL: memory ran out */
void watermark_free(struct watermark *watermark);

/* What the next event of this source shall bring, given its own; empty: nothing.  Valid until the next call. */
struct slice watermark_cover(
	const struct watermark *watermark, struct slice source, struct slice checkpoint);

/* It is under way; `checkpoint` may be empty.  CH_NOMEM. */
enum ch_status watermark_add(struct watermark *watermark, struct slice source,
	struct slice checkpoint, struct mark **out_mark);

/* It is settled, or never was sent; the mark is gone.  NULL is fine. */
void watermark_settle(struct watermark *watermark, struct mark *mark);
void watermark_drop(struct watermark *watermark, struct mark *mark);

/* Other checkpoints went another way: those remembered mean nothing any more. */
void watermark_forget(struct watermark *watermark);

#endif
