# cmake --install: the program, libvae static and shared, include/vae, vae.pc, the CMake package `vae` and the configurations.
# The components `bundle` and `parity` are for builds that travel, which scripts/make-bundle and cpack -G TXZ make.
include(CMakePackageConfigHelpers)

# Libraries are found beside the program wherever the tree lies. RPATH, not RUNPATH: it holds for the libraries' own
# libraries too.
set(VAE_DATA_DIR ${CMAKE_INSTALL_DATAROOTDIR}/vae-cuda)
set_target_properties(vae_shared PROPERTIES INSTALL_RPATH $ORIGIN)
target_link_options(vae_shared PRIVATE LINKER:--disable-new-dtags)
function(vae_install_program target component)
  set_target_properties(${target} PROPERTIES INSTALL_RPATH $ORIGIN/../${CMAKE_INSTALL_LIBDIR})
  target_link_options(${target} PRIVATE LINKER:--disable-new-dtags)
  install(TARGETS ${target} RUNTIME COMPONENT ${component} ${ARGN})
endfunction()

# vae::vae is the shared library, vae::vae_static the static one, which a bundle does without.
set_target_properties(vae_shared PROPERTIES EXPORT_NAME vae)
set(VAE_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/vae)
install(TARGETS vae_shared EXPORT vae-targets LIBRARY COMPONENT vae NAMELINK_COMPONENT vae)
install(EXPORT vae-targets NAMESPACE vae:: DESTINATION ${VAE_CMAKE_DIR} COMPONENT vae)
install(TARGETS vae_static EXPORT vae-static-targets ARCHIVE COMPONENT static)
install(EXPORT vae-static-targets NAMESPACE vae:: DESTINATION ${VAE_CMAKE_DIR} COMPONENT static)
install(DIRECTORY include/vae DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT vae)
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/vae-config.cmake
     "include(\${CMAKE_CURRENT_LIST_DIR}/vae-targets.cmake)\n"
     "include(\${CMAKE_CURRENT_LIST_DIR}/vae-static-targets.cmake OPTIONAL)\n")
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/vae-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/vae-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/vae-config-version.cmake
        DESTINATION ${VAE_CMAKE_DIR} COMPONENT vae)

# Relative to the file itself, so that the tree can be installed anywhere and moved.
file(RELATIVE_PATH VAE_PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/vae.pc.in vae.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/vae.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT vae)

install(DIRECTORY configs DESTINATION ${VAE_DATA_DIR} COMPONENT shared)
install(FILES README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT shared)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright COMPONENT shared)
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT shared)

# What else a machine needs that has nothing but glibc, and the parts of this tree that one without a clone wants.
set(VAE_FONT /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf CACHE FILEPATH "The font of a bundle's pictures")
configure_file(cmake/bundle.cmake.in bundle.cmake @ONLY)
install(SCRIPT ${CMAKE_CURRENT_BINARY_DIR}/bundle.cmake COMPONENT bundle EXCLUDE_FROM_ALL)
install(DIRECTORY configs docs DESTINATION . COMPONENT bundle EXCLUDE_FROM_ALL)
install(FILES README.md LICENSE DESTINATION . COMPONENT bundle EXCLUDE_FROM_ALL)
install(PROGRAMS scripts/get-data scripts/mnist5k_to_idx.py scripts/faces_to_npz.py DESTINATION scripts COMPONENT bundle EXCLUDE_FROM_ALL)
install(DIRECTORY bench DESTINATION . COMPONENT parity EXCLUDE_FROM_ALL USE_SOURCE_PERMISSIONS
        PATTERN .venv EXCLUDE PATTERN __pycache__ EXCLUDE)
