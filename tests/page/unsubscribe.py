"""A customer opens the link "no more messages": in light and dark, on a desk and on a small phone, in both languages.
The button can be hit and reached by key, all of it can be read, nothing is fetched and the policy lets the style in.

Usage: unsubscribe.py PAGE_UNSUBSCRIBE [--keep DIRECTORY]"""
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from browser import Browser  # noqa: E402
from page import CONTRAST, OVERFLOW  # noqa: E402

PROGRAM = sys.argv[1]
KEEP = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else None
SIZES = {"desk": (1280, 800), "phone": (360, 640), "zoomed": (320, 480)}  # WCAG 2.2, 1.4.10

SEEN = """(() => {
    const main = document.querySelector('main'), button = document.querySelector('button');
    return {language: document.documentElement.lang, title: document.title,
        heading: [...document.querySelectorAll('h1')].map(h => h.textContent).join(),
        card: getComputedStyle(main).backgroundColor, ground: getComputedStyle(document.body).backgroundColor,
        button: button && button.getBoundingClientRect().height,
        from: document.querySelector('.from').textContent};
})()"""

with tempfile.TemporaryDirectory() as folder, Browser() as browser:
    subprocess.run([PROGRAM, folder], check=True)
    pages = sorted(pathlib.Path(folder).glob("*.html"))
    assert len(pages) == 14, pages
    for page in pages:
        grounds = set()
        for name, (width, height) in SIZES.items():
            for dark in (False, True):
                browser.open(page, width=width, height=height, dark=dark)
                assert browser.complaints() == [], browser.complaints()
                overflow = browser.evaluate(OVERFLOW)
                assert not overflow["out"] and overflow["scroll"] <= overflow["wide"], overflow
                assert browser.evaluate(CONTRAST) == []
                seen = browser.evaluate(SEEN)
                grounds.add((dark, seen["ground"], seen["card"]))
                assert seen["title"] == seen["heading"] != "", seen
                assert seen["from"] == "明远客户服务 <Mingyuan & Co>", seen
                assert seen["language"] == ("zh-CN" if page.stem.endswith("0") else "en"), seen
                assert seen["button"] is None or seen["button"] >= 44, seen  # a finger's width
                if KEEP:
                    browser.picture(KEEP / f"{page.stem}-{name}{'-dark' * dark}.png")
        assert len(grounds) == 2 and len({g for _, g, _ in grounds}) == 2, grounds
        if page.stem.startswith("0"):  # by key: first the button, and it can be seen that it is the one
            for kind in ("keyDown", "keyUp"):
                browser.send("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab",
                             windowsVirtualKeyCode=9)
            assert browser.evaluate("document.activeElement.tagName + ' ' + "
                                    "getComputedStyle(document.activeElement).outlineStyle") == "BUTTON solid"
    print(f"{len(pages)} pages looked at")
