// The server's page API. Every answer is JSON; a failed call is an Error with a sentence a person can read.
import { store } from "./store.js";

async function call(path, options) {
  let answer;
  try {
    answer = await fetch(`/sandbox/api/${path}`, options);
  } catch {
    throw new Error("The stand-in workspace does not answer. Is it still running?");
  }
  const body = await answer.json().catch(() => ({}));
  if (answer.ok) return body;
  const error = new Error(body.error ?? `The stand-in workspace answered ${answer.status}.`);
  error.status = answer.status;
  throw error;
}

const query = (params) => new URLSearchParams(Object.entries(params).filter(([, value]) => value)).toString();
export const get = (path, params = {}) => call(`${path}?${query(params)}`);
const send = (method, path, body) =>
  call(path, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body ?? {}) });
export const post = (path, body) => send("POST", path, body);
export const remove = (path, body) => send("DELETE", path, body);

export const readState = (as = store.as) => get("state", { as });
export const readMessages = (channel, threadTs) => get("messages", { channel, as: store.as, thread_ts: threadTs });

/** Calls `changed(data)` after every change on the server and `online(bool)` when the line breaks or returns. */
export function listen({ changed, online }) {
  const stream = new EventSource(`/sandbox/api/stream?${query({ as: store.as })}`);
  stream.addEventListener("changed", (event) => changed(JSON.parse(event.data)));
  stream.addEventListener("open", () => online(true));
  stream.addEventListener("error", () => online(false));
  return () => stream.close();
}
