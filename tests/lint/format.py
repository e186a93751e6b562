"""Layout is clang-format's, so that nobody has to talk about it.  Exit 77 without clang-format.
Usage: format.py REPOSITORY"""
import pathlib
import shutil
import subprocess
import sys


def main():
    root = pathlib.Path(sys.argv[1])
    if shutil.which("clang-format") is None:
        print("clang-format is not installed")
        return 77
    files = [str(p) for top in ("hub", "adapters", "tests") for p in sorted((root / top).rglob("*"))
             if p.suffix in (".c", ".h", ".cc")]
    run = subprocess.run(["clang-format", "--dry-run", "--Werror", *files],
                         capture_output=True, text=True, check=False)
    wrong = sorted({line.split(":")[0] for line in run.stderr.splitlines() if ": error:" in line})
    for path in wrong:
        print(pathlib.Path(path).relative_to(root))
    print(f"{len(files)} files, {len(wrong)} to be formatted: clang-format -i")
    return 1 if run.returncode or not files else 0


if __name__ == "__main__":
    sys.exit(main())
