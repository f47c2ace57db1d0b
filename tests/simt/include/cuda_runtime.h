/*
 * The CUDA runtime for code compiled by a host compiler: the API of cuda_runtime_api.h, and in C++ also what CUDA C
 * adds to the language, for kernels that the SIMT executor runs (see README.md).
 */
#ifndef SIMT_CUDA_RUNTIME_H
#define SIMT_CUDA_RUNTIME_H

#include "cuda_runtime_api.h"
#include "vector_functions.h"

#ifdef __cplusplus
#include "simt/device_atomics.h"
#include "simt/device_language.h"
#include "simt/device_math.h"
#include "simt/device_warp.h"
#include "simt/launch.h"
#endif

#endif
