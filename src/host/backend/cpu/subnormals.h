/* Subnormal numbers make matrix products several times slower on many processors, and training produces them all the
 * time: the gradient of a confident black pixel is e^-90. So the CPU backend flushes them to zero. */
#ifndef VAE_BACKEND_CPU_SUBNORMALS_H
#define VAE_BACKEND_CPU_SUBNORMALS_H

/* Switches flushing on or off in the calling thread. */
void vae_cpu_flush_subnormals(int flush);

#endif
