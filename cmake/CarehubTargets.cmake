# How every target of the tree is built: one place for the language, the warnings, the sanitizers
# and the folder that programs land in.

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g")

add_compile_definitions(_GNU_SOURCE CAREHUB_VERSION="${PROJECT_VERSION}")
if(CH_FAULTS)
	add_compile_definitions(CH_FAULTS)
endif()
if(CH_SANITIZE)
	add_compile_options(-fsanitize=${CH_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
	add_link_options(-fsanitize=${CH_SANITIZE})
endif()
if(CH_FUZZ)
	add_compile_options(-fsanitize=fuzzer-no-link)
endif()
find_package(Threads REQUIRED)

set(CH_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wcast-qual -Wwrite-strings
	-Wformat=2 -Wvla)
set(CH_WARNINGS_C -Wstrict-prototypes -Wmissing-prototypes)
if(CMAKE_C_COMPILER_ID MATCHES Clang)
	# protobuf-c's __INIT macros cast const away, and clang, unlike gcc, warns of it in a system macro.
	list(APPEND CH_WARNINGS -Wno-cast-qual)
endif()
if(CH_WERROR)
	list(APPEND CH_WARNINGS -Werror)
endif()

function(ch_strict target)
	target_compile_options(${target} PRIVATE ${CH_WARNINGS}
		$<$<COMPILE_LANGUAGE:C>:${CH_WARNINGS_C}>)
endfunction()

# ch_library(base SOURCES a.c b.c LINKS x y): the static library ch_base, seen by others from the
# include root (hub/ or adapters/) that its folder stands in.
function(ch_library name)
	cmake_parse_arguments(ARG "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
	add_library(ch_${name} STATIC ${ARG_SOURCES})
	ch_strict(ch_${name})
	target_include_directories(ch_${name} PUBLIC ${CMAKE_SOURCE_DIR}/hub ${CMAKE_SOURCE_DIR}/adapters)
	target_link_libraries(ch_${name} PUBLIC ${ARG_LINKS} Threads::Threads PRIVATE ${ARG_PRIVATE_LINKS})
endfunction()

# ch_program(carehubd SOURCES main.c LINKS ...): a program in build/bin.
function(ch_program name)
	cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
	add_executable(${name} ${ARG_SOURCES})
	ch_strict(${name})
	target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/hub ${CMAKE_SOURCE_DIR}/adapters)
	target_link_libraries(${name} PRIVATE ${ARG_LINKS})
	install(TARGETS ${name} RUNTIME)
endfunction()

# What is worth a look by ThreadSanitizer: the target builds it, the ctest label runs it (tests/run).
add_custom_target(threads)
set(CH_TEST_ENVIRONMENT "")
if(CH_SANITIZE STREQUAL "thread")
	set(CH_TEST_ENVIRONMENT "TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/tsan.supp")
endif()

# ch_unit_test(slice base LINKS ...): tests/unit/<folder>/test_<unit>.c as the ctest unit.<folder>.<unit>.
# Every unit test runs in a fresh temporary folder that it finds in $TMPDIR.  THREADS: it has some.
function(ch_unit_test folder unit)
	cmake_parse_arguments(ARG "THREADS" "" "LINKS" ${ARGN})
	set(target test_${folder}_${unit})
	add_executable(${target} ${folder}/test_${unit}.c)
	ch_strict(${target})
	target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/hub ${CMAKE_SOURCE_DIR}/adapters
		${CMAKE_SOURCE_DIR}/tests)
	target_link_libraries(${target} PRIVATE ${ARG_LINKS} PkgConfig::cmocka)
	set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/unit)
	add_test(NAME unit.${folder}.${unit} COMMAND ${target})
	set_tests_properties(unit.${folder}.${unit} PROPERTIES LABELS unit TIMEOUT 300
		ENVIRONMENT "${CH_TEST_ENVIRONMENT}")
	if(ARG_THREADS)
		set_tests_properties(unit.${folder}.${unit} PROPERTIES LABELS "unit;threads")
		add_dependencies(threads ${target})
	endif()
endfunction()

# ch_fuzz_target(frame LINKS ...): tests/fuzz/fuzz_<name>.c.  With CH_FUZZ a libFuzzer binary; without
# it the same file is linked with a driver that runs the checked-in corpus once, so that every build
# keeps the targets honest.
#
# DECODERS a.c b.c: sources whose lines the target's corpus must reach; tests/fuzz/run proves it and
# tells the target's executions.  EXECUTIONS: how many are promised; 10 million.  LENGTH: the longest
# input that a fuzzer tries, in bytes; 512.
set(CH_FUZZ_MANIFEST ${CMAKE_BINARY_DIR}/fuzz.targets)
file(WRITE ${CH_FUZZ_MANIFEST} "")
function(ch_fuzz_target name)
	cmake_parse_arguments(ARG "" "LENGTH;EXECUTIONS" "LINKS;DECODERS" ${ARGN})
	set(target fuzz_${name})
	if(NOT ARG_LENGTH)
		set(ARG_LENGTH 512)
	endif()
	if(NOT ARG_EXECUTIONS)
		set(ARG_EXECUTIONS 10000000)
	endif()
	foreach(decoder ${ARG_DECODERS})
		if(NOT EXISTS ${CMAKE_SOURCE_DIR}/${decoder})
			message(FATAL_ERROR "fuzz target ${name}: there is no ${decoder}")
		endif()
	endforeach()
	list(JOIN ARG_DECODERS "\t" decoders)
	file(APPEND ${CH_FUZZ_MANIFEST} "${name}\t${ARG_LENGTH}\t${ARG_EXECUTIONS}\t${decoders}\n")
	if(CH_FUZZ)
		add_executable(${target} fuzz_${name}.c)
		target_compile_options(${target} PRIVATE -fsanitize=fuzzer)
		target_compile_definitions(${target} PRIVATE CH_FUZZ)
		target_link_options(${target} PRIVATE -fsanitize=fuzzer)
	else()
		add_executable(${target} fuzz_${name}.c replay_main.c)
	endif()
	ch_strict(${target})
	target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/hub ${CMAKE_SOURCE_DIR}/adapters
		${CMAKE_SOURCE_DIR}/tests)
	target_link_libraries(${target} PRIVATE ${ARG_LINKS})
	set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/fuzz)
	if(NOT CH_FUZZ)
		add_test(NAME fuzz.${name}
			COMMAND ${target} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name})
		set_tests_properties(fuzz.${name} PROPERTIES LABELS fuzz TIMEOUT 300)
	endif()
endfunction()
