# tests/*/test_*.c are Criterion programs, tests/*/test_*.sh and .py scripts; each is one ctest entry, run from the
# project's root. VAE_PROGRAM names the program under test.
#   VAE_TESTS=AUTO (the default)  builds those for which everything is there, and says which are left out
#   VAE_TESTS=ON                  fails if anything that they need is missing
#   VAE_TESTS=OFF                 leaves all of them out
set(VAE_TESTS AUTO CACHE STRING "Tests: AUTO, ON or OFF")
set_property(CACHE VAE_TESTS PROPERTY STRINGS AUTO ON OFF)
if(NOT VAE_TESTS)
  message(STATUS "Tests: left out (VAE_TESTS=OFF)")
  return()
endif()

# Says that `tests` are left out, as there is no `thing`, and `how` to get it; with VAE_TESTS=ON that is an error.
function(vae_leave_out tests thing how)
  if(VAE_TESTS STREQUAL AUTO)
    message(STATUS "${tests}: left out, as there is no ${thing}; ${how}")
  else()
    message(FATAL_ERROR "VAE_TESTS=${VAE_TESTS}, but there is no ${thing}; ${how}. VAE_TESTS=AUTO leaves out what needs it")
  endif()
endfunction()
set(VAE_TEST_PACKAGES "scripts/install-dependencies --test installs it")

pkg_check_modules(CRITERION QUIET IMPORTED_TARGET criterion)
find_package(Python3 QUIET COMPONENTS Interpreter)
if(NOT CRITERION_FOUND)
  vae_leave_out("Tests" "Criterion" "${VAE_TEST_PACKAGES}")
  return()
elseif(NOT Python3_FOUND)
  vae_leave_out("Tests" "Python 3" "${VAE_TEST_PACKAGES}")
  return()
endif()
enable_testing()

# Tests take longer to compile than to run: this halves it.
add_compile_options($<$<COMPILE_LANGUAGE:C,CXX>:-O1>)

# What test_onnx_ops.py runs.
add_executable(onnx_cases tests/onnx/write_cases.c)
target_link_libraries(onnx_cases PRIVATE vae_static)
# What test_drawings_python.py runs.
add_executable(write_drawings tests/cli/write_drawings.c)
target_link_libraries(write_drawings PRIVATE vae_static)
# What test_sound_python.py runs.
add_executable(write_sound tests/cli/write_sound.c)
target_link_libraries(write_sound PRIVATE vae_static)
# What test_music_python.py runs.
add_executable(write_music tests/cli/write_music.c)
target_link_libraries(write_music PRIVATE vae_static)
add_executable(onnx_recurrent tests/onnx/write_recurrent.c) # and what test_onnx_recurrent.py does
target_link_libraries(onnx_recurrent PRIVATE vae_static PkgConfig::CRITERION)
target_include_directories(onnx_recurrent PRIVATE tests)
set(VAE_TEST_PYTHON ${Python3_EXECUTABLE} CACHE STRING "Python with what run-tests installs, for tests of file formats")

# What test_slow_disk preloads; without sanitizers, which want to be loaded first.
add_library(slow_disk MODULE tests/cli/slow_disk.c)
target_compile_options(slow_disk PRIVATE -fno-sanitize=all)
target_link_options(slow_disk PRIVATE -fno-sanitize=all)
target_link_libraries(slow_disk PRIVATE ${CMAKE_DL_LIBS})

# Oversubscribed OpenMP teams that spin would slow tests that run side by side.
set(VAE_TEST_ENVIRONMENT "VAE_PROGRAM=$<TARGET_FILE:vae-cuda>;VAE_TEST_PYTHON=${VAE_TEST_PYTHON};VAE_ONNX_CASES=$<TARGET_FILE:onnx_cases>;VAE_WRITE_DRAWINGS=$<TARGET_FILE:write_drawings>;VAE_WRITE_SOUND=$<TARGET_FILE:write_sound>;VAE_WRITE_MUSIC=$<TARGET_FILE:write_music>;VAE_ONNX_RECURRENT=$<TARGET_FILE:onnx_recurrent>;VAE_SLOW_DISK=$<TARGET_FILE:slow_disk>;OMP_WAIT_POLICY=passive")
if(VAE_SANITIZE)
  list(APPEND VAE_TEST_ENVIRONMENT
       "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/lsan.supp:print_suppressions=0"
       "UBSAN_OPTIONS=print_stacktrace=1")
endif()

# The program under test is vae-cuda, or VAE_TESTED_PROGRAM where that is set.
function(vae_add_test name)
  add_test(NAME ${name} COMMAND ${ARGN} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set(environment ${VAE_TEST_ENVIRONMENT})
  if(VAE_TESTED_PROGRAM)
    list(APPEND environment "VAE_PROGRAM=$<TARGET_FILE:${VAE_TESTED_PROGRAM}>")
  endif()
  set_tests_properties(${name} PROPERTIES ENVIRONMENT "${environment}" TIMEOUT 600 SKIP_RETURN_CODE 77)
  if(VAE_SANITIZE)
    # Criterion passes a test whose process reports a leak when it ends.
    set_tests_properties(${name} PROPERTIES FAIL_REGULAR_EXPRESSION "LeakSanitizer: detected memory leaks")
  endif()
endfunction()

file(GLOB VAE_TEST_PROGRAMS CONFIGURE_DEPENDS tests/*/test_*.c)
list(FILTER VAE_TEST_PROGRAMS EXCLUDE REGEX "tests/(cuda|simt)/") # folders of their own
foreach(source ${VAE_TEST_PROGRAMS})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE vae_static PkgConfig::CRITERION)
  target_include_directories(${name} PRIVATE tests)
  add_dependencies(${name} vae-cuda)
  vae_add_test(${name} ${name})
endforeach()
add_dependencies(test_slow_disk slow_disk)
target_sources(test_parity PRIVATE tests/parity/precision.c)

file(GLOB VAE_TEST_SCRIPTS CONFIGURE_DEPENDS tests/*/test_*.sh tests/*/test_*.py)
list(FILTER VAE_TEST_SCRIPTS EXCLUDE REGEX "tests/(cuda|simt)/")
if(VAE_SANITIZE)
  # Tests of shell scripts run nothing that was built.
  list(FILTER VAE_TEST_SCRIPTS EXCLUDE REGEX "test_(get_data|gpu_script)\\.sh$")
  message(STATUS "Tests of shell scripts alone: left to builds without sanitizers")
endif()
foreach(source ${VAE_TEST_SCRIPTS})
  get_filename_component(name ${source} NAME_WE)
  if(source MATCHES "\\.py$")
    vae_add_test(${name} ${VAE_TEST_PYTHON} ${source})
  else()
    vae_add_test(${name} bash ${source})
  endif()
endforeach()

add_subdirectory(tests/cublaslt)

# cuRAND's own values, where the toolkit is there; it says whether the test is on.
add_subdirectory(tests/curand)
include(cmake/simt.cmake)

# The parity tests on a real GPU. Without one they are skipped, and say so; with VAE_REQUIRE_GPU=1 they fail.
if(VAE_CUDA_ENABLED)
  foreach(name test_parity test_parity_data test_parity_likelihoods)
    string(REPLACE test_parity test_parity_cuda cuda_name ${name})
    add_executable(${cuda_name} tests/parity/${name}.c tests/parity/gpu_main.c)
    target_compile_definitions(${cuda_name} PRIVATE VAE_TEST_BACKEND=vae_backend_cuda VAE_TEST_CUDA=1)
    target_include_directories(${cuda_name} PRIVATE tests src/kernels)
    target_include_directories(${cuda_name} SYSTEM PRIVATE ${CUDAToolkit_INCLUDE_DIRS})
    target_link_libraries(${cuda_name} PRIVATE vae_static PkgConfig::CRITERION)
    vae_add_test(${cuda_name} ${cuda_name})
    vae_install_program(${cuda_name} parity EXCLUDE_FROM_ALL)
  endforeach()
  target_sources(test_parity_cuda PRIVATE tests/parity/precision.c)
endif()
