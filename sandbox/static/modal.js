// Modals: the newest of the stack is shown; the others wait behind it. The server owns the stack, the page draws it.
import { append, byId, h, icon, press, replace, toast } from "./dom.js";
import { busyWhile, collect, makeContext } from "./actions.js";
import { post } from "./api.js";
import { blockNodes, restoreFields, showErrors } from "./blocks.js";
import { plain } from "./mrkdwn.js";
import { store } from "./store.js";

let shown = null;      // {id, key, context, root}
let cameFrom = null;   // what had the focus before the first modal opened
let refresh = async () => {};

export const onModalAnswered = (callback) => {
  refresh = callback;
};

const keyOf = (view, depth) => JSON.stringify([{ ...view, state: null }, depth, store.as]);

/** views: oldest first. Draws the newest one, unless it is on the screen already. */
export function syncModals(views) {
  const view = views.at(-1);
  if (!view) return close();
  const key = keyOf(view, views.length);
  if (shown?.key === key) return undefined;
  const typed = shown?.id === view.id ? collect(shown.context) : null;
  const focus = typed ? document.activeElement?.dataset?.actionId : null;
  if (!shown) cameFrom = whereFocusIs();
  draw(view, { key, depth: views.length });
  if (typed) restoreFields(shown.root, typed);
  focusIn(shown.root, focus);
  return undefined;
}

function close() {
  if (!shown) return;
  shown = null;
  byId("modals").replaceChildren();
  byId("app").inert = false;
  cameFrom?.();
}

/** Remembers the control by what it is, for its message may be drawn anew while the modal is open. */
function whereFocusIs() {
  const active = document.activeElement;
  const ts = active?.closest?.("[data-ts]")?.dataset.ts;
  const action = active?.dataset?.actionId;
  return () => {
    const message = ts ? document.querySelector(`[data-ts="${CSS.escape(ts)}"]`) : null;
    const again = action ? (message ?? document).querySelector(`[data-action-id="${CSS.escape(action)}"]`) : null;
    (active?.isConnected ? active : again ?? message ?? byId("main")).focus({ preventScroll: true });
  };
}

function focusIn(root, action) {
  const same = action ? root.querySelector(`[data-action-id="${CSS.escape(action)}"]`) : null;
  const first = root.querySelector(".dialog-body :is(input, textarea, select, button):not([disabled])");
  (same ?? first ?? root.querySelector("[data-testid=modal-close]")).focus();
}

function draw(view, { key, depth }) {
  const context = makeContext("modal", { type: "view", view_id: view.id });
  const root = dialog(view, context, depth);
  shown = { id: view.id, key, context, root };
  byId("app").inert = true;
  replace(byId("modals"), h("div", { class: "overlay", data: { testid: "modal-overlay" } }, root));
}

function dialog(view, context, depth) {
  const close = () => dismiss(view);
  const problem = h("p", { class: "modal-problem", role: "alert", hidden: true, data: { testid: "modal-problem" } });
  const form = h("form", {
    class: "dialog", role: "dialog", "aria-modal": "true", "aria-labelledby": "modal-title", novalidate: true,
    data: { testid: "modal", viewId: view.id, callbackId: view.callback_id, depth },
    on: { submit: (event) => submit(event, { view, context, problem }), keydown: (event) => onKey(event, close) },
  });
  return append(form, [
    h("div", { class: "dialog-head" },
      depth > 1 ? press({ class: "icon-button", "aria-label": "Back", testid: "modal-back" }, close, icon("back")) : null,
      h("h2", { id: "modal-title", class: "dialog-title" }, plain(view.title)),
      press({ class: "icon-button", "aria-label": "Close", testid: "modal-x" }, close, icon("close"))),
    h("div", { class: "dialog-body" }, problem, blockNodes(view.blocks, context)),
    h("div", { class: "dialog-foot" },
      press({ class: "button", testid: "modal-close" }, close, plain(view.close) || (view.submit ? "Cancel" : "Close")),
      view.submit ? h("button", { type: "submit", class: "button primary", data: { testid: "modal-submit" } }, plain(view.submit)) : null),
  ]);
}

function onKey(event, close) {
  if (event.key !== "Escape") return;
  event.stopPropagation();
  close();
}

async function submit(event, { view, context, problem }) {
  event.preventDefault();
  const button = event.currentTarget.querySelector("[data-testid=modal-submit]");
  const root = event.currentTarget;
  if (!button || button.getAttribute("aria-busy") === "true") return;
  problem.hidden = true;
  await busyWhile(button, async () => {
    const answer = await post("submit", { as: store.as, view_id: view.id, values: collect(context) });
    const unplaced = showErrors(root, answer.errors ?? {});
    const sentence = answer.error ?? unplaced[0];
    if (sentence && !answer.ok) {
      problem.textContent = sentence;
      problem.hidden = false;
    }
    await refresh();
  });
}

async function dismiss(view) {
  try {
    await post("close", { as: store.as, view_id: view.id });
  } catch (error) {
    toast(error.message);
  }
  await refresh();
}
