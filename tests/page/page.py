"""A manager opens the page: in light and dark, on a desk and on a phone, with and without scripts, on paper.  All
figures are drawn, nothing overflows, nothing is fetched, and text from strangers stays text.

Usage: page.py [--keep DIRECTORY] COMMAND...: the command writes the page to its standard output"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from browser import Browser  # noqa: E402

# Of each canvas: whether it has a size, and how many colours stand in it.
CANVASES = """[...document.querySelectorAll('canvas')].map(canvas => {
    const seen = new Set();
    const data = canvas.width * canvas.height === 0 ? [] :
        canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    let painted = 0;
    for (let i = 0; i < data.length; i += 4)
        if (data[i + 3] > 0) { painted++; seen.add(data[i] << 16 | data[i + 1] << 8 | data[i + 2]); }
    return {width: canvas.clientWidth, painted, colours: seen.size};
})"""

OVERFLOW = """(() => {
    const wide = document.documentElement.clientWidth;
    const out = [...document.body.querySelectorAll('*')].filter(e =>
        !e.closest('.scroll table') && !e.closest('.sr') && !e.closest('.skip') && !e.closest('.symbols') &&
        e.getBoundingClientRect().right > wide + 1);
    return {wide, scroll: document.documentElement.scrollWidth,
            out: out.slice(0, 5).map(e => e.tagName + '.' + e.className)};
})()"""

# Text smaller than large needs 4.5 : 1 (WCAG 2.2, 1.4.3) against the nearest painted background.
CONTRAST = """(() => {
    const rgb = c => { const m = c.match(/[\\d.]+/g).map(Number); return m; };
    const light = c => c.slice(0, 3).map(v => (v /= 255) <= 0.04045 ? v / 12.92 :
        ((v + 0.055) / 1.055) ** 2.4).reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
    const back = e => { for (; e; e = e.parentElement) {
        const c = rgb(getComputedStyle(e).backgroundColor);
        if (c.length < 4 || c[3] > 0.99) return c; } return [255, 255, 255]; };
    const poor = new Set();
    for (const e of document.body.querySelectorAll('*')) {
        if (e.closest('svg, script, .sr') || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
            continue;
        const a = light(rgb(getComputedStyle(e).color)), b = light(back(e));
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) poor.add(e.tagName + '.' + e.className + ' ' + ratio.toFixed(2));
    }
    return [...poor];
})()"""

SIGNS = """[...document.querySelectorAll('.icon')].filter(icon =>
    icon.parentElement.textContent.trim() === '' && icon.parentElement.parentElement.textContent.trim() === '').length"""

NAMELESS = """[...document.querySelectorAll('canvas:not([aria-label]), table:not(:has(thead th[scope=col])), ' +
    'table:not(:has(tbody th[scope=row])), section:not([id]):not([aria-labelledby])')].length"""


# Tables that go on behind their edge without a word about it, or the other way round; and rows that lose their
# names when such a table is scrolled to its end.
UNHINTED = """[...document.querySelectorAll('.scroll')].filter(table =>
    (table.scrollWidth > table.clientWidth + 1) !== (table.nextElementSibling.offsetHeight > 0) &&
    table.offsetHeight > 0).map(table => table.ariaLabel)"""
NAMES_LOST = """[...document.querySelectorAll('.scroll')].filter(table => {
    table.scrollLeft = table.scrollWidth;
    const edge = table.getBoundingClientRect();
    const lost = [...table.querySelectorAll('.name')].some(name => {
        const box = name.getBoundingClientRect();
        return box.left < edge.left - 1 || box.right > edge.right + 1 ||
            (table.scrollLeft > 0 && box.width > 0.6 * edge.width);
    });
    table.scrollLeft = 0;
    return lost;
}).map(table => table.ariaLabel)"""

# Axes: a share of a whole ends at 100 %, what is counted has no half, nothing is cut off at the edge, and there is
# room below the legend.
AXES = """[...document.querySelectorAll('figure.chart')].flatMap(element => {
    const chart = Chart.getChart(element.querySelector('canvas'));
    const figure = JSON.parse(element.querySelector('script').textContent);
    const first = figure.points.map(point => point.values[0]);
    const values = figure.kind === 'pareto' ? first : figure.points.flatMap(point => point.values);
    const axis = figure.kind === 'rank' ? chart.scales.x : chart.scales.y;
    const ticks = axis.ticks.map(tick => tick.value);
    const wrong = [];
    if (figure.unit === '%' && Math.max(...values) <= 100 && axis.max > 100)
        wrong.push('beyond 100 %');
    if (figure.kind !== 'control' && figure.unit !== '%' && values.every(Number.isInteger) &&
        !ticks.every(Number.isInteger))
        wrong.push('halves');
    if (chart.data.datasets.some(set => set.type === 'line' && !(set.clip >= set.pointRadius)) &&
        figure.kind === 'pareto')
        wrong.push('cut points');
    if (chart.legend.options.display && chart.chartArea.top - chart.legend.bottom < 6)
        wrong.push('a legend at the axis');
    return wrong.map(what => figure.title + ': ' + what + ' ' + ticks);
})"""


def look(browser, page, keep, name, figures, **how):
    browser.open(page, **how)
    if keep:
        browser.picture(keep / f"{name}.png")
    complaints = browser.complaints()
    assert not complaints, (name, complaints)
    overflow = browser.evaluate(OVERFLOW)
    assert overflow["scroll"] <= overflow["wide"] and not overflow["out"], (name, overflow)
    canvases = browser.evaluate(CANVASES)
    assert len(canvases) == figures, (name, canvases)
    for canvas in canvases:
        assert canvas["width"] > 200 and canvas["painted"] > 1000 and canvas["colours"] > 8, (name, canvas)
    for what, found in (("hint", UNHINTED), ("names", NAMES_LOST), ("axes", AXES)):
        found = browser.evaluate(found)
        assert not found, (name, what, found)
    poor = browser.evaluate(CONTRAST)
    assert not poor, (name, poor)


def examine(page, keep=None):
    """Looks at a page in every way; returns how many figures it has.  Pictures go into `keep`."""
    with Browser() as browser:
        if keep:
            keep.mkdir(parents=True, exist_ok=True)
        figures = page.read_text(encoding="utf-8").count("<canvas ")
        assert figures > 0

        look(browser, page, keep, "light", figures)
        assert browser.evaluate("document.documentElement.dataset.figures") == str(figures)
        assert browser.evaluate("document.title").startswith("Service quality")
        assert browser.evaluate("document.images.length") == 0
        assert browser.evaluate(NAMELESS) == 0
        assert browser.evaluate("document.querySelectorAll('details[open]').length") == 0
        # A picture of what a reader cannot see has words; so has every sign.
        assert browser.evaluate(SIGNS) == 0
        look(browser, page, keep, "dark", figures, dark=True)
        look(browser, page, keep, "phone", figures, width=390, height=844)
        look(browser, page, keep, "phone-dark", figures, width=390, height=844, dark=True)

        # The scheme changes while it is open: figures follow.
        browser.open(page)
        before = browser.evaluate("Chart.getChart(document.querySelector('canvas')).options.scales.x.ticks.color")
        browser.look(dark=True)
        browser.evaluate("new Promise(done => setTimeout(done, 100))")
        after = browser.evaluate("Chart.getChart(document.querySelector('canvas')).options.scales.x.ticks.color")
        assert before != after, (before, after)

        # Paper is light, whatever the screen is, and has the figures.
        browser.open(page, dark=True)
        if keep:
            browser.paper(keep / "paper.pdf")
        browser.look(dark=True, media="print")
        browser.evaluate("new Promise(done => setTimeout(done, 100))")
        ink = browser.evaluate("getComputedStyle(document.body).color")
        assert ink == "rgb(23, 32, 43)", ink
        assert all(canvas["painted"] > 1000 for canvas in browser.evaluate(CANVASES))

        # Without scripts every number is there, as a table, and no empty frames.  (The policy of the
        # page is off the record here: the protocol itself still may run expressions.)
        browser.open(page, scripts=False)
        if keep:
            browser.picture(keep / "plain.png")
        tree = browser.send("DOM.getDocument", depth=-1)
        opened = browser.send("DOM.querySelectorAll", nodeId=tree["root"]["nodeId"],
                              selector="details.numbers[open] table")
        assert len(opened["nodeIds"]) == figures, opened
    return figures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        page = pathlib.Path(folder) / "page.html"
        page.write_bytes(subprocess.run(args.command, check=True, stdout=subprocess.PIPE).stdout)
        print(f"{examine(page, args.keep)} figures looked at")


if __name__ == "__main__":
    main()
