# The report's page: src/host/report/page/ as C byte arrays. Scripts run in this order.
set(VAE_PAGE_FOLDER ${PROJECT_SOURCE_DIR}/src/host/report/page)
set(VAE_PAGE_NAMES page.html style.css data.js dom.js chart.js bars.js columns.js decoder.js explorer.js pictures.js sketches.js music.js sentences.js summary.js page.js)
list(TRANSFORM VAE_PAGE_NAMES PREPEND ${VAE_PAGE_FOLDER}/ OUTPUT_VARIABLE VAE_PAGE_FILES)
set(VAE_PAGE_SOURCE ${CMAKE_CURRENT_BINARY_DIR}/generated/page_files.c)
string(REPLACE ";" "," page_files_argument "${VAE_PAGE_FILES}")
add_custom_command(
  OUTPUT ${VAE_PAGE_SOURCE}
  COMMAND ${CMAKE_COMMAND} -DFILES=${page_files_argument} -DOUTPUT=${VAE_PAGE_SOURCE} -P
          ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
  DEPENDS ${VAE_PAGE_FILES} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
  COMMENT "Embedding the report's page"
  VERBATIM)
