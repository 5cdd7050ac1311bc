(function () {
  "use strict";
  var root = document.documentElement;
  function speak(lang) {
    root.lang = lang;
    document.querySelectorAll("[data-set]").forEach(function (b) {
      b.setAttribute("aria-pressed", String(b.dataset.set === lang));
    });
  }
  function asked() {
    var m = /[?&]lang=(ja|en)/.exec(location.search);
    return m ? m[1] : root.lang;
  }
  document.querySelectorAll("[data-set]").forEach(function (b) {
    b.addEventListener("click", function () { speak(b.dataset.set); });
  });
  document.querySelector("[data-theme-switch]").addEventListener("click", function () {
    var dark = matchMedia("(prefers-color-scheme: dark)").matches;
    var now = root.dataset.theme || (dark ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
  });
  function reveal() {
    var id = decodeURIComponent(location.hash.slice(1));
    var target = id && document.getElementById(id);
    var box = target && target.closest("details");
    if (box && !box.open) { box.open = true; target.scrollIntoView(); }
  }
  addEventListener("hashchange", reveal);
  addEventListener("beforeprint", function () {
    document.querySelectorAll(".question details, .hang details").forEach(function (d) { d.open = true; });
  });
  speak(asked());
  reveal();
})();
