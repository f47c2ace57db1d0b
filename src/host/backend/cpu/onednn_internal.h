/* What the files that call oneDNN share: onednn.c, with products, and onednn_convolution.c. */
#ifndef VAE_BACKEND_CPU_ONEDNN_INTERNAL_H
#define VAE_BACKEND_CPU_ONEDNN_INTERNAL_H

#include <oneapi/dnnl/dnnl.h>

#include "backend/cpu/onednn.h"

struct vae_onednn {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
};

/* An object in 2.x, a handle in 3.x. */
typedef dnnl_memory_desc_t vae_onednn_descriptor;

/* A message that names the call and its status. */
vae_status vae_onednn_check(dnnl_status_t status, const char *call);
#define DNNL_TRY(call) VAE_TRY(vae_onednn_check((call), #call))

void vae_onednn_forget(vae_onednn_descriptor *d);
vae_status vae_onednn_append_activation(dnnl_post_ops_t ops, vae_activation activation);

#endif
