"use strict";
// Heat maps of sweeps: rows from the program to its functions and their calls, a column for each fault. A cell has the worst
// verdict of its runs, and opens them. Only what is looked at is laid out.
(() => {
  const MOST_ROWS = 150, MOST_RUNS = 300;
  const sweeps = JSON.parse(document.getElementById("data").textContent);
  const boxes = [...document.querySelectorAll(".by-verdict")];
  // The legend has the worst first.
  const rank = new Map(boxes.map((box, at) => [box.value, at]));
  const letters = new Map(boxes.map((box) => [box.value, box.parentNode.querySelector(".tile").textContent]));
  const bad = new Set(["silent", "crash", "hang", "busy-retry", "broken", "leftover", "no-message"]);
  const text = document.getElementById("text"), panel = document.getElementById("panel");
  document.documentElement.classList.add("scripted");

  const make = (name, attributes = {}, ...inside) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...inside);
    return element;
  };
  const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
  const stack = (sweep, run) => sweep.points[run.p].stack.map((at) => sweep.frames[at]);
  const words = (sweep, run) => {
    if (run.words === undefined) {
      const point = sweep.points[run.p];
      const parts = [run.name, run.v, run.after, run.call, run.ended, run.used, run.seen, run.said, run.left, run.stdout, point.place, stack(sweep, run)];
      run.words = parts.flat().join("\n").toLowerCase();
    }
    return run.words;
  };

  // Runs by columns, and what of them is worst.
  const cells = (row, runs, open) => {
    const byColumn = new Map();
    for (const run of runs) byColumn.get(run.c)?.push(run) ?? byColumn.set(run.c, [run]);
    return row.columns.map((column) => {
      const mine = byColumn.get(column);
      if (!mine) return make("td");
      const worst = mine.reduce((one, other) => (rank.get(other.v) < rank.get(one.v) ? other : one)).v;
      const counts = [...rank.keys()].map((v) => [v, mine.filter((run) => run.v === v).length]).filter(([, count]) => count);
      const told = `${row.sweep.columns[column]}: ${counts.map(([v, count]) => `${count} ${v}`).join(", ")}`;
      const many = mine.length > 1 ? " many" : "";
      const tile = make("button", { type: "button", class: `tile v-${worst}${many}`, title: told, "aria-label": told }, letters.get(worst));
      tile.addEventListener("click", () => open(tile, mine));
      return make("td", {}, tile);
    });
  };
  const grouped = (runs, key) => {
    const groups = new Map();
    for (const run of runs) {
      const name = key(run);
      groups.get(name)?.push(run) ?? groups.set(name, [run]);
    }
    return groups;
  };
  const worst = (runs) => Math.min(...runs.map((run) => rank.get(run.v)));

  const evidence = (sweep, run) => {
    const list = make("dl");
    const put = (name, lines, kind = "") => {
      if (lines && lines.length) list.append(make("dt", {}, name), make("dd", { class: kind }, [lines].flat().join("\n")));
    };
    put("after", run.after);
    put("call", run.call);
    put(sweep.columns[run.c].startsWith("power: ") ? "when" : "ended", run.ended);
    put("used", run.used);
    put("seen", run.seen);
    put("said", run.said);
    put("left", run.left);
    put("stdout", run.stdout);
    put("at", stack(sweep, run));
    put("again", run.again, "command");
    return list;
  };
  const close = () => {
    panel.hidden = true;
    document.documentElement.classList.remove("has-panel");
    const pressed = document.querySelector('[aria-pressed="true"]');
    pressed?.removeAttribute("aria-pressed");
    pressed?.focus();
  };
  const opened = (sweep, title) => (tile, runs) => {
    document.querySelector('[aria-pressed="true"]')?.removeAttribute("aria-pressed");
    tile.setAttribute("aria-pressed", "true");
    const ordered = [...runs].sort((one, other) => rank.get(one.v) - rank.get(other.v));
    const button = make("button", { type: "button", class: "close" }, "close");
    button.addEventListener("click", close);
    panel.replaceChildren(make("div", { class: "top" }, make("h2", {}, `${title}: ${counted(runs.length, "run")}`), button));
    ordered.slice(0, MOST_RUNS).forEach((run, at) => {
      const head = make("summary", {}, make("span", { class: `tile v-${run.v}` }, letters.get(run.v)), " ", make("b", {}, run.v), " ");
      head.append(make("code", {}, run.name), make("span", { class: "at" }, sweep.points[run.p].place), make("span", { class: "how" }, run.ended));
      const details = make("details", { class: "finding" }, head);
      // Evidence is laid out when it is opened.
      details.addEventListener("toggle", () => details.open && details.children.length === 1 && details.append(evidence(sweep, run)));
      details.open = at === 0;
      panel.append(details);
    });
    if (ordered.length > MOST_RUNS) panel.append(make("p", { class: "note" }, `and ${ordered.length - MOST_RUNS} more`));
    panel.hidden = false;
    document.documentElement.classList.add("has-panel");
    panel.scrollTop = 0;
    panel.focus();
  };
  document.addEventListener("keydown", (event) => event.key === "Escape" && !panel.hidden && close());

  const draw = (sweep, map, runs) => {
    if (!runs.length) return map.replaceChildren(make("p", { class: "nothing" }, "No run is like that."));
    const used = new Set(runs.map((run) => run.c));
    const columns = sweep.columns.map((_, at) => at).filter((at) => used.has(at));
    const row = { sweep, columns };
    const head = make("tr", {}, make("th", { scope: "col" }, "program, function, call"));
    for (const at of columns) head.append(make("th", { scope: "col" }, make("span", {}, sweep.columns[at])));
    const table = make("table", {}, make("thead", {}, head));
    let rows = 0;
    const programs = [...grouped(runs, (run) => sweep.points[run.p].program)];
    programs.sort(([, one], [, other]) => worst(one) - worst(other) || other.length - one.length);
    for (const [program, ofProgram] of programs) {
      const body = make("tbody");
      body.append(make("tr", { class: "program" }, make("th", { scope: "row" }, program), ...cells(row, ofProgram, opened(sweep, program))));
      const functions = [...grouped(ofProgram, (run) => sweep.points[run.p].function)];
      functions.sort(([, one], [, other]) => worst(one) - worst(other));
      for (const [name, ofFunction] of functions) {
        const calls = grouped(ofFunction, (run) => run.p);
        const twist = make("button", { type: "button", class: "twist", "aria-expanded": "false" }, name || program);
        const count = make("span", { class: "number" }, ` ${counted(calls.size, "call")}`);
        const line = make("tr", { class: "function" }, make("th", { scope: "row", title: name }, twist, count));
        line.append(...cells(row, ofFunction, opened(sweep, name && !name.startsWith("+") ? `${program}!${name}` : `${program}${name}`)));
        body.append(line);
        let below = null;
        const toggle = () => {
          if (below) {
            below.forEach((it) => it.remove());
            below = null;
          } else {
            below = [...calls].map(([at, ofCall]) => {
              const point = sweep.points[at];
              const label = make("th", { scope: "row", title: `${point.name} at ${point.place}` }, `${point.name}  `, make("span", { class: "number" }, point.line));
              return make("tr", { class: "call" }, label, ...cells(row, ofCall, opened(sweep, `${point.name} at ${point.place}`)));
            });
            line.after(...below);
          }
          twist.setAttribute("aria-expanded", String(Boolean(below)));
        };
        twist.addEventListener("click", toggle);
        // Those with findings are first.
        if (rows + calls.size <= MOST_ROWS) {
          rows += calls.size;
          toggle();
        }
      }
      table.append(body);
    }
    map.replaceChildren(table);
  };

  const show = () => {
    const wanted = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    const parts = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let matches = 0, all = 0;
    sweeps.forEach((sweep, at) => {
      const map = document.getElementById(`m${at + 1}`);
      const runs = sweep.runs.filter((run) => wanted.has(run.v) && parts.every((part) => words(sweep, run).includes(part)));
      matches += runs.length;
      all += sweep.runs.length;
      if (map) draw(sweep, map, runs);
    });
    document.getElementById("matches").textContent = matches < all ? `${matches} of ${counted(all, "run")}` : "";
    for (const finding of document.querySelectorAll(".finding[id]")) {
      const verdict = finding.querySelector("b").textContent;
      finding.hidden = !wanted.has(verdict) || !parts.every((part) => finding.textContent.toLowerCase().includes(part));
    }
  };
  let waiting;
  text.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(show, 120);
  });
  boxes.forEach((box) => box.addEventListener("change", show));
  const check = (is) => () => {
    boxes.forEach((box) => (box.checked = is(box.value)));
    show();
  };
  document.getElementById("findings-only").addEventListener("click", check((verdict) => bad.has(verdict)));
  document.getElementById("everything").addEventListener("click", () => {
    text.value = "";
    check(() => true)();
  });
  show();
})();
