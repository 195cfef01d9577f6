// Listens in every document of the recorder and tells each step: which element, in several ways.
(() => {
  if (window.labkitListens) return;
  window.labkitListens = true;

  const only = (selector) => {
    try { return document.querySelectorAll(selector).length === 1; } catch { return false; }
  };
  // An id that a program made (with many digits) is another one tomorrow.
  const made = (id) => /\d{4,}|^[0-9]|^:/.test(id);

  const path = (element) => {
    const parts = [];
    for (let one = element; one && one !== document.body; one = one.parentElement) {
      const same = [...(one.parentElement?.children ?? [])].filter((o) => o.tagName === one.tagName);
      const name = one.tagName.toLowerCase();
      parts.unshift(same.length > 1 ? `${name}:nth-of-type(${same.indexOf(one) + 1})` : name);
    }
    return ["body", ...parts].join(" > ");
  };

  const selectors = (element) => {
    const found = [];
    const add = (selector) => { if (only(selector)) found.push([selector]); };
    if (element.id && !made(element.id)) add(`#${CSS.escape(element.id)}`);
    for (const name of ["data-testid", "data-test", "data-test-id"]) {
      if (element.getAttribute(name)) add(`[${name}="${CSS.escape(element.getAttribute(name))}"]`);
    }
    if (element.name) add(`${element.tagName.toLowerCase()}[name="${CSS.escape(element.name)}"]`);
    const label = element.getAttribute("aria-label") || element.placeholder;
    const words = (element.innerText || "").trim().replace(/\s+/g, " ");
    if (label) found.push([`aria/${label}`]);
    else if (words && words.length <= 60) found.push([`text/${words}`]);
    found.push([path(element)]);
    return found;
  };

  const tell = (step) => window.labkitStep(JSON.stringify(step));
  const clickable = 'a, button, input, select, label, summary, [role="button"], [onclick]';

  document.addEventListener("click", (event) => {
    const element = event.target.closest?.(clickable) ?? event.target;
    const typed = element.matches?.('input:not([type=submit]):not([type=button])' +
      ':not([type=checkbox]):not([type=radio]), textarea, select, label');
    if (event.isTrusted && !typed) tell({ type: "click", selectors: selectors(element) });
  }, true);

  document.addEventListener("input", (event) => {
    const element = event.target;
    if (!element.matches?.("input, textarea, select")) return;
    if (element.matches("[type=checkbox], [type=radio]")) return;
    const secret = element.type === "password";
    tell({
      type: "change", selectors: selectors(element), secret,
      value: secret ? "" : element.value,
    });
  }, true);
})();
