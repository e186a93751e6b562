#include "channel/parts/sight.h"

#include <endian.h>
#include <string.h>

void sight_marks_spread(struct sight_marks *spread, const struct marks *marks)
{
	const sight_step none = {0};
	*spread = (struct sight_marks){
		.component = none + marks->component,
		.element = none + marks->element,
		.release = none + marks->release,
		.repetition = none + marks->repetition,
		.terminator = none + marks->terminator,
	};
}

typedef int8_t signed_step __attribute__((vector_size(16)));

/* A bit for each of sixteen bytes whose highest bit is set, at its place among the 64. */
static inline uint64_t step_bits(sight_step found, unsigned at)
{
#ifdef __SSE2__
	uint64_t bits =
		(uint32_t)__builtin_ia32_pmovmskb128((char __attribute__((vector_size(16))))found);
#else
	uint64_t halves[2];
	memcpy(halves, &found, sizeof(halves));
	for (int i = 0; i < 2; i++) /* eight bits, side by side in the highest byte */
		halves[i] = (le64toh(halves[i]) >> 7 & UINT64_C(0x0101010101010101)) *
				    UINT64_C(0x0102040810204080) >>
			    56;
	uint64_t bits = halves[0] | halves[1] << 8;
#endif
	return bits << at;
}

static inline void step_look(
	struct sight *sight, const uint8_t *bytes, const struct sight_marks *marks, unsigned at)
{
	sight_step step;
	memcpy(&step, bytes + at, sizeof(step));
	sight_step open = (sight_step)(step == marks->element);
	/* One more, and as signed numbers: controls, DEL and what is beyond ASCII are below the blank. */
	sight_step odd = (sight_step)((signed_step)(step + 1) < 0x21) |
			 (sight_step)(step == marks->release) |
			 (sight_step)(step == marks->repetition);
	sight->ends |= step_bits((sight_step)(step == marks->terminator), at);
	sight->opens |= step_bits(open, at);
	sight->cuts |= step_bits(open | (sight_step)(step == marks->component), at);
	sight->odd |= step_bits(odd, at);
	sight->beyond |= step_bits(step, at);
}

struct text_bits {
	uint64_t follow;  /* bytes that continue a character */
	uint64_t three;   /* bytes that begin one of three, or more */
	uint64_t strange; /* bytes that begin one which not every second byte may follow */
};

static inline void step_text(struct text_bits *text, const uint8_t *bytes, unsigned at)
{
	sight_step step;
	memcpy(&step, bytes + at, sizeof(step));
	signed_step c = (signed_step)step;
	/* 80 to BF; C2, C1, C0 and these; E0; ED; F0 and above. */
	sight_step follow = (sight_step)(c < -64);
	sight_step strange = ((sight_step)(c < -61) & ~follow) | (sight_step)(step == 0xe0) |
			     (sight_step)(step == 0xed) | (sight_step)(step >= 0xf0);
	text->follow |= step_bits(follow, at);
	text->three |= step_bits((sight_step)(step >= 0xe0), at);
	text->strange |= step_bits(strange, at);
}

static uint64_t look_doubtful(const uint8_t *bytes, uint64_t beyond)
{
	struct text_bits text = {0};
	step_text(&text, bytes, 0);
	step_text(&text, bytes, 16);
	step_text(&text, bytes, 32);
	step_text(&text, bytes, 48);
	/* A lead wants a byte that follows it, and one of three another one behind that, if there is the
	 * first: so that none reaches beyond a mark.  What follows nothing and what is not followed are doubtful
	 * alike. */
	uint64_t second = (beyond & ~text.follow) << 1;
	uint64_t third = (text.three << 1 & text.follow) << 1;
	return text.strange | (text.follow ^ (second | third));
}

struct sight sight_look(const uint8_t *bytes, const struct sight_marks *marks, bool utf8)
{
	struct sight sight = {0};
	step_look(&sight, bytes, marks, 0);
	step_look(&sight, bytes, marks, 16);
	step_look(&sight, bytes, marks, 32);
	step_look(&sight, bytes, marks, 48);
	sight.odd &= ~(sight.beyond | sight.cuts | sight.ends); /* a mark may be a control */
	sight.doubtful =
		utf8 && sight.beyond != 0 ? look_doubtful(bytes, sight.beyond) : sight.beyond;
	return sight;
}
