# Every library is a system package; scripts/install-dependencies installs them.
find_package(PkgConfig REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS C)
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PNG REQUIRED)
find_package(JPEG REQUIRED)
find_package(GIF REQUIRED)
pkg_check_modules(WEBP REQUIRED IMPORTED_TARGET libwebpdemux libwebp)
# Debian's libtiff brings libjbig along, which is under the GPL: a build that is to be passed on whole leaves it out, and
# counts TIFF files among those that are not read.
option(VAE_TIFF "Read TIFF, by libtiff" ON)
if(VAE_TIFF)
  find_package(TIFF REQUIRED)
  set(VAE_TIFF_LIBRARY TIFF::TIFF)
  set(VAE_TIFF_INSTALL_LIBRARY "tiff;")
  set(VAE_TIFF_PKG_CONFIG " libtiff-4")
endif()
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(LIBZIP REQUIRED IMPORTED_TARGET libzip)
pkg_check_modules(EXPAT REQUIRED IMPORTED_TARGET expat)
pkg_check_modules(CAIRO REQUIRED IMPORTED_TARGET cairo-ft)
pkg_check_modules(FREETYPE REQUIRED IMPORTED_TARGET freetype2)
pkg_check_modules(PROTOBUF_C REQUIRED IMPORTED_TARGET libprotobuf-c)

# oneDNN, 2.x or 3.x; Debian's package has no pkg-config file, and its CMake package asks for OpenCL's headers.
find_path(DNNL_INCLUDE_DIR oneapi/dnnl/dnnl.h REQUIRED)
find_library(DNNL_LIBRARY dnnl REQUIRED)
