// What scripts say, in the language of the page: the Chinese sentence is the key,
// as it is in templates; values go in where it has %s. english.js is generated
// from the catalogue, web/words/en.po.
import { english } from "./english.js";

const translated = document.documentElement.lang === "en" ? english : {};

export function t(source, ...values) {
  let next = 0;
  return (translated[source] ?? source).replace(/%(?:\[(\d+)\])?s/g, (_, n) => values[n ? n - 1 : next++]);
}
