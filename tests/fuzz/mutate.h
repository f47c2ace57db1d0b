/* Numbers of a fixed sequence, by which tests damage files: the same ones each time. */
#ifndef VAE_TEST_MUTATE_H
#define VAE_TEST_MUTATE_H

#include <stddef.h>
#include <stdint.h>

/* splitmix64 */
static inline uint64_t next_number(uint64_t *state)
{
    uint64_t mixed = *state += 0x9E3779B97F4A7C15u;
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBu;
    return mixed ^ mixed >> 31;
}

static inline size_t below(uint64_t *state, size_t limit)
{
    return (size_t)(next_number(state) % limit);
}

#endif
