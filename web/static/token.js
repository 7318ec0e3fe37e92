// The token against forged requests. It belongs to a session: when that one has
// ended and another was opened, in another window, the page takes the new one's.
export const token = () => document.querySelector("meta[name=csrf]").content;

// fresh asks for the token of the session that is open. It answers false where
// nobody is logged in, or somebody to whom the draft does not belong.
export async function fresh() {
  const page = `/records/${document.querySelector("form[data-document]").dataset.record}/edit`;
  const response = await fetch(page, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!response?.ok || new URL(response.url).pathname !== page) return false;
  const drawn = new DOMParser().parseFromString(await response.text(), "text/html");
  const current = drawn.querySelector("meta[name=csrf]")?.content;
  if (!current) return false;
  document.querySelector("meta[name=csrf]").content = current;
  for (const control of document.querySelectorAll("input[name=_csrf]")) control.value = current;
  return true;
}
