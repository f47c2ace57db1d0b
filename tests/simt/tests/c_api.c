/* The API half of the headers is C11. */
#include <cublasLt.h>
#include <cuda_runtime.h>
#include <simt/simt.h>

int device_count_from_c(void);

int device_count_from_c(void)
{
    int count = -1;
    return cudaGetDeviceCount(&count) == cudaSuccess ? count : -1;
}
