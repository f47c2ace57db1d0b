# cmake --install: the program, libvae static and shared, include/vae, vae.pc and the CMake package `vae`.
include(CMakePackageConfigHelpers)

install(TARGETS vae_shared vae_static EXPORT vae-targets)
install(DIRECTORY include/vae DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

# vae::vae is the shared library, vae::vae_static the static one.
set_target_properties(vae_shared PROPERTIES EXPORT_NAME vae)
set(VAE_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/vae)
install(EXPORT vae-targets NAMESPACE vae:: DESTINATION ${VAE_CMAKE_DIR})
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/vae-config.cmake "include(\${CMAKE_CURRENT_LIST_DIR}/vae-targets.cmake)\n")
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/vae-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/vae-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/vae-config-version.cmake
        DESTINATION ${VAE_CMAKE_DIR})

# Relative to the file itself, so that the tree can be installed anywhere and moved.
file(RELATIVE_PATH VAE_PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/vae.pc.in vae.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/vae.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
