# cmake -DFILES=a,b -DOUTPUT=files.c -P embed.cmake: the table of report/page_files.h with the content of the files.
string(REPLACE "," ";" FILES "${FILES}")
set(arrays "")
set(rows "")
set(number 0)
foreach(file ${FILES})
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  get_filename_component(name ${file} NAME)
  string(APPEND arrays "static const unsigned char file_${number}[] = {${bytes}0};\n")
  string(APPEND rows "    {\"${name}\", file_${number}, sizeof file_${number} - 1},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT}
     "#include \"report/page_files.h\"\n\n${arrays}\nconst vae_page_file vae_page_files[] = {\n${rows}};\n"
     "const int vae_page_file_count = ${number};\n")
