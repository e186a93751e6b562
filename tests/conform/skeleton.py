#!/usr/bin/env python3
"""A stranger's afternoon: an installed tree, `carehub new-adapter`, a build of what it wrote against what is
installed, and the conformance kit over that.

    skeleton.py BUILD COMPILER [SANITIZERS]"""
import os
import pathlib
import subprocess
import sys
import tempfile


def run(*words, **how):
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, **how)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, words))}: exit {done.returncode}\n{done.stdout}")
    return done.stdout


def main():
    build, compiler, *sanitizers = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="stranger-") as folder:
        root = pathlib.Path(folder)
        installed = root / "usr"
        run("cmake", "--install", build, "--prefix", installed)
        package, = installed.rglob("carehub-kit.pc")
        run(installed / "bin/carehub", "new-adapter", "acme", "--dir", root)
        adapter = root / "carehub-acme"
        flags = f"-Werror -fsanitize={sanitizers[0]}" if sanitizers and sanitizers[0] else "-Werror"
        environment = {**os.environ, "PKG_CONFIG_PATH": str(package.parent),
                       "CFLAGS": flags, "CC": compiler,
                       "PATH": f"{installed / 'bin'}:{os.environ['PATH']}"}
        run("cmake", "-S", adapter, "-B", adapter / "build", env=environment)
        run("cmake", "--build", adapter / "build", env=environment)
        print(run(installed / "bin/carehub-conform", "--quick", "--bin", adapter / "build",
                  adapter / "conform/acme.ini"))


if __name__ == "__main__":
    main()
