/* How a kind of file is read: the one part of a drop folder's adapter that is its own.  inbox.h makes an
 * adapter of it, translate.h the command that shows what it gives, without a hub.
 *
 * Two levels: a decoder is what all files share (settings, mappings, zones), made by whoever has the
 * settings; a reader is one file under way.  Reading a file again from its start must give the same
 * events with the same ids and digests: that is what happens to one that was half done. */
#ifndef KIT_FORMAT_H
#define KIT_FORMAT_H

#include "kit/item.h"

/* What became of one file. */
struct kit_tally {
	uint64_t events; /* that it gave */
	uint64_t accepted;
	uint64_t duplicates;
	uint64_t conflicts;
	uint64_t refused;
	uint64_t rejected; /* what was no event */
	uint64_t spooled;  /* stored on this machine, and not yet at the hub */
	bool complete;     /* it could be read to its end */
};

struct kit_format {
	/* May be NULL.  Once, before the first file: what only one process or source can have is taken here,
	 * for the adapter's open runs beside one that works.  Others than CH_OK stop the adapter.  Not called
	 * by translate. */
	enum ch_status (*start)(void *decoder);

	/* `fd` is at the file's start, is read in order, stays the caller's and lives until close; of
	 * `path` only the name may be of interest ("-": standard input).  CH_INVALID, CH_IO, CH_NOMEM
	 * and others: the file cannot be used. */
	enum ch_status (*open)(void *decoder, int fd, const char *path, void **out_reader);

	/* The next item, all but its token, origin and since; valid until the next call.  CH_END;
	 * CH_FORMAT: it could not be read to its end, and the last reject has said why; CH_IO,
	 * CH_NOMEM. */
	enum ch_status (*next)(void *reader, struct kit_item *out_item);

	/* May be NULL.  Everything that the reader gave is stored or refused, and the file is about to be
	 * moved away: the moment for an answer to whoever sent it.  May come twice for the same file,
	 * after a crash.  Others than CH_OK stop the adapter.  Not called by translate. */
	enum ch_status (*finish)(void *reader, const struct kit_tally *tally);

	void (*close)(void *reader);
};

#endif
