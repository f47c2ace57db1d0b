/* The CPU backend's device. */
#ifndef VAE_BACKEND_CPU_DEVICE_H
#define VAE_BACKEND_CPU_DEVICE_H

#include "backend/cpu/isa.h"
#include "backend/cpu/onednn.h"
#include "backend/cpu/waiting.h"
#include "backend/host/engine.h"

typedef struct vae_cpu_device {
    vae_host_device host;
    const vae_cpu_isa *isa;
    vae_onednn *onednn;
    vae_waiting *waiting;                    /* NULL where there is nothing to choose */
    const vae_kernel *kernels[VAE_OP_COUNT]; /* the level's loops, what is prepared, else vae_cpu_by_reference */
} vae_cpu_device;

static inline const vae_cpu_device *vae_cpu_device_of(const vae_call *call)
{
    return (const vae_cpu_device *)call->device;
}
static inline bool vae_cpu_uses_bf16(const vae_call *call)
{
    return vae_cpu_device_of(call)->host.precision == VAE_PRECISION_BF16;
}

#define VAE_CPU_DECLARE(NAME, name) extern const vae_kernel vae_cpu_##name;
VAE_OP_PRODUCTS(VAE_CPU_DECLARE)
#undef VAE_CPU_DECLARE

/* Runs the reference's kernel of any op but `adam`, which works on the arenas. */
extern const vae_kernel vae_cpu_by_reference;

/* A layer's backward pass up to its products: d_y [rows, columns] becomes d_y ⊙ activation', and its column sums
 * d_bias. Operands as those of dense_backward. */
void vae_cpu_layer_backward(vae_call *call, int64_t rows, int64_t columns);

#endif
