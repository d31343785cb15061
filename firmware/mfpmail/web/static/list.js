// A list of what the device has; rows are updated in place, so that nothing loses its focus.

import { call } from "./api.js";
import { byId, make } from "./page.js";

/**
 * `makeRow()` returns `{ row, update(item) }`; of the items of `path` those are shown that
 * `isShown`. What is there without any is `empty`.
 */
export function makeList(empty, path, makeRow, isShown = () => true) {
  const none = make("p", { class: "soft", text: empty });
  const list = make("ul", { class: "list" });
  const rows = new Map();

  /** Return all items that the device has. */
  async function load() {
    const { items } = await call("GET", path);
    const shown = items.filter(isShown);
    for (const [id, { row }] of rows) {
      if (shown.some((item) => item.id === id)) continue;
      if (row.contains(document.activeElement)) byId("title").focus();
      row.remove();
      rows.delete(id);
    }
    for (const item of shown) {
      if (!rows.has(item.id)) rows.set(item.id, makeRow());
      const { row, update } = rows.get(item.id);
      update(item);
      if (!row.parentNode) list.append(row);
    }
    none.hidden = shown.length > 0;
    return items;
  }
  return { nodes: [none, list], load };
}
