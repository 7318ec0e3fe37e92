// The rows of attachment fields: what becomes of an upload, and of a file that is
// taken out. data-upload on a row says that its file is not taken in: waiting,
// running or failed.
import { part, show } from "./scanning.js";
import { token } from "./token.js";
import { t } from "./words.js";

const form = document.querySelector("form[data-document]");
const blank = document.getElementById("file-row");

export function size(bytes) {
  return bytes >= 1 << 20 ? `${(bytes / (1 << 20)).toFixed(1)} MB` : `${Math.max(1, Math.floor(bytes / 1024))} KB`;
}

// draw is the row of a file that is to be uploaded.
export function draw(group, file) {
  const row = blank.content.firstElementChild.cloneNode(true);
  for (const name of row.querySelectorAll("[data-for]")) name.textContent = file.name;
  part(row, "name").textContent = file.name;
  part(row, "size").textContent = size(file.size);
  part(row, "preview").hidden = true;
  group.querySelector(".att-files").append(row);
  group.querySelector("[data-none]")?.remove();
  group.dispatchEvent(new Event("reveal", { bubbles: true }));
  return row;
}

// stands draws how the upload of a row stands.
export function stands(row, state, text = "") {
  row.dataset.upload = state;
  const open = state === "waiting" || state === "running";
  row.classList.toggle("bad", state === "failed");
  part(row, "progress").hidden = part(row, "cancel").hidden = !open;
  part(row, "delete").hidden = open;
  part(row, "error").hidden = state !== "failed";
  part(row, "retry").hidden = part(row, "login").hidden = true;
  part(row, open ? "percent" : "error").textContent = text;
}

// failed says why a file was not taken in, and whether trying again may help.
export function failed(row, text, again = false) {
  stands(row, "failed", text);
  part(row, "retry").hidden = !again;
  document.dispatchEvent(new Event("uploaded"));
}

// taken draws a file that was taken in.
export function taken(group, row, stored) {
  stands(row, "taken");
  delete row.dataset.upload;
  row.dataset.file = stored.id;
  row.dataset.content = stored.sha256;
  const input = row.querySelector("input[type=hidden]");
  input.name = group.dataset.attachment;
  input.value = stored.id;
  const preview = part(row, "preview");
  const image = stored.type.startsWith("image/");
  preview.href = image ? `/files/${stored.id}/preview` : `/files/${stored.id}?inline=1`;
  preview.hidden = part(row, "replace").hidden = false;
  if (image) {
    preview.dataset.picture = stored.name;
    const thumb = document.createElement("img");
    [thumb.src, thumb.alt] = [`/files/${stored.id}/preview?size=thumb`, ""];
    part(row, "thumb").replaceChildren(thumb);
  }
  show(row, stored.state);
  const same = [...group.querySelectorAll(".att-row")].find((other) => other !== row && other.dataset.content === stored.sha256);
  if (same) {
    part(row, "same").textContent = t("与“%s”是同一个文件，可以删除一份", part(same, "name").textContent);
    part(row, "same").hidden = false;
  }
  form.dispatchEvent(new Event("change"));
  document.dispatchEvent(new Event("uploaded"));
}

// remove deletes a file and its row.
export async function remove(row) {
  const id = row.dataset.file;
  if (id) {
    const response = await fetch(`/files/${id}/delete`, { method: "POST", headers: { "X-CSRF-Token": token(), Accept: "application/json" } }).catch(() => null);
    if (!response?.ok) {
      const error = part(row, "error");
      [error.textContent, error.hidden] = [t("没有删除成功，请重试"), false];
      return;
    }
  }
  row.remove();
  form.dispatchEvent(new Event("change"));
  document.dispatchEvent(new Event("uploaded"));
}
