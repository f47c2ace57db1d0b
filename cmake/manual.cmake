# What the program writes of itself: its manual page, and scripts with which shells complete its command lines.
set(VAE_SHARE ${PROJECT_BINARY_DIR}/share)
file(MAKE_DIRECTORY ${VAE_SHARE})
add_custom_command(
  OUTPUT ${VAE_SHARE}/vae-cuda.1 ${VAE_SHARE}/vae-cuda.bash ${VAE_SHARE}/_vae-cuda
  COMMAND vae-cuda manual >${VAE_SHARE}/vae-cuda.1
  COMMAND vae-cuda completion --shell bash >${VAE_SHARE}/vae-cuda.bash
  COMMAND vae-cuda completion --shell zsh >${VAE_SHARE}/_vae-cuda
  DEPENDS vae-cuda
  COMMENT "Writing the manual page and completions")
add_custom_target(vae_manual ALL DEPENDS ${VAE_SHARE}/vae-cuda.1)
install(FILES ${VAE_SHARE}/vae-cuda.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT vae)
install(FILES ${VAE_SHARE}/vae-cuda.bash DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/bash-completion/completions RENAME vae-cuda
        COMPONENT vae)
install(FILES ${VAE_SHARE}/_vae-cuda DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/zsh/site-functions COMPONENT vae)
