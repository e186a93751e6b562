/* The one list of outcomes.  A function that can fail returns one of these; what each means for a
 * given call is said in that call's contract.  Installed for users of libcarehub. */
#ifndef CAREHUB_STATUS_H
#define CAREHUB_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define CH_PUBLIC __attribute__((visibility("default")))
#else
#define CH_PUBLIC
#endif

/* Numbers are part of the ABI and of the wire protocol: a row is added at the end, never changed. */
enum ch_status {
	CH_OK = 0,
	CH_END = 1,           /* nothing more for now: end of a scan, an empty queue              */
	CH_TIMEOUT = 2,       /* the given time passed first                                      */
	CH_NOMEM = 3,         /* memory ran out                                                   */
	CH_IO = 4,            /* a read, write or sync failed; the outcome of a write is unknown  */
	CH_FULL = 5,          /* a bound or the disk is full; try again when there is room        */
	CH_NOT_FOUND = 6,     /* no such thing                                                    */
	CH_EXISTS = 7,        /* already there                                                    */
	CH_INVALID = 8,       /* an argument or a field has a value that is not allowed           */
	CH_CORRUPT = 9,       /* stored bytes fail their check                                    */
	CH_FORMAT = 10,       /* bytes from outside cannot be read as what they claim to be       */
	CH_TOO_LARGE = 11,    /* over a bound of base/limits.h                                    */
	CH_DENIED = 12,       /* the peer has no right to this                                    */
	CH_CLOSED = 13,       /* the other side, or this handle, is closed                        */
	CH_BUSY = 14,         /* somebody else has it now                                         */
	CH_RETRY = 15,        /* refused for now; the answer says after how long                  */
	CH_DUPLICATE = 16,    /* this id with these bytes was taken before                        */
	CH_CONFLICT = 17,     /* this id was taken before with other bytes                        */
	CH_MISSING = 18,      /* a mandatory field is absent; the answer names it                 */
	CH_UNKNOWN_TYPE = 19, /* an event type that this version does not know                    */
	CH_VERSION = 20,      /* a format, schema or protocol of another version                  */
	CH_RESET = 21,        /* the position belongs to another incarnation of the journal       */
	CH_GAP = 22,          /* history between two positions is gone; the answer says which     */
	CH_FENCED = 23,       /* a newer instance of this subscription has taken over             */
	CH_UNSUPPORTED = 24,  /* understood, but not done here                                    */
	CH_INTERNAL = 25,     /* we are wrong; the log has more                                   */
};

/* A short lower-case English word for `status`: "ok", "not_found" ...; "unknown" for a stranger.
 * Constant text; any thread. */
CH_PUBLIC const char *ch_status_name(enum ch_status status);

/* One sentence for people.  Constant text; any thread. */
CH_PUBLIC const char *ch_status_text(enum ch_status status);

#ifdef __cplusplus
}
#endif
#endif
