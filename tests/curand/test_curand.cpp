// Noise is cuRAND's: the same words as its device generator at (seed, subsequence, offset) and as its host generator, and
// normals within a few float ulp.
#include <cmath>
#include <cstdio>
#include <cstdint>
#include <vector>

#include <cuda_runtime_api.h>
#include <curand.h>
#include <curand_kernel.h>

// C's compound literals are no C++, but these headers have none.
extern "C" {
#include "core/random.h"
}

static int failures;

static void expect(bool condition, const char *what, unsigned long long at)
{
    if (condition) return;
    if (failures++ < 10) std::printf("FAILED: %s at %llu\n", what, at);
}

static void check_device_words()
{
    const uint64_t seeds[] = {0, 1, 0x123456789ABCDEFu};
    for (uint64_t seed : seeds) {
        for (uint64_t step : {0ull, 7ull, 0xABCDEF012345ull}) {
            for (uint64_t block : {0ull, 1ull, 12345ull, 0x100000001ull}) {
                const uint32_t stream = 3;
                curandStatePhilox4_32_10_t state;
                curand_init(seed, (unsigned long long)stream << 48 | step, 4 * block, &state);
                const uint4 theirs = curand4(&state);
                const vae_philox ours = vae_random_block(seed, stream, step, block);
                expect(theirs.x == ours.word[0] && theirs.y == ours.word[1] && theirs.z == ours.word[2] &&
                           theirs.w == ours.word[3],
                       "device words", block);
            }
        }
    }
}

static void check_device_normals()
{
    for (uint64_t block = 0; block < 20000; ++block) {
        curandStatePhilox4_32_10_t state;
        double ours[4];
        curand_init(5, 4ull << 48 | 9, 4 * block, &state);
        const float4 normal = curand_normal4(&state);
        const float theirs[4] = {normal.x, normal.y, normal.z, normal.w};
        vae_random_normal4(5, 4, 9, block, ours);
        // cuRAND rounds the angle to float: 2^-23 of a turn's 2π, times a radius of up to six.
        for (int i = 0; i < 4; ++i) expect(std::fabs(theirs[i] - ours[i]) <= 4e-6, "device normals", 4 * block + i);
    }
}

// The host generator's word i is word i % 4 of the first block of subsequence i / 4.
static void check_host_words()
{
    enum { COUNT = 4096 };
    curandGenerator_t generator;
    std::vector<unsigned> words(COUNT);
    const bool made = curandCreateGeneratorHost(&generator, CURAND_RNG_PSEUDO_PHILOX4_32_10) == CURAND_STATUS_SUCCESS &&
                      curandSetPseudoRandomGeneratorSeed(generator, 42) == CURAND_STATUS_SUCCESS &&
                      curandGenerate(generator, words.data(), COUNT) == CURAND_STATUS_SUCCESS;
    expect(made, "host generator", 0);
    if (!made) return;
    for (uint64_t i = 0; i < COUNT; ++i) {
        const vae_philox ours = vae_random_block(42, 0, i / 4, 0);
        expect(ours.word[i % 4] == words[i], "host words", i);
    }
    curandDestroyGenerator(generator);
}

int main()
{
    check_device_words();
    check_device_normals();
    check_host_words();
    std::printf("cuRAND parity: %s\n", failures ? "FAILED" : "passed");
    return failures != 0;
}
