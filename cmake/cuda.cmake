# The CUDA backend where the toolkit is, else a CPU-only build with a line that says so.
#   VAE_CUDA=AUTO (the default)  takes the toolkit if it is found
#   VAE_CUDA=ON                  fails without it
#   VAE_CUDA=OFF                 leaves CUDA out
set(VAE_CUDA AUTO CACHE STRING "CUDA backend: AUTO, ON or OFF")
set_property(CACHE VAE_CUDA PROPERTY STRINGS AUTO ON OFF)
set(VAE_CUDA_ENABLED OFF)
file(GLOB VAE_KERNEL_SOURCES CONFIGURE_DEPENDS src/kernels/*.cu)
file(GLOB VAE_CUDA_HOST_SOURCES CONFIGURE_DEPENDS src/host/backend/cuda/*.c)
# These know no CUDA: every build can say what a GPU would run, and test how libraries are found.
file(GLOB VAE_CUDA_PLAIN_SOURCES CONFIGURE_DEPENDS src/host/backend/cuda/lowering*.c src/host/backend/cuda/cost.c
     src/host/backend/cuda/gpus.c src/host/backend/cuda/library_search.c)
list(REMOVE_ITEM VAE_CUDA_HOST_SOURCES ${VAE_CUDA_PLAIN_SOURCES})

# Tests take cuRAND from it in every build.
find_package(CUDAToolkit QUIET)
if(VAE_CUDA STREQUAL OFF)
  message(STATUS "CUDA backend: left out (VAE_CUDA=OFF)")
  return()
endif()

set(missing "")
if(NOT CUDAToolkit_FOUND)
  set(missing "no CUDA toolkit was found")
elseif(CUDAToolkit_VERSION VERSION_LESS 12)
  set(missing "the CUDA toolkit ${CUDAToolkit_VERSION} is older than 12.0")
elseif(NOT TARGET CUDA::cublasLt OR NOT TARGET CUDA::cudart_static)
  set(missing "the CUDA toolkit ${CUDAToolkit_VERSION} has no cuBLASLt or no cudart_static")
elseif(NOT CUDAToolkit_NVCC_EXECUTABLE)
  set(missing "the CUDA toolkit ${CUDAToolkit_VERSION} has no nvcc")
else()
  include(CheckLanguage)
  check_language(CXX)
  if(NOT CMAKE_CXX_COMPILER)
    set(missing "there is no C++ compiler, which nvcc needs")
  endif()
endif()
if(missing)
  if(VAE_CUDA STREQUAL ON)
    message(FATAL_ERROR "VAE_CUDA=ON, but ${missing}")
  endif()
  message(STATUS "CUDA backend: left out, as ${missing}")
  return()
endif()

# One binary for A100, H100 and B200 and their kin, and PTX for what comes later.
if(NOT CMAKE_CUDA_ARCHITECTURES)
  if(CUDAToolkit_VERSION VERSION_GREATER_EQUAL 12.8)
    set(CMAKE_CUDA_ARCHITECTURES 80-real 90-real 100)
  else()
    set(CMAKE_CUDA_ARCHITECTURES 80-real 90)
  endif()
endif()
set(CMAKE_CUDA_COMPILER ${CUDAToolkit_NVCC_EXECUTABLE})
enable_language(CUDA)
set(VAE_CUDA_ENABLED ON)
message(STATUS "CUDA backend: on, toolkit ${CUDAToolkit_VERSION}, architectures ${CMAKE_CUDA_ARCHITECTURES}")

# ptxas says what each kernel takes, and a register that spills to memory is an error.
add_library(vae_kernels OBJECT ${VAE_KERNEL_SOURCES})
target_include_directories(vae_kernels PRIVATE src/kernels src/host include)
target_compile_options(vae_kernels PRIVATE -Xptxas=-warn-spills,-warn-lmem-usage)
if(VAE_WERROR)
  target_compile_options(vae_kernels PRIVATE -Werror=all-warnings -Xptxas=-Werror)
endif()
# Joined lists of instructions have the bits of single ones, so nothing is contracted.
set_source_files_properties(src/kernels/elementwise.cu PROPERTIES COMPILE_OPTIONS --fmad=false)
set_target_properties(vae_kernels PROPERTIES CUDA_STANDARD 17 POSITION_INDEPENDENT_CODE ON
                                             CUDA_VISIBILITY_PRESET hidden)
