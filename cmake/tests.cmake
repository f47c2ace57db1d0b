# tests/*/test_*.c are Criterion programs, tests/*/test_*.sh and .py scripts; each is one ctest entry, run from the
# project's root. VAE_PROGRAM names the program under test.
pkg_check_modules(CRITERION REQUIRED IMPORTED_TARGET criterion)
find_package(Python3 COMPONENTS Interpreter REQUIRED)
set(VAE_TEST_PYTHON ${Python3_EXECUTABLE} CACHE STRING "Python with numpy and safetensors, for tests of file formats")

# Oversubscribed OpenMP teams that spin would slow tests that run side by side.
set(VAE_TEST_ENVIRONMENT "VAE_PROGRAM=$<TARGET_FILE:vae-cuda>;VAE_TEST_PYTHON=${VAE_TEST_PYTHON};OMP_WAIT_POLICY=passive")
if(VAE_SANITIZE)
  list(APPEND VAE_TEST_ENVIRONMENT
       "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/lsan.supp:print_suppressions=0"
       "UBSAN_OPTIONS=print_stacktrace=1")
endif()

function(vae_add_test name)
  add_test(NAME ${name} COMMAND ${ARGN} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES ENVIRONMENT "${VAE_TEST_ENVIRONMENT}" TIMEOUT 600
                                         SKIP_RETURN_CODE 77)
endfunction()

file(GLOB VAE_TEST_PROGRAMS CONFIGURE_DEPENDS tests/*/test_*.c)
foreach(source ${VAE_TEST_PROGRAMS})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE vae_static PkgConfig::CRITERION)
  target_include_directories(${name} PRIVATE tests)
  add_dependencies(${name} vae-cuda)
  vae_add_test(${name} ${name})
endforeach()

file(GLOB VAE_TEST_SCRIPTS CONFIGURE_DEPENDS tests/*/test_*.sh tests/*/test_*.py)
foreach(source ${VAE_TEST_SCRIPTS})
  get_filename_component(name ${source} NAME_WE)
  if(source MATCHES "\\.py$")
    vae_add_test(${name} ${VAE_TEST_PYTHON} ${source})
  else()
    vae_add_test(${name} bash ${source})
  endif()
endforeach()

# cuRAND's own values, where the toolkit is there; it says whether the test is on.
add_subdirectory(tests/curand)

# The SIMT executor, which runs CUDA kernels on the CPU.
include(CheckLanguage)
check_language(CXX)
if(CMAKE_CXX_COMPILER)
  enable_language(CXX)
  set(SIMT_TEST_ENVIRONMENT "${VAE_TEST_ENVIRONMENT}")
  add_subdirectory(tests/simt)
else()
  message(STATUS "SIMT executor and its tests: left out, as there is no C++ compiler")
endif()
