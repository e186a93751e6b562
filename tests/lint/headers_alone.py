"""Every header compiles by itself: its lines need nothing that it does not include.
Usage: headers_alone.py REPOSITORY COMPILER BUILD_DIRECTORY"""
import concurrent.futures
import os
import pathlib
import subprocess
import sys


def compile_header(compiler, flags, header):
    run = subprocess.run([compiler, *flags, "-fsyntax-only", "-x", "c", str(header)],
                         capture_output=True, text=True, check=False)
    return header, run.returncode, run.stderr


def main():
    root, compiler, build = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    packages = "libprotobuf-c libzmq libuv libxml-2.0"
    found = subprocess.run(["pkg-config", "--cflags", *packages.split()],
                           capture_output=True, text=True, check=True).stdout.split()
    flags = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function",
             f"-I{root}/hub", f"-I{root}/adapters", f"-I{root}/hub/client/include",
             f"-isystem{build}/gen", *found]
    headers = [p for top in ("hub", "adapters") for p in sorted((root / top).rglob("*.h"))]
    wrong = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for header, code, errors in pool.map(
                lambda one: compile_header(compiler, flags, one), headers):
            if code != 0:
                wrong += 1
                print(f"{header.relative_to(root)} does not compile alone:\n{errors}")
    print(f"{len(headers)} headers, {wrong} wrong")
    return 1 if wrong or not headers else 0


if __name__ == "__main__":
    sys.exit(main())
