// Proof of work before registering: has the challenge solved while the person
// types. Without it the form still posts and meets stricter limits.
import { t } from "./words.js";

const form = document.querySelector("form[data-proof]");
const state = form.querySelector("[data-proof-state]");
let solution = null;

// challengeURL asks for the work that goes with the choice made in the form: a
// person's number costs more than a unit's.
function challengeURL() {
  const type = form.elements.type?.value;
  return type ? `${form.dataset.proof}?purpose=${encodeURIComponent(type)}` : form.dataset.proof;
}

// work has a worker solve the challenge.
function work(challenge) {
  const worker = new Worker(new URL("./proof-worker.js", import.meta.url), { type: "module" });
  return new Promise((resolve, reject) => {
    worker.addEventListener("message", ({ data }) => resolve(data));
    worker.addEventListener("error", reject);
    worker.postMessage(challenge);
  }).finally(() => worker.terminate());
}

async function solve() {
  const url = challengeURL();
  const response = await fetch(url, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(response.statusText);
  const { algorithm, challenge, salt, signature, maxnumber } = await response.json();
  const started = Date.now();
  const found = await work({ algorithm, challenge, salt, maxnumber });
  if (!found) throw new Error("no solution");
  if (url !== challengeURL()) return solve(); // chosen anew meanwhile
  form.elements.proof.value = btoa(JSON.stringify({ algorithm, challenge, number: found.number, salt, signature, took: Date.now() - started }));
}

function begin() {
  state.textContent = t("正在进行安全校验，不影响填写…");
  solution = solve().then(() => { state.textContent = t("安全校验已完成"); }, () => { state.textContent = ""; });
  return solution;
}

if (window.isSecureContext) begin();

form.addEventListener("change", (event) => {
  if (event.target.name !== "type" || !solution) return;
  const again = () => { form.elements.proof.value = ""; return begin(); };
  solution = form.elements.proof.value ? again() : solution;
});

form.addEventListener("submit", (event) => {
  if (form.elements.proof.value || !solution || form.dataset.ready) return;
  event.preventDefault();
  state.textContent = t("正在完成安全校验，随后自动进入下一步…");
  solution.finally(() => {
    form.dataset.ready = "yes";
    form.requestSubmit(event.submitter);
  });
});
