#!/usr/bin/env python3
"""Every link of every page leads somewhere: to a file of the tree and, behind a #, to a heading of it.

    links.py REPOSITORY

Exit status 0, or 1 with a line for each that does not."""
import pathlib
import re
import subprocess
import sys

FENCE = re.compile(r"^```.*?^```", re.M | re.S)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def anchors(page):
    """As those who show Markdown make them of headings: small letters, without marks, - for a blank."""
    for heading in re.findall(r"^#+ (.*)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.M):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.strip())
        yield re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


def main():
    root = pathlib.Path(sys.argv[1])
    listed = subprocess.run(["git", "ls-files", "-z", "*.md"], cwd=root, capture_output=True, text=True)
    if listed.returncode != 0:
        print("this is no checkout of git")
        return 77
    broken = 0
    for page in (root / name for name in listed.stdout.split("\0") if name):
        for link in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
            path, _, anchor = link.partition("#")
            target = page.parent / path if path else page
            if re.match(r"[a-z]+:", link):
                continue
            if not target.exists() or anchor and anchor not in anchors(target):
                print(f"{page.relative_to(root)}: {link} leads nowhere")
                broken += 1
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
