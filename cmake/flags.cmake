add_compile_options($<$<COMPILE_LANGUAGE:C>:-Wall> $<$<COMPILE_LANGUAGE:C>:-Wextra> $<$<COMPILE_LANGUAGE:C>:-Wconversion>)
if(VAE_WERROR)
  add_compile_options($<$<COMPILE_LANGUAGE:C,CXX>:-Werror>)
endif()
if(VAE_SANITIZE)
  # Optimised no further, with lines but no variables, as these tests take longer to compile than to run.
  # What is warned of depends on how far the compiler looks; warnings are errors in builds without sanitizers.
  set(sanitize -O1 -g1 -Wno-error -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_compile_options("$<$<COMPILE_LANGUAGE:C,CXX>:${sanitize}>")
  add_link_options(-fsanitize=address,undefined)
endif()
if(VAE_SANITIZE_THREADS)
  # libgomp's barriers are futexes that ThreadSanitizer does not see, so it would report every team: loops run on one
  # thread, and what is watched are the threads of our own. Warnings, of names that only pragmas use, are left to other
  # builds.
  set_target_properties(OpenMP::OpenMP_C PROPERTIES INTERFACE_COMPILE_OPTIONS -w)
  add_compile_options("$<$<COMPILE_LANGUAGE:C,CXX>:-fsanitize=thread>")
  add_link_options(-fsanitize=thread)
endif()
