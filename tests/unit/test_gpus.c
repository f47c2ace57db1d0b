/* Data sheets of GPUs: found by the names that drivers give, and no others. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

#include "backend/cuda/lowering.h"

Test(gpus, a_device_is_found_by_its_whole_name)
{
    for (int i = 0; i < vae_gpu_count; ++i) {
        char device[96];
        snprintf(device, sizeof device, "NVIDIA %s", vae_gpus[i].device);
        cr_expect_eq(vae_gpu_find(device), &vae_gpus[i], "%s", device);
    }
    cr_expect_str_eq(vae_gpu_find("NVIDIA H100 80GB HBM3")->name, "H100 SXM 80 GB");
    const char *others[] = {
        "NVIDIA A10G", "NVIDIA GeForce RTX 4090 D", "NVIDIA GeForce RTX 3090 Ti", "NVIDIA H200 NVL", "NVIDIA", ""};
    for (int i = 0; i < 6; ++i)
        cr_expect_null(vae_gpu_find(others[i]), "%s", others[i]);
}

Test(gpus, figures_are_of_the_right_order)
{
    for (int i = 0; i < vae_gpu_count; ++i) {
        const vae_gpu *gpu = &vae_gpus[i];
        cr_expect(gpu->bytes_per_second > 4e11 && gpu->bytes_per_second < 1e13, "%s", gpu->name);
        cr_expect_eq(gpu->flops_per_second[VAE_PRECISION_AUTO], gpu->flops_per_second[VAE_PRECISION_FP32]);
        cr_expect_geq(gpu->flops_per_second[VAE_PRECISION_TF32], gpu->flops_per_second[VAE_PRECISION_FP32]);
        /* Tensor cores take numbers of half the size at twice the rate. */
        const double ratio = gpu->flops_per_second[VAE_PRECISION_BF16] / gpu->flops_per_second[VAE_PRECISION_TF32];
        cr_expect_leq(fabs(ratio - 2.0), 0.05, "%s: %g", gpu->name, ratio);
    }
}

Test(gpus, the_roofline_is_the_longer_of_moving_and_computing)
{
    const vae_gpu gpu = {"", "", 1e12, {1e13, 1e13, 5e13, 1e14}};
    const vae_cost moves = {.flops = 1e6, .bytes_read = 3e6, .bytes_written = 1e6}, computes = {.flops = 1e9};
    cr_expect_float_eq(vae_gpu_roofline(&gpu, moves, VAE_PRECISION_FP32), 4e-6, 1e-15);
    cr_expect_float_eq(vae_gpu_roofline(&gpu, computes, VAE_PRECISION_FP32), 1e-4, 1e-15);
    cr_expect_float_eq(vae_gpu_roofline(&gpu, computes, VAE_PRECISION_BF16), 1e-5, 1e-15);
}
