/* GPUs by NVIDIA's data sheets, or copies of them. Figures "with sparsity" are halved; tensor cores of GeForce are
 * those with float32 sums. A GPU stands here only if all its figures could be looked up. */
#include <string.h>

#include "backend/cuda/lowering.h"

const vae_gpu vae_gpus[] = {
    /*                                             memory   fp32 twice        tf32     bf16 */
    {"A100 SXM 80 GB", "A100-SXM4-80GB", 2039e9, {19.5e12, 19.5e12, 156e12, 312e12}},
    {"H100 SXM 80 GB", "H100 80GB HBM3", 3350e9, {67e12, 67e12, 494.7e12, 989.4e12}},
    {"H100 PCIe", "H100 PCIe", 2000e9, {51e12, 51e12, 378e12, 756.5e12}},
    {"H200", "H200", 4800e9, {67e12, 67e12, 494.7e12, 989.4e12}},
    {"B200", "B200", 8000e9, {80e12, 80e12, 1100e12, 2250e12}},
    {"L40S", "L40S", 864e9, {91.6e12, 91.6e12, 183e12, 362.05e12}},
    {"A40", "A40", 696e9, {37.4e12, 37.4e12, 74.8e12, 149.7e12}},
    {"RTX 4090", "GeForce RTX 4090", 1008e9, {82.6e12, 82.6e12, 82.6e12, 165.2e12}},
    {"RTX 5090", "GeForce RTX 5090", 1792e9, {104.8e12, 104.8e12, 104.8e12, 209.5e12}},
};
const int vae_gpu_count = (int)(sizeof vae_gpus / sizeof *vae_gpus);

const vae_gpu *vae_gpu_find(const char *device)
{
    static const char maker[] = "NVIDIA ";
    if (strncmp(device, maker, sizeof maker - 1) == 0) device += sizeof maker - 1;
    for (int i = 0; i < vae_gpu_count; ++i) {
        if (strcmp(vae_gpus[i].device, device) == 0) return &vae_gpus[i];
    }
    return NULL;
}

double vae_gpu_roofline(const vae_gpu *gpu, vae_cost cost, vae_precision precision)
{
    const double moving = (cost.bytes_read + cost.bytes_written) / gpu->bytes_per_second;
    const double computing = cost.flops / gpu->flops_per_second[precision];
    return moving > computing ? moving : computing;
}
