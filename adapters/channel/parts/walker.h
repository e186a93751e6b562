/* Cuts a segment byte by byte: one in which something is released, repeated, wrapped into lines, wrong, or in
 * another charset than UTF-8.  Such are few; the others are the scanner's. */
#ifndef PARTS_WALKER_H
#define PARTS_WALKER_H

#include "channel/parts/marks.h"
#include "channel/parts/segment.h"
#include "kit/charset.h"

/* A zeroed one has no marks yet, and takes nothing beyond ASCII. */
struct walker {
	struct marks marks;
	bool special[256]; /* a mark, a line end, or no printable ASCII */
	bool wide;         /* there is something beyond ASCII, in `charset` */
	enum charset charset;
	/* Opening one costs more than a message does: each stays for the next of its charset. */
	struct charset_decoder *decoders[CHARSETS];
	struct buffer text; /* of the segment's values that are not as they stand in the window */
	struct buffer decoded; /* of one value */
};

void walker_fini(struct walker *walker);

void walker_set_marks(struct walker *walker, const struct marks *marks);

/* What bytes outside ASCII are; without, they are a flaw.  CH_NOMEM, CH_UNSUPPORTED. */
enum ch_status walker_set_charset(struct walker *walker, enum charset charset);

/* Whether text beyond ASCII lies there as it is wanted: in UTF-8, which was declared, without controls. */
bool walker_takes(const struct walker *walker, struct slice text);

/* Cuts the segment that `window` begins with; its place must be told, and values and elements are noted in it.
 * CH_OK: its bytes are *out_len and a terminator.  CH_END: the window has no terminator, or none that is not
 * released.  CH_NOMEM. */
enum ch_status walker_cut(
	struct walker *walker, struct slice window, struct segment *segment, size_t *out_len);

#endif
