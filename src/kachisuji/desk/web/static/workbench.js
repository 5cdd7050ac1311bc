// Small steps that make the pages quicker; everything works without them.
(function () {
  "use strict";
  const token = () => document.querySelector('meta[name="csrf"]').content;

  // ---- parts of a page that follow a link or a form without the rest being loaded again ----
  let asking = null;
  async function swap(address, where, remember) {
    const target = document.querySelector(where);
    if (!target) { location.href = address; return; }
    if (asking) asking.abort();
    const mine = (asking = new AbortController());
    target.classList.add("busy");
    target.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(address, { signal: mine.signal, headers: { accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector(where);
      if (!fresh) { location.href = address; return; }
      target.replaceWith(document.adoptNode(fresh));
      if (remember) {
        history.replaceState(null, "", address);
        document.querySelectorAll(".switches a").forEach((link) => {
          const own = new URL(link.href).searchParams, now = new URL(location.href);
          ["lang", "theme"].forEach((name) => { if (own.has(name)) now.searchParams.set(name, own.get(name)); });
          link.href = now.pathname + now.search;
        });
      }
      fresh.querySelectorAll("[data-chart]").forEach(chart);
      prepare(fresh);
      fresh.dispatchEvent(new CustomEvent("swapped", { bubbles: true }));
    } catch (error) {
      if (error.name !== "AbortError") { location.href = address; return; }
    } finally {
      target.classList.remove("busy");
      target.removeAttribute("aria-busy");
    }
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-swap]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    const href = link.href.baseVal || link.href;
    const focused = link.closest("table") ? link.getAttribute("href") : null;
    swap(href, link.dataset.swap, true).then(() => {
      const again = focused && document.querySelector(`a[href="${CSS.escape(focused)}"]`);
      if (again) again.focus({ preventScroll: true });
    });
  });

  // ---- forms that answer while they are changed ----
  function addressOf(form) {
    const query = new URLSearchParams();
    for (const [name, value] of new FormData(form)) {
      const field = form.elements[name];
      const first = field && field.dataset ? field.dataset.default : undefined;
      if (typeof value === "string" && value !== "" && value !== first) query.append(name, value);
    }
    const rest = query.toString();
    return form.getAttribute("action") + (rest ? "?" + rest : "");
  }
  let pause = 0;
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-live]");
    const shown = event.target.dataset && event.target.dataset.shows;
    if (shown) show(event.target);
    if (!form) return;
    clearTimeout(pause);
    pause = setTimeout(() => swap(addressOf(form), form.dataset.live, true), 180);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-live]");
    if (!form) return;
    event.preventDefault();
    clearTimeout(pause);
    swap(addressOf(form), form.dataset.live, true);
  });
  // a slider tells its value in the field's own unit, from the steps that the page brought along
  function show(field) {
    const told = document.getElementById(field.dataset.shows);
    const words = field.dataset.words ? field.dataset.words.split("|") : null;
    const low = Number(field.min), step = Number(field.step) || 1;
    const at = Math.round((Number(field.value) - low) / step);
    if (told) told.textContent = words ? words[Math.min(at, words.length - 1)] : field.value;
    field.setAttribute("aria-valuetext", told ? told.textContent : field.value);
  }

  // ---- a rectangle drawn over the front leaves only the portfolios inside ----
  function brush(area) {
    const list = document.querySelector(area.dataset.brush);
    const chart = area.querySelector("svg");
    let from = null, box = null;
    function at(event) {
      const frame = chart.getBoundingClientRect();
      return { x: event.clientX - frame.left, y: event.clientY - frame.top, w: frame.width, h: frame.height };
    }
    function apply(a, b) {
      const points = area.querySelectorAll("a[data-n]");
      const inside = new Set();
      points.forEach((p) => {
        const x = p.dataset.x * a.w, y = p.dataset.y * a.h;
        const held = !b || (x >= Math.min(a.x, b.x) && x <= Math.max(a.x, b.x) && y >= Math.min(a.y, b.y) && y <= Math.max(a.y, b.y));
        p.classList.toggle("dim", !held);
        if (held) inside.add(p.dataset.n);
      });
      list.querySelectorAll("tr[data-n]").forEach((r) => r.classList.toggle("dim", !inside.has(r.dataset.n)));
      const told = list.querySelector(".brushed");
      told.hidden = !b;
      told.textContent = b ? told.dataset.text.replace("#", inside.size) : "";
    }
    area.addEventListener("pointerdown", (event) => {
      if (event.button || event.target.closest("a") || event.pointerType === "touch") return;
      from = at(event);
      area.setPointerCapture(event.pointerId);
      box = document.createElement("div");
      box.className = "brush";
      area.append(box);
      event.preventDefault();
    });
    area.addEventListener("pointermove", (event) => {
      if (!from) return;
      const to = at(event), pad = chart.getBoundingClientRect(), outer = area.getBoundingClientRect();
      box.style.left = pad.left - outer.left + Math.min(from.x, to.x) + "px";
      box.style.top = pad.top - outer.top + Math.min(from.y, to.y) + "px";
      box.style.width = Math.abs(to.x - from.x) + "px";
      box.style.height = Math.abs(to.y - from.y) + "px";
      apply(from, to);
    });
    area.addEventListener("pointerup", (event) => {
      if (!from) return;
      const to = at(event), small = Math.abs(to.x - from.x) < 6 && Math.abs(to.y - from.y) < 6;
      if (small) apply(from, null);
      box.remove();
      from = box = null;
    });
  }

  // ---- parallel coordinates: a range drawn on an axis keeps the futures that run through it ----
  function parallel(frame) {
    const svg = frame.querySelector("svg"), told = document.querySelector(frame.dataset.parallel);
    const clear = document.getElementById("parallel-clear");
    const lines = [...svg.querySelectorAll("polyline")].map((l) => ({ l, v: l.dataset.v.split(",").map(Number) }));
    const count = lines.length ? lines[0].v.length : 0, ranges = new Map();
    let drag = null;
    function at(event) {
      const box = svg.getBoundingClientRect();
      const axis = Math.round(((event.clientX - box.left) / box.width) * (count - 1));
      return { axis: Math.max(0, Math.min(count - 1, axis)), v: Math.max(0, Math.min(1, 1 - (event.clientY - box.top) / box.height)) };
    }
    function draw() {
      svg.querySelectorAll(".range").forEach((r) => r.remove());
      for (const [axis, [low, high]] of ranges) {
        const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
        const attributes = { class: "range", x: (axis * 1000) / (count - 1) - 9, width: 18, y: 400 * (1 - high), height: 400 * (high - low) };
        for (const name in attributes) rect.setAttribute(name, attributes[name]);
        svg.append(rect);
      }
      let kept = 0, asked = 0;
      lines.forEach(({ l, v }) => {
        const held = [...ranges].every(([axis, [low, high]]) => v[axis] >= low && v[axis] <= high);
        l.classList.toggle("gone", !held);
        if (held) { kept += 1; if (l.classList.contains("in")) asked += 1; }
      });
      told.textContent = ranges.size ? told.dataset.text.replace("#1", kept).replace("#2", asked) : "";
      clear.hidden = !ranges.size;
    }
    svg.addEventListener("pointerdown", (event) => {
      drag = at(event);
      svg.setPointerCapture(event.pointerId);
      event.preventDefault();
    });
    svg.addEventListener("pointermove", (event) => {
      if (!drag) return;
      const to = at(event);
      ranges.set(drag.axis, [Math.min(drag.v, to.v), Math.max(drag.v, to.v)]);
      draw();
    });
    svg.addEventListener("pointerup", (event) => {
      const to = at(event);
      if (drag && Math.abs(to.v - drag.v) < 0.02) ranges.delete(drag.axis);
      drag = null;
      draw();
    });
    // the name of an axis, as a button: its upper half, its lower half, all of it
    frame.querySelectorAll("button[data-axis]").forEach((button) => {
      button.addEventListener("click", () => {
        const axis = Number(button.dataset.axis), held = ranges.get(axis);
        if (!held) ranges.set(axis, [0.5, 1]);
        else if (held[0] === 0.5 && held[1] === 1) ranges.set(axis, [0, 0.5]);
        else ranges.delete(axis);
        draw();
      });
    });
    clear.addEventListener("click", () => { ranges.clear(); draw(); });
  }

  // ---- jobs: ask again until they have ended ----
  function poll(part) {
    setTimeout(() => { if (part.isConnected) swap(location.href, part.dataset.poll, false); }, 1500);
  }

  // ---- charts: Vega is loaded when a page first needs it ----
  let engine = null;
  function load(address) {
    return new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = address;
      script.onload = done;
      script.onerror = failed;
      document.head.append(script);
    });
  }
  function chart(part) {
    engine = engine || load(document.querySelector('meta[name="vega"]').content);
    const fresh = fetch(part.dataset.chart).then((a) => a.json());
    Promise.all([fresh, engine]).then(([spec]) => {
      const css = getComputedStyle(document.documentElement);
      const colour = (name) => css.getPropertyValue(name).trim();
      const font = getComputedStyle(document.body).fontFamily;
      const config = {
        background: "transparent", font,
        axis: { labelColor: colour("--soft"), titleColor: colour("--ink"), gridColor: colour("--line"), domainColor: colour("--line"), tickColor: colour("--line"), labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal" },
        legend: { labelColor: colour("--ink"), titleColor: colour("--ink"), labelFontSize: 12 },
        title: { color: colour("--ink") }, text: { color: colour("--ink"), fill: colour("--ink") }, view: { stroke: "transparent" },
        range: { category: [0, 1, 2, 3, 4, 5, 6, 7].map((k) => colour("--s" + k)) },
      };
      config.bar = config.line = config.point = { color: colour("--s0") };
      (spec.scales || []).forEach((s) => { if (s.name === "colours") s.range = ["--s0", "--s1", "--soft"].map(colour); });
      return window.vegaEmbed(part, spec, { ast: true, actions: false, renderer: "svg", defaultStyle: false, config, tooltip: { disableDefaultStyle: true, theme: "custom" } });
    }).then((made) => {
      part.removeAttribute("aria-busy");
      part.querySelector("svg").setAttribute("aria-hidden", "true"); // its words stand beside it
      part.dispatchEvent(new CustomEvent("drawn", { bubbles: true, detail: made }));
    });
  }

  // ---- editing: what is typed is kept and checked on the server ----
  function editing(form) {
    const state = document.getElementById("draft-state");
    const waiting = new Map();
    let timer = 0, busy = false;
    function mark(problems) {
      form.querySelectorAll("[aria-invalid]").forEach((f) => { f.removeAttribute("aria-invalid"); f.removeAttribute("title"); });
      problems.forEach((p) => {
        const field = p.field && form.elements[p.field];
        if (field && field.setAttribute) { field.setAttribute("aria-invalid", "true"); field.title = p.text + "\n" + p.remedy; }
      });
      const list = document.getElementById("problems");
      list.replaceChildren(...problems.map((p) => {
        const item = document.createElement("li");
        const place = document.createElement("code");
        place.textContent = p.place;
        const remedy = document.createElement("small");
        remedy.textContent = p.remedy;
        item.append(place, " " + p.text + " ", remedy);
        return item;
      }));
      document.getElementById("problem-count").textContent = problems.length;
      list.closest("section").classList.toggle("clean", problems.length === 0);
    }
    async function send() {
      if (busy || !waiting.size) return;
      busy = true;
      const changes = [...waiting].map(([field, value]) => ({ field, value }));
      waiting.clear();
      state.textContent = state.dataset.keeping;
      try {
        const answer = await fetch(form.dataset.draft, {
          method: "PUT",
          headers: { "content-type": "application/json", "x-csrf-token": token() },
          body: JSON.stringify({ base: Number(form.elements.base.value), changes }),
        });
        const told = await answer.json();
        if (!answer.ok) throw new Error(told.detail || answer.status);
        state.textContent = told.stale ? state.dataset.stale : state.dataset.kept;
        state.className = told.stale ? "notice warn" : "";
        mark(told.problems);
      } catch (error) {
        changes.forEach((c) => { if (!waiting.has(c.field)) waiting.set(c.field, c.value); });
        state.textContent = state.dataset.failed + " " + error.message;
        timer = setTimeout(send, 3000);
      }
      busy = false;
      if (waiting.size) { clearTimeout(timer); timer = setTimeout(send, 400); }
    }
    form.addEventListener("input", (event) => {
      const field = event.target;
      if (!field.name || !field.name.startsWith("c.") && field.name !== "text") return;
      waiting.set(field.name, field.type === "checkbox" ? String(field.checked) : field.value);
      clearTimeout(timer);
      timer = setTimeout(send, 400);
    });
    // a button sends the whole page of the form, and with it whatever was still waiting
    form.addEventListener("submit", () => { clearTimeout(timer); waiting.clear(); busy = false; });
    addEventListener("beforeunload", (event) => { if (waiting.size || busy) event.preventDefault(); });
    mark(JSON.parse(document.getElementById("first-problems").dataset.problems));
  }

  // ---- fields that choose a page as soon as they change ----
  document.addEventListener("change", (event) => {
    const field = event.target.closest("select[data-go]");
    if (field) field.form.requestSubmit();
  });

  function prepare(root) {
    root.querySelectorAll("[data-brush]").forEach(brush);
    if (root.matches && root.matches("[data-poll]")) poll(root);
    root.querySelectorAll("[data-poll]").forEach(poll);
    root.querySelectorAll("[data-shows]").forEach(show);
    root.querySelectorAll("[data-parallel]").forEach(parallel);
    root.querySelectorAll("form[data-draft]").forEach(editing);
    root.querySelectorAll("[data-only-without-script]").forEach((part) => { part.hidden = true; });
  }
  prepare(document);
  document.querySelectorAll("[data-chart]").forEach(chart);
  const current = document.querySelector(".rail [aria-current]");
  const rail = document.querySelector(".rail");
  if (current && rail && rail.scrollWidth > rail.clientWidth) rail.scrollLeft = current.offsetLeft - 40;
})();
