# libvae: everything below src/host but the program itself, built once as position-independent objects.
file(GLOB_RECURSE VAE_SOURCES CONFIGURE_DEPENDS src/host/*.c)
list(FILTER VAE_SOURCES EXCLUDE REGEX "src/host/(main.c|cli/.*|backend/cpu/isa/.*|backend/cuda/.*)$")
list(APPEND VAE_SOURCES ${VAE_CUDA_PLAIN_SOURCES})
file(GLOB VAE_ISA_SOURCES CONFIGURE_DEPENDS src/host/backend/cpu/isa/*.c)

# The SIMD loops of the cpu backend, once per instruction-set level; the program picks one when it starts.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  set(VAE_ISA_LEVELS v2 v3 v4)
  add_compile_definitions(VAE_ISA_LEVELS_X86_64=1)
else()
  set(VAE_ISA_LEVELS generic)
endif()
foreach(level ${VAE_ISA_LEVELS})
  add_library(vae_isa_${level} OBJECT ${VAE_ISA_SOURCES})
  target_include_directories(vae_isa_${level} PRIVATE include src/host)
  target_compile_definitions(vae_isa_${level} PRIVATE VAE_ISA=${level})
  target_compile_options(vae_isa_${level} PRIVATE -O3 -fno-math-errno -fno-trapping-math -ffp-contract=fast)
  if(NOT level STREQUAL generic)
    target_compile_options(vae_isa_${level} PRIVATE -march=x86-64-${level})
  endif()
  if(level STREQUAL v4)
    target_compile_options(vae_isa_${level} PRIVATE -mprefer-vector-width=512)
  endif()
  set_target_properties(vae_isa_${level} PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden)
  target_link_libraries(vae_isa_${level} PRIVATE OpenMP::OpenMP_C)
  list(APPEND VAE_ISA_OBJECTS $<TARGET_OBJECTS:vae_isa_${level}>)
endforeach()

# What knows no CUDA, and what does: tests build the latter a second time, for a GPU that is simulated.
set(VAE_REGISTRY_SOURCE ${PROJECT_SOURCE_DIR}/src/host/backend/registry.c)
list(REMOVE_ITEM VAE_SOURCES ${VAE_REGISTRY_SOURCE})
add_library(vae_objects OBJECT ${VAE_SOURCES})
add_library(vae_device_objects OBJECT ${VAE_REGISTRY_SOURCE})
set(VAE_PRIVATE_LIBRARIES OpenMP::OpenMP_C ZLIB::ZLIB PNG::PNG ${DNNL_LIBRARY} PkgConfig::INIH PkgConfig::JANSSON
    PkgConfig::CAIRO m)
if(VAE_CUDA_ENABLED)
  target_sources(vae_device_objects PRIVATE ${VAE_CUDA_HOST_SOURCES})
  # cuBLASLt is loaded when a GPU is opened.
  target_compile_definitions(vae_device_objects PRIVATE VAE_CUDA=1 VAE_CUDA_LIBRARY_DIR="${CUDAToolkit_LIBRARY_DIR}")
  target_include_directories(vae_device_objects PRIVATE src/kernels)
  target_include_directories(vae_device_objects SYSTEM PRIVATE ${CUDAToolkit_INCLUDE_DIRS})
  set(VAE_CUDA_OBJECTS $<TARGET_OBJECTS:vae_kernels>)
  set(VAE_CUDA_LIBRARIES CUDA::cudart_static ${CMAKE_DL_LIBS})
endif()
foreach(objects vae_objects vae_device_objects)
  target_include_directories(${objects} PRIVATE include src/host ${DNNL_INCLUDE_DIR})
  set_target_properties(${objects} PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden)
  target_link_libraries(${objects} PRIVATE ${VAE_PRIVATE_LIBRARIES})
endforeach()
set(VAE_LIBRARY_OBJECTS $<TARGET_OBJECTS:vae_objects> $<TARGET_OBJECTS:vae_device_objects> ${VAE_ISA_OBJECTS}
                        ${VAE_CUDA_OBJECTS})
set(VAE_CPU_LIBRARIES ${VAE_PRIVATE_LIBRARIES})
list(APPEND VAE_PRIVATE_LIBRARIES ${VAE_CUDA_LIBRARIES})

# The static library also serves the program and the tests, which see the internal headers; installed users see
# include/ alone.
add_library(vae_static STATIC ${VAE_LIBRARY_OBJECTS})
add_library(vae_shared SHARED ${VAE_LIBRARY_OBJECTS})
foreach(library vae_static vae_shared)
  target_include_directories(${library} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                                               $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  set_target_properties(${library} PROPERTIES OUTPUT_NAME vae)
endforeach()
target_include_directories(vae_static PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src/host>)
target_link_libraries(vae_static PUBLIC "$<BUILD_INTERFACE:${VAE_PRIVATE_LIBRARIES}>"
                      "$<INSTALL_INTERFACE:dnnl;cairo;png;z;inih;jansson;${OpenMP_C_LIB_NAMES};m>")
target_link_libraries(vae_shared PRIVATE ${VAE_PRIVATE_LIBRARIES})
set_target_properties(vae_shared PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
