/* From a program to the launches of a step: which kernels and matrix products a GPU runs, in which order, and what the
 * products' epilogues carry along. Plain C that knows no CUDA, so that `vae-cuda info --cost` counts launches anywhere,
 * and the backend runs that very list. */
#ifndef VAE_BACKEND_CUDA_LOWERING_H
#define VAE_BACKEND_CUDA_LOWERING_H

#include "backend/backend.h"
#include "backend/cuda/launch_list.h"
#include "program/grid.h"
#include "program/program.h"

/* What `auto` means on a GPU, and what a precision is called. */
vae_precision vae_cuda_precision(vae_precision precision);
const char *vae_cuda_precision_name(vae_precision precision);

/* What a launch is called: its kernel, or its op's kind. */
const char *vae_launch_name(const vae_lowering *lowering, const vae_launch *launch);
const char *vae_epilogue_name(vae_epilogue epilogue);
const char *vae_product_name(vae_product product);

vae_status vae_lowering_create(const vae_program *program, vae_lowering_options options, vae_lowering *lowering);
void vae_lowering_free(vae_lowering *lowering);

/* Where a scratch begins among them all, which lie one behind the other, and what they take; in float32. */
int64_t vae_scratch_offset(const vae_lowering *lowering, vae_tensor scratch);
int64_t vae_scratch_total(const vae_lowering *lowering);

/* The tensor whose bf16 copy a launch other than a product can write along, or VAE_NO_TENSOR: an op's kernel that of
 * its output at `place`, any other one at 0. */
vae_tensor vae_launch_shadowed(const vae_lowering *lowering, const vae_launch *launch, int place);

/* What a launch reads and writes, each operand once, and computes; begin_step and the scalars count as nothing. */
vae_cost vae_launch_cost(const vae_lowering *lowering, const vae_launch *launch);

/* What a kernel's launch asks for; of no meaning for a product. */
vae_grid vae_launch_grid(const vae_lowering *lowering, const vae_launch *launch);

/* Blocks that a kernel's launch asks for, of which a device takes as many at a time as it holds; 0 for a product, whose
 * grid is cuBLASLt's affair. */
int64_t vae_launch_blocks(const vae_lowering *lowering, const vae_launch *launch);

/* A whole step. */
typedef struct vae_step_cost {
    int32_t product_count;
    vae_cost products;    /* matrix products, with what their epilogues read and write */
    vae_cost elementwise; /* all other launches */
    /* What no implementation of this model can avoid beside its products: every other op reads and writes its own
     * operands once. Layers' biases, activations and their gradients cost nothing here, as epilogues can carry them. */
    vae_cost minimum;
    /* What fusion saved: launches, and what they would have read and written more than those that are left. */
    int32_t saved_launches;
    vae_cost saved;
} vae_step_cost;
vae_step_cost vae_lowering_cost(const vae_lowering *lowering);

/* A GPU by its data sheet: memory, and dense (not sparse) arithmetic by vae_precision; [0], auto, is fp32. */
typedef struct vae_gpu {
    const char *name;
    const char *device; /* as the driver calls it, after "NVIDIA " */
    double bytes_per_second;
    double flops_per_second[4];
} vae_gpu;
extern const vae_gpu vae_gpus[];
extern const int vae_gpu_count;

/* The one that the driver calls so, "NVIDIA H200", or NULL. */
const vae_gpu *vae_gpu_find(const char *device);
/* Seconds of so much work at the limit of memory or arithmetic, whichever is reached first. */
double vae_gpu_roofline(const vae_gpu *gpu, vae_cost cost, vae_precision precision);

/* Seconds of a step if every launch, one after the other, ran at the limit of memory or arithmetic; launches themselves
 * and caches count as nothing. */
double vae_lowering_roofline(const vae_lowering *lowering, const vae_gpu *gpu, vae_precision precision);

#endif
