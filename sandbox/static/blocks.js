// Block Kit, block by block. A block this page does not know is shown as such, in red, never left out in silence.
import { h } from "./dom.js";
import { elementNode, storedValue } from "./elements.js";
import { picture } from "./files.js";
import { plain, textNodes } from "./mrkdwn.js";
import { richText } from "./richtext.js";

const header = (block) => h("h3", { class: "b-header" }, plain(block.text));
const divider = () => h("hr", { class: "b-divider" });

function textNode(object, className = "text") {
  return h("div", { class: className }, textNodes(object));
}

function section(block, place) {
  const main = h("div", { class: "b-section-main" },
    block.text ? textNode(block.text) : null,
    block.fields ? h("div", { class: "b-fields" }, block.fields.map((field) => textNode(field, "text b-field"))) : null);
  return h("div", { class: "b-section" }, main, block.accessory ? h("div", { class: "b-accessory" }, accessory(block.accessory, place)) : null);
}

const accessory = (element, place) => (element.type === "image" ? picture(element, "thumb") : elementNode(element, place));

function image(block) {
  return h("div", { class: "b-image" }, block.title ? h("p", { class: "picture-title" }, plain(block.title)) : null, picture(block, "wide"));
}

function context(block) {
  return h("div", { class: "b-context" }, (block.elements ?? []).map((element) =>
    element.type === "image" ? picture(element, "thumb tiny") : textNode(element, "text")));
}

function actions(block, place) {
  return h("div", { class: "b-actions" }, (block.elements ?? []).map((element) => elementNode(element, place)));
}

let serial = 0;

function input(block, place) {
  const id = `field-${(serial += 1)}`;
  const label = h("span", { id, class: "b-label" }, plain(block.label), block.optional ? h("span", { class: "optional" }, " (optional)") : null);
  const control = elementNode(block.element, { ...place, labelId: id, dispatches: block.dispatch_action === true });
  control.dataset.testid = "input";
  if (block.optional !== true) control.setAttribute("aria-required", "true");
  return h("div", { class: "b-input", on: { click: (event) => focusFrom(event, label, control) } }, label, control,
    block.hint ? h("p", { class: "b-hint" }, plain(block.hint)) : null,
    h("p", { class: "field-error", role: "alert", id: `${id}-error`, data: { testid: "field-error" }, hidden: true }));
}

function focusFrom(event, label, control) {
  if (label.contains(event.target)) control.focus();
}

function alert(block) {
  const level = ["info", "warning", "error", "success"].includes(block.level) ? block.level : "default";
  return h("div", { class: `b-alert ${level}`, role: "note" }, textNodes(block.text));
}

const BLOCKS = { header, divider, section, image, context, actions, input, alert, rich_text: richText };

function unsupported(block) {
  return h("p", { class: "unsupported", role: "note", data: { testid: "unsupported" } }, `unsupported block: ${block?.type ?? "?"}`);
}

/** Blocks -> nodes, each wrapped with its block_id so that tests and error messages can find it. */
export function blockNodes(blocks, renderContext) {
  return (blocks ?? []).map((block, index) => {
    const block_id = block.block_id ?? `block-${index}`;
    const build = BLOCKS[block.type] ?? unsupported;
    const node = build(block, { context: renderContext, block_id, dispatches: true });
    node.classList.add("block");
    node.dataset.blockId = block_id;
    node.dataset.block = block.type;
    return node;
  });
}

/** Puts what a person had typed back into fields that exist again after a view was updated. */
export function restoreFields(root, values) {
  for (const node of root.querySelectorAll("[data-action-id]")) {
    const state = values[node.dataset.blockId]?.[node.dataset.actionId];
    if (state && node.restore && state.type === node.dataset.type) node.restore(storedValue(state));
  }
}

/** {block_id: sentence} under the fields; the first of them gets the focus. Returns whether all were placed. */
export function showErrors(root, errors) {
  const wrong = new Map(Object.entries(errors));
  let first = null;
  for (const node of root.querySelectorAll(".b-input")) {
    const text = wrong.get(node.dataset.blockId);
    const control = node.querySelector("[data-action-id]");
    const line = node.querySelector(":scope > .field-error");
    line.textContent = text ?? "";
    line.hidden = !text;
    setInvalid(control, text ? line.id : null);
    if (text) first ??= control;
    wrong.delete(node.dataset.blockId);
  }
  first?.focus();
  return [...wrong.values()];
}

function setInvalid(control, errorId) {
  if (errorId) {
    control.setAttribute("aria-invalid", "true");
    control.setAttribute("aria-describedby", errorId);
  } else {
    control.removeAttribute("aria-invalid");
    control.removeAttribute("aria-describedby");
  }
}
