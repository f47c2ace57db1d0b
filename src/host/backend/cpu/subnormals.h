/* Subnormal numbers slow matrix products down several times on many processors, and training makes them all the time:
 * a confident black pixel's gradient is e^-90. The CPU backend computes with them flushed to zero. */
#ifndef VAE_BACKEND_CPU_SUBNORMALS_H
#define VAE_BACKEND_CPU_SUBNORMALS_H

/* Switches flushing on or off in the calling thread. */
void vae_cpu_flush_subnormals(int flush);

#endif
