#include "base/crc32c.h"

#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>

__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(
	uint32_t crc, const unsigned char *p, size_t len)
{
	uint64_t sum = ~crc;
	for (; len >= 8; p += 8, len -= 8) {
		uint64_t word;
		memcpy(&word, p, sizeof(word));
		sum = _mm_crc32_u64(sum, word);
	}
	uint32_t tail = (uint32_t)sum;
	for (; len > 0; p++, len--)
		tail = _mm_crc32_u8(tail, *p);
	return ~tail;
}
#endif

/* Four bits at a time: small, and only for machines without the instruction. */
static uint32_t crc32c_portable(uint32_t crc, const unsigned char *p, size_t len)
{
	static const uint32_t nibble[16] = {
		0x00000000,
		0x105ec76f,
		0x20bd8ede,
		0x30e349b1,
		0x417b1dbc,
		0x5125dad3,
		0x61c69362,
		0x7198540d,
		0x82f63b78,
		0x92a8fc17,
		0xa24bb5a6,
		0xb21572c9,
		0xc38d26c4,
		0xd3d3e1ab,
		0xe330a81a,
		0xf36e6f75,
	};
	crc = ~crc;
	for (; len > 0; p++, len--) {
		crc ^= *p;
		crc = (crc >> 4) ^ nibble[crc & 15];
		crc = (crc >> 4) ^ nibble[crc & 15];
	}
	return ~crc;
}

uint32_t crc32c(uint32_t crc, const void *data, size_t len)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("sse4.2"))
		return crc32c_sse42(crc, data, len);
#endif
	return crc32c_portable(crc, data, len);
}
