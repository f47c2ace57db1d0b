/* Marks functions that kernels call too. */
#ifndef VAE_CORE_HOST_DEVICE_H
#define VAE_CORE_HOST_DEVICE_H

#ifdef __CUDACC__
#define VAE_HOST_DEVICE __host__ __device__
#else
#define VAE_HOST_DEVICE
#endif

#endif
