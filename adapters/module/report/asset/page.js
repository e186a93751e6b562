// Draws the page's figures from the numbers beside them.  Without this script the same numbers stand there as
// tables.  Nothing is fetched, and nothing is written into the page as markup.
(function () {
	"use strict";
	const number = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
	const charts = [];
	const dashed = [6, 4];

	function theme() {
		const style = getComputedStyle(document.documentElement);
		const colour = (name) => style.getPropertyValue("--" + name).trim();
		return {
			ink: colour("ink"), muted: colour("muted"), rule: colour("rule"), card: colour("card"),
			shade: colour("shade"), pale: colour("pale"), good: colour("good"),
			watch: colour("watch"), bad: colour("bad"), unknown: colour("unknown"),
			series: [1, 2, 3, 4].map((i) => colour("series-" + i)),
			font: getComputedStyle(document.body).fontFamily,
		};
	}

	function withUnit(value, unit) {
		return value === null || value === undefined || Number.isNaN(value)
			? "\u2013" : number.format(value) + (unit ? " " + unit : "");
	}

	function short(label) {
		return label.length > 26 ? label.slice(0, 25) + "\u2026" : label;
	}

	// Marked points have another shape, not only another colour.
	function marks(figure, colours, plain) {
		const of = (point, marked, other) => point.state ? marked : other;
		return {
			pointStyle: figure.points.map((point) => of(point, "rectRot", "circle")),
			pointRadius: figure.points.map((point) => of(point, 7, 3)),
			pointHoverRadius: figure.points.map((point) => of(point, 9, 5)),
			pointBackgroundColor: figure.points.map((point) =>
				point.state ? colours[point.state] : plain),
			pointBorderColor: figure.points.map((point) => of(point, colours.card, plain)),
			pointBorderWidth: figure.points.map((point) => of(point, 1.5, 0)),
		};
	}

	function column(figure, at) {
		return figure.points.map((point) => point.values[at]);
	}

	function line(label, data, colour, more) {
		return Object.assign({
			type: "line", label, data, borderColor: colour, backgroundColor: colour,
			borderWidth: 2, pointRadius: 0, pointHoverRadius: 0, tension: 0, fill: false,
			clip: 10, // a point at the edge is whole
		}, more);
	}

	const kinds = {
		bar(figure, colours) {
			return figure.series.map((label, i) => ({
				label, data: column(figure, i), borderRadius: 3, maxBarThickness: 46,
				backgroundColor: figure.points.map((point) =>
					point.state ? colours[point.state] : colours.series[i]),
			}));
		},
		stack(figure, colours) {
			return figure.series.map((label, i) => ({
				label, data: column(figure, i), stack: "all", maxBarThickness: 46,
				backgroundColor: colours.series[i], borderColor: colours.card,
				borderWidth: { top: 1 },
			}));
		},
		rank(figure, colours) {
			return kinds.bar(figure, colours);
		},
		line(figure, colours) {
			return figure.series.map((label, i) => line(label, column(figure, i), colours.series[i],
				i === 0 ? marks(figure, colours, colours.series[0])
					: { pointRadius: 2, borderDash: i > 1 ? dashed : [] }));
		},
		pareto(figure, colours) {
			const before = [0].concat(column(figure, 1));
			return [
				{
					type: "bar", label: figure.series[0], data: column(figure, 0), order: 1,
					borderRadius: 3, maxBarThickness: 60,
					backgroundColor: figure.points.map((point, i) =>
						before[i] < 80 ? colours.series[0] : colours.pale),
				},
				line(figure.series[1], column(figure, 1), colours.series[1], {
					yAxisID: "share", order: 0, pointRadius: 3, pointHoverRadius: 5,
				}),
			];
		},
		control(figure, colours) {
			const limit = { borderWidth: 1.5, borderDash: dashed, stepped: "middle" };
			return [
				line(figure.series[0], column(figure, 0), colours.series[0],
					marks(figure, colours, colours.series[0])),
				line(figure.series[1], column(figure, 1), colours.muted,
					{ borderWidth: 1, stepped: "middle" }),
				line(figure.series[2], column(figure, 2), colours.series[1], limit),
				line(figure.series[3], column(figure, 3), colours.series[1], limit),
			];
		},
	};

	// What the library has no words for: behind the points, where the limits were set and the promised
	// value; at the right end, what each line is.
	const notes = (view) => ({
		id: "notes",
		beforeDatasetsDraw(chart) {
			const { figure, colours } = view;
			const area = chart.chartArea;
			const context = chart.ctx;
			const trial = figure.points.filter((point) => point.trial).length;
			context.save();
			context.font = "11px " + colours.font;
			if (figure.kind === "control" && trial > 0 && trial < figure.points.length) {
				const x = chart.scales.x;
				const right = (x.getPixelForValue(trial - 1) + x.getPixelForValue(trial)) / 2;
				context.fillStyle = colours.shade;
				context.fillRect(area.left, area.top, right - area.left, area.height);
				context.fillStyle = colours.muted;
				context.fillText("limits are set here", area.left + 6, area.top + 13,
					Math.max(0, right - area.left - 10));
			}
			if (figure.target !== null) {
				const lying = figure.kind === "rank";
				const scale = lying ? chart.scales.x : chart.scales.y;
				const at = scale.getPixelForValue(figure.target);
				context.strokeStyle = colours.ink;
				context.setLineDash(dashed);
				context.beginPath();
				context.moveTo(lying ? at : area.left, lying ? area.top : at);
				context.lineTo(lying ? at : area.right, lying ? area.bottom : at);
				context.stroke();
			}
			context.restore();
		},
		afterDatasetsDraw(chart) {
			const { figure, colours } = view;
			const area = chart.chartArea;
			const context = chart.ctx;
			const last = figure.points[figure.points.length - 1];
			const write = (words, value, colour) => {
				context.fillStyle = colour;
				context.fillText(words + " " + number.format(value), area.right + 6,
					chart.scales.y.getPixelForValue(value) + 4);
			};
			context.save();
			context.font = "11px " + colours.font;
			if (figure.kind === "control" && last) {
				write("mid", last.values[1], colours.muted);
				write("low", last.values[2], colours.series[1]);
				write("high", last.values[3], colours.series[1]);
			}
			const lying = figure.kind === "rank";
			if (figure.series.length === 1 && (lying || figure.kind === "bar")) {
				context.fillStyle = colours.ink;
				context.textAlign = lying ? "left" : "center";
				chart.getDatasetMeta(0).data.forEach((bar, i) => {
					const value = figure.points[i].values[0];
					if (value !== null)
						context.fillText(number.format(value), bar.x + (lying ? 6 : 0),
							bar.y + (lying ? 4 : -5));
				});
			}
			if (figure.target !== null && figure.targetName !== "" && !lying) {
				context.fillStyle = colours.ink;
				context.textAlign = "right";
				context.fillText(figure.targetName, area.right - 4,
					chart.scales.y.getPixelForValue(figure.target) - 5);
			}
			context.restore();
		},
	});

	function drawn(figure, series) {
		return figure.points.flatMap((point) => series === undefined ? point.values : [point.values[series]])
			.filter((value) => value !== null);
	}

	// The second series of a Pareto chart is a share, on an axis of its own.
	function counted(figure) {
		return figure.kind !== "control" && figure.unit !== "%" &&
			drawn(figure, figure.kind === "pareto" ? 0 : undefined).every(Number.isInteger);
	}

	// An axis ends where no value can be: below nought what is never less, above 100 % a share of a whole.
	function bounds(figure) {
		const values = drawn(figure);
		const least = Math.min(...values);
		const most = Math.max(...values);
		const share = figure.unit === "%" && least >= 0 && most <= 100;
		const room = 0.08 * (most - least) || 5;
		return {
			min: least >= 0 && least <= 0.1 * most ? 0 : undefined,
			max: share && most + room >= 100 ? 100 : undefined,
			suggestedMin: share && figure.kind !== "bar" ? Math.max(0, least - room) : undefined,
		};
	}

	function scales(figure, colours) {
		const lying = figure.kind === "rank";
		const ticks = { color: colours.muted, font: { size: 12 } };
		const inTime = figure.kind === "control" || figure.kind === "line";
		const names = {
			grid: { display: false, borderColor: colours.rule },
			ticks: Object.assign({
				maxRotation: inTime ? 0 : 45, autoSkipPadding: 14,
				autoSkip: inTime || (!lying && figure.points.length > 24),
				callback(value) { return short(this.getLabelForValue(value)); },
			}, ticks),
		};
		const values = Object.assign({
			beginAtZero: !inTime,
			grace: inTime ? "8%" : figure.kind === "rank" ? 0 : "6%",
			suggestedMax: figure.target === null ? undefined : figure.target,
			grid: { color: colours.rule, borderColor: colours.rule },
			ticks: Object.assign({
				maxTicksLimit: 7, callback: (value) => number.format(value),
			}, ticks),
		}, bounds(figure));
		// Of things that are counted there is no half.
		if (counted(figure))
			values.ticks.precision = 0;
		if (figure.kind === "stack") {
			names.stacked = true;
			values.stacked = true;
		}
		const both = lying ? { x: values, y: names } : { x: names, y: values };
		if (figure.kind === "pareto") {
			both.share = {
				position: "right", min: 0, max: 100, grid: { drawOnChartArea: false },
				ticks: Object.assign({ callback: (value) => value + " %", stepSize: 20 }, ticks),
			};
		}
		return both;
	}

	function tooltip(figure, colours) {
		return {
			backgroundColor: colours.ink, titleColor: colours.card, bodyColor: colours.card,
			footerColor: colours.card, padding: 10, displayColors: false,
			callbacks: {
				title: (items) => items.length > 0 ? figure.points[items[0].dataIndex].label : "",
				label: (item) => item.dataset.label + ": " +
					withUnit(item.raw, item.dataset.yAxisID === "share" ? "%" : figure.unit),
				footer: (items) =>
					items.length > 0 ? figure.points[items[0].dataIndex].why || "" : "",
			},
		};
	}

	function options(figure, colours) {
		const legend = figure.kind !== "control" && figure.series.length > 1;
		return {
			indexAxis: figure.kind === "rank" ? "y" : "x",
			animation: false, responsive: true, maintainAspectRatio: false,
			font: { family: colours.font },
			interaction: { mode: "index", intersect: false,
				axis: figure.kind === "rank" ? "y" : "x" },
			layout: { padding: { right: figure.kind === "control" ? 66 : figure.kind === "rank" ? 40 : 4,
				top: figure.kind === "bar" ? 18 : 6 } },
			scales: scales(figure, colours),
			plugins: {
				legend: { display: legend, position: "top", align: "start",
					labels: { color: colours.ink, boxWidth: 12, boxHeight: 12 } },
				// Nothing but room between the legend and the axis.
				title: { display: legend, text: "", weight: 0, font: { size: 1 }, padding: 5 },
				tooltip: tooltip(figure, colours),
			},
		};
	}

	function draw(element) {
		const figure = JSON.parse(element.querySelector("script").textContent);
		const plot = element.querySelector(".plot");
		const view = { figure, colours: theme() };
		if (figure.points.length === 0)
			return;
		element.classList.add("drawn");
		if (figure.kind === "rank")
			plot.style.height = Math.max(120, 44 + 30 * figure.points.length) + "px";
		element.querySelector(".numbers").open = false;
		view.chart = new Chart(plot.querySelector("canvas"), {
			type: "bar",
			data: {
				labels: figure.points.map((point) => point.label),
				datasets: kinds[figure.kind](figure, view.colours),
			},
			options: options(figure, view.colours),
			plugins: [notes(view)],
		});
		charts.push(view);
	}

	// Another scheme of colours, or paper: the same numbers once more.
	function again() {
		const colours = theme();
		for (const view of charts) {
			const { figure, chart } = view;
			view.colours = colours;
			chart.options = options(figure, colours);
			kinds[figure.kind](figure, colours).forEach((fresh, i) =>
				Object.assign(chart.data.datasets[i], fresh));
			chart.resize();
			chart.update("none");
		}
	}

	// Whether a table goes on behind its edge, for those who do not try.
	function hint() {
		document.querySelectorAll(".scroll").forEach((table) => {
			table.parentElement.querySelector(":scope > .sideways").hidden =
				table.scrollWidth <= table.clientWidth + 1;
		});
	}

	Chart.defaults.font.family = theme().font;
	document.querySelectorAll("figure.chart").forEach(draw);
	matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
	matchMedia("print").addEventListener("change", again);
	document.querySelectorAll("details").forEach((folded) => folded.addEventListener("toggle", hint));
	window.addEventListener("resize", hint);
	hint();
	window.addEventListener("beforeprint", again);
	window.addEventListener("afterprint", again);
	document.documentElement.dataset.figures = String(charts.length);
})();
