// "Are you sure?": the confirm dialog a button may carry.
import { byId, h, press, replace } from "./dom.js";
import { plain, textNodes } from "./mrkdwn.js";

/** -> Promise<boolean>. Everything behind the dialog is inert until it is answered. */
export function confirmed(confirm) {
  if (!confirm) return Promise.resolve(true);
  const before = document.activeElement;
  const layer = byId("confirm");
  return new Promise((resolve) => {
    const answer = (yes) => {
      layer.replaceChildren();
      setInert(false);
      if (before?.isConnected) before.focus();
      resolve(yes);
    };
    setInert(true);
    replace(layer, dialog(confirm, answer));
    layer.querySelector("[data-testid=confirm-deny]").focus();
  });
}

function setInert(inert) {
  byId("modals").inert = inert;
  byId("app").inert = inert || byId("modals").childElementCount > 0;
}

function dialog(confirm, answer) {
  const style = confirm.style === "danger" ? "button danger solid" : "button primary";
  const onKey = (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    answer(false);
  };
  return h("div", { class: "overlay", on: { keydown: onKey } },
    h("div", {
      class: "dialog small", role: "alertdialog", "aria-modal": "true", data: { testid: "confirm" },
      "aria-labelledby": "confirm-title", "aria-describedby": "confirm-text",
    },
      h("h2", { id: "confirm-title", class: "dialog-title" }, plain(confirm.title)),
      h("div", { id: "confirm-text", class: "dialog-body text" }, textNodes(confirm.text)),
      h("div", { class: "dialog-foot" },
        press({ class: "button", testid: "confirm-deny" }, () => answer(false), plain(confirm.deny) || "Cancel"),
        press({ class: style, testid: "confirm-yes" }, () => answer(true), plain(confirm.confirm) || "Yes"))));
}
