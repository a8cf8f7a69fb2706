// What a person does with a block: the action object as the platform sends it, posted to the server.
import { toast } from "./dom.js";
import { post } from "./api.js";
import { confirmed } from "./confirm.js";
import { store } from "./store.js";

/** A rendering's surroundings: where it is, and how to read the fields inside it. */
export function makeContext(surface, container) {
  return { surface, container, fields: new Map() };
}

export function addField(context, { block_id, action_id }, read) {
  context.fields.set(`${block_id}\n${action_id}`, { block_id, action_id, read });
}

/** {block_id: {action_id: {type, value | selected_…}}} of every field in the rendering. */
export function collect(context) {
  const values = {};
  for (const { block_id, action_id, read } of context.fields.values()) {
    values[block_id] = { ...values[block_id], [action_id]: read() };
  }
  return values;
}

let refresh = async () => {};
export const onAnswered = (callback) => {
  refresh = callback;
};

/** Sends one action and shows the control as busy until the server has answered. */
export async function act(context, node, { action, confirm }) {
  if (node.getAttribute("aria-busy") === "true" || !(await confirmed(confirm))) return;
  await busyWhile(node, async () => {
    const body = { as: store.as, container: context.container, action };
    if (context.fields.size) body.state = { values: collect(context) };
    const answer = await post("act", body);
    if (!answer.ok) toast(answer.error ?? "Closeloop did not accept this.");
    await refresh();
  });
}

export async function busyWhile(node, work) {
  node.setAttribute("aria-busy", "true");
  try {
    await work();
  } catch (error) {
    toast(error.message);
  } finally {
    node.removeAttribute("aria-busy");
  }
}
