// Uploads one file of an attachment field: its row, progress, failure and
// retry. One request for each file.
import { part, show } from "./scanning.js";
import { t } from "./words.js";

const form = document.querySelector("form[data-document]");
const csrf = document.querySelector("meta[name=csrf]").content;
const blank = document.getElementById("file-row");

function size(bytes) {
  return bytes >= 1 << 20 ? `${(bytes / (1 << 20)).toFixed(1)} MB` : `${Math.max(1, Math.floor(bytes / 1024))} KB`;
}

// upload sends one file and draws its row.
export function upload(group, file, replaced) {
  const row = blank.content.firstElementChild.cloneNode(true);
  for (const name of row.querySelectorAll("[data-for]")) name.textContent = file.name;
  part(row, "name").textContent = file.name;
  part(row, "size").textContent = size(file.size);
  part(row, "preview").hidden = true;
  group.querySelector(".att-files").append(row);
  group.querySelector("[data-none]")?.remove();
  const limit = Number(group.querySelector("input[type=file]").dataset.max);
  if (limit && file.size > limit) return fail(row, t("文件有 %s，单个不能超过 %s，请压缩后重新上传", size(file.size), size(limit)));
  part(row, "retry").addEventListener("click", () => send(group, row, file, replaced));
  send(group, row, file, replaced);
}

function send(group, row, file, replaced) {
  row.classList.remove("bad");
  part(row, "error").hidden = part(row, "retry").hidden = true;
  part(row, "progress").hidden = false;
  const request = new XMLHttpRequest();
  request.open("POST", `/files?record=${form.dataset.record}&field=${group.dataset.attachment}`);
  request.setRequestHeader("X-CSRF-Token", csrf);
  request.setRequestHeader("Accept", "application/json");
  request.responseType = "json";
  request.upload.addEventListener("progress", (event) => {
    const percent = Math.round(100 * event.loaded / event.total);
    row.querySelector("progress").value = percent;
    part(row, "percent").textContent = percent < 100 ? `${percent}%` : t("正在保存…");
  });
  request.addEventListener("error", () => fail(row, t("上传中断（网络异常），文件未保存"), true));
  request.addEventListener("load", () => {
    if (request.status < 300 && request.response?.id) done(group, row, request.response, replaced);
    else fail(row, request.response?.error ?? t("上传失败，文件未保存"), request.status >= 500);
  });
  const body = new FormData();
  body.append("file", file);
  request.send(body);
}

function done(group, row, stored, replaced) {
  row.dataset.file = stored.id;
  const input = row.querySelector("input[type=hidden]");
  input.name = group.dataset.attachment;
  input.value = stored.id;
  part(row, "progress").hidden = true;
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
  if (replaced) remove(replaced);
  form.dispatchEvent(new Event("change"));
}

function fail(row, text, again = false) {
  row.classList.add("bad");
  part(row, "progress").hidden = true;
  part(row, "retry").hidden = !again;
  const error = part(row, "error");
  error.textContent = text;
  error.hidden = false;
}

// remove deletes a file and its row.
export async function remove(row) {
  const id = row.dataset.file;
  if (id) {
    const response = await fetch(`/files/${id}/delete`, { method: "POST", headers: { "X-CSRF-Token": csrf, Accept: "application/json" } }).catch(() => null);
    if (!response?.ok) return fail(row, t("没有删除成功，请重试"));
  }
  row.remove();
  form.dispatchEvent(new Event("change"));
}
