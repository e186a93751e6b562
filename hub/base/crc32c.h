/* CRC-32C (Castagnoli, RFC 3720 appendix B.4), by the processor's instruction where it has one. */
#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Goes on from `crc`, which is 0 for a fresh sum.  Any thread. */
uint32_t crc32c(uint32_t crc, const void *data, size_t len);

#endif
