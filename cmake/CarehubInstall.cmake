# What is installed beside programs, libraries and headers, which their own folders install: manual pages,
# documentation, sample configurations and systemd's units.

install(FILES LICENSE README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} PATTERN man EXCLUDE)
install(FILES deploy/systemd/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR}/deploy/systemd)
install(FILES docs/man/carehub.1 docs/man/carehub-callcenter.1 docs/man/carehub-conform.1
	docs/man/carehub-fakehub.1 docs/man/carehub-marketing.1 docs/man/carehub-parts.1 docs/man/carehub-pos.1
	docs/man/carehub-quality.1 docs/man/carehub-repair.1 docs/man/carehub-website.1
	DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES docs/man/carehubd.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
install(DIRECTORY deploy/systemd/ DESTINATION ${CMAKE_INSTALL_DATADIR}/carehub/config
	FILES_MATCHING PATTERN "*.conf")

# Units stand where systemd looks, below /usr and below /usr/local, and name the programs where they are.
install(DIRECTORY deploy/systemd/ DESTINATION lib/systemd/system FILES_MATCHING PATTERN "*.service")
file(GLOB units RELATIVE ${CMAKE_SOURCE_DIR}/deploy/systemd CONFIGURE_DEPENDS deploy/systemd/*.service)
install(CODE "set(units ${units})")
install(CODE [[
	foreach(name ${units})
		set(unit "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/lib/systemd/system/${name}")
		file(READ ${unit} text)
		string(REPLACE "/usr/bin/carehub" "${CMAKE_INSTALL_PREFIX}/bin/carehub" text "${text}")
		file(WRITE ${unit} "${text}")
	endforeach()
]])

# Of the pkg-config files: they hold wherever the tree is installed or moved to.
file(RELATIVE_PATH prefix_from_here /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" prefix_from_here "${prefix_from_here}")
