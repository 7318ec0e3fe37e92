// Uploads the files of attachment fields, two at a time, one request for each.
import { draw, failed, remove, size, stands, taken } from "./attached.js";
import { Pace } from "./pace.js";
import { part } from "./scanning.js";
import { fresh, token } from "./token.js";
import { t } from "./words.js";

const form = document.querySelector("form[data-document]");
const atOnce = 2;
const waiting = [];
let running = 0;

// upload sends one file and draws its row. The row that it replaces goes when it
// is taken in.
export function upload(group, file, replaced) {
  const row = draw(group, file);
  const limit = Number(group.querySelector("input[type=file]").dataset.max);
  if (limit && file.size > limit) return failed(row, t("文件有 %s，单个不能超过 %s，请压缩后重新上传", size(file.size), size(limit)));
  const job = { group, row, file, replaced };
  part(row, "retry").addEventListener("click", () => queue(job));
  part(row, "cancel").addEventListener("click", () => cancel(job));
  queue(job);
}

function queue(job) {
  stands(job.row, "waiting", t("等待上传"));
  waiting.push(job);
  next();
}

function next() {
  while (running < atOnce && waiting.length > 0) {
    running++;
    send(waiting.shift()).finally(() => { running--; next(); });
  }
}

function cancel(job) {
  if (waiting.includes(job)) waiting.splice(waiting.indexOf(job), 1);
  job.row.remove();
  job.request?.abort();
  job.group.querySelector("[data-pick]")?.focus();
  document.dispatchEvent(new Event("uploaded"));
}

async function send(job, again = false) {
  const { group, row, replaced } = job;
  stands(row, "running", "0%");
  job.request = new XMLHttpRequest();
  await exchange(job, job.request);
  if (!row.isConnected) return; // cancelled
  const { status, response } = job.request;
  if (status === 0) return failed(row, t("上传中断（网络异常），文件未保存"), true);
  if (status < 300 && response?.id) {
    taken(group, row, response);
    if (replaced) remove(replaced);
    return;
  }
  const ended = status === 401 || status === 403; // the session of the page
  if (ended && !again && await fresh()) return send(job, true);
  failed(row, status === 401 ? t("登录已过期，文件未保存") : response?.error ?? t("上传失败，文件未保存"), status >= 500 || ended);
  part(row, "login").hidden = status !== 401;
}

// exchange ends when the request has, whatever became of it.
function exchange({ group, row, file }, request) {
  request.open("POST", `/files?record=${form.dataset.record}&field=${group.dataset.attachment}`);
  request.setRequestHeader("X-CSRF-Token", token());
  request.setRequestHeader("Accept", "application/json");
  request.responseType = "json";
  const pace = new Pace();
  request.upload.addEventListener("progress", ({ loaded, total }) => {
    row.querySelector("progress").value = 100 * loaded / total;
    part(row, "percent").textContent = loaded < total ? pace.text(loaded, total) : t("正在保存…");
  });
  const body = new FormData();
  body.append("file", file);
  return new Promise((end) => {
    request.addEventListener("loadend", end);
    request.send(body);
  });
}
