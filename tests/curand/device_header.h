/* What cuRAND's device functions give, to be called from C. */
#ifndef VAE_TEST_DEVICE_HEADER_H
#define VAE_TEST_DEVICE_HEADER_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* curand4() and curand_normal4() right after curand_init(seed, subsequence, offset). */
void device_words(uint64_t seed, uint64_t subsequence, uint64_t offset, uint32_t words[4]);
void device_normals(uint64_t seed, uint64_t subsequence, uint64_t offset, float normals[4]);
/* Without curand_init: cuRAND's ten rounds of a counter and a key. */
void device_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t words[4]);
float device_uniform(uint32_t word);

#ifdef __cplusplus
}
#endif
#endif
