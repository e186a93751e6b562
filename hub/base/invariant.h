/* What must hold because we wrote it so.  On in release too: nothing has been acknowledged that is
 * not synced, so dying is safe and going on is not.  Never used on input. */
#ifndef BASE_INVARIANT_H
#define BASE_INVARIANT_H

_Noreturn void invariant_failed(const char *expression, const char *file, int line);

#define invariant(expression)                                                                      \
	((expression) ? (void)0 : invariant_failed(#expression, __FILE__, __LINE__))

#endif
