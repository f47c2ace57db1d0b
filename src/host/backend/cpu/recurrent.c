/* lstm and gru: for now the reference's kernels. */
#include "backend/cpu/device.h"

static vae_status prepare(vae_call *call)
{
    return vae_cpu_by_reference.prepare(call);
}

static vae_status run(vae_call *call)
{
    return vae_cpu_by_reference.run(call);
}

static void release(vae_call *call)
{
    vae_cpu_by_reference.release(call);
}

const vae_kernel vae_cpu_lstm = {prepare, run, release};
const vae_kernel vae_cpu_lstm_backward = {prepare, run, release};
const vae_kernel vae_cpu_gru = {prepare, run, release};
const vae_kernel vae_cpu_gru_backward = {prepare, run, release};
