/* Normal numbers in double from Philox's words, by Box and Muller's method. */
#include "core/random.h"

#include <math.h>

static void box_muller(uint32_t x, uint32_t y, double *sine, double *cosine)
{
    const double two_pi = 6.283185307179586476925286766559;
    const double u = (double)x * 0x1p-32 + 0x1p-33;
    const double v = ((double)y * 0x1p-32 + 0x1p-33) * two_pi;
    const double radius = sqrt(-2.0 * log(u));
    *sine = radius * sin(v);
    *cosine = radius * cos(v);
}

void vae_random_normal4(uint64_t seed, uint32_t stream, uint64_t step, uint64_t block, double normal[4])
{
    const vae_philox random = vae_random_block(seed, stream, step, block);
    box_muller(random.word[0], random.word[1], &normal[0], &normal[1]);
    box_muller(random.word[2], random.word[3], &normal[2], &normal[3]);
}
