"""The public headers suit plain C and C++, and a program needs nothing else than them and the library,
shared or static.  Usage: public_headers.py REPOSITORY BUILD_DIRECTORY C_COMPILER CXX_COMPILER SANITIZE"""
import os
import pathlib
import subprocess
import sys
import tempfile

PROGRAM = """
#include <carehub/carehub.h>
#include <stdio.h>

int main(void)
{
	struct ch_options *options = ch_options_create();
	struct ch_connection *connection = NULL;
	enum ch_status status = ch_connect(options, &connection);
	printf("%s %s: %s\\n", ch_version(), ch_status_name(status), ch_error_detail());
	ch_options_free(options);
	return status == CH_INVALID ? 0 : 1;
}
"""


def run(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **more)
    if done.returncode != 0:
        print(" ".join(map(str, command)), done.stdout, done.stderr, sep="\n")
    return done.returncode == 0


def main():
    root, build, c_compiler, cxx_compiler = (pathlib.Path(a) for a in sys.argv[1:5])
    sanitize = [f"-fsanitize={sys.argv[5]}"] if len(sys.argv) > 5 and sys.argv[5] else []
    strict = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", *sanitize]
    include = ["-I", root / "hub/client/include", "-I", build / "gen"]
    needs = subprocess.run(["pkg-config", "--libs", "libzmq", "libprotobuf-c"],
                           capture_output=True, text=True, check=True).stdout.split()
    fine = True
    with tempfile.TemporaryDirectory() as folder:
        for suffix, compiler, standard in ((".c", c_compiler, "-std=c99"),
                                           (".cc", cxx_compiler, "-std=c++11")):
            source = pathlib.Path(folder) / f"program{suffix}"
            source.write_text(PROGRAM, encoding="utf-8")
            for kind, library in (("shared", ["-L", build / "lib", "-lcarehub"]),
                                  ("static", [build / "lib/libcarehub.a", *needs, "-lpthread"])):
                program = pathlib.Path(folder) / kind
                fine &= run(compiler, standard, *strict, *include, source, "-o", program, *library)
                fine &= run(program, env={**os.environ, "LD_LIBRARY_PATH": str(build / "lib")})
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
