# Writes a C file in which each of FILES is the bytes of asset_<name>(), by NAMES ("style,script").
set(text "/* Made from files by embed.cmake when this was built. */\n#include \"module/report/asset.h\"\n")
string(REPLACE "," ";" names "${NAMES}")
foreach(name file IN ZIP_LISTS names FILES)
	file(READ ${file} bytes HEX)
	string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
	# Thirty-two a line: compilers and people dislike lines of a megabyte.
	string(REGEX REPLACE "((0x..,){32})" "\\1\n" bytes "${bytes}")
	string(APPEND text "\nstatic const uint8_t ${name}_bytes[] = {\n${bytes}\n};\n"
		"struct slice asset_${name}(void)\n{\n\treturn slice_of(${name}_bytes, sizeof(${name}_bytes));\n}\n")
endforeach()
file(WRITE ${OUTPUT} "${text}")
