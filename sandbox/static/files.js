// Pictures and files: what the bot uploaded, shown from the stand-in itself. Nothing is loaded from elsewhere:
// a picture of another host is its description and the host it would come from.
import { h, hostOf, icon, link, safeUrl } from "./dom.js";
import { store } from "./store.js";

const addressOf = (id) => `/sandbox/api/files/${encodeURIComponent(id)}?as=${encodeURIComponent(store.as)}`;
const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];

/** The address a picture element may be loaded from, or null. */
function source({ image_url: url, slack_file: file }) {
  const id = file?.id ?? /\b(F[A-Z0-9]{3,})\b/.exec(file?.url ?? "")?.[1];
  if (id) return addressOf(id);
  const href = safeUrl(url);
  return href && LOOPBACK.includes(new URL(href).hostname) ? href : null;
}

/** An image element or block; size "wide", "thumb" or "thumb tiny". */
export function picture(element, size) {
  const alt = element.alt_text || "Picture";
  const src = source(element);
  return src ? loaded({ src, alt, size }, () => described(element, alt, size)) : described(element, alt, size);
}

function loaded({ src, alt, size, width, height }, otherwise) {
  const node = h("img", { class: `photo ${size}`, src, alt, title: alt, width, height, decoding: "async", data: { testid: "picture" } });
  node.addEventListener("error", () => node.replaceWith(otherwise()));
  return node;
}

function described(element, alt, size) {
  const host = hostOf(element.image_url);
  return h("figure", { class: `picture ${size}`, role: "img", "aria-label": alt, title: host ? `${alt} (${host})` : alt },
    icon("image", size === "wide" ? 28 : 16),
    size === "wide" ? h("figcaption", {}, alt, host ? h("small", {}, host) : null) : null);
}

const UNITS = [[1e6, "MB"], [1e3, "kB"]];

function sizeText(bytes) {
  const [unit, name] = UNITS.find(([least]) => bytes >= least) ?? [1, "bytes"];
  return `${(bytes / unit).toFixed(unit === 1 ? 0 : 1).replace(".0", "")} ${name}`;
}

/** What was shared with a message: pictures with title and description, other files as a line to download. */
export function fileNodes(files = []) {
  return files.length ? h("ul", { class: "files" }, files.map((file) => h("li", { data: { testid: "file", id: file.id } }, fileNode(file)))) : null;
}

function fileNode(file) {
  const address = new URL(addressOf(file.id), location.href).href;
  if (!file.is_picture) {
    return h("div", { class: "file-line" }, icon("archive", 20), h("span", { class: "file-name" }, link(address, file.title || file.name),
      h("small", {}, `${file.name}, ${sizeText(file.size)}`)));
  }
  const alt = file.alt_txt || file.title || file.name;
  const image = loaded({ src: address, alt, size: "wide", width: file.original_w, height: file.original_h }, () => described({}, alt, "wide"));
  return h("figure", { class: "file-picture" }, h("p", { class: "picture-title" }, file.title || file.name),
    h("a", { href: address, target: "_blank", rel: "noopener", title: "Open the whole picture" }, image),
    file.alt_txt ? h("figcaption", { class: "file-alt" }, file.alt_txt) : null);
}
