/* libphonenumber with a C face: the one place that C++ is let in. */
#ifndef CORE_PHONE_LIB_H
#define CORE_PHONE_LIB_H

#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PHONE_BYTES 40

/* E.164 with ";ext=" behind it.  `raw` is NUL-terminated; `region` is ISO 3166-1 alpha-2.  CH_INVALID,
 * CH_NOMEM.  Any thread. */
enum ch_status phone_lib_normalize(const char *raw, const char *region, char out_e164[PHONE_BYTES]);

#ifdef __cplusplus
}
#endif
#endif
